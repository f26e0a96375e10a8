"""Every point of the district is in exactly one cell."""

import json
from collections.abc import Callable

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon

from grids.cells import EDGE_TOLERANCE_M, CellIndex, _contains, _edges
from grids.management.commands.load_areas import FOLDER
from tests.drawing import examples

Rings = list[list[list[float]]]
SQUARE = [[114.0, 22.0], [114.01, 22.0], [114.01, 22.01], [114.0, 22.01], [114.0, 22.0]]
WEST, SOUTH, EAST, NORTH = 114.03, 22.57, 114.35, 22.83


@pytest.fixture(scope="module")
def cells() -> list[tuple[str, Rings]]:
    document = json.loads((FOLDER / "grids.geojson").read_text(encoding="utf-8"))
    return [(f["properties"]["code"], f["geometry"]["coordinates"]) for f in document["features"]]


@pytest.fixture(scope="module")
def index(cells: list[tuple[str, Rings]]) -> CellIndex:
    return CellIndex(cells)


@pytest.fixture(scope="module")
def containing(cells: list[tuple[str, Rings]]) -> Callable[[float, float], list[str]]:
    """The slow, obvious twin: ask every cell."""
    edges = [(code, _edges(tuple((x, y) for x, y in ring) for ring in rings)) for code, rings in cells]
    return lambda lon, lat: [code for code, cell in edges if _contains(cell, lon, lat)]


@pytest.fixture(scope="module")
def polygons(cells: list[tuple[str, Rings]]) -> dict[str, Polygon]:
    return {code: Polygon(rings[0], rings[1:]) for code, rings in cells}


@examples(100)
@given(lon=st.floats(WEST, EAST), lat=st.floats(SOUTH, NORTH))
def test_a_point_is_in_the_one_cell_that_asking_every_cell_finds(index, containing, lon, lat):
    codes = containing(lon, lat)
    hit = index.find(lon, lat)
    assert len(codes) <= 1
    if codes:
        assert hit == (codes[0], 0.0)
    else:
        assert hit is None or 0 <= hit.metres <= EDGE_TOLERANCE_M


def test_every_corner_of_every_cell_is_in_exactly_one_cell(index, cells, polygons):
    district = shapely.union_all(list(polygons.values()))
    tree = shapely.STRtree(list(polygons.values()))
    codes = list(polygons)
    corners = sorted({(x, y) for _code, rings in cells for x, y in rings[0]})[::7]
    inner = [c for c in corners if not shapely.intersects_xy(district.boundary, *c)]
    assert len(inner) > 500
    for lon, lat in inner:
        hit = index.find(lon, lat)
        touching = {codes[i] for i in tree.query(shapely.Point(lon, lat), predicate="intersects")}
        assert hit is not None
        assert hit.metres == 0
        assert hit.code in touching


def test_shapely_agrees_about_points_inside(index, polygons):
    for code, polygon in list(polygons.items())[::20]:
        point = polygon.representative_point()
        assert index.find(point.x, point.y) == (code, 0.0)


def test_a_point_a_few_metres_outside_gets_the_nearest_cell():
    index = CellIndex([("a", [SQUARE])])
    hit = index.find(114.0102, 22.005)
    assert hit is not None
    assert hit.code == "a"
    assert hit.metres == pytest.approx(20.6, abs=0.2)


def test_a_point_farther_outside_is_in_no_cell():
    index = CellIndex([("a", [SQUARE])])
    assert index.find(114.0104, 22.005) is None
    assert index.find(0.0, 0.0) is None


def test_a_hole_is_not_inside():
    hole = [[114.004, 22.004], [114.006, 22.004], [114.006, 22.006], [114.004, 22.006], [114.004, 22.004]]
    index = CellIndex([("a", [SQUARE, hole])])
    assert index.find(114.002, 22.002) == ("a", 0.0)
    assert index.find(114.005, 22.005) is None
