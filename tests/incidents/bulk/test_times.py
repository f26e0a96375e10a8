"""Instants as sheets have them."""

from datetime import datetime

import pytest

from incidents.bulk.times import TimeError, read_time
from incidents.numbers import DISTRICT_ZONE

NINE_THIRTY = datetime(2026, 7, 4, 9, 30, tzinfo=DISTRICT_ZONE)


@pytest.mark.parametrize(
    "told",
    [
        *("2026-07-04 09:30", "2026/7/4 9:30:00", "2026.7.4 9:30", "2026年7月4日 上午9:30", "20260704093000"),
        *(
            "２０２６－０７－０４　０９：３０",
            "2026年7月4日9时30分",
            "2026年7月4日星期六 上午9点30分",
            "2026-07-04T01:30:00Z",
        ),
        *("46207.3958333333", "2026-07-04T09:30:00+08:00", "2026-07-04 09:30:00.0", "2026-7-4 9:30 AM"),
    ],
)
def test_one_instant_in_its_spellings(told):
    assert read_time(told) == NINE_THIRTY


def test_a_month_before_or_after_its_day_is_read_where_there_is_one_way_to():
    told = datetime(2026, 11, 23, 9, 30, tzinfo=DISTRICT_ZONE)
    for text in ("11/23/2026 09:30", "23/11/2026 9:30", "23.11.2026 9:30:00"):
        assert read_time(text) == told
    assert read_time("5/5/2026") == datetime(2026, 5, 5, tzinfo=DISTRICT_ZONE)


def test_a_day_alone_begins_at_midnight_and_a_deadline_ends_with_it():
    for told in ("2026-07-14", "2026年7月14日", "20260714", "46217", "二〇二六年七月十四日"):
        assert read_time(told) == datetime(2026, 7, 14, tzinfo=DISTRICT_ZONE)
        assert read_time(told, to_the_end=True) == datetime(2026, 7, 14, 23, 59, 59, tzinfo=DISTRICT_ZONE)
    assert read_time("2026-07-14 24:00") == datetime(2026, 7, 15, tzinfo=DISTRICT_ZONE)
    assert read_time("2026-07-14 下午3点") == datetime(2026, 7, 14, 15, tzinfo=DISTRICT_ZONE)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("7/4/2026", "which_day"),
        ("23/11/26", "which_day"),
        ("13/14/2026", "which_day"),
        ("11/31/2026 09:30", "no_such_day"),
        ("7月4日", "no_year"),
        ("2026-02-30", "no_such_day"),
        ("2026-07-04 25:00", "no_such_day"),
        ("昨天下午", "not_a_time"),
        ("5个工作日", "not_a_time"),
        ("13800002207", "not_a_time"),
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_refused(told, code):
    with pytest.raises(TimeError) as refused:
        read_time(told)
    assert refused.value.code == code
