"""What every page of scores opens with: which periods, appeals and units are whose."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse

from accounts.access import person
from accounts.models import OrgUnit, User
from dashboards.indicators import BY_CODE
from dashboards.models import Appeal, Ruling, ScoringPeriod
from dashboards.scoring import reach
from incidents.actor import Actor
from incidents.numbers import district_day

APPEALS_SHOWN = 50


class PeriodConverter:
    """A period in an address: 2026-06, or 2026-Q2."""

    regex = r"20[0-9]{2}-(?:0[1-9]|1[0-2]|Q[1-4])"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


def periods_of(user: User) -> QuerySet[ScoringPeriod]:
    """What this person may open: what is published; to the district's people also what is not."""
    rows = ScoringPeriod.objects.all()
    if reach.sees_unpublished(user):
        return rows
    if units_of(user):
        # A head may ask before publication already, and sees that the period is there, but no figures.
        return rows
    return rows.exclude(status=ScoringPeriod.Status.OPEN)


def named(rows: QuerySet[ScoringPeriod], key: str) -> ScoringPeriod | None:
    """The period of these that an address names."""
    year, _dash, part = key.partition("-")
    kind = ScoringPeriod.Kind.QUARTER if part.startswith("Q") else ScoringPeriod.Kind.MONTH
    month = 3 * int(part[1:]) - 2 if kind == ScoringPeriod.Kind.QUARTER else int(part)
    return rows.filter(kind=kind, first__year=int(year), first__month=month).first()


def period_or_404(request: HttpRequest, key: str) -> ScoringPeriod:
    """The period, where this person may open it."""
    found = named(periods_of(person(request)).select_related("published_by"), key)
    if found is None:
        raise Http404
    return found


def appeals_seen(user: User) -> Any:
    """The appeals that this person may read."""
    return Appeal.objects.filter(reach.visible_appeals(user)).select_related(
        "period", "unit", "incident", "words", "by", "ruling"
    )


def appeals_of(held: ScoringPeriod, user: User) -> Any:
    """Those of one period, the newest."""
    return appeals_seen(user).filter(period=held)[:APPEALS_SHOWN]


def appeal_row(appeal: Appeal, user: User) -> dict[str, Any]:
    """An appeal as a table shows it."""
    answered: Ruling | None = getattr(appeal, "ruling", None)
    return {
        "appeal": appeal,
        "about": appeal.incident.number if appeal.incident else BY_CODE[appeal.indicator].name,
        "ruling": answered,
        "url": reverse("scoring-ruling", args=[appeal.pk]),
        "may_rule": answered is None and reach.ruling_grant(user, appeal) is not None,
    }


def takes_appeals(held: ScoringPeriod, at: datetime) -> bool:
    """May units still appeal?"""
    return held.first <= district_day(at) and (
        held.status == ScoringPeriod.Status.OPEN
        or (held.appeals_until is not None and at < held.appeals_until)
    )


def units_of(user: User) -> list[OrgUnit]:
    """The units that somebody may appeal for."""
    found = Q(pk__in=[])
    grants = reach.appealing_grants(user)
    if not grants:
        return []
    for grant in grants:
        found |= Q(pk__in=OrgUnit.objects.within(grant.unit))
    return list(OrgUnit.objects.open().filter(found).order_by("path"))


def publisher(request: HttpRequest) -> Actor:
    """Who publishes, in the unit whose role allows it; anybody else is refused."""
    user = person(request)
    grant = reach.publishing_grant(user)
    if grant is None:
        raise PermissionDenied
    return Actor.person(user, grant.unit.code)
