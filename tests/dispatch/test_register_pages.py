"""The registers' pages: who opens them, what they cost, and that a row edited there counts at once."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from accounts.models import OrgUnit
from dispatch.models import RegisterImport
from grids import registers
from grids.locate import locate
from grids.models import Area, Facility, FacilityChange, NamedPlace
from tests.browsers import As
from tests.cast import Person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_registers():
    registers.distrust()
    yield
    registers.distrust()


@pytest.fixture
def spot() -> Area:
    return Area.objects.get(kind="community", name_zh="良安田社区")


def lamps(spot: Area, count: int, start: int = 0) -> None:
    cell = Area.objects.cells().filter(parent=spot).first()
    Facility.objects.bulk_create(
        Facility(
            code=f"LD-{n:04d}",
            kind="lamp",
            owner_code="lighting-company",
            lon=spot.lon,
            lat=spot.lat,
            cell=cell,
        )
        for n in range(start, start + count)
    )
    registers.touch(registers.FACILITIES)


@pytest.mark.parametrize("name", ["facilities", "named-places", "place-codes"])
def test_a_list_costs_the_same_for_few_and_for_many(
    browse: As, admin: Person, spot: Area, django_assert_max_num_queries, name: str
):
    client = browse(admin)
    lamps(spot, 3)
    client.get(reverse(name))
    with django_assert_max_num_queries(20) as few:
        assert client.get(reverse(name)).status_code == 200
    lamps(spot, 30, start=3)
    with django_assert_max_num_queries(len(few)):
        page = client.get(reverse(name))
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("facilities", ()),
        ("named-places", ()),
        ("register-import-begin", ("facilities",)),
        ("facility-new", ()),
        ("register-export", ("places",)),
    ],
)
def test_only_keepers_come_in(browse: As, operator: Person, lamps_steward: Person, name: str, args: tuple):
    assert browse(operator).get(reverse(name, args=args)).status_code == 403
    # Of another unit's items a steward reads, and the district's keepers write.
    reads = name in ("facilities", "named-places", "register-export")
    assert browse(lamps_steward).get(reverse(name, args=args)).status_code == (200 if reads else 403)


def test_a_row_is_edited_retired_and_used_again(browse: As, admin: Person, spot: Area):
    client = browse(admin)
    told = {
        "code": "H-1",
        "kind": "hydrant",
        "owner_code": "water-group",
        "lon": spot.lon,
        "lat": spot.lat,
        "plate": "SH-77001",
    }
    assert client.post(reverse("facility-new"), {**told, "lat": 95}).status_code == 400
    torn = client.post(reverse("facility-new"), {**told, "code": "H\n1", "plate": "SH\r\n1"})
    assert {field: errors[0].code for field, errors in torn.context["form"].errors.as_data().items()} == {
        "code": "line_break",
        "plate": "line_break",
    }
    assert client.post(reverse("facility-new"), told).status_code == 302
    assert locate(facility="sh 77001").community == spot.code
    outside = {**told, "code": "H-2", "plate": "", "lon": 0, "lat": 0}
    far = client.post(reverse("facility-new"), outside, follow=True)
    assert [message.level_tag for message in far.context["messages"]][-1] == "warning"
    client.post(reverse("facility", args=["H-1"]), {"retire": "yes"})
    registers.distrust()
    assert registers.current().facilities.get("H-1") is None
    client.post(reverse("facility", args=["H-1"]), told)
    assert registers.current().facilities.get("H-1") is not None
    assert client.get(reverse("facility", args=["no-such"])).status_code == 404


def changes() -> list[tuple[str, str, str, str]]:
    rows = FacilityChange.objects.order_by("pk").select_related("changed_by")
    return [(one.facility, one.before, one.after, one.changed_by.username) for one in rows]


def test_who_says_whose_a_facility_is_stands_on_the_page(
    browse: As, admin: Person, chief_steward: Person, spot: Area
):
    client = browse(admin)
    told = {"code": "H-1", "kind": "hydrant", "owner_code": "water-group", "lon": spot.lon, "lat": spot.lat}
    page = reverse("facility", args=["H-1"])
    client.post(reverse("facility-new"), told)
    client.post(page, {**told, "plate": "SH-1"})  # another plate is no other owner
    client.post(page, {**told, "owner_code": "private"})
    other = browse(chief_steward)
    other.post(page, {"retire": "yes"})
    other.post(page, {"retire": "yes"})  # a double click
    other.post(page, told)
    assert changes() == [
        ("H-1", "", "water-group", "admin"),
        ("H-1", "water-group", "private", "admin"),
        ("H-1", "private", "", "chief-steward"),
        ("H-1", "", "water-group", "chief-steward"),
    ]
    for address in (page, reverse("facilities")):
        shown = client.get(address).context["changes"]
        assert [one["row"].after for one in shown] == ["water-group", "", "private", "water-group"]
        assert shown[0]["after"] != "water-group"  # its name, not its code
        assert "沈岚" in client.get(address).content.decode()


def test_what_was_said_of_an_owner_is_never_rewritten(admin: Person):
    told = {"facility": "H-1", "before": "", "after": "private", "changed_by": admin.user}
    row = FacilityChange.objects.create(**told, changed_at=timezone.now())
    for change in (lambda: FacilityChange.objects.update(after="unknown"), row.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert changes() == [("H-1", "", "private", "admin")]


def test_a_search_for_nul_finds_nothing(browse: As, admin: Person):
    for name in ("facilities", "named-places"):
        assert browse(admin).get(reverse(name), {"q": "\x00"}).status_code == 200


def test_a_name_is_edited_and_found_under_its_other_names(browse: As, admin: Person, spot: Area):
    client = browse(admin)
    told = {
        "code": "N-1",
        "name": "望月轩雅筑",
        "kind": "estate",
        "area": spot.code,
        "aliases": "望月雅筑，望月轩",
    }
    short = client.post(reverse("named-place-new"), {**told, "aliases": "望月"})
    assert short.context["form"].errors.as_data()["aliases"][0].code == "min_length"
    client.post(reverse("named-place-new"), told)
    assert locate(address="望月雅筑2栋").community == spot.code
    client.post(reverse("named-place", args=["N-1"]), {"retire": "yes"})
    assert locate(address="望月雅筑2栋").how == "none"


def test_a_workbook_goes_from_the_file_to_the_register_and_out_again(browse: As, admin: Person, spot: Area):
    book = Workbook()
    sheet = book.active
    sheet.append(["部件编码", "类型", "权属单位", "经度", "纬度", "铭牌"])
    sheet.append(["X-1", "消防栓", "水务集团", spot.lon, spot.lat, "SH-1"])
    data = BytesIO()
    book.save(data)
    client = browse(admin)
    sent = client.post(
        reverse("register-import-begin", args=["facilities"]),
        {"file": SimpleUploadedFile("census.xlsx", data.getvalue())},
        follow=True,
    )
    run = RegisterImport.objects.get()
    assert (run.counts["added"], sent.context["can_apply"]) == (1, True)
    (first,) = sent.context["sample"]
    told = dict(zip(sent.context["heads"], first[1:], strict=True))
    assert (told["部件编码"], told["铭牌"]) == ("X-1", "SH-1")
    assert told["权属单位"] == OrgUnit.objects.get(code="water-group").name
    assert "hydrant" not in told.values()
    applied = client.post(reverse("register-import-apply", args=[run.pk]), follow=True)
    assert applied.context["run"].state == RegisterImport.State.APPLIED
    # Twice the same button: the second finds it done.
    again = client.post(reverse("register-import-apply", args=[run.pk]), follow=True)
    assert [message.level_tag for message in again.context["messages"]] == ["error"]
    out = b"".join(client.get(reverse("register-export", args=["facilities"])).streaming_content)  # type: ignore[arg-type]
    assert "X-1,hydrant,water-group" in out.decode("utf-8-sig")


def test_what_cannot_be_read_is_told_on_the_page(browse: As, admin: Person):
    client = browse(admin)
    address = reverse("register-import-begin", args=["places"])
    empty = client.post(address, {"file": SimpleUploadedFile("a.csv", b" ")})
    assert empty.status_code == 400
    failed = client.post(
        address, {"file": SimpleUploadedFile("a.csv", "随便,什么\n1,2".encode())}, follow=True
    )
    assert failed.context["run"].state == RegisterImport.State.FAILED
    wrong = client.post(
        address,
        {"file": SimpleUploadedFile("a.csv", "编码,名称,类型,社区\nT,某某路,道路,没有的社区".encode())},
        follow=True,
    )
    run = wrong.context["run"]
    assert run.problems[0][:3] == [2, "D", "area"]
    told = b"".join(client.get(reverse("register-import-problems", args=[run.pk])).streaming_content)  # type: ignore[arg-type]
    assert "2,D,区划代码" in told.decode("utf-8-sig")  # as a sheet has it, and not by our field's name
    assert not NamedPlace.objects.filter(code="T").exists()
    gone = client.post(reverse("register-import-apply", args=[run.pk]), {"drop": "yes"})
    assert gone.status_code == 302
    assert client.get(reverse("register-import", args=[10**12])).status_code == 404
