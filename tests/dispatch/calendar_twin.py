"""Slow, obvious twins of the work calendar: they look at one minute after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from dispatch.calendar import SHANGHAI

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class SlowCalendar:
    """The rules of working time as one would explain them, with minutes of the day for hours."""

    shifts: tuple[tuple[int, int], ...]  # minutes from midnight; an end past 1440 is on the next day
    weekdays: frozenset[int]
    exceptions: Mapping[date, bool] = field(default_factory=dict)
    stoppages: tuple[tuple[datetime, datetime], ...] = ()

    def is_planned(self, day: date) -> bool:
        return self.exceptions[day] if day in self.exceptions else day.weekday() in self.weekdays

    def is_working(self, at: datetime) -> bool:
        """Does work go on in the minute that begins at this instant?"""
        here = at.astimezone(SHANGHAI)
        minute = here.hour * 60 + here.minute
        if any(start <= at < end for start, end in self.stoppages):
            return False
        today = self.is_planned(here.date()) and any(a <= minute < b for a, b in self.shifts)
        of_yesterday = self.is_planned(here.date() - DAY) and any(
            a <= minute + 1440 < b for a, b in self.shifts
        )
        return today or of_yesterday

    def minutes_of(self, day: date) -> Iterator[datetime]:
        midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        for start, end in self.shifts:
            for minute in range(start, end):
                yield midnight + minute * MINUTE

    def is_working_day(self, day: date) -> bool:
        """Planned, and a minute of it is left."""
        return self.is_planned(day) and any(self.is_working(at) for at in self.minutes_of(day))

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two whole minutes."""
        total, at = timedelta(0), start
        while at < end:
            total += self.is_working(at) * MINUTE
            at += MINUTE
        return total

    def after(self, start: datetime, minutes: int) -> datetime:
        """When so many working minutes have passed."""
        at, left = start, minutes
        while left:
            left -= self.is_working(at)
            at += MINUTE
        return at

    def closing(self, start: datetime, count: int) -> datetime:
        """When the count-th working day after the day of start usually ends."""
        day = start.astimezone(SHANGHAI).date()
        while count:
            day += DAY
            count -= self.is_working_day(day)
        return self.closing_of(day)

    def closing_of(self, day: date) -> datetime:
        midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        return (midnight + self.shifts[-1][1] * MINUTE).astimezone(UTC)

    def days_left(self, since: datetime, due: datetime) -> int:
        """Working days after the day of since until the one that ends at due; 0 where none ends then."""
        day, count = since.astimezone(SHANGHAI).date(), 0
        while self.closing_of(day) <= due or day <= since.astimezone(SHANGHAI).date():
            day += DAY
            if self.is_working_day(day):
                count += 1
                if self.closing_of(day) == due:
                    return count
            if day > due.astimezone(SHANGHAI).date():
                break
        return 0
