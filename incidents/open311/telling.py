"""Cases and services in the words of GeoReport v2. Only what everybody may know comes in here."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from incidents.models.incident import ResolutionOutcome
from incidents.open311.documents import moment
from incidents.public import PublicCase, Service
from incidents.public.facts import Phase
from incidents.public.open_cases import MERGED

Address = Callable[[str, Any], str]  # from a URL's name and its argument to a whole address

OCCURRED_AT, PLACE_TYPE, FACILITY, DANGER = "occurred_at", "place_type", "facility", "danger"


def service(one: Service) -> dict[str, Any]:
    """An entry of the list of services."""
    return {
        "service_code": one.code,
        "service_name": one.name,
        "description": one.description,
        "metadata": True,  # when it happened can be told of everything
        "type": "realtime",
        "keywords": ", ".join(one.keywords),
        "group": one.group,
    }


def definition(one: Service) -> dict[str, Any]:
    """What can be told besides of a service; nothing of it must be."""
    attributes: list[dict[str, Any]] = []

    def add(code: str, datatype: str, description: str, hint: str = "", **more: Any) -> None:
        attributes.append(
            {
                "variable": True,
                "code": code,
                "datatype": datatype,
                "required": False,
                "datatype_description": hint or None,
                "order": len(attributes) + 1,
                "description": description,
                **more,
            }
        )

    if one.is_dangerous:
        words = _("Is anybody in danger? Call 110, 119 or 120 first; this form is no emergency call.")
        add(DANGER, "string", words, variable=False)
    if one.place_types:
        values = [{"key": key, "name": name} for key, name in one.place_types]
        add(
            PLACE_TYPE,
            "singlevaluelist",
            _("What kind of place is it? That can decide whose job it is."),
            values=values,
        )
    if one.of_facilities:
        add(
            FACILITY,
            "string",
            _("The number on its plate, where there is one: of the lamp, the cover, the box."),
            _("As printed on the plate."),
        )
    add(
        OCCURRED_AT,
        "datetime",
        _("When did it happen, or when was it seen?"),
        _("ISO 8601 with an offset, like 2026-07-01T09:30:00+08:00."),
    )
    return {"service_code": one.code, "attributes": attributes}


def request(case: PublicCase, address: Address, *, extended: bool = False) -> dict[str, Any]:
    """A case as a service request."""
    told: dict[str, Any] = {
        "service_request_id": case.number,
        "status": "open" if case.is_open else "closed",
        "status_notes": status_notes(case),
        "service_name": case.category_name,
        "service_code": case.category,
        "description": case.words or None,
        "agency_responsible": case.unit or None,
        "service_notice": None,
        "requested_datetime": moment(case.received_at),
        "updated_datetime": moment(case.updated_at),
        "expected_datetime": moment(case.due_at),
        "address": _address(case) or None,
        "address_id": case.area or None,
        "zipcode": None,
        "lat": case.lat,
        "long": case.lon,
        "media_url": address("public-picture", case.photos[0].id) if case.photos else None,
    }
    if extended:
        told["extended_attributes"] = {
            "group": case.group,
            "phase": case.phase,
            "outcome": case.outcome or None,
            "reports": case.reports,
            "duplicate_of": case.merged_into or None,
            "photos": [
                {
                    "media_url": address("public-picture", photo.id),
                    "title": photo.stage,
                    "width": photo.width,
                    "height": photo.height,
                }
                for photo in case.photos
            ],
        }
        told["notes"] = [
            {"datetime": moment(one.at), "description": _happening(one.what), "type": one.what}
            for one in case.happenings
        ]
    return told


def _address(case: PublicCase) -> str:
    """Chinese addresses begin with the largest and need no commas; others begin with the smallest."""
    parts = [one for one in (case.community, case.street, case.district) if one]
    return "".join(reversed(parts)) if _is_chinese() else ", ".join(parts)


def sentences(*told: str) -> str:
    """One behind the other: with a blank between, but in Chinese."""
    return ("" if _is_chinese() else " ").join(told)


def _is_chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


def status_notes(case: PublicCase) -> str:
    """One sentence: where it stands, in the reader's language."""
    if case.phase == MERGED:
        if case.merged_into:
            return _("The same thing was reported before: see %(number)s.") % {"number": case.merged_into}
        return _("The same thing was reported before.")
    if case.phase == Phase.SETTLED and case.outcome != ResolutionOutcome.SOLVED:
        return str(ResolutionOutcome(case.outcome).label) if case.outcome else _("Closed.")
    return _NOTES[case.phase]() % {"unit": case.unit}


_NOTES: Mapping[str, Callable[[], str]] = {
    Phase.DECIDING: lambda: _("It is being found out whose job this is."),
    Phase.SENT: lambda: _("Sent to %(unit)s, who have not answered yet."),
    Phase.HANDLING: lambda: _("%(unit)s have taken it on."),
    Phase.CHECKING: lambda: _("%(unit)s say that it is done; somebody else is looking whether it is."),
    Phase.PARKED: lambda: _("It cannot be settled at once; %(unit)s keep it and come back to it."),
    Phase.PAUSED: lambda: _("%(unit)s wait, for a reason that was approved."),
    Phase.SETTLED: lambda: _("Settled by %(unit)s, and checked."),
    Phase.ANSWERED: lambda: _("Answered."),
    Phase.DECLINED: lambda: _("Not accepted."),
    Phase.WITHDRAWN: lambda: _("Taken back by whoever reported it."),
}


def _happening(what: str) -> str:
    return {
        "received": pgettext("open311", "Received."),
        Phase.SENT: _("Sent to whoever has to deal with it."),
        Phase.HANDLING: _("Taken on."),
        Phase.CHECKING: _("Said to be done."),
        Phase.SETTLED: _("Closed."),
        MERGED: _("Joined with an earlier report."),
    }.get(what) or _NOTES[what]()
