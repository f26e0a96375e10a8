"""Appeals and rulings, and what was taken out by them."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dashboards.models import Edition, Ruling, ScoringPeriod, Standing
from dashboards.scope import Names
from dashboards.scoring import acting, keeping, reach
from dashboards.scoring.apart import taken_out
from dashboards.scoring.forms import AppealForm, RulingForm
from dashboards.scoring.opening import appeal_row, appeals_seen, period_or_404, takes_appeals, units_of
from dashboards.scoring.ranking import belongs
from incidents import policy
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.pages.refusals import refused

PER_PAGE = 24
League = Standing.League


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.LEADER)
def appeal(request: HttpRequest, key: str) -> HttpResponse:
    """A unit's head appeals: about a case, or about a figure."""
    held, user, at = period_or_404(request, key), person(request), clock.now()
    units = units_of(user)
    if not units:
        raise PermissionDenied
    initial = {name: request.GET.get(name, "") for name in ("unit", "number", "what", "indicator")}
    form = AppealForm(request.POST or None, units=units, initial=initial)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            told = form.cleaned_data
            grant = reach.appealing_grant(user, next(unit for unit in units if unit.code == told["unit"]))
            assert grant is not None
            try:
                made = acting.appeal(period=held.pk, **told, actor=Actor.person(user, grant.unit.code), at=at)
            except (InvalidInput, ActionRefused) as error:
                status = refused(form, error)
            else:
                messages.success(request, _("Your appeal is with the supervisors."))
                return HttpResponseRedirect(reverse("scoring-ruling", args=[made.pk]))
    context = {"period": held, "form": form, "is_open": takes_appeals(held, at)}
    return render(request, "dashboards/scoring_appeal.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.READERS)
def ruling(request: HttpRequest, pk: int) -> HttpResponse:
    """One appeal with its ruling, or with the form for whoever may rule on it."""
    user, at = person(request), clock.now()
    asked = appeals_seen(user).filter(pk=pk).first()
    if asked is None:
        raise Http404
    grant = reach.ruling_grant(user, asked)
    form = RulingForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if grant is None:
            raise PermissionDenied
        status = 400
        if form.is_valid():
            try:
                acting.rule(
                    appeal=asked.pk, **form.cleaned_data, actor=Actor.person(user, grant.unit.code), at=at
                )
            except (InvalidInput, ActionRefused) as error:
                status = refused(form, error)
            else:
                messages.success(request, _("Ruled. The unit has been told."))
                return HttpResponseRedirect(reverse("scoring-ruling", args=[asked.pk]))
    answered = Ruling.objects.filter(appeal=asked).select_related("by", "by_unit", "words").first()
    incident = asked.incident
    context = {
        "appeal": asked,
        "row": appeal_row(asked, user),
        "ruling": answered,
        "revision": Edition.objects.filter(appeal=asked).first(),
        "form": form,
        "may_rule": grant is not None and answered is None,
        "case_url": reverse("case", args=[incident.number])
        if incident and policy.can_see(user, incident)
        else "",
    }
    return render(request, "dashboards/scoring_ruling.html", context, status=status)


@require_safe
@staff(*reach.READERS)
def exclusions(request: HttpRequest, key: str) -> HttpResponse:
    """剔除: what was taken out of a period (or of one row), who asked, who adjudicated, and why."""
    held, user = period_or_404(request, key), person(request)
    rows = held.exclusions.select_related(
        "incident", "appeal__unit", "appeal__by", "appeal__ruling__by", "appeal__ruling__by_unit"
    )
    league, code = request.GET.get("league", ""), request.GET.get("code", "")
    names = Names()
    if league:
        rows = rows.filter(incident__in=_taken_from(held, league, code, names))
    seen = Incident.objects.filter(policy.visible(user), pk=OuterRef("incident_id"))
    page = Paginator(rows.annotate(is_seen=Exists(seen)), PER_PAGE).get_page(request.GET.get("page"))
    called = {League.UNIT: names.unit, League.STREET: names.street, League.COMMUNITY: names.community}
    context = {
        "period": held,
        "page": page,
        "of": called[league](code) if league in called else "",  # type: ignore[index]
    }
    return render(request, "dashboards/scoring_exclusions.html", context)


def _taken_from(held: ScoringPeriod, league: str, code: str, names: Names) -> list[int]:
    taken = taken_out(
        keeping.pairs_of(held), keeping.span_of(held), closed_by=held.published_at or clock.now()
    )
    code_of = belongs(league, names)
    return sorted({case for key, cases in taken.cases.items() if code_of(key) == code for case in cases})
