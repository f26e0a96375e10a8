"""The pages of the versions: what stands where, what each step does, and what is refused on its page."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dispatch import lists
from dispatch.models import ListTerm, ResponsibilityList
from dispatch.pages.versions import stretches
from tests.browsers import As
from tests.cast import LAMP_UNIT, TUESDAY, Person
from tests.dispatch.pages.conftest import NOW, address
from tests.dispatch.versions import (
    DAY,
    FOREIGN_ITEM,
    HOUR,
    LAMP_ITEM,
    adopted,
    change,
    item_values,
    live_list,
    new_draft,
    proposal,
)

pytestmark = pytest.mark.django_db
Standing = ResponsibilityList.Standing


@pytest.fixture
def client(browse: As, steward: Person) -> Client:
    """The district steward's browser, in English."""
    client = browse(steward)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def chief(browse: As, chief_steward: Person) -> Client:
    return browse(chief_steward)


def step(version: ResponsibilityList, name: str) -> str:
    return address(version, "steps", name)


def standing(version: ResponsibilityList) -> str:
    return ResponsibilityList.objects.get(pk=version.pk).standing(NOW)


def test_a_steward_begins_at_the_versions(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/lists/"
    page = client.get("/lists/")
    assert "/lists/" in [item["url"] for item in page.context["nav"]]


def test_the_list_is_in_the_menu_of_who_reads_it_daily(
    browse: As, dispatcher: Person, supervisor: Person, admin: Person, handler: Person
) -> None:
    told = {
        who.user.username: "/lists/" in [item["url"] for item in browse(who).get("/lists/").context["nav"]]
        for who in (dispatcher, supervisor, admin, handler)
    }
    assert told == {"dispatcher": True, "supervisor": True, "admin": True, "handler": False}


def test_the_overview_tells_each_versions_standing_and_steps(
    client: Client, steward: Person, chief_steward: Person, lamps_steward: Person
) -> None:
    first = live_list()
    second = adopted(steward, chief_steward).list
    draft, waiting = new_draft(lamps_steward, at=NOW), proposal(steward, NOW, handle_limit="7wd")
    third = adopted(steward, chief_steward, NOW, starts_at=NOW + DAY, handle_limit="6wd").list
    page = client.get("/lists/").context
    assert page["live"].list == second
    assert page["live"].until == NOW + DAY
    told = {one.list: (one.standing, list(one.steps)) for one in [*page["in_hand"], *page["earlier"]]}
    assert told == {
        draft: (Standing.DRAFT, ["propose", "drop"]),
        waiting: (Standing.PROPOSED, ["adopt", "send-back"]),
        third: (Standing.SCHEDULED, ["withdraw"]),
        first: (Standing.SUPERSEDED, ["roll-back"]),
    }
    assert [(one.list, one.kind) for one in page["stretches"]] == [
        (first, "past"),
        (second, "now"),
        (third, "coming"),
    ]


def test_the_line_of_time_is_as_long_as_the_versions_lasted() -> None:
    def term(number: int, starts_at: object) -> ListTerm:
        return ListTerm(list=ResponsibilityList(version=number), starts_at=starts_at, decided_at=TUESDAY)

    told = stretches([term(3, TUESDAY + 30 * DAY), term(2, TUESDAY), term(1, None)], TUESDAY + 40 * DAY)
    assert sum(one.width for one in told) == pytest.approx(1)
    assert told[1].width == max(one.width for one in told)
    assert min(one.width for one in told) > 0.06
    assert stretches([], TUESDAY) == []
    only = stretches([term(1, None)], TUESDAY)
    assert [(one.kind, one.width) for one in only] == [("now", 1)]


def test_a_draft_is_begun_proposed_and_let_go_live_by_another(
    client: Client, chief: Client, steward: Person
) -> None:
    answer = client.post("/lists/new/", {"title": "草稿 2026-07", "remark": "招标之后"})
    draft = ResponsibilityList.objects.get(title="草稿 2026-07")
    assert answer.headers["Location"] == address(draft)
    page = client.post(step(draft, "propose"), {"remark": ""})
    assert (page.status_code, bool(page.context["form"].non_field_errors())) == (400, True)  # nothing changed
    change(draft, steward, at=NOW)
    client.post(step(draft, "propose"), {"remark": "请审"})
    assert standing(draft) == Standing.PROPOSED
    page = client.post(step(draft, "adopt"), {"when": "now"})  # one's own
    assert page.status_code == 400
    assert standing(draft) == Standing.PROPOSED
    page = chief.get(step(draft, "adopt"))
    assert [one.code for one in page.context["changed"]] == [LAMP_ITEM]
    assert (
        chief.post(step(draft, "adopt"), {"when": "now", "remark": "同意"}).headers["Location"] == "/lists/"
    )
    assert standing(draft) == Standing.LIVE


def test_a_date_is_told_in_the_districts_time_and_can_be_taken_back(chief: Client, steward: Person) -> None:
    waiting = proposal(steward, NOW)
    for wrong in ("", "nonsense", "2026-07-01T09:00", "2031-01-01T09:00", "0001-01-01T00:00"):
        page = chief.post(step(waiting, "adopt"), {"when": "later", "starts_at": wrong})
        assert set(page.context["form"].errors) == {"starts_at"}, wrong
    chief.post(step(waiting, "adopt"), {"when": "later", "starts_at": "2026-07-20T09:00"})
    assert standing(waiting) == Standing.SCHEDULED
    term = ListTerm.objects.get(list=waiting)
    assert term.starts_at is not None
    assert term.starts_at.isoformat() == "2026-07-20T01:00:00+00:00"
    chief.post(step(waiting, "withdraw"))
    assert standing(waiting) == Standing.PROPOSED


def test_going_back_says_what_changes_and_asks_why(
    client: Client, steward: Person, chief_steward: Person
) -> None:
    first = live_list()
    second = adopted(steward, chief_steward).list
    page = client.get(step(first, "roll-back"))
    (changed,) = page.context["changed"]
    assert changed.code == LAMP_ITEM
    (field,) = changed.fields
    assert (field.name, list(field.removed)) == ("handle_limit", ["9 working days"])
    assert client.post(step(first, "roll-back"), {"remark": ""}).status_code == 400
    assert standing(second) == Standing.LIVE
    client.post(step(first, "roll-back"), {"remark": "退件激增"})
    assert standing(first) == Standing.LIVE


def test_with_errors_it_is_neither_proposed_nor_let_go_live(client: Client, steward: Person) -> None:
    draft = new_draft(steward, at=NOW)
    change(draft, steward, at=NOW, supervising_unit=LAMP_UNIT)
    page = client.get(step(draft, "propose"))
    assert len(page.context["check"].errors) == 1
    assert client.post(step(draft, "propose"), {"remark": ""}).status_code == 400
    assert standing(draft) == Standing.DRAFT


def test_what_went_live_meanwhile_is_shown_and_taken_over(
    client: Client, steward: Person, chief_steward: Person
) -> None:
    draft = new_draft(steward)
    change(draft, steward, handle_limit="9wd")
    adopted(steward, chief_steward, TUESDAY + HOUR, handle_limit="7wd", accept_minutes=77)
    assert client.get(address(draft)).context["one"].is_behind
    page = client.get(step(draft, "catch-up"))
    (clash,) = page.context["clashes"]
    assert (page.context["taken"], clash["code"]) == (1, LAMP_ITEM)
    assert [(field["mine"], field["theirs"]) for field in clash["fields"]] == [
        (["9 working days"], ["7 working days"])
    ]
    client.post(step(draft, "catch-up"))
    assert item_values(draft)["accept_minutes"] == 77
    assert not client.get(address(draft)).context["one"].is_behind


def test_a_step_that_does_not_fit_or_is_not_ones_to_take_is_not_taken(
    client: Client, browse: As, lamps_steward: Person, steward: Person, dispatcher: Person
) -> None:
    live, waiting = live_list(), proposal(steward, NOW)
    for name in ("propose", "drop", "adopt", "roll-back", "withdraw", "catch-up"):
        assert client.post(step(live, name), {"remark": "x", "when": "now"}).status_code == 302
    assert client.get(step(live, "nonsense")).status_code == 404
    other = browse(lamps_steward)
    for name in ("adopt", "send-back"):
        assert other.post(step(waiting, name), {"remark": "x", "when": "now"}).status_code == 302
    assert browse(dispatcher).post(step(waiting, "adopt"), {"when": "now"}).status_code == 404
    assert browse(dispatcher).post("/lists/new/", {"title": "x"}).status_code == 302
    assert (standing(live), standing(waiting)) == (Standing.LIVE, Standing.PROPOSED)
    assert ResponsibilityList.objects.count() == 2


def test_who_sees_no_drafts_sees_none_in_the_overview(
    browse: As, dispatcher: Person, steward: Person
) -> None:
    new_draft(steward, "还没定的", at=NOW)
    assert "还没定的" not in browse(dispatcher).get("/lists/").content.decode()


def test_the_changes_page_tells_all_fields_with_who_and_why(client: Client, steward: Person) -> None:
    draft = new_draft(steward, at=NOW)
    change(draft, steward, at=NOW, why="合同第六条", keywords=["路灯"], lead_unit="power-grid")
    change(draft, steward, FOREIGN_ITEM, at=NOW)
    page = client.get(address(draft, "changes"))
    told = {one.code: [field.name for field in one.fields] for one in page.context["changed"]}
    assert told == {FOREIGN_ITEM: ["handle_limit"], LAMP_ITEM: ["keywords", "lead_unit"]}
    assert "合同第六条" in page.content.decode()
    assert client.get(f"{address(draft, 'changes')}?kind=added").context["changed"] == []


def test_an_items_history_goes_through_all_versions(
    client: Client, browse: As, steward: Person, chief_steward: Person, dispatcher: Person
) -> None:
    first = live_list()
    second = adopted(steward, chief_steward).list
    draft = new_draft(steward, at=NOW)
    change(draft, steward, at=NOW, why="再放宽", handle_limit="12wd")
    there = f"/lists/items/{LAMP_ITEM}/history/"
    chapters = client.get(there).context["chapters"]
    assert [one.version for one in chapters] == [draft, second, first]
    assert [one.begins for one in chapters] == [False, False, True]
    (entry, _state, fields) = chapters[0].entries[0]
    assert (entry.why, [field.name for field in fields]) == ("再放宽", ["handle_limit"])
    # What is still being written is not everybody's.
    assert [one.version for one in browse(dispatcher).get(there).context["chapters"]] == [second, first]


def test_the_overview_asks_the_database_a_fixed_number_of_times(
    client: Client,
    steward: Person,
    chief_steward: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for day in range(3):
        adopted(steward, chief_steward, TUESDAY + timedelta(hours=day), handle_limit=f"{day + 6}wd")
    new_draft(steward, at=NOW)
    with django_assert_max_num_queries(14):
        client.get("/lists/")


def test_without_a_list_the_overview_says_so(client: Client) -> None:
    ListTerm.objects.all().delete()
    page = client.get("/lists/")
    assert page.status_code == 200
    assert page.context["live"] is None


def test_nothing_is_lost_of_what_a_draft_changes(steward: Person, chief_steward: Person) -> None:
    """The one statement that tells what changed agrees with comparing the items one by one."""
    draft = new_draft(steward, at=NOW)
    change(draft, steward, at=NOW, keywords=["路灯"])
    change(draft, steward, FOREIGN_ITEM, at=NOW)
    before, after = lists.items_of(draft.based_on_id), lists.items_of(draft.pk)
    slowly = {code for code in {*before, *after} if before.get(code) != after.get(code)}
    assert set(lists.changed_kinds(draft)) == slowly
