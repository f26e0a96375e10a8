"""A person's notices: the bell on every page, and the list behind it."""

import hashlib
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from config import clock
from dispatch.pages.access import visible_lists
from incidents import brief_sentences, data_sentences, list_news, policy, scoring_sentences, warning_sentences
from incidents import notices as notice_words
from incidents.models import Incident, Notification
from incidents.numbers import district_day
from incidents.pages.access import person, staff
from incidents.pages.wording import title_of

PAGE = 50
COUNT_MAX = 99
_MOST = 2**63 - 1


def unread_count(user: User) -> str:
    """What the bell says: a number, "99+", or nothing; one query that reads a hundred index rows at most."""
    count = Notification.objects.filter(user=user).unread().order_by().values("pk")[: COUNT_MAX + 1].count()
    if count > COUNT_MAX:
        return f"{COUNT_MAX}+"
    return str(count) if count else ""


@require_GET
@staff()
def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, for polling: 304 while its number is the same."""
    count = unread_count(person(request))
    tag = _tag("bell", count, get_language())
    if _knows(request, tag):
        response = HttpResponse(status=304)
    else:
        response = render(request, "incidents/parts/bell.html", {"unread_notices": count})
    return _told(response, tag)


@require_GET
@staff()
def notices(request: HttpRequest) -> HttpResponse:
    """What is unread, or everything; newest first. A poll gets the list alone, or 304."""
    user = person(request)
    shows_all = request.GET.get("tab") == "all"
    before = _number(request.GET.get("before", ""))
    rows = list(_page(user, shows_all=shows_all, before=before))
    unread = unread_count(user)
    tag = _tag(user.pk, shows_all, before, unread, [(row.pk, row.read_at) for row in rows], get_language())
    polls = request.headers.get("X-Requested-With") == "poll"
    if polls and _knows(request, tag):
        return _told(HttpResponse(status=304), tag)
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    context = {
        "at": clock.now(),
        "days": _by_day(user, rows),
        "unread_notices": unread,
        "shows_all": shows_all,
        "before": before,
        "older": _address(shows_all=shows_all, before=rows[-1].pk) if more else "",
        "newest": _address(shows_all=shows_all) if before else "",
        "here": _address(shows_all=shows_all, before=before),
        "last": rows[0].pk if rows else 0,
    }
    template = "incidents/parts/notice_list.html" if polls else "incidents/notices.html"
    return _told(render(request, template, context), tag)


@require_GET
@staff()
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """To what a notice is about: a case, an instruction or a version of the list; it is read then."""
    user = person(request)
    notice = _own(user, pk)
    _read(Notification.objects.filter(pk=notice.pk))
    if notice.kind.startswith(list_news.PREFIX):
        return _to_list(request, user, notice)
    if notice.kind.startswith(scoring_sentences.PREFIX):
        return HttpResponseRedirect(reverse("scoring-period", args=[notice.message.data["number"]]))
    if notice.kind.startswith(brief_sentences.PREFIX):
        return HttpResponseRedirect(reverse("brief", args=[notice.message.data["number"]]))
    if notice.kind.startswith(data_sentences.PREFIX):
        return HttpResponseRedirect(reverse("data-request", args=[notice.message.data["number"]]))
    if notice.kind.startswith(warning_sentences.PREFIX):
        page = "project" if notice.kind == "warning.project" else "warning"
        return HttpResponseRedirect(reverse(page, args=[notice.message.data["number"]]))
    if notice.kind == "webhook.unwanted":
        return HttpResponseRedirect(reverse("messages"))
    if notice.incident is None:
        return HttpResponseRedirect(reverse("instruction", args=[notice.message.data["number"]]))
    if Incident.objects.filter(policy.visible(user), pk=notice.incident.pk).exists():
        return HttpResponseRedirect(reverse("case", args=[notice.incident.number]))
    messages.info(request, _("Case %(number)s is with others now.") % {"number": notice.incident.number})
    return HttpResponseRedirect(reverse("notices"))


# Of these, what is to be done with the version matters, and the words on it; of the rest what it changes.
_LIST_WORK = ("list.behind", "list.sent_back", "list.dropped")


def _to_list(request: HttpRequest, user: User, notice: Notification) -> HttpResponse:
    version = int(notice.message.data["number"])
    if visible_lists(user).filter(version=version).exists():
        page = "list" if notice.kind in _LIST_WORK else "list-changes"
        return HttpResponseRedirect(reverse(page, args=[version]))
    # A beginning that was taken back: to most of the staff a proposal is not shown.
    messages.info(
        request,
        _("Version %(version)d is not live, and its draft is not yours to read.") % {"version": version},
    )
    return HttpResponseRedirect(reverse("lists"))


@require_POST
@staff()
def read_one(request: HttpRequest, pk: int) -> HttpResponse:
    """One notice is read."""
    user = person(request)
    _read(Notification.objects.filter(pk=_own(user, pk).pk))
    return HttpResponseRedirect(_back(request))


@require_POST
@staff()
def read_all(request: HttpRequest) -> HttpResponse:
    """Everything that the person had before their eyes is read; what came in since stays unread."""
    until = _number(request.POST.get("until", "")) or 0
    count = _read(Notification.objects.filter(user=person(request), pk__lte=until))
    if count:
        words = ngettext("%(count)d notice marked as read.", "%(count)d notices marked as read.", count)
        messages.success(request, words % {"count": count})
    return HttpResponseRedirect(_back(request))


def _page(user: User, *, shows_all: bool, before: int | None) -> QuerySet[Notification]:
    found = Notification.objects.filter(user=user)
    if not shows_all:
        found = found.unread()
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.select_related("message", "incident").order_by("-pk")[: PAGE + 1]


def _by_day(user: User, rows: Sequence[Notification]) -> list[dict[str, Any]]:
    """Lines by the district's days. What a case is about is said only to who may still see it."""
    seen = Incident.objects.filter(policy.visible(user), pk__in={row.incident_id for row in rows})
    titles = {case.pk: title_of(case.text.body) for case in seen.select_related("text")} if rows else {}

    def day(row: Notification) -> date:
        return district_day(row.created_at)

    today = district_day(clock.now())
    return [
        {
            "day": on,
            "is_today": on == today,
            "is_yesterday": (today - on).days == 1,
            "lines": [_line(row, titles.get(row.incident_id or 0)) for row in group],
        }
        for on, group in groupby(rows, key=day)
    ]


def _line(row: Notification, title: str | None) -> dict[str, Any]:
    return {
        "notice": row,
        "words": notice_words.of(row),
        "title": title or "",
        "can_open": title is not None or row.incident_id is None,
        "state": "emergency" if row.urgency == "emergency" else "overdue" if row.kind in _LATE else "",
    }


_LATE = ("timer.breached", "timer.escalated", "supervision.raised", "instruction.overdue", "letter.overdue")


def _own(user: User, pk: int) -> Notification:
    """The person's own notice; another's does not exist for them."""
    found = (
        Notification.objects.select_related("incident", "message")
        .filter(user=user, pk=min(pk, _MOST))
        .first()
    )
    if found is None:
        raise Http404
    return found


def _read(found: QuerySet[Notification]) -> int:
    return found.filter(read_at__isnull=True).update(read_at=clock.now())


def _number(text: str) -> int | None:
    """A row's number from an address; what is none counts as not given."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _address(*, shows_all: bool, before: int | None = None) -> str:
    query = [*(["tab=all"] if shows_all else []), *([f"before={before}"] if before else [])]
    return reverse("notices") + (f"?{'&'.join(query)}" if query else "")


def _back(request: HttpRequest) -> str:
    return _address(
        shows_all=request.POST.get("tab") == "all", before=_number(request.POST.get("before", ""))
    )


def _tag(*parts: object) -> str:
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'


def _knows(request: HttpRequest, tag: str) -> bool:
    return request.headers.get("If-None-Match", "").removeprefix("W/") == tag


def _told(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = tag
    response["X-Now"] = clock.now().isoformat()
    return response
