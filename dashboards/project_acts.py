"""What is done with a project beside its page: another owner, a line taken out, the end of it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import person, staff
from accounts.models import OrgUnit
from config import clock
from dashboards.models import Project, ProjectItem
from dashboards.project_pages import READERS, tried
from dashboards.warning import before_after
from dashboards.warning import projects as acting
from incidents.actor import Actor
from incidents.cases import TEXT_MAX
from incidents.numbers import district_day
from incidents.pages.forms import text_area
from incidents.pages.widgets import UnitSelect


class WordsForm(forms.Form):
    """Why, or what came of it."""

    words = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=TEXT_MAX,
        widget=text_area(3),
        help_text=gettext_lazy("A sentence. Name no residents: everybody who reads the project reads it."),
    )


class OwnerForm(WordsForm):
    """Who owns it from now on."""

    unit = forms.ChoiceField(
        label=gettext_lazy("Unit that owns it"), widget=UnitSelect(attrs={"class": "form-select"})
    )
    field_order = ("unit", "words")

    def __init__(self, *args: Any, owner: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["unit"]
        units = OrgUnit.objects.open().exclude(pk=owner).order_by("path")
        choices.choices = [("", "—"), *((unit.code, unit.name) for unit in units)]


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READERS)
def owner(request: HttpRequest, pk: int) -> HttpResponse:
    """Another unit owns it."""
    held = _project_or_404(request, pk)
    form = OwnerForm(request.POST or None, owner=held.owner_unit_id)
    context = {
        "title": _("Give it another owner"),
        "lead": _("%(unit)s owns it now. The new owner and its head are told; place, matters and days stay.")
        % {"unit": held.owner_unit.name},
        "button": _("Change the owner"),
    }
    return _page(request, held, form, context, acting.change_owner, acting.keeping_grant, project=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READERS)
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """It is done: what came of it in words, beside what was counted."""
    held = _project_or_404(request, pk)
    form = WordsForm(request.POST or None)
    form.fields["words"].label = _("What came of it")
    found = before_after.compare(held, today=district_day(clock.now()))
    waiting = held.items.filter(kind=ProjectItem.Kind.MEASURE, done_at=None, dropped_at=None)
    context = {
        "title": _("Finish the project"),
        "lead": _("What was counted up to today is kept beside your words, and does not change any more."),
        "sentence": before_after.sentence(found),
        "waiting": list(waiting.select_related("words")),
        "button": _("Finish it"),
    }
    return _page(request, held, form, context, acting.finish, acting.keeping_grant, project=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READERS)
def drop(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """A line is taken out of its lists."""
    held = _project_or_404(request, pk)
    line = held.items.select_related("words").filter(pk=item).first()
    if line is None:
        raise Http404
    context = {
        "title": _("Take a line out"),
        "lead": line.words.body,
        "button": _("Take it out"),
    }
    form = WordsForm(request.POST or None)
    return _page(request, held, form, context, acting.drop_item, acting.working_grant, item=item)


def _project_or_404(request: HttpRequest, pk: int) -> Project:
    seen = Project.objects.filter(acting.visible(request.user)).select_related("owner_unit")
    held = seen.filter(pk=pk).first()
    if held is None:
        raise Http404
    return held


def _page(
    request: HttpRequest,
    held: Project,
    form: forms.Form,
    context: dict[str, Any],
    call: Callable[..., Any],
    granted: Callable[..., Any],
    **of: int,
) -> HttpResponse:
    """The form of one action; done, the project."""
    user = person(request)
    grant = granted(user, held)
    if grant is None:
        raise PermissionDenied
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            actor = Actor.person(user, grant.unit.code)
            status = tried(form, call, actor=actor, at=clock.now(), **of, **form.cleaned_data)
            if status == 302:
                messages.success(request, _("Noted."))
                return HttpResponseRedirect(reverse("project", args=[held.pk]))
    told = {"project": held, "form": form, **context}
    return render(request, "dashboards/project_act.html", told, status=status)
