"""What hangs on the wall of an operations centre: its part of the district now, in nine queries.

A wall stands in a room that visitors walk through. It says what a matter is and where, and never the words
of a report.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Case, Count, Min, Q, QuerySet, Sum, Value, When

from accounts.duty import DutyShift
from accounts.models import OrgUnit
from dispatch.vocabulary import Urgency
from grids.models import Area
from incidents import queries
from incidents.centre.centres import Centre, parts_of, units_of_centres
from incidents.centre.levels import CentreLevel
from incidents.centre.outlines import Drawing, drawing_of, middle_of
from incidents.models import Incident, Outcome
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.numbers import DISTRICT_ZONE, district_day
from incidents.oversight import DUE_SOON, EMERGENCIES, OVERDUE, holds

TIGHTEST = 5
NEWEST = 6
# More marks than this are a cloud, and not a picture.
MARKS = 400
FRESH = timedelta(hours=1)
# A weekday is like the same day of the weeks before.
WEEKS_BEFORE = 4
# The district's own published mean, after its platform had started: the number to stay below, in seconds.
DISPATCH_TARGET = 1.22 * 3600


@dataclass(slots=True)
class Part:
    """One street, community or cell of the wall, and how it stands."""

    area: Area | None
    open: int = 0
    overdue: int = 0
    soon: int = 0
    unaccepted: int = 0
    emergency: int = 0

    @property
    def name(self) -> str:
        return self.area.name if self.area else ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One case on the drawing. The shape says what the colour says."""

    kind: str  # emergency, overdue, soon, fresh
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Today:
    """The day so far, as it is counted everywhere."""

    received: int = 0
    usual: float | None = None  # at this hour, on the same weekday of the weeks before
    dispatched: int = 0
    automatic: int = 0
    dispatch_seconds: float | None = None
    due: int = 0
    met: int = 0
    closed: int = 0

    @property
    def automatic_share(self) -> float | None:
        return self.automatic / self.dispatched if self.dispatched else None

    @property
    def on_time_share(self) -> float | None:
        return self.met / self.due if self.due else None

    @property
    def more_than_usual(self) -> float | None:
        """0.06 for six per cent more than usual; nothing where too little is known to say."""
        if self.usual is None or self.usual < 5:
            return None
        return self.received / self.usual - 1


@dataclass(frozen=True, slots=True)
class Watch:
    """Centres of one level with somebody on duty now."""

    level: str
    on: int
    all: int


@dataclass(frozen=True, slots=True)
class Telling:
    """What a wall may say of single cases. All are counted, whatever it is."""

    named: Q = field(default_factory=Q)  # those that stand in lists and on the drawing
    roughly: Q | None = None  # of those, the ones that are drawn in the middle of their community


@dataclass(slots=True)
class Wall:
    """Everything a wall shows."""

    total: Part
    parts: list[Part]
    desk: int
    desk_oldest_at: datetime | None
    worst_due_at: datetime | None
    today: Today
    tightest: list[Incident] = field(default_factory=list)
    newest: list[Incident] = field(default_factory=list)
    emergency: Incident | None = None
    marks: list[Mark] = field(default_factory=list)
    fresh: int = 0
    drawing: Drawing | None = None
    watches: list[Watch] = field(default_factory=list)
    on_duty: list[DutyShift] = field(default_factory=list)


def stamp(centre: Centre, at: datetime) -> str:
    """Changes with every open case that enters, leaves or changes, and with the half minute; one query."""
    rows, versions, last = queries.version_stamp(_open(centre))
    return f"{rows}-{versions}-{last}-{int(at.timestamp() / 30)}"


def wall_of(centre: Centre, at: datetime, telling: Telling | None = None) -> Wall:
    """The wall of a centre as of now; without `telling`, as those see it who work there."""
    telling = telling or Telling()
    total, parts, more = _counted(centre, at)
    named = _open(centre).filter(telling.named)
    urgent = list(named.filter(holds(EMERGENCIES, at)).for_list().order_by("due_at", "pk")[:TIGHTEST])
    return Wall(
        total=total,
        parts=parts,
        desk=more["desk"],
        desk_oldest_at=more["desk_oldest_at"],
        worst_due_at=more["worst_due_at"],
        today=_today(centre, at),
        tightest=_tightest(named, urgent, at),
        newest=list(
            Incident.objects.filter(centre.cases(), telling.named)
            .for_list()
            .order_by("-received_at", "-pk")[:NEWEST]
        ),
        emergency=urgent[0] if urgent else None,
        marks=_marks(centre, at, telling),
        fresh=more["fresh"],
        drawing=drawing_of(centre),
        watches=_watches(centre, at),
        on_duty=_on_duty(centre, at),
    )


def _open(centre: Centre) -> Any:
    return Incident.objects.filter(centre.cases(), status__in=OPEN_STATUSES)


def _part_column(centre: Centre) -> str:
    return {
        CentreLevel.DISTRICT: "street_code",
        CentreLevel.STREET: "community_code",
        CentreLevel.COMMUNITY: "cell_code",
    }[centre.level]


def _counted(centre: Centre, at: datetime) -> tuple[Part, list[Part], Mapping[str, Any]]:
    """The numbers of each part and of the whole, from one query over the open cases."""
    column = _part_column(centre)
    rows = (
        _open(centre)
        .order_by()
        .values(column)
        .annotate(
            open=Count("pk"),
            overdue=Count("pk", filter=holds(OVERDUE, at)),
            soon=Count("pk", filter=holds(DUE_SOON, at)),
            unaccepted=Count("pk", filter=Q(status=Status.DISPATCHED)),
            emergency=Count("pk", filter=holds(EMERGENCIES, at)),
            desk=Count("pk", filter=Q(status=Status.TRIAGE)),
            desk_oldest_at=Min("clock_started_at", filter=Q(status=Status.TRIAGE)),
            worst_due_at=Min("due_at", filter=holds(OVERDUE, at)),
            fresh=Count("pk", filter=Q(received_at__gt=at - FRESH)),
        )
    )
    areas = {area.code: area for area in parts_of(centre)}
    parts = {code: Part(area) for code, area in areas.items()}
    nowhere = Part(None)
    total = Part(centre.area)
    more: dict[str, Any] = {"desk": 0, "fresh": 0, "desk_oldest_at": None, "worst_due_at": None}
    for row in rows:
        part = parts.get(row[column], nowhere)
        for one in (part, total):
            one.open += row["open"]
            one.overdue += row["overdue"]
            one.soon += row["soon"]
            one.unaccepted += row["unaccepted"]
            one.emergency += row["emergency"]
        more["desk"] += row["desk"]
        more["fresh"] += row["fresh"]
        for name in ("desk_oldest_at", "worst_due_at"):
            known = [one for one in (more[name], row[name]) if one is not None]
            more[name] = min(known, default=None)
    shown = sorted(parts.values(), key=lambda part: (-part.open, part.area.code if part.area else ""))
    if nowhere.open:
        shown.append(nowhere)
    return total, shown, more


def _tightest(named: Any, urgent: list[Incident], at: datetime) -> list[Incident]:
    """Emergencies first, then whose time runs out next; what is overdue already has its own number."""
    known = [case.pk for case in urgent]
    next_due: QuerySet[Incident] = (
        named.filter(due_at__gte=at)
        .exclude(pk__in=known)
        .for_list()
        .order_by("due_at", "pk")[: TIGHTEST - len(urgent)]
    )
    return [*urgent, *(next_due if len(urgent) < TIGHTEST else [])]


def _marks(centre: Centre, at: datetime, telling: Telling) -> list[Mark]:
    """Where something burns, and what is new; one query. Worst last, so that it is drawn on top."""
    is_urgent = Q(urgency=Urgency.EMERGENCY) & ~Q(status=Status.RESOLVED)
    wanted = is_urgent | Q(due_at__lt=at + timedelta(hours=2)) | Q(received_at__gt=at - FRESH)
    rows = (
        _open(centre)
        .filter(wanted, telling.named, lon__isnull=False, lat__isnull=False)
        .annotate(
            roughly=Value(False)
            if telling.roughly is None
            else Case(When(telling.roughly, True), default=False)
        )
        .burning_first()
        .values_list("lon", "lat", "urgency", "status", "due_at", "roughly", "community_code")[:MARKS]
    )
    sheet, marks = drawing_of(centre), []
    for lon, lat, urgency, status, due_at, roughly, community in rows:
        spot = middle_of(centre, community) if roughly else sheet.on(lon, lat)
        if spot is None:
            continue
        if urgency == Urgency.EMERGENCY and status != Status.RESOLVED:
            kind = "emergency"
        elif due_at is not None and due_at < at:
            kind = "overdue"
        elif due_at is not None and due_at < at + timedelta(hours=2):
            kind = "soon"
        else:
            kind = "fresh"
        marks.append(Mark(kind, *spot))
    order = ("fresh", "soon", "overdue", "emergency")
    return sorted(marks, key=lambda mark: order.index(mark.kind))


def _today(centre: Centre, at: datetime) -> Today:
    """The day's facts; and what came in by this hour on the same weekday before. Two queries."""
    day = district_day(at)
    kind = Outcome.Kind
    counted = [kind.RECEIVED, kind.DISPATCHED, kind.DUE, kind.CLOSED]  # named: the index begins with it
    found = Outcome.objects.filter(centre.facts(), day=day, kind__in=counted).aggregate(
        received=Sum("sign", filter=Q(kind=kind.RECEIVED), default=0),
        dispatched=Sum("sign", filter=Q(kind=kind.DISPATCHED), default=0),
        automatic=Sum("sign", filter=Q(kind=kind.DISPATCHED, automatic=True), default=0),
        dispatch_seconds=Avg("elapsed", filter=Q(kind=kind.DISPATCHED, sign=1, reversal=None)),
        due=Sum("sign", filter=Q(kind=kind.DUE), default=0),
        met=Sum("sign", filter=Q(kind=kind.DUE, on_time=True), default=0),
        closed=Sum("sign", filter=Q(kind=kind.CLOSED), default=0),
    )
    gone = at - datetime.combine(day, datetime.min.time(), DISTRICT_ZONE)
    before = Q(pk__in=[])
    for week in range(1, WEEKS_BEFORE + 1):
        then = day - timedelta(weeks=week)
        until = datetime.combine(then, datetime.min.time(), DISTRICT_ZONE) + gone
        before |= Q(day=then, at__lt=until)
    usual = (
        Outcome.objects.filter(before, centre.facts(), kind=kind.RECEIVED)
        .order_by()
        .aggregate(count=Sum("sign", default=0), days=Count("day", distinct=True))
    )
    # A week in which nothing at all came in is a week before the first.
    known = usual["days"]
    return Today(**found, usual=usual["count"] / known if known else None)


def _on_duty(centre: Centre, at: datetime) -> list[DutyShift]:
    """Who stands on the centre's own roster now; one query."""
    shifts = DutyShift.objects.filter(unit=centre.unit).standing().at(at)
    return list(shifts.select_related("user").order_by("starts_at", "pk"))


def _watches(centre: Centre, at: datetime) -> list[Watch]:
    """At how many of the centres at and below this one somebody is on duty; two queries."""
    units = list(
        OrgUnit.objects.open()
        .filter(units_of_centres())
        .filter(Q() if centre.level == CentreLevel.DISTRICT else Q(area_code__startswith=_prefix(centre)))
        .values_list("code", "kind")
    )
    manned = set(
        DutyShift.objects.filter(unit__in=[code for code, _kind in units])
        .standing()
        .at(at)
        .values_list("unit", flat=True)
    )
    found: dict[str, list[int]] = {}
    for code, kind in units:
        level = _level_of_unit(kind)
        counts = found.setdefault(level, [0, 0])
        counts[0] += code in manned
        counts[1] += 1
    order = [level.value for level in CentreLevel]
    return [Watch(level, *found[level]) for level in sorted(found, key=order.index)]


def _prefix(centre: Centre) -> str:
    return centre.code[:9] if centre.level == CentreLevel.STREET else centre.code


def _level_of_unit(kind: str) -> str:
    if kind == OrgUnit.Kind.STREET_TEAM:
        return CentreLevel.STREET
    return CentreLevel.COMMUNITY if kind == OrgUnit.Kind.COMMUNITY_STATION else CentreLevel.DISTRICT


def openable(cases: list[Incident], seen: Q) -> set[int]:
    """Which of these the viewer may open; a station watches cases that are not all its own. One query."""
    pks = [case.pk for case in cases]
    return set(Incident.objects.filter(seen, pk__in=pks).values_list("pk", flat=True)) if pks else set()
