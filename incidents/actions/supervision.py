"""督办 by people: ordering, answering, lifting an order, and urging without one."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, outbox, supervising, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, Supervision, TimelineEntry
from incidents.models.incident import Status

# The farthest time that an order may be answered by.
LONGEST = timedelta(days=30)
# Urging more often than this is noise.
NUDGE_AGAIN_AFTER = timedelta(hours=1)


@transaction.atomic(durable=True)
def supervise(
    *,
    number: str,
    words: str,
    answer_by: datetime | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Supervision:
    """督办: order the unit that has the case to act, and to answer by a time (the rule's, if none is given).

    Raises ActionRefused where no unit has it in hand, or an order is open already.
    """
    incident = cases.hold(number, actor=actor, action=Action.SUPERVISE, at=at, seen_version=seen_version)
    standing = supervising.open_order(incident)
    if standing is not None:
        raise ActionRefused(
            "already_ordered",
            _("Order %(number)s is open already: lift it, or wait for its answer.")
            % {"number": standing.number},
        )
    if answer_by is not None and not at < answer_by <= at + LONGEST:
        raise InvalidInput("answer_by", "range", _("The answer is due within thirty days from now."))
    text = cases.store_text(words, at=at, field="words")
    return supervising.order(incident, actor=actor, at=at, words=text, answer_by=answer_by)


@transaction.atomic(durable=True)
def answer_order(
    *, number: str, text: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Supervision:
    """The unit says what it does about it: the order is answered. The case stays the unit's to settle."""
    incident = cases.hold(number, actor=actor, action=Action.ANSWER_ORDER, at=at, seen_version=seen_version)
    standing = _standing(incident)
    if incident.status == Status.TRIAGE:
        raise ActionRefused("wrong_state", _("The case is before the desk: whoever gets it answers."))
    standing.answer = cases.store_text(text, at=at)
    supervising.end(incident, standing, how=Supervision.End.ANSWERED, actor=actor, at=at)
    cases.save(incident)
    _record(timeline.Kind.SUPERVISION_ANSWERED, standing, actor=actor, at=at, text=standing.answer.pk)
    for receiver in _who_waits_for(standing):
        supervising.tell("answered", standing, incident, receiver=receiver, at=at)
    return standing


@transaction.atomic(durable=True)
def lift_order(
    *, number: str, reason: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Supervision:
    """Take an order back, with a reason. What has come up to the district only the district lifts."""
    incident = cases.hold(number, actor=actor, action=Action.LIFT_ORDER, at=at, seen_version=seen_version)
    standing = _standing(incident)
    text = cases.store_text(reason, at=at, field="reason")
    supervising.end(incident, standing, how=Supervision.End.LIFTED, actor=actor, at=at)
    cases.save(incident)
    _record(timeline.Kind.SUPERVISION_LIFTED, standing, actor=actor, at=at, text=text.pk)
    supervising.tell("lifted", standing, incident, receiver=f"unit:{standing.unit_id}", at=at)
    return standing


@transaction.atomic(durable=True)
def raise_order(*, number: str, actor: Actor, at: datetime, seen_version: int | None = None) -> Supervision:
    """Put an open order before the next level at once, without waiting until it is overdue.

    It gets another time to be answered. Raises ActionRefused where a leader has it already.
    """
    incident = cases.hold(number, actor=actor, action=Action.RAISE_ORDER, at=at, seen_version=seen_version)
    standing = _standing(incident)
    if standing.level >= Supervision.Level.LEADER:
        raise ActionRefused("highest", _("It is before the district's leaders already."))
    if incident.status == Status.TRIAGE:
        raise ActionRefused("wrong_state", _("The case is before the desk: nobody can answer."))
    supervising.raise_by_hand(incident, standing, actor=actor, at=at)
    return standing


@transaction.atomic(durable=True)
def nudge(*, number: str, actor: Actor, at: datetime) -> TimelineEntry:
    """催办: urge whoever has to act on the case now, at most once an hour. No order, nothing to answer."""
    incident = cases.hold(number, actor=actor, action=Action.NUDGE, at=at)
    if not incident.is_open:
        raise ActionRefused("wrong_state", _("The case is not open any more."))
    urged = incident.timeline.filter(kind=timeline.Kind.NUDGED, at__gt=at - NUDGE_AGAIN_AFTER)
    if urged.exists():
        raise ActionRefused("too_soon", _("They were urged within the last hour."))
    unit_code = _who_acts(incident)
    cases.save(incident)
    line = timeline.record(timeline.Kind.NUDGED, incident_id=incident.pk, at=at, actor=actor, unit=unit_code)
    outbox.tell(
        "supervision.nudged",
        incident_id=incident.pk,
        receiver=f"unit:{unit_code}",
        key=f"supervision.nudged:{line.pk}",
        at=at,
        urgency=incident.urgency,
    )
    return line


def _standing(incident: Incident) -> Supervision:
    standing = supervising.open_order(incident)
    if standing is None:
        raise ActionRefused("nothing_ordered", _("No order is open on this case."))
    return standing


def _who_waits_for(standing: Supervision) -> list[str]:
    """Who gave the order, and everybody whom it came up to."""
    waiting = [f"user:{standing.ordered_by_id}"] if standing.ordered_by_id else []
    if standing.level >= Supervision.Level.DISTRICT or not waiting:
        waiting.append("supervisors")
    if standing.level >= Supervision.Level.LEADER:
        waiting.append("leaders")
    return waiting


def _who_acts(incident: Incident) -> str:
    """The unit that has to do the next thing: the owner, or who was asked to check."""
    check = incident.verifications.filter(done_at__isnull=True).first()
    if incident.status == Status.RESOLVED and check is not None:
        return check.unit_id
    return incident.owner_unit_id


def _record(
    kind: timeline.Kind, standing: Supervision, *, actor: Actor, at: datetime, text: int
) -> TimelineEntry:
    return timeline.record(
        kind,
        incident_id=standing.incident_id,
        at=at,
        actor=actor,
        supervision=standing.pk,
        number=standing.number,
        unit=standing.unit_id,
        text=text,
    )
