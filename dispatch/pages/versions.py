"""All versions of the list: what is live and since when, what is being written, and what went before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import person, staff
from accounts.models import User
from accounts.roles import Role
from config import clock
from dispatch import lists
from dispatch.calendar import SHANGHAI
from dispatch.errors import ListRefused
from dispatch.models import ListTerm, ResponsibilityList
from dispatch.pages.access import sees_drafts, visible_lists
from dispatch.pages.standing import STATES, step_links, steps_of
from dispatch.stewards import is_steward

PAGE = 20
# The line of time shows at most so many stretches, and none narrower than this share of it.
STRETCHES, NARROWEST = 8, 0.07
State, Standing = ResponsibilityList.State, ResponsibilityList.Standing
OPEN = (State.DRAFT, State.PROPOSED)


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the overview tells of it."""

    list: ResponsibilityList
    standing: str
    steps: Sequence[str]
    # When it began to decide last, or will; None for what never has, and for the very first.
    term: ListTerm | None
    until: datetime | None
    tally: dict[str, int] | None

    @property
    def links(self) -> Sequence[tuple[str, Any, str]]:
        return step_links(self.list, list(self.steps))

    @property
    def label(self) -> str:
        return str(Standing(self.standing).label)

    @property
    def state(self) -> str:
        return STATES[Standing(self.standing)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which one version decided, decides or will."""

    list: ResponsibilityList
    starts_at: datetime | None
    ends_at: datetime | None
    width: float
    kind: str  # past, now, coming


class NewDraftForm(forms.Form):
    """What a new draft is called."""

    title = forms.CharField(
        label=gettext_lazy("Name of the draft"),
        max_length=120,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    remark = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
    )


@require_GET
@staff(*Role)
def overview(request: HttpRequest) -> HttpResponse:
    """What is live, what is being written and waits, and every version before."""
    user, at = person(request), clock.now()
    terms = list(ListTerm.objects.standing().select_related("list", "decided_by"))
    seen = visible_lists(user).select_related("based_on", "created_by", "proposed_by").order_by("-version")
    live = next((term.list_id for term in terms if term.starts_at is None or term.starts_at <= at), 0)
    waiting = {term.list_id for term in terms if term.starts_at is not None and term.starts_at > at}
    in_hand = seen.filter(state__in=OPEN) | seen.filter(pk__in=waiting)
    page = Paginator(seen.exclude(state__in=OPEN).exclude(pk__in=[live, *waiting]), PAGE).get_page(
        request.GET.get("page")
    )

    def told(one: ResponsibilityList, *, counted: bool) -> Version:
        return _version(one, terms, live, at, user, counted=counted)

    current = seen.filter(pk=live).first()
    context = {
        "at": at,
        "live": told(current, counted=True) if current else None,
        "live_count": current.items.count() if current else 0,
        "in_hand": [told(one, counted=True) for one in in_hand],
        "page": page,
        "earlier": [told(one, counted=False) for one in page.object_list],
        "stretches": stretches(terms, at),
        "can_draft": is_steward(user),
        "sees_drafts": sees_drafts(user),
    }
    return render(request, "dispatch/versions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*Role)
def new(request: HttpRequest) -> HttpResponse:
    """A new draft of what is live."""
    at = clock.now()
    live = ResponsibilityList.objects.live(at).first()
    if live is None or not is_steward(person(request)):
        messages.error(request, _("Your role does not allow this."))
        return HttpResponseRedirect(reverse("lists"))
    form = NewDraftForm(request.POST or None, initial={"title": _title(at)})
    if request.method == "POST" and form.is_valid():
        try:
            draft = lists.draft_from(base=live, by=person(request), at=at, **form.cleaned_data)
        except ListRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Version %(version)d is begun.") % {"version": draft.version})
            return HttpResponseRedirect(reverse("list", args=[draft.version]))
    context = {"form": form, "live": live}
    return render(request, "dispatch/new_draft.html", context, status=400 if form.is_bound else 200)


def stretches(terms: Sequence[ListTerm], at: datetime) -> list[Stretch]:
    """The newest stretches of the line of time, the oldest first; `terms` come the newest first.

    Widths are shares of the line: by how long it lasted, but none so narrow that it cannot be read.
    """
    newest = list(reversed(terms[:STRETCHES]))
    if not newest:
        return []
    ends = [*(term.starts_at for term in newest[1:]), None]
    coming = [term.starts_at for term in newest if term.starts_at is not None and term.starts_at > at]
    # What holds on is drawn to a little beyond now, or beyond what is to come.
    known = [term.starts_at for term in newest if term.starts_at is not None]
    length = (max([at, *known]) - min(known)) if known else timedelta(days=1)
    right = max([at, *coming]) + max(length * 0.12, timedelta(hours=1))
    left = min([at, *known]) - max(length * 0.12, timedelta(hours=1))
    spans = [
        ((end or right) - (term.starts_at or left)).total_seconds()
        for term, end in zip(newest, ends, strict=True)
    ]
    widths = [max(span / sum(spans), NARROWEST) for span in spans]
    told = []
    for term, end, width in zip(newest, ends, widths, strict=True):
        begun = term.starts_at is None or term.starts_at <= at
        kind = "coming" if not begun else "past" if end is not None and end <= at else "now"
        told.append(Stretch(term.list, term.starts_at, end, width / sum(widths), kind))
    return told


def _version(
    one: ResponsibilityList,
    terms: Sequence[ListTerm],
    live: int | None,
    at: datetime,
    user: User,
    *,
    counted: bool,
) -> Version:
    own = [(place, term) for place, term in enumerate(terms) if term.list_id == one.pk]
    place, term = own[0] if own else (0, None)
    if one.state != State.ADOPTED:
        standing = str(one.state)
    elif one.pk == live:
        standing = Standing.LIVE
        # It may be to begin again later: what holds now is told.
        place, term = next(
            (place, term) for place, term in own if term.starts_at is None or term.starts_at <= at
        )
    else:
        coming = term is not None and term.starts_at is not None and term.starts_at > at
        standing = Standing.SCHEDULED if coming else Standing.SUPERSEDED
    until = terms[place - 1].starts_at if term is not None and place else None
    tally = _tally(one) if counted and one.based_on_id else None
    return Version(one, standing, steps_of(user, one, standing, term), term, until, tally)


def _tally(one: ResponsibilityList) -> dict[str, int]:
    kinds: Any = lists.changed_kinds(one).values()
    told = dict.fromkeys(("changed", "added", "removed"), 0)
    for kind in kinds:
        told[kind] += 1
    return told


def _title(at: datetime) -> str:
    """What a draft is called where nobody thinks of anything better."""
    local = at.astimezone(SHANGHAI)
    return _("Draft %(month)s") % {"month": f"{local:%Y-%m}"}
