"""From a number to its cases: every list has exactly as many entries as the number it opens from.

Counts come from facts, so most lists are lists of facts: a case that was returned twice stands twice in
the list of returns. What waits now is read from the cases themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboards.backlog import AGES, UNHANDLED, cases_of
from dashboards.dimensions import Selection, condition
from dashboards.reading import Span
from incidents import policy
from incidents.models import Incident, Outcome
from incidents.models.incident import OPEN_STATUSES

Text = str | Promise
Kind = Outcome.Kind


@dataclass(frozen=True, slots=True)
class FactList:
    """Standing facts of one kind."""

    code: str
    title: Text
    kind: str
    condition: Q
    shows: str = ""  # what each row says beside the case: "time", "score", "due" or nothing
    gross: bool = False  # facts that were taken back later count too, but for those that were entirely
    slowest_first: bool = False


@dataclass(frozen=True, slots=True)
class CaseList:
    """Cases as they stand now."""

    code: str
    title: Text
    condition: Callable[[datetime], Q]


_FACTS: Final = (
    FactList("received", _("Cases received"), Kind.RECEIVED, Q()),
    FactList("dispatched", _("Cases dispatched"), Kind.DISPATCHED, Q(), "time", slowest_first=True),
    FactList("automatic", _("Dispatched without a person"), Kind.DISPATCHED, Q(automatic=True), "time"),
    FactList("first_sent", _("First dispatches"), Kind.DISPATCHED, Q(first=True), "time", gross=True),
    FactList("returned", _("Returns agreed to"), Kind.RETURNED, Q()),
    FactList("handled", _("Cases handled"), Kind.HANDLED, Q(), "time", slowest_first=True),
    FactList("handled_first", _("Handled by the first unit"), Kind.HANDLED, Q(first=True), "time"),
    *(
        FactList(f"settled_{code.lower()}", title, Kind.HANDLED, Q(level=code), "time")
        for code, title in (
            ("A", _("Settled in the block or grid")),
            ("B", _("Settled in the community")),
            ("C", _("Settled in the street")),
            ("D", _("Settled by the district")),
        )
    ),
    *(
        FactList(f"began_{code.lower()}", title, Kind.HANDLED, Q(first_level=code), "time")
        for code, title in (
            ("A", _("Matters of the block or grid")),
            ("B", _("Matters of the community")),
            ("C", _("Matters of the street")),
        )
    ),
    FactList("solved", _("Resolved as solved"), Kind.HANDLED, Q(solved=True), "time"),
    FactList("due", _("Cases that fell due"), Kind.DUE, Q(), "due"),
    FactList("late", _("Cases that were not handled on time"), Kind.DUE, Q(on_time=False), "due"),
    FactList("met", _("Cases handled on time"), Kind.DUE, Q(on_time=True), "due"),
    FactList("accepted", _("Sendings accepted"), Kind.ACCEPTED, Q()),
    FactList("deemed", _("Accepted by silence"), Kind.ACCEPTED, Q(on_time=False)),
    FactList("contact_due", _("First contacts due"), Kind.CONTACTED, Q()),
    FactList("no_contact", _("First contacts not made in time"), Kind.CONTACTED, Q(on_time=False)),
    FactList("refused", _("Returns refused"), Kind.REFUSED, Q()),
    FactList("paused", _("Cases that were paused"), Kind.HANDLED, Q(paused__gt=0), "time"),
    FactList("unjudged", _("Settled while parked"), Kind.HANDLED, Q(on_time__isnull=True), "time"),
    FactList("mediated", _("Disputes handled"), Kind.HANDLED, Q(mediated__isnull=False), "time"),
    FactList("told_late", _("Resolutions typed in late"), Kind.HANDLED, Q(late_entry=True), "time"),
    FactList("repeated", _("Reported again after closing"), Kind.REPEATED, Q()),
    FactList("closed", _("Cases closed"), Kind.CLOSED, Q(), "time"),
    FactList("reworked", _("Resolutions that did not stand"), Kind.REWORKED, Q()),
    FactList("asked", _("Reporters to be asked how it was"), Kind.ASKED, Q()),
    FactList("answered", _("Reporters who were asked and have rated"), Kind.ANSWERED, Q()),
    FactList("rated", _("Ratings"), Kind.RATED, Q(), "score"),
    FactList("satisfied", _("Results rated 4 or 5"), Kind.RATED, Q(score__gte=4), "score"),
    FactList("unsatisfied", _("Results rated 1 to 3"), Kind.RATED, Q(score__lt=4), "score"),
)


def _aged(age: str) -> Callable[[datetime], Q]:
    """Cases received so many days ago: the bands of the ageing chart, cut the same way."""
    index = [name for name, _most in AGES].index(age)
    most = AGES[index][1]
    least = (AGES[index - 1][1] or 0) + 1 if index else None

    def condition(at: datetime) -> Q:
        where = Q()
        if least is not None:
            where &= Q(received_at__lte=at - timedelta(days=least))
        if most is not None:
            where &= Q(received_at__gt=at - timedelta(days=most + 1))
        return where

    return condition


_CASES: Final = (
    CaseList("open", _("Cases open now"), lambda at: Q()),
    CaseList("overdue", _("Cases overdue now"), lambda at: Q(due_at__lt=at)),
    *(CaseList(f"open-{age}", _("Open cases by age"), _aged(age)) for age, _most in AGES),
)

_ALL: tuple[FactList | CaseList, ...] = (*_FACTS, *_CASES)
LISTS: Final = {entry.code: entry for entry in _ALL}


def facts(entry: FactList, selection: Selection, span: Span, user: User | AnonymousUser) -> QuerySet[Outcome]:
    """The facts that a count is made of, in the order in which they are worth reading."""
    rows = Outcome.objects.filter(
        entry.condition, kind=entry.kind, day__gte=span.first, day__lte=span.last, sign__gt=0
    )
    gone = Outcome.objects.filter(reverses=OuterRef("pk"))
    if entry.gross:  # a case has one first sending at a time, and no other row says that it never was one
        gone = Outcome.objects.filter(entry.condition, incident=OuterRef("incident_id"), kind=entry.kind)
        gone = gone.filter(entirely=True, pk__gt=OuterRef("pk"))
    rows = rows.filter(~Exists(gone.values("pk")))
    rows = rows.filter(condition(selection))
    seen = policy.visible(user)
    if seen != Q():
        rows = rows.filter(incident__in=Incident.objects.filter(seen).values("pk"))
    order = [f"-{selection.clock}", "-pk"] if entry.slowest_first else ["-at", "-pk"]
    return rows.order_by(*order).select_related("incident__text", "incident__owner_unit")


def cases(
    entry: CaseList, selection: Selection, at: datetime, user: User | AnonymousUser
) -> QuerySet[Incident]:
    """The cases that a count of now is made of, the oldest first."""
    return (
        Incident.objects.filter(
            policy.visible(user), cases_of(selection), entry.condition(at), status__in=OPEN_STATUSES
        )
        .order_by("received_at", "pk")
        .select_related("text", "owner_unit")
    )


def unhandled(rows: QuerySet[Outcome]) -> QuerySet[Outcome]:
    """Of the facts of cases that fell due, those whose case still waits for its unit."""
    return rows.filter(incident__status__in=UNHANDLED)


def in_area(rows: QuerySet[Any], community: str) -> QuerySet[Any]:
    """Only those of one community."""
    return rows.filter(community_code=community)
