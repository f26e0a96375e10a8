"""A block has a plate like a cell: who scans it reports from there, and it goes out of use with its block."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from grids import coding, registers
from grids.locate import PlaceError, geography, locate
from grids.models import Area, PlaceCode, PlaceCodeDay
from incidents import blocks
from incidents.models import BlockRole, Report
from incidents.pages import resident_codes
from tests.browsers import As
from tests.cast import TUESDAY, Person, person
from tests.incidents.test_place_codes import code_of

pytestmark = pytest.mark.django_db
COMMUNITY = "440307016006"
WORDS = "垃圾桶满了，旁边都是袋子"


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    resident_codes.SCANS.forget()
    blocks.forget()
    yield
    blocks.forget()


@pytest.fixture
def cells() -> list[Area]:
    return list(Area.objects.cells().filter(parent=COMMUNITY).order_by("code"))


def cut(*cells: Area, name: str = "东区街区", name_en: str = "A block") -> Area:
    return blocks.cut(name_zh=name, name_en=name_en, cells=[cell.code for cell in cells], by=None, at=TUESDAY)


@pytest.fixture
def block(cells: list[Area]) -> Area:
    geography()  # read before it was cut, as by every process that runs
    return cut(*cells[:2])


@pytest.fixture
def street(db: None) -> Person:
    return person("longgang-supervisor", Role.SUPERVISOR, "longgang/operations", "龙岗督办")


def scan(client: Client, code: str, **given: object) -> Report:
    """Scan the plate and send the form, without scripts; `given` is what is changed about the place."""
    scanned = client.get(reverse("place-code", args=[code]), follow=True)
    told = {"form": scanned.context["draft"].form, "text": WORDS, "code": code}
    words = client.post(reverse("report"), told)
    page = client.get(words["Location"])
    assert "东区街区" in page.context["scanned"]
    form = page.context["form"]
    place = {name: form[name].value() or "" for name in ("lon", "lat", "area", "address")}
    after = client.post(words["Location"], {**place, **given}, follow=True)
    assert after.resolver_match.url_name == "report-finish"
    client.post(after.request["PATH_INFO"], {"phone": "", "name": ""})
    return Report.objects.get()


def test_who_changes_nothing_reports_from_the_block(client: Client, block: Area) -> None:
    code = code_of(area=block)
    report = scan(client, code)
    case = report.links.get().incident
    assert report.attributes["place_code"] == code
    assert (case.street_code, case.community_code) == ("440307016000", COMMUNITY)
    day = PlaceCodeDay.objects.get()
    assert (day.scans, day.reports) == (1, 1)


def test_a_point_in_the_block_is_still_its_plate_s(client: Client, block: Area, cells: list[Area]) -> None:
    code = code_of(area=block)
    report = scan(client, code, lon=cells[1].lon, lat=cells[1].lat)
    assert report.attributes["place_code"] == code
    assert report.links.get().incident.cell_code == cells[1].code


def test_a_point_in_the_next_block_is_not(client: Client, block: Area, cells: list[Area]) -> None:
    cut(*cells[2:4], name="西区街区", name_en="Another block")
    report = scan(client, code_of(area=block), lon=cells[2].lon, lat=cells[2].lat)
    assert "place_code" not in report.attributes
    assert report.links.get().incident.cell_code == cells[2].code
    assert PlaceCodeDay.objects.get().reports == 0


def test_an_address_elsewhere_is_not(client: Client, block: Area) -> None:
    report = scan(client, code_of(area=block), address="五和社区")
    assert "place_code" not in report.attributes
    assert report.links.get().incident.community_code not in ("", COMMUNITY)


def test_an_address_in_its_community_is(client: Client, block: Area) -> None:
    code = code_of(area=block)
    assert scan(client, code, address="南联社区公交站旁边").attributes["place_code"] == code


def test_a_patrol_reports_by_the_plate_and_for_it_alone(browse: As, block: Area, cells: list[Area]) -> None:
    code = code_of(area=block)
    patrol = browse(person("round", Role.PATROL, "longgang/grid-station"))
    opened = patrol.get(reverse("place-code", args=[code]), follow=True)
    assert opened.resolver_match.url_name == "patrol-report"
    assert "东区街区" in opened.context["scanned"]
    told = {"text": WORDS, "done": "no", "code": code, "category": "", "address": ""}
    assert patrol.post(reverse("patrol-report"), told).status_code == 302
    here = Report.objects.get()
    assert here.attributes["place_code"] == code
    assert here.links.get().incident.community_code == COMMUNITY
    away = {**told, "text": "路灯不亮", "lon": cells[-1].lon, "lat": cells[-1].lat}
    assert patrol.post(reverse("patrol-report"), away).status_code == 302
    assert "place_code" not in Report.objects.exclude(pk=here.pk).get().attributes
    assert PlaceCodeDay.objects.get().reports == 1


def test_every_process_knows_a_block_that_was_cut_just_now(block: Area) -> None:
    assert locate(area=block.code).community == COMMUNITY
    assert locate(qr_code=code_of(area=block)).community == COMMUNITY
    assert geography().names[block.code] == ("东区街区", "A block")


def test_a_process_that_has_asked_nothing_since_asks_before_it_refuses_a_block(
    block: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process cut it: nothing here has told this one to look."""
    stamp = registers.seen(registers.AREAS)
    registers.notice([])
    geography()
    registers.distrust()
    assert registers.seen(registers.AREAS) != stamp or not stamp
    assert locate(area=block.code).community == COMMUNITY


def test_the_areas_stay_in_memory_while_nobody_cuts_any(block: Area) -> None:
    locate(area=block.code)
    held = geography()
    coding.make_codes(areas=[block.code], at=timezone.now())
    locate(area=block.code)
    assert geography() is held


def test_a_block_with_plates_is_taken_apart_and_they_go_out_of_use(
    client: Client, browse: As, block: Area, street: Person
) -> None:
    old = code_of(area=block)
    coding.retire_code(code=old, at=TUESDAY)
    code = code_of(area=block)
    held = BlockRole.objects.create(area=block, role="head", user=street.user, since=TUESDAY)
    staff = browse(street)
    done = staff.post(f"/councils/area/{COMMUNITY}/blocks/undo/", {"block": block.code}, follow=True)
    assert done.status_code == 200
    assert blocks.blocks_in(COMMUNITY) == []
    assert len(list(done.context["messages"])) == 2
    row = PlaceCode.objects.get(pk=code)
    assert (row.area_id, row.retired_by) == (block.code, street.user)
    assert PlaceCode.objects.get(pk=old).retired_at == TUESDAY
    held.refresh_from_db()
    assert held.until is not None
    assert client.get(reverse("place-code", args=[code])).status_code == 410
    with pytest.raises(PlaceError):
        locate(qr_code=code)


def test_a_block_that_is_gone_has_no_page_and_gets_no_plate(
    browse: As, admin: Person, block: Area, street: Person
) -> None:
    blocks.undo(area_code=block.code, by=street.user, at=TUESDAY)
    staff = browse(street)
    assert staff.get(f"/councils/area/{block.code}/").status_code == 404
    assert staff.get(f"/councils/area/{COMMUNITY}/blocks/?block={block.code}").status_code == 302
    made = browse(admin).post(
        reverse("place-codes"), {"community": COMMUNITY, "things": "cells"}, follow=True
    )
    assert made.context["missing"] == 0
    assert not PlaceCode.objects.filter(area=block.code).exists()


def test_a_block_is_taken_apart_once(block: Area, street: Person) -> None:
    code_of(area=block)
    counts = [blocks.undo(area_code=block.code, by=street.user, at=TUESDAY) for _press in range(2)]
    assert counts == [1, 0]


@pytest.mark.parametrize("address", ["/q/?code=%00", "/q/%00/", "/report/?place=%00", "/report/?area=%00"])
def test_nul_in_an_address_is_no_fault(client: Client, address: str) -> None:
    assert client.get(address).status_code < 500


def test_a_plate_is_one_plate_however_its_code_is_typed(client: Client, block: Area) -> None:
    code = code_of(area=block)
    for typed in [code, code.lower(), f"{code[:4]}-{code[4:]}"] * resident_codes.SCANS.limit:
        client.get(reverse("place-code", args=[typed]))
    assert PlaceCodeDay.objects.get().scans == resident_codes.SCANS.limit
    resident_codes.SCANS.forget()
    client.get(reverse("place-code", args=["ABCDEFGH"]))
    assert not resident_codes.SCANS._events
