"""Asking the model for a suggestion: it decides nothing, and is counted."""

import logging
from datetime import datetime

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from accounts.roles import Action
from incidents import cases, suggesting
from incidents.actor import Actor
from incidents.claiming import refuse_unless_at_desk
from incidents.errors import ActionRefused
from incidents.models import ModelSuggestion


@transaction.atomic(durable=True)
def ask_model(*, number: str, actor: Actor, at: datetime) -> ModelSuggestion:
    """Ask for a suggestion; who asks while one is waited for waits for the same one. A worker fetches it."""
    incident = cases.hold(number, actor=actor, action=Action.ASK_MODEL, at=at)
    refuse_unless_at_desk(incident)
    if not suggesting.is_offered():
        raise ActionRefused("no_model", _("No model has been set up that could be asked."))
    last = suggesting.latest(incident)
    if last is not None and suggesting.is_waited_for(last, at=at):
        return last
    suggestion = ModelSuggestion.objects.create(
        incident=incident, asked_by=actor.user, asked_at=at, model=settings.CHAT_MODEL[:120]
    )
    transaction.on_commit(lambda: _nudge(suggestion.pk))
    return suggestion


def _nudge(pk: int) -> None:
    """Where no worker can be told it stays without an answer, and can be asked for again."""
    try:
        current_app.send_task("incidents.fetch_suggestion", kwargs={"suggestion": pk}, retry=False)
    except OperationalError:
        logging.getLogger(__name__).warning("No worker could be told of suggestion %s", pk)
