"""督办: formal orders to act, on a locked case. Given by hand or by a breach, raised where nobody answers.

What becomes of an open order when its case moves:

* **The case goes to another unit** (an agreed return, a sending elsewhere): the order goes with it. It is
  about the case being dealt with, so giving the case away must not shake it off; but who gets the case
  did nothing wrong, so the new unit has the whole time to answer again, at the first level. While the
  case is on the desk nobody can answer, and the clock stands.
* **The case is resolved or parked**: the order stays, for it asks for an answer in words. Else a tick in
  the right box would be one.
* **The case is merged into another**: so is the order, where the other one has a unit and no order yet.
* **The case is over** (closed, rejected, withdrawn): so is the order.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch.deadlines import Limit
from incidents import outbox, timeline, timers
from incidents.acceptance import lead_of
from incidents.actor import Actor
from incidents.clock_rules import limit_for
from incidents.errors import ActionRefused
from incidents.models import Assignment, Incident, Supervision, Text, Timer
from incidents.models.incident import Status
from incidents.numbers import district_day

# Where a unit has the case and can still do something about it.
ORDERABLE = frozenset({Status.DISPATCHED, Status.HANDLING, Status.PARKED, Status.SUSPENDED})
# Who is told that an order has come up to them.
_TOLD: dict[int, str] = {
    Supervision.Level.DISTRICT: "supervisors",
    Supervision.Level.LEADER: "leaders",
}


def open_order(incident: Incident) -> Supervision | None:
    """The order that waits for its answer, locked after its case; at most one."""
    return (
        incident.supervisions.select_for_update(of=("self",))
        .filter(ended_at__isnull=True)
        .select_related("unit", "words", "ordered_by")
        .first()
    )


def order(
    incident: Incident,
    *,
    actor: Actor,
    at: datetime,
    cause: str = Supervision.Cause.PERSON,
    words: Text | None = None,
    answer_by: datetime | None = None,
    told_at: datetime | None = None,
    timer: Timer | None = None,
) -> Supervision:
    """Order the unit that has the case to act, and start the clock of its answer; saves the case.

    Without `answer_by` the rule says when. The clock starts at `told_at`, where that is later than `at`.
    Raises ActionRefused where no unit has the case.
    """
    lead = lead_of(incident)
    if lead is None or incident.status not in ORDERABLE:
        raise ActionRefused("not_assigned", _("No unit has this case in hand: there is nobody to order."))
    clock = _start_clock(incident, lead, at=told_at or at, answer_by=answer_by)
    given = Supervision.objects.create(
        number=draw_number(at=at),
        incident=incident,
        unit_id=lead.unit_id,
        cause=cause,
        timer=timer,
        words=words,
        ordered_at=at,
        ordered_by=actor.user,
        answer_by=clock.due_at,
    )
    incident.supervision_count += 1
    incident.supervision_number = given.number
    _save(incident)
    _record(
        timeline.Kind.SUPERVISED, given, actor=actor, at=at, cause=cause, text=words.pk if words else None
    )
    _tell_unit(given, incident, at=told_at or at)
    return given


def order_for_breach(incident: Incident, *, timer: Timer, actor: Actor) -> None:
    """The breach of `timer` orders by itself, as of the instant that its rule names.

    The time to answer runs from when the stage really fired, so that a sweep which was dead for days
    takes it from nobody. Where an order is open already, a second breach raises one that a breach gave;
    one that a person gave stands as it is, and the line says so. Where the unit does not have the case
    any more, nothing happens.
    """
    if timer.stopped_at is not None or incident.status not in ORDERABLE:
        return
    lead = lead_of(incident)
    if lead is None or (timer.assignment_id and timer.assignment_id != lead.pk):
        return
    fired = timers.firing(timer, "supervise")
    standing = open_order(incident)
    if standing is None:
        order(
            incident,
            actor=actor,
            at=fired.due_at,
            told_at=fired.fired_at,
            cause=Supervision.Cause.BREACH,
            timer=timer,
        )
    elif standing.cause == Supervision.Cause.BREACH and standing.level < Supervision.Level.LEADER:
        _raise(incident, standing, actor=actor, at=fired.due_at, told_at=fired.fired_at)
    else:
        _save(incident)
        _record(timeline.Kind.SUPERVISED, standing, actor=actor, at=fired.due_at, cause="breach", again=True)


def raise_order(incident: Incident, *, timer: Timer, actor: Actor) -> None:
    """Nobody answered in time: the order goes up one level and gets another time, from when it is told.

    At the last level it stays open and overdue until somebody answers.
    """
    standing = open_order(incident)
    if standing is None or timer.stopped_at is not None or standing.level >= Supervision.Level.LEADER:
        return
    fired = timers.firing(timer, "raise")
    _raise(incident, standing, actor=actor, at=fired.due_at, told_at=fired.fired_at)


def raise_by_hand(incident: Incident, standing: Supervision, *, actor: Actor, at: datetime) -> None:
    """A supervisor does not wait for the clock: the order goes up one level now; saves the case."""
    _raise(incident, standing, actor=actor, at=at, told_at=at, by_hand=True)


def end(incident: Incident, standing: Supervision, *, how: str, actor: Actor, at: datetime) -> None:
    """End an open order and stop its clock; the caller saves the case."""
    standing.ended_at, standing.ended_by, standing.end = at, actor.user, how
    standing.save(update_fields=["ended_at", "ended_by", "end", "answer"])
    timers.stop(incident, [Timer.Kind.SUPERVISION], at=at, reason=how)
    incident.supervision_number = ""


def finish(incident: Incident, *, at: datetime) -> None:
    """The case is over, and with it an open order. The caller stops all clocks and saves the case."""
    if incident.supervision_number:
        incident.supervisions.filter(ended_at__isnull=True).update(ended_at=at, end=Supervision.End.FINISHED)
        incident.supervision_number = ""


def rest(incident: Incident, *, at: datetime) -> None:
    """The case is before the desk: nobody can answer an open order until it is sent again."""
    if incident.supervision_number:
        timers.stop(incident, [Timer.Kind.SUPERVISION], at=at, reason="at_desk")


def hand_over(incident: Incident, lead: Assignment, *, actor: Actor, at: datetime) -> None:
    """The case went to another unit: so does an open order, with a time of its own; the caller saves."""
    standing = open_order(incident) if incident.supervision_number else None
    if standing is None:
        return
    timers.stop(incident, [Timer.Kind.SUPERVISION], at=at, reason="sent")
    clock = _start_clock(incident, lead, at=at)
    standing.unit_id, standing.level = lead.unit_id, Supervision.Level.UNIT
    standing.answer_by = clock.due_at
    standing.save(update_fields=["unit", "level", "answer_by"])
    _record(timeline.Kind.SUPERVISED, standing, actor=actor, at=at, cause=standing.cause, moved=True)
    _tell_unit(standing, incident, at=at)


def pass_on(child: Incident, parent: Incident, *, actor: Actor, at: datetime) -> None:
    """The case is merged into `parent`, which is ordered the same where it has a unit and no order."""
    standing = open_order(child) if child.supervision_number else None
    if standing is None or parent.supervision_number:
        return
    if parent.status in ORDERABLE and lead_of(parent) is not None:
        by = Actor(user=standing.ordered_by, unit_code=actor.unit_code)
        order(parent, actor=by, at=at, cause=standing.cause, words=standing.words)


def draw_number(*, at: datetime) -> str:
    """A fresh number, DB20260709-0042. The serial runs on over the days: gaps, and no lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_supervision_serial')")
        return f"DB{district_day(at):%Y%m%d}-{cursor.fetchone()[0]:04d}"


def _raise(
    incident: Incident,
    standing: Supervision,
    *,
    actor: Actor,
    at: datetime,
    told_at: datetime,
    **how: bool,
) -> None:
    timers.stop(incident, [Timer.Kind.SUPERVISION], at=at, reason="raised")
    clock = _start_clock(incident, lead_of(incident), at=told_at)
    standing.level += 1
    standing.answer_by = clock.due_at
    standing.save(update_fields=["level", "answer_by"])
    _save(incident)
    _record(timeline.Kind.SUPERVISION_RAISED, standing, actor=actor, at=at, level=standing.level, **how)
    for receiver in (_TOLD[standing.level], f"unit:{standing.unit_id}"):
        tell("raised", standing, incident, receiver=receiver, at=told_at)


def _start_clock(
    incident: Incident, lead: Assignment | None, *, at: datetime, answer_by: datetime | None = None
) -> Timer:
    if answer_by is None:
        limit = limit_for(Timer.Kind.SUPERVISION, incident.urgency)
    else:
        limit = Limit(max(1, ceil((answer_by - at) / timedelta(hours=1))), "h")
    return timers.start(
        incident,
        Timer.Kind.SUPERVISION,
        limit,
        at=at,
        assignment=lead,
        no_later_than=answer_by,
        unit_code=lead.unit_id if lead else "",
    )


def _tell_unit(standing: Supervision, incident: Incident, *, at: datetime) -> None:
    """The head of the unit has to answer for it; the handlers do the work."""
    for receiver in (f"head:{standing.unit_id}", f"unit:{standing.unit_id}"):
        tell("ordered", standing, incident, receiver=receiver, at=at)


def tell(what: str, standing: Supervision, incident: Incident, *, receiver: str, at: datetime) -> None:
    """Queue the message about an order; one for each receiver, level and unit that it came to."""
    outbox.tell(
        f"supervision.{what}",
        incident_id=incident.pk,
        receiver=receiver,
        key=f"supervision.{what}:{standing.pk}:{standing.level}:{standing.unit_id}:{receiver}",
        at=at,
        number=standing.number,
        level=standing.level,
        answer_by=standing.answer_by.isoformat(),
        urgency=incident.urgency,
    )


def _record(kind: timeline.Kind, standing: Supervision, *, actor: Actor, at: datetime, **data: Any) -> None:
    timeline.record(
        kind,
        incident_id=standing.incident_id,
        at=at,
        actor=actor,
        supervision=standing.pk,
        number=standing.number,
        unit=standing.unit_id,
        answer_by=standing.answer_by.isoformat(),
        **data,
    )


def _save(incident: Incident) -> None:
    incident.version += 1
    incident.save()


def is_the_districts(incident: Incident) -> bool:
    """Has the open order come up to the district, or from there? Then a street does not take it back."""
    standing = incident.supervisions.filter(ended_at__isnull=True).first()
    if standing is None:
        return False
    if standing.level > Supervision.Level.UNIT:
        return True
    given = incident.timeline.filter(
        kind=timeline.Kind.SUPERVISED, data__supervision=standing.pk, actor_unit__isnull=False
    )
    street = Q(actor_unit__kind=OrgUnit.Kind.STREET_OFFICE) | Q(actor_unit__code__endswith="/operations")
    return given.exclude(street).exists()
