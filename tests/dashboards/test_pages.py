"""What each role sees, that every number opens a list of as many, and how few queries it takes."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from dashboards import present, rollups
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
    take_back,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


@pytest.fixture
def month() -> None:
    """A month's work: late ones, returns, ratings, a resolution that did not stand, things still open."""
    for number in range(24):
        street = PINGHU if number % 3 else BUJI
        unit = ("lighting-company", "police", "pinghu/enforcement")[number % 3]
        day = days_before(number)
        incident = case(
            status="closed",
            closed_at=noon(DAY),
            street_code=street,
            community_code={PINGHU: PINGHU_COMMUNITY, BUJI: BUJI_COMMUNITY}[street],
            owner_unit_id=unit,
            category_id=("0204", "0101")[number % 2],
            source=("hotline", "patrol")[number % 2],
        )
        fact(incident, "received", day=day)
        fact(incident, "dispatched", day=day, elapsed=number * HOUR, working=HOUR, first=True, automatic=True)
        handled = fact(
            incident, "handled", day=day, elapsed=number * DAYS, working=HOUR, first=True, solved=True
        )
        fact(incident, "due", day=day, on_time=number % 4 != 0)
        if number % 6 == 0:
            take_back(handled)
            fact(incident, "reworked", day=day)
        else:
            fact(incident, "closed", day=day, elapsed=DAYS, working=HOUR)
            fact(incident, "rated", day=day, score=5 if number % 5 else 2, solved=True)
        if number % 8 == 0:
            fact(incident, "returned", day=day)
        if number % 2:
            rollups.fold()
    for age in (0, 5, 10, 20, 60):
        case(
            status="handling",
            received_at=noon(DAY) - timedelta(days=age, hours=1),
            due_at=noon(DAY) - timedelta(hours=5 - age),
        )


def board_of(client: Client, query: str = "") -> str:
    response = client.get(f"/board/{query}")
    assert response.status_code == 200
    return response.content.decode()


def count_of(client: Client, url: str) -> int:
    response = client.get(url)
    assert response.status_code == 200, url
    assert len(response.context["rows"]) == min(50, response.context["page"].paginator.count)
    return int(response.context["page"].paginator.count)


def numbered_links(page: str) -> list[tuple[str, int]]:
    """Every link into a list whose words are a number, with that number."""
    found = re.findall(r'<a[^>]*href="(/board/cases/[^"]*)"[^>]*>\s*([^<]*?)\s*</a>', page)
    return [
        (unescape(url), int(words.replace("○", "").replace(",", "")))
        for url, words in found
        if re.fullmatch(r"(○ )?[\d,]+", words)
    ]


@pytest.mark.usefixtures("month")
def test_the_first_rows_of_a_table_and_where_all_of_them_are(
    client: Client, leader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(present, "FIRST_ROWS", 1)
    sign_in(client, leader)
    page = board_of(client, "?period=30d&street=440307003000&street=440307014000")
    tables = {
        name: page.partition(f'id="{name}"')[2].partition("</section>")[0] for name in ("units", "matters")
    }
    assert [table.count("<tr") - 1 for table in tables.values()] == [1, 1]
    for name, rows in (("units", 3), ("matters", 2)):
        [url] = re.findall(r'more-button" href="([^"]*)"', tables[name])
        assert url.endswith(f"#{name}")
        whole = (
            client.get(unescape(url)).content.decode().partition(f'id="{name}"')[2].partition("</section>")[0]
        )
        assert (whole.count("<tr") - 1, "more-button" in whole) == (rows, False)


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize(
    "query",
    ["", "?street=440307003000", "?unit=police", "?source=patrol", "?category=02&time=working", "?period=7d"],
)
def test_every_number_opens_a_list_of_exactly_as_many(client: Client, leader: Person, query: str) -> None:
    sign_in(client, leader)
    page = board_of(client, query)
    links = numbered_links(page)
    assert len(links) > 5
    for url, number in links:
        assert count_of(client, url) == number, url


@pytest.mark.usefixtures("month")
def test_the_figures_beside_the_four_open_as_many_too(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    context = client.get("/board/").context
    counts = context["board"].now
    for code, expected in (
        ("received", counts["received"]),
        ("handled", counts["handled"]),
        ("due", counts["due"]),
        ("late", counts["due"] - counts["due_met"]),
        ("returned", counts["returned"]),
        ("reworked", counts["reworked"]),
        ("automatic", counts["automatic"]),
        ("first_sent", counts["first_sent"]),
        ("rated", counts["rated"]),
        ("satisfied", counts["satisfied"]),
        ("closed", counts["closed"]),
        ("open", counts["open"]),
        ("overdue", counts["overdue"]),
    ):
        assert count_of(client, f"/board/cases/?list={code}") == expected, code
    for row in context["board"].ages:
        assert count_of(client, f"/board/cases/?list=open-{row.age}") == row.open
    values = client.get("/board/values.json").json()["values"]
    assert values
    for code, item in values.items():
        assert code.startswith("44030")
        assert count_of(client, item["href"]) in [int(number) for number in re.findall(r"\d+", item["label"])]


@pytest.mark.usefixtures("month")
def test_a_board_takes_the_same_few_queries_however_many_cases(
    client: Client, leader: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sign_in(client, leader)
    # The session, the person, their roles, the demo banner, the bell and the counts of the places are seven;
    # what the words of cells mean is read once in a process.
    with django_assert_max_num_queries(22):
        board_of(client)
    with django_assert_max_num_queries(13):
        client.get("/board/cases/?list=handled")
    with django_assert_max_num_queries(11):
        client.get("/board/values.json")


@pytest.mark.usefixtures("month")
def test_a_street_sees_its_street_and_a_unit_its_own(client: Client, leader: Person) -> None:
    street = person("street-leader", Role.LEADER, "buji")
    unit = person("unit-leader", Role.LEADER, "police")
    hand = person("hand", Role.HANDLER, "pinghu/enforcement")
    numbers: dict[str, Any] = {}
    for who in (leader, street, unit, hand):
        sign_in(client, who)
        board = client.get("/board/").context["board"]
        numbers[who.user.username] = (board.now["dispatched"], board.now["open"])
        assert count_of(client, "/board/cases/?list=dispatched") in (board.now["dispatched"], 0)
    assert numbers["leader"][0] == 24
    assert numbers["street-leader"] == (8, 0)
    assert numbers["unit-leader"] == (8, 0)
    assert numbers["hand"] == (8, 0)


@pytest.mark.usefixtures("month")
def test_nobody_widens_their_view_by_the_address(client: Client) -> None:
    sign_in(client, person("street-leader", Role.LEADER, "buji"))
    page = client.get(f"/board/?street={PINGHU}")
    assert page.context["board"].now["dispatched"] == 8
    assert page.context["form"].errors["street"]
    assert client.get(f"/board/street/{PINGHU}/").status_code == 404
    assert client.get(f"/board/cases/?list=handled&street={PINGHU}").status_code == 400
    sign_in(client, person("unit-leader", Role.LEADER, "police"))
    assert client.get("/board/cases/?list=handled&unit=lighting-company").status_code == 400


def test_an_administrator_and_somebody_without_a_sign_in_see_no_numbers(
    client: Client, admin: Person
) -> None:
    assert client.get("/board/").status_code == 302
    sign_in(client, admin)
    for url in ("/board/", "/board/cases/?list=open", "/board/values.json", "/board/definitions/"):
        assert client.get(url).status_code == 403, url
    assert client.get("/api/v1/kpis/").status_code == 403


def test_an_empty_period_says_so(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    page = board_of(client)
    assert "data-chart" not in page
    assert 'class="empty"' in page


def test_a_list_that_does_not_exist_and_filters_that_say_nothing(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    assert client.get("/board/cases/?list=nonsense").status_code == 404
    assert client.get("/board/street/440307999000/").status_code == 404
    for query in (
        "from=2026-07-09&to=2026-07-01",
        "from=1",
        "period=tomorrow",
        "from=2020-01-01&to=2026-07-01",
        "unit=%00",
        "from=0001-01-01&to=0001-01-02",
    ):
        response = client.get(f"/board/?{query}")
        assert response.status_code == 200
        assert response.context["form"].errors, query
        assert client.get(f"/board/cases/?list=open&{query}").status_code == 400, query


@pytest.mark.usefixtures("month")
def test_a_list_can_be_taken_along_without_what_people_said(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    response = client.get("/board/cases/?list=late&format=csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    *lines, last = text.strip().splitlines()
    assert len(lines) == 1 + 6
    assert leader.user.username in last
    assert "路灯不亮" not in text


@pytest.mark.usefixtures("month")
def test_the_page_says_when_counting_stands_still(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    fact(case(), "received")
    assert client.get("/board/").context["freshness"]["is_behind"]
    from dashboards.tasks import fold

    fold()
    assert not client.get("/board/").context["freshness"]["is_behind"]


@pytest.mark.usefixtures("month")
def test_the_api_answers_the_same_numbers(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    board = client.get("/board/?street=440307003000").context["board"]
    answer = client.get("/api/v1/kpis/?street=440307003000&by=unit").json()
    values = {row["code"]: row["value"] for row in answer["indicators"]}
    assert values["handle_mean"] == pytest.approx(board.value("handle_mean"))
    assert values["on_time"] == pytest.approx(board.value("on_time"))
    assert values["open"] == board.now["open"]
    assert {row["code"] for row in answer["groups"]} == {"police", "pinghu"}
    refused = client.get("/api/v1/kpis/?from=2026-07-09&to=2026-07-01&street=nowhere")
    assert refused.status_code == 400
    assert {row["field"] for row in refused.json()["errors"]} == {"to", "street"}
    assert client.get("/api/v1/kpis/?by=weather").status_code == 400
