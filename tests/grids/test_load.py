"""Loading units and areas: repeatable, and refused wholly when something is wrong."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import OrgUnit
from accounts.reference import BadFile
from grids import locate
from grids.models import Area, Facility

pytestmark = pytest.mark.django_db

Spoil = Callable[[dict], None]


@pytest.fixture(autouse=True)
def forget_the_areas() -> Iterator[None]:
    """What a test loads is rolled back, so nothing of it may stay in memory."""
    yield
    locate.forget()


def areas() -> set[tuple[str, str]]:
    return set(Area.objects.values_list("code", "name_zh"))


def units() -> set[tuple[str, str, bool]]:
    return set(OrgUnit.objects.values_list("code", "name_zh", "is_open"))


def spoil(folder: Path, name: str, change: Spoil) -> None:
    document = json.loads((folder / name).read_text(encoding="utf-8"))
    change(document)
    (folder / name).write_text(json.dumps(document), encoding="utf-8")


def set_property(key: str, value: object, feature: int = 0) -> Spoil:
    return lambda document: document["features"][feature]["properties"].update({key: value})


def set_corner(value: list[float], corner: int) -> Spoil:
    def change(document: dict) -> None:
        document["features"][0]["geometry"]["coordinates"][0][corner] = value

    return change


def test_another_district_takes_the_place_of_the_one_before(small_district: Path):
    call_command("load_areas", small_district, verbosity=0)
    assert Area.objects.count() == 5


@pytest.mark.parametrize(
    ("name", "change", "where", "reason"),
    [
        ("streets.geojson", set_property("code", "44"), "code", "not a code of 12 digits"),
        ("streets.geojson", set_property("name", ""), "name", "is empty"),
        ("communities.geojson", set_property("parent_code", "9"), "parent_code", "level above"),
        ("communities.geojson", set_property("code", "440307009002"), "code", "continue its parent"),
        ("communities.geojson", set_property("center", [1, 1]), "center", "not inside"),
        ("communities.geojson", set_property("area_km2", -1), "area_km2", "not an area"),
        ("grids.geojson", set_property("code", "440307003002001", 1), "code", "already used"),
        ("grids.geojson", set_corner([114.105, 22.61], 2), "geometry", "does not fill"),
        ("grids.geojson", set_corner([114.115, 22.61], 2), "geometry", "does not share its edge"),
        ("grids.geojson", set_corner([114.2, 22.61], 2), "geometry", "reaches out of its parent"),
        ("grids.geojson", set_corner([114.09, 22.605], 1), "geometry", "crosses itself"),
        ("grids.geojson", lambda document: document["features"].pop(), "geometry", "does not fill"),
        ("grids.geojson", lambda document: document.update(features=[]), "features", "is empty"),
        ("grids.geojson", lambda document: document.update(type="Topology"), "type", "FeatureCollection"),
        (
            "grids.geojson",
            lambda document: document["features"][0].update(geometry={"type": "Polygon", "coordinates": "x"}),
            "geometry",
            "is not a GeoJSON geometry",
        ),
    ],
)
def test_a_bad_feature_is_named_and_nothing_is_loaded(
    small_district: Path, name: str, change: Spoil, where: str, reason: str
):
    before = areas()
    spoil(small_district, name, change)
    with pytest.raises(BadFile) as refused:
        call_command("load_areas", small_district, verbosity=0)
    assert name in str(refused.value)
    assert refused.value.rows[0].column == where
    assert reason in str(refused.value)
    assert areas() == before


def test_an_area_that_is_in_use_is_not_dropped(small_district: Path):
    before = areas()
    Facility.objects.create(
        code="lamp-1",
        kind="lamp",
        owner_code="lighting-company",
        lon=114.1,
        lat=22.6,
        cell_id="440307003002001",
    )
    Facility.objects.create(
        code="lamp-2",
        kind="lamp",
        owner_code="lighting-company",
        lon=114.2,
        lat=22.7,
        cell_id="440307020003001",
    )
    with pytest.raises(CommandError, match="still in use"):
        call_command("load_areas", small_district, verbosity=0)
    assert areas() == before


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]"])
def test_a_file_that_is_no_geojson_is_named(small_district: Path, content: bytes):
    (small_district / "streets.geojson").write_bytes(content)
    with pytest.raises(BadFile, match=r"streets\.geojson"):
        call_command("load_areas", small_district, verbosity=0)


def units_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "units.csv"
    header = "code,kind,name_zh,name_en,parent_code,area_code"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


ROOT = "district,district,龙岗区,Longgang District,,440307000000"
POLICE = "police,district_department,公安分局,Police,district,440307000000"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("police,department,公安分局,Police,district,440307000000", "row 3, column kind"),
        ("police,district_department,,Police,district,440307000000", "row 3, column name_zh: is empty"),
        ("police,district_department,公安分局,Police,town,440307000000", "'town' is not a unit of this file"),
        ("police,district_department,公安分局,Police,police,440307000000", "a circle"),
        ("police,district_department,公安分局,Police,,440307000000", "but the root is 'district'"),
        ("police,district_department,公安分局,Police,district,4403", "row 3, column area_code"),
        ("Po lice,district_department,公安分局,Police,district,440307000000", "row 3, column code"),
        ("district,district_department,公安分局,Police,district,440307000000", "already used by row 2"),
    ],
)
def test_a_bad_unit_is_named_and_nothing_is_loaded(tmp_path: Path, line: str, told: str):
    before = units()
    with pytest.raises(BadFile) as refused:
        call_command("load_units", units_file(tmp_path, ROOT, line), verbosity=0)
    assert told in str(refused.value)
    assert units() == before


def test_a_unit_that_left_the_file_is_closed_and_opens_again(tmp_path: Path):
    call_command("load_units", units_file(tmp_path, ROOT, POLICE), verbosity=0)
    call_command("load_units", units_file(tmp_path, ROOT), verbosity=0)
    assert not OrgUnit.objects.get(code="police").is_open
    call_command("load_units", units_file(tmp_path, ROOT, POLICE), verbosity=0)
    assert OrgUnit.objects.get(code="police").is_open


def test_a_unit_knows_the_way_from_the_root():
    call_command("load_units", verbosity=0)
    team = OrgUnit.objects.get(code="pinghu/enforcement")
    assert team.path == "district>pinghu>pinghu/enforcement"
