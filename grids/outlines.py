"""The areas of a GeoJSON file as they would stand on the map: each feature checked by itself, and told by
its number where it cannot be one. `grids.geojson` reads the four files that an installation begins with."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import shapely
from django.utils.translation import gettext as _
from shapely import Polygon, unary_union

from grids.coordinates import WGS84, to_wgs84
from grids.models import Area
from grids.romanise import romanise

FEATURES_MOST: Final = 20_000
POINTS_MOST: Final = 500_000
NAME_MOST, NAME_EN_MOST = 40, 80
_METRES_PER_DEGREE: Final = 111_320.0
_DIGITS: Final = re.compile(r"\d{12}(\d{3})?")
# Converted degrees are kept to a decimetre: what was drawn on whole digits comes back as it was.
_DIGITS_CONVERTED: Final = 6

Rings = list[list[list[float]]]


class Fault(NamedTuple):
    """What is wrong: with which feature (counted from 1; 0: with the file as a whole), in which member."""

    row: int
    field: str
    message: str


class UnreadableMap(ValueError):
    """The file is no map at all; the message says why."""


@dataclass(slots=True)
class Drawn:
    """One area of a file. What it does not say of an area that is known stays as it is."""

    row: int
    code: str
    kind: str
    parent: str
    name_zh: str
    name_en: str
    rings: Rings
    shape: Polygon
    center: tuple[float, float] | None
    area_m2: int | None


@dataclass(slots=True)
class Map:
    """What a file holds."""

    drawn: dict[str, Drawn] = field(default_factory=dict)
    features: int = 0
    faults: list[Fault] = field(default_factory=list)


class _Wrong(ValueError):
    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name, self.message = name, message


def kind_of(code: str) -> str:
    """The kind of an area by its statistical code; "" for what is none."""
    if not _DIGITS.fullmatch(code):
        return ""
    if len(code) == 15:
        return Area.Kind.CELL
    if code.endswith("000000"):
        return Area.Kind.DISTRICT
    return Area.Kind.STREET if code.endswith("000") else Area.Kind.COMMUNITY


def parent_of(code: str) -> str:
    """The code of the area around it; "" for the district."""
    return {
        Area.Kind.CELL: code[:12],
        Area.Kind.COMMUNITY: f"{code[:9]}000",
        Area.Kind.STREET: f"{code[:6]}000000",
    }.get(Area.Kind(kind_of(code)), "")


def read(data: bytes, *, crs: str = WGS84) -> Map:
    """The areas of a FeatureCollection in the coordinate system `crs`. Raises UnreadableMap."""
    features = _features(data)
    found = Map(features=len(features))
    points = sum(_count(item) for item in features)
    if points > POINTS_MOST:
        told = {"most": POINTS_MOST, "count": points}
        raise UnreadableMap(_("The outlines have %(count)d points; at most %(most)d are taken.") % told)
    for row, item in enumerate(features, start=1):
        try:
            one = _drawn(row, item, crs)
            if one.code in found.drawn:
                told = {"row": found.drawn[one.code].row}
                raise _Wrong("code", _("Feature %(row)d has this code already.") % told)
        except _Wrong as wrong:
            found.faults.append(Fault(row, wrong.name, wrong.message))
            continue
        found.drawn[one.code] = one
    return found


def _features(data: bytes) -> list[Any]:
    def refuse(word: str) -> float:
        raise ValueError(word)

    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise UnreadableMap(_("This is not a GeoJSON file.")) from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise UnreadableMap(_("This is not a GeoJSON FeatureCollection."))
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise UnreadableMap(_("The file has no features."))
    if len(features) > FEATURES_MOST:
        told = {"most": FEATURES_MOST, "count": len(features)}
        raise UnreadableMap(_("The file has %(count)d features; at most %(most)d are taken.") % told)
    return features


def _count(item: Any) -> int:
    geometry = item.get("geometry") if isinstance(item, dict) else None
    rings = geometry.get("coordinates") if isinstance(geometry, dict) else None
    return sum(len(ring) for ring in rings if isinstance(ring, list)) if isinstance(rings, list) else 0


def _drawn(row: int, item: Any, crs: str) -> Drawn:
    properties = item.get("properties") if isinstance(item, dict) else None
    if not isinstance(properties, dict):
        raise _Wrong("properties", _("It has no properties."))
    # A district is known by six digits among statisticians, by twelve among its own areas.
    code = str(properties.get("code12") or properties.get("code") or "").strip()
    if properties.get("kind") == Area.Kind.BLOCK or re.fullmatch(r"\d{12}B\d\d", code):
        raise _Wrong("code", _("Blocks are cut from grid cells on their own page, and come in no file."))
    kind = kind_of(code)
    if not kind:
        raise _Wrong(
            "code", _("A code has 12 digits, a grid cell's 15: not “%(code)s”.") % {"code": code[:20]}
        )
    parent = parent_of(code)
    told_parent = properties.get("parent_code") or properties.get("community") or properties.get("parent")
    if told_parent and parent and str(told_parent) != parent:
        told = {"code": code, "parent": str(told_parent)[:20]}
        raise _Wrong("parent_code", _("Code %(code)s does not lie in %(parent)s.") % told)
    rings, outline = _outline(item.get("geometry"), crs)
    return Drawn(
        row=row,
        code=code,
        kind=kind,
        parent=parent,
        name_zh=_name(properties, ("name_zh", "name"), NAME_MOST),
        name_en=_name(properties, ("name_en",), NAME_EN_MOST),
        rings=rings,
        shape=outline,
        center=_center(properties.get("center"), outline, crs),
        area_m2=_size(properties),
    )


def _outline(geometry: Any, crs: str) -> tuple[Rings, Polygon]:
    if not isinstance(geometry, dict) or geometry.get("type") != "Polygon":
        raise _Wrong("geometry", _("It is not one polygon."))
    try:
        rings = [[[float(point[0]), float(point[1])] for point in ring] for ring in geometry["coordinates"]]
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        raise _Wrong("geometry", _("Its coordinates are not pairs of numbers.")) from None
    if not rings or any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise _Wrong("geometry", _("A ring has four points or more, and ends where it begins."))
    if any(not math.isfinite(x) or not math.isfinite(y) or abs(x) > 180 for ring in rings for x, y in ring):
        raise _Wrong("geometry", _("It is not in degrees of longitude and latitude."))
    if any(abs(y) > 90 for ring in rings for _x, y in ring):
        raise _Wrong("geometry", _("Longitude and latitude look swapped: longitude comes first."))
    if crs != WGS84:
        rings = [[_converted(x, y, crs) for x, y in ring] for ring in rings]
    outline = Polygon(rings[0], rings[1:])
    if not outline.is_valid:
        reason = shapely.is_valid_reason(outline)
        spot = re.search(r"\[(.+)\]", reason)
        told = {"where": spot[1] if spot else reason}
        raise _Wrong("geometry", _("It crosses itself at %(where)s.") % told)
    return rings, outline


def _converted(x: float, y: float, crs: str) -> list[float]:
    return [round(value, _DIGITS_CONVERTED) for value in to_wgs84(x, y, crs)]


def _name(properties: dict[str, Any], names: Iterable[str], most: int) -> str:
    for name in names:
        told = properties.get(name)
        if told in (None, ""):
            continue
        if not isinstance(told, str) or "\x00" in told or len(told.splitlines()) > 1:
            raise _Wrong(name, _("A name is one line of text."))
        if len(told.strip()) > most:
            raise _Wrong(name, _("At most %(most)d characters.") % {"most": most})
        return told.strip()
    return ""


def _center(told: Any, outline: Polygon, crs: str) -> tuple[float, float] | None:
    if told is None:
        return None
    try:
        lon, lat = (float(value) for value in told)
    except (TypeError, ValueError, OverflowError):
        raise _Wrong("center", _("The point of its name is not a longitude and a latitude.")) from None
    if crs != WGS84 and math.isfinite(lon) and math.isfinite(lat):
        lon, lat = _converted(lon, lat, crs)
    if not shapely.contains_xy(outline, lon, lat):
        raise _Wrong("center", _("The point of its name does not lie in it."))
    return lon, lat


def _size(properties: dict[str, Any]) -> int | None:
    for key, factor in (("area_m2", 1), ("area_km2", 1_000_000)):
        value = properties.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value * factor < 1e13:
            raise _Wrong(key, _("This is not the size of an area."))
        return round(value * factor)
    return None


def names_of(one: Drawn, parent: tuple[str, str]) -> tuple[str, str]:
    """Its names in Chinese and English: a cell has its number after its community's, where it says none."""
    if one.kind == Area.Kind.CELL:
        numbered = cell_names(one.code, parent)
        return one.name_zh or numbered[0], one.name_en or (numbered[1] if not one.name_zh else one.name_zh)
    return one.name_zh, one.name_en or romanised(one.name_zh)


def cell_names(code: str, community: tuple[str, str]) -> tuple[str, str]:
    """What a cell is called where nobody has given it a name of its own."""
    return f"{community[0]}{code[12:]}网格"[:NAME_MOST], f"Cell {code[12:]} of {community[1]}"[:NAME_EN_MOST]


def romanised(name: str) -> str:
    """The English of a Chinese name; the name itself where there is more than Chinese in it."""
    if any(not "\u4e00" <= letter <= "\u9fff" for letter in name):
        return name[:NAME_EN_MOST]
    return romanise(name)[:NAME_EN_MOST]


def metres(outline: Any) -> float:
    """Square metres of a shape in degrees, on a plane that is flat around it."""
    if outline.is_empty:
        return 0.0
    scale = _METRES_PER_DEGREE**2 * math.cos(math.radians(outline.centroid.y))
    return float(outline.area) * scale


def label_point(outline: Polygon) -> tuple[float, float]:
    """A point inside, for the name on a map."""
    point = outline.representative_point()
    return round(point.x, 6), round(point.y, 6)


def joined(polygons: Iterable[Rings]) -> Rings:
    """The outline of areas together; where they do not touch, that of the largest part."""
    whole = unary_union([Polygon(rings[0], rings[1:]) for rings in polygons])
    largest = max(getattr(whole, "geoms", [whole]), key=lambda part: part.area)
    return [[list(point) for point in ring.coords] for ring in (largest.exterior, *largest.interiors)]
