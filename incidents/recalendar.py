"""Moving running clocks after the work calendar has changed: what a clock had left, it has left still.

The sweep looks for clocks that an older edition reckoned. Those that the change does not touch are
stamped in bulk; the others are moved case by case, each in one transaction, so that a killed worker
leaves a case either as it was or moved with its line on the timeline. A breach that stands is never
rewritten, and a paused clock is reckoned anew when it goes on.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from dispatch.calendar import OutsideCalendar, WorkCalendar
from dispatch.deadlines import Limit, moved
from dispatch.edition import calendar_at, calendar_revision, work_calendar
from dispatch.models import CalendarEdition
from incidents import cases, outbox, timeline, timers
from incidents.actor import SYSTEM
from incidents.models import Incident, Supervision, Timer
from incidents.outside import outside_deadline
from incidents.sweeps import settle

log = logging.getLogger(__name__)

MOVE_BATCH = 200
STAMP_BATCH = 2_000
# How many clocks are looked at to say beforehand how many a stop would move.
FORESEEN_MOST = 20_000


def move_clocks(*, at: datetime, limit: int = MOVE_BATCH) -> int:
    """Bring up to `limit` clocks that an older calendar reckoned up to the newest; answers how many.

    Besides, up to STAMP_BATCH whose due time stays are stamped, and counted too. 0: all is done, or in
    other hands, or (said in the log) was refused; the next call tries those again.
    """
    work_calendar()  # asks the database for a newer edition
    revision = calendar_revision()
    done, last, handled = 0, 0, 0
    while handled < limit:
        batch = list(_behind(revision).filter(pk__gt=last).order_by("pk")[:STAMP_BATCH])
        if not batch:
            break
        last = batch[-1].pk
        touched = [
            timer for timer in batch if timer.due_at > at and _own_due_at(timer, revision) != timer.own_due_at
        ]
        to_move = {timer.pk for timer in touched}
        done += _stamp([timer for timer in batch if timer.pk not in to_move], revision)
        for incident_id in dict.fromkeys(timer.incident_id for timer in touched):
            if handled >= limit:
                break
            count = _try(incident_id, revision, at=at)
            handled += count
            done += count
        if done >= STAMP_BATCH:
            break
    return done


def waiting() -> int:
    """How many running clocks are still to be looked at since the calendar last changed."""
    work_calendar()
    return _behind(calendar_revision()).count()


def foreseen(start: datetime, end: datetime, *, at: datetime) -> tuple[int, bool]:
    """How many running clocks a stop from start to end would move, and whether there are more than told."""
    running = _running().filter(due_at__gt=at, own_due_at__gt=start, reckoned_from__lt=end)
    stopped: dict[str, WorkCalendar] = {}
    count = 0
    rows = list(running.order_by("pk")[: FORESEEN_MOST + 1])
    for timer in rows[:FORESEEN_MOST]:
        calendar = work_calendar(timer.unit_code)
        if timer.unit_code not in stopped:
            stopped[timer.unit_code] = calendar.stopped_too(start, end)
        count += _moved(timer, calendar, stopped[timer.unit_code]) != timer.own_due_at
    return count, len(rows) > FORESEEN_MOST


def _running() -> QuerySet[Timer]:
    return Timer.objects.filter(stopped_at__isnull=True, paused_at__isnull=True, limit__contains="w")


def _behind(revision: int) -> QuerySet[Timer]:
    """Running clocks in working time that an older edition reckoned; walks the index timer_reckoned."""
    return _running().filter(calendar_revision__lt=revision)


def _own_due_at(timer: Timer, revision: int) -> datetime:
    """Our due time under the calendar of this revision."""
    return _moved(
        timer,
        calendar_at(timer.calendar_revision, timer.unit_code),
        calendar_at(revision, timer.unit_code),
    )


def _moved(timer: Timer, old: WorkCalendar, new: WorkCalendar) -> datetime:
    try:
        return moved(
            timer.own_due_at, since=timer.reckoned_from, limit=Limit.parse(timer.limit), old=old, new=new
        )
    except OutsideCalendar:
        return timer.own_due_at  # beyond the years that anybody has laid out: it stays


def _stamp(unmoved: Sequence[Timer], revision: int) -> int:
    """Mark clocks that the change does not touch. One that was reckoned anew meanwhile is not matched."""
    by_revision: dict[int, list[int]] = {}
    for timer in unmoved:
        by_revision.setdefault(timer.calendar_revision, []).append(timer.pk)
    stamped = 0
    for reckoned_by, ids in by_revision.items():
        with transaction.atomic():
            # Waits for nobody: whoever holds one of them has the case, and may hold others too.
            free = _running().filter(pk__in=ids, calendar_revision=reckoned_by).order_by("pk")
            held = free.select_for_update(skip_locked=True, of=("self",), no_key=True)
            stamped += Timer.objects.filter(pk__in=list(held.values_list("pk", flat=True))).update(
                calendar_revision=revision
            )
    return stamped


def _try(incident_id: int, revision: int, *, at: datetime) -> int:
    try:
        with transaction.atomic(durable=True):
            return _move_case(incident_id, revision, at=at)
    except Exception:  # whatever it is, the other cases go on; this one is tried again
        log.exception("the clocks of case %s were not moved to calendar %s", incident_id, revision)
        return 0


def _move_case(incident_id: int, revision: int, *, at: datetime) -> int:
    """Move one case's clocks; answers how many were brought up to date. Locks the case, then its clocks."""
    incident = (
        Incident.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
        .filter(pk=incident_id)
        .first()
    )
    if incident is None:
        return 0  # somebody is acting on it
    timers.lock_open([incident])
    settle(incident, at=at)
    behind = list(_behind(revision).filter(incident=incident).order_by("pk"))
    causes = _causes((timer.calendar_revision for timer in behind), revision)
    lines = []
    for timer in behind:
        timer.incident = incident
        was = timer.due_at
        if was > at and _follow(timer, revision, at=at):
            lines.append(
                {
                    "timer": timer.pk,
                    "run": timer.run,
                    "clock": timer.kind,
                    "old_due_at": was.isoformat(),
                    "due_at": timer.due_at.isoformat(),
                }
            )
    Timer.objects.filter(pk__in=[timer.pk for timer in behind]).update(calendar_revision=revision)
    if lines:
        _tell(incident, lines, causes, revision, at=at)
    return len(behind)


def _follow(timer: Timer, revision: int, *, at: datetime) -> bool:
    """Reckon one locked clock anew; did the time change at which it is due?

    A change never makes a clock late in retrospect: one that would be due already stays as it is.
    """
    own_due_at = _own_due_at(timer, revision)
    if own_due_at == timer.own_due_at or own_due_at <= at:
        return False
    reckoned_from = timer.reckoned_from
    outside = outside_deadline(timer.incident) if timer.kind == Timer.Kind.HANDLING else None
    due_at = own_due_at if outside is None else max(min(own_due_at, outside), at)
    has_moved = due_at != timer.due_at
    if has_moved:
        timers.restart(timer, due_at=due_at, at=at)
    # Still reckoned from where it was, so that the next change counts from there again.
    timer.own_due_at, timer.reckoned_from = own_due_at, reckoned_from
    timer.save(update_fields=["own_due_at", "reckoned_from"])
    if has_moved and timer.kind == Timer.Kind.SUPERVISION:
        open_orders = Supervision.objects.filter(incident=timer.incident, ended_at__isnull=True)
        open_orders.update(answer_by=due_at)  # the order repeats its clock
    return has_moved


def _causes(reckoned_by: Iterable[int], revision: int) -> str:
    """Why the calendar changed since then: a stop says most, then hours, then days."""
    since = min(reckoned_by, default=revision)
    causes = set(
        CalendarEdition.objects.filter(revision__gt=since, revision__lte=revision).values_list(
            "cause", flat=True
        )
    )
    order = (CalendarEdition.Cause.STOPPAGE, CalendarEdition.Cause.HOURS, CalendarEdition.Cause.DAYS)
    return next((str(cause) for cause in order if cause in causes), "")


def _tell(
    incident: Incident, lines: list[dict[str, object]], cause: str, revision: int, *, at: datetime
) -> None:
    """One line on the timeline, led by the clock that rules; the unit is told where that is its own."""
    timers.rule(incident)
    lines.sort(key=lambda line: line["clock"] != incident.clock_kind)
    cases.save(incident)
    timeline.record(
        timeline.Kind.CALENDAR_MOVED,
        incident_id=incident.pk,
        at=at,
        actor=SYSTEM,
        cause=cause,
        revision=revision,
        clocks=lines,
        **lines[0],
    )
    CalendarEdition.objects.filter(pk=revision).update(moved=F("moved") + 1)
    ruling = lines[0]
    if ruling["clock"] == incident.clock_kind == Timer.Kind.HANDLING:
        outbox.tell(
            "timer.moved",
            incident_id=incident.pk,
            receiver=f"unit:{incident.owner_unit_id}",
            key=f"moved:{ruling['timer']}:{ruling['run']}",
            at=at,
            cause=cause,
            urgency=incident.urgency,
            clock=ruling["clock"],
            old_due_at=ruling["old_due_at"],
            due_at=ruling["due_at"],
        )
