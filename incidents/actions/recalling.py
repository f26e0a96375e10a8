"""撤回: taking back at once what one has just decided on the desk, as if it had not been done.

A slip is nobody's return: nothing is counted, the dispatch clock goes on as it was, and the case is in the
same hands again. It ends where somebody else has begun to act on it: a unit that has accepted keeps the
case (send it elsewhere), one that asks for a return is answered, a reporter who has been told has been
told (open it again).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch.deadlines import Limit
from dispatch.vocabulary import Urgency
from incidents import (
    cases,
    cohandling,
    joined,
    outbox,
    outcomes,
    sending,
    state,
    supervising,
    timeline,
    timers,
)
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.knowledge import keeping
from incidents.models import (
    Assignment,
    Incident,
    OutboxMessage,
    Outcome,
    TimelineEntry,
    Timer,
)
from incidents.models.incident import Status
from incidents.outside import follow_outside

# The desk offers it for eight seconds; a slow line, or a look at what one did, takes longer.
RECALL_WITHIN = timedelta(minutes=2)

_Kind = timeline.Kind
# What can be taken back, by the state that it has led to.
_DEEDS: Mapping[str, str] = {
    Status.DISPATCHED: _Kind.DISPATCHED,
    Status.REJECTED: _Kind.REJECTED,
    Status.CLOSED: _Kind.ANSWERED,
    Status.MERGED: _Kind.MERGED,
}
_TOLD: Mapping[str, str] = {_Kind.REJECTED: "report.rejected", _Kind.ANSWERED: "report.answered"}


@transaction.atomic(durable=True)
def recall(*, number: str, actor: Actor, at: datetime, seen_version: int | None = None) -> Incident:
    """Take one's own last decision on a case back: it is on the desk again, in one's own hands.

    Raises ActionRefused: "not_yours", "too_late", "asked", "told", or "wrong_state" where that was not
    the last thing done, or too much came of it.
    """
    # Read without a lock to learn the other case of a merger, then lock both and look again.
    root = Incident.objects.filter(merged_from__number=number).first()
    named = (number, root.number) if root else (number,)
    incident, *others = cases.hold_all(
        *named, actor=actor, action=Action.RECALL, at=at, seen_version=seen_version
    )
    deed = _last_deed(incident, actor=actor, at=at)
    told: dict[str, Any] = {}
    match deed.kind:
        case _Kind.DISPATCHED:
            told["unit"] = _from_unit(incident, deed, at=at)
        case _Kind.MERGED:
            if not others or incident.merged_into_id != others[0].pk:
                raise _over()
            told["number"] = others[0].number
            _out_of(others[0], incident, deed, actor=actor, at=at)
        case _:
            _from_reporter(incident, deed, at=at)
    incident.claimed_by, incident.claimed_at = actor.user, at
    cases.save(incident)
    timeline.record(_Kind.RECALLED, incident_id=incident.pk, at=at, actor=actor, what=deed.kind, **told)
    return incident


def _last_deed(incident: Incident, *, actor: Actor, at: datetime) -> TimelineEntry:
    deed = incident.timeline.filter(kind__in=[*_DEEDS.values()]).order_by("pk").last()
    if deed is None or actor.user is None or deed.kind != _DEEDS.get(incident.status):
        raise _over()
    if deed.actor_id != actor.user.pk:
        raise ActionRefused("not_yours", _("Only who did it takes it back."))
    if at - deed.at > RECALL_WITHIN:
        raise ActionRefused("too_late", _("It is too late to take this back."))
    return deed


def _over() -> ActionRefused:
    return ActionRefused("wrong_state", _("There is nothing here that could be taken back any more."))


def _from_unit(incident: Incident, deed: TimelineEntry, *, at: datetime) -> str:
    """Take the case away from the unit that has not accepted it; answers the unit's code."""
    lead = incident.assignments.filter(pk=deed.data.get("assignment"), ended_at__isnull=True).first()
    before = deed.data.get("before")
    if lead is None or before is None:
        raise _over()
    if lead.requests.exists():
        raise ActionRefused(
            "asked", _("%(unit)s has asked something of it already: answer that.") % {"unit": lead.unit}
        )
    cases.end_lead(incident, at=at, why=Assignment.End.RECALLED)
    cohandling.dismiss_all(incident, why=Assignment.End.RECALLED, at=at)
    timers.stop(
        incident,
        [Timer.Kind.ACCEPTANCE, Timer.Kind.HANDLING, Timer.Kind.FIRST_CONTACT],
        at=at,
        reason="recalled",
    )
    outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
    supervising.rest(incident, at=at)
    if incident.first_dispatched_at == lead.sent_at:
        incident.first_dispatched_at = None
    earlier = incident.assignments.filter(role=Assignment.Role.LEAD, pk__lt=lead.pk).order_by("pk").last()
    incident.dispatched_at = earlier.sent_at if earlier else None
    incident.category_id = before["category"]
    for name in ("item_code", "urgency", "level", "first_level", "triage_codes"):
        setattr(incident, name, before[name])
    _to_desk(incident, since=lead.sent_at, at=at)
    # The reporters have not heard of it yet, or else hear of the next sending as well.
    _unsaid(OutboxMessage.objects.filter(incident=incident, kind="report.sent", created_at=lead.sent_at))
    if not _unsaid(OutboxMessage.objects.filter(key=f"case.dispatched:{lead.pk}")):
        outbox.tell(
            "case.recalled",
            incident_id=incident.pk,
            receiver=f"unit:{lead.unit_id}",
            key=f"case.recalled:{lead.pk}",
            at=at,
        )
    return lead.unit_id


def _from_reporter(incident: Incident, deed: TimelineEntry, *, at: datetime) -> None:
    """An answer, or a "not accepted", that has not gone out yet."""
    _refuse_if_more_ended(incident, deed)
    said = OutboxMessage.objects.filter(
        incident=incident.pk, kind=_TOLD[deed.kind], data__text=deed.data.get("text")
    )
    if said.exists() and not _unsaid(said):
        raise ActionRefused("told", _("The reporter has been told already: open the case again instead."))
    outcomes.take_back(incident, Outcome.Kind.CLOSED)
    keeping.unuse(incident, at=deed.at)
    incident.outcome = ""
    incident.closed_at = incident.resolved_at = None
    incident.triage_codes = deed.data.get("codes", incident.triage_codes)
    _to_desk(incident, since=deed.at, at=at)


def _out_of(parent: Incident, child: Incident, deed: TimelineEntry, *, actor: Actor, at: datetime) -> None:
    """Give the child back what it brought."""
    _refuse_if_more_ended(child, deed)
    gone = child.links.filter(unlinked_at=deed.at)
    if deed.data.get("was") != Status.TRIAGE or gone.filter(how="merged").exists():
        raise _over()
    reports = list(gone.values_list("report_id", flat=True))
    joined.give_back(parent, child, reports, at=at)
    parent.report_count, child.report_count = joined.count(parent), joined.count(child)
    follow_outside(parent, at=at)
    cases.save(parent)
    timeline.record(
        _Kind.RECALLED,
        incident_id=parent.pk,
        at=at,
        actor=actor,
        what=_Kind.ABSORBED,
        number=child.number,
    )
    child.merged_into = None
    child.triage_codes = deed.data["codes"]
    outcomes.append(Outcome.Kind.RECEIVED, child, at=child.received_at)
    _to_desk(child, since=deed.at, at=at)


def _refuse_if_more_ended(incident: Incident, deed: TimelineEntry) -> None:
    """An order or a dispute that ended with the case is not put together again here."""
    if (
        incident.supervisions.filter(ended_at=deed.at).exists()
        or incident.adjudications.filter(ended_at=deed.at).exists()
    ):
        raise _over()


def _to_desk(incident: Incident, *, since: datetime, at: datetime) -> None:
    """Back before a person, under the dispatch clock that was stopped then: its due time has not moved."""
    state.transition(incident, Status.TRIAGE)
    incident.owner_unit_id = settings.TRIAGE_UNIT
    incident.handler = None
    stopped = incident.timers.filter(kind=Timer.Kind.DISPATCH, stopped_at=since).order_by("pk").last()
    if stopped is not None:
        timers.resume(stopped, at=since)
        timers.rule(incident)
        return
    minutes = sending.DESK_MINUTES[Urgency(incident.urgency)]
    timers.start(incident, Timer.Kind.DISPATCH, Limit.minutes(minutes, incident.urgency), at=at)


def _unsaid(messages: QuerySet[OutboxMessage]) -> bool:
    """Drop messages that nobody has begun to spread; were these all?"""
    waiting: Iterable[int] = (
        messages.filter(sent_at__isnull=True, dead_at__isnull=True)
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)
    )
    held = list(waiting)
    if len(held) < messages.count() or not held:
        return False
    OutboxMessage.objects.filter(pk__in=held).delete()
    return True
