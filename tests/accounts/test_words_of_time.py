"""Times, clocks and numbers as the pages say them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.template import Context, Template
from django.utils import translation

from accounts.templatetags import ui

NOON = datetime(2026, 7, 9, 4, 0, tzinfo=UTC)  # 12:00 in Shenzhen


def render(text: str, **context: object) -> str:
    return Template("{% load ui charts %}" + text).render(Context(context))


@pytest.fixture(autouse=True)
def english() -> object:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (11 * 60, "11 min"),
        (3600, "1 h"),
        (2 * 3600 + 14 * 60, "2 h 14 min"),
        (24 * 3600, "1 d"),
        (28 * 3600 + 59, "1 d 4 h"),
        (12 * 86400 + 5 * 3600, "12 d"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert ui.duration(seconds) == words


def test_nothing_measured_is_a_dash() -> None:
    assert ui.duration(None) == ui.percent(None) == ui.hours(None) == ui.grouped(None) == "—"


def test_a_clock_says_what_is_left_and_then_how_late_it_is() -> None:
    assert ui.remaining_words(NOON + timedelta(minutes=11), NOON) == "11 min left"
    assert ui.remaining_words(NOON - timedelta(minutes=18), NOON) == "18 min overdue"


@pytest.mark.parametrize(
    ("minutes_gone", "urgency", "state"),
    [
        (10, "", "on"),
        (15, "", "warned"),
        (29, "", "warned"),
        (31, "", "overdue"),
        (10, "emergency", "emergency"),
    ],
)
def test_a_clock_warns_from_half_of_its_limit(minutes_gone: int, urgency: str, state: str) -> None:
    html = render(
        "{% clock due now start=start urgency=urgency %}",
        start=NOON - timedelta(minutes=minutes_gone),
        due=NOON - timedelta(minutes=minutes_gone) + timedelta(minutes=30),
        now=NOON,
        urgency=urgency,
    )
    assert f'class="clock" data-state="{state}"' in html


def test_a_paused_clock_does_not_tick() -> None:
    html = render("{% clock due now paused='Suspended' %}", due=NOON, now=NOON)
    assert "Suspended" in html
    assert "data-due" not in html


def test_a_case_without_a_due_time_shows_no_clock() -> None:
    assert render("{% clock due %}", due=None) == ""


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOON + timedelta(hours=7, minutes=23), "19:23"),
        (NOON - timedelta(days=1), "yesterday 12:00"),
        (NOON + timedelta(days=1), "tomorrow 12:00"),
        (NOON - timedelta(days=3), "6 Jul 12:00"),
        (NOON - timedelta(days=365), "9 Jul 2025 12:00"),
    ],
)
@time_machine.travel(NOON, tick=False)
def test_an_instant_is_said_from_today(at: datetime, words: str) -> None:
    assert f">{words}</time>" in ui.moment(at)


@time_machine.travel(NOON, tick=False)
def test_midnight_is_shenzhens() -> None:
    assert ">yesterday 23:59</time>" in ui.moment(datetime(2026, 7, 8, 15, 59, tzinfo=UTC))


def test_what_people_wrote_cannot_break_out_of_a_tag() -> None:
    html = render(
        "{% clock due now label=label %}{% state_badge label %}", due=NOON, now=NOON, label='"><script>'
    )
    assert "<script>" not in html


def test_a_chart_has_the_same_numbers_as_a_table() -> None:
    chart = {
        "kind": "bar",
        "x": ["A", "B"],
        "digits": 1,
        "series": [{"name": "one", "data": [1.25, None]}],
        "links": ["/a", "/b"],
    }
    html = render('{% chart_card chart "c" title="T" %}', chart=chart)
    assert '<a href="/a">A</a>' in html
    assert ">1.2<" in html
    assert ">—<" in html
