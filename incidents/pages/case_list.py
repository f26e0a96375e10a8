"""The list of cases: filters in the address, pages by cursor."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config import clock
from incidents import policy, queries
from incidents.models import Incident, Supervision
from incidents.models.incident import OPEN_STATUSES
from incidents.pages import waiting
from incidents.pages.access import READING_ROLES, person, staff
from incidents.pages.forms import CaseFilter
from incidents.pages.wording import described

PAGE = 50
_NUMBER = re.compile(r"[0-9]{4,8}(-[0-9]{0,6})?")
_WHOLE_NUMBER = re.compile(r"[0-9]{8}-[0-9]{6}")


@require_GET
@staff(*READING_ROLES)
def cases(request: HttpRequest) -> HttpResponse:
    """Cases that this person may see, filtered by the address; newest first, or what is most overdue."""
    at = clock.now()
    q = request.GET.get("q", "").strip()
    if _WHOLE_NUMBER.fullmatch(q) and _visible(request).filter(number=q).exists():
        return HttpResponseRedirect(reverse("case", args=[q]))
    answers = waiting.to_answer(person(request))
    found, form = chosen(request, request.GET, at, answers=answers)
    wanted = form.cleaned_data if form.is_valid() else {}
    by_due = bool(wanted.get("overdue"))
    rows, earlier, later = _page(found, request, by_due=by_due)
    place, waits = queries.places_of(rows), waiting.tags_of(rows)
    context = {
        "at": at,
        "form": form,
        "rows": [described(row, at, place=place.full(row), waits=waits.get(row.pk, ())) for row in rows],
        "count": queries.bounded_count(found),
        "count_max": queries.COUNT_MAX,
        "earlier": earlier,
        "later": later,
        "is_filtered": any(wanted.values()),
        "views": _views(request, at, answers),
        "search_failed": bool(q) and not _NUMBER.fullmatch(q),
    }
    return render(request, "incidents/cases.html", context)


def chosen(
    request: HttpRequest, given: QueryDict, at: datetime, *, answers: Q | None = None
) -> tuple[QuerySet[Incident], CaseFilter]:
    """The cases that `given` filters out of what this person may see, for the list and for its map."""
    form = CaseFilter(given)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = _filtered(_visible(request), wanted, at)
    if wanted.get("answer"):
        answers = answers if answers is not None else waiting.to_answer(person(request))
        found = found.filter(answers) if answers is not None else found.none()
    return found, form


def _visible(request: HttpRequest) -> QuerySet[Incident]:
    return Incident.objects.filter(policy.visible(request.user))


def _filtered(found: QuerySet[Incident], wanted: dict[str, Any], at: datetime) -> QuerySet[Incident]:
    if wanted.get("overdue"):
        found = found.filter(due_at__lt=at, status__in=OPEN_STATUSES)
    if wanted.get("supervised"):
        found = found.filter(pk__in=Supervision.objects.filter(ended_at__isnull=True).values("incident"))
    if wanted.get("status") == "open":
        found = found.filter(status__in=OPEN_STATUSES)
    elif wanted.get("status"):
        found = found.filter(status=wanted["status"])
    for field, column in (
        ("street", "street_code"),
        ("unit", "owner_unit"),
        ("category", "category"),
        ("urgency", "urgency"),
    ):
        if wanted.get(field):
            found = found.filter(**{column: wanted[field]})
    if q := (wanted.get("q") or "").strip():
        found = found.filter(number__startswith=q) if _NUMBER.fullmatch(q) else found.none()
    return found


def _page(
    found: QuerySet[Incident], request: HttpRequest, *, by_due: bool
) -> tuple[list[Incident], str, str]:
    """One page by cursor, and the addresses before and after it; one query however far down the list.

    The cursor is the last row's key: when it came in (newest first) or is due (most overdue first), and
    its id among equals.
    """
    column, newest_first = ("due_at", False) if by_due else ("received_at", True)
    back = request.GET.get("before", "")
    cursor = _cursor(back or request.GET.get("after", ""))
    descending = newest_first is not bool(back)
    if cursor is not None:
        found = found.filter(_beyond(cursor, column, descending=descending))
    sign = "-" if descending else ""
    rows = list(found.for_list().order_by(f"{sign}{column}", f"{sign}pk")[: PAGE + 1])  # type: ignore[attr-defined]
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    if back:
        rows.reverse()
    has_earlier = bool(rows) and (more if back else cursor is not None)
    has_later = bool(rows) and (True if back else more)
    earlier = _link(request, "before", _key(rows[0], column)) if has_earlier else ""
    later = _link(request, "after", _key(rows[-1], column)) if has_later else ""
    return rows, earlier, later


def _key(row: Incident, column: str) -> str:
    return f"{getattr(row, column).timestamp():.6f}_{row.pk}"


def _cursor(text: str) -> tuple[datetime, int] | None:
    if not text or len(text) > 60:
        return None
    at, _line, pk = text.rpartition("_")
    try:
        return datetime.fromtimestamp(float(at), tz=UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None


def _beyond(cursor: tuple[datetime, int], column: str, *, descending: bool) -> Q:
    at, pk = cursor
    way = "lt" if descending else "gt"
    return Q(**{f"{column}__{way}": at}) | Q(**{column: at, f"pk__{way}": pk})


def _link(request: HttpRequest, name: str, key: str) -> str:
    query = request.GET.copy()
    for other in ("before", "after"):
        query.pop(other, None)
    query[name] = key
    return f"?{query.urlencode()}"


def _views(request: HttpRequest, at: datetime, answers: Q | None) -> list[dict[str, Any]]:
    """Ready-made selections over the list, as tabs: they are nothing but addresses."""
    overdue = _filtered(_visible(request), {"overdue": True}, at)
    urgent = _visible(request).filter(urgency="emergency", status__in=OPEN_STATUSES)
    given = {key: value for key, value in request.GET.items() if value and key not in ("before", "after")}
    views: list[tuple[Any, dict[str, str], QuerySet[Incident] | None, str]] = [
        (_("All cases"), {}, None, ""),
        (_("Open"), {"status": "open"}, None, ""),
        (_("Overdue"), {"overdue": "on"}, overdue, "overdue"),
        (_("Emergencies open"), {"status": "open", "urgency": "emergency"}, urgent, "emergency"),
    ]
    if answers is not None:
        views.append((_("To answer"), {"answer": "on"}, _visible(request).filter(answers), "warned"))
    return [
        {
            "label": label,
            "url": f"{reverse('cases')}?{urlencode(query)}" if query else reverse("cases"),
            "active": given == query,
            "count": queries.bounded_count(counted) if counted is not None else None,
            "state": state,
        }
        for label, query, counted, state in views
    ]
