"""Does a report join an open case, or is it a case of its own?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
    JOINABLE,
    RADIUS_M,
    OpenCase,
    Sighting,
    hold,
    joints,
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
    likely = _likely(items, sightings)
    named = {item.draft.joins for item in items if item.draft.joins}
    held = {case.pk: case for case in hold({pk for pks in likely.values() for pk in pks}, named=named)}
    by_number = {case.number: case for case in held.values()} if named else {}
    new: dict[int, Incident] = {}
    around = _Around(())
    for item in items:
        sighting = sightings.get(item.position)
        found = _named_case(item, by_number)
        joint = None
        if found is None and sighting and item.draft.joins != "":
            # As they are now that they are held, and then what this batch itself has opened.
            known = [OpenCase.of(held[pk]) for pk in likely.get(item.position, ()) if pk in held]
            joint = same_thing(sighting, [*known, *around.near(sighting)])
        # A batch that is tried again in halves starts from nothing.
        item.likeness = joint.score if joint else None
        if joint:
            found = held.get(joint.case.pk) or new[joint.case.pk]
        item.joins, item.assignment, item.supports = found is not None, None, []
        if found:
            item.incident = found
            continue
        item.incident = incident = _new_case(item, at=at)
        incident.pk = looked.next(Incident)
        new[incident.pk] = incident
        around.add(OpenCase.of(incident))


def _likely(items: Sequence[Filing], sightings: Mapping[int, Sighting]) -> dict[int, list[int]]:
    """The open cases that each report would join as things stand; nobody else looks around here any more."""
    around = _Around(open_cases_near(list(sightings.values())))
    return {
        item.position: [joint.case.pk for joint in joints(sighting, around.near(sighting))]
        for item in items
        if (sighting := sightings.get(item.position)) and item.draft.joins != ""
    }


def would_join(told: Sequence[tuple[ReportDraft, Decision]], *, at: datetime) -> list[OpenCase | None]:
    """The open case that each of these would join as things stand; nothing is written or held."""
    sightings = [_sighting_of(draft, decision, at) for draft, decision in told]
    around = _Around(open_cases_near([one for one in sightings if one], only_looked_at=True))
    found = (same_thing(one, around.near(one)) if one else None for one in sightings)
    return [joint.case if joint else None for joint in found]


class _Around:
    """Cases by where they are, so that each report of a batch is compared with its neighbours alone: by
    point, and where one of the two has none, by community and category."""

    def __init__(self, cases: Iterable[OpenCase]) -> None:
        self._tiles: dict[tuple[int, int], list[tuple[int, OpenCase]]] = defaultdict(list)
        self._named: dict[tuple[str, str], list[tuple[int, OpenCase]]] = defaultdict(list)
        self._count = 0
        for case in cases:
            self.add(case)

    def add(self, case: OpenCase) -> None:
        numbered = self._count, case
        seen = case.seen
        if seen.lon is not None and seen.lat is not None:
            self._tiles[_tile(seen.lon, seen.lat)].append(numbered)
        if case.community:
            self._named[case.community, seen.category].append(numbered)
        self._count += 1

    def near(self, sighting: Sighting) -> list[OpenCase]:
        """Every case that may be the same, in the order in which they were added."""
        seen = sighting.seen
        named = self._named.get((sighting.community, seen.category), ())
        if seen.lon is None or seen.lat is None:
            return [case for _position, case in named]
        column, row = _tile(seen.lon, seen.lat)
        found = [numbered for numbered in named if numbered[1].seen.lat is None]
        for tile in product((column - 1, column, column + 1), (row - 1, row, row + 1)):
            found += self._tiles.get(tile, ())
        return [case for _position, case in sorted(found, key=itemgetter(0))]


# Degrees: from the middle tile of three by three, the radius ends within them in any latitude up to 60.
_TILE = 2 * RADIUS_M / 111_320


def _tile(lon: float, lat: float) -> tuple[int, int]:
    return int(lon // _TILE), int(lat // _TILE)


def _named_case(item: Filing, cases: Mapping[str, Incident]) -> Incident | None:
    """The case that the reporter pointed at, if it is still being dealt with: what is said of one that was
    called solved would vanish in its check. An emergency never hides in a calm one."""
    found = cases.get(item.draft.joins) if item.draft.joins else None
    assert item.decision is not None
    if found and found.status not in JOINABLE:
        return None
    if found and item.decision.urgency == Urgency.EMERGENCY and found.urgency != Urgency.EMERGENCY:
        return None
    return found


def _sighting(item: Filing, at: datetime) -> Sighting | None:
    assert item.decision is not None
    return _sighting_of(item.draft, item.decision, at)


def _sighting_of(draft: ReportDraft, decision: Decision, at: datetime) -> Sighting | None:
    place = draft.place
    if not place.in_district or (place.lon is None and not place.community):
        return None
    if "place_unknown" in decision.triage_codes:
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
