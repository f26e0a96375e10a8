"""Working time and limits, against a twin that counts minute by minute."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.calendar import SHANGHAI, OutsideCalendar, WorkCalendar
from dispatch.deadlines import Limit, after_pause, due, reached

# National Day 2026 with its make-up days, on both sides.
EXCEPTIONS = {date(2026, 10, day): False for day in range(1, 8)} | {
    date(2026, 9, 20): True,
    date(2026, 10, 10): True,
}
CALENDAR = WorkCalendar(exceptions=EXCEPTIONS, first_year=2026, last_year=2026)
MINUTE = timedelta(minutes=1)


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def slow_is_working(at: datetime) -> bool:
    here = at.astimezone(SHANGHAI)
    worked = EXCEPTIONS.get(here.date(), here.weekday() < 5)
    return worked and (9 <= here.hour < 12 or 14 <= here.hour < 18)


instants = st.integers(0, 40 * 24 * 60).map(lambda minutes: local(9, 10, 0) + minutes * MINUTE)


@given(instants, st.integers(0, 5 * 24 * 60))
@settings(max_examples=60, deadline=None)
def test_working_time_is_what_counting_minutes_gives(start: datetime, length: int) -> None:
    counted = sum(slow_is_working(start + minute * MINUTE) for minute in range(length))
    assert CALENDAR.working_time(start, start + length * MINUTE) == counted * MINUTE


@given(instants, st.integers(1, 30 * 60))
@settings(max_examples=60, deadline=None)
def test_added_working_time_ends_with_the_last_worked_minute(start: datetime, minutes: int) -> None:
    at, left = start, minutes
    while left:
        left -= slow_is_working(at)
        at += MINUTE
    assert CALENDAR.add_working(start, minutes * MINUTE) == at


@given(instants, instants)
def test_working_time_turned_round_is_negative(one: datetime, other: datetime) -> None:
    assert CALENDAR.working_time(one, other) == -CALENDAR.working_time(other, one)


@given(instants, st.timedeltas(timedelta(0), timedelta(hours=90)))
def test_adding_and_measuring_agree_to_the_microsecond(start: datetime, amount: timedelta) -> None:
    assert CALENDAR.working_time(start, CALENDAR.add_working(start, amount)) == amount


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        (local(9, 15, 14), "4wh", local(9, 15, 18)),  # ends with the day, not on the next morning
        (local(9, 15, 11), "2wh", local(9, 15, 15)),  # over the noon break
        (local(9, 18, 17), "2wh", local(9, 20, 10)),  # Friday to a Sunday that is worked
        (local(9, 30, 17), "2wh", local(10, 8, 10)),  # over the holiday
        (local(9, 15, 3), "1wh", local(9, 15, 10)),
        (local(9, 15, 11, 30), "60wm", local(9, 15, 14, 30)),
        (local(9, 15, 23), "24h", local(9, 16, 23)),
        (local(10, 1, 3), "30m", local(10, 1, 3, 30)),
        (local(9, 15, 9), "1wd", local(9, 16, 18)),  # the day of receipt is not counted
        (local(9, 15, 20), "1wd", local(9, 16, 18)),
        (local(9, 18, 9), "2wd", local(9, 21, 18)),  # the worked Sunday is the first
        (local(10, 3, 9), "1wd", local(10, 8, 18)),
        (local(10, 9, 9), "1wd", local(10, 10, 18)),  # a worked Saturday
    ],
)
def test_limits_end_where_an_official_expects_it(start: datetime, limit: str, end: datetime) -> None:
    told = due(start, Limit.parse(limit), CALENDAR)
    assert told == end
    assert told.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "4", "wh", "0h", "-1h", "4 wh", "4d", "1.5h", "4WH", "１wd", "999999h"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a limit"):
        Limit.parse(text)


def test_limits_are_spelt_as_they_were_read() -> None:
    assert [str(Limit.parse(text)) for text in ("4wh", "24h", "5wd", "30m", "30wm")] == [
        *("4wh", "24h", "5wd", "30m", "30wm")
    ]


def test_minutes_are_working_ones_for_routine_matters_only() -> None:
    assert str(Limit.minutes(120, "routine")) == "120wm"
    assert str(Limit.minutes(30, "urgent")) == "30m"
    assert str(Limit.minutes(10, "emergency")) == "10m"


def test_naive_instants_are_refused() -> None:
    naive = datetime(2026, 9, 15, 9)  # noqa: DTZ001
    for call in (
        lambda: due(naive, Limit.parse("24h"), CALENDAR),
        lambda: due(naive, Limit.parse("1wd"), CALENDAR),
        lambda: CALENDAR.add_working(naive, MINUTE),
        lambda: CALENDAR.working_time(naive, local(9, 16, 9)),
        lambda: CALENDAR.local_date(naive),
    ):
        with pytest.raises(ValueError, match="aware"):
            call()


def test_the_calendar_does_not_guess_beyond_its_years() -> None:
    with pytest.raises(OutsideCalendar):
        CALENDAR.working_time(local(9, 1, 9), datetime(2027, 1, 4, tzinfo=UTC))
    with pytest.raises(OutsideCalendar):
        due(local(12, 31, 17), Limit.parse("2wh"), CALENDAR)
    with pytest.raises(OutsideCalendar):
        due(local(12, 31, 17), Limit.parse("1wd"), CALENDAR)


def test_a_warning_of_a_working_limit_comes_in_office_hours() -> None:
    start, limit = local(9, 17, 14), Limit.parse("8wh")
    end = due(start, limit, CALENDAR)
    assert end == local(9, 18, 15)
    assert reached(start, end, 0.5, limit, CALENDAR) == local(9, 17, 18)
    assert reached(start, end, 0.75, limit, CALENDAR) == local(9, 18, 11)
    assert reached(start, start + timedelta(hours=24), 0.5, Limit.parse("24h"), CALENDAR) == local(9, 18, 2)


def test_a_pause_keeps_what_was_left() -> None:
    limit = Limit.parse("8wh")
    end = due(local(9, 17, 9), limit, CALENDAR)
    later = after_pause(end, local(9, 17, 11), local(9, 21, 9), limit, CALENDAR)
    assert CALENDAR.working_time(local(9, 21, 9), later) == CALENDAR.working_time(local(9, 17, 11), end)
    hours = Limit.parse("24h")
    assert after_pause(local(9, 18, 9), local(9, 17, 11), local(9, 17, 15), hours, CALENDAR) == local(
        9, 18, 13
    )


def test_a_pause_does_not_heal_what_is_overdue() -> None:
    limit = Limit.parse("4wh")
    end, paused, resumed = local(9, 15, 12), local(9, 15, 15), local(9, 16, 15)
    assert after_pause(end, paused, resumed, limit, CALENDAR) == end + (resumed - paused)
    with pytest.raises(ValueError, match="after it stopped"):
        after_pause(end, resumed, paused, limit, CALENDAR)
