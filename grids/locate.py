"""Where is it? A point, an address or an area's code becomes a cell, a community and a street.

- A point gives its cell and all above it. Within `cells.EDGE_TOLERANCE_M` outside the district it still
  gets the nearest cell, and says so; farther out it is a valid place outside the district.
- An address gives what its names can carry (grids.gazetteer): codes, never a point. A community's centre
  would look like a position that somebody measured, on the map and when the same thing is looked for.
- An area's code gives that area and all above it.
- A facility, by its code, plate or printed QR code, gives its point; a QR code of an area gives the area.

The register of areas is read when it is first needed, and again where the map or a block has changed (its
stamp is told with those of grids.registers). Facilities, names of places and printed codes are read again
when they change.
"""

import csv
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any, Final, Literal

from django.utils.translation import gettext

from grids import coordinates, qr, registers
from grids.cells import CellIndex
from grids.facilities import Facility
from grids.gazetteer import Entry, Gazetteer, Naming
from grids.models import Area

NEIGHBOURS: Final = Path(__file__).parent / "data" / "neighbours.csv"
ADDRESS_MAX: Final = 500

CODE_MAX: Final = 60
# A name told with a wrong character places a report that says nothing else, and contradicts no point.
SURE_ENOUGH: Final = 0.8

How = Literal["point", "address", "area", "facility", "none"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, as far as it is known; codes are areas' codes, degrees are WGS-84."""

    lon: float | None = None
    lat: float | None = None
    cell: str | None = None
    community: str | None = None
    street: str | None = None
    in_district: bool | None = None  # None: nothing is known
    how: How = "none"
    evidence: tuple[Mapping[str, Any], ...] = ()
    facility: str | None = None  # the code of the facility that it is about, where that was said
    # The street and the community that an address names where the point lies in others; None: it agrees.
    named_elsewhere: tuple[str | None, str | None] | None = None

    @property
    def finest(self) -> str | None:
        """The code of the smallest area that is known."""
        return self.cell or self.community or self.street

    def as_json(self) -> dict[str, Any]:
        """For a decision's facts and an answer of the API."""
        return {
            "lon": self.lon,
            "lat": self.lat,
            "cell": self.cell,
            "community": self.community,
            "street": self.street,
            "in_district": self.in_district,
            "how": self.how,
            "facility": self.facility,
            "evidence": [dict(item) for item in self.evidence],
        }


class PlaceError(ValueError):
    """A place that cannot be one: the field of `location` at fault, and a code for the rule."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code

    @property
    def detail(self) -> str:
        """The rule, in the reader's language."""
        return {
            "required": gettext("Longitude and latitude belong together: both are needed."),
            "not_a_number": gettext("This must be a number of degrees."),
            "out_of_range": gettext("Longitude lies between -180 and 180, latitude between -90 and 90."),
            "swapped": gettext("Longitude and latitude look swapped: longitude comes first."),
            "unknown_crs": gettext("The coordinate system must be WGS-84, GCJ-02 or BD-09."),
            "not_text": gettext("This must be text."),
            "too_long": gettext("This text is too long."),
            "unknown_area": gettext("No area has this code."),
            "unknown_facility": gettext("No facility in use has this code or plate."),
            "unknown_code": gettext("This code is not in use: it is not one of ours, or it was retired."),
        }[self.code]


class Geography:
    """The district's areas in memory: cells by point, names by text, parents by code."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.parents: dict[str, str | None] = {}
        # What was drawn from these areas (grids.views), for as long as they are the ones.
        self.documents: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.names: dict[str, tuple[str, str]] = {}  # in Chinese and in English
        cells: list[tuple[str, Any]] = []
        self.labels: dict[str, tuple[float, float]] = {}  # where an area's name stands on a map
        # Not on the map any more: they have names, for the cases that name them, and nothing new lies there.
        # (A block that was taken apart is told by its plates, which are out of use.)
        self.gone: set[str] = set()
        names = ("code", "kind", "name_zh", "name_en", "parent_id", "lon", "lat", "retired_at")
        for row in Area.objects.values_list(*names).order_by("code"):
            code, kind, name_zh, name_en, parent, lon, lat, retired_at = row
            if retired_at is not None and kind != Area.Kind.BLOCK:
                self.gone.add(code)
            self.kinds[code], self.parents[code], self.names[code] = kind, parent, (name_zh, name_en)
            self.labels[code] = (lon, lat)
        cells.extend(Area.objects.cells().values_list("code", "polygon").order_by("code"))
        self.cells = CellIndex(cells)
        self.district = next((code for code, kind in self.kinds.items() if kind == "district"), None)
        with NEIGHBOURS.open(encoding="utf-8") as handle:
            self._neighbours = {
                row["name_zh"]: list(filter(None, row["landmarks"].split("|")))
                for row in csv.DictReader(handle)
            }
        self._gazetteer: tuple[tuple[Entry, ...], Gazetteer] | None = None

    @property
    def gazetteer(self) -> Gazetteer:
        """The names of these areas and of the district's places, as they are now."""
        places = registers.current().places
        held = self._gazetteer
        if held is None or held[0] is not places:
            held = self._gazetteer = (places, self._read_names(places))
        return held[1]

    def in_use(self, kind: str) -> list[str]:
        """The codes of the areas of a kind that are on the map now, in their order."""
        return [code for code, own in self.kinds.items() if own == kind and code not in self.gone]

    def _read_names(self, places: tuple[Entry, ...]) -> Gazetteer:
        names = {code: zh for code, (zh, _en) in self.names.items()}
        return Gazetteer(
            district=names.get(self.district or "", ""),
            streets=[(code, names[code]) for code in self.in_use("street")],
            communities=[
                (code, names[code], self.above(code, "street") or "") for code in self.in_use("community")
            ],
            neighbours=self._neighbours,
            places=places,
        )

    def above(self, code: str | None, kind: str) -> str | None:
        """The area of that kind which `code` is or lies in."""
        while code is not None and self.kinds.get(code) != kind:
            code = self.parents.get(code)
        return code


_held: tuple[str, Geography] | None = None  # by the stamp that they were read under
_reading = threading.Lock()


def geography() -> Geography:
    """The areas in memory; an empty register is not remembered, so that loading it takes effect.

    Asks for no stamp by itself: a process compares those with every decision.
    """
    global _held
    stamp, held = registers.seen(registers.AREAS), _held
    if held is not None and held[0] == stamp:
        return held[1]
    # Of several threads one reads; the others wait for it.
    with _reading:
        held = _held
        if held is None or held[0] != stamp:
            held = (stamp, Geography())
            _held = held if held[1].kinds else None
        return held[1]


def geography_with(code: str) -> Geography:
    """The same, asked anew where this code is not among them: the block may have been cut just now."""
    found = geography()
    if code not in found.kinds:
        registers.current()
        found = geography()
    return found


def forget() -> None:
    """Read the areas again when they are needed next."""
    global _held
    _held = None


def locate(
    *,
    lon: object = None,
    lat: object = None,
    crs: object = coordinates.WGS84,
    address: object = None,
    area: object = None,
    facility: object = None,
    qr_code: object = None,
) -> Place:
    """What is known about a place. A point wins over a facility, a printed code and an area's code, and
    those over an address. A facility that is named beside a point is still the one that it is about.

    Raises PlaceError where a value cannot be what it claims to be. A point outside the district and an
    address without a known name are no errors: people decide about those.
    """
    text = _text("address", address)
    thing = _facility_named("facility", facility)
    if thing is None and qr_code not in (None, ""):
        coded = _coded(qr_code)
        if coded.facility:
            thing = _facility_named("qr", coded.facility)
        elif area in (None, ""):
            area = coded.area
    if lon is not None or lat is not None:
        place = _from_point(lon, lat, crs, text)
        return replace(place, facility=thing.code) if thing else place
    if thing is not None:
        return _from_facility(thing)
    if area not in (None, ""):
        return _from_area(area)
    if text:
        return _from_words(text)
    return Place()


def locate_text(text: str) -> Place:
    """The place that a report's own words name: a facility's plate, or names; for reports that give no
    other."""
    return _from_words(text)


def _from_words(text: str) -> Place:
    named = registers.current().facilities.in_text(text)
    if len(named) == 1:
        return _from_facility(named[0])
    return _from_names(geography().gazetteer.read(text))


def _facility_named(field: str, value: object) -> Facility | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise PlaceError(field, "not_text")
    if len(value) > CODE_MAX:
        raise PlaceError(field, "too_long")
    found = registers.current().facilities.get(value)
    if found is None:
        raise PlaceError(field, "unknown_facility")
    return found


def _coded(value: object) -> registers.Coded:
    if not isinstance(value, str):
        raise PlaceError("qr", "not_text")
    found = registers.current().codes.get(qr.plain_code(value))
    if found is None:
        raise PlaceError("qr", "unknown_code")
    return found


def _from_facility(facility: Facility) -> Place:
    place = _from_point(facility.lon, facility.lat, coordinates.WGS84, "")
    said = {"code": "facility_place", "params": {"facility": facility.code}}
    return replace(place, how="facility", facility=facility.code, evidence=(said, *place.evidence))


def _text(field: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PlaceError(field, "not_text")
    if len(value) > ADDRESS_MAX:
        raise PlaceError(field, "too_long")
    return value


def _degrees(field: str, value: object) -> float:
    if value is None:
        raise PlaceError(field, "required")
    # True is a number to Python, and "114.2" is a sign of a form that was not parsed.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise PlaceError(field, "not_a_number")
    try:
        degrees = float(value)
    except OverflowError:
        raise PlaceError(field, "out_of_range") from None
    if math.isnan(degrees):
        raise PlaceError(field, "not_a_number")
    return degrees


def _checked_point(lon_value: object, lat_value: object, crs: object) -> tuple[float, float]:
    """The point in WGS-84 degrees."""
    lon, lat = _degrees("lon", lon_value), _degrees("lat", lat_value)
    system = coordinates.WGS84 if crs is None else crs
    if system not in coordinates.SYSTEMS:
        raise PlaceError("crs", "unknown_crs")
    if not -90 <= lat <= 90 and -180 <= lat <= 180 and -90 <= lon <= 90:
        raise PlaceError("lat", "swapped")
    if not -180 <= lon <= 180:
        raise PlaceError("lon", "out_of_range")
    if not -90 <= lat <= 90:
        raise PlaceError("lat", "out_of_range")
    return coordinates.to_wgs84(lon, lat, str(system))


def _from_point(lon_value: object, lat_value: object, crs: object, address: str) -> Place:
    lon, lat = _checked_point(lon_value, lat_value, crs)
    areas = geography()
    hit = areas.cells.find(lon, lat)
    evidence: list[Mapping[str, Any]] = []
    if crs in (coordinates.GCJ02, coordinates.BD09):
        evidence.append({"code": "converted", "params": {"crs": crs}})
    if hit is None:
        if areas.cells.find(lat, lon):  # where both orders are possible degrees
            raise PlaceError("lat", "swapped")
        evidence.append({"code": "outside_district", "params": {}})
        return Place(lon, lat, in_district=False, how="point", evidence=tuple(evidence))
    if hit.metres:
        evidence.append({"code": "nearest_cell", "params": {"metres": round(hit.metres)}})
    evidence.append({"code": "point_in_cell", "params": {"area": hit.code}})
    street, community = areas.above(hit.code, "street"), areas.above(hit.code, "community")
    elsewhere: tuple[str | None, str | None] | None = None
    if address:
        named = areas.gazetteer.read(address)
        if named.outside or differs(named, street, community):
            evidence.append(
                {"code": "address_disagrees", "params": {"area": named.community or named.street}}
            )
            elsewhere = (named.street, named.community)
    return Place(
        lon,
        lat,
        cell=hit.code,
        community=community,
        street=street,
        in_district=True,
        how="point",
        evidence=tuple(evidence),
        named_elsewhere=elsewhere,
    )


def differs(named: Naming, street: str | None, community: str | None) -> bool:
    """Do names mean another street or community than these? A name that was only guessed at does not."""
    if named.street is None or named.sure < SURE_ENOUGH:
        return False
    if street is not None and named.street != street:
        return True
    return bool(named.community and community and named.community != community)


def _from_area(value: object) -> Place:
    if not isinstance(value, str):
        raise PlaceError("area", "not_text")
    areas = geography_with(value)
    if value not in areas.kinds or value in areas.gone:
        raise PlaceError("area", "unknown_area")
    return Place(
        cell=areas.above(value, "cell"),
        community=areas.above(value, "community"),
        street=areas.above(value, "street"),
        in_district=True,
        how="area",
        evidence=({"code": "area_given", "params": {"area": value}},),
    )


def _from_names(named: Naming) -> Place:
    known = named.in_district or named.outside
    return Place(
        community=named.community,
        street=named.street,
        in_district=(named.outside is None) if known else None,
        how="address" if known else "none",
        evidence=named.evidence or ({"code": "no_name_known", "params": {}},),
    )
