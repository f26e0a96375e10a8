"""Working time and limits, against a twin that counts minute by minute."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calendar import SHANGHAI, BadPeriods, OutsideCalendar, WorkCalendar, parse_periods
from dispatch.deadlines import Limit, after_pause, due, moved, reached
from tests.drawing import examples

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
@examples(60)
def test_working_time_is_what_counting_minutes_gives(start: datetime, length: int) -> None:
    counted = sum(slow_is_working(start + minute * MINUTE) for minute in range(length))
    assert CALENDAR.working_time(start, start + length * MINUTE) == counted * MINUTE


@given(instants, st.integers(1, 30 * 60))
@examples(60)
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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "format"),
        ("9:00-12:00", "format"),
        ("09:00", "format"),
        ("09:00-24:30", "format"),
        ("25:00-26:00", "format"),
        ("09:00-12:00,", "format"),
        ("０9:00-12:00", "format"),
        ("14:00-18:00,09:00-12:00", "order"),
        ("09:00-13:00,12:00-18:00", "order"),
        ("00:00-24:00,01:00-02:00", "order"),
        ("08:00-12:00,20:00-09:00", "order"),  # into the next day's first period
        (",".join(f"0{hour}:00-0{hour}:30" for hour in range(7)), "count"),
    ],
)
def test_what_are_no_periods_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadPeriods) as caught:
        parse_periods(text)
    assert caught.value.code == code


def test_periods_may_touch_and_run_into_the_next_day() -> None:
    assert parse_periods("09:00-12:00, 12:00-18:00") == ((time(9), time(12)), (time(12), time(18)))
    assert parse_periods("08:00-20:00，20:00-08:00") == ((time(8), time(20)), (time(20), time(8)))
    assert parse_periods("00:00-24:00") == ((time(0), time(0)),)


def test_a_typhoon_stop_is_no_working_time() -> None:
    stopped = replace(CALENDAR, stoppages=((local(9, 15, 15), local(9, 16, 10)),))
    assert due(local(9, 15, 14), Limit.parse("4wh"), stopped) == local(9, 16, 15)  # an hour, then three
    assert not stopped.is_working(local(9, 15, 15))
    assert stopped.is_working(local(9, 16, 10))


def test_a_day_that_keeps_some_working_time_counts_and_one_that_keeps_none_does_not() -> None:
    half = replace(CALENDAR, stoppages=((local(9, 16, 10), local(9, 16, 20)),))
    assert half.is_working_day(date(2026, 9, 16))
    # The office's usual end: a stop never brings a due time forward.
    assert due(local(9, 15, 9), Limit.parse("1wd"), half) == local(9, 16, 18)
    whole = replace(
        CALENDAR, stoppages=((local(9, 16, 9), local(9, 16, 12)), (local(9, 16, 14), local(9, 16, 18)))
    )
    assert not whole.is_working_day(date(2026, 9, 16))
    assert due(local(9, 15, 9), Limit.parse("1wd"), whole) == local(9, 17, 18)


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    nights = WorkCalendar(
        hours=parse_periods("22:00-06:00"), weekdays=frozenset({4}), first_year=2026, last_year=2026
    )
    assert nights.is_working(local(9, 19, 5))  # early on Saturday: Friday's shift
    assert due(local(9, 15, 9), Limit.parse("1wd"), nights) == local(9, 19, 6)
    assert nights.working_time(local(9, 14, 0), local(9, 21, 0)) == timedelta(hours=8)


def test_round_the_clock_has_no_gap_and_ends_with_its_year() -> None:
    always = WorkCalendar(
        hours=parse_periods("00:00-24:00"), weekdays=frozenset(range(7)), first_year=2026, last_year=2026
    )
    year = local(1, 1, 0)
    assert always.working_time(year, datetime(2027, 1, 1, tzinfo=SHANGHAI)) == timedelta(days=365)
    assert due(local(12, 30, 9), Limit.parse("1wd"), always) == datetime(2027, 1, 1, tzinfo=SHANGHAI)


def test_a_zone_with_summer_time_is_refused() -> None:
    with pytest.raises(ValueError, match="changes its clocks"):
        WorkCalendar(zone=ZoneInfo("Europe/Berlin"))


def test_naive_stoppages_are_refused() -> None:
    naive = datetime(2026, 9, 15, 9)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        WorkCalendar(stoppages=((naive, local(9, 16, 9)),))


def test_moving_keeps_days_or_working_time_and_leaves_natural_limits() -> None:
    storm = CALENDAR.stopped_too(local(9, 16, 0), local(9, 17, 0))

    def after(limit: str) -> datetime:
        asked = Limit.parse(limit)
        end = due(local(9, 15, 14), asked, CALENDAR)
        return moved(end, since=local(9, 15, 14), limit=asked, old=CALENDAR, new=storm)

    assert after("1wd") == local(9, 17, 18)
    assert after("6wh") == local(9, 17, 11)
    assert after("24h") == local(9, 16, 14)
    assert after("4wh") == local(9, 15, 18)


def test_a_clock_that_ends_within_its_last_day_keeps_its_hours() -> None:
    """After a pause a limit in days ends where its working time does: a stop moves it by just that."""
    limit = Limit.parse("2wd")
    later = CALENDAR.stopped_too(local(9, 16, 9), local(9, 16, 12))
    end = local(9, 16, 15)
    assert moved(end, since=local(9, 15, 9), limit=limit, old=CALENDAR, new=later) == local(9, 16, 18)
    with pytest.raises(ValueError, match="aware"):
        moved(end, since=datetime(2026, 9, 15), limit=limit, old=CALENDAR, new=later)  # noqa: DTZ001


def test_a_night_shift_ends_with_the_day_it_began_on() -> None:
    """After midnight no whole working day is left of a limit that ends in the morning: nothing moves it."""
    nights = replace(CALENDAR, hours=parse_periods("22:00-06:00"))
    limit = Limit.parse("1wd")
    end = due(local(9, 14, 9), limit, nights)
    assert end == local(9, 16, 6)
    since = local(9, 16, 1)
    assert nights.working_days(since, date(2026, 9, 15)) == 0
    assert moved(end, since=since, limit=limit, old=nights, new=replace(nights)) == end
    storm = nights.stopped_too(local(9, 16, 2), local(9, 16, 4))
    assert moved(end, since=since, limit=limit, old=nights, new=storm) == local(9, 17, 0)
