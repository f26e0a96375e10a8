"""Where the time of a case goes: steps that add up to the board's own means, and a title that they show."""

import csv
import io
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from dashboards import steps
from dashboards.leading import LeaderBoard
from tests.cast import Person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import DAYS, HOUR, case, days_before, fact, noon, take_back

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def lived(
    ago: int, many: int, *, first: float = 1, sent: float = 2, took: float = 4, still: float = 0
) -> None:
    """So many cases, so many days ago; hours until sent, days until handled."""
    day = days_before(ago)
    for number in range(many):
        spread = 0.9 + 0.2 * (number % 5) / 4
        incident = case(status="closed", closed_at=noon(day))
        fact(incident, "received", day=day)
        sending = int(sent * HOUR * spread)
        away = fact(
            incident, "dispatched", day=day, elapsed=int(first * HOUR * spread), working=9, first=True
        )
        if sent > first:
            take_back(away)
            fact(incident, "returned", day=day)
            fact(incident, "dispatched", day=day, elapsed=sending, working=9)
        seconds = int(took * DAYS * spread)
        paused = int(still * DAYS * spread)
        fact(incident, "handled", day=day, elapsed=seconds, working=seconds // 3, paused=paused)


def board(client: Client, leader: Person, query: str = "period=month") -> LeaderBoard:
    found: LeaderBoard = sign_in(client, leader).get(f"/board/?{query}", headers=ENGLISH).context["board"]
    translation.activate("en")  # a request puts the default one back
    return found


def amounts(found: LeaderBoard) -> dict[str, tuple[float, float | None]]:
    return {
        row.part.code: (round(row.now), None if row.before is None else round(row.before))
        for row in steps.taken(found)
    }


def test_the_steps_add_up_to_the_means_of_dispatch_and_handling(client: Client, leader: Person) -> None:
    lived(2, 40, first=1, sent=3, took=5, still=1.5)
    found = board(client, leader)
    told = amounts(found)
    assert told["first"][0] == pytest.approx(HOUR, rel=0.01)
    assert told["astray"][0] == pytest.approx(2 * HOUR, rel=0.01)
    assert told["still"][0] == pytest.approx(1.5 * DAYS, rel=0.01)
    dispatch, handle = found.value("dispatch_mean"), found.value("handle_mean")
    assert dispatch is not None
    assert handle is not None
    whole = sum(now for now, _before in told.values())
    assert whole == pytest.approx(dispatch * HOUR + handle * DAYS, rel=0.001)


WEEKS = "from=2026-06-10&to=2026-07-07"


def test_the_title_names_the_step_that_changed_most(client: Client, leader: Person) -> None:
    lived(35, 60, took=4, still=0.5)
    lived(3, 60, took=6, still=2.5)  # as much work as before, and a clock that stood still
    found = board(client, leader, WEEKS)
    told = amounts(found)
    assert told["work"][0] == told["work"][1]
    assert steps.title(found).startswith("Clock stopped: 2.00 days longer than")


def test_what_chance_does_is_no_change(client: Client, leader: Person) -> None:
    lived(35, 60, took=4.00, still=0.5)
    lived(3, 60, took=4.05, still=0.5)
    assert steps.title(board(client, leader, WEEKS)).startswith("Worked on: 86% of the ")


def test_no_step_is_said_to_have_changed_most_beside_one_that_moved_further(
    client: Client, leader: Person
) -> None:
    lived(35, 60, first=1, sent=2, took=4.00, still=0.5)
    lived(3, 60, first=1, sent=3, took=4.05, still=0.5)  # an hour, beyond chance; and 1.2 hours of chance
    assert steps.title(board(client, leader, WEEKS)).startswith("Worked on: ")


def test_without_a_period_before_there_is_one_bar_each(client: Client, leader: Person) -> None:
    lived(3, 60, took=4, still=0.5)
    drawn = steps.chart(board(client, leader, WEEKS), lambda *_names, **_filters: "")
    assert len(drawn["series"]) == 1
    assert drawn["unit"] == "days"


def test_a_few_cases_say_nothing(client: Client, leader: Person) -> None:
    lived(2, 5)
    assert "few" in steps.title(board(client, leader))


def test_on_the_page_with_its_table_and_its_file(client: Client, leader: Person) -> None:
    lived(2, 40, first=1, sent=3)
    sign_in(client, leader)
    page = client.get("/board/?period=month", headers=ENGLISH).content.decode().replace("&amp;", "&")
    assert "Until first sent" in page
    assert "list=first_sent" in page
    _heads, *rows = table(client, "?period=month")
    assert [row[0] for row in rows] == ["Until first sent", "At wrong units", "Worked on", "Clock stopped"]
    assert float(rows[1][1]) == pytest.approx(2 / 24, abs=0.01)
    # In working time it is not known how long a clock stood still.
    working = table(client, "?period=month&time=working")
    assert [row[0] for row in working[1:]] == ["Until first sent", "At wrong units", "Handled"]


def table(client: Client, query: str) -> list[list[str]]:
    answer = client.get(f"/board/data/steps.csv{query}", headers=ENGLISH)
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    *lines, (mark,) = csv.reader(io.StringIO(text))
    assert mark.startswith("Taken out by")
    return lines


def test_where_nothing_was_sent_there_is_no_chart(client: Client, leader: Person) -> None:
    fact(case(), "received", day=days_before(1))
    assert board(client, leader, "period=month") is not None
    assert sign_in(client, leader).get("/board/?period=month").context["steps"] is None
