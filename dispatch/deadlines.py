"""Limits and when they end. Pure: UTC in and out, naive datetimes refused.

A limit is a number and a unit:

====  ===================================================================================
`m`   natural minutes
`h`   natural hours: urgent matters run at night and on holidays
`wm`  working minutes
`wh`  working hours: that much working time must pass
`wd`  working days: the day of receipt is not counted, and the limit ends when the offices
      close on the n-th working day after it (national practice for periods in days)
====  ===================================================================================
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dispatch.calendar import WorkCalendar
from dispatch.vocabulary import Urgency

_LIMIT = re.compile(r"([1-9][0-9]{0,4})(wm|wh|wd|m|h)")
_NATURAL = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
_WORKING = {"wm": timedelta(minutes=1), "wh": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take, in the list's own spelling: `4wh`, `24h`, `5wd`, `30m`, `30wm`."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Raises ValueError with a sentence for anything but a whole number and a known unit."""
        return _parsed(text)

    @classmethod
    def minutes(cls, amount: int, urgency: str) -> "Limit":
        """Dispatch and acceptance minutes: working ones for routine matters, natural ones otherwise."""
        return cls(amount, "wm" if urgency == Urgency.ROUTINE else "m")

    @property
    def is_working(self) -> bool:
        """Does it count working time only?"""
        return self.unit.startswith("w")

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@lru_cache(maxsize=256)
def _parsed(text: str) -> Limit:
    """Rules and items name the same few limits again and again."""
    found = _LIMIT.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a limit: a whole number with m, h, wm, wh or wd")
    return Limit(int(found[1]), found[2])


def due(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """The instant at which `limit`, begun at `start`, runs out."""
    if start.tzinfo is None:
        raise ValueError("deadlines take aware datetimes only")
    if limit.unit == "wd":
        return calendar.end_of_working_day(start, limit.amount)
    if limit.unit in _WORKING:
        return calendar.add_working(start, limit.amount * _WORKING[limit.unit])
    return start.astimezone(UTC) + limit.amount * _NATURAL[limit.unit]


def reached(start: datetime, end: datetime, share: float, limit: Limit, calendar: WorkCalendar) -> datetime:
    """When this share (0-1) of the time from start to its due instant has passed: for warnings.

    Counted in the limit's own time, so that a warning at 80 % of a working limit comes in office hours.
    """
    if not 0 <= share <= 1:
        raise ValueError("a share lies between 0 and 1")
    if limit.is_working:
        return calendar.add_working(start, calendar.working_time(start, end) * share)
    return start.astimezone(UTC) + (end - start) * share


def after_pause(
    end: datetime,
    paused_at: datetime,
    resumed_at: datetime,
    limit: Limit,
    calendar: WorkCalendar,
    before: WorkCalendar | None = None,
) -> datetime:
    """The new due instant of a clock that stood still from `paused_at` to `resumed_at`.

    What was left when it stopped is left when it goes on: of working time for working limits. A clock
    that was overdue when it stopped stays as overdue as it was. `before` is the calendar that `end` was
    reckoned under, where it has changed during the pause.
    """
    if resumed_at < paused_at:
        raise ValueError("a clock goes on after it stopped, not before")
    if limit.is_working and paused_at < end:
        return calendar.add_working(resumed_at, (before or calendar).working_time(paused_at, end))
    return end.astimezone(UTC) + (resumed_at - paused_at)


def moved(
    due_at: datetime, *, since: datetime, limit: Limit, old: WorkCalendar, new: WorkCalendar
) -> datetime:
    """The due instant of a clock whose calendar has changed: what was left from `since` on is left still.

    A limit in working days keeps its count of days, one in working hours or minutes its working time;
    natural limits do not move. Where nothing in between has changed, neither does the due instant.
    """
    if since.tzinfo is None:
        raise ValueError("deadlines take aware datetimes only")
    due_at = due_at.astimezone(UTC)
    if not limit.is_working or due_at <= since:
        return due_at
    # A clock that went on after a pause may end within a day: it has working time left, not days.
    day = old.closes(due_at) if limit.unit == "wd" else None
    if day is not None and (count := old.working_days(since, day)):
        return new.end_of_working_day(since, count)
    left = old.working_time(since, due_at)
    return due_at if new.working_time(since, due_at) == left else new.add_working(since, left)
