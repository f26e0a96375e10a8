"""The map of the case list, of the inbox and of supervision: one page over three selections.

The address says what is shown: the filters of the list that it belongs to, the layer, and where one
looks. Beside the map stands its twin, a list of the cases in the picture, for keyboards, for screen
readers and for when no map can be drawn.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from accounts.roles import Role
from config import clock
from grids.models import Area
from incidents import mapping, oversight, policy, queries
from incidents.models import Incident
from incidents.pages import case_list, inbox, supervision
from incidents.pages.access import READING_ROLES, person, staff
from incidents.pages.case_filter import CaseFilter
from incidents.pages.wording import described

LISTED = 50
CASES, HEAT, AREAS = "cases", "heat", "areas"
# From here on the picture is small enough for single cells.
CELL_ZOOM = 15
# The map asks anew this often while it is looked at, in milliseconds.
EVERY = 60_000
# Of the map itself, and no filter of any list.
_OWN = ("layer", "view", "frame", "zoom")


@dataclass(frozen=True, slots=True)
class Shown:
    """A selection of cases to be mapped, and the pages that belong to it."""

    found: QuerySet[Incident]
    title: str
    name: str  # of the map's address; the points' is this and "-points"
    list_url: str
    given: QueryDict
    layer: str = CASES
    tabs: list[dict[str, Any]] = field(default_factory=list)
    form: CaseFilter | None = None
    area: str = ""

    def url(self, name: str = "", **changes: str) -> str:
        """The map's address, or its points', with the filters as they are and some of it changed."""
        query = self.given.copy()
        for key, value in changes.items():
            query[key] = value
        for key in [key for key in query if not query.get(key) and key != "status"]:
            del query[key]
        return reverse(name or self.name) + (f"?{query.urlencode()}" if query else "")


@require_GET
@staff(*READING_ROLES)
def cases_map(request: HttpRequest) -> HttpResponse:
    """The cases of the list on a map; the open ones, unless the address says which."""
    return _page(request, _of_cases(request, clock.now()))


@gzip_page
@require_GET
@staff(*READING_ROLES)
def cases_points(request: HttpRequest) -> HttpResponse:
    """What lies in one picture of it, as GeoJSON."""
    at = clock.now()
    return _points(request, _of_cases(request, at), at)


@require_GET
@staff(Role.HANDLER)
def inbox_map(request: HttpRequest) -> HttpResponse:
    """Where the cases of an inbox are."""
    return _page(request, _of_inbox(request, clock.now()))


@gzip_page
@require_GET
@staff(Role.HANDLER)
def inbox_points(request: HttpRequest) -> HttpResponse:
    """What lies in one picture of it, as GeoJSON."""
    at = clock.now()
    return _points(request, _of_inbox(request, at), at)


@require_GET
@staff(Role.SUPERVISOR)
def supervision_map(request: HttpRequest) -> HttpResponse:
    """Where the cases are that supervisors watch."""
    return _page(request, _of_supervision(request, clock.now()))


@gzip_page
@require_GET
@staff(Role.SUPERVISOR)
def supervision_points(request: HttpRequest) -> HttpResponse:
    """What lies in one picture of it, as GeoJSON."""
    at = clock.now()
    return _points(request, _of_supervision(request, at), at)


def _of_cases(request: HttpRequest, at: datetime) -> Shown:
    given = request.GET.copy()
    if "status" not in given:
        given["status"] = "open"
    found, form = case_list.chosen(request, given, at)
    listed = given.copy()
    for key in [key for key in listed if key in _OWN or not listed.get(key)]:
        del listed[key]
    return Shown(
        found,
        pgettext("page", "Cases"),
        "cases-map",
        reverse("cases") + (f"?{listed.urlencode()}" if listed else ""),
        given,
        layer=_layer(given),
        form=form,
        area=given.get("street", ""),
    )


def _of_inbox(request: HttpRequest, at: datetime) -> Shown:
    user, given = person(request), request.GET.copy()
    tab = given.get("tab", "")
    tab = tab if tab in inbox.TABS else ""
    labels = inbox.labels()
    shown = Shown(
        Incident.objects.filter(inbox.holds(user, tab)),
        _("My work"),
        "inbox-map",
        reverse("inbox") + (f"?tab={tab}" if tab else ""),
        given,
        layer=_layer(given),
    )
    shown.tabs.extend(
        {"label": labels[key], "url": shown.url(tab=key), "active": key == tab} for key in inbox.TABS
    )
    return shown


def _of_supervision(request: HttpRequest, at: datetime) -> Shown:
    user, given = person(request), request.GET.copy()
    wanted = supervision.Wanted.of(given)
    seen = Incident.objects.filter(policy.visible(user))
    for name, column in (("street", "street_code"), ("unit", "owner_unit")):
        if getattr(wanted, name):
            seen = seen.filter(**{column: getattr(wanted, name)})
    shown = Shown(
        oversight.selected(seen, wanted.tab, at),
        _("Supervision"),
        "supervision-map",
        wanted.url(),
        given,
        layer=_layer(given),
        area=wanted.street,
    )
    shown.tabs.extend(
        {"label": label, "url": shown.url(tab=name), "active": name == wanted.tab}
        for name, label in supervision.labels().items()
    )
    return shown


def _layer(given: QueryDict) -> str:
    layer = given.get("layer", "")
    return layer if layer in (HEAT, AREAS) else CASES


def _page(request: HttpRequest, shown: Shown) -> HttpResponse:
    at = clock.now()
    cases = mapping.mapped(shown.found)
    rows = mapping.singles(cases, None)
    layers = ((CASES, _("Cases on the map")), (HEAT, _("Density")), (AREAS, _("By community")))
    keep = {key: value for key, value in shown.given.items() if key in ("layer", "view") and value}
    context = {
        "shown": shown,
        "title": shown.title,
        "layers": [
            {
                "label": label,
                "url": shown.url(layer="" if name == CASES else name),
                "active": name == shown.layer,
            }
            for name, label in layers
        ],
        "points_url": shown.url(f"{shown.name}-points", view=""),
        "every": EVERY,
        "keep": keep,
        "is_filtered": any(value for key, value in shown.given.items() if key not in (*_OWN, "status")),
        **_listed(shown, rows, len(rows), at),
    }
    return render(request, "incidents/map.html", context)


def _points(request: HttpRequest, shown: Shown, at: datetime) -> HttpResponse:
    frame = mapping.Frame.read(request.GET.get("frame", ""), request.GET.get("zoom", ""))
    if frame is None:
        return JsonResponse(
            {"title": "frame and zoom say which picture: 114.0,22.6,114.4,22.9 and 12"}, status=400
        )
    cases = mapping.mapped(shown.found)
    answer: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    if shown.layer == AREAS:
        answer |= _areas(cases, shown, frame)
        return _answered(answer)
    rows = mapping.singles(cases, frame)
    count = len(rows)
    if shown.layer == HEAT:
        answer["heat"] = mapping.density(cases, frame)
        count = sum(weight for _lon, _lat, weight in answer["heat"])
    elif count > mapping.SINGLE_MAX:
        groups = mapping.clusters(cases, frame, at)
        count = sum(group.count for group in groups)
        answer["features"] = [
            _feature(group.lon, group.lat, count=group.count, state=group.state) for group in groups
        ]
    else:
        answer["features"] = [
            _feature(row.lon, row.lat, state=mapping.state_of(row, at), **_told(row)) for row in rows
        ]
    answer["html"] = render_to_string(
        "incidents/parts/map_list.html", _listed(shown, rows, count, at), request
    )
    return _answered(answer)


def _answered(answer: dict[str, Any]) -> HttpResponse:
    response = JsonResponse(answer, json_dumps_params={"ensure_ascii": False, "separators": (",", ":")})
    response["Content-Type"] = "application/geo+json"
    response["Cache-Control"] = "private, no-store"
    return response


def _feature(lon: float | None, lat: float | None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": properties,
    }


def _told(case: Incident) -> dict[str, str]:
    """What a disc says when it is pressed."""
    return {
        "number": case.number,
        "title": described(case, case.received_at)["title"],
        "sub": f"{case.get_status_display()} · {case.owner_unit}",
        "url": reverse("case", args=[case.number]),
    }


def _listed(shown: Shown, rows: list[Incident], count: int, at: datetime) -> dict[str, Any]:
    """The list twin: the most urgent cases of the picture, and what the map does not show."""
    top = rows[:LISTED]
    place = queries.places_of(top)
    missing = mapping.unplaced(shown.found)
    return {
        "at": at,
        "rows": [described(row, at, place=place.short(row)) for row in top],
        "heading": _heading(count, is_more=count == len(rows) > mapping.SINGLE_MAX),
        "is_cut": count > len(top),
        "missing": missing if missing <= queries.COUNT_MAX else f"{queries.COUNT_MAX}+",
        "list_url": shown.list_url,
    }


def _heading(count: int, *, is_more: bool) -> str:
    if is_more:
        return _("more than %(count)d cases") % {"count": mapping.SINGLE_MAX}
    return ngettext("%(count)d case in the picture", "%(count)d cases in the picture", count) % {
        "count": count
    }


def _areas(cases: QuerySet[Incident], shown: Shown, frame: mapping.Frame) -> dict[str, Any]:
    """Communities with their numbers, or the cells of the picture where it is close enough for them."""
    is_close = frame.zoom >= CELL_ZOOM
    counts = (
        mapping.by_area(cases, "cell_code", frame) if is_close else mapping.by_area(cases, "community_code")
    )
    names = Area.objects.names(counts)
    found = sorted(
        ((code, count) for code, count in counts.items() if code in names), key=lambda one: (-one[1], one[0])
    )
    context = {
        "areas": [
            {
                "name": names[code],
                "count": count,
                "url": ""
                if is_close
                else f"{shown.list_url}{'&' if '?' in shown.list_url else '?'}community={code}",
            }
            for code, count in found
        ],
        "list_url": shown.list_url,
    }
    return {
        "areas": {code: {"count": count, "label": _counted(count)} for code, count in found},
        "html": render_to_string("incidents/parts/map_areas.html", context),
    }


def _counted(count: int) -> str:
    return ngettext("%(count)d case", "%(count)d cases", count) % {"count": count}
