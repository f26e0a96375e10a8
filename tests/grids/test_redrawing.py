"""A map is checked as it would be afterwards, and written so that nothing that was known is lost."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from accounts.audit.rows import AuditEvent
from grids import outlines, redrawing, redrawn, registers
from grids.coordinates import GCJ02, from_wgs84
from grids.locate import PlaceError, geography, locate
from grids.models import Area, AreaChange, Facility, NamedPlace, PlaceCode
from grids.redrawing import Redrawing
from tests.cast import Person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)
COMMUNITY = "440307003002"
STREET = "440307003000"
NEW = "440307003088"


@pytest.fixture(autouse=True)
def fresh_areas() -> Iterator[None]:
    registers.distrust()
    registers.current()
    yield
    registers.distrust()


@pytest.fixture(autouse=True)
def english(nobody_has_spoken: None) -> Iterator[None]:
    with translation.override("en"):
        yield


def feature(area: Area, **properties: Any) -> dict[str, Any]:
    told = {
        "code": area.code,
        "name": area.name_zh,
        "name_en": area.name_en,
        "center": [area.lon, area.lat],
        "area_m2": area.area_m2,
    }
    return {
        "type": "Feature",
        "properties": told | properties,
        "geometry": {"type": "Polygon", "coordinates": copy.deepcopy(area.polygon)},
    }


def collection(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def inside(code: str) -> list[dict[str, Any]]:
    """A community and its cells, as the map has them."""
    areas = Area.objects.in_use().filter(code__startswith=code).exclude(kind="block").order_by("code")
    return [feature(area) for area in areas]


def halves(name: str = "新生社区") -> list[dict[str, Any]]:
    """良安田社区 as two: its last cells become a community of their own."""
    cells = list(Area.objects.cells().filter(parent=COMMUNITY).order_by("code"))
    stay, leave = cells[: len(cells) // 2], cells[len(cells) // 2 :]
    old = Area.objects.get(code=COMMUNITY)
    made: list[dict[str, Any]] = []
    for code, called, parts in ((COMMUNITY, old.name_zh, stay), (NEW, name, leave)):
        whole = outlines.joined(cell.polygon for cell in parts)
        made.append(
            {
                "type": "Feature",
                "properties": {"code": code, "name": called},
                "geometry": {"type": "Polygon", "coordinates": whole},
            }
        )
    made += [feature(cell) for cell in stay]
    for number, cell in enumerate(leave, start=1):
        made.append(feature(cell, code=f"{NEW}{number:03d}", name="", name_en=""))
    return made


def redraw(*features: dict[str, Any], whole_of: str = "", crs: str = "WGS-84") -> Redrawing:
    return redrawing.redraw(outlines.read(collection(*features), crs=crs), whole_of=whole_of)


def test_what_the_map_says_already_changes_nothing() -> None:
    found = redraw(*inside(COMMUNITY), whole_of=COMMUNITY)
    assert (found.faults, found.is_change) == ([], False)
    assert found.kept == found.features > 10


def test_without_saying_that_it_is_everything_nothing_goes() -> None:
    """The cells that the new community takes over are still the old one's."""
    found = redraw(*halves())
    assert found.gone == {}
    assert any("reaches" in fault.message for fault in found.faults)


def test_a_community_is_cut_in_two_and_places_lie_in_the_new_one(admin: Person) -> None:
    last = Area.objects.cells().filter(parent=COMMUNITY).order_by("code").last()
    assert last is not None
    Facility.objects.create(
        code="X-1", kind="lamp", owner_code="unknown", lon=last.lon, lat=last.lat, cell=last
    )
    PlaceCode.objects.create(code="AAAAAAA1", area=last, made_at=NOW)
    NamedPlace.objects.create(
        code="P-1", name="安田大厦", kind="building", area=last, lon=last.lon, lat=last.lat
    )
    others = Area.objects.in_use().filter(code__startswith=STREET[:9]).exclude(code__startswith=COMMUNITY)
    rest = [feature(area) for area in others.exclude(kind="block").order_by("code")]
    found = redraw(*rest, *halves(), whole_of=STREET)
    assert found.faults == []
    assert NEW in found.added
    assert last.code in found.gone
    with transaction.atomic():
        redrawn.hold()
        redrawn.write(found, by=admin.user, at=NOW)
    registers.current()
    placed = locate(lon=last.lon, lat=last.lat)
    assert (placed.community, placed.cell) == (NEW, Facility.objects.get(code="X-1").cell_id)
    assert locate(address="平湖街道新生社区").community == NEW
    # What went keeps its name for the cases that name it, and nothing new lies there.
    assert Area.objects.get(code=last.code).retired_at == NOW
    assert geography().names[last.code][0] == last.name_zh
    with pytest.raises(PlaceError, match="unknown_area"):
        locate(area=last.code)
    assert PlaceCode.objects.get(code="AAAAAAA1").retired_at == NOW
    assert NamedPlace.objects.get(code="P-1").area_id == NEW
    moved = AuditEvent.objects.filter(what="named_places").latest("pk")
    assert (moved.about, moved.details) == ("P-1", {"op": "update", "rows": 1})
    assert AreaChange.objects.get(area=last.code).what == "retired"
    line = AuditEvent.objects.filter(what="areas").latest("pk")
    assert (line.user_id, line.details["areas_added"]) == (admin.user.pk, len(found.added))


def test_another_process_follows(admin: Person) -> None:
    before = geography()
    Area.objects.filter(code=COMMUNITY).update(name_zh="某某社区")
    assert geography() is before
    registers.touch(registers.AREAS)
    registers.current()
    assert geography().names[COMMUNITY][0] == "某某社区"


def _spoilt(one: dict[str, Any], name: str) -> dict[str, Any]:
    ring = one["geometry"]["coordinates"][0]
    if name == "crossing":
        one["geometry"]["coordinates"][0] = [ring[0], ring[2], ring[1], *ring[3:]]
        west, south = ring[0]
        one["geometry"]["coordinates"] = [
            [[west, south], [west + 0.01, south + 0.01], [west + 0.01, south], [west, south + 0.01], ring[0]]
        ]
        one["properties"].pop("center")
    elif name == "open":
        ring.pop()
    elif name == "swapped":
        one["geometry"]["coordinates"] = [[[y, x] for x, y in ring]]
    elif name == "words":
        ring[1] = ["a", "b"]
    elif name == "many":
        one["geometry"] = {"type": "MultiPolygon", "coordinates": [[ring]]}
    elif name == "code":
        one["properties"]["code"] = "44030700300200X"
    elif name == "parent":
        one["properties"]["community"] = "440307003003"
    elif name == "center":
        one["properties"]["center"] = [0, 0]
    elif name == "name":
        one["properties"]["name"] = "长" * 41
    elif name == "block":
        one["properties"]["code"] = f"{COMMUNITY}B01"
    elif name == "nothing":
        one["geometry"] = None
    return one


@pytest.mark.parametrize(
    ("spoil", "field", "words"),
    [
        ("crossing", "geometry", "crosses itself"),
        ("open", "geometry", "ends where it begins"),
        ("swapped", "geometry", "swapped"),
        ("words", "geometry", "pairs of numbers"),
        ("many", "geometry", "one polygon"),
        ("nothing", "geometry", "one polygon"),
        ("code", "code", "12 digits"),
        ("parent", "parent_code", "does not lie in"),
        ("center", "center", "does not lie in it"),
        ("name", "name", "At most 40"),
        ("block", "code", "Blocks are cut"),
    ],
)
def test_a_feature_that_cannot_be_an_area_is_told_by_number_and_member(
    spoil: str, field: str, words: str
) -> None:
    features = inside(COMMUNITY)
    _spoilt(features[2], spoil)
    (fault,) = redraw(*features).faults
    assert (fault.row, fault.field) == (3, field)
    assert words in fault.message


def _moved(one: dict[str, Any], by: float) -> dict[str, Any]:
    one["geometry"]["coordinates"] = [
        [[x + by, y] for x, y in ring] for ring in one["geometry"]["coordinates"]
    ]
    one["properties"].pop("center")
    return one


def test_overlaps_gaps_and_what_reaches_out_are_told() -> None:
    features = inside(COMMUNITY)
    _moved(features[1], 0.0005)
    told = " ".join(fault.message for fault in redraw(*features).faults)
    assert "share" in told
    assert "lie in none of its parts" in told
    whole = inside(COMMUNITY)
    _moved(whole[0], 0.002)
    assert any("out of" in fault.message for fault in redraw(*whole).faults)


def test_what_would_leave_something_behind_is_refused() -> None:
    streets = [feature(area) for area in Area.objects.communities().filter(parent=STREET)][1:]
    told = [fault.message for fault in redraw(*streets, whole_of=STREET).faults]
    assert any("needs its level too" in message for message in told)
    lonely = {
        "type": "Feature",
        "properties": {"code": "440307099001", "name": "无街社区"},
        "geometry": feature(Area.objects.get(code=COMMUNITY))["geometry"],
    }
    (fault,) = redraw(lonely).faults
    assert (fault.row, fault.field) == (1, "parent_code")
    other = {**lonely, "properties": {"code": "440308000000", "name": "别的区"}}
    (fault,) = redraw(other).faults
    assert "one district" in fault.message
    (fault,) = redraw(feature(Area.objects.streets().exclude(code=STREET)[0]), whole_of=STREET).faults
    assert "hold everything" in fault.message


def test_a_cell_of_a_block_does_not_go_behind_its_back() -> None:
    cells = list(Area.objects.cells().filter(parent=COMMUNITY).order_by("code"))
    Area.objects.create(
        code=f"{COMMUNITY}B01",
        kind="block",
        name_zh="安田街区",
        name_en="Antian block",
        parent_id=COMMUNITY,
        lon=cells[0].lon,
        lat=cells[0].lat,
        area_m2=1,
        polygon=outlines.joined(cell.polygon for cell in cells[:2]),
    )
    merged = feature(cells[0], center=None, area_m2=None)
    merged["geometry"]["coordinates"] = outlines.joined(cell.polygon for cell in cells[:2])
    rest = [feature(cell) for cell in cells[2:]]
    told = [fault.message for fault in redraw(merged, *rest, whole_of=COMMUNITY).faults]
    assert len(told) == 1
    assert "change the block first" in told[0]


def test_a_map_in_the_nation_s_degrees_comes_to_where_it_was() -> None:
    features = inside(COMMUNITY)
    for one in features:
        one["geometry"]["coordinates"] = [
            [list(from_wgs84(x, y, GCJ02)) for x, y in ring] for ring in one["geometry"]["coordinates"]
        ]
        one["properties"]["center"] = list(from_wgs84(*one["properties"]["center"], GCJ02))
    assert redraw(*features).is_change  # taken for what it is not, it would move everything
    found = redraw(*features, crs=GCJ02)
    assert (found.faults, found.is_change) == ([], False)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "not a GeoJSON file"),
        (b"\xff\xfe", "not a GeoJSON file"),
        (b"[" * 100_000, "not a GeoJSON file"),
        (b'{"type": "FeatureCollection", "features": [NaN]}', "not a GeoJSON file"),
        (b'{"type": "Feature"}', "FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "no features"),
        (b'{"type": "FeatureCollection", "features": [' + b"1," * 20_000 + b"1]}", "at most 20000"),
    ],
)
def test_what_is_no_map_is_refused_as_a_whole(data: bytes, words: str) -> None:
    with pytest.raises(outlines.UnreadableMap, match=words):
        outlines.read(data)


def test_too_many_points_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlines, "POINTS_MOST", 10)
    with pytest.raises(outlines.UnreadableMap, match="at most 10"):
        outlines.read(collection(*inside(COMMUNITY)))


def test_cells_take_their_community_s_new_name(admin: Person) -> None:
    cell = Area.objects.cells().filter(parent=COMMUNITY).order_by("code")[0]
    found = redraw(feature(Area.objects.get(code=COMMUNITY), name="良安社区", name_en=""))
    assert found.faults == []
    redrawn.write(found, by=admin.user, at=NOW)
    cell.refresh_from_db()
    assert (cell.name_zh, cell.name_en) == ("良安社区001网格", "Cell 001 of Liang'an Community")


def test_the_history_of_the_map_is_only_added_to(admin: Person) -> None:
    row = AreaChange.objects.create(
        area=STREET, what="changed", before="甲", after="乙", changed_by=admin.user, changed_at=NOW
    )
    for attempt in (lambda: row.delete(), lambda: AreaChange.objects.update(after="丙")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM grids_areachange")
        assert cursor.fetchone()[0] == 1
