"""/simulation/: a simulated year for leaders, marked as one, with figures that a run gave."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from accounts.roles import Role
from config.simulation.year.running import digest
from dashboards.models import SimulationRun
from dashboards.simulated import shown
from dashboards.simulated.words import DONE, NAMES
from tests.cast import TUESDAY, Person, person
from tests.config.simulated import a_document
from tests.dashboards.conftest import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def leader() -> Person:
    return person("a-leader", Role.LEADER, "district")


def kept(told: dict[str, Any], *, is_current: bool = True) -> SimulationRun:
    return SimulationRun.objects.create(
        digest=told["digest"],
        made_at=told["made_at"],
        loaded_at=TUESDAY,
        is_current=is_current,
        document=told,
    )


def page(client: Client, query: str = "", language: str = "en") -> str:
    answer = client.get(f"/simulation/{query}", headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def test_leaders_and_supervisors_read_it_and_nobody_else(client: Client, leader: Person) -> None:
    assert client.get("/simulation/").status_code == 302
    for role, unit, status in (
        (Role.SUPERVISOR, "operations-centre", 200),
        (Role.LEADER, "buji", 200),
        (Role.OPERATOR, "operations-centre", 403),
        (Role.HANDLER, "lighting-company", 403),
        (Role.ADMIN, "government-services", 403),
    ):
        client.force_login(person(f"a-{role}-{unit}", role, unit).user)
        assert client.get("/simulation/").status_code == status
    sign_in(client, leader)
    assert client.post("/simulation/").status_code == 405
    assert 'href="/simulation/"' in page(client)


def test_without_a_run_it_says_how_to_make_one(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    assert "simulate --year" in page(client)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_it_is_marked_and_shows_what_the_runs_gave(client: Client, leader: Person, language: str) -> None:
    told = a_document()
    kept(told)
    sign_in(client, leader)
    text = page(client, language=language)
    before, after = told["published"]["dispatch"]
    for number in (before, after, *(told["figures"]["dispatch"][way]["mean"] for way in shown.WAYS)):
        assert f"{number:.2f}" in text
    assert text.count("compare-bar is-published") == 4
    assert told["digest"][:12] in text
    assert text.count('data-state="warned"') > 10  # assumed, each of them, and the mark at the top
    assert "board-stale" not in text


def test_a_run_of_other_code_leads_with_that_and_not_with_its_figures(client: Client, leader: Person) -> None:
    told = a_document(varied=False)
    run = kept(told)
    sign_in(client, leader)
    finding = f"{told['figures']['dispatch']['platform']['mean']:.2f}"
    assert finding in heading(page(client))
    SimulationRun.objects.filter(pk=run.pk).update(is_current=False)
    text = page(client)
    assert "board-stale" in text
    assert finding in text
    assert not any(sign.isdigit() for sign in heading(text))


def heading(text: str) -> str:
    """What a page leads with."""
    return text.split("<h1", 1)[1].split("</h1>", 1)[0].split(">", 1)[1]


def test_every_assumption_is_on_the_page_and_a_run_that_told_less_has_one_too(
    client: Client, leader: Person
) -> None:
    told = a_document()
    assert set(NAMES) == set(told["assumptions"])
    shown_now = sum(len(group["rows"]) for group in shown.assumptions(told))
    by_name = {row["name"]: row["value"] for row in shown.assumptions(told)[3]["rows"]}
    assert [by_name[DONE[code].name] for code in ("joined_wrongly", "parted", "lost")] == ["7", "3", "2"]
    for run in told["runs"]:
        for name in ("joined_rightly", "joined_wrongly", "parted", "lost"):
            del run["platform"]["measured"][name]
    del told["assumptions"]["later_right"]
    assert sum(len(group["rows"]) for group in shown.assumptions(told)) == shown_now - 5
    kept(told)
    sign_in(client, leader)
    assert page(client)


@pytest.mark.parametrize(
    ("days", "words"), [(8.5, "Slower than"), (6.7, "About the same"), (4.0, "Quicker than")]
)
def test_the_comparison_is_said_as_it_came_out(days: float, words: str) -> None:
    told = a_document(platform=(1.22, days))
    with translation.override("en"):
        dispatch, handling = shown.verdicts(told)
    assert words in handling
    assert "About the same" in dispatch


def test_the_parts_add_up_and_the_strongest_assumption_comes_first() -> None:
    told = a_document()
    for what in ("dispatch", "handling"):
        assert sum(row.hand for row in shown.parts(told, what)) == pytest.approx(
            shown.mean(told, what, "hand")
        )
        bars = shown.comparison(told, what)
        assert all(0 < bar.width <= 100 and bar.low_at + bar.reach <= 100 for bar in bars)
    found = shown.sensitivity(told, "handling")
    assert found is not None
    assert [round(end["change"], 2) for end in found["rows"][0]["ends"]] == [-0.6, 0.7]
    assert shown.sensitivity(a_document(varied=False), "handling") is None


def test_the_figures_are_handed_out_as_they_are_kept(client: Client, leader: Person) -> None:
    told = a_document()
    kept(told)
    sign_in(client, leader)
    answer = client.get("/simulation/?format=json")
    assert answer.json() == told
    assert digest(answer.json()) == told["digest"]
    table = client.get("/simulation/?format=csv")
    assert "attachment" in table.headers["Content-Disposition"]
    rows = list(csv.DictReader(StringIO(table.content.decode("utf-8-sig"))))
    means = [
        float(row["value"]) for row in rows if (row["way"], row["figure"]) == ("platform", "handling.mean")
    ]
    assert means == [run["platform"]["handling"]["mean"] for run in told["runs"]]
    assert {row["figure"] for row in rows} >= {"assumption.aside", "published.dispatch"}


def test_an_earlier_run_has_its_address_and_many_cost_no_more(
    client: Client, leader: Person, django_assert_max_num_queries: Any
) -> None:
    first = a_document(platform=(0.4, 8.5))
    kept(first)
    sign_in(client, leader)
    page(client)
    with django_assert_max_num_queries(40) as few:
        page(client)
    for number in range(9):
        kept(a_document(platform=(0.5 + number / 100, 8.0)))
    SimulationRun.objects.filter(digest=first["digest"]).update(made_at="2030-01-01T00:00:00Z")
    with django_assert_max_num_queries(len(few)):
        page(client)
    assert page(client, f"?run={first['digest'][:12]}")
    for unknown in ("?run=" + "0" * 12, "?run=%00", "?run=a"):
        assert client.get(f"/simulation/{unknown}").status_code == 404
