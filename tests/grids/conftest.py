"""Districts small enough to be spoilt."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def small_district(tmp_path: Path) -> Path:
    """A folder with one street, one community and two cells side by side, to be spoilt by tests."""

    def square(west: float, east: float) -> dict[str, object]:
        ring = [[west, 22.60], [east, 22.60], [east, 22.61], [west, 22.61], [west, 22.60]]
        return {"type": "Polygon", "coordinates": [ring]}

    def write(name: str, *features: tuple[dict[str, object], dict[str, object]]) -> None:
        document = {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": properties, "geometry": geometry}
                for properties, geometry in features
            ],
        }
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")

    whole = square(114.10, 114.12)
    write(
        "district.geojson",
        ({"code": "440307", "code12": "440307000000", "name": "龙岗区", "area_km2": 2.2}, whole),
    )
    write(
        "streets.geojson",
        (
            {"code": "440307003000", "name": "平湖街道", "parent_code": "440307000000", "area_km2": 2.2},
            whole,
        ),
    )
    write(
        "communities.geojson",
        (
            {
                "code": "440307003002",
                "name": "良安田社区",
                "parent_code": "440307003000",
                "center": [114.11, 22.605],
                "area_km2": 2.2,
            },
            whole,
        ),
    )
    write(
        "grids.geojson",
        *(
            (
                {"code": f"44030700300200{n}", "community": "440307003002", "area_m2": 1_100_000},
                square(west, west + 0.01),
            )
            for n, west in ((1, 114.10), (2, 114.11))
        ),
    )
    return tmp_path
