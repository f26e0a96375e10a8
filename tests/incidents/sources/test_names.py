"""The tables of what sources call categories: who may keep them, what they change, and a sheet of them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiClient
from dispatch.models import Category, SourceCategory, SourceCategoryChange
from incidents.errors import ActionRefused, InvalidInput
from incidents.sources import mapping, naming
from tests.cast import NOWHERE, TUESDAY, Person, file_report

PAGE_QUERIES = 13


def sheet(*rows: str) -> bytes:
    return "\n".join(["source,name,category", *rows]).encode()


def as_person(one: Person) -> Client:
    client = Client()
    client.force_login(one.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def unknown_name(db: None) -> None:
    for index in range(3):
        file_report(source_category="市容/垃圾满溢", category=None, external_id=f"U-{index}")


def test_a_name_is_counted_mapped_and_then_holds(unknown_name: None, steward: Person) -> None:
    (one,) = naming.unmapped("hotline")
    assert (one.name, one.count, one.last_at) == ("市容/垃圾满溢", 3, TUESDAY)
    page = as_person(steward).get("/sources/hotline/").content.decode()
    assert "市容/垃圾满溢" in page
    told = {"name": "市容/垃圾满溢", "category": "0301"}
    assert as_person(steward).post("/sources/hotline/name/", told).status_code == 302
    assert naming.unmapped("hotline") == []
    case = file_report(
        source_category="市容/垃圾满溢", category=None, external_id="U-9", text="桶边都是垃圾", place=NOWHERE
    )
    assert case.category_id == "0301"
    change = SourceCategoryChange.objects.get()
    assert (change.before, change.after, change.changed_by) == ("", "0301", steward.user)


def test_a_wider_name_holds_for_what_is_below_it(db: None) -> None:
    SourceCategory.objects.create(source="hotline", name="城市管理", category_id="0301")
    SourceCategory.objects.create(source="hotline", name="城市管理/市政设施/路灯", category_id="0204")
    names = mapping.CategoryNames("hotline")
    assert names.find(["城市管理", "市政设施", "路灯"]) == mapping.Named("城市管理/市政设施/路灯")
    assert names.find(["城市管理", "市容", "乱摆卖"]) == mapping.Named("城市管理/市容/乱摆卖", "0301")
    assert names.find(["交通", "公交"]) == mapping.Named("交通/公交")
    assert names.find(["", " "]) == mapping.Named("")


def test_a_community_whose_name_is_not_alone_needs_its_street(db: None) -> None:
    assert mapping.area_of("凤凰社区") is None
    assert mapping.area_of("不存在的地方") is None
    assert mapping.area_of("龙岗街道", "南联社区") == mapping.area_of("南联社区")


def test_only_who_keeps_the_list_keeps_the_tables(dispatcher: Person, steward: Person, admin: Person) -> None:
    told = {"source": "hotline", "name": "路灯", "category": "0204"}
    with pytest.raises(ActionRefused):
        naming.set_name(**told, user=dispatcher.user, at=TUESDAY)
    assert as_person(dispatcher).get("/sources/").status_code == 403
    assert as_person(dispatcher).post("/sources/hotline/name/", told).status_code == 403
    assert [as_person(one).get("/sources/").status_code for one in (steward, admin)] == [200, 200]
    assert as_person(steward).get("/sources/nobody/").status_code == 404


@pytest.mark.parametrize(
    ("rows", "code", "row"),
    [
        (["hotline,路灯,0204", "hotline,井盖,9999"], "unknown", "3"),
        (["hotline,路灯,0204", "hotline,路灯,0201"], "twice", "3"),
        (["hotlein,路灯,0204"], "unknown", "2"),
        (["hotline,,0204"], "required", "2"),
        ([f"hotline,{'长' * 121},0204"], "max_length", "2"),
    ],
)
def test_a_sheet_with_one_wrong_row_changes_nothing(
    steward: Person, rows: list[str], code: str, row: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        naming.take_sheet(data=sheet(*rows), user=steward.user, at=TUESDAY)
    assert (refused.value.field, refused.value.code) == ("sheet", code)
    assert row in str(refused.value)
    assert not SourceCategoryChange.objects.exists()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "head"),
        (b"a,b\n1,2", "head"),
        (b"\xff\xff\xff", "unreadable"),
        (sheet(*["x"] * 5_001), "too_many"),
    ],
)
def test_what_is_no_sheet_of_names(steward: Person, data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        naming.take_sheet(data=data, user=steward.user, at=TUESDAY)
    assert refused.value.code == code


def test_a_category_is_known_by_its_name_too_and_every_wrong_row_is_told(
    unknown_name: None, steward: Person
) -> None:
    name = Category.objects.get(code="0204").name_zh
    naming.set_name(source="hotline", name="灯", category=name, user=steward.user, at=TUESDAY)
    assert SourceCategory.objects.get(name="灯").category_id == "0204"
    rows = (f"hotline,路灯,{name}", "hotline,井盖,没有这个", "hotlein,路灯,0204", "hotline,树,9999")
    with pytest.raises(InvalidInput) as refused:
        naming.take_sheet(data=sheet(*rows), user=steward.user, at=TUESDAY)
    assert all(str(row) in str(refused.value) for row in (3, 4, 5))
    assert not SourceCategory.objects.filter(name="路灯").exists()


def test_what_goes_out_comes_back_in(unknown_name: None, steward: Person) -> None:
    for name in ("=路灯", "＝路灯", "'路灯'", "'=路灯"):
        naming.set_name(source="hotline", name=name, category="0204", user=steward.user, at=TUESDAY)
    out = "".join(naming.as_sheet("hotline"))
    assert "'=路灯" in out  # no formula for a spreadsheet to run
    assert "'＝路灯" in out  # … which takes the wide sign for one, too
    assert "hotline,市容/垃圾满溢,\r\n" in out
    filled = out.replace("垃圾满溢,", "垃圾满溢,0301").encode()
    assert naming.take_sheet(data=filled, user=steward.user, at=TUESDAY) == naming.Sheet(1, 4)
    assert naming.take_sheet(data=filled, user=steward.user, at=TUESDAY) == naming.Sheet(0, 5)
    answer = as_person(steward).get("/sources/hotline/export/")
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_name_is_taken_out_again(steward: Person) -> None:
    told = {"source": "hotline", "name": "路灯", "user": steward.user, "at": TUESDAY}
    assert naming.set_name(category="0204", **told)
    assert naming.set_name(category="", **told)
    assert not naming.set_name(category="", **told)
    assert not SourceCategory.objects.filter(source="hotline", name="路灯").exists()
    assert SourceCategoryChange.objects.count() == 2


def test_the_page_asks_as_much_for_thirty_names_as_for_three(steward: Person) -> None:
    client = as_person(steward)

    def cost(count: int) -> int:
        for index in range(count):
            naming.set_name(
                source="hotline", name=f"类别{index}", category="0204", user=steward.user, at=TUESDAY
            )
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/sources/hotline/").status_code == 200
        return len(seen)

    assert cost(3) == cost(30) == PAGE_QUERIES


def test_an_administrator_says_who_accepts_results(
    admin: Person, steward: Person, hotline: tuple[ApiClient, str]
) -> None:
    address = f"/sources/clients/{hotline[0].pk}/"
    assert as_person(steward).post(address, {"accepts": "yes"}).status_code == 403
    as_person(admin).post(address, {"accepts": "yes"})
    hotline[0].refresh_from_db()
    assert hotline[0].accepts_closing


def test_what_is_wrong_is_said_beside_the_field_that_it_was_typed_into(
    unknown_name: None, steward: Person
) -> None:
    client = as_person(steward)
    naming.set_name(source="hotline", name="路灯", category="0204", user=steward.user, at=TUESDAY)
    for name, where in (("路灯", "wrong-set"), ("市容/垃圾满溢", "wrong-map"), ("没见过的", "wrong-new")):
        answer = client.post("/sources/hotline/name/", {"name": name, "category": "没有这一类"})
        page = answer.content.decode()
        assert answer.status_code == 400
        assert page.count('aria-invalid="true"') == 1
        assert f'id="{where}"' in page
        assert 'value="没有这一类"' in page
