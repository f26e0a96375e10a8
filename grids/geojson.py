"""Reading the district's outlines from GeoJSON files, and refusing what cannot be a district."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry

from accounts.reference import BadFile, BadRow
from grids.models import Area
from grids.romanise import romanise

# The four files of a district, from the outside in, and the property that names the parent.
FILES: Final = (
    ("district.geojson", Area.Kind.DISTRICT, ""),
    ("streets.geojson", Area.Kind.STREET, "parent_code"),
    ("communities.geojson", Area.Kind.COMMUNITY, "parent_code"),
    ("grids.geojson", Area.Kind.CELL, "community"),
)
_DIGITS: Final = {
    Area.Kind.DISTRICT: 12,
    Area.Kind.STREET: 12,
    Area.Kind.COMMUNITY: 12,
    Area.Kind.CELL: 15,
}
# Children may cross their parent's outline, and miss or overlap each other, by this share of its area.
_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True)
class _Feature:
    row: int
    area: Area
    shape: Polygon


def read_areas(folder: Path) -> list[Area]:
    """The areas of a folder's four files, parents first. Raises BadFile with file, feature and property.

    Features are counted from 1. Every area must lie in its parent, and the areas of one parent must
    cover it without gaps or overlaps: otherwise a point would be nowhere, or in two cells.
    """
    levels: list[list[_Feature]] = []
    known: dict[str, _Feature] = {}
    for name, kind, parent_key in FILES:
        level = _read(folder / name, kind, parent_key, known)
        known.update((feature.area.code, feature) for feature in level)
        if levels:
            _refuse_gaps(name, level, known)
        levels.append(level)
    return [feature.area for level in levels for feature in level]


def _read(path: Path, kind: Area.Kind, parent_key: str, parents: dict[str, _Feature]) -> list[_Feature]:
    features: list[_Feature] = []
    bad: list[BadRow] = []
    codes: set[str] = set()
    for row, item in enumerate(_items(path), start=1):
        try:
            feature = _feature(row, item, kind, parent_key, parents)
            if feature.area.code in codes:
                raise _Bad("code", f"{feature.area.code!r} is already used in this file")
        except _Bad as error:
            bad.append(BadRow(path.name, row, error.column, error.reason))
            continue
        codes.add(feature.area.code)
        features.append(feature)
    if bad:
        raise BadFile(bad)
    if kind == Area.Kind.DISTRICT and len(features) != 1:
        raise BadFile([BadRow(path.name, 1, "features", f"has {len(features)} districts, not one")])
    return features


class _Bad(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def _items(path: Path) -> list[Any]:
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise BadFile([BadRow(path.name, 1, "", f"cannot be read ({error.strerror})")]) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        line = getattr(error, "lineno", 1)
        raise BadFile([BadRow(path.name, line, "", f"is not JSON ({error})")]) from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise BadFile([BadRow(path.name, 1, "type", "is not a GeoJSON FeatureCollection")])
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise BadFile([BadRow(path.name, 1, "features", "is empty")])
    return features


def _feature(row: int, item: Any, kind: Area.Kind, parent_key: str, parents: dict[str, _Feature]) -> _Feature:
    if not isinstance(item, dict) or not isinstance(item.get("properties"), dict):
        raise _Bad("properties", "is missing")
    properties = item["properties"]
    # A district is known by six digits among statisticians, by twelve among its own areas.
    code = str(properties.get("code12" if kind == Area.Kind.DISTRICT else "code") or "")
    if not re.fullmatch(rf"\d{{{_DIGITS[kind]}}}", code):
        raise _Bad("code", f"{code!r} is not a code of {_DIGITS[kind]} digits")
    parent: _Feature | None = None
    if parent_key:
        parent = parents.get(str(properties.get(parent_key)))
        if parent is None:
            raise _Bad(parent_key, f"{properties.get(parent_key)!r} is not an area of the level above")
        if not code.startswith(_stem(parent.area)):
            raise _Bad("code", f"{code!r} does not continue its parent's code {parent.area.code!r}")
    outline = _polygon(item.get("geometry"))
    if parent is not None and outline.difference(parent.shape).area > parent.shape.area * _SLACK:
        raise _Bad("geometry", f"reaches out of its parent {parent.area.code!r}")
    name_zh, name_en = _names(properties, kind, code, parent)
    lon, lat = _point_inside(properties.get("center"), outline)
    area = Area(
        code=code,
        kind=kind,
        name_zh=name_zh,
        name_en=name_en,
        parent=parent.area if parent else None,
        lon=lon,
        lat=lat,
        area_m2=_area(properties),
        polygon=[_ring(ring) for ring in (outline.exterior, *outline.interiors)],
    )
    return _Feature(row, area, outline)


def _stem(area: Area) -> str:
    digits = {Area.Kind.DISTRICT: 6, Area.Kind.STREET: 9}.get(Area.Kind(area.kind), 12)
    return area.code[:digits]


def _polygon(geometry: Any) -> Polygon:
    try:
        outline: BaseGeometry = shape(geometry)
    except Exception as error:  # shapely raises whatever the malformed member led it to
        raise _Bad("geometry", f"is not a GeoJSON geometry ({error})") from error
    if not isinstance(outline, Polygon) or outline.is_empty:
        raise _Bad("geometry", "is not one polygon")
    west, south, east, north = outline.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise _Bad("geometry", "is not in degrees of longitude and latitude")
    if not outline.is_valid:
        raise _Bad("geometry", f"crosses itself ({shapely.is_valid_reason(outline)})")
    return outline


def _names(
    properties: dict[str, Any], kind: Area.Kind, code: str, parent: _Feature | None
) -> tuple[str, str]:
    """Chinese and English. Cells have a number where others have a name."""
    if kind == Area.Kind.CELL and parent is not None:
        return f"{parent.area.name_zh}{code[12:]}网格", f"Cell {code[12:]} of {parent.area.name_en}"
    name = str(properties.get("name") or "").strip()
    if not name:
        raise _Bad("name", "is empty")
    if len(name) > 20:
        raise _Bad("name", "is longer than 20 characters")
    return name, romanise(name)


def _point_inside(center: Any, outline: Polygon) -> tuple[float, float]:
    if center is not None:
        try:
            lon, lat = (float(value) for value in center)
        except (TypeError, ValueError):
            raise _Bad("center", f"{center!r} is not a point") from None
        if not shapely.contains_xy(outline, lon, lat):
            raise _Bad("center", f"{center!r} is not inside the area")
        return lon, lat
    point = outline.representative_point()
    return round(point.x, 6), round(point.y, 6)


def _area(properties: dict[str, Any]) -> int:
    key, factor = ("area_m2", 1) if "area_m2" in properties else ("area_km2", 1_000_000)
    value = properties.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise _Bad(key, f"{value!r} is not an area")
    return round(value * factor)


def _ring(ring: Any) -> list[list[float]]:
    return [[x, y] for x, y, *_height in ring.coords]


def _refuse_gaps(name: str, level: list[_Feature], known: dict[str, _Feature]) -> None:
    """The children of one parent share their edges exactly and leave nothing of it uncovered."""
    bad: list[BadRow] = []
    shapes = [feature.shape for feature in level]
    if not shapely.coverage_is_valid(shapes):
        for feature, edges in zip(level, shapely.coverage_invalid_edges(shapes), strict=True):
            if not edges.is_empty:
                bad.append(
                    BadRow(name, feature.row, "geometry", "does not share its edge with its neighbour")
                )
    by_parent: dict[str, list[_Feature]] = {}
    for feature in level:
        by_parent.setdefault(feature.area.parent_id or "", []).append(feature)
    for code, children in by_parent.items():
        parent = known[code]
        covered = sum(child.shape.area for child in children)
        if abs(covered - parent.shape.area) > parent.shape.area * _SLACK:
            row = children[0].row
            bad.append(BadRow(name, row, "geometry", f"with its siblings does not fill {parent.area.code!r}"))
    if bad:
        raise BadFile(sorted(bad, key=lambda item: item.row))
