"""When a district's people report: by hour, weekday, holiday and weather. Pure, and seeded."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from dispatch.calendar import SHANGHAI, WorkCalendar

# Share of a day's reports by local hour: mornings and evenings are loud, nights are not silent.
BY_HOUR = (6, 4, 3, 2, 2, 4, 9, 22, 42, 58, 56, 44, 32, 38, 50, 54, 48, 42, 40, 44, 46, 38, 22, 12)
_DAY_OFF = 0.62
_RAIN = 0.06  # of days
_RAIN_FACTOR = 1.9


def days_volume(day: date, *, per_day: float, calendar: WorkCalendar, dice: random.Random) -> int:
    """How many reports a day brings."""
    expected = per_day * (1.0 if calendar.is_working_day(day) else _DAY_OFF)
    if dice.random() < _RAIN:
        expected *= _RAIN_FACTOR
    return max(1, round(dice.gauss(expected, expected**0.5)))


def instants(
    first: date,
    last: date,
    *,
    per_day: float,
    calendar: WorkCalendar,
    dice: random.Random,
    until: datetime,
) -> Iterator[datetime]:
    """The instants (UTC, ascending) at which reports come in from `first` to `last`, none after `until`."""
    day = first
    while day <= last:
        count = days_volume(day, per_day=per_day, calendar=calendar, dice=dice)
        hours = dice.choices(range(24), weights=BY_HOUR, k=count)
        seconds = sorted(hour * 3600 + dice.randrange(3600) for hour in hours)
        midnight = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
        for second in seconds:
            at = midnight + timedelta(seconds=second)
            if at > until:
                return
            yield at
        day += timedelta(days=1)
