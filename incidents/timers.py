"""Starting, stopping, pausing and restarting clocks. The caller holds the case's lock; `at` comes in.

A clock is one Timer row; its next stage waits in PendingStage, which the sweep empties. The case's
own `due_at` repeats the due time of the clock that matters now, so that lists need no join.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Greatest

from dispatch.calendar import WorkCalendar
from dispatch.deadlines import Limit, after_pause, due
from dispatch.edition import calendar_at, calendar_revision, work_calendar
from incidents import outcomes
from incidents.clock_rules import Rule, rule_for
from incidents.models import Assignment, FiredStage, Incident, Outcome, Pause, PendingStage, Timer
from incidents.models.incident import Status
from incidents.models.making import made
from incidents.stages import Stage, plan_stages, still_ahead, warning_share

# How a first-contact clock stops where somebody did what it asks for.
_CONTACTED = frozenset({"met", "tried"})
# Which clock a case in this state is judged by.
_RULING: dict[str, tuple[str, ...]] = {
    Status.TRIAGE: (Timer.Kind.DISPATCH, Timer.Kind.ADJUDICATION),
    Status.DISPATCHED: (Timer.Kind.ACCEPTANCE, Timer.Kind.HANDLING),
    Status.HANDLING: (Timer.Kind.HANDLING,),
    Status.RESOLVED: (Timer.Kind.VERIFICATION, Timer.Kind.UPSTREAM),
}


# The pending stages of open clocks; those that a sweep holds are counted all the same.
_PENDING = """
    FROM incidents_pendingstage p JOIN incidents_timer t ON t.id = p.timer_id
    WHERE t.incident_id = ANY (%(cases)s)
"""
_HOLD_PENDING = f"""
WITH held AS (SELECT p.id {_PENDING} FOR UPDATE OF p SKIP LOCKED)
SELECT (SELECT count(*) FROM held), (SELECT count(*) {_PENDING})
"""
_AWAIT_PENDING = f"SELECT p.id {_PENDING} ORDER BY p.id FOR UPDATE OF p"


@dataclass(frozen=True, slots=True)
class Start:
    """A clock to be started on one case."""

    incident: Incident
    kind: str
    limit: Limit
    at: datetime
    assignment: Assignment | None = None
    run: int = 1
    # An outside deadline, where one is earlier than our own.
    no_later_than: datetime | None = None
    # Whose working hours count, and who is warned; empty for the district's.
    unit_code: str = ""


def plan(start: Start) -> Timer:
    """An unsaved clock, already shown on its case where it rules; `save_planned` writes it."""
    timer = _timer(start)
    if timer.kind == _RULING.get(start.incident.status, ("",))[0]:
        show_on_case(start.incident, timer)
    return timer


def save_planned(timers: Sequence[Timer]) -> None:
    """Write planned clocks and their first stages, in two statements however many there are."""
    Timer.objects.bulk_create(timers)
    PendingStage.objects.bulk_create(_pending(timer) for timer in timers if timer.stage_names)


def start(
    incident: Incident,
    kind: str,
    limit: Limit,
    *,
    at: datetime,
    assignment: Assignment | None = None,
    no_later_than: datetime | None = None,
    unit_code: str = "",
) -> Timer:
    """Start one clock, as the next run of its kind on this case, and show it where it rules."""
    run = _next_run(incident, kind)
    timer = plan(Start(incident, kind, limit, at, assignment, run, no_later_than, unit_code))
    save_planned([timer])
    return timer


def resume_last(incident: Incident, kind: str, *, at: datetime) -> Timer:
    """Take the last clock of this kind up again as if it had never stopped: same start, same due time.

    Used when a resolution did not stand. Warnings that passed are not repeated; a breach that fell due
    while the clock was stopped fires at once.
    """
    return resume(Timer.objects.filter(incident=incident, kind=kind).latest("pk"), at=at)


def resume_rested(
    incident: Incident, kind: str, *, at: datetime, no_later_than: datetime | None = None
) -> Timer:
    """Take the last clock of this kind up again with what it had left when it was stopped: it rested."""
    last = Timer.objects.filter(incident=incident, kind=kind).latest("pk")
    assert last.stopped_at is not None
    timer = resume(last, at=last.stopped_at)
    pause(timer, at=last.stopped_at)
    unpause(timer, at=at, no_later_than=no_later_than)
    return timer


def resume(last: Timer, *, at: datetime) -> Timer:
    """A stopped clock's next run, with its start and its due time.

    What it had still before it goes on from there: nothing is planned anew, so nothing can come twice.
    """
    left = not_fired(last)
    assignment_id, unit_code = _whose(last)
    timer = Timer(
        incident=last.incident,
        assignment_id=assignment_id,
        kind=last.kind,
        run=_next_run(last.incident, last.kind),
        limit=last.limit,
        unit_code=unit_code,
        started_at=last.started_at,
        due_at=last.due_at,
        own_due_at=last.own_due_at,
        reckoned_from=last.reckoned_from,
        calendar_revision=last.calendar_revision,
        paused_seconds=last.paused_seconds,
    )
    _lay_out(timer, still_ahead(left, at=at))
    save_planned([timer])
    return timer


def _whose(last: Timer) -> tuple[int | None, str]:
    """The sending and the unit that a stopped clock goes on for: its own, or the one that took over from a
    unit that was merged meanwhile."""
    was = last.assignment
    if was is not None and was.end_reason == Assignment.End.SUCCEEDED and last.unit_code == was.unit_id:
        lead = Assignment.objects.filter(incident=last.incident, role=was.role, ended_at__isnull=True).first()
        if lead is not None:
            return lead.pk, lead.unit_id
    return last.assignment_id, last.unit_code


def not_fired(timer: Timer) -> list[Stage]:
    """What a clock's run has still before it."""
    fired = FiredStage.objects.filter(timer=timer, run=timer.run).count()
    left = zip(timer.stage_names[fired:], timer.stage_times[fired:], strict=True)
    return [Stage(name, when) for name, when in left]


def firing(timer: Timer, stage: str) -> FiredStage:
    """When the rule wanted this stage of a clock's run, and when it was really taken up."""
    return FiredStage.objects.filter(timer=timer, stage=stage, run=timer.run).latest("pk")


def lock_open(incidents: Iterable[Incident]) -> None:
    """Keep the sweeps off the clocks of locked cases until the caller commits.

    A sweep holds the pending stages that it fires, and nothing else, so holding those keeps it away. One
    that is at work on them ends first; what it queued next is then held as well.
    """
    cases = [incident.pk for incident in incidents]
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_HOLD_PENDING, {"cases": cases})
            held, there = cursor.fetchone()
            if held == there:
                return
            cursor.execute(_AWAIT_PENDING, {"cases": cases})


def open_clock(incident: Incident, kind: str) -> Timer | None:
    """The clock of this kind that is open on a locked case, running or paused."""
    return (
        Timer.objects.select_for_update(of=("self",))
        .filter(incident=incident, kind=kind, stopped_at__isnull=True)
        .first()
    )


def stop(
    incident: Incident,
    kinds: Iterable[str],
    *,
    at: datetime,
    reason: str,
    assignments: Iterable[Assignment] | None = None,
) -> None:
    """Stop the open clocks of these kinds for good; none of their stages fires any more.

    Only those of `assignments`, where they are named. `at` may lie before a clock that began late (when
    somebody was told, after the instant that the rule names): such a one stops as it begins.
    """
    found = Timer.objects.select_for_update().filter(
        incident=incident, kind__in=list(kinds), stopped_at__isnull=True
    )
    if assignments is not None:
        found = found.filter(assignment__in=list(assignments))
    open_timers = list(found.order_by("pk"))
    for timer in open_timers:
        # Too late is counted by the sweep, at the due time itself.
        if timer.kind == Timer.Kind.FIRST_CONTACT and reason in _CONTACTED and at <= timer.due_at:
            _count_as_contacted(incident, timer, at=at)
    PendingStage.objects.filter(timer__in=open_timers).delete()
    Timer.objects.filter(pk__in=[timer.pk for timer in open_timers]).update(
        stopped_at=Greatest(Value(at), F("started_at")), stop_reason=reason
    )


def _count_as_contacted(incident: Incident, timer: Timer, *, at: datetime) -> None:
    """Once: where the sweep had noted that nobody called, before the call was typed in, that was wrong."""
    missed = (
        outcomes.standing(incident, Outcome.Kind.CONTACTED).filter(on_time=False, at=timer.due_at).first()
    )
    if missed is not None:
        outcomes.correct(missed, at=at, on_time=True)
    else:
        outcomes.append(
            Outcome.Kind.CONTACTED, incident, at=at, unit_code=timer.unit_code or None, on_time=True
        )


def stop_all(incident: Incident, *, at: datetime, reason: str) -> None:
    """Stop every open clock of the case."""
    stop(incident, Timer.Kind.values, at=at, reason=reason)


def restart(
    timer: Timer,
    *,
    due_at: datetime,
    at: datetime,
    own_due_at: datetime | None = None,
    missed: Sequence[Stage] = (),
) -> None:
    """Give a running clock another due time: a new run, with warnings of its own.

    `own_due_at` where ours changes too; without it only what upstream asks for has changed. `missed` is
    what was due before, and has still to be told.
    """
    PendingStage.objects.filter(timer=timer).delete()
    timer.run += 1
    timer.due_at = due_at
    if own_due_at is not None:
        timer.own_due_at, timer.reckoned_from = own_due_at, at
        timer.calendar_revision = calendar_revision()
    ahead = _planned_anew(timer, at=at)
    told = {stage.name for stage in missed}  # each once in a run
    _lay_out(timer, [*missed, *(stage for stage in ahead if stage.name not in told)])
    timer.save(
        update_fields=[
            "run",
            "due_at",
            "own_due_at",
            "reckoned_from",
            "calendar_revision",
            "stage_names",
            "stage_times",
        ]
    )
    if timer.stage_names:
        _pending(timer).save(force_insert=True)


def pause(timer: Timer, *, at: datetime) -> None:
    """Let a running clock stand still from `at` on: none of its stages fires until it goes on."""
    PendingStage.objects.filter(timer=timer).delete()
    timer.paused_at = at
    timer.save(update_fields=["paused_at"])


def unpause(timer: Timer, *, at: datetime, no_later_than: datetime | None = None) -> None:
    """Let a paused clock go on with what it had left: the same run, its stages later by the pause.

    One that had run out before the pause stays due when it was; those above the unit hear of it later.
    """
    assert timer.paused_at is not None
    paused_at, was_due_at = timer.paused_at, timer.due_at
    later = _delay(timer, at=at)
    if was_due_at > paused_at:
        timer.own_due_at = later(timer.own_due_at)
        timer.due_at = _bounded(timer.own_due_at, no_later_than, at)
    timer.paused_seconds += round((at - paused_at).total_seconds())
    timer.paused_at, timer.reckoned_from, timer.calendar_revision = None, at, calendar_revision()

    def shifted(was: datetime) -> datetime:
        if was_due_at <= paused_at:
            return was + (at - paused_at)
        if was < was_due_at:
            return min(later(was), timer.due_at)
        # At the due time and after it: upstream may have set another deadline meanwhile.
        return timer.due_at + (later(was) - later(was_due_at))

    # A resumption does not raise the run: what fired before the pause stays at its place.
    fired = FiredStage.objects.filter(timer=timer, run=timer.run).count()
    timer.stage_times = [*timer.stage_times[:fired], *map(shifted, timer.stage_times[fired:])]
    timer.save()
    if fired < len(timer.stage_names):
        _pending(timer, position=fired + 1).save(force_insert=True)


def _delay(timer: Timer, *, at: datetime) -> Callable[[datetime], datetime]:
    """How instants of a paused clock are put off by its pause, which ends at `at`.

    What was left when it stopped was left under the calendar of then: a stop that was declared during
    the pause takes nothing of it.
    """
    assert timer.paused_at is not None
    limit, paused_at = Limit.parse(timer.limit), timer.paused_at
    now, then = work_calendar(timer.unit_code), calendar_at(timer.calendar_revision, timer.unit_code)
    return lambda instant: after_pause(instant, paused_at, at, limit, now, then)


def bind(timer: Timer, *, outside_due_at: datetime | None, at: datetime) -> bool:
    """Let an outside deadline rule a running clock where it is earlier than ours; did the due time move?

    A paused clock is bound when it goes on.
    """
    due_at = _bounded(timer.own_due_at, outside_due_at, at)
    if timer.paused_at is not None or due_at == timer.due_at:
        return False
    restart(timer, due_at=due_at, at=at)
    return True


def rule(incident: Incident) -> None:
    """Set the case's ruling clock from its open timers, after its state has changed."""
    open_timers = {
        timer.kind: timer for timer in Timer.objects.filter(incident=incident, stopped_at__isnull=True)
    }
    for kind in _RULING.get(incident.status, ()):
        if kind in open_timers:
            show_on_case(incident, open_timers[kind])
            return
    incident.due_at = incident.clock_started_at = None
    incident.clock_kind = ""


def _next_run(incident: Incident, kind: str) -> int:
    last = Timer.objects.filter(incident=incident, kind=kind).order_by("pk").last()
    return last.run + 1 if last else 1


def show_on_case(incident: Incident, timer: Timer) -> None:
    """Repeat a timer on its (unsaved) case."""
    incident.due_at = timer.due_at
    incident.clock_kind = timer.kind
    incident.clock_started_at = timer.started_at


def _timer(start: Start) -> Timer:
    course = _course(start)
    return made(
        Timer,
        incident=start.incident,
        assignment=start.assignment,
        kind=start.kind,
        run=start.run,
        limit=str(start.limit),
        unit_code=start.unit_code,
        started_at=start.at,
        due_at=course.due_at,
        own_due_at=course.own_due_at,
        reckoned_from=start.at,
        calendar_revision=calendar_revision(),
        # Shared by all clocks of this course, and never changed in place.
        stage_names=course.stage_names,
        stage_times=course.stage_times,
    )


@dataclass(frozen=True, slots=True)
class _Course:
    """When a clock is due, and what it does on the way."""

    calendar: WorkCalendar
    rule: Rule
    due_at: datetime
    own_due_at: datetime
    stage_names: list[str]
    stage_times: list[datetime]


# A batch starts the same few clocks at one instant a thousand times.
_courses: dict[tuple[object, ...], _Course] = {}
_COURSES_KEPT = 512


def _course(start: Start) -> _Course:
    calendar, urgency = work_calendar(start.unit_code), start.incident.urgency
    rule = rule_for(start.kind, urgency)
    key = (id(calendar), start.kind, urgency, start.limit, start.at, start.no_later_than)
    found = _courses.get(key)
    if found is None or found.calendar is not calendar or not (found.rule is rule or found.rule == rule):
        own_due_at = due(start.at, start.limit, calendar)
        due_at = _bounded(own_due_at, start.no_later_than, start.at)
        stages = plan_stages(
            start.kind,
            urgency=urgency,
            limit=start.limit,
            started_at=start.at,
            due_at=due_at,
            calendar=calendar,
            rule=rule,
        )
        if len(_courses) >= _COURSES_KEPT:
            _courses.clear()
        names, times = [stage.name for stage in stages], [stage.at for stage in stages]
        found = _courses[key] = _Course(calendar, rule, due_at, own_due_at, names, times)
    return found


def _bounded(own_due_at: datetime, outside_due_at: datetime | None, at: datetime) -> datetime:
    """The earlier deadline rules. One that has passed already is due at once, not before now."""
    if outside_due_at is None or own_due_at <= outside_due_at:
        return own_due_at
    return max(outside_due_at, at)


def _planned(timer: Timer, *, counted_from: datetime | None = None) -> list[Stage]:
    """The stages of a clock as it stands; `counted_from` where its shares do not count from its start."""
    return plan_stages(
        timer.kind,
        urgency=timer.incident.urgency,
        limit=Limit.parse(timer.limit),
        started_at=counted_from or timer.started_at,
        due_at=timer.due_at,
        calendar=work_calendar(timer.unit_code),
    )


def _planned_anew(timer: Timer, *, at: datetime) -> list[Stage]:
    """The stages of a clock that has another due time since `at`: those still ahead.

    Where every share of the whole has passed, the shares of what has been added are told instead: a new
    due time never comes without a warning.
    """
    ahead = still_ahead(_planned(timer, counted_from=_running_start(timer)), at=at)
    if timer.due_at > at and not any(warning_share(stage.name) for stage in ahead):
        warnings = [stage for stage in _planned(timer, counted_from=at) if warning_share(stage.name)]
        ahead = warnings + ahead
    return ahead


def _running_start(timer: Timer) -> datetime:
    """When the clock would have started, had it never stood still."""
    calendar, limit, start = work_calendar(timer.unit_code), Limit.parse(timer.limit), timer.started_at
    pauses = Pause.objects.filter(
        incident=timer.incident_id, timer__kind=timer.kind, timer__started_at=start, ended_at__isnull=False
    )
    for began_at, ended_at in pauses.values_list("began_at", "ended_at"):
        assert ended_at is not None
        if limit.is_working:
            start = calendar.add_working(start, calendar.working_time(began_at, ended_at))
        else:
            start += ended_at - began_at
    return min(start, timer.due_at)


def _lay_out(timer: Timer, stages: Sequence[Stage]) -> None:
    """Freeze a plan into a clock's run."""
    timer.stage_names = [stage.name for stage in stages]
    timer.stage_times = [stage.at for stage in stages]


def _pending(timer: Timer, *, position: int = 1) -> PendingStage:
    return made(
        PendingStage,
        timer=timer,
        incident_id=timer.incident_id,
        run=timer.run,
        position=position,
        fire_at=timer.stage_times[position - 1],
    )
