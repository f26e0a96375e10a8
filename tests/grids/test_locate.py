"""Points, addresses and area codes become places, or clear errors."""

import math

import pytest

from grids import coordinates
from grids.explain import sentences
from grids.locate import PlaceError, locate, locate_text
from grids.models import Area

CELL = "440307003002001"
POINT = (114.1225, 22.686)

pytestmark = pytest.mark.django_db


def codes(place) -> list[str]:
    return [item["code"] for item in place.evidence]


def test_a_point_has_its_cell_and_all_above_it():
    place = locate(lon=POINT[0], lat=POINT[1])
    assert (place.cell, place.community, place.street) == (CELL, "440307003002", "440307003000")
    assert (place.how, place.in_district, codes(place)) == ("point", True, ["point_in_cell"])


@pytest.mark.parametrize("crs", [coordinates.GCJ02, coordinates.BD09])
def test_other_coordinate_systems_are_converted_and_said(crs: str):
    lon, lat = coordinates.from_wgs84(*POINT, crs)
    place = locate(lon=lon, lat=lat, crs=crs)
    assert (place.lon, place.lat) == pytest.approx(POINT, abs=1e-6)
    assert place.cell == CELL
    assert codes(place) == ["converted", "point_in_cell"]


def test_a_point_of_another_city_is_valid_and_outside():
    place = locate(lon=116.404, lat=39.915)
    assert (place.in_district, place.cell, codes(place)) == (False, None, ["outside_district"])


def test_a_point_just_outside_gets_the_nearest_cell_and_says_so():
    west = min(Area.objects.get(kind="district").polygon[0], key=lambda point: point[0])
    place = locate(lon=west[0] - 0.0001, lat=west[1])
    assert place.in_district
    assert codes(place)[0] == "nearest_cell"


@pytest.mark.parametrize(
    ("point", "field", "code"),
    [
        ({"lon": 22.686, "lat": 114.1225}, "lat", "swapped"),
        ({"lon": 200.0, "lat": 22.0}, "lon", "out_of_range"),
        ({"lon": 114.0, "lat": -91.0}, "lat", "out_of_range"),
        ({"lon": math.nan, "lat": 22.6}, "lon", "not_a_number"),
        ({"lon": math.inf, "lat": 22.6}, "lon", "out_of_range"),
        ({"lon": 10**400, "lat": 22.6}, "lon", "out_of_range"),
        ({"lon": "114.1", "lat": 22.6}, "lon", "not_a_number"),
        ({"lon": True, "lat": 22.6}, "lon", "not_a_number"),
        ({"lon": 114.1}, "lat", "required"),
        ({"lat": 22.6}, "lon", "required"),
        ({"lon": 114.1, "lat": 22.6, "crs": "EPSG:4490"}, "crs", "unknown_crs"),
        ({"lon": 114.1, "lat": 22.6, "crs": ["GCJ-02"]}, "crs", "unknown_crs"),
        ({"address": 5}, "address", "not_text"),
        ({"address": "路" * 501}, "address", "too_long"),
        ({"area": "440399000000"}, "area", "unknown_area"),
        ({"area": 440307}, "area", "not_text"),
    ],
)
def test_what_cannot_be_a_place_names_its_field(point: dict, field: str, code: str):
    with pytest.raises(PlaceError) as refused:
        locate(**point)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert refused.value.detail


@pytest.mark.parametrize(
    ("area", "known"),
    [
        (CELL, (CELL, "440307003002", "440307003000")),
        ("440307003002", (None, "440307003002", "440307003000")),
        ("440307003000", (None, None, "440307003000")),
        ("440307000000", (None, None, None)),
    ],
)
def test_an_area_code_is_that_area_and_those_around_it(area: str, known: tuple):
    place = locate(area=area)
    assert (place.cell, place.community, place.street) == known
    assert (place.in_district, place.how) == (True, "area")


def test_an_address_gives_codes_and_no_point():
    place = locate(address="平湖街道良安田社区鹏达路")
    assert (place.community, place.street, place.how) == ("440307003002", "440307003000", "address")
    assert (place.lon, place.lat, place.cell) == (None, None, None)


def test_an_address_without_a_known_name_leaves_everything_open():
    place = locate(address="某某花园3栋")
    assert (place.in_district, place.how, codes(place)) == (None, "none", ["no_name_known"])


def test_an_address_in_another_district_is_outside():
    assert locate(address="坪山区六联社区").in_district is False


def test_a_point_wins_over_an_address_and_the_disagreement_is_kept():
    place = locate(lon=POINT[0], lat=POINT[1], address="坂田街道")
    assert place.street == "440307003000"
    assert "address_disagrees" in codes(place)


def test_the_words_of_a_report_may_name_its_place():
    wuhe = Area.objects.get(kind="community", name_zh="五和社区")
    assert locate_text("坂田街道五和社区的路灯坏了").community == wuhe.code


def test_nothing_given_is_nothing_known():
    place = locate()
    assert (place.how, place.in_district, place.finest) == ("none", None, None)


def test_every_evidence_is_a_sentence():
    places = [
        locate(lon=POINT[0], lat=POINT[1]),
        locate(lon=116.4, lat=39.9),
        locate(area=CELL),
        locate(address="凤凰社区"),
        locate(address="坂田街道和布吉街道交界"),
        locate(address="坂田街道良安田社区"),
        locate(address="楼下"),
    ]
    for place in places:
        assert len(sentences(place.evidence)) == len(place.evidence)
