"""定位: a person says where it is, and lets the machine decide again: by the same rules, nothing is sent."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from grids.locate import Place, locate
from grids.models import Area
from incidents import adjudicating, cases, outcomes, policy, timeline
from incidents.actions.correcting import decide_again, question
from incidents.actor import SYSTEM, Actor
from incidents.claiming import refuse_if_claimed, refuse_unless_at_desk
from incidents.errors import InvalidInput
from incidents.models import DecisionRecord, Incident, Outcome
from incidents.models.incident import Incident as Case

ADDRESS_MAX = Case._meta.get_field("address").max_length or 200


@transaction.atomic(durable=True)
def set_place(
    *,
    number: str,
    place: Place | None = None,
    address: str | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> DecisionRecord:
    """Say where it is, and decide again; without `place` that the place the case has is right.

    What the words name speaks against it no more. The case stays on the desk with the new candidates, and
    in these hands. `address` replaces the words for the place where it is given.
    """
    incident = cases.hold(number, actor=actor, action=Action.SET_PLACE, at=at, seen_version=seen_version)
    refuse_unless_at_desk(incident)
    refuse_if_claimed(incident, actor, at)
    adjudicating.refuse_while_open(incident)
    if place is None and incident.in_district is None:
        raise InvalidInput("location", "required", _("The case has no place yet: say where it is."))
    if place is not None and place.finest is None and place.in_district is not False:
        raise InvalidInput("location", "unknown", _("No street or community is known by this. Be closer."))
    if place is not None:
        policy.check_place(actor, Action.SET_PLACE, incident, place.street or "")
    if address is not None and len(address) > ADDRESS_MAX:
        raise InvalidInput("address", "max_length", _("This text is too long."))
    before = {"from_area": incident.cell_code or incident.community_code or incident.street_code}
    moved = place is not None and _move(incident, place, address)
    request = question(incident, place=place, is_settled=True, moved=moved)
    record = decide_again(incident, request, actor=actor, at=at)
    if moved and outcomes.stands(incident, Outcome.Kind.RECEIVED):
        # What is counted by street follows the case, so that a list and its number agree.
        outcomes.take_back(incident, Outcome.Kind.RECEIVED)
        outcomes.append(Outcome.Kind.RECEIVED, incident, at=incident.received_at)
    timeline.record(
        timeline.Kind.PLACED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        decision=record.pk,
        area=incident.cell_code or incident.community_code or incident.street_code,
        moved=moved,
        **(before if moved else {}),
    )
    return record


@transaction.atomic(durable=True)
def follow_map(*, number: str, at: datetime) -> bool:
    """Put a case that lies in areas which are not on the map any more where the map has it now: by its point,
    or by the middle of what it was in. Nothing is decided anew, and nobody else's clock runs. False: it lies
    right, or this process does not know the new map yet. Raises ActionRefused."""
    incident = cases.hold(number, actor=SYSTEM, action=None, at=at)
    codes = (incident.cell_code, incident.community_code, incident.street_code)
    rows = Area.objects.in_bulk([code for code in codes if code])
    gone = [rows[code] for code in codes if code in rows and rows[code].retired_at is not None]
    if not gone:
        return False
    has_point = incident.lon is not None and incident.lat is not None
    point = (incident.lon, incident.lat) if has_point else (gone[0].lon, gone[0].lat)
    place = locate(lon=point[0], lat=point[1])
    # As closely as before and no closer: the middle of a street is no cell of it.
    found = (place.cell, place.community, place.street)
    told = [new or "" if old else "" for old, new in zip(codes, found, strict=True)]
    if Area.objects.filter(code__in=told, retired_at__isnull=False).exists():
        return False
    incident.cell_code, incident.community_code, incident.street_code = told
    incident.in_district = place.in_district
    if outcomes.stands(incident, Outcome.Kind.RECEIVED):
        outcomes.take_back(incident, Outcome.Kind.RECEIVED)
        outcomes.append(Outcome.Kind.RECEIVED, incident, at=incident.received_at)
    cases.save(incident)
    timeline.record(
        timeline.Kind.PLACED,
        incident_id=incident.pk,
        at=at,
        actor=SYSTEM,
        area=next((code for code in told if code), ""),
        moved=True,
        from_area=gone[0].code,
        why="map",
    )
    return True


def _move(incident: Incident, place: Place, address: str | None) -> bool:
    """Put the case there; answers whether that is elsewhere. Its report keeps what it said."""
    told = (place.cell or "", place.community or "", place.street or "")
    was = (incident.cell_code, incident.community_code, incident.street_code)
    point = (place.lon, place.lat) != (incident.lon, incident.lat)
    incident.lon, incident.lat, incident.in_district = place.lon, place.lat, place.in_district
    incident.cell_code, incident.community_code, incident.street_code = told
    if address is not None:
        incident.address = address.strip()
    return told != was or point
