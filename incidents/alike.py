"""For a person to judge: open cases that may be about the same thing, what else came from one number and one
spot, and how joining by itself turns out."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from dispatch.vocabulary import Nature
from incidents import likeness
from incidents.contacting import LABOUR
from incidents.intake.same_thing import seen_of
from incidents.likeness.scoring import METRES_PER_DEGREE
from incidents.models import Incident, IncidentReport
from incidents.models.incident import SPOTS, Status

RADIUS_M = 500.0
WINDOW = timedelta(days=3)
LOOKED_AT = 60
# Nine in ten of what neighbours say of one thing in words of their own is above it (decision 0004).
LEAST = 0.15
# What came before: of one number, and at one spot.
RECENTLY = timedelta(days=30)
LONGER = timedelta(days=90)
SPOT_M = 25.0
_NAME_MAX = 6


@dataclass(frozen=True, slots=True)
class AlikeCase:
    """An open case that may be about the same thing."""

    incident: Incident
    likeness: likeness.Likeness
    earlier: timedelta  # how long before this one it came; negative: after
    pieces: tuple[tuple[str, bool], ...]  # its words, and which of them this one has too
    names: tuple[str, ...]  # the places that both name, as they write them

    @property
    def metres(self) -> int | None:
        return None if self.likeness.metres is None else round(self.likeness.metres)


def similar_cases(incident: Incident, *, seen: Q, most: int = 3) -> list[AlikeCase]:
    """Open cases that may be about the same thing, the likest first; one query.

    Of the same domain of matters within three days; within 500 m, or in the same community where one of the
    two has no point. What is certainly the same was joined at intake; these are for a person to judge.
    """
    near = _near(incident)
    if near is None or incident.category is None:
        return []
    rows = (
        Incident.objects.open()
        .filter(
            seen,
            near,
            category__domain_code=incident.category.domain_code,
            received_at__range=(incident.received_at - WINDOW, incident.received_at + WINDOW),
        )
        .exclude(pk__in=_taken_apart(incident))
        .for_list()
        .order_by("-received_at", "-pk")[:LOOKED_AT]
    )
    this = seen_of(incident)
    found = []
    for other in rows:
        alike = likeness.compare(this, seen_of(other))
        is_near = alike.metres <= RADIUS_M if alike.metres is not None else alike.has_same_place
        if is_near and alike.score >= LEAST:
            pieces = pieces_of(other.text.body, incident.text.body)
            names = tuple(_as_written(name, this, seen_of(other)) for name in alike.names)
            found.append(AlikeCase(other, alike, incident.received_at - other.received_at, pieces, names))
    found.sort(key=lambda one: (-one.likeness.score, one.incident.pk))
    return found[:most]


def pieces_of(text: str, other: str) -> tuple[tuple[str, bool], ...]:
    """A text in pieces: those that the other has too, and those that it has not."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for begin, stop in likeness.common_words(text, other):
        if begin > end:
            pieces.append((text[end:begin], False))
        pieces.append((text[begin:stop], True))
        end = stop
    if end < len(text):
        pieces.append((text[end:], False))
    return tuple(pieces)


def _as_written(name: str, one: likeness.Seen, other: likeness.Seen) -> str:
    """A name with what both write before it; they are compared by their last characters alone."""
    first, second = f"{one.address} {one.text}", f"{other.address} {other.text}"
    while len(name) < _NAME_MAX:
        at = first.find(name)
        longer = first[at - 1 : at] + name if at > 0 else name
        if longer == name or not longer[0].isalpha() or longer not in second:
            break
        name = longer
    return name


def _near(incident: Incident) -> Q | None:
    in_community = Q(community_code=incident.community_code) if incident.community_code else None
    if incident.lon is None or incident.lat is None:
        return in_community
    margin = RADIUS_M / METRES_PER_DEGREE
    wide = margin / math.cos(math.radians(incident.lat))
    around = Q(
        lat__range=(incident.lat - margin, incident.lat + margin),
        lon__range=(incident.lon - wide, incident.lon + wide),
    )
    return around if in_community is None else around | (in_community & Q(lat__isnull=True))


def _taken_apart(incident: Incident) -> QuerySet[Incident, Any]:
    """The case itself, and what a person has just said to be another matter: not to be merged at a slip."""
    root = incident.split_from_id or incident.pk
    return Incident.objects.filter(Q(pk__in=[incident.pk, root]) | Q(split_from=root)).values("pk")


@dataclass(frozen=True, slots=True)
class Again:
    """What came before a case, whatever it was about: as many other cases, within 30 and 90 days."""

    by_number: int = 0
    by_number_longer: int = 0
    at_spot: int = 0  # within 30 days

    def __bool__(self) -> bool:
        return bool(self.by_number_longer or self.at_spot)

    @property
    def nth_at_spot(self) -> int:
        return self.at_spot + 1


_HIDDEN: Final = """(
    {case}.nature = %(tip_off)s OR left({case}.category_id, 2) = %(labour)s OR EXISTS (
        SELECT 1 FROM (
            SELECT report_id FROM incidents_incidentreport
            WHERE incident_id = {case}.id AND unlinked_at IS NULL OFFSET 0
        ) tl JOIN incidents_report tr ON tr.id = tl.report_id
        WHERE (tr.nature = %(tip_off)s OR tr.attributes @> '{{"confidential": true}}')
    )
)"""
# Never by the number where either case protects who reported it.
_AGAIN: Final = f"""
SELECT i.id, coalesce(by_number.lately, 0), coalesce(by_number.longer, 0), coalesce(at_spot.lately, 0)
FROM incidents_incident i
LEFT JOIN LATERAL (
    SELECT count(DISTINCT e.id) AS longer,
        count(DISTINCT e.id) FILTER (WHERE e.received_at >= i.received_at - %(recently)s::interval) AS lately
    FROM (
        -- Fenced: who called first, for those are few, and only then when and how they are protected.
        SELECT l2.incident_id FROM incidents_incidentreport l
        JOIN incidents_report r ON r.id = l.report_id
        JOIN incidents_contact k ON k.id = r.contact_id AND k.phone_index <> ''
        JOIN incidents_contact k2 ON k2.phone_index = k.phone_index
        JOIN incidents_report r2 ON r2.contact_id = k2.id
        JOIN incidents_incidentreport l2 ON l2.report_id = r2.id AND l2.unlinked_at IS NULL
        WHERE l.incident_id = i.id AND l.unlinked_at IS NULL OFFSET 0
    ) called
    JOIN incidents_incident e ON e.id = called.incident_id
    WHERE e.received_at >= i.received_at - %(longer)s::interval
    AND (e.received_at, e.id) < (i.received_at, i.id)
    AND coalesce(e.split_from_id, e.id) <> coalesce(i.split_from_id, i.id)
    AND NOT {_HIDDEN.format(case="e")} AND NOT {_HIDDEN.format(case="i")}
) by_number ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS lately FROM incidents_incident e
    WHERE i.lat IS NOT NULL AND e.lat IS NOT NULL AND e.status <> 'merged'
    AND (e.lat * {SPOTS})::integer IN ((i.lat * {SPOTS})::integer - 1, (i.lat * {SPOTS})::integer,
        (i.lat * {SPOTS})::integer + 1)
    AND (e.lon * {SPOTS})::integer IN ((i.lon * {SPOTS})::integer - 1, (i.lon * {SPOTS})::integer,
        (i.lon * {SPOTS})::integer + 1)
    AND e.received_at >= i.received_at - %(recently)s::interval AND e.received_at <= i.received_at
    AND (e.received_at, e.id) < (i.received_at, i.id)
    AND abs(e.lat - i.lat) <= %(north)s AND abs(e.lon - i.lon) <= %(north)s / cos(radians(i.lat))
    AND coalesce(e.split_from_id, e.id) <> coalesce(i.split_from_id, i.id)
) at_spot ON true
WHERE i.id = ANY (%(cases)s)
"""


def again(cases: Collection[Incident]) -> Mapping[int, Again]:
    """How often the same number called, and the same spot was told of, before each of these; one query.

    Numbers only, of cases that the reader may not open too: that somebody calls for the fifth time matters
    to whoever decides. Callers show it to the desk and to the centre alone.
    """
    if not cases:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _AGAIN,
            {
                "cases": [case.pk for case in cases],
                "tip_off": Nature.TIP_OFF,
                "labour": LABOUR,
                "recently": f"{RECENTLY.days} days",
                "longer": f"{LONGER.days} days",
                "north": SPOT_M / METRES_PER_DEGREE,
            },
        )
        rows = cursor.fetchall()
    return {pk: found for pk, *told in rows if (found := Again(*told))}


@dataclass(frozen=True, slots=True)
class Joins:
    """How joining by itself turned out: what joined since then, and how much was taken out again."""

    joined: int
    taken_out: int

    @property
    def precision(self) -> float | None:
        return 1 - self.taken_out / self.joined if self.joined else None


def joins(*, since: datetime, until: datetime, seen: Q) -> Joins:
    """The count of what joined by itself in a period; one query."""
    found = _joined(since, until, seen).aggregate(joined=Count("pk"), out=Count("pk", filter=Q(is_out=True)))
    return Joins(found["joined"], found["out"])


def taken_out(*, since: datetime, until: datetime, seen: Q, most: int = 50) -> Sequence[IncidentReport]:
    """What joined by itself and a person took out again, the latest first; one query."""
    rows = _joined(since, until, seen).filter(is_out=True)
    told = rows.select_related("incident__text", "incident__category", "report__text")
    return list(told.order_by("-unlinked_at", "-pk")[:most])


def _joined(since: datetime, until: datetime, seen: Q) -> Any:
    """Links that the machine made, each with whether a person undid it by splitting the report off."""
    out = IncidentReport.objects.filter(
        report=OuterRef("report"), how="split", linked_at=OuterRef("unlinked_at")
    )
    return IncidentReport.objects.filter(
        score__isnull=False,
        linked_at__gte=since,
        linked_at__lt=until,
        incident__in=Incident.objects.filter(seen),
    ).annotate(is_out=Exists(out))


def can_come_out(incident: Incident) -> bool:
    """Is the case in a state in which the centre splits it?"""
    return incident.status in (Status.TRIAGE, Status.DISPATCHED, Status.HANDLING)
