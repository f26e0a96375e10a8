"""The triage desk: queue, case, context. Live by polling; one case after another by keyboard."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action
from config import clock
from incidents import policy, presence, queries
from incidents.models import Incident
from incidents.pages.access import DESK_ROLES, case_or_404, person, staff
from incidents.pages.desk_case import work
from incidents.pages.desk_queue import (
    Tab,
    etag_of,
    next_case,
    queue_of,
    street_of,
    tab_of,
    waits_for_a_person,
)
from incidents.pages.desk_queue import next_case_url as next_case_url
from incidents.pages.desk_queue import waiting as waiting
from incidents.pages.steps import STEPS, step_form

# What the desk does in a sheet; dispatching, taking and merging need none.
_SHEETS = {
    "answer": Action.ANSWER,
    "reject": Action.REJECT,
    "false-alarm": Action.FALSE_ALARM,
    "rule": Action.RULE,
    "note": Action.NOTE,
}


@require_GET
@staff(*DESK_ROLES)
def desk(request: HttpRequest, number: str = "") -> HttpResponse:
    """The desk with a case open: the one named, or the first that nobody else deals with."""
    user, at, tab = person(request), clock.now(), tab_of(request)
    if number:
        incident: Incident | None = case_or_404(request, number)
    else:
        incident = next_case(user, tab, at=at)
        if incident is not None:
            # From this instant on, as after an action: the page's own word comes a moment later.
            presence.look(user, incident, now=timezone.now())
    context = work(incident, user, at=at, words=request.GET.get("q", "")) if incident else nothing(user, at)
    return shown(request, context, tab=tab, at=at)


@require_GET
@staff(*DESK_ROLES)
def queue(request: HttpRequest) -> HttpResponse:
    """The queue alone, for polling: 304 while nothing in it changed."""
    user, at, tab = person(request), clock.now(), tab_of(request)
    tag = etag_of(user, tab, at)
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, "incidents/parts/desk_queue.html", queue_of(user, tab, at))
    response["ETag"] = tag
    response["X-Now"] = at.isoformat()
    return response


@require_GET
@staff(*DESK_ROLES)
def options(request: HttpRequest, number: str) -> HttpResponse:
    """Units and items by name, as further ways to send this case."""
    if not request.htmx:  # type: ignore[attr-defined]  # django_htmx puts it there
        return HttpResponseRedirect(f"{reverse('desk-case', args=[number])}?{request.GET.urlencode()}")
    incident = case_or_404(request, number)
    context = work(incident, person(request), at=clock.now(), words=request.GET.get("q", ""))
    return render(request, "incidents/parts/desk_options.html", context)


@require_POST
@staff(*DESK_ROLES)
def here(request: HttpRequest, number: str) -> HttpResponse:
    """The page says that it still shows this case; nobody else is offered it meanwhile.

    Said of a case that was decided meanwhile, it was on its way while the desk already went on: it must not
    take the next case's place.
    """
    incident = case_or_404(request, number)
    if waits_for_a_person(incident):
        presence.look(person(request), incident, now=timezone.now())
    return HttpResponse(status=204)


@require_POST
@staff(*DESK_ROLES)
def gone(request: HttpRequest, number: str) -> HttpResponse:
    """The page with this case says that it is being left."""
    presence.leave(person(request), case_or_404(request, number))
    return HttpResponse(status=204)


def nothing(user: User, at: datetime) -> dict[str, Any]:
    """The context of a desk with no case open."""
    return {"case": None, "at": at, "today": queries.today(at=at, street_code=street_of(user))}


def shown(request: HttpRequest, context: dict[str, Any], *, tab: Tab, at: datetime) -> HttpResponse:
    """The whole page, or for htmx the case and what stands beside it, with the queue after an action."""
    user = person(request)
    acted = "acted" in request.GET
    if context["case"] is not None:
        context["sheets"] = _sheets(context["case"], user, at)
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        if acted:
            context.update(queue_of(user, tab, at, opened=context.get("case")))
        context.update(acted=acted, tab=tab.key, tab_query=tab.query)
        response = render(request, "incidents/parts/desk_work.html", context)
        if acted:
            response["HX-Push-Url"] = request.path + tab.query
        return response
    context.update(queue_of(user, tab, at, opened=context.get("case")))
    return render(request, "incidents/desk.html", context)


def _sheets(incident: Incident, user: User, at: datetime) -> list[dict[str, Any]]:
    return [
        {"step": step, "known": STEPS[step], "form": step_form(incident, step, user=user, at=at)}
        for step, action in _SHEETS.items()
        if step in ("answer", "reject") or policy.can(user, action, incident)
    ]
