"""Point to grid cell: our index beside shapely's tree and beside asking every polygon.

All three answer for the same random points of the demo district, in turns within one run, and must
agree. Metric: points per second. After them the nearest facility and the place that a text names
(benchmarks.places).
"""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import shapely

from benchmarks import places
from benchmarks.places import Record
from grids.cells import CellIndex

GRIDS = Path(__file__).resolve().parents[1] / "grids" / "data" / "grids.geojson"
ROUNDS = 5

Point = tuple[float, float]
Find = Callable[[float, float], str]


def run() -> list[Record]:
    """Ours against both others, the best of five interleaved rounds each."""
    features = json.loads(GRIDS.read_text(encoding="utf-8"))["features"]
    cells = [(feature["properties"]["code"], feature["geometry"]["coordinates"]) for feature in features]
    codes = [code for code, _rings in cells]
    polygons = [shapely.Polygon(rings[0], rings[1:]) for _code, rings in cells]
    shapely.prepare(polygons)
    index, tree = CellIndex(cells), shapely.STRtree(polygons)

    def ours(lon: float, lat: float) -> str:
        hit = index.find(lon, lat)
        return hit.code if hit else ""

    def with_tree(lon: float, lat: float) -> str:
        return codes[tree.query(shapely.Point(lon, lat), predicate="within")[0]]

    def with_scan(lon: float, lat: float) -> str:
        return codes[shapely.contains_xy(polygons, lon, lat).argmax()]

    points = _points(polygons, 20_000)
    few = points[:200]
    if any(ours(*point) != with_tree(*point) for point in points):
        raise AssertionError("the tree finds other cells")
    if any(ours(*point) != with_scan(*point) for point in few):
        raise AssertionError("the scan finds other cells")
    contenders: list[tuple[str, Find, list[Point]]] = [
        ("ours", ours, points),
        ("shapely STRtree", with_tree, points),
        ("shapely scan", with_scan, few),
    ]
    best = {name: 0.0 for name, _find, _points in contenders}
    for _round in range(ROUNDS):
        for name, find, sample in contenders:
            began = time.perf_counter()
            for lon, lat in sample:
                find(lon, lat)
            best[name] = max(best[name], len(sample) / (time.perf_counter() - began))
    found: list[Record] = [
        {
            "bench": "locate",
            "metric": "points per second",
            "ours": round(best["ours"], 1),
            "against": name,
            "theirs": round(best[name], 1),
            "ratio": round(best["ours"] / best[name], 2),
        }
        for name, _find, _points in contenders[1:]
    ]
    return [*found, *places.run()]


def _points(polygons: list[shapely.Polygon], count: int) -> list[Point]:
    """Random points strictly inside a cell: on an edge the three may rightly differ."""
    district = shapely.union_all(polygons)
    edges = shapely.STRtree(shapely.boundary(polygons))
    west, south, east, north = district.bounds
    dice = random.Random(20260704)
    points: list[Point] = []
    while len(points) < count:
        point = dice.uniform(west, east), dice.uniform(south, north)
        on_edge = edges.query(shapely.Point(point), predicate="intersects")
        if shapely.contains_xy(district, *point) and not len(on_edge):
            points.append(point)
    return points
