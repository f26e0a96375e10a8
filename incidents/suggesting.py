"""Asking a model behind an endpoint about a case: kept, asked outside any transaction, shown on the desk."""

from datetime import datetime, timedelta

from django.db import transaction

from dispatch.normalise.backends import chat
from dispatch.normalise.model import classifier
from incidents import timeline
from incidents.actor import SYSTEM
from incidents.models import Incident, ModelSuggestion, Text

# One that was asked for so long ago and has no answer will have none: a worker died.
LAPSES = timedelta(seconds=60)


def is_offered() -> bool:
    """Is there a model to ask?"""
    return chat.endpoint() is not None


def latest(incident: Incident) -> ModelSuggestion | None:
    """What was asked last about this case."""
    return incident.suggestions.select_related("explanation").order_by("-pk").first()


def is_waited_for(suggestion: ModelSuggestion, *, at: datetime) -> bool:
    return suggestion.state == ModelSuggestion.State.WAITING and at - suggestion.asked_at < LAPSES


def fetch(suggestion_id: int, *, at: datetime) -> ModelSuggestion | None:
    """Ask the model, and keep what it says. None where it was answered already.

    What it is told has no person in it; the reporter's own name, numbers and address go wherever they stand.
    """
    row = (
        ModelSuggestion.objects.filter(pk=suggestion_id, state=ModelSuggestion.State.WAITING)
        .select_related("incident__text")
        .first()
    )
    where = chat.endpoint()
    if row is None or where is None:
        return None
    base = classifier()
    words = row.incident.text.body
    said, failure = None, ""
    try:
        said = where.ask(words, chat.likeliest(base.read(words), base.categories), _known(row.incident))
    except chat.NoSuggestion as error:
        failure = error.code
    return _keep(row.pk, said, failure, at=at)


@transaction.atomic(durable=True)
def _keep(pk: int, said: chat.Suggestion | None, failure: str, *, at: datetime) -> ModelSuggestion | None:
    row = ModelSuggestion.objects.select_for_update().filter(pk=pk).first()
    if row is None or row.state != ModelSuggestion.State.WAITING:
        return None
    row.answered_at = at
    if said is None:
        row.state, row.failure = ModelSuggestion.State.FAILED, failure
    else:
        row.state = ModelSuggestion.State.ANSWERED
        row.category_code = said.category or ""
        row.nature, row.urgency, row.matters = said.nature, said.urgency, list(said.matters)
        if said.explanation:
            row.explanation = Text.objects.create(body=said.explanation, created_at=at)
        timeline.record(
            timeline.Kind.MODEL_SUGGESTED,
            incident_id=row.incident_id,
            at=at,
            actor=SYSTEM,
            model=row.model,
            category=row.category_code,
            suggestion=row.pk,
        )
    row.save()
    return row


def mark_taken(incident: Incident, category: str) -> None:
    """Note whether a person's decision is what was suggested last; one statement."""
    last = incident.suggestions.filter(state=ModelSuggestion.State.ANSWERED).order_by("-pk").values("pk")[:1]
    ModelSuggestion.objects.filter(pk__in=last, category_code=category).update(taken=True)
    ModelSuggestion.objects.filter(pk__in=last).exclude(category_code=category).update(taken=False)


def _known(incident: Incident) -> list[str]:
    """The reporters' own names, numbers and addresses, as they stand in the records."""
    known: list[str] = []
    links = incident.links.filter(unlinked_at__isnull=True).select_related("report__contact")
    for link in links[:20]:
        contact = link.report.contact
        if contact is not None:
            known += [word for word in (contact.name, contact.phone, contact.address) if word]
    return known
