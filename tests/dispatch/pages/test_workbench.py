"""The workbench: finding items, changing one with its faults beside the fields, and whose items they are."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dispatch import editing, lists
from dispatch.lint.checking import check_list
from dispatch.models import ItemChange, ResponsibilityList
from dispatch.pages.naming import UnitNames
from dispatch.units import UnitDirectory
from tests.browsers import As
from tests.cast import LAMP_UNIT, Person
from tests.dispatch.pages.conftest import NOW, address, typed
from tests.dispatch.versions import FOREIGN_ITEM, LAMP_ITEM, change, item_values, live_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(browse: As, steward: Person) -> Client:
    return browse(steward)


def item_address(version: ResponsibilityList, code: str = LAMP_ITEM) -> str:
    return address(version, "items", code)


def listed(client: Client, version: ResponsibilityList, query: str) -> list[str]:
    """The codes in the left pane."""
    page = client.get(f"{address(version, 'rows')}{query}")
    return [row.item.code for row in page.context["listing"].rows]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_in_both_languages(
    client: Client, draft: ResponsibilityList, steward: Person, language: str
) -> None:
    change(draft, steward, at=NOW)
    client.cookies["django_language"] = language
    for one in [
        address(draft),
        f"{address(draft)}?changed=1",
        item_address(draft),
        item_address(live_list()),
        f"{address(draft, 'add')}?category=0204",
        address(draft, "changes"),
        address(draft, "findings"),
        f"{address(draft, 'findings', 'panel')}?item={LAMP_ITEM}",
        f"/lists/items/{LAMP_ITEM}/history/",
        address(draft, "steps", "propose"),
    ]:
        page = client.get(one)
        assert page.status_code == 200, one
        if "panel" not in one:
            assert f'<html lang="{language}"' in page.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=0204-001", {LAMP_ITEM}),
        ("?q=０２０４-００１", {LAMP_ITEM}),  # as some input methods write it
        ("?q=单盏路灯", {LAMP_ITEM}),
        ("?level=nonsense&q=0204-001", {LAMP_ITEM}),
        ("?q=0204&urgency=emergency&level=A&findings=error", set()),
        ("?q=没有这样的事项", set()),
    ],
)
def test_items_are_found_by_code_and_words(
    client: Client, draft: ResponsibilityList, query: str, found: set[str]
) -> None:
    assert set(listed(client, draft, query)) == found


def test_items_are_found_by_keyword_unit_and_place_in_the_list(
    client: Client, draft: ResponsibilityList
) -> None:
    keyword = item_values(draft)["keywords"][0]
    assert LAMP_ITEM in listed(client, draft, f"?q={keyword}")
    unit = UnitNames(UnitDirectory.read()).label(LAMP_UNIT)
    assert LAMP_ITEM in listed(
        client, draft, f"?q=单盏路灯+{unit[-6:]}"
    )  # both words, one of them the unit's
    led = set(draft.items.filter(lead_unit=LAMP_UNIT).values_list("code", flat=True))
    helped = set(draft.items.filter(support_units__contains=[LAMP_UNIT]).values_list("code", flat=True))
    assert set(listed(client, draft, f"?unit={unit}")) == led | helped
    assert set(listed(client, draft, "?domain=02&category=0204")) == set(
        draft.items.filter(category_id="0204").values_list("code", flat=True)
    )


def test_only_the_changed_ones_with_those_taken_out(
    client: Client, draft: ResponsibilityList, steward: Person
) -> None:
    change(draft, steward, at=NOW)
    editing.remove_item(draft=draft, code=FOREIGN_ITEM, why="并入", by=steward.user, at=NOW)
    assert listed(client, draft, "?changed=1") == [FOREIGN_ITEM, LAMP_ITEM]
    assert client.get(item_address(draft, FOREIGN_ITEM)).status_code == 200


def test_items_with_findings_are_found_once_the_list_is_checked(
    client: Client, draft: ResponsibilityList, steward: Person
) -> None:
    change(draft, steward, at=NOW, supervising_unit=LAMP_UNIT)
    assert listed(client, draft, "?findings=error") == []
    panel = client.get(address(draft, "findings", "panel"))
    assert panel["HX-Trigger"] == "list-checked"  # the left pane is told to look again
    assert listed(client, draft, "?findings=error") == [LAMP_ITEM]
    assert "HX-Trigger" not in client.get(address(draft, "findings", "panel"))


def test_a_change_is_saved_with_who_and_why(
    client: Client, draft: ResponsibilityList, steward: Person
) -> None:
    before = item_values(draft)
    keywords = "\n".join([*before["keywords"], "灯杆倾斜"])
    answer = client.post(
        f"{item_address(draft)}?q=路灯",
        typed(draft, why="市民常这么说", keywords=keywords, handle_limit_number="9"),
    )
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{item_address(draft)}?q=")
    after = item_values(draft)
    assert after == {
        **before,
        "keywords": [*before["keywords"], "灯杆倾斜"],
        "handle_limit": f"9{before['handle_limit'].lstrip('0123456789')}",
    }
    entry = ItemChange.objects.get()
    assert (entry.by, entry.why, entry.at) == (steward.user, "市民常这么说", NOW)


def test_names_are_read_however_they_are_written(client: Client, draft: ResponsibilityList) -> None:
    client.post(
        item_address(draft),
        typed(
            draft,
            lead_unit="供电局",
            support_units="@社区工作站|@Law Enforcement Team\nHousing and Construction Bureau",
            owners="私人、未查明" if False else "private\nPOWER-GRID",
            hours="２２：００～０６：００",
            keywords="路灯，灯杆、灯头\n灯罩",
        ),
    )
    after = item_values(draft)
    assert after["lead_unit"] == "power-grid"
    assert after["support_units"] == ["@community", "@street/enforcement", "housing-construction"]
    assert after["owners"] == ["private", "power-grid"]
    assert after["hours"] == "22:00-06:00"
    assert after["keywords"] == ["路灯", "灯杆", "灯头", "灯罩"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lead_unit", "路灯科"),
        ("hours", "晚上"),
        ("handle_limit_number", "0"),
        ("accept_minutes", "soon"),
        ("keywords", "灯\n灯"),
        ("matter_zh", ""),
        ("level", "E"),
        ("why", " "),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(
    client: Client, draft: ResponsibilityList, field: str, value: str
) -> None:
    page = client.post(item_address(draft), typed(draft, **{field: value}))
    assert page.status_code == 400
    assert set(page.context["form"].errors) == {field.removesuffix("_number")}
    assert lists.changed_kinds(draft) == {}


def test_a_field_is_checked_as_it_is_left(client: Client, draft: ResponsibilityList) -> None:
    def told(field: str, **changed: str) -> tuple[bool, bool]:
        data = typed(draft, why="", matter_zh="", **changed)  # what else is wrong is not said yet
        page = client.post(f"{item_address(draft)}check/?field={field}", data)
        row = page.context["row"]
        return row.is_changed, bool(row.errors)

    assert told("lead_unit") == (False, False)
    assert told("lead_unit", lead_unit="供电局") == (True, False)
    assert told("lead_unit", lead_unit="路灯科") == (True, True)
    assert told("handle_limit", handle_limit_number="99") == (True, False)
    assert client.post(f"{item_address(draft)}check/?field=why", typed(draft)).status_code == 404
    assert lists.changed_kinds(draft) == {}


def test_an_item_is_restored_and_taken_out_with_a_why(
    client: Client, draft: ResponsibilityList, steward: Person
) -> None:
    change(draft, steward, at=NOW)
    seen = str(editing.newest_change(draft, LAMP_ITEM))
    page = client.post(item_address(draft), {"do": "restore", "why": "", "seen": seen})
    assert (page.status_code, set(page.context["form"].errors)) == (400, {"why"})
    client.post(item_address(draft), {"do": "restore", "why": "改错了", "seen": seen})
    assert lists.changed_kinds(draft) == {}
    seen = str(editing.newest_change(draft, LAMP_ITEM))
    client.post(item_address(draft), {"do": "remove", "why": "重复", "seen": seen})
    assert lists.changed_kinds(draft) == {LAMP_ITEM: ItemChange.Kind.REMOVED}
    seen = str(editing.newest_change(draft, LAMP_ITEM))
    client.post(item_address(draft), {"do": "restore", "why": "不重复", "seen": seen})
    assert lists.changed_kinds(draft) == {}


def test_a_new_item_is_added_like_another_one(client: Client, draft: ResponsibilityList) -> None:
    form = client.get(f"{address(draft, 'add')}?like={LAMP_ITEM}").context["form"]
    assert form["keywords"].value().split("\n") == item_values(draft)["keywords"]
    data = typed(draft, matter_zh="智慧灯杆故障", keywords="智慧灯杆", category="0204")
    answer = client.post(address(draft, "add"), data)
    added = draft.items.get(matter_zh="智慧灯杆故障")
    assert answer.headers["Location"] == item_address(draft, added.code)
    assert added.code.startswith("0204-")
    page = client.post(address(draft, "add"), data | {"category": "", "code": "a/b"})
    assert set(page.context["form"].errors) == {"category"}
    page = client.post(address(draft, "add"), data | {"code": added.code})
    assert set(page.context["form"].errors) == {"code"}


def test_an_older_form_does_not_overwrite_and_says_who_was_faster(
    client: Client, draft: ResponsibilityList, chief_steward: Person
) -> None:
    change(draft, chief_steward, at=NOW, handle_limit="8wd")
    page = client.post(item_address(draft), typed(draft, handle_limit_number="6"))
    assert page.status_code == 400
    assert page.context["form"].refused == "stale"
    assert "沈岚" in page.content.decode()
    assert item_values(draft)["handle_limit"] == "8wd"


def test_a_department_edits_its_own_items_and_reads_the_rest(
    browse: As, draft: ResponsibilityList, lamps_steward: Person
) -> None:
    client = browse(lamps_steward)
    assert client.get(item_address(draft)).context["form"] is not None
    assert client.get(item_address(draft, FOREIGN_ITEM)).context["form"] is None
    client.post(item_address(draft, FOREIGN_ITEM), typed(draft, FOREIGN_ITEM, matter_zh="别的"))
    assert lists.changed_kinds(draft) == {}
    client.post(item_address(draft), typed(draft, matter_zh="单灯不亮"))
    assert list(lists.changed_kinds(draft)) == [LAMP_ITEM]
    assert set(listed(client, draft, "?mine=1")) == set(
        draft.items.filter(lead_unit=LAMP_UNIT).values_list("code", flat=True)
    )


def test_what_is_no_draft_is_only_read(client: Client, draft: ResponsibilityList) -> None:
    live = live_list()
    assert client.get(item_address(live)).context["form"] is None
    client.post(item_address(live), typed(live, matter_zh="别的"))
    assert item_values(live)["matter_zh"] != "别的"
    assert client.get(address(live, "add")).status_code == 302


def test_who_is_no_steward_reads_what_decides_and_no_drafts(
    browse: As, draft: ResponsibilityList, dispatcher: Person, handler: Person, admin: Person
) -> None:
    for reader in (dispatcher, handler):
        client = browse(reader)
        assert client.get(item_address(live_list())).status_code == 200
        assert client.get(item_address(draft)).status_code == 404
        assert client.get(address(draft, "changes")).status_code == 404
        assert client.post(item_address(draft), typed(draft, matter_zh="别的")).status_code == 404
    assert browse(admin).get(item_address(draft)).context["form"] is None
    assert Client().get(item_address(live_list())).status_code == 302


def test_what_is_not_there_is_not_found(client: Client, draft: ResponsibilityList) -> None:
    assert client.get(item_address(draft, "9999-001")).status_code == 404
    assert client.get("/lists/999/").status_code == 404
    assert client.get(f"/lists/{2**40}/").status_code == 404
    assert client.get("/lists/items/9999-001/history/").status_code == 404


def test_a_row_brings_in_its_item_without_the_rest_of_the_page(
    client: Client, draft: ResponsibilityList
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "list-work"}
    part = client.get(item_address(draft), headers=headers)
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]


@pytest.mark.parametrize(("query", "most"), [("", 17), ("?q=路灯", 16), ("?changed=1", 16)])
def test_opening_the_list_asks_the_database_a_fixed_number_of_times(
    client: Client,
    draft: ResponsibilityList,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    query: str,
    most: int,
) -> None:
    check_list(draft, at=NOW)
    client.get(address(draft))  # what is compiled once is compiled
    with django_assert_max_num_queries(most):
        client.get(f"{address(draft)}{query}")


def test_opening_an_item_asks_the_database_a_fixed_number_of_times(
    client: Client,
    draft: ResponsibilityList,
    steward: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for limit in ("9wd", "8wd", "7wd"):
        change(draft, steward, at=NOW, handle_limit=limit)
    client.get(item_address(draft))
    with django_assert_max_num_queries(19):
        client.get(item_address(draft))


@pytest.mark.parametrize("place", ["/lists/1/items/%00/", "/lists/items/%00/history/"])
def test_an_address_that_names_no_item_is_not_found(client: Client, place: str) -> None:
    assert client.get(place).status_code == 404
