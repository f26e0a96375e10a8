"""电话回访: the queue of reporters to be called back, and the call itself with its script."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import View
from accounts.models import User
from accounts.roles import Action
from accounts.viewer import Reach, viewer_of
from config import clock
from incidents import actions, policy, queries
from incidents.actor import Actor
from incidents.calling import reading, rules, script
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Callback
from incidents.models.callbacks import CallbackQuerySet
from incidents.pages.access import DESK_ROLES, person, staff
from incidents.pages.callback_forms import CallForm
from incidents.pages.desk_case import photos_of, timeline_of
from incidents.pages.wording import TITLE_SHORT, described, plain_moment, title_of

QUEUE_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the queue."""

    key: str
    label: Any
    holds: Callable[[CallbackQuerySet, User, datetime], CallbackQuerySet]


TABS = (
    Tab("", gettext_lazy("To call now"), lambda rows, user, at: reading.ready(rows, at)),
    Tab("later", gettext_lazy("Later"), lambda rows, user, at: reading.later(rows, at)),
    Tab("mine", gettext_lazy("In my hands"), lambda rows, user, at: rows.held_by_user(user, at)),
)


def is_caller(user: User) -> bool:
    """Does this person sit at the district's desk?"""
    return any(grant.reach == Reach.DISTRICT for grant in viewer_of(user).with_roles(*DESK_ROLES))


def _callers(view: View) -> View:
    """The district's desk calls back: a street would ask its own reporters how its own teams were."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not is_caller(person(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return staff(*DESK_ROLES)(guarded)


@require_GET
@_callers
def callbacks(request: HttpRequest) -> HttpResponse:
    """The queue, its rules, and what today's calls brought."""
    user, at = person(request), clock.now()
    standing = reading.standing(user, at)
    context = {
        **_queue(user, _tab(request), at, standing=standing),
        "day": reading.day_of(at),
        "mine": reading.day_of(at, by=user),
        "ranks": rules.RANKS,
        "parts": rules.PARTS,
        "part": rules.part_of(at),
        "goes_on": None if standing.ready else reading.goes_on(reading.queue_of(user), at),
        "attempts_most": rules.ATTEMPTS,
    }
    return render(request, "incidents/callbacks.html", context)


@require_GET
@_callers
def queue(request: HttpRequest) -> HttpResponse:
    """The queue alone, for polling: 304 while nothing in it changed."""
    user, at, tab = person(request), clock.now(), _tab(request)
    standing = reading.standing(user, at)
    told = f"{standing}{tab.key}{user.pk}{get_language()}{at.astimezone().date()}"
    tag = f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(
            request, "incidents/parts/callback_queue.html", _queue(user, tab, at, standing=standing)
        )
    response["ETag"] = tag
    response["X-Now"] = at.isoformat()
    return response


@require_POST
@_callers
def take(request: HttpRequest) -> HttpResponse:
    """The next call, or the one named: it is in nobody else's hands then."""
    user, at = person(request), clock.now()
    named = request.POST.get("callback", "")
    pk = int(named) if named.isascii() and named.isdigit() and len(named) < 19 else None
    try:
        taken = actions.take_callback(actor=_actor(user), at=at, pk=pk)
    except ActionRefused as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("callbacks"))
    if taken is None:
        messages.info(request, _("Nobody is to be called at this hour.") if pk is None else _nobody())
        return HttpResponseRedirect(reverse("callbacks"))
    return HttpResponseRedirect(reverse("callback", args=[taken.pk]))


@require_POST
@_callers
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the call back for somebody else."""
    actions.leave_callback(pk=pk, actor=_actor(person(request)), at=clock.now())
    return HttpResponseRedirect(reverse("callbacks"))


@require_http_methods(["GET", "HEAD", "POST"])
@_callers
def callback(request: HttpRequest, pk: int) -> HttpResponse:
    """One call: whom, what is said, what they answered. Recorded, the next one opens where that was asked."""
    user, at = person(request), clock.now()
    row = _row_or_404(pk, user)
    if request.method != "POST":
        form = CallForm(
            incident=row.incident, user=user, at=at, initial={"seen_version": row.incident.version}
        )
        return _shown(request, row, form, user, at)
    form = CallForm(request.POST, incident=row.incident, user=user, at=at)
    if not form.is_valid():
        return _shown(request, row, form, user, at, status=400)
    try:
        actor = policy.acting_as(user, Action.CALL_BACK, row.incident)
        actions.call_back(
            number=row.incident.number,
            report_id=row.report_id,
            reached=form.is_reached,
            outcome=form.cleaned_data["outcome"],
            answers=form.answers(),
            text=form.cleaned_data["text"],
            recording=form.cleaned_data["recording"],
            again_at=form.again,
            actor=actor,
            at=at,
            seen_version=form.cleaned_data["seen_version"],
        )
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _shown(request, row, form, user, at, status=400)
    except ActionRefused as error:
        row = _row_or_404(pk, user)
        form.add_error(None, str(error))
        return _shown(request, row, form, user, at, status=403 if error.code == "not_allowed" else 409)
    messages.success(request, _recorded(_row_or_404(pk, user)))
    if form.wants_rework:
        _reopen(request, row, form, user, at)
    return _goes_on(request, user, at)


def _reopen(request: HttpRequest, row: Callback, form: CallForm, user: User, at: datetime) -> None:
    """What is not solved goes back to its unit, by the caller's second deed."""
    try:
        actor = policy.acting_as(user, Action.REOPEN, row.incident)
        actions.reopen(number=row.incident.number, reason=form.cleaned_data["text"], actor=actor, at=at)
    except (ActionRefused, InvalidInput) as error:
        messages.warning(request, _("It was not reopened: %(why)s") % {"why": error})
    else:
        messages.success(request, _("%(number)s is open again, as rework.") % {"number": row.incident.number})


def _goes_on(request: HttpRequest, user: User, at: datetime) -> HttpResponse:
    if request.POST.get("then") == "next":
        following = actions.take_callback(actor=_actor(user), at=at)
        if following is not None:
            return HttpResponseRedirect(reverse("callback", args=[following.pk]))
    return HttpResponseRedirect(reverse("callbacks"))


def _recorded(row: Callback) -> str:
    """What comes of the call that was just recorded."""
    if row.ended_at is not None:
        return _("Recorded: %(end)s.") % {"end": row.get_end_display()}
    return _("Recorded. Next attempt from %(at)s.") % {"at": plain_moment(row.next_at)}


def _shown(
    request: HttpRequest, row: Callback, form: CallForm, user: User, at: datetime, *, status: int = 200
) -> HttpResponse:
    incident, report = row.incident, row.report
    tried = reading.attempts(row)
    title = title_of(incident.text.body)
    is_held = row.is_held(at)
    name = report.contact.name if report.contact else ""
    hide = policy.protects_reporter(incident)
    context = {
        **_queue(user, _tab(request), at, opened=row),
        **described(incident, at),
        "row": row,
        "report": report,
        "link": {"report": report, "report_id": report.pk},
        "form": form,
        "open": row.ended_at is None,
        "taken": is_held and row.held_by_id != user.pk,
        "mine_now": is_held and row.held_by_id == user.pk,
        "is_early": row.ended_at is None and row.next_at > at,
        "tried": tried,
        "counted": {call.pk for call in rules.counted(tried)},
        "attempts_most": rules.ATTEMPTS,
        "rank": rules.RANKS[min(row.rank, len(rules.RANKS) - 1)],
        "clock": reading.due_times([row]).get(incident.pk),
        "steps": script.script(
            incident, report, caller=str(user), title=title, surname=name[:1], is_protected=hide, at=at
        ),
        "hide_reporter": hide,
        "can_unmask": policy.can(user, Action.UNMASK, incident),
        "can_reopen": policy.can(user, Action.REOPEN, incident),
        "photos": photos_of(incident),
        "lines": timeline_of(incident),
        "resolution": _resolution(row),
        "place": queries.places_of([incident]).full(incident),
    }
    return render(request, "incidents/callback.html", context, status=status)


def _resolution(row: Callback) -> Any:
    """What the unit said it had done."""
    return (
        row.incident.assignments.filter(resolved_at__isnull=False)
        .select_related("unit", "resolution")
        .order_by("pk")
        .last()
    )


def _queue(
    user: User,
    tab: Tab,
    at: datetime,
    *,
    opened: Callback | None = None,
    standing: reading.Standing | None = None,
) -> dict[str, Any]:
    """The rows of a tab with the counts of all; eight queries however long it is."""
    standing = standing or reading.standing(user, at)
    rows = list(
        tab.holds(reading.queue_of(user), user, at)
        .in_order()
        .select_related("incident__text", "incident__category", "incident__owner_unit", "held_by")[
            :QUEUE_SHOWN
        ]
    )
    clocks = reading.due_times(rows) if rows else {}
    counts = {"": standing.ready, "later": standing.later, "mine": standing.mine}
    return {
        "at": at,
        "tab": tab.key,
        "tab_query": f"?tab={tab.key}" if tab.key else "",
        "tabs": [{"key": one.key, "label": one.label, "count": counts[one.key]} for one in TABS],
        "ready": standing.ready,
        "count_max": queries.COUNT_MAX,
        "rows": [_queue_row(row, user, at, clocks, opened) for row in rows],
        "shown": len(rows),
    }


def _queue_row(
    row: Callback, user: User, at: datetime, clocks: dict[int, Any], opened: Callback | None
) -> dict[str, Any]:
    held = row.is_held(at)
    due = clocks.get(row.incident_id)
    return {
        "row": row,
        "case": row.incident,
        "title": title_of(row.incident.text.body, TITLE_SHORT),
        "rank": rules.RANKS[min(row.rank, len(rules.RANKS) - 1)],
        "clock": due,
        "edge": "overdue" if due is not None and due.due_at < at else "",
        "taken": held and row.held_by_id != user.pk,
        "mine": held and row.held_by_id == user.pk,
        "current": opened is not None and opened.pk == row.pk,
        "from_at": rules.earliest_from(max(row.next_at, at)) if row.next_at <= at else row.next_at,
    }


def _row_or_404(pk: int, user: User) -> Callback:
    found = (
        Callback.objects.filter(pk=min(pk, 2**63 - 1))
        .exclude(policy.works_on(user))
        .select_related(
            "incident__text", "incident__category", "incident__owner_unit", "report__contact", "held_by"
        )
        .first()
    )
    if found is None:
        raise Http404
    return found


def _tab(request: HttpRequest) -> Tab:
    key = request.GET.get("tab", "")
    return next((one for one in TABS if one.key == key), TABS[0])


def _actor(user: User) -> Actor:
    grants = viewer_of(user).with_roles(*DESK_ROLES)
    return Actor.person(user, next(one.unit.pk for one in grants if one.reach == Reach.DISTRICT))


def _nobody() -> str:
    return _("This reporter does not have to be called back.")
