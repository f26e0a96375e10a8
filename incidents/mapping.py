"""Cases on a map: which lie in a picture, how many lie together, and where they are dense.

However many cases a selection holds, all of them are counted, by the database, and what a picture gets is
bounded by its pixels: each function asks one question.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Case, Count, F, Q, QuerySet, When
from django.db.models.functions import Floor

from dispatch.vocabulary import Urgency
from incidents.models import Incident
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.queries import bounded_count

# More than this in one picture are told as clusters.
SINGLE_MAX = 300
CLUSTER_PX, HEAT_PX = 72, 10
SOON = timedelta(hours=2)
_ZOOMS = (8, 18)
_TILE = 256
_EMERGENCY = Q(urgency=Urgency.EMERGENCY, status__in=[one for one in OPEN_STATUSES if one != Status.RESOLVED])
_STANDING = (Status.SUSPENDED, Status.PARKED)


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture: degrees of its edges, and how close it is (0 shows the world on 256 px)."""

    west: float
    south: float
    east: float
    north: float
    zoom: int

    @classmethod
    def read(cls, edges: str, zoom: str) -> "Frame | None":
        """From an address; None for what is no picture."""
        try:
            west, south, east, north = (float(edge) for edge in edges.split(","))
            level = min(max(int(zoom), _ZOOMS[0]), _ZOOMS[1])
        except ValueError:
            return None
        if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
            return None
        return cls(west, south, east, north, level)

    @property
    def inside(self) -> Q:
        return Q(lon__range=(self.west, self.east), lat__range=(self.south, self.north))

    def step(self, pixels: int) -> tuple[float, float]:
        """Degrees of longitude and latitude that this many pixels span, to whole degrees of latitude: squares
        that moved with the picture would shuffle the cases in them at every touch."""
        east = 360.0 * pixels / (_TILE * 2**self.zoom)
        return east, east * math.cos(math.radians(round((self.south + self.north) / 2)))


@dataclass(frozen=True, slots=True)
class Cluster:
    """Cases that lie together: where their middle is, how many, and how the worst of them stands."""

    lon: float
    lat: float
    count: int
    state: str


def mapped(found: QuerySet[Incident]) -> QuerySet[Incident]:
    """Those of a selection that have a place on the map."""
    return found.filter(lon__isnull=False, lat__isnull=False)


def unplaced(found: QuerySet[Incident]) -> int:
    """How many of a selection have no place on the map; bounded."""
    return bounded_count(found.filter(lon__isnull=True))


def singles(cases: QuerySet[Incident], frame: Frame | None) -> list[Incident]:
    """The cases in the picture, the open ones first and of them what burns; one more than SINGLE_MAX where
    there are too many."""
    inside = cases.filter(frame.inside) if frame else cases
    # First which, and then what a row shows of them: not of all that are in the picture.
    first = _most_urgent_first(inside).values("pk")[: SINGLE_MAX + 1]
    return list(_most_urgent_first(Incident.objects.filter(pk__in=first).for_list()))


def _most_urgent_first(cases: QuerySet[Incident]) -> QuerySet[Incident]:
    is_over = Case(When(status__in=OPEN_STATUSES, then=0), default=1)
    return cases.burning_first().order_by(is_over, "heat_order", "due_at", "pk")  # type: ignore[attr-defined]


def clusters(cases: QuerySet[Incident], frame: Frame, at: datetime) -> list[Cluster]:
    """The cases in the picture by squares of CLUSTER_PX, the largest first."""
    rows = (
        _squares(cases, frame, CLUSTER_PX)
        .annotate(
            count=Count("pk"),
            lon_mean=Avg("lon"),
            lat_mean=Avg("lat"),
            emergencies=Count("pk", filter=_EMERGENCY),
            overdue=Count("pk", filter=Q(due_at__lt=at, status__in=OPEN_STATUSES)),
            open=Count("pk", filter=Q(status__in=OPEN_STATUSES)),
        )
        .order_by("-count", "column", "row")
    )
    return [
        Cluster(
            round(row["lon_mean"], 6),
            round(row["lat_mean"], 6),
            row["count"],
            "emergency"
            if row["emergencies"]
            else "overdue"
            if row["overdue"]
            else "on"
            if row["open"]
            else "closed",
        )
        for row in rows
    ]


def density(cases: QuerySet[Incident], frame: Frame) -> list[tuple[float, float, int]]:
    """Longitude, latitude and number of the cases in each square of HEAT_PX of the picture."""
    east, north = frame.step(HEAT_PX)
    rows = _squares(cases, frame, HEAT_PX).annotate(count=Count("pk")).values_list("column", "row", "count")
    return [
        (round((column + 0.5) * east, 5), round((row + 0.5) * north, 5), count) for column, row, count in rows
    ]


def by_area(cases: QuerySet[Incident], field: str, frame: Frame | None = None) -> dict[str, int]:
    """How many cases each area has, by its code; `field` says of which kind (community_code, cell_code)."""
    inside = cases.filter(frame.inside) if frame else cases
    rows = inside.exclude(**{field: ""}).order_by().values(field).annotate(count=Count("pk"))
    return {row[field]: row["count"] for row in rows}


def state_of(incident: Incident, at: datetime) -> str:
    """The state that a case's disc shows."""
    if not incident.is_open:
        return "closed"
    if incident.urgency == Urgency.EMERGENCY and incident.status != Status.RESOLVED:
        return "emergency"  # once it is resolved the danger is over, and the check is like any other
    if incident.due_at is None:
        return "paused" if incident.status in _STANDING else "on"
    if incident.due_at < at:
        return "overdue"
    return "warned" if incident.due_at < at + SOON else "on"


def _squares(cases: QuerySet[Incident], frame: Frame, pixels: int) -> QuerySet[Any, Any]:
    east, north = frame.step(pixels)
    return (
        cases.filter(frame.inside)
        .order_by()
        .annotate(column=Floor(F("lon") / east), row=Floor(F("lat") / north))
        .values("column", "row")
    )
