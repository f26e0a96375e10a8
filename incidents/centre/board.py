"""A centre's board: its work by the groups that its people run as lines, and the cases behind each number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from dispatch.models import Category
from incidents.centre.centres import Centre
from incidents.centre.groups import GROUPS, Group, group_of, place_in
from incidents.models import Incident, Outcome
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.numbers import district_day
from incidents.oversight import DUE_SOON, OVERDUE, RATE_DAYS, holds


@dataclass(slots=True)
class Line:
    """One group's numbers."""

    group: Group
    received: int = 0  # today
    open: int = 0
    overdue: int = 0
    soon: int = 0
    unaccepted: int = 0
    oldest_at: datetime | None = None
    due: int = 0  # within thirty days
    met: int = 0
    handled: int = 0
    seconds: int = 0

    @property
    def on_time(self) -> float | None:
        return self.met / self.due if self.due else None

    @property
    def mean_seconds(self) -> float | None:
        return self.seconds / self.handled if self.handled else None


def lines_of(centre: Centre, at: datetime) -> list[Line]:
    """Every group in its order: what is open, what came today, thirty days of facts. Two queries."""
    lines = {group.code: Line(group) for group in GROUPS}
    opened = (
        _grouped(centre)
        .filter(status__in=OPEN_STATUSES)
        .values("line")
        .annotate(
            open=Count("pk"),
            overdue=Count("pk", filter=holds(OVERDUE, at)),
            soon=Count("pk", filter=holds(DUE_SOON, at)),
            unaccepted=Count("pk", filter=Q(status=Status.DISPATCHED)),
            oldest_at=Min("received_at"),
        )
    )
    for row in opened:
        line = lines[row.pop("line")]
        for name, value in row.items():
            setattr(line, name, value)
    for row in _facts(centre, at):
        line = lines[place_in(row["source"], row["category_code"])]
        for name in ("received", "due", "met", "handled", "seconds"):
            setattr(line, name, getattr(line, name) + (row[name] or 0))
    return list(lines.values())


def cases_of(centre: Centre, group: Group, at: datetime, *, only: str = "") -> QuerySet[Incident]:
    """The open cases of one group, worst first: exactly as many as its number says."""
    cases = _grouped(centre).filter(status__in=OPEN_STATUSES, line=group.code)
    if only in (OVERDUE, DUE_SOON):
        cases = cases.filter(holds(only, at))
    found: QuerySet[Incident] = cases.for_list().order_by(F("due_at").asc(nulls_last=True), "pk")
    return found


def domains_in(group: Group) -> list[str]:
    """The names of the matters that make a group up, for whoever asks what it is; one query."""
    if not group.matters:
        return []
    wanted = Q(pk__in=[])
    for prefix in group.matters:
        wanted |= Q(code__startswith=prefix)
    names: dict[str, Any] = {}
    for category in Category.objects.filter(wanted).order_by("code"):
        whole = category.domain_code in group.matters
        names[category.domain if whole else category.name] = None
    return list(names)


def _grouped(centre: Centre) -> Any:
    return Incident.objects.filter(centre.cases()).order_by().annotate(line=group_of())


def _facts(centre: Centre, at: datetime) -> Iterable[Mapping[str, Any]]:
    today = district_day(at)
    kind = Outcome.Kind
    return (
        Outcome.objects.filter(
            centre.facts(),
            kind__in=[kind.RECEIVED, kind.DUE, kind.HANDLED],
            day__gt=today - timedelta(days=RATE_DAYS),
            day__lte=today,
        )
        .order_by()
        .values("source", "category_code")
        .annotate(
            # As the wall and the desk count the day: what was merged or split is one case in all of them.
            received=Sum("sign", filter=Q(kind=kind.RECEIVED, day=today), default=0),
            due=Sum("sign", filter=Q(kind=kind.DUE), default=0),
            met=Sum("sign", filter=Q(kind=kind.DUE, on_time=True), default=0),
            handled=Sum("sign", filter=Q(kind=kind.HANDLED), default=0),
            seconds=Sum(F("sign") * F("elapsed"), filter=Q(kind=kind.HANDLED), default=0),
        )
    )
