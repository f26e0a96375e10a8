"""Who reads scores, who publishes, appeals and rules on pages, and how few queries it takes."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from dashboards.models import Appeal, Edition, ScoringPeriod
from dashboards.scope import Names
from dashboards.scoring import acting, keeping, ranking
from tests.cast import Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.scoring.months import JULY, LAMPS, WATER, june, work

pytestmark = pytest.mark.django_db

PAGE = "/scoring/2026-06/"


@pytest.fixture(autouse=True)
def july() -> Iterator[None]:
    """June is over."""
    with time_machine.travel(JULY, tick=False):
        yield


@pytest.fixture
def lamps_head() -> Person:
    return person("lamps-head", Role.LEADER, "lighting-company", "罗明")


@pytest.fixture
def period() -> ScoringPeriod:
    work(40, late=20, **LAMPS)
    work(60, late=1, **WATER)
    work(5, owner_unit_id="police", street_code="440307005000", community_code="440307005002")
    return june()


def published(period: ScoringPeriod, supervisor: Person) -> Edition:
    return acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)


def body(client: Client, url: str, language: str = "zh-hans") -> str:
    response = client.get(url, headers={"accept-language": language})
    assert response.status_code == 200, url
    return response.content.decode()


def test_what_is_not_published_is_the_districts_own(
    client: Client,
    period: ScoringPeriod,
    supervisor: Person,
    leader: Person,
    handler: Person,
    lamps_head: Person,
) -> None:
    for somebody in (supervisor, leader):
        assert 'data-state="overdue"' in body(sign_in(client, somebody), PAGE)
    # A head may appeal already and sees no figure; a handler sees nothing; who reads no numbers is refused.
    page = body(sign_in(client, lamps_head), PAGE)
    assert "board-league" not in page
    assert f"{PAGE}appeal/" in page
    assert (
        sign_in(client, lamps_head).get(f"{PAGE}?format=csv").headers["Content-Type"].startswith("text/html")
    )
    assert sign_in(client, handler).get(PAGE).status_code == 404
    assert sign_in(client, person("p", Role.PATROL, "longcheng/grid-station")).get(PAGE).status_code == 403
    client.logout()
    assert client.get(PAGE).status_code == 302
    assert sign_in(client, supervisor).get("/scoring/2026-13/").status_code == 404
    assert client.get("/scoring/2024-01/").status_code == 404


def test_everybody_reads_what_is_published_in_groups_and_never_in_ranks(
    client: Client, period: ScoringPeriod, supervisor: Person, handler: Person
) -> None:
    edition = published(period, supervisor)
    verdicts = dict(edition.standings.filter(league="unit").values_list("code", "verdict"))
    assert verdicts == {"lighting-company": "worse", "water-group": "better", "police": "small"}
    assert set(edition.standings.filter(verdict="small").values_list("band", flat=True)) == {""}
    page = body(sign_in(client, handler), PAGE)
    for mark in ("▲", "▼", "○"):
        assert mark in page
    # Of other units there is no way to the cases; the district's supervisor has one to each.
    assert "unit=water-group" not in page
    page = body(sign_in(client, supervisor), PAGE)
    assert "list=late&amp;from=2026-06-01&amp;to=2026-06-30&amp;unit=water-group" in page
    for league in ("street", "community"):
        assert "▼" in body(client, f"{PAGE}?league={league}")
    assert client.get(f"{PAGE}?league=planet").status_code == 404
    assert client.get(f"{PAGE}?edition=1").status_code == 404


def test_publish_appeal_rule_and_revise_on_pages(
    client: Client, period: ScoringPeriod, supervisor: Person, lamps_head: Person, handler: Person
) -> None:
    assert sign_in(client, lamps_head).post(f"{PAGE}publish/").status_code == 403
    sign_in(client, supervisor)
    assert client.get(f"{PAGE}publish/").status_code == 405
    for _press in range(2):
        assert client.post(f"{PAGE}publish/").status_code == 302
    assert Edition.objects.count() == 1
    number = work(1, late=1, **LAMPS)[0].number
    form = {"unit": "lighting-company", "number": number, "what": "due", "reason": "others"}
    sign_in(client, lamps_head)
    refused = client.post(f"{PAGE}appeal/", {**form, "indicator": "on_time", "words": "等电力部门停电"})
    assert refused.status_code == 400
    assert client.post(f"{PAGE}appeal/", {**form, "words": ""}).status_code == 400
    assert client.post(f"{PAGE}appeal/", {**form, "unit": "water-group", "words": "等"}).status_code == 400
    assert not Appeal.objects.exists()
    answer = client.post(f"{PAGE}appeal/", {**form, "words": "等电力部门停电"})
    made = Appeal.objects.get()
    assert answer.headers["Location"] == f"/scoring/appeals/{made.pk}/"
    assert client.post(f"{PAGE}appeal/", {**form, "words": "再说一遍"}).status_code == 409
    # The unit waits for the ruling; others' people don't read what it said.
    assert "等电力部门停电" in body(client, f"/scoring/appeals/{made.pk}/")
    assert (
        client.post(f"/scoring/appeals/{made.pk}/", {"upheld": "yes", "words": "同意剔除"}).status_code == 403
    )
    stranger = person("water-head", Role.LEADER, "water-group")
    assert sign_in(client, stranger).get(f"/scoring/appeals/{made.pk}/").status_code == 404
    sign_in(client, supervisor)
    assert f"/scoring/appeals/{made.pk}/" in body(client, "/scoring/")
    assert client.post(f"/scoring/appeals/{made.pk}/", {"upheld": "yes", "words": ""}).status_code == 400
    assert (
        client.post(f"/scoring/appeals/{made.pk}/", {"upheld": "yes", "words": "同意剔除"}).status_code == 302
    )
    assert client.post(f"/scoring/appeals/{made.pk}/", {"upheld": "no", "words": "不同意"}).status_code == 409
    page = body(client, PAGE)
    assert 'id="revisions"' in page
    assert "?edition=0" in page
    # The case came after the publication: it is counted now, and only its due time is out.
    assert number in body(client, f"{PAGE}excluded/?league=unit&code=lighting-company")
    assert number not in body(client, f"{PAGE}excluded/?league=unit&code=water-group")
    assert body(client, f"{PAGE}?now=1").count("scoring-changes") == 1
    assert client.post(f"{PAGE}revise/", {"words": "例行核对"}).status_code == 409
    work(3, late=3, **WATER)
    assert body(client, f"{PAGE}?now=1").count("scoring-changes") == 2
    assert client.post(f"{PAGE}revise/", {"words": "补录三件"}).status_code == 302
    assert [edition.cause for edition in period.editions.order_by("number")] == [
        "published",
        "appeal",
        "late",
    ]
    assert "补录三件" in body(sign_in(client, handler), PAGE)


def test_the_window_is_told_and_closes(
    client: Client, period: ScoringPeriod, supervisor: Person, lamps_head: Person
) -> None:
    published(period, supervisor)
    assert f"{PAGE}appeal/" in body(sign_in(client, lamps_head), PAGE)
    with time_machine.travel(JULY + timedelta(days=8), tick=False):
        sign_in(client, lamps_head)
        assert f"{PAGE}appeal/" not in body(client, PAGE)
        assert '<form class="card"' not in body(client, f"{PAGE}appeal/")


def test_the_table_as_csv_and_over_the_api(
    client: Client, period: ScoringPeriod, supervisor: Person, handler: Person, leader: Person
) -> None:
    sign_in(client, leader)
    assert client.get("/api/v1/scoring/").json() == {"results": []}
    assert client.get("/api/v1/scoring/2026-06/").status_code == 404
    edition = published(period, supervisor)
    work(2, late=2, **WATER)
    acting.revise(period=period.pk, words="补录两件", actor=supervisor.actor, at=JULY)
    sign_in(client, handler)
    [told] = client.get("/api/v1/scoring/").json()["results"]
    assert (told["key"], told["status"], told["formula"], told["editions"]) == (
        "2026-06",
        "provisional",
        "2",
        2,
    )
    first = client.get("/api/v1/scoring/2026-06/?edition=0&league=unit").json()
    assert {row["code"]: row["counts"]["due"] for row in first["standings"]} == {
        "lighting-company": 40,
        "police": 5,
        "water-group": 60,
    }
    assert first["edition"]["number"] == 0
    last = client.get("/api/v1/scoring/2026-06/?league=unit").json()
    assert {row["code"]: row["counts"]["due"] for row in last["standings"]}["water-group"] == 62
    assert client.get("/api/v1/scoring/2026-06/?edition=7").status_code == 404
    assert client.get("/api/v1/scoring/2026-06/?edition=x").status_code == 400
    lines = client.get(f"{PAGE}?edition=0&format=csv").content.decode().splitlines()
    assert len(lines) == 1 + edition.standings.filter(league="unit").count()
    assert lines[1].startswith("2026-06,0,lighting-company,")
    client.logout()
    assert client.get("/api/v1/scoring/").status_code in (401, 403)


def test_pages_take_as_many_queries_for_many_rows_as_for_few(
    client: Client,
    period: ScoringPeriod,
    supervisor: Person,
    lamps_head: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    published(period, supervisor)
    cases = work(30, late=30, **LAMPS)

    def appeal(number: str) -> Appeal:
        return acting.appeal(
            period=period.pk,
            unit="lighting-company",
            number=number,
            what="case",
            reason="others",
            words="等电力部门停电",
            actor=lamps_head.actor,
            at=JULY,
        )

    def count(url: str) -> int:
        client.get(url)
        with django_assert_max_num_queries(60) as counted:
            body(client, url)
        return len(counted)

    sign_in(client, supervisor)
    urls = ("/scoring/", PAGE, f"{PAGE}?league=community", f"{PAGE}excluded/")
    for case in cases[:2]:
        acting.rule(
            appeal=appeal(case.number).pk, upheld=True, words="同意剔除", actor=supervisor.actor, at=JULY
        )
    appeal(cases[2].number)
    few = [count(url) for url in urls]
    for case in cases[3:15]:
        acting.rule(
            appeal=appeal(case.number).pk, upheld=True, words="同意剔除", actor=supervisor.actor, at=JULY
        )
    for case in cases[15:25]:
        appeal(case.number)
    assert [count(url) for url in urls] == few
    assert max(few) <= 24, few


def test_a_row_with_due_cases_enough_says_why_it_is_not_judged(
    client: Client, period: ScoringPeriod, supervisor: Person
) -> None:
    """Forty-two fell due, and only eleven of them were handled: rework is a share of those."""
    work(42, unclosed=31, owner_unit_id="transport", street_code="", community_code="")
    page = body(sign_in(client, supervisor), PAGE, "en")
    assert "only 11 handled" in page
    # Five cases of the police are few in both, and 5 says so.
    assert len(re.findall(r"only \d+ handled", page)) == 1
    assert "fell due or were handled" in page


def test_coverage_of_before_who_was_asked_was_counted_says_what_it_was(
    client: Client, period: ScoringPeriod, supervisor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was published then stands: ratings to closings, which could pass a hundred."""
    known_then = tuple(name for name in ranking.COUNTS if name not in ("asked", "answered"))
    with monkeypatch.context() as then:
        then.setattr(ranking, "COUNTS", known_then)
        published(period, supervisor)
    page = body(sign_in(client, supervisor), PAGE, "en")
    assert "ratings to 100 closed" in page
    assert "% answered" not in page
    # That it is counted otherwise now is no reason to revise it.
    assert not keeping.differing(
        Edition.objects.get(), keeping.compute(reload_period(period), Names(), at=JULY)
    )


def reload_period(period: ScoringPeriod) -> ScoringPeriod:
    return ScoringPeriod.objects.get(pk=period.pk)
