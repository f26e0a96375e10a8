"""The triage desk: queue, case, context. Live by polling; one case after another by keyboard."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action, Role
from accounts.viewer import Reach, viewer_of
from config import clock
from incidents import actions, policy, queries, timeline_words
from incidents.centre import shares
from incidents.claiming import CLAIM_LASTS
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CaseRequest, Incident
from incidents.models.incident import Status
from incidents.pages.access import DESK_ROLES, case_or_404, person, staff
from incidents.pages.desk_case import work
from incidents.pages.steps import STEPS, step_form
from incidents.pages.wording import TITLE_SHORT, described, is_held

QUEUE_SHOWN = 100
# What the desk does in a sheet; dispatching, taking and merging need none.
_SHEETS = ("answer", "reject", "rule")


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the queue."""

    key: str
    label: Any
    holds: Callable[[User, datetime], Q]


def _mine(user: User, at: datetime) -> Q:
    return Q(claimed_by=user, claimed_at__gt=at - CLAIM_LASTS)


def _tagged(*codes: str) -> Callable[[User, datetime], Q]:
    return lambda user, at: Q(triage_codes__overlap=list(codes))


TABS = (
    Tab("", gettext_lazy("All"), lambda user, at: Q()),
    Tab("mine", gettext_lazy("Mine"), _mine),
    Tab("returned", gettext_lazy("Returned"), _tagged("returned", "disputed")),
    Tab("place", gettext_lazy("No place"), _tagged("no_place", "out_of_area")),
    Tab("enquiry", gettext_lazy("Enquiries"), _tagged("enquiry")),
)
# Returns that units have asked for and the centre has not answered: these cases are not on the desk.
ASKED = "asked"


@require_GET
@staff(*DESK_ROLES)
def desk(request: HttpRequest, number: str = "") -> HttpResponse:
    """The desk with a case open: the one named, or the first that nobody else deals with."""
    user, at, tab = person(request), clock.now(), _tab(request)
    if number:
        incident: Incident | None = case_or_404(request, number)
    else:
        incident = _next_case(user, tab, at=at)
    context = work(incident, user, at=at, words=request.GET.get("q", "")) if incident else _nothing(user, at)
    return _shown(request, context, tab=tab, at=at)


@require_GET
@staff(*DESK_ROLES)
def queue(request: HttpRequest) -> HttpResponse:
    """The queue alone, for polling: 304 while nothing in it changed."""
    user, at, tab = person(request), clock.now(), _tab(request)
    cases = _waiting(user, tab, at)
    tag = _etag(cases, user, tab, at)
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, "incidents/parts/desk_queue.html", _queue(user, tab, at))
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
def send(request: HttpRequest, number: str) -> HttpResponse:
    """Dispatch by one of the choices; then the next case opens."""
    item, _at, unit = request.POST.get("choice", "").partition("@")
    unit = unit or request.POST.get(f"unit:{item}", "")

    def act(incident: Incident, user: User, at: datetime) -> str:
        if not item:
            raise InvalidInput("choice", "required", _("Choose whom it goes to."))
        sent = actions.dispatch(
            number=number,
            item_code=item,
            unit_code=unit,
            reason=request.POST.get("reason", ""),
            actor=policy.acting_as(user, Action.DISPATCH, incident),
            at=at,
            seen_version=_seen_version(request),
        )
        return _("%(number)s dispatched to %(unit)s.") % {"number": number, "unit": sent.unit}

    return _acted(request, number, act, moves_on=True)


@require_POST
@staff(*DESK_ROLES)
def claim(request: HttpRequest, number: str) -> HttpResponse:
    """Take the case into one's own hands; it stays open."""

    def act(incident: Incident, user: User, at: datetime) -> str:
        actions.claim(number=number, actor=policy.acting_as(user, Action.CLAIM, incident), at=at)
        return ""

    return _acted(request, number, act, moves_on=False)


@require_POST
@staff(*DESK_ROLES)
def merge(request: HttpRequest, number: str) -> HttpResponse:
    """Merge the case into another that is about the same thing; then the next case opens."""
    into = request.POST.get("into", "").strip()

    def act(incident: Incident, user: User, at: datetime) -> str:
        case_or_404(request, into)  # nothing is merged into a case that this person may not see
        actions.merge(number=number, into=into, actor=policy.acting_as(user, Action.MERGE, incident), at=at)
        return _("%(number)s merged into %(into)s.") % {"number": number, "into": into}

    return _acted(request, number, act, moves_on=True)


def next_case_url(user: User, tab: Tab | str, *, at: datetime, beside: str = "") -> str:
    """Where the desk goes on: the next case that nobody else deals with, or the empty desk."""
    if isinstance(tab, str):
        tab = next((one for one in TABS if one.key == tab), TABS[0])
    following = _next_case(user, tab, at=at, beside=beside)
    query = f"?{urlencode({'tab': tab.key})}" if tab.key else ""
    if following is None:
        return reverse("desk") + query
    return reverse("desk-case", args=[following.number]) + query


def _acted(
    request: HttpRequest,
    number: str,
    act: Callable[[Incident, User, datetime], str],
    *,
    moves_on: bool,
) -> HttpResponse:
    """Act and go on, or show the case again with what was refused and what had been chosen."""
    user, at, tab = person(request), clock.now(), _tab(request)
    incident = case_or_404(request, number)
    try:
        said = act(incident, user, at)
    except (ActionRefused, InvalidInput) as error:
        # Read again: what refused it is what changed.
        incident = case_or_404(request, number)
        context = work(incident, user, at=at, chosen=request.POST.get("choice", ""))
        context["refused"] = str(error)
        context["happened"] = _who_did_what(context) if isinstance(error, ActionRefused) else ""
        response = _shown(request, context, tab=tab, at=at)
        response.status_code = _status(error)
        return response
    if said:
        messages.success(request, said)
    where = next_case_url(user, tab, at=at, beside=number)
    if not moves_on:
        where = reverse("desk-case", args=[number]) + (f"?{urlencode({'tab': tab.key})}" if tab.key else "")
    if request.htmx:  # type: ignore[attr-defined]
        response = HttpResponseRedirect(f"{where}{'&' if '?' in where else '?'}acted=1")
    else:
        response = HttpResponseRedirect(where)
    return response


def _status(error: ActionRefused | InvalidInput) -> int:
    if isinstance(error, InvalidInput):
        return 400
    return {"not_allowed": 403, "not_found": 404}.get(error.code, 409)


def _who_did_what(context: dict[str, Any]) -> str:
    """The last line of the timeline: what came in between."""
    line = next(iter(context["lines"]), None)
    if line is None:
        return ""
    return _("%(who)s: %(what)s") % {"who": line.who, "what": line.words} if line.who else line.words


def _shown(request: HttpRequest, context: dict[str, Any], *, tab: Tab, at: datetime) -> HttpResponse:
    """The whole page, or for htmx the case and what stands beside it, with the queue after an action."""
    user = person(request)
    acted = "acted" in request.GET
    if context["case"] is not None:
        context["sheets"] = _sheets(context["case"], user, at)
    if request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        if acted:
            context.update(_queue(user, tab, at, opened=context.get("case")))
        context.update(acted=acted, tab=tab.key, tab_query=_query(tab))
        response = render(request, "incidents/parts/desk_work.html", context)
        if acted:
            response["HX-Push-Url"] = request.path + _query(tab)
        return response
    context.update(_queue(user, tab, at, opened=context.get("case")))
    return render(request, "incidents/desk.html", context)


def _sheets(incident: Incident, user: User, at: datetime) -> list[dict[str, Any]]:
    return [
        {"step": step, "known": STEPS[step], "form": step_form(incident, step, user=user, at=at)}
        for step in _SHEETS
        if step != "rule" or policy.can(user, Action.RULE, incident)
    ]


def _nothing(user: User, at: datetime) -> dict[str, Any]:
    return {"case": None, "at": at, "today": queries.today(at=at, street_code=_street_of(user))}


def _queue(user: User, tab: Tab, at: datetime, opened: Incident | None = None) -> dict[str, Any]:
    """The rows of a tab with the counts of all tabs; seven queries however long it is."""
    rows = list(_waiting(user, tab, at).for_list().burning_first()[:QUEUE_SHOWN])
    place = queries.places_of(rows)
    asked = _asked(user)
    counts = _desk(user).aggregate(
        **{one.key or "all": Count("pk", filter=one.holds(user, at) if one.key else None) for one in TABS}
    )
    tabs = [{"key": one.key, "label": one.label, "count": counts[one.key or "all"]} for one in TABS]
    tabs.append({"key": ASKED, "label": _("Return requests"), "count": queries.bounded_count(asked)})
    return {
        "tab": tab.key,
        "tab_query": _query(tab),
        "tabs": [one for one in tabs if one["count"] or one["key"] in ("", tab.key)],
        "rules": bool(viewer_of(user).with_roles(Role.DISPATCHER, Role.SUPERVISOR)),
        "waiting": counts["all"],
        "shown": len(rows),
        "rows": [_row(row, user, at, place.short(row), opened) for row in rows],
        "queue_today": queries.today(at=at, street_code=_street_of(user)),
    }


def _row(incident: Incident, user: User, at: datetime, place: str, opened: Incident | None) -> dict[str, Any]:
    held = is_held(incident, at)
    tags = timeline_words.triage_tags(incident.triage_codes)
    if incident.status != Status.TRIAGE:
        tags = [("asked", _("Return asked for"), "warned")]
    return described(
        incident,
        at,
        TITLE_SHORT,
        place=place or incident.get_source_display(),
        tag=tags[0] if tags else None,
        mine=held and incident.claimed_by_id == user.pk,
        taken=held and incident.claimed_by_id != user.pk,
        current=opened is not None and opened.pk == incident.pk,
    )


def _desk(user: User) -> QuerySet[Incident]:
    return Incident.objects.filter(policy.visible(user)).at_desk()


def _asked(user: User) -> QuerySet[Incident]:
    asked = CaseRequest.objects.filter(kind=CaseRequest.Kind.RETURN, answered_at__isnull=True)
    return Incident.objects.filter(policy.visible(user), pk__in=asked.values("incident"))


def _waiting(user: User, tab: Tab, at: datetime) -> Any:
    if tab.key == ASKED:
        return _asked(user)
    return _desk(user).filter(tab.holds(user, at))


def _next_case(user: User, tab: Tab, *, at: datetime, beside: str = "") -> Incident | None:
    """The first case of the tab that nobody else holds, where people share the queue first of this person's
    part; `beside` names one to pass over."""
    free = ~Q(claimed_at__gt=at - CLAIM_LASTS) | Q(claimed_by=user) | Q(claimed_at__isnull=True)
    cases = _waiting(user, tab, at).filter(free).exclude(number=beside)
    burning = cases.burning_first().select_related(
        "category", "owner_unit", "text", "claimed_by", "handler", "merged_into"
    )
    return shares.next_for(user, burning, at=at)


def _etag(cases: QuerySet[Incident], user: User, tab: Tab, at: datetime) -> str:
    """Changes with every case that enters, leaves or changes; with the minute in which a claim lapses."""
    stamp = queries.version_stamp(cases)
    lapsing = _desk(user).filter(claimed_at__gt=at - CLAIM_LASTS).count()
    everything = queries.version_stamp(_desk(user)) if tab.key else stamp
    told = f"{stamp}{everything}{lapsing}{tab.key}{user.pk}{get_language()}{at.astimezone().date()}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'


def _tab(request: HttpRequest) -> Tab:
    key = request.POST.get("tab") or request.GET.get("tab", "")
    if key == ASKED:
        return Tab(ASKED, _("Return requests"), lambda user, at: Q())
    return next((one for one in TABS if one.key == key), TABS[0])


def _query(tab: Tab) -> str:
    return f"?{urlencode({'tab': tab.key})}" if tab.key else ""


def _street_of(user: User) -> str:
    """The one street that this person's desk stands in; empty for the district's."""
    grants = viewer_of(user).with_roles(*DESK_ROLES)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return ""
    return next((grant.unit.area_code for grant in grants if grant.reach == Reach.STREET), "")


def _seen_version(request: HttpRequest) -> int | None:
    given = request.POST.get("seen_version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
