"""Several cases at once: what would happen to each is shown first, then done, and can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.roles import Action
from config import clock
from dispatch.edition import edition
from incidents import actions, policy
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.pages.access import DESK_ROLES, person, staff
from incidents.pages.choices import Choice
from incidents.pages.desk_acts import BULK_MOST, UNDO, go, seen_version
from incidents.pages.desk_choices import first_offers
from incidents.pages.desk_queue import next_case_url, tab_of
from incidents.pages.wording import TITLE_SHORT, described, is_held

# In the order in which the bar offers them. Taking needs no second look: it decides nothing.
ACTS = {
    "dispatch": Action.DISPATCH,
    "claim": Action.CLAIM,
    "merge": Action.MERGE,
    "reject": Action.REJECT,
}
_AT_ONCE = "claim"
REASON_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selected case, what would be done to it, or why nothing can be."""

    incident: Incident
    shown: dict[str, Any]
    choice: Choice | None = None
    hindrance: str = ""


@require_POST
@staff(*DESK_ROLES)
def bulk(request: HttpRequest) -> HttpResponse:
    """Show what would be done to the selected cases; with `sure`, do it."""
    act = request.POST.get("act", "")
    if act not in ACTS:
        raise Http404
    user, at, tab = person(request), clock.now(), tab_of(request)
    cases = _selected(request, user)
    if len(request.POST.getlist("n")) > BULK_MOST:
        messages.warning(
            request,
            _("Only the first %(count)d are taken at once: select the rest anew.") % {"count": BULK_MOST},
        )
    if cases and (act == _AT_ONCE or "sure" in request.POST):
        reason = request.POST.get("reason", "").strip()
        if act != "reject" or reason:
            _do(request, act, cases, user=user, reason=reason, at=at)
            return go(request, next_case_url(user, tab, at=at))
    offers = first_offers(cases, edition()) if act == "dispatch" else {}
    chosen = [_look(case, act, user, at, offers.get(case.pk)) for case in cases]
    context = {
        "act": act,
        "tab": tab.key,
        "tab_query": tab.query,
        "chosen": chosen,
        "ready": [one for one in chosen if not one.hindrance],
        "needs_reason": "sure" in request.POST and act == "reject",
        "at": at,
    }
    template = "incidents/parts/desk_bulk.html" if request.htmx else "incidents/desk_bulk.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=400 if not cases or context["needs_reason"] else 200)


def _selected(request: HttpRequest, user: User) -> list[Incident]:
    """The ticked cases that this person may see, the one received first in front."""
    numbers = request.POST.getlist("n")[:BULK_MOST]
    return list(
        Incident.objects.filter(policy.visible(user), number__in=numbers)
        .select_related("category", "owner_unit", "text", "claimed_by", "handler", "merged_into")
        .prefetch_related("adjudications")
        .order_by("received_at", "pk")
    )


def _look(incident: Incident, act: str, user: User, at: datetime, choice: Choice | None) -> Chosen:
    """What would happen to this case: `choice` is what is suggested for it."""
    row = described(incident, at, TITLE_SHORT)
    if not policy.can(user, ACTS[act], incident):
        return Chosen(incident, row, hindrance=_("not possible on this case now"))
    if is_held(incident, at) and incident.claimed_by_id != user.pk:
        return Chosen(incident, row, hindrance=_("in the hands of %(name)s") % {"name": incident.claimed_by})
    if act != "dispatch":
        return Chosen(incident, row)
    if choice is None or not choice.unit:
        return Chosen(incident, row, hindrance=_("no unit is suggested: open it and choose"))
    return Chosen(incident, row, choice)


def _do(
    request: HttpRequest,
    act: str,
    cases: Sequence[Incident],
    *,
    user: User,
    reason: str,
    at: datetime,
) -> None:
    """Each case in a transaction of its own: one that is refused leaves the others alone, and is told."""
    done: list[str] = []
    into = request.POST.get("into", "") or cases[0].number
    for incident in cases:
        if act == "merge" and incident.number == into:
            continue
        try:
            if _one(request, act, incident, user=user, into=into, reason=reason, at=at):
                done.append(incident.number)
        except (ActionRefused, InvalidInput) as error:
            messages.error(request, _("%(number)s: %(why)s") % {"number": incident.number, "why": error})
    if done:
        messages.success(request, _said(act, len(done), into), extra_tags=f"{UNDO} {','.join(done)}")


def _one(
    request: HttpRequest,
    act: str,
    incident: Incident,
    *,
    user: User,
    into: str,
    reason: str,
    at: datetime,
) -> bool:
    common: dict[str, Any] = {
        "number": incident.number,
        "actor": policy.acting_as(user, ACTS[act], incident),
        "at": at,
    }
    seen = seen_version(request, f"v:{incident.number}")
    match act:
        case "claim":
            if is_held(incident, at) and incident.claimed_by_id == user.pk:
                return False  # in these hands already: not to be put back by an undo
            actions.claim(**common)
        case "merge":
            actions.merge(into=into, seen_version=seen, **common)
        case "reject":
            actions.reject(reason=reason, seen_version=seen, **common)
        case _:
            # Exactly what was shown is sent, and only where nothing has changed since.
            item, _at, unit = request.POST.get(f"c:{incident.number}", "").partition("@")
            if not item:
                return False
            actions.dispatch(
                item_code=item,
                unit_code=unit,
                seen_version=seen,
                **common,
            )
    return True


def _said(act: str, count: int, into: str) -> str:
    sentences = {
        "claim": ngettext("%(count)d case taken.", "%(count)d cases taken.", count),
        "merge": ngettext(
            "%(count)d case merged into %(into)s.", "%(count)d cases merged into %(into)s.", count
        ),
        "reject": ngettext("%(count)d case turned away.", "%(count)d cases turned away.", count),
        "dispatch": ngettext("%(count)d case dispatched.", "%(count)d cases dispatched.", count),
    }
    return sentences[act] % {"count": count, "into": into}
