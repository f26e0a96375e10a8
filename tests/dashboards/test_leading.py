"""What the leader's board adds: fair leagues, the year's days, what moved and why, files without scripts."""

import csv
import io
import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import OrgUnit
from accounts.roles import Role
from dashboards import heat, rollups, sheets
from dashboards.leading import LeaderBoard, year_earlier
from dashboards.models import ScoringPeriod
from dashboards.reading import Span
from dashboards.tables import TABLES
from incidents.models import Outcome
from tests.cast import Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import (
    BUJI,
    BUJI_COMMUNITY,
    DAY,
    DAYS,
    HOUR,
    PINGHU,
    PINGHU_COMMUNITY,
    case,
    days_before,
    fact,
    noon,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]

STREETS = {PINGHU: PINGHU_COMMUNITY, BUJI: BUJI_COMMUNITY}


def test_a_month_is_held_against_the_same_month_whatever_february_has() -> None:
    def earlier(first: date, last: date) -> tuple[date, date]:
        span = year_earlier(Span(first, last))
        return span.first, span.last

    leap, other = (date(2028, 2, 1), date(2028, 2, 29)), (date(2027, 2, 1), date(2027, 2, 28))
    assert earlier(*leap) == other
    assert earlier(date(2029, 2, 1), date(2029, 2, 28)) == leap
    assert earlier(date(2028, 1, 1), date(2028, 3, 31)) == (date(2027, 1, 1), date(2027, 3, 31))
    assert earlier(date(2028, 3, 6), date(2028, 3, 12)) == (date(2027, 3, 8), date(2027, 3, 14))  # a week


def handled(
    street: str, category: str, took: float, *, ago: int, count: int = 1, unit: str = "police", **rated: Any
) -> None:
    """So many resolutions so many days ago, each after so many days, give or take a little; what counts are
    the facts, so they are told of one case."""
    day = days_before(ago)
    incident = case(
        status="closed",
        closed_at=noon(DAY),
        street_code=street,
        community_code=STREETS[street],
        category_id=category,
        owner_unit_id=unit,
    )
    told = fact(incident, "received", day=day)
    common = {
        field.attname: getattr(told, field.attname)
        for field in Outcome._meta.concrete_fields
        if field.attname not in ("id", "kind")
    }
    facts = [Outcome(**common, kind="received") for _number in range(count - 1)]
    for number in range(count):
        seconds = int(took * DAYS * (0.9 + 0.2 * (number % 5) / 4))
        given: list[tuple[str, dict[str, Any]]] = [
            ("dispatched", {"elapsed": HOUR, "working": HOUR, "first": True}),
            ("handled", {"elapsed": seconds, "working": seconds // 3, "first": True, "solved": True}),
            ("due", {"on_time": took < 5}),
            *([("rated", {"solved": True, **rated})] if rated else []),
        ]
        facts += [Outcome(**(common | more), kind=kind) for kind, more in given]
    Outcome.objects.bulk_create(facts)


def board_of(client: Client, query: str = "") -> LeaderBoard:
    response = client.get(f"/board/{query}")
    assert response.status_code == 200
    board = response.context["board"]
    assert isinstance(board, LeaderBoard)
    return board


def table_of(client: Client, name: str, query: str = "") -> list[list[str]]:
    response = client.get(f"/board/data/{name}.csv{query}")
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    *lines, (mark,) = csv.reader(io.StringIO(text))
    assert "leader" in mark  # who took it
    return lines


def verdicts(client: Client, league: str) -> dict[str, str]:
    return {row.code: row.verdict for row in board_of(client, f"?league={league}").league_rows}


def test_who_has_the_slow_matters_is_not_slow(client: Client, leader: Person) -> None:
    """Buji has mostly the matter that takes everybody nine days; on the same mix it is level."""
    sign_in(client, leader)
    for street, quick, slow, unit in ((PINGHU, 60, 20, "pinghu/enforcement"), (BUJI, 20, 60, "buji")):
        handled(street, "0204", 1, ago=3, count=quick, unit=unit)
        handled(street, "0101", 9, ago=3, count=slow, unit=unit)
    rollups.fold()
    rows = board_of(client).league_rows
    assert max(row.mean or 0 for row in rows) > 2 * min(row.mean or 0 for row in rows)
    assert verdicts(client, "street") == {PINGHU: "alike", BUJI: "alike"}
    assert verdicts(client, "community") == {PINGHU_COMMUNITY: "alike", BUJI_COMMUNITY: "alike"}
    assert verdicts(client, "unit") == {"pinghu": "alike", "buji": "alike"}


def test_a_league_has_three_groups_and_judges_nobody_by_few_cases(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    handled(PINGHU, "0204", 1, ago=3, count=40, unit="police")
    handled(BUJI, "0204", 4, ago=3, count=40, unit="lighting-company")
    handled(BUJI, "0204", 20, ago=3, count=5, unit="pinghu/enforcement")
    assert verdicts(client, "unit") == {"police": "better", "lighting-company": "slower", "pinghu": "small"}
    assert verdicts(client, "community") == {PINGHU_COMMUNITY: "better", BUJI_COMMUNITY: "slower"}
    table = table_of(client, "league", "?league=unit")
    assert [row[0] for row in table[1:]] == ["police", "lighting-company", "pinghu"]
    assert not any(re.fullmatch(r"[1-9]|1[01]", row[0]) for row in table)  # nobody has a rank


def test_the_official_scores_are_a_link_away(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    handled(PINGHU, "0204", 1, ago=3)
    assert client.get("/board/").context["official"] == {"name": "", "url": "/scoring/"}
    ScoringPeriod.objects.create(
        kind="month",
        first=DAY.replace(month=5, day=1),
        last=DAY.replace(month=5, day=31),
        status="open",
    )
    assert client.get("/board/").context["official"]["name"] == ""


def test_the_pieces_of_a_change_add_up_to_it(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    handled(BUJI, "0204", 2, ago=40, count=40)
    handled(BUJI, "0101", 8, ago=40, count=20)
    handled(BUJI, "0204", 6, ago=5, count=30)
    handled(BUJI, "0101", 8, ago=5, count=40)
    board = board_of(client, f"?street={BUJI}")
    change = (board.now.mean("handle", "handled") or 0) - (board.before.mean("handle", "handled") or 0)
    assert sum(piece.seconds for piece in board.pieces) == pytest.approx(change)
    assert board.pieces[0].category == "0204"
    assert board.pieces[-1].category is None
    assert board.pieces[-1].seconds > 0  # more of what takes longer
    shown = sum(float(row[1]) for row in table_of(client, "pieces", f"?street={BUJI}")[1:])
    assert shown == pytest.approx(change / DAYS, abs=0.05)


def test_only_what_moved_by_more_than_chance_is_said_to_have_moved(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    for category, before, now in (("0204", 30, 90), ("0101", 90, 30), ("0102", 40, 44), ("0103", 2, 20)):
        handled(PINGHU, category, 1, ago=40, count=before)
        handled(PINGHU, category, 1, ago=5, count=now)
    assert [(row.category, row.by) for row in board_of(client).moved] == [("0204", 60), ("0101", -60)]
    assert not board_of(client, "?unit=police").moved  # no cells know units, places and matters together


def test_the_calendar_tells_of_a_day_that_stands_out_and_opens_its_cases(
    client: Client, leader: Person
) -> None:
    sign_in(client, leader)
    for ago in range(1, 60):
        for number in range(40 if ago == 10 else 2):
            fact(case(), "received", day=days_before(ago))
            if number == 0:
                fact(case(), "due", day=days_before(ago), on_time=ago % 2 == 0)
    rollups.fold()
    context = client.get("/board/").context
    known = heat.counts(context["board"])
    assert known[days_before(10)] == 40
    assert known[days_before(3)] == 2
    assert known[days_before(70)] is None  # nothing was counted then: not nought
    assert heat._outstanding({day: value for day, value in known.items() if value is not None}) == [
        (days_before(10), 40, 2.0)
    ]
    days = "".join(str(week) for _name, week in context["calendar"]["weeks"])
    for url, number in re.findall(r'<td class="num"><a href="([^"]+)">(\d+)</a>', days)[:12]:
        assert client.get(unescape(url)).context["page"].paginator.count == int(number), url
    late = heat.counts(board_of(client, "?heat=late"))
    assert (late[days_before(9)], late[days_before(8)]) == (1, 0)


def test_shades_are_even_steps_that_one_storm_does_not_wash_out() -> None:
    assert heat.steps_of([100, 110, 120, 90, 2000]) == [100, 200, 300, 400]
    assert heat.steps_of([3, 4, 5, 2, 1, 6]) == [2, 4, 6]
    assert heat.steps_of([1, 0, 0]) == [1]
    assert heat.steps_of([0, 0]) == []


def test_what_is_compared_stands_in_the_address(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    handled(PINGHU, "0204", 2, ago=5, count=40)
    handled(PINGHU, "0204", 4, ago=40, count=40)
    handled(PINGHU, "0204", 8, ago=365, count=40)

    def terms(query: str) -> int:
        return len(client.get(f"/board/{query}").context["cards"][1]["notes"])

    assert [terms(query) for query in ("", "?vs=target", "?vs=none", "?vs=before&vs=year")] == [5, 3, 2, 4]
    # Whoever compares with last year alone is told everywhere what changed since then.
    year = board_of(client, "?vs=year")
    assert year.value_before("handle_mean") == pytest.approx(8, abs=0.01)
    assert board_of(client).value_before("handle_mean") == pytest.approx(4, abs=0.01)
    chosen = client.get("/board/?vs=before&period=90d").context["filters"]
    urls = [one["url"] for one in chosen["against"]]
    assert all("period=90d" in url for url in urls)
    assert client.get(urls[1]).context["asked"].against == ("before", "year")
    assert ("vs", "before") in chosen["kept"]  # other filters do not lose it
    assert client.get("/board/?vs=weather").context["form"].errors["vs"]


def test_the_story_tells_of_targets_last_year_what_got_worse_and_who_is_late(
    client: Client, leader: Person
) -> None:
    sign_in(client, leader)
    assert client.get("/board/").context["points"] == []  # nothing to tell of
    handled(PINGHU, "0204", 2, ago=400, count=40)  # beyond the year's days
    handled(BUJI, "0101", 2, ago=370, count=40)
    handled(BUJI, "0101", 2, ago=40, count=40)
    handled(BUJI, "0101", 9, ago=5, count=40)
    targets, year, worse, late = client.get("/board/").context["points"]
    assert [point.state for point in (targets, year, worse, late)] == ["overdue"] * 4
    for point in (worse, late):
        assert client.get(point.url).context["page"].paginator.count == int(point.count)
    assert "%" in worse.words.split("→")[0]  # the whole got slower: that comes first
    handled(BUJI, "0101", 1, ago=3, count=200)
    assert [point.state for point in client.get("/board/?vs=none").context["points"]][-1] == "overdue"
    assert len(client.get("/board/?vs=none").context["points"]) == 2


def test_beside_an_empty_period_nothing_has_got_worse_nor_better(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    handled(BUJI, "0204", 2, ago=3, count=100)
    context = client.get("/board/").context
    said = context["moved_title"]
    assert said in [point.words for point in context["points"]]
    assert said == context["changes_title"]
    assert context["board"].moved == []
    page = client.get("/board/").content.decode()
    # Neither "level" nor "nothing got worse" is said; what came in leads instead.
    assert page.count(str(context["changes_title"])) == 1  # in the story, and over no card
    assert 'data-chart="flow"' in page


def test_a_place_is_named_for_its_late_cases_from_three_on(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    for number in range(40):
        fact(case(), "due", day=days_before(3), on_time=number > 4)
    for number in range(4):
        fact(case(category_id="0101"), "due", day=days_before(3), on_time=number > 1)
    fact(case(category_id="0402"), "due", day=days_before(3), on_time=False)
    context = client.get("/board/").context
    assert [(row["late"], row["due"], row["width"]) for row in context["spots"]] == [("5", "40", "12")]
    # One matter alone has thirty: it is not the worst of anything.
    assert "30" in context["matters_title"]
    flow = table_of(client, "flow")
    assert flow[1][0] == flow[1][1] == days_before(29).isoformat()


def test_who_only_reads_finds_the_board_warnings_and_briefs_first(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    nav = client.get("/board/").context["nav"]
    assert [one["name"] for one in nav][:3] == ["board", "warnings", "briefs"]
    assert len({one["url"] for one in nav}) == len(nav)


def test_ratings_are_told_apart_by_their_interval(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    handled(PINGHU, "0204", 1, ago=3, count=100, score=5)
    handled(BUJI, "0204", 1, ago=3, count=40, score=2)
    context = client.get("/board/").context
    chart = context["satisfaction"]
    assert chart["tones"] == ["primary", "overdue"]
    for low, middle, high in chart["series"][0]["data"]:
        assert low <= middle <= high
    few = client.get(f"/board/?street={BUJI}&from={days_before(2)}&to={DAY}").context
    assert few["satisfaction"] is None


def test_every_table_is_a_file_under_the_same_filters_without_scripts(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    for query in ("", f"?street={BUJI}", "?unit=police", "?source=patrol", "?heat=late&league=unit"):
        for name in TABLES:  # nothing there yet, and still a table
            assert len(table_of(client, name, query)[0]) >= 2, name
    handled(BUJI, "0204", 2, ago=3, count=35, score=5)
    handled(PINGHU, "0204", 2, ago=3, count=3)
    rollups.fold()
    handled(PINGHU, "0204", 2, ago=2)
    case(status="handling")
    page = client.get("/board/")
    linked = {name for name, url in page.context["csv"].items() if f'href="{url}"' in page.content.decode()}
    # What says that it has nothing to show offers no file either.
    assert linked == TABLES.keys() - {"changes", "moved", "pieces"}
    handled(PINGHU, "0204", 2, ago=40)
    figures = {row[0]: row for row in table_of(client, "figures")[1:]}
    assert figures["handle_mean"][4] == "39"
    assert figures["handle_mean"][5] != ""
    assert figures["open"][5:7] == ["", ""]  # what waited then nobody knows
    assert table_of(client, "units", f"?street={BUJI}")[1][2] == "35"
    assert sum(int(row[1]) for row in table_of(client, "calendar")[1:]) == 40
    response = client.get(f"/board/data/league.csv?street={BUJI}")
    assert response["Content-Disposition"] == 'attachment; filename="league-2026-06-08-2026-07-07.csv"'
    assert client.get("/board/data/nonsense.csv").status_code == 404
    assert client.get("/board/data/league.csv?street=nowhere").status_code == 400


def test_a_file_is_nobodys_whose_board_it_is_not(client: Client, admin: Person) -> None:
    assert client.get("/board/data/league.csv").status_code == 302
    sign_in(client, admin)
    assert client.get("/board/data/league.csv").status_code == 403
    sign_in(client, person("street-leader", Role.LEADER, "buji"))
    handled(PINGHU, "0204", 2, ago=3)
    assert len(table_of(client, "units")) == 1
    assert client.get(f"/board/data/units.csv?street={PINGHU}").status_code == 400


def test_no_cell_of_a_file_is_run_by_a_spreadsheet(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    OrgUnit.objects.filter(code="police").update(name_zh="=HYPERLINK(1)", name_en="=HYPERLINK(1)")
    handled(PINGHU, "0204", 2, ago=3)
    assert table_of(client, "units")[1][1] == "'=HYPERLINK(1)"
    response = client.get("/board/cases/?list=handled&format=csv")
    assert "'=HYPERLINK" in b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    for cell, written in (
        ("+1.35", "+1.35"),
        ("-0.5%", "-0.5%"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("-1+2", "'-1+2"),
        (-3, -3),
        ("布吉", "布吉"),
    ):
        assert sheets.safe(cell) == written


def test_a_street_shows_its_overdue_cases_the_oldest_first(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    handled(BUJI, "0204", 2, ago=3)
    for age in range(12):
        case(
            status="handling",
            street_code=BUJI,
            community_code=BUJI_COMMUNITY,
            received_at=case().received_at - timedelta(days=age),
            due_at=case().received_at - timedelta(hours=1),
        )
    overdue = client.get(f"/board/street/{BUJI}/").context["overdue"]
    ages = [row["at"] for row in overdue["rows"]]
    assert ages == sorted(ages)
    assert len(ages) == 8
    assert client.get(overdue["url"]).context["page"].paginator.count == 12
    assert client.get("/board/").context["overdue"] is None


@pytest.mark.parametrize("cases", [1, 12])
def test_each_part_of_a_board_is_read_once(
    client: Client, leader: Person, django_assert_max_num_queries: DjangoAssertNumQueries, cases: int
) -> None:
    sign_in(client, leader)
    for street in STREETS:
        handled(street, "0204", 2, ago=3, count=cases, score=5)
        handled(street, "0101", 2, ago=40, count=cases, unit="lighting-company")
    rollups.fold()
    client.get("/board/")
    for query, most in (("", 23), ("?league=unit", 24), ("?league=community", 25), ("?unit=police", 26)):
        with django_assert_max_num_queries(most):
            client.get(f"/board/{query}")
    with django_assert_max_num_queries(25):
        client.get(f"/board/street/{BUJI}/")
    for name in ("calendar", "moved", "ages", "flow"):
        with django_assert_max_num_queries(11):
            table_of(client, name)
