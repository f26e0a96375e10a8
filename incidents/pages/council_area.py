"""One council: who sits on it, who answers for its block, what it has raised, and its next meeting."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.viewer import viewer_of
from config import clock
from grids.models import Area
from incidents import blocks
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BlockRole, CouncilMember
from incidents.pages.access import READING_ROLES, person, staff
from incidents.pages.councils import line_of
from incidents.pages.forms import text_area
from incidents.pages.submissions import key_of, once
from incidents.pages.when import InstantField
from incidents.sources import council_life, councils

MEETINGS_SHOWN = 12


class MemberForm(forms.Form):
    """Somebody who sits on the council."""

    name = forms.CharField(
        label=pgettext_lazy("member of a council", "Name"),
        max_length=council_life.NAME_MAX,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    duty = forms.ChoiceField(
        label=gettext_lazy("On the council"),
        choices=CouncilMember.Duty.choices,
        initial=CouncilMember.Duty.MEMBER,
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class PlanForm(forms.Form):
    """When the council meets next, and about what."""

    held_at = InstantField(label=gettext_lazy("When"))
    agenda = forms.CharField(label=gettext_lazy("Agenda"), max_length=2_000, widget=text_area(4))


@require_GET
@staff(*councils.KEEPERS)
def council(request: HttpRequest, code: str) -> HttpResponse:
    """/councils/area/<code>/: the council of a block or a community."""
    return _page(request, _area(request, code))


@once
@require_POST
@staff(*councils.KEEPERS)
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """Plan its next meeting."""
    area = _area(request, code)
    form = PlanForm(request.POST)
    if not form.is_valid():
        return _page(request, area, plan=form, status=400)
    try:
        kept = council_life.plan(
            area=area.code,
            key=str(key_of(request) or uuid4()),
            user=person(request),
            at=clock.now(),
            **form.cleaned_data,
        )
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _page(request, area, plan=form, status=400)
    messages.success(request, _("The meeting is planned: its page is the sheet to go with."))
    return HttpResponseRedirect(reverse("council", args=[kept.pk]))


@require_http_methods(["POST"])
@staff(*councils.KEEPERS)
def members(request: HttpRequest, code: str) -> HttpResponse:
    """Add a member, or let one go (`end`)."""
    area, user, at = _area(request, code), person(request), clock.now()
    ended = request.POST.get("end", "")
    if ended:
        if ended.isascii() and ended.isdigit() and len(ended) < 19:
            council_life.end_member(area=area.code, member=int(ended), user=user, at=at)
        return HttpResponseRedirect(reverse("council-area", args=[area.code]))
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            council_life.add_member(area=area.code, user=user, at=at, **form.cleaned_data)
            return HttpResponseRedirect(reverse("council-area", args=[area.code]) + "#members")
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
    return _page(request, area, member=form, status=400)


@require_http_methods(["POST"])
@staff(*blocks.NAMERS)
def role(request: HttpRequest, code: str) -> HttpResponse:
    """Name somebody for one of the block's roles, or nobody."""
    area = _area(request, code)
    told = request.POST.get("user", "")
    try:
        blocks.name(
            area_code=area.code,
            role=request.POST.get("role", ""),
            user_id=int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None,
            by=person(request),
            at=clock.now(),
        )
    except (InvalidInput, ActionRefused) as error:
        messages.warning(request, str(error))
    return HttpResponseRedirect(reverse("council-area", args=[area.code]) + "#roles")


def _area(request: HttpRequest, code: str) -> Area:
    found = councils.areas_of(person(request)).filter(code=code[:15]).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest,
    area: Area,
    *,
    plan: PlanForm | None = None,
    member: MemberForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user = person(request)
    meetings = list(councils.meetings_of(user).filter(area_code=area.code)[:MEETINGS_SHOWN])
    context: dict[str, Any] = {
        "area": area,
        "figures": council_life.figures(user, area=area.code),
        "members": council_life.members_of(area.code),
        "planned": [one for one in meetings if one.is_planned],
        "meetings": [one for one in meetings if not one.is_planned],
        "open": [line_of(issue) for issue in council_life.open_issues(user, area.code)],
        "plan": plan or PlanForm(),
        "member": member or MemberForm(),
        "reads_cases": bool(viewer_of(request.user).roles.intersection(READING_ROLES)),
        **_roles(request, area),
    }
    return render(request, "incidents/council_area.html", context, status=status)


def _roles(request: HttpRequest, area: Area) -> dict[str, Any]:
    """Who answers for a block, and who could; of a community, its blocks."""
    may_name = blocks.may_name(person(request), area.code)
    if area.kind != Area.Kind.BLOCK:
        return {"blocks": blocks.blocks_in(area.code), "may_cut": may_name}
    held = {one.role: one.user for one in blocks.roles_of(area.code)}
    return {
        "roles": [
            {"role": value, "name": label, "user": held.get(value)} for value, label in BlockRole.Role.choices
        ],
        "may_name": may_name,
        "candidates": blocks.candidates(area.code) if may_name else [],
    }
