"""What supervisors look at: six selections of open cases, each defined once.

The counts on the tabs, the rows below them, the bars by street and the number in the menu all come from
these definitions, so that a count is always the number of rows behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from accounts.models import OrgUnit
from dispatch.vocabulary import Urgency
from incidents import repeats
from incidents.models import Adjudication, Assignment, CaseRequest, DecisionRecord, Incident, Outcome
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.numbers import district_day

SOON = timedelta(hours=2)
# Returned this often, a case goes to and fro.
TO_AND_FRO = 2
RATE_DAYS = 30

OVERDUE, DUE_SOON, DISPUTES, RETURNED, EMERGENCIES = "overdue", "soon", "disputes", "returned", "emergency"
REPEATED = "repeated"
SELECTIONS = (OVERDUE, DUE_SOON, DISPUTES, RETURNED, REPEATED, EMERGENCIES)


def holds(selection: str, at: datetime) -> Q:
    """The condition under which an open case belongs to a selection."""
    asked = CaseRequest.objects.filter(
        kind=CaseRequest.Kind.RETURN, answered_at__isnull=True, proposed_unit__isnull=False
    )
    return {
        OVERDUE: Q(due_at__lt=at),
        DUE_SOON: Q(due_at__gte=at, due_at__lt=at + SOON),
        # Two units and one case: before adjudication, with equal claims, or a unit names another.
        DISPUTES: Q(status=Status.TRIAGE, triage_codes__overlap=["disputed", "ambiguous"])
        | Q(pk__in=asked.values("incident"))
        | Q(pk__in=Adjudication.objects.open().values("incident")),
        RETURNED: Q(return_count__gte=TO_AND_FRO),
        REPEATED: repeats.repeated(),
        # Once it is resolved the danger is over; what is left is the check.
        EMERGENCIES: Q(urgency=Urgency.EMERGENCY) & ~Q(status=Status.RESOLVED),
    }[selection]


def selected(seen: QuerySet[Incident], selection: str, at: datetime) -> QuerySet[Incident]:
    """The open cases of a selection, among those that somebody sees."""
    return seen.filter(holds(selection, at), status__in=OPEN_STATUSES)


@dataclass(slots=True)
class Counts:
    """How many there are of each, and what stands below the numbers."""

    overdue: int = 0
    soon: int = 0
    disputes: int = 0
    returned: int = 0
    repeated: int = 0
    emergency: int = 0
    oldest_due_at: datetime | None = None
    soon_unaccepted: int = 0
    disputes_late: int = 0
    most_returns: int = 0
    emergency_unaccepted: int = 0
    # Changes with every case among these.
    rows: int = 0
    versions: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Take in one street's numbers."""
        for name in (
            *SELECTIONS,
            "soon_unaccepted",
            "disputes_late",
            "emergency_unaccepted",
            "rows",
            "versions",
        ):
            setattr(self, name, getattr(self, name) + (row[name] or 0))
        oldest = row["oldest_due_at"]
        if oldest is not None and (self.oldest_due_at is None or oldest < self.oldest_due_at):
            self.oldest_due_at = oldest
        self.most_returns = max(self.most_returns, row["most_returns"] or 0)


@dataclass(slots=True)
class Overview:
    """The counts of all that somebody sees, and of each street."""

    total: Counts = field(default_factory=Counts)
    streets: dict[str, Counts] = field(default_factory=dict)


def overview(seen: QuerySet[Incident], at: datetime) -> Overview:
    """Every number of the page, by street; one query over the open cases."""
    unaccepted = Q(status__in=[Status.TRIAGE, Status.DISPATCHED])
    found = Overview()
    counted = (
        seen.filter(status__in=OPEN_STATUSES)
        .order_by()
        .values("street_code")
        .annotate(
            **{name: Count("pk", filter=holds(name, at)) for name in SELECTIONS},
            oldest_due_at=Min("due_at", filter=holds(OVERDUE, at)),
            soon_unaccepted=Count("pk", filter=holds(DUE_SOON, at) & unaccepted),
            disputes_late=Count("pk", filter=holds(DISPUTES, at) & holds(OVERDUE, at)),
            most_returns=Max("return_count"),
            emergency_unaccepted=Count("pk", filter=holds(EMERGENCIES, at) & unaccepted),
            rows=Count("pk"),
            versions=Sum("version"),
        )
    )
    for row in counted:
        found.total.add(row)
        found.streets[row["street_code"]] = counts = Counts()
        counts.add(row)
    return found


def on_time_rates(at: datetime, *, street_codes: Iterable[str]) -> dict[str, float]:
    """按期处置率 by street over the last thirty days: what was due and met, of what was due; one query."""
    today = district_day(at)
    facts = (
        Outcome.objects.filter(
            kind=Outcome.Kind.DUE,
            day__gt=today - timedelta(days=RATE_DAYS),
            day__lte=today,
            street_code__in=list(street_codes),
        )
        .order_by()
        .values("street_code")
        .annotate(due=Sum("sign"), met=Sum("sign", filter=Q(on_time=True), default=0))
    )
    return {row["street_code"]: row["met"] / row["due"] for row in facts if row["due"] > 0}


@dataclass(frozen=True, slots=True)
class Hop:
    """One unit on a case's way, and how long it held the case."""

    unit: OrgUnit
    held: timedelta
    is_now: bool = False


def paths(cases: Iterable[Incident], at: datetime) -> dict[int, list[Hop]]:
    """Where each case has been, in order, with the time that each unit held it; two queries at most.

    The desk stands in it only where it has the case now: its time in between is the way, not a stop.
    """
    rows = list(cases)
    sent = Assignment.objects.filter(
        incident__in=[case.pk for case in rows], role=Assignment.Role.LEAD
    ).select_related("unit")
    found: dict[int, list[Hop]] = {case.pk: [] for case in rows}
    ended: dict[int, datetime] = {}
    for one in sent.order_by("sent_at", "pk"):
        until = one.ended_at or at
        found[one.incident_id].append(Hop(one.unit, until - one.sent_at, is_now=one.ended_at is None))
        ended[one.incident_id] = until
    for case in rows:
        if case.status == Status.TRIAGE:
            since = ended.get(case.pk, case.received_at)
            found[case.pk].append(Hop(case.owner_unit, at - since, is_now=True))
    return found


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two units that each say it is the other's, and who acts until it is decided."""

    first: OrgUnit | None
    second: OrgUnit | None
    acting: OrgUnit | None
    # What waits for a ruling, with its own clock; without one the desk decides.
    adjudication: Adjudication | None = None


def disputes(cases: Iterable[Incident]) -> dict[int, Dispute]:
    """Between whom each case is disputed; six queries at most, however many cases.

    先办后议: where a unit still has the case it acts until the centre has decided.
    """
    rows = list(cases)
    pks = [case.pk for case in rows]
    found = _adjudicated(rows)
    asked = CaseRequest.objects.filter(
        incident__in=pks, kind=CaseRequest.Kind.RETURN, answered_at__isnull=True, proposed_unit__isnull=False
    )
    for request in asked.select_related("assignment__unit", "proposed_unit"):
        if request.incident_id in found:
            continue
        owner = request.assignment.unit
        found[request.incident_id] = Dispute(owner, request.proposed_unit, owner)
    on_desk = [case.pk for case in rows if case.pk not in found]
    held: dict[int, list[OrgUnit]] = {}
    sent = Assignment.objects.filter(incident__in=on_desk, role=Assignment.Role.LEAD)
    for one in sent.select_related("unit").order_by("-sent_at", "-pk"):
        units = held.setdefault(one.incident_id, [])
        if one.unit not in units:
            units.append(one.unit)
    claimed = _claims([pk for pk in on_desk if len(held.get(pk, ())) < 2])
    for pk in on_desk:
        units = list(dict.fromkeys([*held.get(pk, []), *claimed.get(pk, [])]))
        first, second, *_more = [*units, None, None]
        found[pk] = Dispute(first, second, None)
    return found


def _adjudicated(cases: Iterable[Incident]) -> dict[int, Dispute]:
    rows = {case.pk: case for case in cases}
    opened = list(
        Adjudication.objects.open().filter(incident__in=rows).select_related("timer", "disputed__unit")
    )
    units = OrgUnit.objects.in_bulk({code for one in opened for code in one.parties}) if opened else {}
    found = {}
    for one in opened:
        between = [one.disputed.unit, *(units[code] for code in one.parties if code in units)]
        first, second, *_more = [*dict.fromkeys(between), None]
        owner = rows[one.incident_id].owner_unit
        acting = owner if rows[one.incident_id].status != Status.TRIAGE else None
        found[one.incident_id] = Dispute(first, second, acting, one)
    return found


def _claims(pks: list[int]) -> dict[int, list[OrgUnit]]:
    """The units that the machine named with the same right."""
    if not pks:
        return {}
    named: dict[int, list[str]] = {}
    machine = DecisionRecord.objects.filter(incident__in=pks, made_by__isnull=True, adjudication=None)
    for record in machine.order_by("pk"):
        codes = [one.get("unit") for one in record.detail.get("candidates", ())]
        named[record.incident_id] = list(dict.fromkeys(code for code in codes if code))[:2]
    units = OrgUnit.objects.in_bulk({code for codes in named.values() for code in codes})
    return {pk: [units[code] for code in codes if code in units] for pk, codes in named.items()}
