"""Moving running clocks after the work calendar has changed: what a clock had left, it has left still.

The sweep looks for clocks that an older edition reckoned. Those that the change does not touch are
stamped in bulk; the others are moved case by case, each in one transaction, so that a killed worker
leaves a case either as it was or moved with its line on the timeline.

What counts is when the calendar was changed, not when the sweep comes by: a clock that had run out
before stays overdue, and one that had not is moved, also by a worker that was dead for days. A breach
that has been told is never taken back. A paused clock is reckoned anew when it goes on.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db import transaction
from django.db.models import F, QuerySet

from dispatch.calendar import OutsideCalendar, WorkCalendar
from dispatch.deadlines import Limit, moved
from dispatch.edition import calendar_at, calendar_revision, work_calendar
from dispatch.models import CalendarEdition
from incidents import outbox, timeline, timers
from incidents.actor import SYSTEM
from incidents.models import FiredStage, Incident, Supervision, Timer
from incidents.outside import outside_deadline

log = logging.getLogger(__name__)

MOVE_BATCH = 200
STAMP_BATCH = 2_000
# How many clocks are looked at to say beforehand how many a stop would move.
FORESEEN_MOST = 20_000


@dataclass(frozen=True, slots=True)
class _Change:
    """One edition of the calendar: its number, the one before it, when and why it was made."""

    before: int
    revision: int
    made_at: datetime
    cause: str


def move_clocks(*, at: datetime, limit: int = MOVE_BATCH, due_by: datetime | None = None) -> int:
    """Bring up to `limit` clocks that an older calendar reckoned up to the newest; answers how many.

    Besides, clocks whose due time stays are stamped, STAMP_BATCH at a time, and counted too. With
    `due_by` only those that would be due by then. 0: all is done, or in other hands, or (the log says
    so) was refused; the next call tries those again.
    """
    work_calendar()  # asks the database for a newer edition
    revision = calendar_revision()
    behind = _behind(revision) if due_by is None else _behind(revision).filter(due_at__lte=due_by)
    changes = None
    done, last, handled = 0, 0, 0
    while handled < limit and done < STAMP_BATCH:
        batch = list(behind.filter(pk__gt=last).order_by("pk")[:STAMP_BATCH])
        if not batch:
            break
        last = batch[-1].pk
        changes = _changes(revision) if changes is None else changes
        touched = [timer for timer in batch if _is_touched(timer, changes)]
        to_move = {timer.pk for timer in touched}
        done += _stamp([timer for timer in batch if timer.pk not in to_move], revision)
        for incident_id in dict.fromkeys(timer.incident_id for timer in touched):
            if handled >= limit:
                break
            count = _try(incident_id, at=at)
            handled += count
            done += count
    return done


def follow_calendar(incident: Incident, *, at: datetime) -> int:
    """Bring the clocks of a locked case up to the newest calendar; answers how many were behind.

    Before anything fires or is judged by them: an action then sees the due times that count. Saves the
    case where one moved.
    """
    work_calendar()
    revision = calendar_revision()
    behind = list(_behind(revision).filter(incident=incident).order_by("pk"))
    if not behind:
        return 0
    changes = _changes(revision)
    lines = []
    for timer in behind:
        timer.incident = incident
        was = timer.due_at
        if _follow(timer, changes, at=at):
            lines.append(
                {
                    "timer": timer.pk,
                    "run": timer.run,
                    "clock": timer.kind,
                    "old_due_at": was.isoformat(),
                    "due_at": timer.due_at.isoformat(),
                }
            )
    cause = _cause(changes, since=min(timer.calendar_revision for timer in behind))
    Timer.objects.filter(pk__in=[timer.pk for timer in behind]).update(calendar_revision=revision)
    if lines:
        _tell(incident, lines, cause, revision, at=at)
    return len(behind)


def behind_calendar(incidents: Sequence[Incident]) -> set[int]:
    """Those of these cases that have a clock which an older calendar reckoned; one query."""
    work_calendar()
    found = _behind(calendar_revision()).filter(incident__in=[one.pk for one in incidents])
    return set(found.values_list("incident", flat=True))


def waiting() -> int:
    """How many running clocks are still to be looked at since the calendar last changed."""
    work_calendar()
    return _behind(calendar_revision()).count()


def foreseen(
    start: datetime, end: datetime, *, change: Callable[[WorkCalendar], WorkCalendar], at: datetime
) -> tuple[int, bool]:
    """How many running clocks would move, and whether there are more than told.

    `change` is what would be done to each calendar; between start and end lies what it touches.
    """
    running = _running().filter(due_at__gt=at, own_due_at__gt=start, reckoned_from__lt=end)
    rows = list(running.order_by("pk")[: FORESEEN_MOST + 1])
    changed: dict[str, WorkCalendar] = {}
    count = 0
    for timer in rows[:FORESEEN_MOST]:
        calendar = work_calendar(timer.unit_code)
        if timer.unit_code not in changed:
            changed[timer.unit_code] = change(calendar)
        count += _moved(timer, timer.own_due_at, calendar, changed[timer.unit_code]) != timer.own_due_at
    return count, len(rows) > FORESEEN_MOST


def _running() -> QuerySet[Timer]:
    return Timer.objects.filter(stopped_at__isnull=True, paused_at__isnull=True, limit__contains="w")


def _behind(revision: int) -> QuerySet[Timer]:
    """Running clocks in working time that an older edition reckoned; walks the index timer_reckoned."""
    return _running().filter(calendar_revision__lt=revision)


def _changes(revision: int) -> list[_Change]:
    """Every edition up to this one, in order. There are few: people make them."""
    rows = list(
        CalendarEdition.objects.filter(revision__lte=revision)
        .order_by("revision")
        .values_list("revision", "made_at", "cause")
    )
    return [_Change(before[0], number, made_at, cause) for before, (number, made_at, cause) in pairwise(rows)]


def _cause(changes: Sequence[_Change], *, since: int) -> str:
    """Why the calendar changed since then: a stop says most, then hours, then days."""
    causes = {change.cause for change in changes if change.revision > since}
    order = (CalendarEdition.Cause.STOPPAGE, CalendarEdition.Cause.HOURS, CalendarEdition.Cause.DAYS)
    return next((str(cause) for cause in order if cause in causes), "")


def _is_touched(timer: Timer, changes: Sequence[_Change]) -> bool:
    """May a change move this clock? Asked without any lock; moving its case asks again."""
    # Where an outside deadline rules in place of ours, the row itself tells it.
    outside = timer.due_at if timer.due_at < timer.own_due_at else None
    try:
        return _reckoned(timer, changes, outside) != timer.own_due_at
    except ValueError:
        return True  # unreadable: moving its case says so, and stops only itself


def _reckoned(timer: Timer, changes: Sequence[_Change], outside: datetime | None) -> datetime:
    """Our due time after every change since the clock was reckoned, each at the instant it was made.

    A clock that had run out by then stays as it is; and no change makes one late in retrospect.
    """
    own_due_at = timer.own_due_at
    for change in changes:
        if change.revision <= timer.calendar_revision:
            continue
        if min(own_due_at, outside or own_due_at) <= change.made_at:
            break
        later = _moved(
            timer,
            own_due_at,
            calendar_at(change.before, timer.unit_code),
            calendar_at(change.revision, timer.unit_code),
        )
        own_due_at = later if later > change.made_at else own_due_at
    return own_due_at


def _moved(timer: Timer, own_due_at: datetime, old: WorkCalendar, new: WorkCalendar) -> datetime:
    if old is new:
        return own_due_at
    try:
        return moved(own_due_at, since=timer.reckoned_from, limit=Limit.parse(timer.limit), old=old, new=new)
    except OutsideCalendar:
        return own_due_at  # beyond the years that anybody has laid out: it stays


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


def _try(incident_id: int, *, at: datetime) -> int:
    """Move one case's clocks, the case locked before its clocks; answers how many were behind."""
    try:
        with transaction.atomic(durable=True):
            incident = (
                Incident.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
                .filter(pk=incident_id)
                .first()
            )
            if incident is None:
                return 0  # somebody is acting on it, and moves its clocks first
            timers.lock_open([incident])
            return follow_calendar(incident, at=at)
    except Exception:  # whatever it is, the other cases go on; this one is tried again
        log.exception("the clocks of case %s were not moved to the newest calendar", incident_id)
        return 0


def _follow(timer: Timer, changes: Sequence[_Change], *, at: datetime) -> bool:
    """Reckon one locked clock anew; did the time change at which it is due?"""
    has_run_out = FiredStage.objects.filter(timer=timer, run=timer.run, due_at__gte=timer.due_at)
    outside = outside_deadline(timer.incident) if timer.kind == Timer.Kind.HANDLING else None
    own_due_at = _reckoned(timer, changes, outside)
    if own_due_at == timer.own_due_at or has_run_out.exists():
        return False
    # A deadline that upstream set too late to be kept was due at once: that stays.
    bounded = own_due_at if outside is None else max(min(own_due_at, outside), timer.due_at)
    due_at = min(own_due_at, bounded)
    reckoned_from, has_moved = timer.reckoned_from, due_at != timer.due_at
    reckoned_by = timer.calendar_revision
    if has_moved:
        # Warnings that were due when the calendar was changed stand, though nobody has told them yet.
        changed_at = min(change.made_at for change in changes if change.revision > reckoned_by)
        missed = [stage for stage in timers.not_fired(timer) if stage.at <= changed_at]
        timers.restart(timer, due_at=due_at, at=at, missed=missed)
    # Still reckoned from where it was, so that the next change counts from there again.
    timer.own_due_at, timer.reckoned_from = own_due_at, reckoned_from
    timer.save(update_fields=["own_due_at", "reckoned_from"])
    timer.calendar_revision = reckoned_by  # stamped by the caller, with the others
    if has_moved and timer.kind == Timer.Kind.SUPERVISION:
        open_orders = Supervision.objects.filter(incident=timer.incident, ended_at__isnull=True)
        open_orders.update(answer_by=due_at)  # the order repeats its clock
    return has_moved


def _tell(
    incident: Incident, lines: list[dict[str, object]], cause: str, revision: int, *, at: datetime
) -> None:
    """One line on the timeline, led by the clock that rules; the unit is told where that is its own."""
    timers.rule(incident)
    incident.version += 1
    incident.save()
    lines.sort(key=lambda line: line["clock"] != incident.clock_kind)
    ruling = lines[0]
    timeline.record(
        timeline.Kind.CALENDAR_MOVED,
        incident_id=incident.pk,
        at=at,
        actor=SYSTEM,
        cause=cause,
        revision=revision,
        clocks=lines,
        **ruling,
    )
    CalendarEdition.objects.filter(pk=revision).update(moved=F("moved") + 1)
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
