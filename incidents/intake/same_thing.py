"""Is it something that is being dealt with already?

A report joins an open case by itself only where the comparison (`likeness`) is certain: its threshold was
chosen for a precision of 98 % at the lower confidence bound, and some things never join whatever the words.
What is merely alike is shown to a person (incidents.alike). Measured: docs/decisions/0004.
"""

import math
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q

from dispatch.vocabulary import Nature, Urgency
from incidents import likeness
from incidents.intake.statements import Prepared, run
from incidents.likeness.scoring import METRES_PER_DEGREE, RADIUS_M
from incidents.likeness.weights import CERTAIN
from incidents.models import Incident
from incidents.models.incident import OPEN_STATUSES, Status

WINDOW = timedelta(days=3)
# "Still broken" about what was just called solved is not the same thing: it must not vanish in a check.
JOINABLE: Final = tuple(status for status in OPEN_STATUSES if status != Status.RESOLVED)
# What many can see at one place. Everything else is somebody's own (a wage, a pension, a licence, a purchase)
# or about persons, and is never another person's too, however alike the words are.
SHARED: Final = frozenset(
    f"{domain}{number:02}"
    for domain, numbers in {
        "01": range(1, 12),
        "02": range(1, 10),
        "03": (1, 2, 3, 4, 5, 6, 8, 9),
        "04": range(1, 6),
        "05": range(1, 9),
        "06": range(1, 10),
        "07": (1, 8),
        "08": range(1, 7),
        "09": (1, 2, 5),
        "10": range(1, 8),
        "11": range(1, 7),
        "12": (3, 4),
        "17": (3, 6),
        "18": (1, 2, 3),
        "20": range(1, 9),
    }.items()
    for number in numbers
)
# Of these, too, what is about one's own bill or paper.
_OWN = re.compile(
    "[水电气网话]费|燃气费|物业费|管理费|押金|退款|退费|退钱|赔偿|赔付|工资|养老金|社保|医保|身份证|驾驶证|驾照|行驶证|"
    "居住证|罚单|罚款|报销|补贴|账单|缴费|交费|账户|开户|过户"
)
_NATURES: Final = frozenset({Nature.HELP, Nature.COMPLAINT, Nature.FINDING, Nature.ALERT})
_SIBLINGS: Final[Mapping[str, str]] = {
    code: ",".join(sorted(other for other in SHARED if other[:2] == code[:2])) for code in SHARED
}
# As many as are compared for one report, the latest: a crowd at one point costs no more.
_MOST = 60
_TILE = 0.003  # degrees, about 300 m: a radius touches at most four tiles
_BUCKETS = 512  # bounds the locks that one batch can take


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is compared: where, what about, and in which words. Without a point, by what the community is."""

    seen: likeness.Seen
    community: str
    urgency: str

    @property
    def has_point(self) -> bool:
        return self.seen.lon is not None


@dataclass(frozen=True, slots=True)
class OpenCase:
    """What is compared of an open case."""

    pk: int
    number: str  # empty while it is only laid out
    seen: likeness.Seen  # what its first report said
    community: str
    nature: str
    status: str
    urgency: str

    @classmethod
    def of(cls, incident: Incident) -> "OpenCase":
        return cls(
            incident.pk,
            incident.number,
            seen_of(incident),
            incident.community_code,
            incident.nature,
            incident.status,
            incident.urgency,
        )


@dataclass(frozen=True, slots=True)
class Joint:
    """The case that a report joins by itself, and how sure that was."""

    case: OpenCase
    score: float


def may_be_shared(*, category: str, nature: str, text: str, attributes: Mapping[str, Any]) -> bool:
    """Can it be the same thing that somebody else reports, as far as it says itself?

    Not a tip-off, a labour matter or a letter whose writer stays hidden, not what is one's own, and not what
    only wants an answer.
    """
    return (
        category in SHARED
        and nature in _NATURES
        and attributes.get("confidential") is not True
        and not _OWN.search(text)
    )


def open_cases_near(sightings: Sequence[Sighting], *, only_looked_at: bool = False) -> list[OpenCase]:
    """Open cases of the same matters near any of these, oldest first.

    Unless they are only looked at, nobody else looks for the same thing around here until this transaction
    ends. The cases themselves are not held: `hold` does that with the few that matter.
    """
    if not sightings:
        return []
    asked = _NEAR, _near_params(sightings)
    rows = run(asked) if only_looked_at else run((_LOCK, _lock_params(sightings)), asked)
    return [
        OpenCase(pk, number, likeness.Seen(*seen), community, nature, status, urgency)
        for pk, number, community, nature, status, urgency, *seen in rows
    ]


def hold(pks: Collection[int], *, named: Collection[str] = ()) -> list[Incident]:
    """Of these cases, and those of the numbers `named`, the open ones: locked in id order, so that none of
    them closes between being found and being joined. No statement for none."""
    if not pks and not named:
        return []
    cases = Incident.objects.open().filter(Q(pk__in=pks) | Q(number__in=named))
    return list(cases.select_related("text").order_by("pk").select_for_update(no_key=True, of=("self",)))


def _lock_params(sightings: Iterable[Sighting]) -> list[Any]:
    """Advisory locks of (tile, domain), then of (community, domain), each in order: two reports of one thing
    at one moment are compared one after the other, and no two batches can wait for each other. What has a
    point shares its community's lock with others that have one; what has none holds it alone.
    """
    tiles: set[int] = set()
    shared: set[int] = set()
    alone: set[int] = set()
    for sighting in sightings:
        if sighting.has_point:
            tiles |= _tile_keys(sighting)
        if sighting.community:
            (shared if sighting.has_point else alone).add(_community_key(sighting))
    return _columns(
        [(1, key, False) for key in sorted(tiles)]
        + [(2, key, key not in alone) for key in sorted(shared | alone)]
    )


_LOCK = Prepared(
    "intake_lock",
    ("int[]", "int[]", "bool[]"),
    """
    SELECT CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(space, key)
        ELSE pg_advisory_xact_lock(space, key) END
    FROM unnest($1, $2, $3) AS held (space, key, is_shared)""",
)


def _near_params(sightings: Sequence[Sighting]) -> list[Any]:
    margin = RADIUS_M / METRES_PER_DEGREE
    wide = margin / math.cos(
        math.radians(next((s.seen.lat for s in sightings if s.seen.lat is not None), 0.0))
    )
    return [
        list(JOINABLE),
        min(s.seen.at for s in sightings) - WINDOW,
        margin,
        wide,
        [s.seen.category for s in sightings],
        [_SIBLINGS[s.seen.category] for s in sightings],
        [s.seen.lat for s in sightings],
        [s.seen.lon for s in sightings],
        [s.community for s in sightings],
    ]


# Each sighting looks into the indexes by itself: as one long OR of boxes, planning alone would take a batch
# longer than all the rest. Around a point by incident_nearby; and by incident_open_community where one of the
# two has no point. A case that protects who reported it is nobody else's to join.
_STATUSES = ", ".join(f"'{status}'" for status in OPEN_STATUSES)
_OPEN = f"status IN ({_STATUSES}) AND status = ANY ($1)"
_NEAR = Prepared(
    "intake_near",
    ("text[]", "timestamptz", "float8", "float8", "text[]", "text[]", "float8[]", "float8[]", "text[]"),
    f"""
    SELECT i.id, i.number, i.community_code, i.nature, i.status, i.urgency,
        t.body, i.category_id, i.received_at, i.lon, i.lat, i.facility_code, i.address
    FROM (
        SELECT near.id
        FROM unnest($6, $7, $8) AS seen (categories, lat, lon), LATERAL (
            SELECT id FROM incidents_incident
            WHERE {_OPEN} AND lat IS NOT NULL
                AND category_id = ANY (string_to_array(seen.categories, ',')) AND received_at >= $2
                AND lat BETWEEN seen.lat - $3 AND seen.lat + $3
                AND lon BETWEEN seen.lon - $4 AND seen.lon + $4
            ORDER BY id DESC LIMIT {_MOST}
        ) AS near
        WHERE seen.lat IS NOT NULL
        UNION
        SELECT named.id
        FROM unnest($5, $7, $9) AS seen (category, lat, community), LATERAL (
            SELECT id FROM incidents_incident
            WHERE {_OPEN} AND community_code = seen.community AND category_id = seen.category
                AND received_at >= $2 AND (seen.lat IS NULL OR lat IS NULL)
            ORDER BY id DESC LIMIT {_MOST}
        ) AS named
        WHERE seen.community <> ''
    ) AS found, LATERAL (SELECT * FROM incidents_incident WHERE id = found.id OFFSET 0) AS i,
        LATERAL (SELECT body FROM incidents_text WHERE id = i.text_id OFFSET 0) AS t
    WHERE NOT EXISTS (
        SELECT 1 FROM incidents_incidentreport l JOIN incidents_report r ON r.id = l.report_id
        WHERE l.incident_id = found.id AND l.unlinked_at IS NULL
            AND (r.nature = '{Nature.TIP_OFF}' OR r.attributes @> '{{"confidential": true}}')
    )
    ORDER BY i.id""",
)


def same_thing(sighting: Sighting, candidates: Iterable[OpenCase]) -> Joint | None:
    """The case that this is certainly about, the likeliest of them and then the first; or None.

    An emergency never hides in a calm case, and where one of the two has no point both name one place.
    """
    best: Joint | None = None
    for joint in joints(sighting, candidates):
        if best is None or joint.score > best.score:
            best = joint
    return best


def joints(sighting: Sighting, candidates: Iterable[OpenCase]) -> Iterator[Joint]:
    """Every case that this is certainly about."""
    for case in candidates:
        if not _may_hold(case, sighting):
            continue
        alike = likeness.joining(sighting.seen, case.seen)
        if alike is not None and alike.score >= CERTAIN:
            yield Joint(case, alike.score)


def seen_of(incident: Incident) -> likeness.Seen:
    """A case as it is compared: what its first report said."""
    return likeness.Seen(
        text=incident.text.body,
        category=incident.category_id or "",
        at=incident.received_at,
        lon=incident.lon,
        lat=incident.lat,
        facility=incident.facility_code,
        address=incident.address,
    )


def _may_hold(case: OpenCase, sighting: Sighting) -> bool:
    category = case.seen.category
    return (
        category in SHARED
        and category[:2] == sighting.seen.category[:2]
        and case.status in JOINABLE
        and case.nature in _NATURES
        and (sighting.urgency != Urgency.EMERGENCY or case.urgency == Urgency.EMERGENCY)
        and abs(sighting.seen.at - case.seen.at) <= WINDOW
        and not _OWN.search(case.seen.text)
    )


def metres_between(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Distance between two points of the district."""
    metres = likeness.scoring.metres_between(lon_a, lat_a, lon_b, lat_b)
    assert metres is not None
    return metres


def _tile_keys(sighting: Sighting) -> set[int]:
    lon, lat = sighting.seen.lon, sighting.seen.lat
    assert lon is not None
    assert lat is not None
    # A little more than the radius; its middle counts where two margins are wider than a tile, as far north.
    margin = RADIUS_M / METRES_PER_DEGREE * 1.01
    wide = margin / math.cos(math.radians(lat))
    domain = int(sighting.seen.category[:2])
    return {
        (round((lon + east) / _TILE) * 92_821 + round((lat + north) / _TILE) * 689 + domain) % _BUCKETS
        for east in (-wide, 0.0, wide)
        for north in (-margin, margin)
    }


def _community_key(sighting: Sighting) -> int:
    letters = f"{sighting.community} {sighting.seen.category[:2]}".encode()
    return zlib.crc32(letters) % _BUCKETS


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
