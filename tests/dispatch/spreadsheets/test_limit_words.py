"""Limits in people's words: what is an amount of time is read, what is none is refused."""

import pytest

from dispatch.spreadsheets.limit_words import LimitWordError, read_limit, read_minutes, unit_hint


@pytest.mark.parametrize(
    ("word", "limit"),
    [
        ("2紧急工作时", "2h"),
        ("２４ 小时", "24h"),
        ("4小时", "4h"),
        ("4个工作时", "4wh"),
        ("5天", "120h"),
        ("五天内", "120h"),
        ("3个工作日", "3wd"),
        ("三个工作日", "3wd"),
        ("十五个工作日内办结", "15wd"),
        ("二十个工作日", "20wd"),
        ("不超过两小时", "2h"),
        ("一周", "168h"),
        ("半小时", "30m"),
        ("1.5小时", "90m"),
        ("一个半小时", "90m"),
        ("1小时半", "90m"),
        ("1.5工作时", "90wm"),
        ("半天", "12h"),
        ("45分钟", "45m"),
        ("5WD", "5wd"),
        ("30wm", "30wm"),
        ("5 days", "120h"),
    ],
)
def test_an_amount_of_time_in_words_is_a_limit(word: str, limit: str) -> None:
    assert read_limit(word) == limit


@pytest.mark.parametrize(
    ("word", "limit"),
    [("5天", "5wd"), ("两日", "2wd"), ("一周", "5wd"), ("5个工作日", "5wd"), ("4小时", "4h")],
)
def test_days_may_mean_working_days(word: str, limit: str) -> None:
    assert read_limit(word, days_are_working=True) == limit


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("立即", "vague"),
        ("即时处置", "vague"),
        ("当日", "vague"),
        ("3-5个工作日", "range"),
        ("3至5天", "range"),
        ("5", "no_unit"),
        ("按规定", "limit"),
        ("2个月", "limit"),
        ("半个工作日", "fraction"),
        ("0小时", "amount"),
        ("1天2小时", "limit"),
        ("100000小时", "amount"),
    ],
)
def test_what_is_no_amount_of_time_is_refused(word: str, code: str) -> None:
    with pytest.raises(LimitWordError) as caught:
        read_limit(word)
    assert caught.value.code == code


def test_a_bare_number_takes_the_unit_of_its_heading() -> None:
    assert unit_hint("处置时限（工作日）") == "工作日"
    assert unit_hint("签收时限(单位:分钟)") == "分钟"
    assert unit_hint("处置时限（必填）") == ""
    assert read_limit("5", unit="工作日") == "5wd"
    assert read_limit("2小时", unit="工作日") == "2h"


@pytest.mark.parametrize(
    ("word", "minutes"), [("30", 30), ("３０分钟", 30), ("2小时", 120), ("半小时", 30), ("2工作时", 120)]
)
def test_short_limits_are_minutes(word: str, minutes: int) -> None:
    assert read_minutes(word) == minutes


@pytest.mark.parametrize(
    ("word", "code"), [("1个工作日", "minutes_days"), ("0", "minutes"), ("0.5", "minutes"), ("立即", "vague")]
)
def test_what_is_no_number_of_minutes_is_refused(word: str, code: str) -> None:
    with pytest.raises(LimitWordError) as caught:
        read_minutes(word)
    assert caught.value.code == code
