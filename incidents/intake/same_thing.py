"""Is it something that is being dealt with already?

A report joins an open case by itself only where both say the same: one category, within 100 m, within
three days, and nearly the same words. What is merely alike is shown to a person (queries.similar_cases).
"""

import math
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from rapidfuzz import fuzz

from dispatch.vocabulary import Urgency
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
    where = " OR ".join(
        ["(i.category_id = %s AND i.lat BETWEEN %s AND %s AND i.lon BETWEEN %s AND %s)"] * len(sightings)
    )
    params: list[Any] = [list(_JOINABLE), min(s.at for s in sightings) - WINDOW]
    for sighting in sightings:
        params += [
            sighting.category,
            sighting.lat - margin,
            sighting.lat + margin,
            sighting.lon - wide,
            sighting.lon + wide,
        ]
    # Raw, because hundreds of boxes as Q objects cost more than the query itself.
    ids = f"""SELECT i.id FROM incidents_incident i
              WHERE i.status = ANY (%s) AND i.received_at >= %s AND ({where})"""
    with connection.cursor() as cursor:
        cursor.execute(ids, params)
        return [row[0] for row in cursor.fetchall()]


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
