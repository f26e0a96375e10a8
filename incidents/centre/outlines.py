"""The schematic outline of a centre's part, as paths of a drawing: nobody pans about on a wall."""

import math
from dataclasses import dataclass
from functools import lru_cache

from grids import registers
from grids.models import Area
from incidents.centre.centres import Centre
from incidents.centre.levels import CentreLevel

# Units of the drawing along its longer side; a wall's middle is about as many pixels wide.
_LONG = 1000.0
_MARGIN = 16.0


@dataclass(frozen=True, slots=True)
class Shape:
    """One area of the drawing."""

    code: str
    name_zh: str
    name_en: str
    path: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A centre's part: its areas with their outlines, and the finer lines inside them."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    fine: str
    west: float
    north: float
    scale: float
    narrowing: float

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a point (WGS-84 degrees) lies in the drawing."""
        x = (lon - self.west) * self.narrowing * self.scale + _MARGIN
        y = (self.north - lat) * self.scale + _MARGIN
        return round(x, 1), round(y, 1)

    def holds(self, lon: float, lat: float) -> bool:
        """Does it fall inside the sheet?"""
        return self.on(lon, lat) is not None

    def on(self, lon: float, lat: float) -> tuple[float, float] | None:
        """Where a point lies in the drawing; nothing where it falls outside the sheet."""
        x, y = self.at(lon, lat)
        return (x, y) if 0 <= x <= self.width and 0 <= y <= self.height else None


def drawing_of(centre: Centre) -> Drawing:
    """The drawing of a centre's part; kept by the process for as long as the map is the same."""
    return _drawn(centre.code, centre.level, registers.seen(registers.AREAS))


def middle_of(centre: Centre, community: str) -> tuple[float, float] | None:
    """The middle of a community in a centre's drawing; nothing where it has no such community."""
    return _middles(centre.code, centre.level, registers.seen(registers.AREAS)).get(community)


@lru_cache(maxsize=160)
def _middles(code: str, level: CentreLevel, stamp: str) -> dict[str, tuple[float, float]]:
    sheet = _drawn(code, level, stamp)
    middles = Area.objects.communities().within(code).values_list("code", "lon", "lat")
    return {community: sheet.at(lon, lat) for community, lon, lat in middles}


@lru_cache(maxsize=160)
def _drawn(code: str, level: CentreLevel, _stamp: str) -> Drawing:
    areas = Area.objects.in_use()
    inner = {
        CentreLevel.DISTRICT: (Area.Kind.STREET, Area.Kind.COMMUNITY),
        CentreLevel.STREET: (Area.Kind.COMMUNITY, None),
        CentreLevel.COMMUNITY: (Area.Kind.CELL, None),
    }[level]
    shown = list(areas.of_kind(inner[0]).within(code).order_by("code"))
    fine = list(areas.of_kind(inner[1]).within(code)) if inner[1] else []
    frame = shown or list(areas.filter(code=code))
    lons = [lon for area in frame for ring in area.polygon for lon, _lat in ring]
    lats = [lat for area in frame for ring in area.polygon for _lon, lat in ring]
    west, north = min(lons), max(lats)
    narrowing = math.cos(math.radians((north + min(lats)) / 2))
    wide, high = (max(lons) - west) * narrowing, north - min(lats)
    scale = _LONG / max(wide, high, 1e-9)
    sheet = Drawing(
        width=round(wide * scale + 2 * _MARGIN, 1),
        height=round(high * scale + 2 * _MARGIN, 1),
        shapes=(),
        fine="",
        west=west,
        north=north,
        scale=scale,
        narrowing=narrowing,
    )
    return Drawing(
        width=sheet.width,
        height=sheet.height,
        shapes=tuple(_shape(area, sheet) for area in frame),
        fine=" ".join(_path(area, sheet) for area in fine),
        west=west,
        north=north,
        scale=scale,
        narrowing=narrowing,
    )


def _shape(area: Area, sheet: Drawing) -> Shape:
    x, y = sheet.at(area.lon, area.lat)
    return Shape(area.code, area.name_zh, area.name_en, _path(area, sheet), x, y)


def _path(area: Area, sheet: Drawing) -> str:
    rings = []
    for ring in area.polygon:
        points = [sheet.at(lon, lat) for lon, lat in ring]
        rings.append("M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z")
    return "".join(rings)
