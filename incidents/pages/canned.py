"""The page where units keep their canned answers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.viewer import viewer_of
from config import clock
from incidents import canned
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CannedAnswer, CannedUse
from incidents.pages.access import CASE_ROLES, person, staff
from incidents.pages.forms import text_area


class CannedForm(forms.Form):
    """One canned answer; the rules are the domain's."""

    unit = forms.ChoiceField(label=gettext_lazy("For"), widget=forms.Select(attrs={"class": "form-select"}))
    use = forms.ChoiceField(
        label=gettext_lazy("Used for"),
        choices=CannedUse.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    title = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=canned.TITLE_MAX,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    body = forms.CharField(label=gettext_lazy("Words"), max_length=canned.BODY_MAX, widget=text_area(5))

    def __init__(self, *args: Any, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit: Any = self.fields["unit"]
        unit.choices = [(code, one.name) for code, one in units.items()]
        blanks = _(", ").join(f"{{{name}}} {words}" for name, words in canned.BLANKS.items())
        self.fields["body"].help_text = _(
            "Blanks that are filled from the case: %(blanks)s. "
            "No name and no number of anybody: many read it."
        ) % {"blanks": blanks}


@require_http_methods(["GET", "POST"])
@staff(*CASE_ROLES)
def answers(request: HttpRequest) -> HttpResponse:
    """What this person's units have, and the district's; a form for another one."""
    return _edited(request, None)


@require_http_methods(["GET", "POST"])
@staff(*CASE_ROLES)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, to be changed."""
    return _edited(request, _own_or_404(request, pk))


@require_POST
@staff(*CASE_ROLES)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of use from now on."""
    answer = _own_or_404(request, pk)
    canned.end(answer, user=person(request), at=clock.now())
    messages.success(request, _("“%(title)s” is offered no more.") % {"title": answer.title})
    return HttpResponseRedirect(reverse("canned"))


def _own_or_404(request: HttpRequest, pk: int) -> CannedAnswer:
    own = canned.kept_by(person(request))
    found = CannedAnswer.objects.filter(pk=pk, unit__in=own, ended_at=None).select_related("unit").first()
    if found is None:
        raise Http404
    return found


def _edited(request: HttpRequest, answer: CannedAnswer | None) -> HttpResponse:
    user = person(request)
    own = canned.kept_by(user)
    status = 200
    if request.method == "POST" and own:
        form = CannedForm(request.POST, units=own)
        if form.is_valid():
            try:
                kept = canned.keep(user=user, at=clock.now(), answer=answer, **form.cleaned_data)
            except InvalidInput as error:
                form.add_error(error.field, str(error))
            except ActionRefused as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("“%(title)s” is kept.") % {"title": kept.title})
                return HttpResponseRedirect(reverse("canned"))
        status = 400
    else:
        told = {name: getattr(answer, name) for name in ("use", "title", "body")} if answer else {}
        form = CannedForm(units=own, initial={**told, "unit": answer.unit_id} if answer else told)
    codes = {code for grant in viewer_of(user).grants for code in grant.unit.path.split(">")}
    known = CannedAnswer.objects.filter(ended_at=None, unit__in=codes).select_related("unit", "changed_by")
    groups: dict[str, list[CannedAnswer]] = {}
    for one in known.order_by("-unit__path", "use", "title", "pk"):
        groups.setdefault(one.unit_id, []).append(one)
    context = {
        "form": form,
        "answer": answer,
        "may_keep": bool(own),
        "groups": [
            {"unit": rows[0].unit, "rows": rows, "is_own": code in own} for code, rows in groups.items()
        ],
        "is_open": answer is not None or status == 400 or not groups,
    }
    return render(request, "incidents/canned.html", context, status=status)
