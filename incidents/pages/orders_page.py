"""督办台账: every order to act that somebody sees, open or answered."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from accounts.roles import Role
from config import clock
from incidents import policy, queries
from incidents.models import Incident, Supervision
from incidents.pages.access import person, staff
from incidents.pages.wording import title_of

PAGE = 30
OPEN, OVERDUE, RAISED, ENDED = "open", "overdue", "raised", "ended"


@require_GET
@staff(Role.SUPERVISOR)
def orders(request: HttpRequest) -> HttpResponse:
    """Open orders, what is to be answered first; those that have ended, newest first."""
    at = clock.now()
    seen = Supervision.objects.filter(
        incident__in=Incident.objects.filter(policy.visible(person(request))).values("pk")
    )
    wanted = request.GET.get("tab", "")
    wanted = wanted if wanted in (OVERDUE, RAISED, ENDED) else OPEN
    rows, after = _page(_selected(seen, wanted, at), wanted, request.GET.get("after", ""))
    labels = {
        OPEN: pgettext("order", "Open"),
        OVERDUE: _("Not answered in time"),
        RAISED: _("Raised"),
        ENDED: _("Ended"),
    }
    context = {
        "at": at,
        "wanted": wanted,
        "tabs": [
            {
                "label": label,
                "url": _url(name),
                "active": name == wanted,
                "state": "overdue" if name in (OVERDUE, RAISED) else "",
                "count": queries.bounded_count(_selected(seen, name, at)) if name != ENDED else 0,
            }
            for name, label in labels.items()
        ],
        "count_max": queries.COUNT_MAX,
        "rows": [{"order": row, "title": title_of(row.incident.text.body, 40)} for row in rows],
        "first_url": _url(wanted) if request.GET.get("after") else "",
        "next_url": _url(wanted, after=after) if after else "",
    }
    return render(request, "incidents/orders.html", context)


def _selected(seen: QuerySet[Supervision], wanted: str, at: datetime) -> QuerySet[Supervision]:
    condition = {
        OPEN: Q(ended_at__isnull=True),
        OVERDUE: Q(ended_at__isnull=True, answer_by__lt=at),
        RAISED: Q(ended_at__isnull=True, level__gt=Supervision.Level.UNIT),
        ENDED: Q(ended_at__isnull=False),
    }[wanted]
    return seen.filter(condition)


def _url(tab: str, **more: str) -> str:
    query: dict[str, Any] = {**({} if tab == OPEN else {"tab": tab}), **more}
    return reverse("orders") + (f"?{urlencode(query)}" if query else "")


def _page(found: QuerySet[Supervision], tab: str, after: str) -> tuple[list[Supervision], str]:
    """One page after the cursor, and the next one."""
    found = found.select_related("incident__text", "unit", "words", "ordered_by", "answer", "ended_by")
    cursor = _cursor(after)
    if tab == ENDED:
        if cursor is not None:
            found = found.filter(pk__lt=cursor[1])
        rows = list(found.order_by("-pk")[: PAGE + 1])
    else:
        if cursor is not None:
            found = found.filter(Q(answer_by__gt=cursor[0]) | Q(answer_by=cursor[0], pk__gt=cursor[1]))
        rows = list(found.order_by("answer_by", "pk")[: PAGE + 1])
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    return rows[:PAGE], f"{last.answer_by.timestamp():.6f}_{last.pk}"


def _cursor(text: str) -> tuple[datetime, int] | None:
    at, line, pk = text[:60].rpartition("_")
    if not line or not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    try:
        return datetime.fromtimestamp(float(at), tz=UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None
