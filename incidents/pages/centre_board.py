"""A centre's board by its lines of work, and the open cases of one line."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config import clock
from incidents import policy, queries
from incidents.centre import board as boards
from incidents.centre.groups import BY_CODE
from incidents.centre.levels import CentreLevel
from incidents.models import Incident
from incidents.oversight import DUE_SOON, OVERDUE
from incidents.pages.access import person, staff
from incidents.pages.centre import below, frame, opened
from incidents.pages.wording import described

PAGE = 50
# A line whose share settled in time is below this is marked.
TARGET = 0.97


@require_GET
@staff()
def board(request: HttpRequest, code: str) -> HttpResponse:
    """Every line of work with its numbers; each number leads to exactly so many cases."""
    seen, at = opened(request, code, "centre-board"), clock.now()
    lines = boards.lines_of(seen.centre, at)
    most = max((line.open for line in lines), default=0)
    shown = [
        {
            "line": line,
            "url": reverse("centre-line", args=[code, line.group.code]),
            "share": line.open / most if most else 0.0,
            "late_share": line.overdue / most if most else 0.0,
            "is_low": line.on_time is not None and line.on_time < TARGET,
            "is_idle": not (line.open or line.received or line.due),
        }
        for line in lines
    ]
    total = {
        name: sum(getattr(line, name) for line in lines)
        for name in ("received", "open", "overdue", "soon", "unaccepted")
    }
    due, met = sum(line.due for line in lines), sum(line.met for line in lines)
    context = {
        **frame(seen, "centre-board"),
        "at": at,
        "lines": shown,
        "total": {**total, "on_time": met / due if due else None},
        "below": below(seen, "centre-board") if seen.centre.level == CentreLevel.DISTRICT else [],
        "target": TARGET,
    }
    return render(request, "incidents/centre/board.html", context)


@require_GET
@staff()
def line(request: HttpRequest, code: str, line: str) -> HttpResponse:
    """The open cases of one line of work, worst first."""
    seen, at = opened(request, code, "centre-board"), clock.now()
    group = BY_CODE.get(line)
    if group is None:
        raise Http404
    only = request.GET.get("only", "")
    only = only if only in (OVERDUE, DUE_SOON) else ""
    cases = boards.cases_of(seen.centre, group, at, only=only).filter(policy.visible(person(request)))
    page = Paginator(cases, PAGE).get_page(request.GET.get("page"))
    rows: list[Incident] = list(page.object_list)
    place = queries.places_of(rows)
    base = reverse("centre-line", args=[code, line])
    context: dict[str, Any] = {
        **frame(seen, "centre-board"),
        "at": at,
        "group": group,
        "made_of": boards.domains_in(group),
        "page": page,
        "rows": [described(row, at, place=place.short(row)) for row in rows],
        "views": [
            {"label": label, "url": f"{base}?only={name}" if name else base, "active": name == only}
            for name, label in (("", _("All open")), (OVERDUE, _("Overdue")), (DUE_SOON, _("Due within 2 h")))
        ],
    }
    return render(request, "incidents/centre/line.html", context)
