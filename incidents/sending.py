"""Sending a case to a unit: the assignment with its frozen decision, and the clocks that start with it."""

from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import OrgUnit
from dispatch.deadlines import Limit
from dispatch.facts import Decision, Limits
from dispatch.vocabulary import Urgency
from incidents import (
    adjudicating,
    cohandling,
    contacting,
    counting,
    outbox,
    outcomes,
    state,
    supervising,
    timeline,
    timers,
)
from incidents.actor import Actor
from incidents.clock_rules import limit_for
from incidents.models import Assignment, DecisionRecord, Incident, OutboxMessage, Outcome, Timer
from incidents.models.incident import Status
from incidents.models.making import made
from incidents.outside import follow_outside, outside_ahead, outside_deadline

# The desk's own limits where no item says otherwise; natural or working minutes as with items.
DESK_MINUTES = {Urgency.ROUTINE: 120, Urgency.URGENT: 30, Urgency.EMERGENCY: 10}


def assignment_of(
    incident: Incident, record: DecisionRecord, limits: Decision | Limits, *, unit_code: str, at: datetime
) -> Assignment:
    """An unsaved lead assignment under the limits that were decided."""
    return made(
        Assignment,
        incident=incident,
        unit_id=unit_code,
        role=Assignment.Role.LEAD,
        decision=record,
        item_code=limits.item or "",
        level=limits.level,
        handle_limit=limits.handle_limit,
        accept_minutes=limits.accept_minutes,
        supporting_units=list(limits.support_units),
        supervising_unit=limits.supervising_unit or "",
        follow_up_unit=limits.follow_up_unit or "",
        automatic=incident.auto_dispatched,
        sent_at=at,
    )


def clocks_of(assignment: Assignment) -> tuple[tuple[str, Limit], ...]:
    """The clocks that a sending starts: acceptance, and handling from the same instant."""
    return (
        (Timer.Kind.ACCEPTANCE, Limit.minutes(assignment.accept_minutes, assignment.incident.urgency)),
        (Timer.Kind.HANDLING, Limit.parse(assignment.handle_limit)),
    )


def planned_clocks(assignment: Assignment, *, unit_must_call: bool, at: datetime) -> list[Timer]:
    """The unsaved clocks of a case's first sending, with the unit's first contact where it has to call."""
    incident = assignment.incident
    clocks = list(clocks_of(assignment))
    if unit_must_call:
        clocks.append((Timer.Kind.FIRST_CONTACT, limit_for(Timer.Kind.FIRST_CONTACT, incident.urgency)))
    return [
        timers.plan(timers.Start(incident, kind, limit, at, assignment, unit_code=assignment.unit_id))
        for kind, limit in clocks
    ]


def desk_clock(incident: Incident, *, at: datetime, minutes: int | None = None) -> Timer:
    """The unsaved dispatch clock of a case that waits for a person, from its receipt on."""
    amount = minutes or DESK_MINUTES[Urgency(incident.urgency)]
    return timers.plan(
        timers.Start(incident, Timer.Kind.DISPATCH, Limit.minutes(amount, incident.urgency), at)
    )


def take_over_limits(incident: Incident, limits: Decision | Limits) -> None:
    """Show on the (unsaved) case what was decided about it."""
    item = limits.item or ""
    has_risen = bool(item) and item == incident.item_code and incident.level > limits.level
    if not has_risen:  # sent under the same item again, a case stays where it has come up to
        incident.level = incident.first_level = limits.level
    incident.category_id = limits.category
    incident.item_code = item
    # Whatever the item says about the danger, once it is gone a repair is left (choosing.as_repair).
    incident.urgency = Urgency.ROUTINE if incident.made_safe_at is not None else limits.urgency


def mark_sent(incident: Incident, *, unit_code: str, at: datetime) -> None:
    """Show on the (unsaved) case that it is with `unit_code` from `at` on."""
    incident.owner_unit_id = unit_code
    incident.handler = None
    incident.dispatched_at = at
    incident.first_dispatched_at = incident.first_dispatched_at or at
    incident.accepted_at = incident.resolved_at = None
    incident.triage_codes = []
    incident.claimed_by = incident.claimed_at = None


def notice_to_unit(assignment: Assignment, *, at: datetime, kind: str = "case.dispatched") -> OutboxMessage:
    """The unsaved message that tells a unit of a new case."""
    return outbox.message(
        kind,
        incident_id=assignment.incident_id,
        receiver=f"unit:{assignment.unit_id}",
        key=f"case.dispatched:{assignment.pk}",
        at=at,
        item=assignment.item_code,
        urgency=assignment.incident.urgency,
    )


def sent_fact(incident: Incident, *, at: datetime) -> Outcome:
    """The unsaved fact of a sending: dispatch duration counts from receipt, wrong units included."""
    return outcomes.fact(Outcome.Kind.DISPATCHED, incident, at=at, **counting.sent_measures(incident, at=at))


def send(
    incident: Incident,
    record: DecisionRecord,
    limits: Decision | Limits,
    *,
    unit: OrgUnit,
    kind: timeline.Kind,
    actor: Actor,
    at: datetime,
    as_of: datetime | None = None,
    text_id: int | None = None,
    notice: str = "case.dispatched",
    **told: Any,
) -> Assignment:
    """Send one locked case by a decision of now; saves it. Any earlier sending has been ended.

    `told` goes on the timeline beside it. `as_of` where it was decided before it can be told: only the
    line is of then, and the unit has all its time from `at` on.
    """
    decided_at = as_of or at
    incident.auto_dispatched = False
    take_over_limits(incident, limits)
    mark_sent(incident, unit_code=unit.code, at=at)
    if incident.status != Status.DISPATCHED:
        state.transition(incident, Status.DISPATCHED)
    assignment = assignment_of(incident, record, limits, unit_code=unit.code, at=at)
    assignment.sent_by = actor.user
    assignment.save(force_insert=True)
    timers.stop(
        incident,
        [Timer.Kind.DISPATCH, Timer.Kind.ACCEPTANCE, Timer.Kind.HANDLING, Timer.Kind.FIRST_CONTACT],
        at=at,
        reason="sent",
    )
    outside_due_at = outside_deadline(incident)
    if outside_due_at is not None and decided_at < outside_due_at <= at:
        outside_due_at = None  # nobody could have kept it
    _start_clocks(incident, assignment, at=at, outside_due_at=outside_due_at)
    cohandling.follow_lead(assignment, at=at)
    incident.version += 1
    incident.save()
    supervising.hand_over(incident, assignment, actor=actor, at=at)
    timeline.record(
        kind,
        incident_id=incident.pk,
        at=decided_at,
        actor=actor,
        assignment=assignment.pk,
        unit=unit.code,
        item=assignment.item_code,
        decision=record.pk,
        automatic=False,
        text=text_id,
        **told,
    )
    notice_to_unit(assignment, at=at, kind=notice).save(force_insert=True)
    counting.count_as_sent(incident, assignment, at=at)
    return assignment


def send_on(
    incident: Incident,
    before: Assignment,
    *,
    unit: OrgUnit,
    level: str,
    handle_limit: str,
    accept_minutes: int,
    notice: str,
    actor: Actor,
    at: datetime,
) -> Assignment:
    """Let another unit go on with a locked case under the decision of `before`, which has been ended.

    The case was rightly dispatched: no other dispatch is counted, and its handling counts from the
    sending that stands. The unit gets clocks of its own. The caller has stopped the handling clock and
    the pause, writes the timeline and saves the case.
    """
    if incident.status != Status.DISPATCHED:
        state.transition(incident, Status.DISPATCHED)
    incident.owner_unit, incident.handler, incident.accepted_at = unit, None, None
    assignment = Assignment.objects.create(
        incident=incident,
        unit=unit,
        role=Assignment.Role.LEAD,
        decision=before.decision,
        follows=before,
        item_code=before.item_code,
        level=level,
        handle_limit=handle_limit,
        accept_minutes=accept_minutes,
        supporting_units=before.supporting_units,
        supervising_unit=before.supervising_unit,
        follow_up_unit=before.follow_up_unit,
        sent_at=at,
        sent_by=actor.user,
    )
    # What upstream wanted by a time that has passed was missed then: the new unit has its own limit.
    _start_clocks(incident, assignment, at=at, outside_due_at=outside_ahead(incident, at=at))
    timers.rule(incident)
    supervising.hand_over(incident, assignment, actor=actor, at=at)
    notice_to_unit(assignment, at=at, kind=notice).save(force_insert=True)
    return assignment


def _start_clocks(
    incident: Incident, assignment: Assignment, *, at: datetime, outside_due_at: datetime | None
) -> None:
    for clock, limit in clocks_of(assignment):
        timers.start(
            incident,
            clock,
            limit,
            at=at,
            assignment=assignment,
            no_later_than=outside_due_at if clock == Timer.Kind.HANDLING else None,
            unit_code=assignment.unit_id,
        )
    contacting.start_first_contact(incident, assignment, at=at)


def back_to_desk(incident: Incident, *codes: str, at: datetime) -> None:
    """Put a locked case before a person again, under a fresh dispatch clock; the caller saves it.

    While a ruling is waited for nobody there may send it: then it has the clock of the ruling alone.
    """
    state.transition(incident, Status.TRIAGE)
    supervising.rest(incident, at=at)
    cohandling.dismiss_all(incident, why=Assignment.End.REDISPATCHED, at=at)
    incident.owner_unit_id = settings.TRIAGE_UNIT
    incident.handler = None
    incident.accepted_at = incident.resolved_at = None
    if adjudicating.is_open(incident):
        incident.triage_codes = ["disputed", *codes]
        timers.rule(incident)
        return
    incident.triage_codes = list(codes)
    minutes = DESK_MINUTES[Urgency(incident.urgency)]
    timers.start(incident, Timer.Kind.DISPATCH, Limit.minutes(minutes, incident.urgency), at=at)


def within_one_street(before: OrgUnit, unit: OrgUnit) -> bool:
    """Do both belong to one street's office? Between them a case moves with the clock that it has."""
    codes = before.path.split(">")
    office = OrgUnit.objects.filter(code__in=codes, kind=OrgUnit.Kind.STREET_OFFICE).first()
    return office is not None and unit.is_within(office)


def keep_handling_clock(incident: Incident, clock: Timer, assignment: Assignment, *, at: datetime) -> None:
    """街道内转派: put the handling clock that ran before in the place of the one that `send` started."""
    timers.stop(incident, [Timer.Kind.HANDLING], at=at, reason="sent")
    kept = timers.resume(clock, at=at)
    kept.assignment, kept.unit_code = assignment, assignment.unit_id
    kept.save(update_fields=["assignment", "unit_code"])
    follow_outside(incident, at=at)
    timers.rule(incident)
    incident.save()
