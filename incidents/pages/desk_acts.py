"""What is done to one case from the desk, and how it is taken back: then the next one opens."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.roles import Action
from config import clock
from incidents import actions, policy
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.pages.access import DESK_ROLES, case_or_404, person, staff
from incidents.pages.desk import shown
from incidents.pages.desk_case import work
from incidents.pages.desk_queue import Tab, next_case_url, tab_of
from incidents.pages.desk_sheets import words_ticked

# A message that can be taken back says so in its tags, with the cases that it is about.
UNDO = "undo"
BULK_MOST = 50


@require_POST
@staff(*DESK_ROLES)
def send(request: HttpRequest, number: str) -> HttpResponse:
    """Dispatch by one of the choices, or as suggested; then the next case opens."""
    item, _at, unit = (request.POST.get("suggested") or request.POST.get("choice", "")).partition("@")
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
            seen_version=seen_version(request),
        )
        return _("%(number)s dispatched to %(unit)s.") % {"number": number, "unit": sent.unit}

    return acted(request, number, act, undo=[number])


@require_POST
@staff(*DESK_ROLES)
def claim(request: HttpRequest, number: str) -> HttpResponse:
    """Take the case into one's own hands, or put it back; it stays open."""

    def act(incident: Incident, user: User, at: datetime) -> str:
        if "release" in request.POST:
            actions.release(number=number, actor=policy.acting_as(user, Action.RELEASE, incident), at=at)
        else:
            actions.claim(number=number, actor=policy.acting_as(user, Action.CLAIM, incident), at=at)
        return ""

    return acted(request, number, act, stays=True)


@require_POST
@staff(*DESK_ROLES)
def merge(request: HttpRequest, number: str) -> HttpResponse:
    """Merge the case into another that is about the same thing; then the next case opens."""
    into = request.POST.get("into", "").strip()

    def act(incident: Incident, user: User, at: datetime) -> str:
        case_or_404(request, into)  # nothing is merged into a case that this person may not see
        actions.merge(
            number=number,
            into=into,
            actor=policy.acting_as(user, Action.MERGE, incident),
            at=at,
            seen_version=seen_version(request),
        )
        return _("%(number)s merged into %(into)s.") % {"number": number, "into": into}

    return acted(request, number, act, undo=[number] if _is_at_desk(request, number) else [])


@require_http_methods(["GET", "POST"])
@staff(*DESK_ROLES)
def split(request: HttpRequest, number: str) -> HttpResponse:
    """Make a case of its own out of ticked clauses, typed words or whole reports; the new case opens."""
    if request.method == "GET":
        if policy.acting_grant(person(request), Action.SPLIT, case_or_404(request, number)) is None:
            raise PermissionDenied  # a street's desk sees the case, and no form for what is the district's
        return sheet_page(request, number, "incidents/desk_split.html")
    words = request.POST.get("text", "").strip() or words_ticked(request.POST.getlist("clause"))
    reports = [int(given) for given in request.POST.getlist("report") if given.isascii() and given.isdigit()]
    made: list[Incident] = []

    def act(incident: Incident, user: User, at: datetime) -> str:
        new = actions.split(
            number=number,
            text=words,
            reports=reports,
            actor=policy.acting_as(user, Action.SPLIT, incident),
            at=at,
            seen_version=seen_version(request),
        )
        made.append(new)
        return _("%(new)s was split off from %(number)s.") % {"new": new.number, "number": number}

    return acted(request, number, act, goes_to=lambda: made[0].number, sheet="split")


@require_http_methods(["GET", "POST"])
@staff(*DESK_ROLES)
def correct(request: HttpRequest, number: str) -> HttpResponse:
    """Say whose the facility is, or which category it is: the candidates are weighed again in place."""
    if request.method == "GET":
        return sheet_page(request, number, "incidents/desk_correct.html")

    def act(incident: Incident, user: User, at: datetime) -> str:
        actions.correct(
            number=number,
            owner=request.POST.get("owner") or None,
            category=request.POST.get("category") or None,
            actor=policy.acting_as(user, Action.CORRECT, incident),
            at=at,
            seen_version=seen_version(request),
        )
        return _("Set right, and decided anew.")

    return acted(request, number, act, stays=True, sheet="correct")


@require_POST
@staff(*DESK_ROLES)
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what was just done to one case or several; the first of them opens again."""
    user, at, tab = person(request), clock.now(), tab_of(request)
    numbers = request.POST.get("numbers", "").split(",")[:BULK_MOST]
    back, refused = [], []
    for number in numbers:
        try:
            incident = case_or_404(request, number)
            if incident.status == Status.TRIAGE:
                actions.release(number=number, actor=policy.acting_as(user, Action.RELEASE, incident), at=at)
            else:
                actions.recall(number=number, actor=policy.acting_as(user, Action.RECALL, incident), at=at)
            back.append(number)
        except ActionRefused as error:
            refused.append((number, str(error)))
        except Http404:  # of several, one that was never theirs holds up no other
            refused.append((number, _("There is no case %(number)s.") % {"number": number}))
    if back:
        if len(back) == 1:
            said = _("%(number)s is on the desk again.") % {"number": back[0]}
        else:
            said = ngettext(
                "%(count)d case is on the desk again.", "%(count)d cases are on the desk again.", len(back)
            ) % {"count": len(back)}
        messages.success(request, said)
    for number, why in refused:
        messages.error(request, _("%(number)s: %(why)s") % {"number": number, "why": why})
    # One case opens again; several are in the queue again, and what is open stays open.
    opens = back[0] if len(back) == 1 else _open_case(request)
    if not opens:
        return go(request, next_case_url(user, tab, at=at))
    return go(request, reverse("desk-case", args=[opens]) + tab.query)


def acted(
    request: HttpRequest,
    number: str,
    act: Callable[[Incident, User, datetime], str],
    *,
    stays: bool = False,
    undo: Sequence[str] = (),
    goes_to: Callable[[], str] | None = None,
    sheet: str = "",
) -> HttpResponse:
    """Act and go on, or show the case again with what was refused and what had been chosen.

    What is wrong in a sheet is said in it: it opens again as it was filled in.
    """
    user, at, tab = person(request), clock.now(), tab_of(request)
    incident = case_or_404(request, number)
    try:
        said = act(incident, user, at)
    except InvalidInput as error:
        if not sheet:
            return refused(request, number, error, user, tab, at)
        wrong = {"wrong_sheet": sheet, "wrong": str(error), "typed": request.POST}
        if not request.htmx:  # type: ignore[attr-defined]
            return sheet_page(request, number, f"incidents/desk_{sheet}.html", wrong, status=400)
        response = shown(request, {**work(incident, user, at=at), **wrong}, tab=tab, at=at)
        response.status_code = 400
        return response
    except ActionRefused as error:
        return refused(request, number, error, user, tab, at)
    if said:
        messages.success(request, said, extra_tags=f"{UNDO} {','.join(undo)}" if undo else "")
    if stays or goes_to:
        opens = goes_to() if goes_to else number
        return go(request, reverse("desk-case", args=[opens]) + tab.query)
    return go(request, next_case_url(user, tab, at=at, beside=number))


def sheet_page(
    request: HttpRequest,
    number: str,
    template: str,
    wrong: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A sheet as a page of its own, for where no script opens it over the desk."""
    tab = tab_of(request)
    context = work(case_or_404(request, number), person(request), at=clock.now())
    told = {**context, "tab": tab.key, "tab_query": tab.query, **(wrong or {})}
    return render(request, template, told, status=status)


def refused(
    request: HttpRequest,
    number: str,
    error: ActionRefused | InvalidInput,
    user: User,
    tab: Tab,
    at: datetime,
) -> HttpResponse:
    """The case as it is now, with what was refused, who came in between, and where to go on."""
    # Read again: what refused it is what changed.
    context = work(case_or_404(request, number), user, at=at, chosen=request.POST.get("choice", ""))
    context["refused"] = str(error)
    if isinstance(error, ActionRefused):
        context["happened"] = _who_did_what(context)
        context["next_url"] = next_case_url(user, tab, at=at, beside=number)
    response = shown(request, context, tab=tab, at=at)
    response.status_code = _status(error)
    return response


def go(request: HttpRequest, where: str) -> HttpResponse:
    """To that address; for htmx with the queue beside it, as it is then."""
    if request.htmx:  # type: ignore[attr-defined]  # django_htmx puts it there
        return HttpResponseRedirect(f"{where}{'&' if '?' in where else '?'}acted=1")
    return HttpResponseRedirect(where)


def seen_version(request: HttpRequest, name: str = "seen_version") -> int | None:
    """The version of the case that the page showed."""
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


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


def _is_at_desk(request: HttpRequest, number: str) -> bool:
    return case_or_404(request, number).status == Status.TRIAGE


def _open_case(request: HttpRequest) -> str:
    """The case that the page has open, by its address; empty where it has none."""
    address: str = request.headers.get("HX-Current-URL", "")
    try:
        number: str = resolve(urlsplit(address).path).kwargs.get("number", "")
    except Resolver404:
        return ""
    return number
