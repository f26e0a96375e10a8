"""Working time, limits, warnings, pauses and moved clocks, against a twin that counts every minute.

The calendars are drawn over years: holidays and make-up days, lunch breaks, night shifts, round the
clock, any weekdays, stoppages that cut periods. The stretches are days to weeks, since the twin is slow.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.calendar import SHANGHAI, WorkCalendar, parse_periods
from dispatch.deadlines import Limit, after_pause, due, moved, reached
from tests.dispatch.calendar_twin import DAY, MINUTE, SlowCalendar
from tests.drawing import examples

FIRST, LAST = 2024, 2029
HOURS = (
    "09:00-12:00,14:00-18:00",
    "08:30-12:00,14:00-17:30",
    "00:00-24:00",
    "22:00-06:00",
    "06:00-14:00,14:00-22:00",
    "10:00-13:00,15:00-19:00,20:30-02:15",
    "00:00-08:00",
    "16:00-24:00",
)
MIDNIGHT = time(0)


@dataclass(frozen=True)
class Pair:
    """A calendar and its slow twin."""

    fast: WorkCalendar
    slow: SlowCalendar

    def stopped(self, *stoppages: tuple[datetime, datetime]) -> "Pair":
        return Pair(
            replace(self.fast, stoppages=(*self.fast.stoppages, *stoppages)),
            replace(self.slow, stoppages=(*self.slow.stoppages, *stoppages)),
        )


def pair(hours: str, weekdays: frozenset[int], exceptions: dict[date, bool]) -> Pair:
    shifts = []
    for part in hours.split(","):
        (a, b), (c, d) = (map(int, end.split(":")) for end in part.split("-"))
        start, end = a * 60 + b, c * 60 + d
        shifts.append((start, end if end > start else end + 1440))
    fast = WorkCalendar(
        exceptions=exceptions,
        first_year=FIRST,
        last_year=LAST,
        hours=parse_periods(hours),
        weekdays=weekdays,
    )
    return Pair(fast, SlowCalendar(tuple(shifts), weekdays, exceptions))


# Any minute of the middle years: a stretch of weeks stays inside the calendar, also over New Year.
begin = datetime(FIRST + 1, 1, 1, tzinfo=SHANGHAI)
minutes = (datetime(LAST, 1, 1, tzinfo=SHANGHAI) - begin) // MINUTE
instants = st.integers(0, minutes - 1).map(lambda n: (begin + n * MINUTE).astimezone(UTC))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Pair, datetime]:
    """A calendar with holidays and stoppages around the instant at which something begins."""
    start = draw(instants)
    day = start.astimezone(SHANGHAI).date()
    near = st.integers(-2, 16).map(lambda n: day + n * DAY)
    exceptions = draw(st.dictionaries(near, st.booleans(), max_size=8))
    weekdays = draw(
        st.sampled_from(
            [frozenset(range(5)), frozenset(range(7)), frozenset({1, 2, 3, 4, 5}), frozenset({6})]
        )
    )
    made = pair(draw(st.sampled_from(HOURS)), weekdays, exceptions)
    return made.stopped(*draw(st.lists(stops(start), max_size=3))), start


@st.composite
def stops(draw: st.DrawFn, around: datetime) -> tuple[datetime, datetime]:
    """A stop near an instant: minutes, or days on end."""
    stop = around + draw(st.integers(-2 * 1440, 6 * 1440)) * MINUTE
    length = draw(st.one_of(st.integers(1, 600), st.sampled_from([1440, 2880, 4000])))
    return stop, stop + length * MINUTE


with_second_stop = scenes().flatmap(lambda scene: st.tuples(st.just(scene), stops(scene[1])))
thorough = examples(120)


@given(scenes(), st.integers(0, 9 * 1440))
@thorough
def test_working_time_is_what_counting_minutes_gives(scene: tuple[Pair, datetime], length: int) -> None:
    calendar, start = scene
    end = start + length * MINUTE
    assert calendar.fast.working_time(start, end) == calendar.slow.worked(start, end)
    assert calendar.fast.working_time(end, start) == -calendar.slow.worked(start, end)


@given(scenes(), st.integers(0, 2 * 1440))
@thorough
def test_each_minute_is_worked_or_not(scene: tuple[Pair, datetime], offset: int) -> None:
    calendar, start = scene
    at = start + offset * MINUTE
    assert calendar.fast.is_working(at) == calendar.slow.is_working(at)
    day = at.astimezone(SHANGHAI).date()
    assert calendar.fast.local_date(at) == day
    assert calendar.fast.is_working_day(day) == calendar.slow.is_working_day(day)


@given(scenes(), st.integers(1, 20 * 60))
@thorough
def test_added_working_time_ends_with_the_last_worked_minute(
    scene: tuple[Pair, datetime], length: int
) -> None:
    calendar, start = scene
    assert calendar.fast.add_working(start, length * MINUTE) == calendar.slow.after(start, length)


@given(scenes(), st.integers(1, 5))
@thorough
def test_a_limit_in_days_ends_when_work_usually_does(scene: tuple[Pair, datetime], count: int) -> None:
    calendar, start = scene
    assert calendar.fast.end_of_working_day(start, count) == calendar.slow.closing(start, count)


def slow_due(start: datetime, limit: Limit, slow: SlowCalendar) -> datetime:
    if limit.unit == "wd":
        return slow.closing(start, limit.amount)
    if limit.unit in ("wh", "wm"):
        return slow.after(start, limit.amount * (60 if limit.unit == "wh" else 1))
    return start + limit.amount * (60 if limit.unit == "h" else 1) * MINUTE


limits = st.sampled_from(["1wd", "2wd", "4wd", "1wh", "4wh", "10wh", "30wm", "200wm", "24h", "90m"]).map(
    Limit.parse
)


@given(scenes(), limits)
@thorough
def test_every_limit_ends_where_the_twin_says(scene: tuple[Pair, datetime], limit: Limit) -> None:
    calendar, start = scene
    assert due(start, limit, calendar.fast) == slow_due(start, limit, calendar.slow)


@given(scenes(), limits, st.sampled_from([0.25, 0.5, 0.75]))
@thorough
def test_a_warning_comes_when_its_share_is_used_up(
    scene: tuple[Pair, datetime], limit: Limit, share: float
) -> None:
    calendar, start = scene
    end = due(start, limit, calendar.fast)
    at = reached(start, end, share, limit, calendar.fast)
    assert start <= at <= end
    if limit.is_working:
        used = calendar.slow.worked(start, end) * share
        # Whole minutes of it, and the rest within the next worked minute.
        assert calendar.fast.working_time(start, at) == used
        assert at <= calendar.slow.after(start, -(-used // MINUTE))
    else:
        assert at - start == (end - start) * share


@given(scenes(), limits, st.integers(0, 2 * 1440), st.integers(0, 4 * 1440))
@thorough
def test_a_pause_keeps_what_was_left(
    scene: tuple[Pair, datetime], limit: Limit, until_pause: int, length: int
) -> None:
    calendar, start = scene
    end = due(start, limit, calendar.fast)
    paused = start + until_pause * MINUTE
    resumed = paused + length * MINUTE
    later = after_pause(end, paused, resumed, limit, calendar.fast)
    if not limit.is_working or paused >= end:
        assert later - resumed == end - paused
    else:
        left = calendar.slow.worked(paused, end)
        assert later == calendar.slow.after(resumed, left // MINUTE)


def slow_moved(
    end: datetime, since: datetime, limit: Limit, old: SlowCalendar, new: SlowCalendar
) -> datetime:
    if not limit.is_working or end <= since:
        return end
    if limit.unit == "wd":
        return new.closing(since, old.days_left(since, end))
    left = old.worked(since, end)
    return end if new.worked(since, end) == left else new.after(since, left // MINUTE)


@given(with_second_stop, limits)
@thorough
def test_a_moved_clock_has_left_what_it_had_left(
    scene: tuple[tuple[Pair, datetime], tuple[datetime, datetime]], limit: Limit
) -> None:
    (old, start), stop = scene
    new = old.stopped(stop)
    end = due(start, limit, old.fast)
    told = moved(end, since=start, limit=limit, old=old.fast, new=new.fast)
    assert told == slow_moved(end, start, limit, old.slow, new.slow)
    # The same as if the stop had been known from the start, and never earlier.
    assert told == due(start, limit, new.fast)
    assert told >= end
    # Revoked again, all is as it was.
    assert moved(told, since=start, limit=limit, old=new.fast, new=old.fast) == end


@given(scenes(), scenes(), limits)
@thorough
def test_other_hours_and_days_move_it_the_same_way(
    scene: tuple[Pair, datetime], other: tuple[Pair, datetime], limit: Limit
) -> None:
    (old, start), (new, _elsewhen) = scene, other
    end = due(start, limit, old.fast)
    told = moved(end, since=start, limit=limit, old=old.fast, new=new.fast)
    assert told == slow_moved(end, start, limit, old.slow, new.slow)
    if told == end or not limit.is_working:
        return
    assert told == due(start, limit, new.fast)


@given(scenes(), limits, st.integers(0, 3 * 1440))
@thorough
def test_where_nothing_changed_nothing_moves(scene: tuple[Pair, datetime], limit: Limit, later: int) -> None:
    calendar, start = scene
    end = due(start, limit, calendar.fast)
    since = start + later * MINUTE
    again = replace(calendar.fast)
    assert moved(end, since=since, limit=limit, old=calendar.fast, new=again) == end
    # An instant that somebody chose, such as noon on a Sunday, stays as well.
    chosen = end + 7 * MINUTE
    assert moved(chosen, since=since, limit=limit, old=calendar.fast, new=again) == chosen


@given(scenes(), st.timedeltas(timedelta(0), timedelta(hours=60)))
def test_adding_and_measuring_agree_to_the_microsecond(
    scene: tuple[Pair, datetime], amount: timedelta
) -> None:
    calendar, start = scene
    assert calendar.fast.working_time(start, calendar.fast.add_working(start, amount)) == amount
