"""The demo district, loaded by the production commands."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from grids import locate


@pytest.fixture(scope="module")
def district_in_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Every unit and area, as the commands leave them, for one module; rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_units", verbosity=0)
        call_command("load_areas", verbosity=0)
        yield
        transaction.set_rollback(True)
        locate.forget()


@pytest.fixture
def district(district_in_database: None, db: None) -> None:
    """The demo district, and what a test changes in it is undone."""


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
