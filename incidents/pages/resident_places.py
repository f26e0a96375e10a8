"""The place that a scanned code brings along, and how places are named to a resident."""

from django.http import HttpRequest

from grids import qr, registers
from grids.facilities import metres_between
from grids.locate import geography, locate
from grids.models import Area, Facility, NamedPlace
from incidents.pages.resident_drafts import Draft

# A pin that was nudged so little still stands on the facility that was scanned.
MOVED_M = 15.0


def begun(request: HttpRequest, form_id: str) -> Draft:
    """A new form; with the place of the code that was scanned, where one was."""
    draft = Draft(form=form_id, area=_told(request, "area"))
    if draft.area not in geography().kinds:
        draft.area = ""
    facility_code = _told(request, "facility")
    code = qr.plain_code(_told(request, "code"))
    coded = registers.current().codes.get(code) if code else None
    if coded is not None:
        draft.code, draft.area = code, coded.area or ""
        facility_code = coded.facility or ""
        if coded.place:
            _put_at_place(draft, coded.place)
    facility = registers.current().facilities.get(facility_code) if facility_code else None
    if facility is not None:
        draft.facility, draft.lon, draft.lat = facility.code, facility.lon, facility.lat
    return draft


def _put_at_place(draft: Draft, code: str) -> None:
    """A building's or an estate's own name is its address; its point, where the register has one."""
    place = NamedPlace.objects.filter(pk=code, retired_at=None).first()
    if place is not None:
        draft.address = place.name
        draft.lon, draft.lat = place.lon, place.lat
        draft.area = place.area_id


def _told(request: HttpRequest, name: str) -> str:
    return request.GET.get(name) or request.POST.get(name) or ""


def was_moved(draft: Draft) -> bool:
    """Did the reporter put the pin elsewhere than where the scanned facility stands?"""
    facility = registers.current().facilities.get(draft.facility) if draft.facility else None
    if facility is None or draft.lon is None or draft.lat is None:
        return bool(draft.facility)
    return metres_between(facility.lon, facility.lat, draft.lon, draft.lat) > MOVED_M


def area_names(code: str) -> list[str]:
    """The names of an area and of the street and community that it lies in, widest first."""
    areas = geography()
    chain = [areas.above(code, kind) for kind in ("street", "community", "block", "cell")] if code else []
    codes = list(dict.fromkeys(found for found in chain if found))
    names = {area.code: area.name for area in Area.objects.without_polygons().filter(code__in=codes)}
    return [names[found] for found in codes if found in names]


def scanned_names(draft: Draft) -> list[str]:
    """What was scanned, in words: a facility by its kind and plate, a building by its name, or an area."""
    facility = registers.current().facilities.get(draft.facility) if draft.facility else None
    if facility is not None:
        kind = str(Facility.Kind(facility.kind).label)
        return [
            *area_names(locate(facility=facility.code).community or ""),
            f"{kind} {facility.plate or facility.code}",
        ]
    coded = registers.current().codes.get(draft.code) if draft.code else None
    named = NamedPlace.objects.filter(pk=coded.place).first() if coded and coded.place else None
    return [*area_names(draft.area), *([named.name] if named else [])]
