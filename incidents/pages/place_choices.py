"""The places that a case may be at, where its words and its point disagree."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dispatch.edition import edition
from dispatch.explain import Explainer
from grids import registers
from grids.locate import Place, PlaceError, geography, locate
from incidents.choosing import machine_record
from incidents.errors import InvalidInput
from incidents.models import DecisionRecord, Incident

KEEP = "keep"
WHERE_MAX = 200
_POINT = re.compile(r"(-?\d{1,3}\.\d{2,})\s*[,，\s]\s*(-?\d{1,3}\.\d{2,})")
_AREA = re.compile(r"\d{12}|\d{15}")


@dataclass(frozen=True, slots=True)
class Spot:
    """One of the places that a case may be at: what says so, and whose it would be there."""

    value: str  # what the form posts: keep, an area's code, or facility:CODE
    says: str
    area: str
    unit: str
    lon: float | None = None
    lat: float | None = None
    letter: str = ""


def spots(incident: Incident, record: DecisionRecord | None, explain: Explainer) -> list[Spot]:
    """The places that the machine's decision left open, the case's own first; none where it did not."""
    if record is None or "places_differ" not in incident.triage_codes:
        return []
    detail = record.detail
    doubts = [one for one in detail["facts"].get("doubts", ()) if one["code"] == "places_differ"]
    reason = next((one for one in detail.get("reasons", ()) if one["code"] == "places_differ"), None)
    if not doubts or reason is None:
        return []
    units = {other["area"]: other["unit"] for other in reason["params"]["others"]}
    here = incident.cell_code or incident.community_code or incident.street_code
    found = [Spot(KEEP, _("The point"), _where(explain, here), _unit(explain, reason["params"]["unit"]))]
    for letter, doubt in zip("XYZ", doubts, strict=False):
        params = doubt["params"]
        area = doubt["community"] or doubt["street"]
        facility = params.get("facility")
        says = _("The plate %(code)s") % {"code": facility} if facility else _said(params.get("where"))
        lon, lat = doubt["lon"], doubt["lat"]
        found.append(
            Spot(
                f"facility:{facility}" if facility else (area or ""),
                says,
                _where(explain, area),
                _unit(explain, units.get(area, reason["params"]["unit"])),
                lon,
                lat,
                letter,
            )
        )
    return found


def _where(explain: Explainer, code: str | None) -> str:
    """An area behind the name of its street."""
    street = geography().above(code, "street")
    return explain.area(code) if street in (None, code) else f"{explain.area(street)} · {explain.area(code)}"


def of_case(incident: Incident) -> list[Spot]:
    """The same for a page that has not read the decision: a query where it matters, none where not."""
    if "places_differ" not in incident.triage_codes:
        return []
    return spots(incident, machine_record(incident), Explainer(edition().names))


def _said(where: str | None) -> str:
    return _("The address") if where == "address" else _("The words")


def _unit(explain: Explainer, code: str | None) -> str:
    return explain.unit(code) if code else _("not known")


def pins(found: list[Spot]) -> list[dict[str, Any]]:
    """The other places on the map: a facility where it stands, an area by its name's point."""
    marks = []
    for spot in found[1:]:
        lon, lat = spot.lon, spot.lat
        if lon is None or lat is None:
            lon, lat = geography().labels.get(spot.value, (None, None))
        if lon is not None:
            title = f"{spot.says}: {spot.area}"
            marks.append({"lon": lon, "lat": lat, "letter": spot.letter, "title": title, "href": ""})
    return marks


def place_told(told: str) -> Place:
    """A place as a person on the desk writes it: degrees, a plate, a code on a wall, an area's code, or
    words. Raises InvalidInput."""
    told = told.strip()
    if not told:
        raise InvalidInput("where", "required", _("Say where it is."))
    if len(told) > WHERE_MAX:
        raise InvalidInput("where", "max_length", _("This text is too long."))
    try:
        if point := _POINT.fullmatch(told):
            return locate(lon=float(point[1]), lat=float(point[2]))
        if _AREA.fullmatch(told):
            return locate(area=told)
        if registers.current().facilities.get(told):
            return locate(facility=told)
        return locate(address=told)
    except PlaceError as error:
        raise InvalidInput("where", error.code, error.detail) from error
