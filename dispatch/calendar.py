"""Working time: how much of it lies between two instants, and where a stretch of it ends.

Pure and exact. Instants are aware, taken in any zone and given back in UTC; naive ones are refused.
The working hours are those of Shenzhen's public offices (09:00-12:00 and 14:00-18:00, Asia/Shanghai)
on Monday to Friday, corrected by the State Council's holidays and make-up working days.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE_HOURS = ((time(9), time(12)), (time(14), time(18)))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class OutsideCalendar(ValueError):
    """The instant lies outside the years that this calendar covers."""


def _ticks(at: datetime) -> int:
    """Microseconds since 1970: whole numbers, so that nothing is ever rounded."""
    if at.tzinfo is None:
        raise ValueError("the calendar takes aware datetimes only")
    return (at - EPOCH) // MICROSECOND


def _instant(ticks: int) -> datetime:
    return EPOCH + ticks * MICROSECOND


@dataclass(frozen=True)
class WorkCalendar:
    """The working periods of some years, laid out once so that every question is a bisection.

    `exceptions` says of a date whether it is worked; all other dates follow the week.
    """

    exceptions: Mapping[date, bool] = field(default_factory=dict)
    first_year: int = 2015
    last_year: int = 2035
    hours: Sequence[tuple[time, time]] = OFFICE_HOURS
    zone: ZoneInfo = SHANGHAI
    unconfirmed_years: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        starts: list[int] = []
        ends: list[int] = []
        before: list[int] = []  # working time of all periods before this one
        days: list[date] = []
        total = 0
        day = date(self.first_year, 1, 1)
        last = date(self.last_year, 12, 31)
        while day <= last:
            if self.is_working_day(day):
                days.append(day)
                for opening, closing in self.hours:
                    start = _ticks(datetime.combine(day, opening, self.zone))
                    end = _ticks(datetime.combine(day, closing, self.zone))
                    starts.append(start)
                    ends.append(end)
                    before.append(total)
                    total += end - start
            day += timedelta(days=1)
        set_once = object.__setattr__  # frozen: these follow from the fields and never change
        set_once(self, "_starts", starts)
        set_once(self, "_ends", ends)
        set_once(self, "_before", before)
        set_once(self, "_total", total)
        set_once(self, "_days", days)
        set_once(self, "_from", _ticks(datetime(self.first_year, 1, 1, tzinfo=self.zone)))
        set_once(self, "_until", _ticks(datetime(self.last_year + 1, 1, 1, tzinfo=self.zone)))

    _starts: list[int] = field(init=False, repr=False, compare=False)
    _ends: list[int] = field(init=False, repr=False, compare=False)
    _before: list[int] = field(init=False, repr=False, compare=False)
    _total: int = field(init=False, repr=False, compare=False)
    _days: list[date] = field(init=False, repr=False, compare=False)
    _from: int = field(init=False, repr=False, compare=False)
    _until: int = field(init=False, repr=False, compare=False)

    def is_working_day(self, day: date) -> bool:
        """Is this local date worked? Exceptions first, then Monday to Friday."""
        return self.exceptions.get(day, day.weekday() < 5)

    def is_working(self, at: datetime) -> bool:
        """Does work go on at this instant? A period holds its start and not its end."""
        ticks = self._within(at)
        index = bisect_right(self._starts, ticks) - 1
        return index >= 0 and ticks < self._ends[index]

    def local_date(self, at: datetime) -> date:
        """The district's date at this instant."""
        if at.tzinfo is None:
            raise ValueError("the calendar takes aware datetimes only")
        return at.astimezone(self.zone).date()

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """Working time from start to end; negative when they stand the other way round."""
        return (self._worked(self._within(end)) - self._worked(self._within(start))) * MICROSECOND

    def working_seconds(self, start: datetime, end: datetime) -> float:
        """`working_time` in seconds."""
        return self.working_time(start, end).total_seconds()

    def add_working(self, start: datetime, amount: timedelta) -> datetime:
        """The first instant by which `amount` of working time has passed since start.

        Four hours from 14:00 end at 18:00 that day, not at 09:00 on the next.
        """
        if amount < timedelta(0):
            raise ValueError("working time is added, never taken away")
        ticks = self._within(start)
        if not amount:
            return _instant(ticks)
        target = self._worked(ticks) + amount // MICROSECOND
        if target > self._total:
            raise OutsideCalendar(f"the calendar ends with {self.last_year}")
        # The last period that begins before the target is reached holds it.
        index = bisect_left(self._before, target) - 1
        return _instant(self._starts[index] + target - self._before[index])

    def end_of_working_day(self, start: datetime, count: int) -> datetime:
        """When the offices close on the `count`-th working day after the day of `start`.

        The day of receipt is not counted, as with all periods in days in administrative procedure.
        """
        if count < 1:
            raise ValueError("a limit in working days is at least one")
        self._within(start)
        index = bisect_right(self._days, self.local_date(start)) + count - 1
        if index >= len(self._days):
            raise OutsideCalendar(f"the calendar ends with {self.last_year}")
        closing = self.hours[-1][1]
        return datetime.combine(self._days[index], closing, self.zone).astimezone(UTC)

    def _within(self, at: datetime) -> int:
        ticks = _ticks(at)
        if not self._from <= ticks < self._until:
            raise OutsideCalendar(f"{at.isoformat()} is not in {self.first_year}-{self.last_year}")
        return ticks

    def _worked(self, ticks: int) -> int:
        """Working time from the calendar's beginning to here."""
        index = bisect_right(self._starts, ticks) - 1
        if index < 0:
            return 0
        return self._before[index] + min(ticks, self._ends[index]) - self._starts[index]
