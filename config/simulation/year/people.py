"""Desks and units: who works when, on what next. Times are exact, and nobody does two things at once."""

import heapq
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from config.simulation.year.assumptions import Assumptions
from dispatch.calendar import WorkCalendar

_ZONE = 8 * 3600  # seconds that the district is ahead of UTC, all year
_DAY = 86_400
_HOUR = 3_600


class Agenda:
    """What happens when; two things at one instant happen in the order in which they were planned."""

    def __init__(self) -> None:
        self._queue: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()

    def add(self, at: datetime, act: Callable[[datetime], None]) -> None:
        """Do it at that instant; it is told which."""
        heapq.heappush(self._queue, (at, next(self._order), act))

    def run(self, until: datetime) -> None:
        """Everything up to an instant; what is planned for later stays undone."""
        while self._queue and self._queue[0][0] <= until:
            at, _order, act = heapq.heappop(self._queue)
            act(at)


@dataclass(slots=True)
class Shift:
    """Some people from one hour of the day to another, every day (24 and more is the next day)."""

    opens: int
    closes: int
    people: int
    free_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.free_at = [0.0] * self.people

    def holds(self, at: float) -> bool:
        hour = (at + _ZONE) % _DAY / _HOUR
        return self.opens <= hour < self.closes or hour + 24 < self.closes

    def next_opening(self, at: float) -> float:
        """The first opening that is not before `at`."""
        day = (at + _ZONE) // _DAY * _DAY
        opening = day + self.opens * _HOUR - _ZONE
        return opening if opening >= at else opening + _DAY


class Desk:
    """A counter at full size: first come, first served; urgent matters are taken at once.

    One case in `one_in` is lived; the others of them come as well, only to stand in the line.
    """

    def __init__(
        self, shifts: Iterable[Shift], *, one_in: int, dice: random.Random, assumed: Assumptions
    ) -> None:
        self._shifts, self._one_in, self._dice = tuple(shifts), one_in, dice
        self._spread = assumed.desk_spread
        # Those whom a case stands for come within so much of it: nearer, they would come as a crowd.
        self._near = assumed.crowd_hours * _HOUR
        self._shadows: list[tuple[float, float]] = []

    def expect(self, arrivals: Iterable[tuple[float, float]]) -> None:
        """Others that will come, by (instant, seconds of work)."""
        self._shadows.extend(arrivals)
        heapq.heapify(self._shadows)

    def enter(
        self, at: datetime, minutes: float, *, urgent: bool = False, alone: bool = False
    ) -> tuple[datetime, datetime]:
        """When it is begun and ended. Entered in order of time; `alone` where the others are expected."""
        now = at.timestamp()
        while self._shadows and self._shadows[0][0] <= now:
            self._serve(*heapq.heappop(self._shadows))
        seconds = minutes * 60 * self._dice.lognormvariate(-(self._spread**2) / 2, self._spread)
        if not alone:
            for _other in range(self._one_in - 1):
                heapq.heappush(self._shadows, (now + self._dice.random() * self._near, seconds))
        if urgent:
            return at, at + timedelta(seconds=seconds)
        began = self._serve(now, seconds)
        return _instant(began), _instant(began + seconds)

    def _serve(self, at: float, seconds: float) -> float:
        when = at
        while True:
            shift = next((one for one in self._shifts if one.holds(when)), None)
            if shift is None:
                when = min(one.next_opening(when) for one in self._shifts)
                continue
            began = max(when, shift.free_at[0])
            if shift.holds(began) and began - when < _DAY / 2:
                heapq.heapreplace(shift.free_at, began + seconds)
                return began
            # Nobody of this shift gets to it: it lies there for the next.
            when = min(opening for one in self._shifts if (opening := one.next_opening(when + 1)) > when)


@dataclass(slots=True)
class Job:
    """Some hours of one person; `rank` says what goes first, the lowest."""

    hours: float
    rank: tuple[float, ...]
    begun: Callable[[datetime], None]
    done: Callable[[datetime], None]
    entry: int = -1  # where it stands in the line; -1 when it has begun


class Unit:
    """Some hands with office hours. Whoever is free takes what ranks first and works at it to its end."""

    def __init__(self, agenda: Agenda, calendar: WorkCalendar, hands: int) -> None:
        self._agenda, self._calendar, self._free = agenda, calendar, hands
        self._line: list[tuple[tuple[float, ...], int, Job]] = []
        self._order = count()
        self._opening: datetime | None = None
        self.worked = 0.0  # hours

    def enter(self, at: datetime, job: Job) -> None:
        """Put it in the line."""
        job.entry = next(self._order)
        heapq.heappush(self._line, (job.rank, job.entry, job))
        self._serve(at)

    def hasten(self, at: datetime, job: Job, rank: tuple[float, ...]) -> None:
        """Let a job that waits go before others."""
        if job.entry >= 0 and rank < job.rank:
            job.rank = rank
            self.enter(at, job)

    def _serve(self, at: datetime) -> None:
        if not self._calendar.is_working(at):
            opening = self._calendar.add_working(at, timedelta(microseconds=1))
            if self._line and self._opening != opening:
                self._opening = opening
                self._agenda.add(opening, self._serve)
            return
        while self._free and self._line:
            _rank, entry, job = heapq.heappop(self._line)
            if entry != job.entry:
                continue  # it was hastened
            self._begin(at, job)

    def _begin(self, at: datetime, job: Job) -> None:
        job.entry = -1
        self._free -= 1
        self.worked += job.hours
        job.begun(at)

        def ended(end: datetime) -> None:
            self._free += 1
            job.done(end)
            self._serve(end)

        self._agenda.add(self._calendar.add_working(at, timedelta(hours=job.hours)), ended)


def in_hours(at: datetime, hours: float, *, opens: int, closes: int) -> datetime:
    """So many hours later by a counter that is open from one hour to another on every day."""
    left, now = hours * _HOUR, at.timestamp()
    while True:
        second = (now + _ZONE) % _DAY
        if second < opens * _HOUR:
            now += opens * _HOUR - second
        elif second >= closes * _HOUR:
            now += _DAY - second + opens * _HOUR
        else:
            room = closes * _HOUR - second
            if left <= room:
                return _instant(now + left)
            left -= room
            now += _DAY - second + opens * _HOUR


def at_work(at: datetime, calendar: WorkCalendar) -> datetime:
    """That instant, or the next opening."""
    return at if calendar.is_working(at) else calendar.add_working(at, timedelta(microseconds=1))


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def quantile(ordered: list[float], share: float) -> float:
    """A value of an ordered list, none of which lies between two."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def share_within(ordered: list[float], most: float) -> float:
    """Of an ordered list, the share that is no more."""
    return bisect_right(ordered, most) / len(ordered)
