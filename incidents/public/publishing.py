"""Publishing: what everybody may know. No words, no pictures, no persons, no households, no disputes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import assert_never, overload

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.models import OrgUnit
from grids.locate import geography
from grids.models import Area, NamedPlace
from incidents import likeness
from incidents.intake.same_thing import metres_between
from incidents.models import Incident, Outcome, Timer
from incidents.models.incident import ResolutionOutcome, Status
from incidents.numbers import district_day
from incidents.openness import public
from incidents.outer import zone
from incidents.public import open_cases
from incidents.public.catalogue import catalogue
from incidents.public.facts import AlikeCase, NearbyQuestion, SettledCase, StreetWeek, Week, WeekQuestion
from incidents.public.following import number_of, phase_of
from incidents.public.matters import Matter, MatterQuestion, likely_categories, likely_matters
from incidents.public.open_facts import (
    CasePage,
    CasesQuestion,
    Catalogue,
    CatalogueQuestion,
    NumberQuestion,
    PictureQuestion,
)
from incidents.public.places import PlaceQuestion, PlaceTold, StillQuestion, place_told, still_told

WEEK = timedelta(days=7)
LATEST = 40
# Of fewer cases a share or a mean says nothing about a street.
ENOUGH = 10

ALIKE_RADIUS_M = 300.0
ALIKE_WINDOW = timedelta(days=30)
ALIKE_MOST = 4
# Of what is open in an area and about the same, how many are asked what they name.
_LOOKED_AT = 30
# Where only what is named is compared.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_METRES_PER_DEGREE = 111_320.0


Question = (
    WeekQuestion
    | NearbyQuestion
    | MatterQuestion
    | CasesQuestion
    | CatalogueQuestion
    | NumberQuestion
    | PictureQuestion
    | PlaceQuestion
    | StillQuestion
)
Told = (
    PlaceTold | Week | tuple[AlikeCase, ...] | tuple[Matter, ...] | CasePage | Catalogue | str | bytes | None
)


@overload
def published(question: WeekQuestion, *, at: datetime) -> Week: ...
@overload
def published(question: NearbyQuestion, *, at: datetime) -> tuple[AlikeCase, ...]: ...
@overload
def published(question: MatterQuestion, *, at: datetime) -> tuple[Matter, ...]: ...
@overload
def published(question: CasesQuestion, *, at: datetime) -> CasePage: ...
@overload
def published(question: CatalogueQuestion, *, at: datetime) -> Catalogue: ...
@overload
def published(question: NumberQuestion, *, at: datetime) -> str: ...
@overload
def published(question: PlaceQuestion | StillQuestion, *, at: datetime) -> PlaceTold: ...
@overload
def published(question: PictureQuestion, *, at: datetime) -> bytes | None: ...
def published(question: Question, *, at: datetime) -> Told:
    """What the public may know: the week's settled cases; open cases about something alike nearby; what words
    may be about; a page of public cases; what can be reported; a case's number by a tracking code (raises
    UnknownCode); a released picture; what a printed code or a place fills in and is called, and what of it
    still holds."""
    if settings.ZONE == "outer":
        told: Told = zone.published(question, at=at)
        return told
    match question:
        case NearbyQuestion():
            return _alike(question, at=at)
        case MatterQuestion():
            return likely_matters(question, at=at)
        case CasesQuestion():
            return open_cases.cases(question, at=at)
        case CatalogueQuestion():
            return catalogue(at=at)
        case NumberQuestion():
            return number_of(question.code)
        case PictureQuestion():
            return open_cases.picture(question)
        case PlaceQuestion():
            return place_told(question)
        case StillQuestion():
            return still_told(question)
        case WeekQuestion():
            return _week(question, at=at)
        case _:
            assert_never(question)


def _alike(question: NearbyQuestion, *, at: datetime) -> tuple[AlikeCase, ...]:
    categories = likely_categories(
        question.text, at=at, lon=question.lon, lat=question.lat, area=question.area
    )
    # What was called solved is not offered: who says that it is the same says that it is not solved, and that
    # is a case of its own.
    known = (
        public(Incident.objects.open())
        .filter(~Q(status=Status.RESOLVED), category__in=categories, received_at__gte=at - ALIKE_WINDOW)
        .select_related("category", "owner_unit")
    )
    if question.lon is not None and question.lat is not None:
        within = _around(question.lon, question.lat, known)
    else:
        within = [(None, incident) for incident in _inside(question, known)]
    within = within[:ALIKE_MOST]
    clocks = {
        timer.incident_id: timer
        for timer in Timer.objects.filter(
            incident__in=[incident.pk for _metres, incident in within],
            kind=Timer.Kind.HANDLING,
            stopped_at__isnull=True,
        )
    }
    roads = _roads(incident for metres, incident in within if metres is None)
    return tuple(
        _alike_case(metres, incident, clocks.get(incident.pk), roads.get(incident.pk, ()))
        for metres, incident in within
    )


def _around(lon: float, lat: float, known: QuerySet[Incident]) -> list[tuple[float | None, Incident]]:
    """Within sight of a point, the nearest first."""
    north = ALIKE_RADIUS_M / _METRES_PER_DEGREE
    east = north / max(0.1, math.cos(math.radians(lat)))
    # incident_nearby: open cases by category and point
    near = known.filter(lat__range=(lat - north, lat + north), lon__range=(lon - east, lon + east))
    found = sorted(
        (metres_between(lon, lat, incident.lon or 0.0, incident.lat or 0.0), incident.pk, incident)
        for incident in near
    )
    return [(metres, incident) for metres, _pk, incident in found if metres <= ALIKE_RADIUS_M]


def _inside(question: NearbyQuestion, known: QuerySet[Incident]) -> Iterable[Incident]:
    """In a cell or a community, the newest first; a street is too wide to ask about. What names another road,
    house or number is another thing."""
    area, kind = question.area, geography().kinds.get(question.area)
    if kind not in ("cell", "community"):
        return
    inside = known.filter(cell_code=area) if kind == "cell" else known.filter(community_code=area)
    told = _seen(question.text, question.address)
    for incident in inside.select_related("text").order_by("-received_at", "-pk")[:_LOOKED_AT]:
        if not likeness.compare(told, _seen(incident.text.body, incident.address)).against:
            yield incident


def _seen(text: str, address: str) -> likeness.Seen:
    """A telling without its point and its time: what it names is asked about alone."""
    return likeness.Seen(text=text, category="", at=_ANY_TIME, address=address)


def _roads(incidents: Iterable[Incident]) -> dict[int, tuple[str, ...]]:
    """The roads of the register that each report names: nothing else of what somebody wrote."""
    told = {incident.pk: f"{incident.address} {incident.text.body}" for incident in incidents}
    if not told:
        return {}
    streets = NamedPlace.objects.filter(kind=NamedPlace.Kind.ROAD, retired_at__isnull=True)
    names = list(streets.values_list("name", flat=True))
    return {pk: tuple(sorted(name for name in names if name in words)) for pk, words in told.items()}


def _alike_case(
    metres: float | None, incident: Incident, clock: Timer | None, roads: tuple[str, ...]
) -> AlikeCase:
    assert incident.category is not None
    return AlikeCase(
        number=incident.number,
        category=incident.category.name,
        unit=incident.owner_unit.name if incident.dispatched_at else "",
        phase=phase_of(incident),
        metres=None if metres is None else round(metres),
        roads=roads,
        reported_at=incident.received_at,
        reports=incident.report_count,
        due_at=clock.due_at if clock else None,
        clock_from=clock.started_at if clock else None,
    )


def _week(question: WeekQuestion, *, at: datetime) -> Week:
    since = at - WEEK
    settled = _settled(since, at)
    tallies = _tallies(settled)
    chosen = settled.filter(street_code=question.street) if question.street else settled
    # The whole is the sum of its parts, so that the sentence and the table agree.
    whole = sum(tallies.values(), _Tally())
    return Week(
        since=since,
        until=at,
        settled=whole.settled,
        on_time=whole.on_time_share,
        mean_seconds=whole.mean_seconds,
        rating=whole.rating,
        streets=_streets(tallies),
        communities=_communities(settled),
        latest=_latest(chosen),
    )


def _settled(since: datetime, at: datetime) -> QuerySet[Incident]:
    """Public cases that were solved and closed in the period, and stand."""
    # outcome_day finds the period's closings without reading every case ever closed
    closed = _standing(Outcome.Kind.CLOSED).filter(day__range=(district_day(since), district_day(at)))
    return (
        public(Incident.objects.all())
        .filter(
            pk__in=closed.values("incident"),
            status=Status.CLOSED,
            outcome=ResolutionOutcome.SOLVED,
            closed_at__gt=since,
            closed_at__lte=at,
        )
        .exclude(street_code="")
        .order_by()
    )


def _standing(kind: Outcome.Kind) -> QuerySet[Outcome]:
    return Outcome.objects.filter(kind=kind, sign=1, reversal__isnull=True).order_by()


@dataclass(frozen=True, slots=True)
class _Tally:
    """Sums of one group; groups add up."""

    settled: int = 0
    handled: int = 0
    on_time: int = 0
    seconds: float = 0.0
    ratings: int = 0
    marks: int = 0

    def __add__(self, other: "_Tally") -> "_Tally":
        return _Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def on_time_share(self) -> float | None:
        return self.on_time / self.handled if self.handled >= ENOUGH else None

    @property
    def mean_seconds(self) -> float | None:
        return self.seconds / self.handled if self.handled >= ENOUGH else None

    @property
    def rating(self) -> float | None:
        return self.marks / self.ratings if self.ratings >= ENOUGH else None


def _tallies(settled: QuerySet[Incident]) -> dict[str, _Tally]:
    """The sums of each street, by its code."""
    tallies = {
        street: _Tally(settled=count)
        for street, count in settled.values_list("street_code").annotate(Count("pk"))
    }
    cases = settled.values("pk")
    handled = _standing(Outcome.Kind.HANDLED).filter(incident__in=cases).values("incident__street_code")
    for row in handled.annotate(
        handled=Count("pk"),
        on_time=Count("pk", filter=Q(on_time=True)),
        span=Sum(F("incident__resolved_at") - F("incident__received_at")),
    ):
        tallies[row["incident__street_code"]] += _Tally(
            handled=row["handled"], on_time=row["on_time"], seconds=row["span"].total_seconds()
        )
    rated = _standing(Outcome.Kind.RATED).filter(incident__in=cases, score__isnull=False)
    for group in rated.values("incident__street_code").annotate(ratings=Count("pk"), marks=Sum("score")):
        tallies[group["incident__street_code"]] += _Tally(ratings=group["ratings"], marks=group["marks"])
    return tallies


def _streets(tallies: Mapping[str, _Tally]) -> tuple[StreetWeek, ...]:
    """By code: a week that still runs ranks nobody."""
    streets = Area.objects.streets().without_polygons().order_by("code")
    return tuple(
        StreetWeek(street.code, street.name, tallies.get(street.code, _Tally()).settled) for street in streets
    )


def _communities(settled: QuerySet[Incident]) -> dict[str, tuple[str, int]]:
    counts = dict(settled.exclude(community_code="").values_list("community_code").annotate(Count("pk")))
    names = Area.objects.names(counts)
    return {code: (names[code], count) for code, count in counts.items() if code in names}


def _latest(settled: QuerySet[Incident]) -> tuple[SettledCase, ...]:
    incidents = list(settled.select_related("category").order_by("-closed_at", "-pk")[:LATEST])
    names = Area.objects.names(
        code for incident in incidents for code in (incident.street_code, incident.community_code)
    )
    units = OrgUnit.objects.in_bulk([incident.owner_unit_id for incident in incidents])
    return tuple(
        SettledCase(
            category=incident.category.name if incident.category else "",
            street=names.get(incident.street_code, ""),
            community=names.get(incident.community_code, ""),
            unit=units[incident.owner_unit_id].name,
            closed_at=incident.closed_at,
            seconds=(incident.resolved_at - incident.received_at).total_seconds(),
            reports=incident.report_count,
        )
        for incident in incidents
        if incident.closed_at and incident.resolved_at
    )
