"""A case's clocks as facts to be told: due when, what each has told, what is ahead, where it stood still.

Read only, and nothing is settled here: a stage that is due but not yet swept is still ahead.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.utils import timezone

from dispatch.calendar import WorkCalendar
from dispatch.deadlines import Limit, after_pause
from dispatch.edition import Edition, calendar_at, recent_edition, work_calendar
from dispatch.models import CalendarYear
from incidents.models import CaseRequest, FiredStage, Incident, LateEntry, Pause, PhoneCall, Timer
from incidents.outside import outside_deadline
from incidents.stages import Stage, warning_share


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock: the last of its kind on the case, or an earlier one."""

    timer: Timer
    outside_due_at: datetime | None
    fired: Sequence[FiredStage]  # of this run, in their order
    fired_before: Sequence[FiredStage]  # of earlier runs of the same row: before an extension
    ahead: Sequence[Stage]  # of a paused clock: as they come if it goes on at its pause's end
    pauses: Sequence[Pause]  # oldest first, the open one last
    is_forecast: bool  # due in a year whose calendar is not confirmed, and counted in working time
    calendar_of: str  # code of the unit whose own hours count; empty for the district's

    @property
    def limit(self) -> Limit:
        return Limit.parse(self.timer.limit)

    @property
    def calendar(self) -> WorkCalendar:
        return work_calendar(self.timer.unit_code)

    @property
    def _calendar_then(self) -> WorkCalendar:
        """What the due time was reckoned by: a stop declared during a pause takes nothing of it."""
        return calendar_at(self.timer.calendar_revision, self.timer.unit_code)

    @property
    def is_open(self) -> bool:
        return self.timer.stopped_at is None

    @property
    def pause(self) -> Pause | None:
        """The pause in which it stands still now."""
        last = self.pauses[-1] if self.pauses else None
        return last if last is not None and last.ended_at is None else None

    @property
    def warnings_ahead(self) -> list[Stage]:
        return [stage for stage in self.ahead if warning_share(stage.name)]

    @property
    def goes_on_due_at(self) -> datetime:
        """When it is due: of a paused clock, if it goes on at its pause's end."""
        return self.later(self.timer.due_at)

    def left(self, at: datetime) -> timedelta:
        """Time left at `at`, in the limit's own time where that is working time; negative once overdue.

        Of a paused clock: what it has left when it goes on.
        """
        since = self.timer.paused_at or at
        due_at = self.timer.due_at
        if self.limit.is_working and since < due_at:
            calendar = self._calendar_then if self.timer.paused_at else self.calendar
            return calendar.working_time(since, due_at)
        return due_at - since

    def paused_for(self, at: datetime) -> timedelta:
        """How long it has stood still in all."""
        now = at - self.timer.paused_at if self.timer.paused_at and at > self.timer.paused_at else timedelta()
        return timedelta(seconds=self.timer.paused_seconds) + now

    def later(self, instant: datetime) -> datetime:
        """An instant of this clock's plan, moved by the pause in which it stands."""
        pause = self.pause
        if pause is None or self.timer.paused_at is None:
            return instant
        until = max(pause.until, self.timer.paused_at)
        return after_pause(
            instant, self.timer.paused_at, until, self.limit, self.calendar, self._calendar_then
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything about a case's times beside its state."""

    clocks: Mapping[str, Clock]  # by kind: the open one, or the last
    earlier: Mapping[str, Sequence[Timer]] = field(default_factory=dict)  # by kind, oldest first
    pauses: Sequence[Pause] = ()  # of all its clocks, oldest first
    requests: Sequence[CaseRequest] = ()  # all of them, with their words; oldest first
    late_entries: Sequence[LateEntry] = ()
    calls: Sequence[PhoneCall] = ()

    @property
    def waiting(self) -> list[CaseRequest]:
        """Requests that wait for an answer."""
        return [request for request in self.requests if request.answered_at is None]

    @property
    def late_waiting(self) -> list[LateEntry]:
        """Late entries that wait to be countersigned."""
        return [entry for entry in self.late_entries if entry.state == LateEntry.State.WAITING]


def read(incident: Incident) -> Standing:
    """The clocks of a case and what was said about its times; nine queries at most, however much there is."""
    rows: dict[str, list[Timer]] = defaultdict(list)
    # Those of supporting units stand with them.
    for timer in incident.timers.exclude(kind=Timer.Kind.SUPPORT).order_by("pk"):
        rows[timer.kind].append(timer)
    last = {kind: timers[-1] for kind, timers in rows.items()}
    fired: dict[int, list[FiredStage]] = defaultdict(list)
    read_already = {timer.pk: timer for timer in last.values()}
    for stage in FiredStage.objects.filter(timer__in=list(last.values())).order_by("pk"):
        stage.timer = read_already[stage.timer_id]
        fired[stage.timer_id].append(stage)
    paused = list(incident.pauses.select_related("question", "answer", "request__reason").order_by("pk"))
    pauses: dict[int, list[Pause]] = defaultdict(list)
    for pause in paused:
        pauses[pause.timer_id].append(pause)
    outside_due_at = outside_deadline(incident)
    sure = set(CalendarYear.objects.filter(confirmed=True).values_list("year", flat=True))
    now = recent_edition()
    return Standing(
        clocks={
            kind: _clock(timer, fired[timer.pk], pauses[timer.pk], outside_due_at, sure, now)
            for kind, timer in last.items()
        },
        earlier={kind: timers[:-1] for kind, timers in rows.items()},
        pauses=paused,
        requests=list(
            incident.requests.select_related(
                "reason", "answer_reason", "proposed_unit", "assignment__unit", "asked_by", "timer"
            ).order_by("pk")
        ),
        late_entries=list(incident.late_entries.select_related("unit", "entered_by").order_by("pk")),
        calls=list(incident.calls.select_related("by", "taken_by", "note").order_by("pk")),
    )


def _clock(
    timer: Timer,
    fired: Sequence[FiredStage],
    pauses: Sequence[Pause],
    outside_due_at: datetime | None,
    sure: set[int],
    now: Edition,
) -> Clock:
    this_run = [stage for stage in fired if stage.run == timer.run]
    # What a clock was taken up with leaves out what an earlier one of it has told.
    done = {stage.stage for stage in this_run}
    clock = Clock(
        timer=timer,
        outside_due_at=outside_due_at if timer.kind == Timer.Kind.HANDLING else None,
        fired=this_run,
        fired_before=[stage for stage in fired if stage.run != timer.run],
        ahead=(),
        pauses=pauses,
        is_forecast=Limit.parse(timer.limit).is_working and timezone.localtime(timer.due_at).year not in sure,
        calendar_of=now.calendars.owner_of(timer.unit_code, now.paths),
    )
    if timer.stopped_at is not None:
        return clock
    ahead = [
        Stage(name, clock.later(when))
        for name, when in zip(timer.stage_names, timer.stage_times, strict=True)
        if name not in done
    ]
    return replace(clock, ahead=ahead)
