"""Places as residents meet them: what a printed code stands for, whether a report is still about it, and what
places are called."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from grids import coding, qr, registers, signed_places
from grids.facilities import metres_between
from grids.locate import Geography, Place, PlaceError, differs, geography_with, locate
from grids.models import Area, Facility, NamedPlace, PlaceCode
from incidents import blocks

# A pin that was nudged so little still stands on the facility that was scanned.
MOVED_M: Final = 15.0
_WIDEST_FIRST: Final = ("street", "community", "block", "cell")
_KINDS: Final = {
    signed_places.AREA: "area",
    signed_places.FACILITY: "facility",
    signed_places.PLACE: "place",
}


@dataclass(frozen=True, slots=True)
class Scan:
    """A printed code was scanned, with what stands behind it in its link, or typed without."""

    code: str
    signed: str = ""
    counts: bool = True  # False: somebody looks ahead, or has been counted


@dataclass(frozen=True, slots=True)
class PlaceQuestion:
    """What does this fill in, and what is it called? A printed code, or a facility's, a named place's or an
    area's own."""

    code: str = ""
    facility: str = ""
    place: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class StillQuestion:
    """What of a scanned code or facility holds, now that the place is filled in so?"""

    code: str = ""
    facility: str = ""
    lon: float | None = None
    lat: float | None = None
    area: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class PlaceTold:
    """A place as a form has it; empty: unknown, or not so any more. `names`: widest first."""

    code: str = ""
    facility: str = ""
    place: str = ""  # a named place's own code, where no printed code says it
    area: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    names: tuple[str, ...] = ()


def scan(told: Scan, *, at: datetime) -> dict[str, Any]:
    """Answers `state` (known, gone, unknown), the plain `code`, whether it could be one of ours (`is_one`),
    and what a form is asked to begin with (`begin`). Counts the scan of a known one.

    The register says what a code stands for; a signature says it of a code that is not in the register. A
    link whose signature is wrong is no plate of ours.
    """
    code = qr.plain_code(told.code)
    if not qr.is_one(code):
        return {"state": "unknown", "code": code, "is_one": False, "begin": {}}
    thing = signed_places.read(code, told.signed) if told.signed else None
    row = PlaceCode.objects.filter(code=code).select_related("facility", "place").first()
    if (told.signed and thing is None) or (row is None and thing is None):
        return {"state": "unknown", "code": code, "is_one": True, "begin": {}}
    if row is None:
        kind, its_code = thing or ("", "")
        return {"state": "known", "code": code, "is_one": True, "begin": {_KINDS[kind]: its_code}}
    hangs_on = row.facility or row.place
    if row.retired_at is not None or (hangs_on is not None and hangs_on.retired_at is not None):
        return {"state": "gone", "code": code, "is_one": True, "begin": {}}
    if told.counts:
        coding.count_use(code=code, at=at, scans=1)
    return {"state": "known", "code": code, "is_one": True, "begin": {"code": code}}


def place_told(asked: PlaceQuestion) -> PlaceTold:
    """What a form begins with."""
    areas = geography_with(asked.area) if asked.area else None
    area = asked.area if areas and asked.area in areas.kinds and asked.area not in areas.gone else ""
    found = PlaceTold(area=area)
    facility_code, place_code = asked.facility, asked.place
    code = qr.plain_code(asked.code)
    coded = registers.current().codes.get(code) if code else None
    if coded is not None:
        found = PlaceTold(code=code, area=coded.area or "")
        facility_code, place_code = coded.facility or "", coded.place or ""
    place = NamedPlace.objects.filter(pk=place_code, retired_at=None).first() if place_code else None
    if place is not None:
        # A building's or an estate's own name is its address; its point, where the register has one.
        found = replace(found, address=place.name, lon=place.lon, lat=place.lat, area=place.area_id)
        found = replace(found, place="" if found.code else place.pk)
    facility = registers.current().facilities.get(facility_code) if facility_code else None
    if facility is None:
        own = (place.name,) if place is not None else ()
        return replace(found, names=(*_names(found.area), *own))
    kind = Facility.Kind(facility.kind).label
    lies_in = locate(facility=facility.code).community or ""
    return replace(
        found,
        facility=facility.code,
        lon=facility.lon,
        lat=facility.lat,
        names=(*_names(lies_in), f"{kind} {facility.plate or facility.code}"),
    )


def still_told(asked: StillQuestion) -> PlaceTold:
    """The code and the facility where they still hold; and no area that only a code said which does not."""
    facility = registers.current().facilities.get(asked.facility) if asked.facility else None
    is_on_it = (
        facility is not None
        and asked.lon is not None
        and asked.lat is not None
        and metres_between(facility.lon, facility.lat, asked.lon, asked.lat) <= MOVED_M
    )
    coded = registers.current().codes.get(asked.code) if asked.code else None
    holds = coded is not None and (is_on_it if coded.facility else _is_in(coded.area or "", asked))
    return PlaceTold(
        code=asked.code if holds else "",
        facility=asked.facility if is_on_it else "",
        area=asked.area if holds or not asked.code else "",
        address=asked.address,
        lon=asked.lon,
        lat=asked.lat,
    )


def _is_in(area: str, asked: StillQuestion) -> bool:
    """Is what was filled in inside of this area, and does the address name no other?"""
    areas = geography_with(area)
    try:
        found = locate(lon=asked.lon, lat=asked.lat, area=asked.area, address=asked.address)
    except PlaceError:
        return False
    # What a plate filled in is its own, as long as nobody put a point somewhere.
    is_untouched = asked.area == area and asked.lon is None and asked.lat is None
    if not is_untouched and not _covers(areas, area, found):
        return False
    named = areas.gazetteer.read(asked.address) if asked.address else None
    return named is None or not (named.outside or differs(named, found.street, found.community))


def _covers(areas: Geography, area: str, found: Place) -> bool:
    """Does this place lie in the area? Cells lie in their community; which block has them is told apart."""
    if areas.kinds.get(area) == Area.Kind.BLOCK:
        return blocks.is_in(area, found)
    return area in [areas.above(found.finest, kind) for kind in _WIDEST_FIRST if found.finest]


def _names(area: str) -> tuple[str, ...]:
    """The names of an area and of those that it lies in."""
    if not area:
        return ()
    areas = geography_with(area)
    chain = [areas.above(area, kind) for kind in _WIDEST_FIRST]
    codes = list(dict.fromkeys(found for found in chain if found))
    names = Area.objects.names(codes)
    return tuple(names[code] for code in codes if code in names)
