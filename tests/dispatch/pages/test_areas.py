"""The pages of the map: looked through, named without overwriting anybody, exchanged as GeoJSON."""

import json
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.audit.rows import AuditEvent
from dispatch.models import RegisterImport
from grids import outlines, registers
from grids.locate import geography, locate
from grids.models import Area, AreaChange
from tests.browsers import As
from tests.cast import Person, file_report

pytestmark = pytest.mark.django_db

STREET, COMMUNITY, NEW = "440307003000", "440307003002", "440307003088"
State = RegisterImport.State


@pytest.fixture(autouse=True)
def fresh_areas() -> Iterator[None]:
    registers.distrust()
    registers.current()
    yield
    registers.distrust()


def exported(client: Client, code: str) -> dict:
    answer = client.get(reverse("areas-export"), {"area": code})
    return json.loads(b"".join(answer.streaming_content))  # type: ignore[arg-type]


def send(client: Client, document: object, **more: str):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    told = {"file": SimpleUploadedFile("map.geojson", data), "crs": "WGS-84", "whole_of": "", **more}
    return client.post(reverse("area-import"), told, follow=True)


def test_whoever_keeps_the_installation_goes_down_the_tree(
    browse: As, admin: Person, django_assert_max_num_queries
) -> None:
    client = browse(admin)
    assert "平湖街道" in client.get(reverse("areas")).content.decode()
    street = client.get(reverse("area", args=["440307003000"])).content.decode()
    assert reverse("area", args=[COMMUNITY]) in street
    with django_assert_max_num_queries(22):
        page = client.get(reverse("area", args=[COMMUNITY])).content.decode()
    assert f"{COMMUNITY}001" in page
    found = client.get(reverse("areas"), {"q": "良安田社区001"})
    assert [row.code for row, _parts in found.context["rows"]] == [f"{COMMUNITY}001"]
    assert client.get(reverse("areas"), {"q": "没有的地方"}).status_code == 200
    assert client.get(reverse("areas"), {"state": "retired"}).context["rows"] == []
    for nowhere in ("440399", "x" * 40, "没有"):
        assert client.get(reverse("area", args=[nowhere])).status_code == 404


def test_nobody_else_does(browse: As, supervisor: Person, steward: Person) -> None:
    for someone in (supervisor, steward):
        client = browse(someone)
        for name in ("areas", "area-import", "areas-export"):
            assert client.get(reverse(name)).status_code == 403
        assert client.post(reverse("area", args=[COMMUNITY]), {}).status_code == 403
        assert client.post(reverse("area-import"), {}).status_code == 403


def test_a_name_is_changed_once_and_never_over_somebody_else_s(browse: As, admin: Person) -> None:
    client, address = browse(admin), reverse("area", args=[COMMUNITY])
    names = {"was_zh": "良安田社区", "was_en": "Liang'antian Community"}
    assert client.post(address, {"name_zh": "良安社区", "name_en": "", **names}).status_code == 302
    assert client.post(address, {"name_zh": "良安社区", "name_en": "", **names}).status_code == 302  # twice
    assert AreaChange.objects.count() == 1
    cell = Area.objects.get(code=f"{COMMUNITY}001")
    assert (cell.name_zh, cell.name_en) == ("良安社区001网格", "Cell 001 of Liang'an Community")
    registers.current()
    assert geography().names[COMMUNITY][0] == "良安社区"
    late = client.post(address, {"name_zh": "别的社区", "name_en": "", **names})
    assert late.status_code == 400
    assert "良安社区" in str(late.context["form"].non_field_errors())
    assert Area.objects.get(code=COMMUNITY).name_zh == "良安社区"
    line = AuditEvent.objects.filter(what="areas").latest("pk")
    assert (line.user_id, line.about, line.details["after"]) == (admin.user.pk, COMMUNITY, "良安社区")
    for wrong in ({"name_zh": ""}, {"name_zh": "长" * 41}, {"name_zh": "两\n行"}):
        assert client.post(address, {"name_en": "", **names, **wrong}).status_code == 400


def test_a_file_goes_out_and_comes_in_again(browse: As, admin: Person) -> None:
    client = browse(admin)
    document = exported(client, COMMUNITY)
    told = send(client, document)
    assert told.context["run"].counts["kept"] == len(document["features"])
    assert not told.context["can_apply"] or "register-import-apply" not in told.content.decode()
    document["features"][0]["properties"] |= {"name": "新名社区", "name_zh": "", "name_en": ""}
    told = send(client, document)
    run = RegisterImport.objects.latest("pk")
    assert (run.state, run.counts["changed"], told.context["can_apply"]) == (State.CHECKED, 1, True)
    drawn = client.get(reverse("area-import-map", args=[run.pk])).json()
    assert [one["properties"]["what"] for one in drawn["features"]] == ["changed"]
    apply = reverse("register-import-apply", args=[run.pk])
    assert client.post(apply, follow=True).context["run"].state == State.APPLIED
    again = client.post(apply, follow=True)  # twice the same button
    assert [message.level_tag for message in again.context["messages"]] == ["error"]
    assert Area.objects.get(code=COMMUNITY).name_zh == "新名社区"
    assert AreaChange.objects.filter(area=COMMUNITY).count() == 1
    assert client.get(reverse("area-import-map", args=[run.pk])).status_code == 404


def _street_with_one_more(street: dict) -> tuple[dict, Area]:
    """A street's file with one of its communities as two, and a cell that the new one takes over."""
    cells = list(Area.objects.cells().filter(parent=COMMUNITY).order_by("code"))
    stay, leave = cells[: len(cells) // 2], cells[len(cells) // 2 :]

    def feature(code: str, name: str, rings: outlines.Rings) -> dict:
        return {
            "type": "Feature",
            "properties": {"code": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": rings},
        }

    kept = [one for one in street["features"] if not one["properties"]["code"].startswith(COMMUNITY)]
    kept = [one for one in kept if one["properties"]["kind"] != "street"]
    for code, name, parts in ((COMMUNITY, "良安田社区", stay), (NEW, "新生社区", leave)):
        kept.append(feature(code, name, outlines.joined(cell.polygon for cell in parts)))
    kept += [feature(cell.code, cell.name_zh, cell.polygon) for cell in stay]
    kept += [feature(f"{NEW}{n:03d}", "", cell.polygon) for n, cell in enumerate(leave, start=1)]
    return {"type": "FeatureCollection", "features": kept}, leave[-1]


def test_a_new_community_comes_with_a_file_and_the_next_report_lands_there(browse: As, admin: Person) -> None:
    client = browse(admin)
    document, cell = _street_with_one_more(exported(client, STREET))
    send(client, document, whole_of=STREET)
    run = RegisterImport.objects.latest("pk")
    assert run.problems == []
    client.post(reverse("register-import-apply", args=[run.pk]))
    registers.current()
    case = file_report(place=locate(lon=cell.lon, lat=cell.lat), address="")
    assert (case.community_code, case.cell_code[:12]) == (NEW, NEW)
    gone = client.get(reverse("areas"), {"state": "retired", "q": cell.code})
    assert [row.code for row, _parts in gone.context["rows"]] == [cell.code]


def test_a_preview_of_a_map_that_has_changed_since_is_not_written(browse: As, admin: Person) -> None:
    client = browse(admin)
    document = exported(client, COMMUNITY)
    document["features"][0]["properties"] |= {"name": "新名社区", "name_zh": "", "name_en": ""}
    send(client, document)
    run = RegisterImport.objects.latest("pk")
    was = {"was_zh": "平湖街道", "was_en": "Pinghu Subdistrict"}
    client.post(reverse("area", args=["440307003000"]), {"name_zh": "平湖新街道", "name_en": "", **was})
    apply = reverse("register-import-apply", args=[run.pk])
    page = client.post(apply, follow=True)
    assert (page.context["run"].state, page.context["run"].counts["is_other"]) == (State.CHECKED, True)
    assert Area.objects.get(code=COMMUNITY).name_zh == "良安田社区"
    assert client.post(apply, follow=True).context["run"].state == State.APPLIED  # having looked again


def test_problems_name_the_feature_and_nothing_is_written(browse: As, admin: Person) -> None:
    client = browse(admin)
    document = exported(client, COMMUNITY)
    ring = document["features"][2]["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    page = send(client, document)
    run = page.context["run"]
    assert (run.problems[0][0], run.problems[0][2]) == (3, "geometry")
    assert "crosses itself" in run.problems[0][3] or "自相交" in run.problems[0][3]
    client.post(reverse("register-import-apply", args=[run.pk]))
    assert not AreaChange.objects.exists()
    told = b"".join(client.get(reverse("register-import-problems", args=[run.pk])).streaming_content)  # type: ignore[arg-type]
    assert b"3,,geometry" in told


@pytest.mark.parametrize("data", [b" ", b"{", b'{"type":"FeatureCollection","features":[]}', b"\x00\x01"])
def test_what_is_no_map_is_told_in_words(browse: As, admin: Person, data: bytes) -> None:
    page = send(browse(admin), data)
    assert page.status_code in (200, 400)
    run = RegisterImport.objects.filter(register="areas").first()
    assert run is None or (run.state == State.FAILED and run.failure)


def test_a_steward_does_not_see_an_administrator_s_map(browse: As, admin: Person, steward: Person) -> None:
    client = browse(admin)
    send(client, exported(client, COMMUNITY))
    run = RegisterImport.objects.latest("pk")
    assert browse(steward).get(reverse("register-import", args=[run.pk])).status_code == 404


def test_an_upgrade_leaves_a_district_s_own_map_alone(browse: As, admin: Person) -> None:
    names = {"was_zh": "良安田社区", "was_en": "Liang'antian Community"}
    browse(admin).post(reverse("area", args=[COMMUNITY]), {"name_zh": "良安社区", "name_en": "", **names})
    call_command("load_areas", verbosity=0)
    assert Area.objects.get(code=COMMUNITY).name_zh == "良安社区"
