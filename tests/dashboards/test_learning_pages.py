"""Who reads what became of the list's decisions, that its numbers open their cases, and what a draft does."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from dispatch.edition import edition
from dispatch.models import ItemChange, ResponsibilityItem, ResponsibilityList
from tests.cast import TUESDAY, Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.learned import BUJI, DAY, LAMP, PINGHU, STALL, Desk, somewhere, stall

pytestmark = pytest.mark.django_db
PAGES = ("/learning/", f"/learning/{LAMP}/", f"/learning/{LAMP}/cases/?what=moved")
DRAFT = f"/learning/{LAMP}/draft/?kind=lead"
WATER = "water-group"


@pytest.fixture(autouse=True)
def next_day() -> Iterator[None]:
    with time_machine.travel(TUESDAY + DAY, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    """Six lamps returned and sent to the water company, and a stall sent there too."""
    desk = Desk()
    for number in range(6):
        desk.returned(WATER, **somewhere(PINGHU if number % 2 else BUJI, number))
    desk.send_on(stall(PINGHU), WATER, item=STALL)
    return desk


def status(client: Client, url: str) -> int:
    return int(client.get(url).status_code)


@pytest.mark.usefixtures("desk")
def test_stewards_supervisors_and_leaders_read_and_only_stewards_draft(
    client: Client, steward: Person, supervisor: Person, leader: Person
) -> None:
    for reader, may_draft in ((steward, True), (supervisor, False), (leader, False)):
        sign_in(client, reader)
        assert [status(client, url) for url in PAGES] == [200, 200, 200]
        assert status(client, DRAFT) == (200 if may_draft else 403)
        assert ("/draft/" in client.get(PAGES[1]).content.decode()) == may_draft


@pytest.mark.usefixtures("desk")
def test_nobody_else_reads(client: Client, operator: Person, handler: Person, admin: Person) -> None:
    assert [status(client, url) for url in (*PAGES, DRAFT)] == [302] * 4
    for other in (operator, handler, admin):
        sign_in(client, other)
        assert [status(client, url) for url in (*PAGES, DRAFT)] == [403] * 4


@pytest.mark.usefixtures("desk")
def test_a_departments_steward_sees_and_drafts_its_own_items(client: Client) -> None:
    lamps = person("lamps-steward", Role.STEWARD, "lighting-company")
    sign_in(client, lamps)
    assert [row["tally"].code for row in client.get("/learning/").context["rows"]] == [LAMP]
    assert status(client, DRAFT) == 200
    assert client.get(f"/learning/{STALL}/").context["study"].claims == []
    assert status(client, f"/learning/{STALL}/draft/?kind=lead") == 403


@pytest.mark.usefixtures("desk")
def test_a_streets_supervisor_sees_the_streets_cases(client: Client, street_supervisor: Person) -> None:
    sign_in(client, street_supervisor)
    rows = {row["tally"].code: row["tally"] for row in client.get("/learning/").context["rows"]}
    assert (rows[LAMP].moved, rows[STALL].moved) == (3, 1)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("url", ["/learning/", f"/learning/{LAMP}/"])
def test_every_number_opens_as_many_cases(client: Client, leader: Person, url: str) -> None:
    sign_in(client, leader)
    page = client.get(url).content.decode()
    links = re.findall(r'<a[^>]*href="(/learning/[^"]*/cases/[^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    counted = [(unescape(link), re.findall(r"\d+", re.sub(r"<[^>]*>", " ", said))) for link, said in links]
    assert len(counted) >= 4
    for link, numbers in counted:
        assert client.get(link).context["page"].paginator.count == int(numbers[0]), link


@pytest.mark.usefixtures("desk")
def test_a_list_of_cases_says_how_many_the_reader_may_not_open(client: Client) -> None:
    """The lamp company had them all; the enforcement team's leader had one case and sees that one."""
    team = person("team-leader", Role.LEADER, "pinghu/enforcement")
    sign_in(client, team)
    context = client.get(f"/learning/{STALL}/cases/?what=moved").context
    assert (context["page"].paginator.count, context["hidden"]) == (1, 0)
    assert client.get(f"/learning/{LAMP}/cases/?what=moved").context["page"].paginator.count == 0


@pytest.mark.usefixtures("desk")
def test_a_draft_is_proposed_with_its_counts_and_changes_nothing(client: Client, steward: Person) -> None:
    sign_in(client, steward)
    proposal = client.get(f"/learning/{LAMP}/").context["proposal"]
    assert (proposal.kind, proposal.place.pattern) == ("lead", WATER)
    form = client.get(DRAFT).context["form"]
    assert form["lead_unit"].value() == WATER
    counts = re.findall(r"\d+", form["why"].value().removeprefix(LAMP))
    assert counts == ["6", "6", "61", "100", "6", "6"]  # moved, there, the interval, decided, moved
    live = edition()
    answer = client.post(DRAFT, {"lead_unit": WATER, "why": form["why"].value()})
    assert answer.status_code == 302
    change = ItemChange.objects.get()
    assert (change.item_code, change.changes) == (LAMP, {"lead_unit": ["lighting-company", WATER]})
    assert change.list.for_suggestions
    assert change.list.state == ResponsibilityList.State.DRAFT
    assert edition() is live
    assert ResponsibilityItem.objects.get(list_id=live.list_id, code=LAMP).lead_unit == "lighting-company"
    shown = client.get(f"/learning/{LAMP}/").context["drafted"]
    assert [one["change"] for one in shown] == [change]


@pytest.mark.usefixtures("desk")
def test_an_item_of_its_own_is_drafted_beside_the_old_one(client: Client, steward: Person) -> None:
    sign_in(client, steward)
    answer = client.post(
        f"/learning/{LAMP}/draft/?kind=split",
        {
            "matter_zh": "水浸路灯",
            "keywords": "水浸|积水",
            "lead_unit": WATER,
            "why": "退件",
            "place_types": ["park"],
        },
    )
    assert answer.status_code == 302
    change = ItemChange.objects.get()
    made = change.list.items.get(code=change.item_code)
    assert change.item_code not in ("", LAMP)
    assert (made.keywords, made.place_types, made.lead_unit) == (["水浸", "积水"], ["park"], WATER)
    assert made.handle_limit == change.list.items.get(code=LAMP).handle_limit


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("lead", {"lead_unit": WATER, "why": ""}, "why"),
        ("lead", {"lead_unit": "nobody", "why": "退件"}, "lead_unit"),
        ("lead", {"lead_unit": "lighting-company", "why": "退件"}, "__all__"),
        ("split", {"matter_zh": "路灯", "hours": "25:00", "lead_unit": WATER, "why": "退件"}, "hours"),
    ],
)
def test_what_cannot_stand_is_told_at_its_field(
    client: Client, steward: Person, kind: str, given: dict[str, str], field: str
) -> None:
    sign_in(client, steward)
    answer = client.post(f"/learning/{LAMP}/draft/?kind={kind}", given)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not ItemChange.objects.exists()


def test_an_empty_period_says_so(client: Client, leader: Person) -> None:
    sign_in(client, leader)
    assert client.get("/learning/").context["rows"] == []
    assert status(client, f"/learning/{LAMP}/") == 200
    assert status(client, "/learning/9999-001/") == 404
    assert status(client, f"/learning/{LAMP}/cases/?what=everything") == 404


def test_pages_take_the_same_few_queries_however_many_cases(
    client: Client, leader: Person, desk: Desk, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sign_in(client, leader)
    client.get("/learning/")
    for round_ in range(2):
        with django_assert_max_num_queries(15):
            client.get("/learning/")
        with django_assert_max_num_queries(18):
            client.get(f"/learning/{LAMP}/")
        with django_assert_max_num_queries(16):
            client.get(f"/learning/{LAMP}/cases/?what=moved")
        for number in range(0 if round_ else 6):
            desk.returned("transport", **somewhere(BUJI, 8 + number))


def test_the_ranking_is_paged(client: Client, leader: Person, desk: Desk) -> None:
    sign_in(client, leader)
    assert client.get("/learning/?page=99").context["page"].number == 1
    assert client.get("/learning/?by=moved").context["by"] == "moved"
    assert client.get("/learning/?by=nonsense").context["by"] == "share"


@pytest.mark.usefixtures("desk")
def test_the_api_tells_the_same(client: Client, leader: Person, operator: Person) -> None:
    sign_in(client, leader)
    first, *rest = client.get("/api/v1/learning/?period=7d").json()["items"]
    assert (first["item"], first["returned"], first["small"]) == (LAMP, 6, True)
    assert first["moved"] == {"part": 6, "whole": 6, "low": 0.6097, "high": 1.0}
    assert first["destination"]["unit"] == WATER
    assert [row["item"] for row in rest] == [STALL]
    assert status(client, "/api/v1/learning/?period=never") == 400
    sign_in(client, operator)
    assert status(client, "/api/v1/learning/") == 403
