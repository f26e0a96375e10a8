"""治理项目: begun from a warning, its three lists, and what came of it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import person, staff
from accounts.models import OrgUnit
from accounts.roles import Role
from config import clock
from dashboards.indicators import SMALL
from dashboards.models import Project, ProjectEvent, ProjectItem, Warning
from dashboards.scope import Names
from dashboards.warning import before_after, reach, shown
from dashboards.warning import projects as acting
from incidents import policy
from incidents.actor import Actor
from incidents.cases import TEXT_MAX
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.numbers import district_day
from incidents.pages.forms import text_area
from incidents.pages.refusals import refused
from incidents.pages.widgets import UnitSelect

PER_PAGE, CASES_PER_PAGE = 20, 50
_SET = (Project.Status.PLANNED, Project.Status.RUNNING, Project.Status.WATCH)
READERS = (*reach.READERS, Role.HANDLER)
_SELECT = {"class": "form-select"}
_DAY = {"class": "form-control", "type": "date"}


class BeginForm(forms.Form):
    """A project from a warning, or the one that the warning joins."""

    project = forms.ChoiceField(
        label=gettext_lazy("Join a project that runs"), required=False, widget=forms.Select(attrs=_SELECT)
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the project"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    problem = forms.CharField(
        label=gettext_lazy("What the problem is"), required=False, max_length=TEXT_MAX, widget=text_area(3)
    )
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit that owns it"), required=False, widget=UnitSelect(attrs=_SELECT)
    )
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Matters that it is measured by"),
        required=False,
        widget=forms.SelectMultiple(attrs={**_SELECT, "size": 6}),
        help_text=gettext_lazy("With the warning's place they are what before and after are counted over."),
    )
    start = forms.DateField(
        label=gettext_lazy("Begins on"), required=False, widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d")
    )
    end = forms.DateField(
        label=gettext_lazy("Ends on"), required=False, widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d")
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=100_000)

    def __init__(self, *args: Any, names: Names, open_ones: list[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields
        choices["project"].choices = [
            ("", _("No, a new one")),
            *((str(one.pk), one.name) for one in open_ones),
        ]
        choices["unit"].choices = [("", "—"), *_units()]
        choices["categories"].choices = [(code, one.name) for code, one in sorted(names.categories.items())]

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if not told.get("project"):
            for name in ("name", "problem", "unit", "categories", "start", "end"):
                if not told.get(name) and name not in self.errors:
                    self.add_error(name, _("This is needed for a new project."))
        return told


class ItemForm(forms.Form):
    """A line of its lists."""

    kind = forms.ChoiceField(
        label=pgettext_lazy("project", "List"),
        choices=ProjectItem.Kind.choices,
        widget=forms.Select(attrs=_SELECT),
    )
    words = forms.CharField(
        label=gettext_lazy("What"), max_length=400, widget=forms.TextInput(attrs={"class": "form-control"})
    )
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), widget=UnitSelect(attrs=_SELECT))
    due = forms.DateField(
        label=pgettext_lazy("measure", "By"),
        required=False,
        widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
        help_text=gettext_lazy("A measure has a day; a resource needs none."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields
        choices["unit"].choices = [("", "—"), *_units()]


def _units() -> list[tuple[str, str]]:
    return [(unit.code, unit.name) for unit in OrgUnit.objects.open().order_by("path")]


def _seen(request: HttpRequest) -> QuerySet[Project]:
    return Project.objects.filter(acting.visible(request.user)).select_related("owner_unit")


def _project_or_404(request: HttpRequest, pk: int) -> Project:
    found = _seen(request).select_related("problem", "opened_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
@staff(*READERS)
def projects(request: HttpRequest) -> HttpResponse:
    """项目清单 of all: the newest first."""
    rows = _seen(request).annotate(
        measures=Count("items", filter=Q(items__kind="measure", items__dropped_at=None), distinct=True),
        carried=Count("items", filter=Q(items__kind="measure", items__done_at__isnull=False), distinct=True),
        case_count=Count("cases", distinct=True),
    )
    page = Paginator(rows.order_by("-start", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": list(page.object_list), "reads_warnings": reach.reads(request.user)}
    return render(request, "dashboards/projects.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READERS)
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """One project: its lists and its before and after; a line is added by the form."""
    held, user, at, names = _project_or_404(request, pk), person(request), clock.now(), Names()
    grant = acting.working_grant(user, held)
    form = ItemForm(request.POST or None, initial={"unit": held.owner_unit_id, "kind": "measure"})
    status = 200
    if request.method == "POST":
        if grant is None:
            raise PermissionDenied
        status = 400
        if form.is_valid():
            status = tried(
                form,
                acting.add_item,
                project=pk,
                actor=Actor.person(user, grant.unit.code),
                at=at,
                **form.cleaned_data,
            )
            if status == 302:
                return HttpResponseRedirect(reverse("project", args=[pk]) + "#lists")
    found = before_after.compare(held, today=district_day(at))
    own = Incident.objects.filter(policy.visible(user), pk__in=held.cases.values("incident"))
    items = list(held.items.select_related("words", "unit", "done_by"))
    today = district_day(at)
    context = {
        "project": held,
        "place": names.community(held.community_code)
        if held.community_code
        else names.street(held.street_code)
        if held.street_code
        else _("Whole district"),
        "matters": _(", ").join(names.category(code) for code in held.categories),
        "sentence": before_after.sentence(found),
        "verdict": found.verdict,
        "chart": before_after.chart(found) if any(found.before) or any(found.after) else None,
        "has_both": bool(found.before and found.after),
        "weeks": before_after.WEEKS,
        "small": SMALL,
        "resources": [item for item in items if item.kind == "resource" and item.dropped_at is None],
        "measures": [
            {"item": item, "is_late": item.done_at is None and item.due is not None and item.due < today}
            for item in items
            if item.kind == "measure" and item.dropped_at is None
        ],
        "dropped": [item for item in items if item.dropped_at is not None],
        "cases": list(own.select_related("text", "owner_unit").order_by("-received_at", "-pk")[:10]),
        "case_count": own.count(),
        "events": _trail(held, names),
        "warnings": list(held.warnings.filter(reach.visible(user)).order_by("pk")),
        "form": form,
        "may_add": grant is not None and held.status in acting.OPEN,
        "may_keep": acting.keeping_grant(user, held) is not None,
        # Its end has a form of its own.
        "states": [one for one in Project.Status.choices if one[0] in (held.status, *_SET)],
    }
    return render(request, "dashboards/project.html", context, status=status)


def _trail(held: Project, names: Names) -> list[dict[str, Any]]:
    """What was done with it; of its end also what was counted then, of a new owner both units."""
    rows: list[dict[str, Any]] = []
    for event in held.events.select_related("by", "words"):
        row: dict[str, Any] = {"event": event}
        if event.kind == ProjectEvent.Kind.FINISHED:
            row["measured"] = before_after.sentence(before_after.recorded(held, event.data))
        elif event.kind == ProjectEvent.Kind.OWNER:
            row["owners"] = f"{names.unit(event.data['before'])} → {names.unit(event.data['after'])}"
        rows.append(row)
    return rows


@require_safe
@staff(*READERS)
def cases(request: HttpRequest, pk: int) -> HttpResponse:
    """问题清单: every case of it that this person may see."""
    held, names = _project_or_404(request, pk), Names()
    rows = Incident.objects.filter(
        policy.visible(person(request)), pk__in=held.cases.values("incident")
    ).select_related("category", "owner_unit", "text")
    page = Paginator(rows.order_by("-received_at", "-pk"), CASES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": held,
        "page": page,
        "rows": [
            {"incident": one, "community": names.community(one.community_code) if one.community_code else "—"}
            for one in page.object_list
        ],
    }
    return render(request, "dashboards/project_cases.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.ACTORS)
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """转为专项: a project of its own, or one that runs."""
    user, at, names = person(request), clock.now(), Names()
    held = Warning.objects.filter(reach.visible(user), pk=pk).first()
    if held is None:
        raise Http404
    grant = reach.acting_grant(user, held)
    if grant is None:
        raise PermissionDenied
    today = district_day(at)
    matters = [held.category_code] if held.category_code else [
        code for code, _number in held.evidence.get("categories", ()) if code
    ][:3]  # fmt: skip
    initial = {
        "name": f"{shown.place(held, names)} · {shown.matter(held, names)}"[:80],
        "unit": held.unit_code,
        "categories": matters,
        # Time to prepare it, and whole weeks to count.
        "start": today + timedelta(days=7 - today.weekday()),
        "seen": held.events.count(),
    }
    open_ones = list(_seen(request).filter(status__in=acting.OPEN).order_by("-pk")[:100])
    form = BeginForm(request.POST or None, names=names, open_ones=open_ones, initial=initial)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            told = dict(form.cleaned_data)
            joins, actor = told.pop("project"), Actor.person(user, grant.unit.code)
            if joins:
                status = tried(
                    form,
                    acting.add_warning,
                    warning=pk,
                    project=int(joins),
                    seen=told["seen"],
                    actor=actor,
                    at=at,
                )
            else:
                status = tried(form, acting.begin, warning=pk, actor=actor, at=at, **told)
            if status == 302:
                held.refresh_from_db()
                messages.success(request, _("It is a project now."))
                return HttpResponseRedirect(reverse("project", args=[held.project_id]))
    context = {"warning": held, "detail": shown.row(held, names), "form": form}
    return render(request, "dashboards/project_begin.html", context, status=status)


@require_POST
@staff(*reach.ACTORS)
def status(request: HttpRequest, pk: int) -> HttpResponse:
    """Its state is another one."""
    held, user = _project_or_404(request, pk), person(request)
    grant = acting.keeping_grant(user, held)
    if grant is None:
        raise PermissionDenied
    try:
        acting.set_status(
            project=pk,
            status=request.POST.get("status", ""),
            actor=Actor.person(user, grant.unit.code),
            at=clock.now(),
        )
    except (ActionRefused, InvalidInput) as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("project", args=[pk]))


@require_POST
@staff(*READERS)
def carry_out(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """A measure is carried out."""
    held, user = _project_or_404(request, pk), person(request)
    grant = acting.working_grant(user, held)
    if grant is None:
        raise PermissionDenied
    if not held.items.filter(pk=item, kind=ProjectItem.Kind.MEASURE).exists():
        raise Http404
    acting.carry_out(item=item, actor=Actor.person(user, grant.unit.code), at=clock.now())
    return HttpResponseRedirect(reverse("project", args=[pk]) + "#lists")


def tried(form: forms.Form, call: Any, **told: Any) -> int:
    """302 where it was done, else the status of the refusal, which the form tells."""
    try:
        call(**told)
    except (InvalidInput, ActionRefused) as error:
        return refused(form, error)
    return 302
