"""Sheets on their way into a register: chosen, looked at before they are written, written or forgotten.

Who keeps a register does it. People's are the security administrator's, under addresses of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import person, staff
from accounts.identity.rules import SECURITY_ROLES
from config import clock
from dispatch.errors import ListRefused
from dispatch.models import RegisterImport
from dispatch.pages.register_forms import ImportFileForm, PeopleFileForm
from dispatch.pages.register_preview import label, preview
from dispatch.pages.registers import (
    CATEGORY_HEAD,
    FACILITY_HEAD,
    KEEPERS,
    PLACE_HEAD,
    csv_file,
    names_of,
    refuse_others,
)
from dispatch.registers import people, runs, units
from dispatch.spreadsheets.grid import TableError

IMPORTS_SHOWN = 8
Register, State = RegisterImport.Register, RegisterImport.State
# What our own sheets have in their first row.
HEADS: Final = {
    Register.FACILITIES.value: FACILITY_HEAD,
    Register.PLACES.value: PLACE_HEAD,
    Register.CATEGORIES.value: CATEGORY_HEAD,
    Register.UNITS.value: tuple(units.COLUMNS.names),
    Register.PEOPLE.value: tuple(people.COLUMNS.names),
}
_PAGES: Final = {
    Register.FACILITIES.value: "facilities",
    Register.PLACES.value: "named-places",
    Register.CATEGORIES.value: "categories",
    Register.AREAS.value: "areas",
    Register.UNITS.value: "units",
    Register.PEOPLE.value: "people",
}


@dataclass(frozen=True, slots=True)
class Ways:
    """The addresses of a register's imports."""

    register: str

    @property
    def back(self) -> str:
        return reverse(_PAGES[self.register])

    @property
    def begin(self) -> str:
        match self.register:
            case Register.AREAS:
                return reverse("area-import")
            case Register.PEOPLE:
                return reverse("people-sheet")
        return reverse("register-import-begin", args=[self.register])

    @property
    def prefix(self) -> str:
        return "people-sheet-run" if self.register == Register.PEOPLE else "register-import"

    def run(self, pk: int) -> str:
        return reverse(self.prefix, args=[pk])

    def apply(self, pk: int) -> str:
        return reverse(f"{self.prefix}-apply", args=[pk])

    def problems(self, pk: int) -> str:
        return reverse(f"{self.prefix}-problems", args=[pk])


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*KEEPERS)
def begin_import(request: HttpRequest, register: str) -> HttpResponse:
    """Choose a sheet; below it what was imported before."""
    if register == Register.PEOPLE:
        raise Http404  # has an address of its own
    refuse_others(request, register)
    if register not in HEADS:  # areas come in on their own page
        raise Http404
    return _begin(request, register, ImportFileForm(request.POST or None, request.FILES or None))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SECURITY_ROLES)
def begin_people(request: HttpRequest) -> HttpResponse:
    """The same of people; why they are changed is asked, too."""
    return _begin(request, Register.PEOPLE, PeopleFileForm(request.POST or None, request.FILES or None))


def _begin(request: HttpRequest, register: str, form: ImportFileForm) -> HttpResponse:
    ways = Ways(register)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = runs.begin(
                register=register,
                file_name=file.name or "",
                data=file.read(),
                language=get_language() or "zh-hans",
                reason=form.cleaned_data.get("reason", ""),
                by=person(request),
                at=_now(register),
            )
        except (TableError, ListRefused) as refused:
            form.add_error("file", str(refused))
        else:
            return redirect(ways.run(run.pk))
    past = runs.visible(person(request)).filter(register=register).exclude(state=State.DROPPED)
    context = {
        "form": form,
        "register": Register(register),
        "runs": [(run, ways.run(run.pk)) for run in past[:IMPORTS_SHOWN]],
        "columns": _(", ").join(_heads(register)),
        "rules": list(_rules(register)),
        "back": ways.back,
    }
    return render(request, "dispatch/register_import_begin.html", context, status=400 if form.errors else 200)


def _heads(register: str) -> list[str]:
    """As our own export has them; of units and people it is in the reader's language."""
    if register not in (Register.UNITS, Register.PEOPLE):
        return list(HEADS[register])
    columns = units.COLUMNS if register == Register.UNITS else people.COLUMNS
    in_chinese = (get_language() or "").startswith("zh")
    return [columns.label(name, in_chinese=in_chinese) for name in columns.names]


def _rules(register: str) -> Iterator[str]:
    match register:
        case Register.CATEGORIES:
            yield _(
                "Rows are found by their code; no category is added. One is switched off by its state and "
                "the code of its successor. What the file lacks stays."
            )
        case Register.UNITS:
            yield _(
                "Rows are found by their code: a new unit is added, a known one is named otherwise or "
                "moved in the tree. What the file lacks stays."
            )
            yield _("None is merged, closed or opened by a sheet: that is done on the unit's own page.")
        case Register.PEOPLE:
            yield _(
                "Rows are found by their user name: who is new is added, who is known is changed. Who is not "
                "in the file stays as they are."
            )
            yield _(
                "“Roles” has all roles of a person, and what it lacks is taken. They are in the row's unit; "
                "one elsewhere is written role@unit. An empty cell changes nothing, “-” empties it."
            )
            yield _(
                "No password is in a sheet: new people are handed theirs on their own page. Nobody gives or "
                "takes anything of themselves."
            )
        case _:
            yield _(
                "Rows are found by their code: a new one is added, a known one is updated. What the file "
                "lacks stays; what is gone is retired by its state."
            )


@require_safe
@staff(*KEEPERS)
def show_import(request: HttpRequest, pk: int) -> HttpResponse:
    """What the sheet would do, or what it did; while a worker reads it, how long one waits."""
    return _show(request, _run_or_404(request, pk))


@require_safe
@staff(*SECURITY_ROLES)
def show_people(request: HttpRequest, pk: int) -> HttpResponse:
    """The same of people."""
    return _show(request, _run_or_404(request, pk, of_people=True))


def _show(request: HttpRequest, run: RegisterImport) -> HttpResponse:
    ways = Ways(run.register)
    context: dict[str, Any] = {
        "run": run,
        "back": ways.back,
        "begin_url": ways.begin,
        "run_url": ways.run(run.pk),
        "apply_url": ways.apply(run.pk),
        "problems_url": ways.problems(run.pk),
        "can_apply": run.state == State.CHECKED and not run.counts["problems"],
        "problems": [(row, column, label(run, name), told) for row, column, name, told in run.problems[:100]],
        **preview(run, names_of),
    }
    template = (
        "dispatch/parts/register_import.html" if "panel" in request.GET else "dispatch/register_import.html"
    )
    return render(request, template, context)


@require_POST
@staff(*KEEPERS)
def apply_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Write it, or forget it."""
    return _apply(request, _run_or_404(request, pk))


@require_POST
@staff(*SECURITY_ROLES)
def apply_people(request: HttpRequest, pk: int) -> HttpResponse:
    """The same of people."""
    return _apply(request, _run_or_404(request, pk, of_people=True))


def _apply(request: HttpRequest, run: RegisterImport) -> HttpResponse:
    ways, at = Ways(run.register), _now(run.register)
    try:
        if "drop" in request.POST:
            runs.drop(run=run, by=person(request), at=at)
            messages.success(request, _("The file is forgotten. Nothing of it was imported."))
            return redirect(ways.begin)
        runs.apply(run=run, by=person(request), at=at)
    except ListRefused as refused:
        messages.error(request, str(refused))
    return redirect(ways.run(run.pk))


@require_safe
@staff(*KEEPERS)
def import_problems(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every problem that was kept, at its cell, for whoever mends the file."""
    return _problems(_run_or_404(request, pk))


@require_safe
@staff(*SECURITY_ROLES)
def people_problems(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same of people."""
    return _problems(_run_or_404(request, pk, of_people=True))


def _problems(run: RegisterImport) -> HttpResponseBase:
    rows = ([str(row), column, label(run, name), message] for row, column, name, message in run.problems)
    return csv_file(f"problems-{run.pk}.csv", [_("Row"), _("Column"), _("Field"), _("What is wrong")], rows)


def _run_or_404(request: HttpRequest, pk: int, *, of_people: bool = False) -> RegisterImport:
    seen = runs.visible(person(request)).filter(pk=pk) if pk < 2**31 else RegisterImport.objects.none()
    found = next((run for run in seen if (run.register == Register.PEOPLE) == of_people), None)
    if found is None:
        raise Http404
    return found


def _now(register: str) -> datetime:
    """People are kept by the machine's own time, as all that is about signing in."""
    return timezone.now() if register == Register.PEOPLE else clock.now()
