"""Where warnings stand: a map of places with warnings, and streets by domains, each a way to its list."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import person, staff
from config import clock
from dashboards.models import Warning
from dashboards.scope import Names
from dashboards.warning import reach, where
from dashboards.warning_pages import ALL, Filters, seen_by, streets_of


def _asked(request: HttpRequest, names: Names) -> tuple[Filters, dict[tuple[str, str, str], where.Cell]]:
    filters = Filters.of(request, names)
    rows = where.lately(seen_by(request), weeks=filters.weeks or where.USUAL, at=clock.now())
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    return filters, where.cells(rows)


def _link(filters: Filters) -> where.Link:
    """The list of exactly those that a cell counts."""

    def link(street: str, domain: str) -> str:
        weeks = str(filters.weeks or where.USUAL)
        return reverse("warnings") + filters.query(status=ALL, street=street, domain=domain, weeks=weeks)

    return link


@require_safe
@staff(*reach.READERS)
def overview(request: HttpRequest) -> HttpResponse:
    """The grid, and the map beside it."""
    names = Names()
    filters, found = _asked(request, names)
    streets = streets_of(person(request), names)
    context: dict[str, Any] = {
        "filters": filters,
        "weeks": filters.weeks or where.USUAL,
        "weeks_of": where.WEEKS,
        "kinds": Warning.Kind.choices,
        "finding": where.finding(found, names),
        "grid": where.grid(found, streets, names, _link(filters)),
        "has_any": bool(found),
        "map_url": reverse("warnings-where-values") + filters.query(),
        "map_area": streets[0] if len(streets) == 1 else "",
        "unplaced": sum(cell.found for (street, _community, _domain), cell in found.items() if not street),
    }
    return render(request, "dashboards/warnings_where.html", context)


@require_safe
@staff(*reach.READERS)
def values(request: HttpRequest) -> JsonResponse:
    """What the map is coloured by."""
    names = Names()
    filters, found = _asked(request, names)
    return JsonResponse(where.map_values(found, names, _link(filters)))
