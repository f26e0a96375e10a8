"""Is it something that is being dealt with already?

A report joins an open case by itself only where both say the same: one category, within 100 m, within
three days, and nearly the same words. What is merely alike is shown to a person (queries.similar_cases).
"""

import math
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from rapidfuzz import fuzz

from dispatch.vocabulary import Urgency
from incidents.intake.statements import Prepared
from incidents.models import Incident
from incidents.models.incident import OPEN_STATUSES, Status

RADIUS_M = 100.0
WINDOW = timedelta(days=3)
# Of 100: at least this alike in words; docs/decisions/0004 says what was measured.
LIKENESS = 90.0
# "Still broken" about what was just called solved is not the same thing: it must not vanish in a check.
_JOINABLE = tuple(status for status in OPEN_STATUSES if status != Status.RESOLVED)
_TILE = 0.002  # degrees, about 200 m: a radius touches at most four tiles
_BUCKETS = 512  # bounds the locks that one batch can take
_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is compared: where, what about, and in which words."""

    lon: float
    lat: float
    category: str
    text: str
    at: datetime
    urgency: str


def lock_neighbourhoods(sightings: Iterable[Sighting]) -> None:
    """Let nobody else look for the same thing around here until this transaction ends.

    Sorted advisory locks of (tile, domain): two reports of one thing at one moment are compared one
    after the other, and no two batches can wait for each other.
    """
    keys = sorted({key for sighting in sightings for key in _lock_keys(sighting)})
    if keys:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(1, key) FROM unnest(%s) AS key", [keys])


def open_cases_near(sightings: Sequence[Sighting], *, named: Collection[str] = ()) -> list[Incident]:
    """Open cases of the same categories near any of these, and those of the numbers `named`.

    Oldest first, locked in id order, so that none of them closes between being found and being joined.
    """
    found = _ids_near(sightings) if sightings else []
    if not found and not named:
        return []
    return list(
        Incident.objects.open()
        .filter(Q(pk__in=found) | Q(number__in=named))
        .select_related("text")
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    )


def _ids_near(sightings: Sequence[Sighting]) -> list[int]:
    margin = RADIUS_M / _METRES_PER_DEGREE
    wide = margin / math.cos(math.radians(sightings[0].lat))
    rows = _NEAR.run(
        [
            list(_JOINABLE),
            min(s.at for s in sightings) - WINDOW,
            margin,
            wide,
            [s.category for s in sightings],
            [s.lat for s in sightings],
            [s.lon for s in sightings],
        ]
    )
    return [pk for (pk,) in rows]


# Each sighting looks into the index by itself: as one long OR of boxes, planning alone would take a
# batch longer than all the rest.
_NEAR = Prepared(
    "intake_near",
    ("text[]", "timestamptz", "float8", "float8", "text[]", "float8[]", "float8[]"),
    f"""
    SELECT DISTINCT near.id
    FROM unnest($5, $6, $7) AS seen (category, lat, lon), LATERAL (
        SELECT id FROM incidents_incident
        WHERE status IN ({", ".join(f"'{status}'" for status in OPEN_STATUSES)}) AND lat IS NOT NULL
            AND category_id = seen.category AND status = ANY ($1) AND received_at >= $2
            AND lat BETWEEN seen.lat - $3 AND seen.lat + $3
            AND lon BETWEEN seen.lon - $4 AND seen.lon + $4
        OFFSET 0
    ) AS near""",
)


def same_thing(sighting: Sighting, candidates: Iterable[Incident]) -> Incident | None:
    """The first case that this is certainly about, or None. An emergency never hides in a calm case."""
    words = _words(sighting.text)
    for incident in candidates:
        if (
            incident.category_id == sighting.category
            and incident.lon is not None
            and incident.lat is not None
            and (sighting.urgency != Urgency.EMERGENCY or incident.urgency == Urgency.EMERGENCY)
            and abs(sighting.at - incident.received_at) <= WINDOW
            and metres_between(sighting.lon, sighting.lat, incident.lon, incident.lat) <= RADIUS_M
            and fuzz.ratio(words, _words(incident.text.body)) >= LIKENESS
        ):
            return incident
    return None


def metres_between(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Distance over a district's few kilometres, where the earth is flat to a decimetre."""
    east = (lon_a - lon_b) * _METRES_PER_DEGREE * math.cos(math.radians((lat_a + lat_b) / 2))
    return math.hypot(east, (lat_a - lat_b) * _METRES_PER_DEGREE)


def _words(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _lock_keys(sighting: Sighting) -> set[int]:
    margin = RADIUS_M / _METRES_PER_DEGREE * 1.1
    domain = int(sighting.category[:2])
    return {
        (round((sighting.lon + east) / _TILE) * 92_821 + round((sighting.lat + north) / _TILE) * 689 + domain)
        % _BUCKETS
        for east in (-margin, margin)
        for north in (-margin, margin)
    }
