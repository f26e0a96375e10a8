"""What pages read about cases: each function answers one question, in a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Max, Q, QuerySet, Sum

from accounts.models import OrgUnit
from accounts.viewer import Grant
from grids.models import Area
from incidents.models import Assignment, Contact, Incident, Outcome, Report
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.numbers import district_day

# A list says "999+" instead of counting a million rows.
COUNT_MAX = 999

PRECEDENT_WINDOW = timedelta(days=90)
LOAD_WINDOW = timedelta(days=30)
HISTORY_WINDOW = timedelta(days=365)


def bounded_count(cases: QuerySet[Any], most: int = COUNT_MAX) -> int:
    """How many rows, but never more than `most` + 1."""
    return cases.order_by().values("pk")[: most + 1].count()


def version_stamp(cases: QuerySet[Incident]) -> tuple[int, int, int]:
    """Changes whenever a case enters, leaves or changes among these: rows, sum and highest of versions."""
    found = cases.order_by().aggregate(rows=Count("pk"), versions=Sum("version"), last=Max("pk"))
    return found["rows"], found["versions"] or 0, found["last"] or 0


@dataclass(frozen=True, slots=True)
class Sent:
    """How often similar cases went to one unit, and came back."""

    unit: OrgUnit
    sent: int
    returned: int


@dataclass(frozen=True, slots=True)
class Precedent:
    """Where cases of this kind went before."""

    total: int
    rows: tuple[Sent, ...] = ()
    in_street: bool = False

    @property
    def others(self) -> int:
        return self.total - sum(row.sent for row in self.rows)


def precedent(incident: Incident, *, at: datetime, most: int = 3) -> Precedent:
    """How cases of this category of the last 90 days were sent, in this street where it is known."""
    if incident.category_id is None:
        return Precedent(0)
    sent = Assignment.objects.filter(
        role=Assignment.Role.LEAD,
        incident__category=incident.category_id,
        incident__received_at__gte=at - PRECEDENT_WINDOW,
    ).exclude(Q(incident=incident.pk) | Q(end_reason=Assignment.End.RECALLED))
    if incident.street_code:
        sent = sent.filter(incident__street_code=incident.street_code)
    counted = list(
        sent.order_by()
        .values("unit")
        .annotate(sent=Count("pk"), returned=Count("pk", filter=Q(end_reason=Assignment.End.RETURNED)))
        .order_by("-sent", "unit")
    )
    units = OrgUnit.objects.in_bulk([row["unit"] for row in counted[:most]])
    return Precedent(
        total=sum(row["sent"] for row in counted),
        rows=tuple(Sent(units[row["unit"]], row["sent"], row["returned"]) for row in counted[:most]),
        in_street=bool(incident.street_code),
    )


@dataclass(frozen=True, slots=True)
class Load:
    """What a unit has on its hands now, and how it answered in the last 30 days."""

    unit: OrgUnit
    open: int = 0
    overdue: int = 0
    acceptance: timedelta | None = None
    sent: int = 0
    returned: int = 0

    @property
    def return_rate(self) -> float | None:
        return self.returned / self.sent if self.sent else None


def loads(codes: Sequence[str], *, at: datetime) -> list[Load]:
    """The load of these units, in the order given; three queries."""
    units = OrgUnit.objects.in_bulk(list(codes))
    if not units:
        return []
    now: dict[str, Mapping[str, Any]] = {
        row["owner_unit"]: row
        for row in Incident.objects.open()
        .filter(owner_unit__in=codes)
        .order_by()
        .values("owner_unit")
        .annotate(open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=at)))
    }
    lately: dict[str, Mapping[str, Any]] = {
        row["unit"]: row
        for row in Assignment.objects.filter(
            unit__in=codes, role=Assignment.Role.LEAD, sent_at__gte=at - LOAD_WINDOW
        )
        .exclude(end_reason=Assignment.End.RECALLED)
        .order_by()
        .values("unit")
        .annotate(
            sent=Count("pk"),
            returned=Count("pk", filter=Q(end_reason=Assignment.End.RETURNED)),
            acceptance=Avg(
                F("accepted_at") - F("sent_at"), filter=Q(acceptance=Assignment.Acceptance.EXPLICIT)
            ),
        )
    }
    nothing: Mapping[str, Any] = {}
    return [
        Load(
            unit=units[code],
            open=now.get(code, nothing).get("open", 0),
            overdue=now.get(code, nothing).get("overdue", 0),
            acceptance=lately.get(code, nothing).get("acceptance"),
            sent=lately.get(code, nothing).get("sent", 0),
            returned=lately.get(code, nothing).get("returned", 0),
        )
        for code in codes
        if code in units
    ]


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier report of the same number."""

    incident: Incident
    received_at: datetime


def earlier_reports(contact: Contact | None, incident: Incident, *, seen: Q, at: datetime) -> list[Said]:
    """What the same telephone number reported within a year, newest first; at most 20, two queries."""
    if contact is None or not contact.phone_index or contact.erased_at is not None:
        return []
    reports = (
        Report.objects.filter(contact__phone_index=contact.phone_index, received_at__gte=at - HISTORY_WINDOW)
        .order_by("-received_at", "-pk")
        .values_list("pk", "received_at")[:21]
    )
    received = dict(reports)
    cases = (
        Incident.objects.filter(seen, links__report__in=received, links__unlinked_at__isnull=True)
        .exclude(pk=incident.pk)
        .for_list()
        .annotate(said=F("links__report"))
        .order_by("-pk")
    )
    return [Said(case, received[case.said]) for case in cases][:20]


@dataclass(frozen=True, slots=True)
class Today:
    """A desk's day so far."""

    received: int = 0
    dispatched: int = 0
    automatic: int = 0
    handled: int = 0
    first_right: int = 0

    @property
    def automatic_rate(self) -> float | None:
        return self.automatic / self.dispatched if self.dispatched else None

    @property
    def first_right_rate(self) -> float | None:
        return self.first_right / self.handled if self.handled else None


def today(*, at: datetime, street_code: str = "") -> Today:
    """What came in and went out since midnight in the district, as it is counted everywhere; one query."""
    facts = Outcome.objects.filter(day=district_day(at))
    if street_code:
        facts = facts.filter(street_code=street_code)
    found = facts.aggregate(
        received=Sum("sign", filter=Q(kind=Outcome.Kind.RECEIVED), default=0),
        dispatched=Sum("sign", filter=Q(kind=Outcome.Kind.DISPATCHED), default=0),
        automatic=Sum("sign", filter=Q(kind=Outcome.Kind.DISPATCHED, automatic=True), default=0),
        handled=Sum("sign", filter=Q(kind=Outcome.Kind.HANDLED), default=0),
        first_right=Sum("sign", filter=Q(kind=Outcome.Kind.HANDLED, first=True), default=0),
    )
    return Today(**found)


def units_of(grants: Iterable[Grant]) -> Q:
    """The units that these grants cover, as a condition on OrgUnit."""
    found = Q(pk__in=[])
    for grant in grants:
        found |= Q(path=grant.unit.path) | Q(path__startswith=f"{grant.unit.path}>")
    return found


@dataclass(frozen=True, slots=True)
class Places:
    """Names of the areas that a list of cases lies in."""

    names: dict[str, str] = field(default_factory=dict)

    def street(self, incident: Incident) -> str:
        return self.names.get(incident.street_code, "")

    def community(self, incident: Incident) -> str:
        return self.names.get(incident.community_code, "")

    def short(self, incident: Incident) -> str:
        """The finest name that a list shows: the community, or else the street."""
        return self.community(incident) or self.street(incident)

    def full(self, incident: Incident) -> str:
        """Street and community, as far as they are known."""
        return " ".join(name for name in (self.street(incident), self.community(incident)) if name)


def places_of(cases: Iterable[Incident]) -> Places:
    """The names of the streets and communities of these cases; one query."""
    codes = {code for case in cases for code in (case.street_code, case.community_code) if code}
    return Places(Area.objects.names(codes))


def open_of(units: Q, *statuses: str) -> QuerySet[Incident]:
    """Open cases that one of these units owns, in these states, what burns first."""
    return (
        Incident.objects.filter(
            status__in=statuses or OPEN_STATUSES, owner_unit__in=OrgUnit.objects.filter(units)
        )
        .exclude(status=Status.TRIAGE)
        .burning_first()
    )
