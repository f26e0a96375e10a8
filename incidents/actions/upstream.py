"""What the centre does towards the source of a case: ask it, and enter what it answered by other ways."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases
from incidents.actor import Actor
from incidents.errors import InvalidInput
from incidents.models import Incident, UpstreamRequest
from incidents.upstream import requesting, reviewing


@transaction.atomic(durable=True)
def ask_upstream(
    *,
    number: str,
    kind: str,
    reason: str,
    until: datetime | None = None,
    report: int | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> UpstreamRequest:
    """退回市级申请 or 延期申请: ask the source to take its report back, or for a later deadline.

    The case and its clocks go on until it agrees. `report` names which one where there are several.
    """
    incident = cases.hold(number, actor=actor, action=Action.ASK_UPSTREAM, at=at, seen_version=seen_version)
    if kind not in UpstreamRequest.Kind.values:
        raise InvalidInput("kind", "unknown", _("This value is not known."))
    reviewing.refuse_while_waiting(incident)
    return requesting.ask(incident, kind, reason=reason, until=until, report_id=report, actor=actor, at=at)


@transaction.atomic(durable=True)
def answer_upstream(
    *,
    number: str,
    accepted: bool,
    reason: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """Enter by hand whether the source accepts the result, where it told so by other ways than its system."""
    incident = cases.hold(
        number, actor=actor, action=Action.ANSWER_UPSTREAM, at=at, seen_version=seen_version
    )
    pairs = [(review.report, incident) for review in reviewing.waiting_for(incident)]
    if accepted:
        reviewing.accept(pairs, actor=actor, at=at)
    else:
        text = cases.store_text(reason, at=at, field="reason")
        reviewing.send_back(pairs, reason=text, actor=actor, at=at)
    return incident
