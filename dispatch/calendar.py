"""Working time: how much of it lies between two instants, and where a stretch of it ends.

Pure and exact. Instants are aware, taken in any zone and given back in UTC; naive ones are refused.
Unless told otherwise the working hours are those of Shenzhen's public offices (09:00-12:00 and
14:00-18:00, Asia/Shanghai) on Monday to Friday, corrected by the State Council's holidays and make-up
working days. The district may stop work for a while (a typhoon): that time is no working time.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE_HOURS = ((time(9), time(12)), (time(14), time(18)))
MONDAY_TO_FRIDAY = frozenset(range(5))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // MICROSECOND
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class OutsideCalendar(ValueError):
    """The instant lies outside the years that this calendar covers."""


def _ticks(at: datetime) -> int:
    """Microseconds since 1970: whole numbers, so that nothing is ever rounded."""
    if at.tzinfo is None:
        raise ValueError("the calendar takes aware datetimes only")
    return (at - EPOCH) // MICROSECOND


def _instant(ticks: int) -> datetime:
    return EPOCH + ticks * MICROSECOND


class BadPeriods(ValueError):
    """What was written is no list of working periods; `code` says which rule it breaks."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


PERIODS_MAX = 6
_PERIOD = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def parse_periods(text: str) -> tuple[tuple[time, time], ...]:
    """A day's working periods: "09:00-12:00,14:00-18:00"; "22:00-06:00" runs into the next day.

    Raises BadPeriods: unreadable (`format`), too many (`count`), or out of order or overlapping, also
    with the next day's own periods (`order`).
    """
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    if len(parts) > PERIODS_MAX:
        raise BadPeriods("count", f"at most {PERIODS_MAX} periods")
    periods: list[tuple[int, int]] = []
    for part in parts:
        found = _PERIOD.fullmatch(part)
        if not found or (found[3] == "24" and found[4] != "00"):
            raise BadPeriods("format", f"{part!r} is not a period such as 09:00-12:00")
        opening, closing = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        periods.append((opening, closing if closing > opening else closing + 1440))
    ends = [end for _start, end in periods]
    following = [start for start, _end in periods[1:]] + [periods[0][0] + 1440]
    if any(end > start for end, start in zip(ends, following, strict=True)):
        raise BadPeriods("order", "periods follow each other and do not overlap")
    return tuple((_clock_time(start), _clock_time(end)) for start, end in periods)


def _clock_time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def _of_day(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


@dataclass(frozen=True, slots=True)
class _Layout:
    """A calendar's working periods in order. Instants in microseconds since 1970, days as ordinals."""

    starts: list[int]
    ends: list[int]
    before: list[int]  # working time of all periods before this one
    total: int
    days: list[int]  # those that keep some working time
    lost: frozenset[int]  # those that a stoppage took whole


@dataclass(frozen=True)
class WorkCalendar:
    """The working periods of some years, laid out at the first question: each is then a bisection.

    `exceptions` says of a date whether it is worked; all other dates follow the week. A period whose
    end is not after its start ends on the next day: (22:00, 06:00) is a night shift, (00:00, 00:00)
    round the clock. Such a shift belongs to the day on which it begins.
    """

    exceptions: Mapping[date, bool] = field(default_factory=dict)
    first_year: int = 2015
    last_year: int = 2035
    hours: Sequence[tuple[time, time]] = OFFICE_HOURS
    zone: ZoneInfo = SHANGHAI
    unconfirmed_years: frozenset[int] = frozenset()
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    # Instants [start, end) without work, in any order; they may overlap.
    stoppages: Sequence[tuple[datetime, datetime]] = ()

    def __post_init__(self) -> None:
        months = {
            datetime(year, month, 1, tzinfo=self.zone).utcoffset()
            for year in range(self.first_year, self.last_year + 1)
            for month in range(1, 13)
        }
        if len(months) != 1:
            raise ValueError(f"{self.zone} changes its clocks: only zones without summer time are laid out")
        if any(start.tzinfo is None or end.tzinfo is None for start, end in self.stoppages):
            raise ValueError("the calendar takes aware datetimes only")

    def is_working_day(self, day: date) -> bool:
        """Is this local date worked? Exceptions first, then the week; not where stopped all day."""
        return self._is_planned(day) and day.toordinal() not in self._layout.lost

    def is_working(self, at: datetime) -> bool:
        """Does work go on at this instant? A period holds its start and not its end."""
        ticks, layout = self._within(at), self._layout
        index = bisect_right(layout.starts, ticks) - 1
        return index >= 0 and ticks < layout.ends[index]

    def local_date(self, at: datetime) -> date:
        """The district's date at this instant."""
        return date.fromordinal(self._local_day(_ticks(at)))

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
        ticks, layout = self._within(start), self._layout
        if not amount:
            return _instant(ticks)
        target = self._worked(ticks) + amount // MICROSECOND
        if target > layout.total:
            raise OutsideCalendar(f"the calendar ends with {self.last_year}")
        # The last period that begins before the target is reached holds it.
        index = bisect_left(layout.before, target) - 1
        return _instant(layout.starts[index] + target - layout.before[index])

    def end_of_working_day(self, start: datetime, count: int) -> datetime:
        """When work usually ends on the `count`-th working day after the day of `start`.

        The day of receipt is not counted, as with all periods in days in administrative procedure. A
        stoppage that leaves a part of that day does not bring the end forward.
        """
        if count < 1:
            raise ValueError("a limit in working days is at least one")
        days = self._layout.days
        index = bisect_right(days, self._local_day(self._within(start))) + count - 1
        if index >= len(days):
            raise OutsideCalendar(f"the calendar ends with {self.last_year}")
        return _instant(self._closing(days[index]))

    def working_days(self, start: datetime, last: date) -> int:
        """Working days after the day of `start`, up to and with `last`; none where `last` lies before it.

        After midnight in a night shift the day that is still worked is the day before.
        """
        days = self._layout.days
        first = self._local_day(self._within(start))
        return max(0, bisect_right(days, last.toordinal()) - bisect_right(days, first))

    def closes(self, end: datetime) -> date | None:
        """The working day that usually ends at this instant, if one does."""
        ticks = self._within(end)
        for day in (self._local_day(ticks), self._local_day(ticks) - 1):  # a night shift ends a day later
            found = bisect_left(self._layout.days, day)
            if self._layout.days[found : found + 1] == [day] and self._closing(day) == ticks:
                return date.fromordinal(day)
        return None

    def stopped_too(self, start: datetime, end: datetime) -> "WorkCalendar":
        """The same calendar with one more stoppage."""
        return replace(self, stoppages=(*self.stoppages, (start, end)))

    def going_on(self, start: datetime, end: datetime, at: datetime) -> "WorkCalendar":
        """The same calendar with that stoppage ended at this instant; where it is none of ours, as it is."""
        kept = tuple(stop for stop in self.stoppages if stop != (start, end))
        if len(kept) == len(self.stoppages):
            return self
        return replace(self, stoppages=(*kept, (start, at)) if at > start else kept)

    def _is_planned(self, day: date) -> bool:
        return self.exceptions.get(day, day.weekday() in self.weekdays)

    def _within(self, at: datetime) -> int:
        ticks = _ticks(at)
        if not self._from <= ticks <= self._until:
            raise OutsideCalendar(f"{at.isoformat()} is not in {self.first_year}-{self.last_year}")
        return ticks

    def _worked(self, ticks: int) -> int:
        """Working time from the calendar's beginning to here."""
        layout = self._layout
        index = bisect_right(layout.starts, ticks) - 1
        if index < 0:
            return 0
        return layout.before[index] + min(ticks, layout.ends[index]) - layout.starts[index]

    def _local_day(self, ticks: int) -> int:
        return (ticks + self._offset) // _DAY + _EPOCH_DAY

    def _midnight(self, day: int) -> int:
        return (day - _EPOCH_DAY) * _DAY - self._offset

    def _closing(self, day: int) -> int:
        return min(self._midnight(day) + self._shifts[-1][1], self._until)

    # What follows is worked out once, at the first question, and never changes (the fields are frozen).

    @cached_property
    def _offset(self) -> int:
        offset = datetime(self.first_year, 1, 1, tzinfo=self.zone).utcoffset()
        assert offset is not None
        return offset // MICROSECOND

    @cached_property
    def _from(self) -> int:
        return self._midnight(date(self.first_year, 1, 1).toordinal())

    @cached_property
    def _until(self) -> int:
        return self._midnight(date(self.last_year + 1, 1, 1).toordinal())

    @cached_property
    def _shifts(self) -> tuple[tuple[int, int], ...]:
        """The periods of a day as distances from its midnight."""
        shifts = []
        for opening, closing in self.hours:
            start, end = _of_day(opening), _of_day(closing)
            shifts.append((start, end if end > start else end + _DAY))
        return tuple(shifts)

    @cached_property
    def _layout(self) -> _Layout:
        starts: list[int] = []
        ends: list[int] = []
        before: list[int] = []
        days: list[int] = []
        lost: list[int] = []
        total = 0
        stopped = self._stopped
        # A night shift of the evening before belongs to the first morning.
        first = date(self.first_year, 1, 1).toordinal() - 1
        exceptions = {day.toordinal(): worked for day, worked in self.exceptions.items()}
        for day in range(first, date(self.last_year + 1, 1, 1).toordinal()):
            # An ordinal is 1 on a Monday.
            if not exceptions.get(day, (day + 6) % 7 in self.weekdays):
                continue
            midnight = (day - _EPOCH_DAY) * _DAY - self._offset
            kept = False
            for opening, closing in self._shifts:
                start, end = max(midnight + opening, self._from), min(midnight + closing, self._until)
                pieces = _without(start, end, stopped) if stopped else ((start, end),)
                for piece_start, piece_end in pieces:
                    if piece_start >= piece_end:
                        continue
                    starts.append(piece_start)
                    ends.append(piece_end)
                    before.append(total)
                    total += piece_end - piece_start
                    kept = True
            if day > first:
                (days if kept else lost).append(day)
        return _Layout(starts, ends, before, total, days, frozenset(lost))

    @cached_property
    def _stopped(self) -> list[tuple[int, int]]:
        """The stoppages in order, those that touch made one."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted((_ticks(start), _ticks(end)) for start, end in self.stoppages):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            elif start < end:
                merged.append((start, end))
        return merged


def _without(start: int, end: int, stopped: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What a period keeps where work is stopped."""
    index = max(bisect_right(stopped, (start, start)) - 1, 0)
    for stop, resume in stopped[index:]:
        if stop >= end:
            break
        if resume > start:
            yield start, min(stop, end)
            start = resume
    yield start, end
