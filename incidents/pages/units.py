"""The tree of units, for the system administrator: found, added, changed, moved, merged, closed."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import OrgUnit
from accounts.roles import Role
from accounts.units import keeping
from accounts.viewer import viewer_of
from config import clock
from incidents import succeeding, succession, unit_bonds
from incidents.pages.access import person, staff
from incidents.pages.unit_forms import CloseForm, NewUnitForm, OpenForm, UnitForm

WORDS_MOST = 40


@require_GET
@staff(Role.ADMIN)
def listed(request: HttpRequest) -> HttpResponse:
    """The whole tree, or what of it answers to some words."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:WORDS_MOST]
    state = request.GET.get("state", "")
    found = OrgUnit.objects.annotate(people=Count("memberships", distinct=True)).order_by("path")
    if words:
        found = found.filter(
            Q(code__icontains=words) | Q(name_zh__icontains=words) | Q(name_en__icontains=words)
        )
    if state == "closed":
        found = found.filter(is_open=False)
    elif state != "all":
        found = found.filter(is_open=True)
    waiting = succession.waiting()
    rows = [
        {
            "unit": unit,
            # In a list of some, how deep it stands says nothing.
            "depth": 0 if words else min(unit.path.count(">"), 4),
            "waiting": waiting.get(unit.pk, 0),
        }
        for unit in found.select_related("successor", "parent")
    ]
    context = {"rows": rows, "words": words, "state": state, "is_narrowed": bool(words or state)}
    return render(request, "units/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def new(request: HttpRequest) -> HttpResponse:
    """One more unit."""
    form = NewUnitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            unit = keeping.add(code=form.cleaned_data["code"], terms=form.terms(), actor=person(request))
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            messages.success(request, _("%(unit)s is there. Now it needs people.") % {"unit": unit})
            return _to(unit.pk)
    return render(request, "units/new.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One unit; what is posted here says anew what it is."""
    unit = _unit_or_404(code)
    form = UnitForm(request.POST, unit=unit) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            changed = keeping.change(
                code=code, terms=form.terms(), seen=form.cleaned_data["seen"], actor=person(request)
            )
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            if changed:
                messages.success(request, _("Changed."))
            else:
                messages.info(request, _("Nothing was changed."))
            return _to(code)
    return _page(request, unit, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def close(request: HttpRequest, code: str) -> HttpResponse:
    """撤并: what hangs on it; then, once that was seen, for good."""
    unit = _unit_or_404(code)
    if not unit.is_open:
        messages.info(request, _("It is closed already."))
        return _to(code)
    form = CloseForm(
        request.POST if request.method == "POST" else None,
        unit=unit,
        initial={"seen": keeping.stamp_of(unit)},
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        heir = told["successor"]
        if heir is None and succeeding.cases_of(code).exists():
            form.add_error("successor", _("It has open cases: say who goes on with them."))
        else:
            try:
                keeping.close(
                    code=code,
                    successor=heir.pk if heir else None,
                    reason=told["reason"],
                    seen=told["seen"],
                    actor=person(request),
                )
            except keeping.NotAllowed as error:
                raise PermissionDenied from error
            except keeping.NotTaken as error:
                _say(form, error)
            else:
                messages.success(request, _("%(unit)s is closed.") % {"unit": unit})
                return _to(code)
    context = {
        "unit": unit,
        "form": form,
        "why_not": keeping.why_not_closed(unit),
        "cases": unit_bonds.open_cases(unit),
        "bonds": unit_bonds.bonds_of(unit, at=clock.now()),
    }
    return render(request, "units/close.html", context, status=400 if form.errors else 200)


@require_POST
@staff(Role.ADMIN)
def reopen(request: HttpRequest, code: str) -> HttpResponse:
    """Take it into use again."""
    unit = _unit_or_404(code)
    form = OpenForm(request.POST)
    if not form.is_valid():
        return _page(request, unit, opening=form)
    try:
        done = keeping.reopen(code=code, reason=form.cleaned_data["reason"], actor=person(request))
    except keeping.NotAllowed as error:
        raise PermissionDenied from error
    except keeping.NotTaken as error:
        _say(form, error)
        return _page(request, unit, opening=form)
    if done:
        messages.success(request, _("%(unit)s is open again.") % {"unit": unit})
    else:
        messages.info(request, _("It is open already."))
    return _to(code)


def _page(
    request: HttpRequest, unit: OrgUnit, *, form: UnitForm | None = None, opening: OpenForm | None = None
) -> HttpResponse:
    terms = keeping.terms_of(unit)
    initial: dict[str, Any] = {
        "name_zh": terms.name_zh,
        "name_en": terms.name_en,
        "kind": terms.kind,
        "parent": terms.parent,
        "area_code": terms.area_code,
        "seen": keeping.stamp_of(unit),
    }
    context = {
        "unit": unit,
        "form": form or UnitForm(unit=unit, initial=initial),
        "opening": opening or OpenForm(),
        "cases": unit_bonds.open_cases(unit),
        "bonds": unit_bonds.bonds_of(unit, at=clock.now()),
        "below": OrgUnit.objects.filter(parent=unit).order_by("path"),
        "heir": keeping.heir_of(unit),
        "waiting": 0 if unit.is_open else succession.waiting().get(unit.pk, 0),
        "keeps_people": Role.SECURITY in viewer_of(request.user).roles,
    }
    is_wrong = form is not None or opening is not None
    template = "units/parts/waiting.html" if "panel" in request.GET else "units/one.html"
    return render(request, template, context, status=400 if is_wrong else 200)


def _unit_or_404(code: str) -> OrgUnit:
    found = None
    if "\x00" not in code:
        found = OrgUnit.objects.select_related("parent", "successor").filter(pk=code).first()
    if found is None:
        raise Http404
    return found


def _say(form: Form, error: keeping.NotTaken) -> None:
    form.add_error(error.field if error.field in form.fields else None, str(error))


def _to(code: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("unit", args=[code]))
