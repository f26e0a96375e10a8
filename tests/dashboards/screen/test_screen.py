"""The command screen: whose numbers it shows, who may look, what a poll costs and when it has news."""

import re
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from dashboards import rollups
from dashboards.board import Board
from dashboards.filters import FilterForm, understand
from dashboards.indicators import BY_CODE, shown
from dashboards.models import Warning
from dashboards.scope import Names
from dashboards.screen import build as builds
from dashboards.screen import kept, picture
from dashboards.screen.shown import day_words, inside, line
from incidents import actions
from incidents.centre import wall
from incidents.models import Incident
from incidents.numbers import district_day
from tests.browsers import As
from tests.cast import LAMP_TEXT, Person
from tests.dashboards.facts import DAYS, HOUR, fact
from tests.dashboards.facts import case as bare
from tests.dashboards.screen.conftest import NOW, Hands
from tests.dashboards.warning.found import found as warned
from tests.incidents.centre.people import DISTRICT, PINGHU, centre
from tests.incidents.centre.test_wall import lamp

POLL = {"X-Requested-With": "poll"}


def page(code: str = DISTRICT) -> str:
    return reverse("screen-area", args=[code])


def live(code: str = DISTRICT) -> str:
    return reverse("screen-live", args=[code])


def poll(client: Client, code: str = DISTRICT, tag: str = "") -> Any:
    kept.forget()
    return client.get(live(code), headers=POLL | ({"If-None-Match": tag} if tag else {}))


_serial = count(1)


def case(**given: Any) -> Incident:
    """A bare case, with a number that no report of the day is given."""
    return bare(number=f"20260101-{next(_serial):06d}", **given)


def some_weeks() -> None:
    """Sixty days of work in Pinghu, all of it counted."""
    for number in range(60):
        day = district_day(NOW) - timedelta(days=number)
        done = case(status="closed", closed_at=NOW, street_code=PINGHU)
        fact(done, "received", day=day)
        fact(done, "dispatched", day=day, elapsed=HOUR, working=HOUR, first=True, automatic=True)
        fact(done, "handled", day=day, elapsed=(2 + number % 5) * DAYS, working=HOUR, first=True, solved=True)
        fact(done, "due", day=day, on_time=number % 4 != 0)
    rollups.fold()


def figures_of(code: str = DISTRICT) -> list[dict[str, Any]]:
    there = centre(code)
    told = inside(picture.standing_of(there, NOW), picture.moment_of(there, NOW))
    figures: list[dict[str, Any]] = told["figures"]
    return figures


@pytest.mark.parametrize("code", [DISTRICT, PINGHU])
def test_every_figure_is_the_boards_and_the_walls(db: None, code: str) -> None:
    some_weeks()
    for number in range(3):
        lamp(number)  # in Longgang
    at_hand = case(status="handling", received_at=NOW, due_at=NOW - timedelta(hours=3))
    fact(at_hand, "received", day=district_day(NOW))
    figures = figures_of(code)
    scope, names = picture.scope_of_area(centre(code)), Names()
    form = FilterForm({}, scope=scope, names=names, today=district_day(NOW))
    board = Board(understand(form, scope=scope, names=names), scope=scope, names=names, at=NOW)
    for one, indicator in zip(figures[1:4], picture.JUDGED, strict=True):
        assert one["figure"] == shown(BY_CODE[indicator], board.value(indicator)) != "—"
    seen = wall.wall_of(centre(code), NOW)
    assert figures[0]["figure"] == str(seen.today.received) == {DISTRICT: "5", PINGHU: "2"}[code]
    assert figures[4]["figure"] == str(seen.total.overdue) == str(board.now["overdue"]) == "1"
    bars = figures[0]["bars"]
    assert (len(bars), [bar["is_today"] for bar in bars].index(True)) == (14, 13)


def test_what_is_too_little_to_judge_by_is_not_judged(db: None) -> None:
    lamp(1)
    for one in figures_of()[1:4]:
        assert one["verdict"] == one["verdict_state"] == ""
    some_weeks()
    verdicts = {str(one["name"]): one["verdict_state"] for one in figures_of()[1:4]}
    assert list(verdicts.values()) == ["on", "on", "overdue"]  # three in four on time: short of the aim


def test_an_emergency_stands_before_what_thirty_days_say(db: None) -> None:
    some_weeks()
    there = centre()

    def told() -> dict[str, Any]:
        return inside(picture.standing_of(there, NOW), picture.moment_of(there, NOW))

    calm = told()
    assert (calm["state"], len(calm["lines"]), calm["emergencies"]) == ("", 2, [])
    case(status="handling", received_at=NOW, due_at=NOW - timedelta(hours=3))
    burning = lamp(3, urgency="emergency", category="2001", text="路面塌陷有大坑")
    lamp(5, urgency="emergency", category="2001", text="路面塌陷有大坑")
    urgent = told()
    assert urgent["state"] == "emergency"
    assert str(burning.owner_unit) in urgent["lines"][0]
    assert re.findall(r"\d+", urgent["lines"][1]) == ["1", "1"]  # one more of them, and one case late
    assert len(urgent["emergencies"]) == 2
    assert urgent["tightest"][0]["state"] == "emergency"


def test_a_line_has_gaps_where_nothing_is_known() -> None:
    drawn = line([1.0, None, 3.0, 2.0], 2.0)
    assert drawn is not None
    assert drawn["path"].count("M") == 2
    assert drawn["path"].endswith(f"L{drawn['x']:g} {drawn['y']:g}")
    assert drawn["target"] == drawn["y"]
    assert line([1.0, None], 2.0) is None


def test_the_wall_shows_no_words_and_no_names(browse: As, leader: Person, lamp_case: Incident) -> None:
    warned(cases=3)
    text = browse(leader).get(page()).content.decode()
    assert "data-part" in text
    for secret in (LAMP_TEXT[:8], "王小明", "1381234", lamp_case.number, leader.user.display_name):
        assert secret not in text


def test_warnings_that_wait_are_those_of_the_area(db: None) -> None:
    for number in range(3):
        warned(cases=2, key=f"k{number}", street_code=PINGHU if number else "440307016000")
    Warning.objects.filter(key="k2").update(status=Warning.Status.DISMISSED)
    assert picture.standing_of(centre(), NOW).warnings == 2
    there = picture.standing_of(centre(PINGHU), NOW)
    assert (there.warnings, len(there.warning_rows)) == (1, 1)


# --- who may look ---------------------------------------------------------------------------------


def test_leaders_look_at_the_district_and_streets_at_themselves(
    browse: As,
    client: Client,
    leader: Person,
    street_supervisor: Person,
    handler: Person,
    admin: Person,
    lamp_case: Incident,
) -> None:
    expected = {
        leader: {DISTRICT: 200, PINGHU: 200},
        street_supervisor: {DISTRICT: 403, PINGHU: 200},
        handler: {DISTRICT: 403, PINGHU: 403},
        admin: {DISTRICT: 403, PINGHU: 403},
    }
    for who, codes in expected.items():
        browser = browse(who)
        for address in (page, live):
            assert {code: browser.get(address(code)).status_code for code in codes} == codes
        start = browser.get(reverse("screen"))
        mine = next((code for code, status in codes.items() if status == 200), None)
        assert (start.status_code, start.get("Location")) == ((302, page(mine)) if mine else (403, None))
    for nowhere in ("440307999000", lamp_case.community_code, lamp_case.cell_code):
        assert browse(leader).get(page(nowhere)).status_code == 404
    # A wall must neither show a form to sign in at, nor take one for its data.
    for address in (reverse("screen"), page(), live()):
        answer = client.get(address)
        assert answer.status_code == 401
        assert b"password" not in answer.content


# --- polls ----------------------------------------------------------------------------------------


def test_a_poll_is_304_until_something_changes(browse: As, leader: Person, lamp_case: Incident) -> None:
    client = browse(leader)
    first = client.get(page())
    tag = re.search(r'data-etag="&quot;(\w+)&quot;"', first.content.decode())
    assert tag is not None
    again = poll(client, tag=f'"{tag[1]}"')
    assert (again.status_code, again.content) == (304, b"")
    assert again["X-As-Of"] == again["X-Now"] == NOW.isoformat()
    lamp(5)
    changed = poll(client, tag=again["ETag"])
    assert changed.status_code == 200
    assert b"<html" not in changed.content
    assert changed["X-Build"] == first.context["build"]
    assert "no-store" in changed["Cache-Control"]


def test_walls_of_one_area_are_read_once_and_a_poll_asks_only_who_it_is(
    browse: As, leader: Person, supervisor: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The same with three cases and with thirty; four seconds later one wall reads again, for all."""
    first, second = browse(leader), browse(supervisor)
    some_weeks()
    for number in range(3):
        lamp(number)
    first.get(page())
    for _round in range(3):
        for client in (first, second):
            with django_assert_num_queries(3):  # session, user, memberships
                assert client.get(live(), headers=POLL).status_code == 200
    kept._shots.clear()  # as after four seconds
    with django_assert_num_queries(3 + 2 + 13):  # and the area with its centre; all that is on the wall
        first.get(live(), headers=POLL)
    for number in range(27):
        lamp(number % 9, text=f"{LAMP_TEXT}{number}", external_id=f"more-{number}")
    kept._shots.clear()
    with django_assert_num_queries(3 + 2 + 13):  # and the area with its centre; all that is on the wall
        first.get(live(), headers=POLL)


def test_a_shot_is_as_old_as_it_says(db: None) -> None:
    shot = kept.shot_of(DISTRICT, "zh-hans", at=NOW, now=100.0, find=centre)
    lamp(1)
    later = NOW + timedelta(seconds=3)
    same = kept.shot_of(DISTRICT, "zh-hans", at=later, now=103.0, find=centre)
    assert (same, same.at, same.age(103.0)) == (shot, NOW, 3.0)
    assert kept.shot_of(DISTRICT, "en", at=later, now=103.0, find=centre).tag != shot.tag
    anew = kept.shot_of(DISTRICT, "zh-hans", at=NOW + timedelta(seconds=4), now=104.0, find=centre)
    assert (anew.tag != shot.tag, anew.age(104.0)) == (True, 0.0)


def test_nobody_waits_long_for_a_reading_that_hangs(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = kept.shot_of(DISTRICT, "zh-hans", at=NOW, now=100.0, find=centre)
    monkeypatch.setattr(kept, "WAIT_SECONDS", 0.01)
    later = NOW + timedelta(seconds=30)
    with kept._lock_of((DISTRICT, "zh-hans")):
        assert kept.shot_of(DISTRICT, "zh-hans", at=later, now=130.0, find=centre) is shot
    assert kept.shot_of(DISTRICT, "zh-hans", at=later, now=130.0, find=centre).at == later


def test_a_day_ends_at_midnight_however_fresh_a_shot_is(db: None) -> None:
    evening = datetime(2026, 7, 7, 15, 59, 58, tzinfo=UTC)
    case_at = lamp(1, at=evening - timedelta(minutes=1))
    assert case_at.received_at.astimezone(UTC).hour == 15

    def received(shot: kept.Shot) -> str:
        found = re.search(r'class="figure"><b>([\d,]+)</b>', shot.html)
        assert found is not None
        return found[1]

    before = kept.shot_of(DISTRICT, "zh-hans", at=evening, now=0.0, find=centre)
    after = kept.shot_of(DISTRICT, "zh-hans", at=evening + timedelta(seconds=2), now=2.0, find=centre)
    assert (received(before), received(after)) == ("1", "0")
    assert day_words(evening) != day_words(evening + timedelta(seconds=2))


def test_another_build_of_the_page_has_another_name(
    browse: As, leader: Person, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    client = browse(leader)
    before = client.get(live(), headers=POLL)["X-Build"]
    folder = tmp_path / "templates/dashboards/screen"
    folder.mkdir(parents=True)
    (folder / "screen.html").write_text("another page")
    settings.BASE_DIR = tmp_path
    builds.build.cache_clear()
    try:
        assert client.get(live(), headers=POLL)["X-Build"] != before
    finally:
        builds.build.cache_clear()


def test_a_case_that_is_accepted_moves_at_the_next_reading(
    browse: As, leader: Person, handler: Person, hands: Hands, lamp_case: Incident
) -> None:
    client = browse(leader)
    before = poll(client)
    actions.accept(number=lamp_case.number, actor=handler.actor, at=NOW)
    after = poll(client, tag=before["ETag"])
    assert after.status_code == 200
