"""How much is to be expected in the next two weeks: for whoever plans shifts and teams."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import person, staff
from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from config import clock
from dashboards import sheets
from dashboards.forecasting import shown
from dashboards.forecasting.making import LATELY, TOLD
from dashboards.forecasting.model import HORIZON
from dashboards.models import Forecast
from dashboards.scope import Names
from incidents.numbers import district_day

READERS: Final = (Role.LEADER, Role.SUPERVISOR)


def streets_of(user: User) -> tuple[str, ...] | None:
    """The streets whose load a person reads of; None: the whole district, all streets. Empty: nothing."""
    grants = viewer_of(user).with_roles(*READERS)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return None
    return tuple(sorted({grant.unit.area_code for grant in grants if grant.reach == Reach.STREET}))


@dataclass(frozen=True, slots=True)
class Asked:
    """The street and domain that the address asks for; what is not understood is told."""

    street: str
    domain: str
    strange: tuple[str, ...]

    @classmethod
    def of(cls, request: HttpRequest, names: Names, streets: tuple[str, ...] | None) -> "Asked":
        street, domain = request.GET.get("street", ""), request.GET.get("domain", "")
        open_to = tuple(names.streets) if streets is None else streets
        strange = []
        if street and street not in open_to:
            strange.append(street[:40])
            street = ""
        if domain and domain not in names.domains:
            strange.append(domain[:40])
            domain = ""
        if streets is not None and not street:
            street = streets[0]
        return cls(street, domain, tuple(strange))


@require_safe
@staff(*READERS)
def forecast(request: HttpRequest) -> HttpResponse:
    """The newest forecast of one street and domain, beside all others."""
    user, names, today = person(request), Names(), district_day(clock.now())
    streets = streets_of(user)
    if streets == ():
        raise PermissionDenied
    asked = Asked.of(request, names, streets)
    held = Forecast.objects.filter(day__lte=today).first()
    context: dict[str, Any] = {
        "asked": asked,
        "streets": [
            (code, name) for code, name in names.streets.items() if streets is None or code in streets
        ],
        "has_all": streets is None,
        "domains": sorted(names.domains.items()),
        "held": held,
        "days": HORIZON,
        "lately": LATELY,
    }
    if held is not None:
        context |= _told(held, asked, streets, names)
    return render(request, "dashboards/forecast.html", context)


def _told(held: Forecast, asked: Asked, streets: tuple[str, ...] | None, names: Names) -> dict[str, Any]:
    series = held.series.get(shown.key_of(asked.street, asked.domain))
    is_told = series is not None and series["status"] == TOLD
    chosen = (asked.street, asked.domain)
    open_to = list(names.streets) if streets is None else list(streets)
    by_street = shown.rows(
        held,
        [(code, asked.domain, names.street(code), _url(code, asked.domain)) for code in open_to],
        chosen,
    )
    by_domain = shown.rows(
        held,
        [
            (asked.street, code, name, _url(asked.street, code))
            for code, name in sorted(names.domains.items())
        ],
        chosen,
    )
    chart = None
    if is_told:
        past = shown.came(
            *chosen, first=held.day - timedelta(days=LATELY), last=held.day - timedelta(days=1), names=names
        )
        chart = shown.chart(held, series, past)
    inside, days = shown.since(*chosen, today=held.day, names=names)
    return {
        "name": shown.name_of(*chosen, names),
        "finding": shown.finding(series),
        "tested": shown.tested(series) if series else "",
        "is_told": is_told,
        "chart": chart,
        "last": held.day + timedelta(days=HORIZON - 1),
        "days_off": shown.days_off(held.day),
        "by_street": by_street,
        "by_domain": by_domain,
        "street_movers": shown.movers([row for row in by_street if row["is_told"]]),
        "domain_movers": shown.movers([row for row in by_domain if row["is_told"]]),
        "street_name": names.street(asked.street) if asked.street else "",
        "domain_name": names.domains.get(asked.domain, ""),
        "scales": shown.scale_rows(held),
        "is_old": held.day < district_day(clock.now()),
        "since_inside": inside,
        "since_days": days,
        "csv": reverse("forecast-data") + _query(*chosen),
    }


def _url(street: str, domain: str) -> str:
    return reverse("forecast") + _query(street, domain)


def _query(street: str, domain: str) -> str:
    told = urlencode({name: value for name, value in (("street", street), ("domain", domain)) if value})
    return f"?{told}" if told else ""


@require_safe
@staff(*READERS)
def data(request: HttpRequest) -> HttpResponse:
    """Every number of the newest forecast that this person reads, as CSV: a row for each series and day."""
    user, names, today = person(request), Names(), district_day(clock.now())
    streets = streets_of(user)
    if streets == ():
        raise PermissionDenied
    held = Forecast.objects.filter(day__lte=today).first()
    heads = (
        _("Street code"), _("Street"), _("Domain code"), _("Domain"), _("Day"), _("Expected"),
        _("80 %, from"), _("80 %, to"), _("Share inside in its test"), _("No number, because"),
    )  # fmt: skip
    return sheets.download(
        sheets.lines(heads, _lines(held, streets, names), taken_by=user),
        f"forecast-{held.day if held else today}",
    )


def _lines(held: Forecast | None, streets: tuple[str, ...] | None, names: Names) -> Iterator[list[Any]]:
    for key, series in sorted(held.series.items()) if held else ():
        street, _bar, domain = key.partition("|")
        if streets is not None and street not in streets:
            continue
        head = [
            street, names.street(street) if street else _("all"),
            domain, names.domains.get(domain, domain) if domain else _("all"),
        ]  # fmt: skip
        if series["status"] != TOLD:
            yield [*head, "", "", "", "", "", shown.why_not(series["status"])]
            continue
        assert held is not None
        for ahead in range(HORIZON):
            yield [
                *head, (held.day + timedelta(days=ahead)).isoformat(), series["mean"][ahead],
                series["low"][ahead], series["high"][ahead], series["covered"], "",
            ]  # fmt: skip
