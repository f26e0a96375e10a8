"""Does a report join an open case, or is it a case of its own?"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import product
from operator import itemgetter

from django.conf import settings

from dispatch.facts import Decision
from dispatch.vocabulary import Nature, Urgency
from incidents import sending
from incidents.intake.draft import ReportDraft
from incidents.intake.filing import Filing
from incidents.intake.looking import Found
from incidents.intake.same_thing import (
    RADIUS_M,
    Sighting,
    lock_neighbourhoods,
    may_be_shared,
    open_cases_near,
    same_thing,
)
from incidents.likeness import Seen
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.models.making import made


def attach_or_open(items: Sequence[Filing], looked: Found, *, at: datetime) -> None:
    """Find what joins an open case, and lay out a new case for the rest."""
    sightings = {item.position: sighting for item in items if (sighting := _sighting(item, at))}
    lock_neighbourhoods(sightings.values())
    named = {item.draft.joins for item in items if item.draft.joins}
    candidates = open_cases_near(list(sightings.values()), named=named)
    around = _Around(candidates)
    for item in items:
        sighting = sightings.get(item.position)
        found = _named_case(item, candidates)
        joint = None
        if found is None and sighting and item.draft.joins != "":
            joint = same_thing(sighting, around.near(sighting))
        # A batch that is tried again in halves starts from nothing.
        item.likeness = joint.score if joint else None
        found = joint.incident if joint else found
        item.joins, item.assignment, item.supports = found is not None, None, []
        if found:
            item.incident = found
            continue
        item.incident = _new_case(item, at=at)
        item.incident.pk = looked.next(Incident)
        around.add(item.incident)


def would_join(told: Sequence[tuple[ReportDraft, Decision]], *, at: datetime) -> list[Incident | None]:
    """The open case that each of these would join as things stand; nothing is written or held."""
    sightings = [_sighting_of(draft, decision, at) for draft, decision in told]
    around = _Around(open_cases_near([one for one in sightings if one], only_looked_at=True))
    joints = (same_thing(one, around.near(one)) if one else None for one in sightings)
    return [joint.incident if joint else None for joint in joints]


class _Around:
    """Cases by where they are, so that each report of a batch is compared with its neighbours alone: by
    point, and where one of the two has none, by community and category."""

    def __init__(self, cases: Iterable[Incident]) -> None:
        self._tiles: dict[tuple[int, int], list[tuple[int, Incident]]] = defaultdict(list)
        self._named: dict[tuple[str, str], list[tuple[int, Incident]]] = defaultdict(list)
        self._count = 0
        for incident in cases:
            self.add(incident)

    def add(self, incident: Incident) -> None:
        numbered = self._count, incident
        if incident.lon is not None and incident.lat is not None:
            self._tiles[_tile(incident.lon, incident.lat)].append(numbered)
        if incident.community_code:
            self._named[incident.community_code, incident.category_id or ""].append(numbered)
        self._count += 1

    def near(self, sighting: Sighting) -> list[Incident]:
        """Every case that may be the same, in the order in which they were added."""
        seen = sighting.seen
        named = self._named.get((sighting.community, seen.category), ())
        if seen.lon is None or seen.lat is None:
            return [incident for _position, incident in named]
        column, row = _tile(seen.lon, seen.lat)
        found = [numbered for numbered in named if numbered[1].lat is None]
        for tile in product((column - 1, column, column + 1), (row - 1, row, row + 1)):
            found += self._tiles.get(tile, ())
        return [incident for _position, incident in sorted(found, key=itemgetter(0))]


# Degrees: from the middle tile of three by three, the radius ends within them in any latitude up to 60.
_TILE = 2 * RADIUS_M / 111_320


def _tile(lon: float, lat: float) -> tuple[int, int]:
    return int(lon // _TILE), int(lat // _TILE)


def _named_case(item: Filing, candidates: Sequence[Incident]) -> Incident | None:
    """The case that the reporter pointed at, if it is still open. An emergency never hides in a calm one."""
    assert item.decision is not None
    is_emergency = item.decision.urgency == Urgency.EMERGENCY
    for incident in candidates:
        if incident.number == item.draft.joins:
            return None if is_emergency and incident.urgency != Urgency.EMERGENCY else incident
    return None


def _sighting(item: Filing, at: datetime) -> Sighting | None:
    assert item.decision is not None
    return _sighting_of(item.draft, item.decision, at)


def _sighting_of(draft: ReportDraft, decision: Decision, at: datetime) -> Sighting | None:
    place = draft.place
    if not place.in_district or (place.lon is None and not place.community):
        return None
    nature = decision.facts.nature or Nature.HELP
    category = decision.category or ""
    if not may_be_shared(category=category, nature=nature, text=draft.text, attributes=draft.attributes):
        return None
    seen = Seen(
        text=draft.text,
        category=category,
        at=at,
        lon=place.lon,
        lat=place.lat,
        facility=place.facility or "",
        address=draft.address,
    )
    return Sighting(seen, place.community or "", decision.urgency)


def _new_case(item: Filing, *, at: datetime) -> Incident:
    draft, decision = item.draft, item.decision
    assert decision is not None
    assert item.report is not None
    place = draft.place
    incident = made(
        Incident,
        status=Status.TRIAGE,
        nature=item.report.nature,
        source=draft.source,
        text=item.report.text,
        owner_unit_id=settings.TRIAGE_UNIT,
        address=draft.address,
        lon=place.lon,
        lat=place.lat,
        cell_code=place.cell or "",
        community_code=place.community or "",
        street_code=place.street or "",
        in_district=place.in_district,
        place_type=decision.facts.place_type or "",
        asset_owner=decision.facts.owner or "",
        facility_code=place.facility or "",
        received_at=item.moment.at,
        triage_codes=list(decision.triage_codes),
    )
    sending.take_over_limits(incident, decision)
    if decision.is_dispatched:
        assert decision.unit is not None
        incident.status = Status.DISPATCHED  # born so: no state before it was ever visible
        incident.auto_dispatched = True
        sending.mark_sent(incident, unit_code=decision.unit, at=at)
    return incident
