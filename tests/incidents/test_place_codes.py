"""Printed codes: drawn once, scanned by a resident and by a patrol, and kind when they are out of use."""

import importlib

import pytest
import segno
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.roles import Role
from grids import coding, qr, registers, signed_places
from grids.locate import PlaceError, locate
from grids.models import Area, Facility, NamedPlace, PlaceCode, PlaceCodeDay
from incidents.models import Report
from incidents.pages import resident_codes
from tests.browsers import As
from tests.cast import Person, person
from tests.drawing import examples

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_registers():
    resident_codes.SCANS.forget()
    registers.distrust()
    yield
    registers.distrust()


@pytest.fixture
def patrol() -> Person:
    return person("round", Role.PATROL, "pinghu/grid-station")


@pytest.fixture
def cell() -> Area:
    return Area.objects.cells().filter(parent__name_zh="良安田社区").order_by("code")[0]


@pytest.fixture
def lamp(cell: Area) -> Facility:
    made = Facility.objects.create(
        code="LD-1",
        kind="lamp",
        owner_code="lighting-company",
        lon=cell.lon,
        lat=cell.lat,
        cell=cell,
        plate="LG-LD-7",
    )
    registers.touch(registers.FACILITIES)
    return made


def code_of(**what: object) -> str:
    coding.make_codes(
        areas=[area.pk] if (area := what.get("area")) else [],  # type: ignore[attr-defined]
        facilities=[thing.pk] if (thing := what.get("facility")) else [],  # type: ignore[attr-defined]
        at=timezone.now(),
    )
    return PlaceCode.objects.get(retired_at__isnull=True, **what).code


@examples(100)
@given(place=st.integers(0, 7), other=st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_code_with_one_letter_wrong_is_none(place: int, other: str):
    code = qr.draw()
    assert qr.is_one(code)
    assert qr.is_one(code[:place] + other + code[place + 1 :]) == (other == code[place])
    assert qr.plain_code(qr.shown(code).lower().replace("0", "o").replace("1", "l")) == code


def test_a_code_is_drawn_once_and_a_retired_one_stays_retired(cell: Area):
    first = code_of(area=cell)
    assert coding.make_codes(areas=[cell.pk], at=timezone.now()) == 0
    assert coding.retire_code(code=first, at=timezone.now())
    assert not coding.retire_code(code=first, at=timezone.now())
    assert code_of(area=cell) != first
    with pytest.raises(PlaceError) as refused:
        locate(qr_code=first)
    assert refused.value.code == "unknown_code"


def test_a_resident_scans_a_lamp_and_reports_it(client: Client, lamp: Facility):
    scanned = client.get(reverse("place-code", args=[code_of(facility=lamp)]), follow=True)
    page = scanned.content.decode()
    assert 'name="facility" value="LD-1"' in page
    assert scanned.context["scanned"][-1].endswith("LG-LD-7")
    words = client.post(
        reverse("report"),
        {"form": scanned.context["draft"].form, "facility": "LD-1", "text": "这盏灯不亮了，晚上看不清路"},
    )
    place = client.get(words["Location"])
    assert place.context["scanned"][-1].endswith("LG-LD-7")
    form = place.context["form"]
    told = {"lon": form["lon"].value(), "lat": form["lat"].value(), "area": "", "address": ""}
    after = client.post(words["Location"], told, follow=True)
    while after.resolver_match.url_name != "report-finish":
        after = client.post(after.request["PATH_INFO"], {"same": "none"}, follow=True)
    assert after.context["where"].endswith("LG-LD-7")  # not the community alone
    client.post(after.request["PATH_INFO"], {"phone": "", "name": ""})
    report = Report.objects.get(source="resident_form")
    decision = report.links.get().incident.decisions.get()
    assert decision.detail["facts"]["facility"] == "LD-1"
    assert any(reason["code"] == "facility_named" for reason in decision.detail["reasons"])


def test_a_pin_that_is_put_elsewhere_leaves_the_lamp(client: Client, lamp: Facility):
    start = client.get(f"{reverse('report')}?facility=LD-1")
    words = client.post(
        reverse("report"),
        {"form": start.context["draft"].form, "facility": "LD-1", "text": "路边有垃圾没人清理"},
    )
    moved = {"lon": lamp.lon + 0.002, "lat": lamp.lat, "area": "", "address": ""}
    after = client.post(words["Location"], moved, follow=True)
    assert after.context["draft"].facility == ""


def test_a_patrol_comes_to_its_own_page(browse: As, patrol: Person, cell: Area):
    code = code_of(area=cell)
    client = browse(patrol)
    page = client.get(reverse("place-code", args=[code]), follow=True)
    assert page.resolver_match.url_name == "patrol-report"
    assert "良安田" in page.context["scanned"]
    told = {"text": "垃圾桶满了，旁边都是袋子", "done": "no", "code": code, "category": "", "address": ""}
    assert client.post(reverse("patrol-report"), told).status_code == 302
    assert Report.objects.get(source="patrol").links.get().incident.cell_code == cell.code


@pytest.mark.parametrize(("retired", "status"), [(True, 410), (False, 404)])
def test_what_is_out_of_use_says_so_kindly(client: Client, cell: Area, retired: bool, status: int):
    code = qr.draw()
    if retired:
        code = code_of(area=cell)
        coding.retire_code(code=code, at=timezone.now())
    answer = client.get(reverse("place-code", args=[code]))
    assert (answer.status_code, answer.context["is_retired"]) == (status, retired)
    assert reverse("report") in answer.content.decode()


def test_a_typed_code_is_checked_before_it_is_looked_up(client: Client, cell: Area):
    code = code_of(area=cell)
    typed = qr.shown(code).lower()
    assert client.get(reverse("place-code-look-up"), {"code": typed}).status_code == 302
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert client.get(reverse("place-code-look-up"), {"code": wrong}).status_code == 400


def test_a_community_s_sheet_is_made_once_and_printed(
    browse: As, admin: Person, operator: Person, cell: Area
):
    client, community = browse(admin), cell.parent_id
    empty = client.get(reverse("place-code-sheet", args=[community]))
    assert (empty.context["plates"], empty.context["missing"] > 1) == ([], True)
    made = client.post(reverse("place-codes"), {"community": community, "things": "cells"}, follow=True)
    assert made.context["missing"] == 0
    assert made.content.decode().count("<article") == len(made.context["plates"])
    assert "<svg" in made.context["plates"][0]["picture"]
    code = made.context["plates"][0]["code"]
    gone = client.post(reverse("place-code-retire", args=[code]), follow=True)
    assert gone.context["missing"] == 1
    assert browse(operator).get(reverse("place-codes")).status_code == 403


def test_plates_carry_the_public_address_or_are_not_printed(browse: As, admin: Person, cell: Area, settings):
    code_of(area=cell)
    address = reverse("place-code-sheet", args=[cell.parent_id])
    settings.PUBLIC_URL, settings.PRODUCTION = "https://yiwang.example", True
    client = browse(admin)
    inside = client.get(address, headers={"host": "127.0.0.1"})
    (plate,) = inside.context["plates"]
    assert plate["url"].startswith("https://yiwang.example" + reverse("place-code", args=[plate["code"]]))
    assert (
        segno.make_qr(plate["url"], error="q").svg_inline(scale=1, border=4, omitsize=True)
        == plate["picture"]
    )
    assert inside.context["look_up"].startswith("yiwang.example/")
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    nowhere = client.get(address)
    assert (nowhere.context["plates"], "<article" in nowhere.content.decode()) == ([], False)
    settings.PRODUCTION = False
    assert len(client.get(address).context["plates"]) == 1


def test_a_street_keeps_its_own_plates_and_the_district_all_and_each_is_recorded(
    browse: As, supervisor: Person, street_supervisor: Person, cell: Area
):
    elsewhere = Area.objects.communities().get(name_zh="五和社区")
    theirs = code_of(area=elsewhere)
    client = browse(street_supervisor)
    listed = client.get(reverse("place-codes"))
    assert {row["area"].parent_id for row in listed.context["rows"]} == {cell.parent.parent_id}
    assert [street.code for street in listed.context["streets"]] == [cell.parent.parent_id]
    refused = [
        client.get(reverse("place-code-sheet", args=[elsewhere.code])),
        client.post(reverse("place-codes"), {"community": elsewhere.code, "things": "cells"}),
        client.post(reverse("place-code-retire", args=[theirs])),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert PlaceCode.objects.get().retired_at is None
    client.post(reverse("place-codes"), {"community": cell.parent_id, "things": "cells"})
    ours = PlaceCode.objects.get(area=cell)
    assert ours.made_by == street_supervisor.user
    assert client.post(reverse("place-code-retire", args=[ours.code])).status_code == 302
    assert browse(supervisor).post(reverse("place-code-retire", args=[theirs])).status_code == 302
    assert [PlaceCode.objects.get(code=code).retired_by for code in (ours.code, theirs)] == [
        street_supervisor.user,
        supervisor.user,
    ]


@pytest.fixture
def tower(cell: Area) -> NamedPlace:
    made = NamedPlace.objects.create(
        code="B-1", name="良安大厦A栋", kind="building", area_id=cell.parent_id, lon=cell.lon, lat=cell.lat
    )
    registers.touch(registers.PLACES)
    return made


def signed_link(**what: object) -> str:
    row = PlaceCode.objects.get(pk=code_of(**what))
    return reverse("place-code-signed", args=[row.code, signed_places.signed(row)])


def test_a_link_carries_its_place_signed_and_a_forged_one_leads_nowhere(client: Client, cell: Area):
    link = signed_link(area=cell)
    assert cell.code in link
    assert client.get(link).status_code == 302
    other = Area.objects.cells().exclude(pk=cell.pk).order_by("code")[0]
    for forged in (
        link.replace(cell.code, other.code),
        link[:-3] + ("0/" if link[-3] != "0" else "1/"),
        reverse("place-code-signed", args=[qr.draw(), link.rstrip("/").rsplit("/", 1)[1]]),
        link[:-1] + "\u706f/",
    ):
        assert client.get(forged).status_code == 404


def test_a_signed_place_is_read_where_the_register_does_not_know_the_code(client: Client, cell: Area):
    link = signed_link(area=cell)
    PlaceCode.objects.all().delete()
    answer = client.get(link)
    assert answer["Location"] == f"{reverse('report')}?area={cell.code}"


def test_plates_outlive_the_key_that_signed_them(client: Client, cell: Area, settings):
    settings.PLACE_CODE_KEYS = ["old"]
    link = signed_link(area=cell)
    settings.PLACE_CODE_KEYS = ["new", "old"]
    assert client.get(link).status_code == 302
    assert signed_link(area=cell) != link
    settings.PLACE_CODE_KEYS = ["new"]
    assert client.get(link).status_code == 404


def file_by(client: Client, code: str, text: str) -> None:
    scanned = client.get(reverse("place-code", args=[code]), follow=True)
    told = {"form": scanned.context["draft"].form, "text": text, "code": code}
    words = client.post(reverse("report"), told)
    form = client.get(words["Location"]).context["form"]
    place = {name: form[name].value() or "" for name in ("lon", "lat", "area", "address")}
    after = client.post(words["Location"], place, follow=True)
    if after.resolver_match.url_name == "report-same":
        after = client.post(after.request["PATH_INFO"], {"same": "none"}, follow=True)
    client.post(after.request["PATH_INFO"], {"phone": "", "name": ""})


def test_scans_and_reports_of_a_code_are_counted(client: Client, browse: As, admin: Person, cell: Area):
    code = code_of(area=cell)
    for _scan in range(2):
        client.get(reverse("place-code", args=[code]))
    client.head(reverse("place-code", args=[code]))  # a preview is no scan
    file_by(client, code, "垃圾桶满了，旁边都是袋子")
    day = PlaceCodeDay.objects.get()
    assert (day.code_id, day.scans, day.reports) == (code, 3, 1)
    assert Report.objects.get().attributes["place_code"] == code
    staff = browse(admin)
    (plate,) = staff.get(reverse("place-code-sheet", args=[cell.parent_id])).context["plates"]
    assert (plate["scans"], plate["reports"]) == (3, 1)
    rows = staff.get(reverse("place-codes"), {"street": cell.parent.parent_id}).context["rows"]
    used = {row["area"].code: (row["codes"], row["scans"], row["reports"]) for row in rows}
    assert used[cell.parent_id] == (1, 3, 1)


def test_a_report_that_is_not_kept_is_not_counted(
    client: Client, cell: Area, monkeypatch: pytest.MonkeyPatch
):
    """Report and count are one transaction: a process that dies between them leaves neither or both."""
    code = code_of(area=cell)

    def fails(*told: object, **more: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(importlib.import_module("incidents.intake.receive"), "keep_keys", fails)
    with pytest.raises(RuntimeError):
        file_by(client, code, "垃圾桶满了，旁边都是袋子")
    assert not Report.objects.exists()
    assert PlaceCodeDay.objects.get().reports == 0


def test_a_patrol_s_report_by_a_code_is_counted(browse: As, patrol: Person, cell: Area):
    code = code_of(area=cell)
    told = {
        "text": "垃圾桶满了，旁边都是袋子",
        "done": "no",
        "code": qr.shown(code),
        "category": "",
        "address": "",
    }
    assert browse(patrol).post(reverse("patrol-report"), told).status_code == 302
    assert Report.objects.get().attributes["place_code"] == code
    assert PlaceCodeDay.objects.get().reports == 1


def test_who_writes_another_address_than_the_code_s_does_not_report_for_it(client: Client, cell: Area):
    code = code_of(area=cell)
    scanned = client.get(reverse("place-code", args=[code]), follow=True)
    told = {"form": scanned.context["draft"].form, "text": "垃圾桶满了，旁边都是袋子", "code": code}
    words = client.post(reverse("report"), told)
    elsewhere = {"lon": "", "lat": "", "area": cell.code, "address": "五和社区"}
    after = client.post(words["Location"], elsewhere, follow=True)
    client.post(after.request["PATH_INFO"], {"phone": "", "name": ""})
    report = Report.objects.get()
    assert "place_code" not in report.attributes
    assert report.links.get().incident.community_code != cell.parent_id
    assert PlaceCodeDay.objects.get().reports == 0


def test_who_says_more_of_the_code_s_place_still_reports_for_it(client: Client, cell: Area):
    code = code_of(area=cell)
    scanned = client.get(reverse("place-code", args=[code]), follow=True)
    told = {"form": scanned.context["draft"].form, "text": "垃圾桶满了，旁边都是袋子", "code": code}
    words = client.post(reverse("report"), told)
    nearer = {"lon": cell.lon, "lat": cell.lat, "area": cell.code, "address": "良安田社区，公交站旁边"}
    after = client.post(words["Location"], nearer, follow=True)
    client.post(after.request["PATH_INFO"], {"phone": "", "name": ""})
    assert Report.objects.get().attributes["place_code"] == code


def test_a_plate_that_is_reloaded_all_day_is_counted_so_often_and_not_more(client: Client, cell: Area):
    address = reverse("place-code", args=[code_of(area=cell)])
    client.get(address, headers={"sec-purpose": "prefetch;prerender"})
    assert not PlaceCodeDay.objects.exists()
    for _reload in range(resident_codes.SCANS.limit + 5):
        assert client.get(address).status_code == 302
    assert PlaceCodeDay.objects.get().scans == resident_codes.SCANS.limit


def test_a_building_s_plate_that_is_in_no_register_still_fills_in_its_place(
    client: Client, tower: NamedPlace
):
    row = PlaceCode.objects.get(pk=coded_place(tower))
    link = reverse("place-code-signed", args=[row.code, signed_places.signed(row)])
    PlaceCode.objects.all().delete()
    registers.distrust()
    start = client.get(link, follow=True)
    assert start.redirect_chain[0][0] == f"{reverse('report')}?place=B-1"
    told = {"form": start.context["draft"].form, "place": "B-1", "text": "电梯坏了，老人上不去"}
    assert 'name="place" value="B-1"' in start.content.decode()
    words = client.post(reverse("report"), told)
    assert client.get(words["Location"]).context["form"]["address"].value() == "良安大厦A栋"


def coded_place(place: NamedPlace) -> str:
    coding.make_codes(places=[place.pk], at=timezone.now())
    return PlaceCode.objects.get(place=place).code


def test_a_building_has_a_code_and_its_name_is_the_address(
    client: Client, browse: As, admin: Person, tower: NamedPlace
):
    staff = browse(admin)
    told = {"community": tower.area_id, "things": "buildings"}
    made = staff.post(reverse("place-codes"), told, follow=True)
    assert made.context["missing"] == 0
    code = PlaceCode.objects.get(place=tower).code
    assert "良安大厦A栋" in made.content.decode()
    assert "良安大厦A栋" in " ".join(plate["name"] for plate in made.context["plates"])
    file_by(client, code, "电梯坏了，老人上不去")
    report = Report.objects.get()
    assert report.address == "良安大厦A栋"
    assert report.links.get().incident.community_code == tower.area_id
    staff.post(reverse("place-code-retire", args=[code]))
    assert client.get(reverse("place-code", args=[code])).status_code == 410


@pytest.mark.parametrize("things", ["cells", "buildings", "facilities"])
def test_a_sheet_is_taken_to_the_printer_as_pdf(
    browse: As, admin: Person, operator: Person, cell: Area, lamp: Facility, tower: NamedPlace, things: str
):
    staff = browse(admin)
    staff.post(reverse("place-codes"), {"community": cell.parent_id, "things": things})
    address = reverse("place-code-pdf", args=[cell.parent_id])
    answer = staff.get(address, {"things": things})
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    pages = answer.content.count(b"/Type /Page\n")
    plates = len(
        staff.get(reverse("place-code-sheet", args=[cell.parent_id]), {"things": things}).context["plates"]
    )
    assert pages == (-(-plates // 12) if things == "facilities" else plates)
    assert browse(operator).get(address).status_code == 403


def test_a_plate_is_chinese_whoever_prints_it(browse: As, admin: Person, lamp: Facility):
    code_of(facility=lamp)
    code_of(area=lamp.cell)
    staff = browse(admin)
    staff.cookies["django_language"] = "en"
    address = reverse("place-code-sheet", args=[lamp.cell.parent_id])
    labels = staff.get(address, {"things": "facilities"})
    assert "Labels of facilities" in labels.content.decode()
    assert [plate["kind"] for plate in labels.context["plates"]] == ["路灯"]
    assert "一网 龙岗区" in staff.get(address).content.decode()


def test_no_pdf_without_an_address_that_residents_know(browse: As, admin: Person, cell: Area, settings):
    code_of(area=cell)
    settings.PUBLIC_URL, settings.PRODUCTION = "http://127.0.0.1:8000", True
    assert browse(admin).get(reverse("place-code-pdf", args=[cell.parent_id])).status_code == 404


def test_a_code_that_was_retired_by_a_slip_is_put_back_within_a_day(
    browse: As, admin: Person, operator: Person, cell: Area, client: Client
) -> None:
    staff, code = browse(admin), code_of(area=cell)
    staff.post(reverse("place-code-retire", args=[code]))
    sheet = reverse("place-code-sheet", args=[cell.parent_id])
    assert [one["code"] for one in staff.get(sheet).context["retired"]] == [code]
    back = reverse("place-code-restore", args=[code])
    assert browse(operator).post(back).status_code == 403
    assert staff.post(back).status_code == 302
    assert client.get(reverse("place-code", args=[code])).status_code == 302
    assert PlaceCode.objects.get(code=code).retired_by is None
    assert staff.get(sheet).context["retired"] == []


def test_a_code_stays_retired_after_a_day_or_where_another_hangs(cell: Area, lamp: Facility) -> None:
    at = timezone.now()
    old = code_of(area=cell)
    coding.retire_code(code=old, at=at - coding.UNDO_WITHIN)
    assert not coding.restore_code(code=old, at=at)
    first = code_of(area=cell)
    coding.retire_code(code=first, at=at)
    code_of(area=cell)
    assert not coding.restore_code(code=first, at=at)
    label = code_of(facility=lamp)
    coding.retire_code(code=label, at=at)
    Facility.objects.filter(pk=lamp.pk).update(retired_at=at)
    assert not coding.restore_code(code=label, at=at)
