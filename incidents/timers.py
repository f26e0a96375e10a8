"""Starting, stopping and restarting clocks. The caller holds the case's lock; `at` comes in.

A clock is one Timer row; its next stage waits in PendingStage, which the sweep empties. The case's
own `due_at` repeats the due time of the clock that matters now, so that lists need no join.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.deadlines import Limit, due, reached
from dispatch.edition import work_calendar
from incidents.models import Assignment, Incident, PendingStage, Timer
from incidents.models.incident import Status

# The stages of each clock: a name and the share of the limit at which it fires.
STAGES: dict[str, tuple[tuple[str, float], ...]] = {
    Timer.Kind.DISPATCH: (("warn_50", 0.5), ("warn_80", 0.8), ("breach", 1.0)),
    Timer.Kind.ACCEPTANCE: (("warn_50", 0.5), ("deemed", 1.0)),
    Timer.Kind.HANDLING: (("warn_50", 0.5), ("warn_80", 0.8), ("breach", 1.0)),
    Timer.Kind.VERIFICATION: (("warn_80", 0.8), ("breach", 1.0)),
    Timer.Kind.PARKED: (("wake", 1.0),),
}
# Stages that act on the case instead of telling somebody.
ACTING_STAGES = frozenset({"deemed", "wake"})

# Which clock a case in this state is judged by.
_RULING: dict[str, tuple[str, ...]] = {
    Status.TRIAGE: (Timer.Kind.DISPATCH,),
    Status.DISPATCHED: (Timer.Kind.ACCEPTANCE, Timer.Kind.HANDLING),
    Status.HANDLING: (Timer.Kind.HANDLING,),
    Status.RESOLVED: (Timer.Kind.VERIFICATION,),
}


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


def plan(start: Start) -> Timer:
    """An unsaved clock, already shown on its case where it rules; `save_planned` writes it."""
    timer = _timer(start)
    if timer.kind == _RULING.get(start.incident.status, ("",))[0]:
        show_on_case(start.incident, timer)
    return timer


def save_planned(timers: Sequence[Timer]) -> None:
    """Write planned clocks and their first stages, in two statements however many there are."""
    Timer.objects.bulk_create(timers)
    PendingStage.objects.bulk_create(_first_pending(timer) for timer in timers)


def start(
    incident: Incident,
    kind: str,
    limit: Limit,
    *,
    at: datetime,
    assignment: Assignment | None = None,
    no_later_than: datetime | None = None,
) -> Timer:
    """Start one clock, as the next run of its kind on this case, and show it where it rules."""
    run = _next_run(incident, kind)
    timer = plan(Start(incident, kind, limit, at, assignment, run, no_later_than))
    save_planned([timer])
    return timer


def resume_last(incident: Incident, kind: str, *, at: datetime) -> Timer:
    """Take the last clock of this kind up again as if it had never stopped: same start, same due time.

    Used when a resolution did not stand. Stages that passed are not repeated; one that fell due while
    the clock was stopped fires at once.
    """
    return resume(Timer.objects.filter(incident=incident, kind=kind).latest("pk"), at=at)


def resume(last: Timer, *, at: datetime) -> Timer:
    """A stopped clock's next run, with its start and its due time."""
    breached = last.fired.filter(stage="breach", run=last.run).exists()
    names, times = _stages(last.kind, Limit.parse(last.limit), last.started_at, last.due_at, after=at)
    timer = Timer(
        incident=last.incident,
        assignment_id=last.assignment_id,
        kind=last.kind,
        run=_next_run(last.incident, last.kind),
        limit=last.limit,
        started_at=last.started_at,
        due_at=last.due_at,
        own_due_at=last.own_due_at,
        reckoned_from=last.reckoned_from,
        stage_names=[] if breached else names,
        stage_times=[] if breached else times,
    )
    timer.save(force_insert=True)
    if timer.stage_names:
        _first_pending(timer).save(force_insert=True)
    return timer


def lock_open(incidents: Iterable[Incident]) -> None:
    """Lock the open clocks of locked cases, in id order: after the cases, as everywhere."""
    open_timers = Timer.objects.filter(
        incident__in=[incident.pk for incident in incidents], stopped_at__isnull=True
    )
    list(open_timers.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def stop(incident: Incident, kinds: Iterable[str], *, at: datetime, reason: str) -> None:
    """Stop the open clocks of these kinds for good; none of their stages fires any more."""
    open_timers = list(
        Timer.objects.select_for_update()
        .filter(incident=incident, kind__in=list(kinds), stopped_at__isnull=True)
        .order_by("pk")
    )
    # Locked first: a sweep at work on one of them has by now queued its next stage.
    PendingStage.objects.filter(timer__in=open_timers).delete()
    Timer.objects.filter(pk__in=[timer.pk for timer in open_timers]).update(stopped_at=at, stop_reason=reason)


def stop_all(incident: Incident, *, at: datetime, reason: str) -> None:
    """Stop every open clock of the case."""
    stop(incident, Timer.Kind.values, at=at, reason=reason)


def restart(timer: Timer, *, due_at: datetime, at: datetime) -> None:
    """Give a running clock another due time: a new run, with warnings of its own."""
    PendingStage.objects.filter(timer=timer).delete()
    timer.run += 1
    timer.due_at = due_at
    timer.stage_names, timer.stage_times = _stages(
        timer.kind, Limit.parse(timer.limit), timer.started_at, due_at, after=at
    )
    timer.save(update_fields=["run", "due_at", "stage_names", "stage_times"])
    if timer.stage_names:
        _first_pending(timer).save(force_insert=True)


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
    own_due_at = due_at = due(start.at, start.limit, work_calendar())
    if start.no_later_than:
        # An outside deadline that has passed already is due at once, not before it began.
        due_at = max(min(due_at, start.no_later_than), start.at)
    names, times = _stages(start.kind, start.limit, start.at, due_at)
    return Timer(
        incident=start.incident,
        assignment=start.assignment,
        kind=start.kind,
        run=start.run,
        limit=str(start.limit),
        started_at=start.at,
        due_at=due_at,
        own_due_at=own_due_at,
        reckoned_from=start.at,
        stage_names=names,
        stage_times=times,
    )


def _stages(
    kind: str, limit: Limit, started_at: datetime, due_at: datetime, *, after: datetime | None = None
) -> tuple[list[str], list[datetime]]:
    """Names and instants of a run's stages; of a later run, only those still ahead, and the due one."""
    calendar = work_calendar()
    planned = [
        (name, due_at if share == 1.0 else reached(started_at, due_at, share, limit, calendar))
        for name, share in STAGES[kind]
    ]
    kept = [
        (name, fire_at) for name, fire_at in planned if after is None or fire_at > after or fire_at == due_at
    ]
    return [name for name, _fire_at in kept], [fire_at for _name, fire_at in kept]


def _first_pending(timer: Timer) -> PendingStage:
    return PendingStage(
        timer=timer,
        incident_id=timer.incident_id,
        run=timer.run,
        position=1,
        fire_at=timer.stage_times[0],
    )
