"""预警: what grows where, the evidence for it, and what people do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import person, staff
from accounts.models import User
from accounts.viewer import Reach, viewer_of
from config import clock
from dashboards.indicators import SMALL
from dashboards.models import Warning
from dashboards.scope import Names
from dashboards.warning import acting, reach, shown, themes, where
from dashboards.warning.forms import JudgeForm, ReasonForm, SuperviseForm
from incidents import policy, supervising
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, Supervision
from incidents.pages.refusals import refused

PER_PAGE = 20
CASES_PER_PAGE = 50
FIRST_CASES = 6
Status = Warning.Status
# Beside the states of shown.STATES: whatever became of them.
ALL = "all"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; what is not understood is told, and not left out silently."""

    state: str
    kind: str
    street: str
    domain: str
    weeks: int  # found in so many; 0: whenever
    strange: tuple[str, ...]

    @classmethod
    def of(cls, request: HttpRequest, names: Names) -> "Filters":
        state = request.GET.get("status", shown.OPEN)
        kind, street = request.GET.get("kind", ""), request.GET.get("street", "")
        domain, weeks = request.GET.get("domain", ""), request.GET.get("weeks", "")
        strange = []
        if state not in (*shown.STATES, ALL):
            strange.append(state)
            state = shown.OPEN
        if kind and kind not in Warning.Kind.values:
            strange.append(kind)
            kind = ""
        if street and street not in names.streets:
            strange.append(street)
            street = ""
        if domain and domain not in names.domains:
            strange.append(domain)
            domain = ""
        if weeks and weeks not in {str(one) for one in where.WEEKS}:
            strange.append(weeks)
            weeks = ""
        return cls(state, kind, street, domain, int(weeks or 0), tuple(one[:40] for one in strange))

    def narrows(self, rows: QuerySet[Warning], *, at: datetime) -> QuerySet[Warning]:
        """The rows that fit, of whatever state."""
        wanted = {"kind": self.kind, "street_code": self.street, "domain_code": self.domain}
        rows = rows.filter(**{name: value for name, value in wanted.items() if value})
        return where.lately(rows, weeks=self.weeks, at=at) if self.weeks else rows

    def query(self, **changes: str) -> str:
        """The address with these changes; what is the default is left out."""
        values = {
            "status": self.state,
            "kind": self.kind,
            "street": self.street,
            "domain": self.domain,
            "weeks": str(self.weeks or ""),
            **changes,
        }
        if values["status"] == shown.OPEN:
            del values["status"]
        asked = urlencode({name: value for name, value in values.items() if value})
        return f"?{asked}" if asked else ""


@require_safe
@staff(*reach.READERS)
def warnings(request: HttpRequest) -> HttpResponse:
    """The list; beside it, where there is room, the first of them."""
    return _page(request, None)


@require_safe
@staff(*reach.READERS)
def warning(request: HttpRequest, pk: int) -> HttpResponse:
    """One warning, with the list beside it."""
    return _page(request, _warning_or_404(request, pk))


def seen_by(request: HttpRequest) -> QuerySet[Warning]:
    """The warnings that this person reads; raises PermissionDenied where none concern them."""
    user = person(request)
    if not reach.reads(user):
        raise PermissionDenied
    return Warning.objects.filter(reach.visible(user)).select_related("claimed_by", "project")


def _warning_or_404(request: HttpRequest, pk: int) -> Warning:
    found = seen_by(request).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, chosen: Warning | None) -> HttpResponse:
    user, at, names = person(request), clock.now(), Names()
    seen = seen_by(request)
    filters = Filters.of(request, names)
    rows = filters.narrows(seen, at=at)
    tabs = shown.counts(rows)
    listed = rows if filters.state == ALL else rows.filter(shown.STATES[filters.state])
    # What touches most people first; what is settled, the latest first.
    by_day = filters.state in (shown.OVER, ALL)
    order = ("-found_at", "-pk") if by_day else ("-reporter_count", "-surprise", "-pk")
    page = Paginator(listed.order_by(*order), PER_PAGE).get_page(request.GET.get("page"))
    listed_rows = list(page.object_list)
    detail = chosen or (listed_rows[0] if listed_rows else None)
    whole, kinds = shown.precision(seen, at=at)
    context: dict[str, Any] = {
        "page": page,
        "rows": [shown.row(one, names) for one in listed_rows],
        "filters": filters,
        "tail": filters.query(),
        "tabs": [
            {
                "name": name,
                "count": tabs[state],
                "url": reverse("warnings") + (filters.query(status=state) or "?"),
                "is_here": state == filters.state,
            }
            for state, name in (
                (shown.OPEN, pgettext("warnings", "Waiting")),
                (shown.HAND, pgettext("warnings", "In hand")),
                (shown.OVER, _("Settled or over")),
            )
        ],
        "kinds": Warning.Kind.choices,
        "streets": sorted(names.streets.items()) if len({*streets_of(user, names)}) > 1 else [],
        "domain_name": names.domains.get(filters.domain, ""),
        "is_narrowed": bool(filters.domain or filters.weeks),
        "wide_url": reverse("warnings") + (filters.query(domain="", weeks="", status=shown.OPEN) or "?"),
        "where_url": reverse("warnings-where"),
        "precision": whole,
        "precisions": kinds,
        "precision_days": shown.PRECISION_DAYS,
        "small": SMALL,
        "is_chosen": chosen is not None,
    }
    if detail is not None:
        context |= _detail(detail, user, names)
    return render(request, "dashboards/warnings.html", context)


def streets_of(user: User, names: Names) -> Sequence[str]:
    """The streets that warnings may be of for this person."""
    grants = viewer_of(user).with_roles(*reach.READERS)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        return list(names.streets)
    return [grant.unit.area_code for grant in grants if grant.reach == Reach.STREET]


def _cases_of(warning: Warning, user: User) -> QuerySet[Incident]:
    """Its cases, the newest first, as far as this person may see them."""
    return Incident.objects.filter(policy.visible(user), pk__in=warning.cases.values("incident")).order_by(
        "-received_at", "-pk"
    )


def is_free_for(warning: Warning, user: User) -> bool:
    """Has nobody else taken it over, and is it not set aside?"""
    return warning.status != Status.DISMISSED and (
        warning.status != Status.CLAIMED or warning.claimed_by_id == user.pk
    )


def _detail(warning: Warning, user: User, names: Names) -> dict[str, Any]:
    cases = _cases_of(warning, user)
    received = list(warning.cases.values_list("incident__received_at", flat=True))
    seen = cases.count()
    chart = shown.chart(warning, received)
    events = list(warning.events.select_related("by", "by_unit", "words"))
    may_act = reach.acting_grant(user, warning) is not None
    is_mine = warning.claimed_by_id == user.pk
    is_free = warning.status in (Status.OPEN, Status.CLAIMED) and (warning.status == Status.OPEN or is_mine)
    return {
        "detail": shown.row(warning, names),
        "warning": warning,
        "facts": shown.facts(warning, names),
        "chart": chart,
        "chart_title": shown.chart_title(warning),
        "chart_note": shown.chart_note(warning),
        "spots": shown.spots(warning, names),
        "areas": " ".join(where.areas_of(warning)),
        "cases": list(cases.select_related("category", "owner_unit", "text")[:FIRST_CASES]),
        "case_count": seen,
        "cases_hidden": len(received) - seen,
        "examples": themes.examples(warning) if warning.kind == Warning.Kind.THEME else [],
        "events": events,
        "names_": names,
        "may_claim": may_act and warning.status == Status.OPEN,
        "may_release": may_act and warning.status == Status.CLAIMED,
        "may_dismiss": may_act and is_free,
        "may_judge": may_act,
        "may_project": may_act and warning.project_id is None and is_free_for(warning, user),
        "may_supervise": may_act
        and warning.status != Status.DISMISSED
        and (warning.status != Status.CLAIMED or is_mine)
        and seen > 0,
        "widened_into": warning.evidence.get("widened_into"),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.READERS)
def cases(request: HttpRequest, pk: int) -> HttpResponse:
    """The cases that a warning rests on: all that this person may see; chosen ones go under supervision."""
    held, user, at = _warning_or_404(request, pk), person(request), clock.now()
    grant = reach.acting_grant(user, held)
    form = SuperviseForm(request.POST or None, initial={"seen": held.events.count()})
    status = 200
    if request.method == "POST":
        if grant is None:
            raise PermissionDenied
        status = 400
        if form.is_valid():
            numbers = request.POST.getlist("numbers")[: acting.ORDERS_MOST + 1]
            act = _Act(form, lambda: acting.supervise(
                warning=held.pk, numbers=numbers, words=form.cleaned_data["words"],
                seen=form.cleaned_data["seen"], actor=Actor.person(user, grant.unit.code), at=at,
            ))  # fmt: skip
            status = act.status
            if status == 302:
                messages.success(request, _("Ordered: %(orders)s") % {"orders": _(", ").join(act.done)})
                return HttpResponseRedirect(reverse("warning", args=[pk]))
    names = Names()
    rows = _cases_of(held, user).select_related("category", "owner_unit", "text")
    standing = Supervision.objects.filter(incident=OuterRef("pk"), ended_at=None)
    page = Paginator(rows.annotate(is_ordered=Exists(standing)), CASES_PER_PAGE).get_page(
        request.GET.get("page")
    )
    listed: list[Any] = list(page.object_list)  # with what was annotated
    chosen = set(request.POST.getlist("numbers"))
    context = {
        "warning": held,
        "detail": shown.row(held, names),
        "page": page,
        "rows": [
            {
                "incident": incident,
                "community": names.community(incident.community_code) if incident.community_code else "—",
                "may_order": incident.status in supervising.ORDERABLE and not incident.is_ordered,
                "is_chosen": incident.number in chosen,
            }
            for incident in listed
        ],
        "may_supervise": grant is not None
        and held.status != Status.DISMISSED
        and (held.status != Status.CLAIMED or held.claimed_by_id == user.pk),
        "form": form,
        "most": acting.ORDERS_MOST,
    }
    return render(request, "dashboards/warning_cases.html", context, status=status)


class _Act:
    """An action tried: 302 where it was done, else the status of the refusal, which the form tells."""

    def __init__(self, form: Any, call: Callable[[], Any]) -> None:
        self.done: Any = None
        try:
            self.done = call()
            self.status = 302
        except (InvalidInput, ActionRefused) as error:
            self.status = refused(form, error)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.ACTORS)
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    """Was it worth looking? A word on it, which the precision is made of."""
    return _asked_why(request, pk, "judge")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.ACTORS)
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """不是问题: set it aside, and why."""
    return _asked_why(request, pk, "dismiss")


def _asked_why(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    held, user, at = _warning_or_404(request, pk), person(request), clock.now()
    grant = reach.acting_grant(user, held)
    if grant is None:
        raise PermissionDenied
    actor = Actor.person(user, grant.unit.code)
    initial = {"seen": held.events.count(), "useful": request.GET.get("useful", "")}
    made = JudgeForm if what == "judge" else ReasonForm
    form = made(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            told = form.cleaned_data
            call: Callable[..., Any] = acting.judge if what == "judge" else acting.dismiss
            status = _Act(form, lambda: call(warning=held.pk, actor=actor, at=at, **told)).status
            if status == 302:
                messages.success(request, _("Noted. It counts in the precision from now on."))
                return HttpResponseRedirect(reverse("warning", args=[pk]))
    context = {
        "warning": held,
        "detail": shown.row(held, Names()),
        "form": form,
        "is_judging": what == "judge",
    }
    return render(request, "dashboards/warning_reason.html", context, status=status)


@require_POST
@staff(*reach.ACTORS)
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """认领."""
    return _pressed(request, pk, acting.claim, _("It is yours now."))


@require_POST
@staff(*reach.ACTORS)
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it back."""
    return _pressed(request, pk, acting.release, _("It waits for somebody again."))


def _pressed(request: HttpRequest, pk: int, call: Callable[..., Any], said: str) -> HttpResponse:
    held, user = _warning_or_404(request, pk), person(request)
    at: datetime = clock.now()
    grant = reach.acting_grant(user, held)
    if grant is None:
        raise PermissionDenied
    try:
        call(warning=held.pk, actor=Actor.person(user, grant.unit.code), at=at)
    except ActionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("warning", args=[pk])
    return HttpResponseRedirect(back)
