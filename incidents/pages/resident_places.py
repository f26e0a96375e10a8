"""The place that a scanned code brings along into a form, and how it is named there."""

from django.http import HttpRequest

from config import clock
from incidents.pages.resident_drafts import Draft
from incidents.public import PlaceQuestion, StillQuestion, published


def begun(request: HttpRequest, form_id: str) -> Draft:
    """A new form; with the place of the code that was scanned, where one was."""
    told = {
        name: (request.GET.get(name) or request.POST.get(name) or "").replace("\x00", "")
        for name in ("code", "facility", "place", "area")
    }
    if not any(told.values()):
        return Draft(form=form_id)
    found = published(PlaceQuestion(**told), at=clock.now())
    return Draft(
        form=form_id,
        code=found.code,
        facility=found.facility,
        place=found.place,
        area=found.area,
        address=found.address,
        lon=found.lon,
        lat=found.lat,
    )


def leave_what_was_scanned(draft: Draft, *, nowhere: bool) -> None:
    """Where another place is filled in by now, it is not about the code and its facility."""
    if nowhere:
        draft.code = draft.facility = ""
    if not (draft.code or draft.facility):
        return
    asked = StillQuestion(
        code=draft.code,
        facility=draft.facility,
        lon=draft.lon,
        lat=draft.lat,
        area=draft.area,
        address=draft.address,
    )
    still = published(asked, at=clock.now())
    draft.code, draft.facility, draft.area = still.code, still.facility, still.area


def area_names(code: str) -> list[str]:
    """The names of an area and of those that it lies in, widest first."""
    return list(published(PlaceQuestion(area=code), at=clock.now()).names) if code else []


def scanned_names(draft: Draft) -> list[str]:
    """What was scanned, in words: a facility by its kind and plate, a building by its name, or an area."""
    place = "" if draft.is_placed else draft.place  # filled in since, it says its place itself
    if not (draft.code or draft.facility or draft.area or place):
        return []
    asked = PlaceQuestion(code=draft.code, facility=draft.facility, area=draft.area, place=place)
    return list(published(asked, at=clock.now()).names)
