"""导入: a spreadsheet from the file to the draft: its columns, its check, its preview, and applying it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dispatch.calendar import SHANGHAI
from dispatch.edition import edition
from dispatch.errors import BadItem, ListRefused
from dispatch.models import ColumnMapping, ImportedItem, ItemChange, ListImport, ResponsibilityList
from dispatch.pages.history import KIND_STATES, fields_of
from dispatch.pages.import_forms import ApplyForm, ColumnsForm, FileForm, initial_of
from dispatch.pages.naming import FIELD_NAMES, UnitNames
from dispatch.spreadsheets import imports
from dispatch.spreadsheets.columns import Heading, find_heading, suggest
from dispatch.spreadsheets.grid import Grid, TableError
from dispatch.spreadsheets.reading import Table, open_table
from dispatch.vocabulary import Level, Urgency

PAGE = 50
OWN_SHOWN = 10
HEAD_LINES = 60  # of a sheet that the mapping screen reads
# No worker has taken it up for so many seconds: the page says what is waited for.
STALLED_AFTER = 15
# What new items get where neither the sheet nor an earlier import of such a sheet says it.
FIRST_DEFAULTS = {
    "supervising_unit": settings.TRIAGE_UNIT,
    "level": Level.DISTRICT.value,
    "urgency": Urgency.ROUTINE.value,
    "dispatch_minutes": 120,
    "accept_minutes": 240,
    "handle_limit": "5wd",
}
State = ListImport.State


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.STEWARD)
def begin(request: HttpRequest) -> HttpResponse:
    """Choose a file; below it what has been begun."""
    user = person(request)
    form = FileForm(request.POST or None, request.FILES or None)
    into = request.GET.get("into", "")
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = imports.begin(
                file_name=file.name or "",
                data=file.read(),
                language=get_language() or "",
                by=user,
                at=clock.now(),
            )
        except (TableError, ListRefused) as refused:
            form.add_error("file", str(refused))
        else:
            return HttpResponseRedirect(_columns_url(run, into))
    runs = (
        imports.visible(user).exclude(state=State.DROPPED).select_related("created_by", "draft")[:OWN_SHOWN]
    )
    context = {"form": form, "runs": [(run, _state(run)) for run in runs]}
    return render(request, "dispatch/import_begin.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.STEWARD)
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what each column is; a sheet of known headings comes as it was read last."""
    run, user, at = run_or_404(request, pk), person(request), clock.now()
    if run.state in (State.APPLIED, State.DROPPED):
        return HttpResponseRedirect(reverse("list-import", args=[run.pk]))
    try:
        head = _head(run, request)
    except TableError as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("list-import-begin"))
    drafts = _drafts()
    form = None
    if head.heading is not None:
        form = ColumnsForm(
            request.POST or None,
            initial=_initial(run, head, request.GET.get("into", ""), at),
            grid=head.grid,
            heading=head.heading,
            drafts=drafts,
            units=UnitNames(edition().units),
        )
        if request.method == "POST" and form.is_valid():
            try:
                imports.ask_check(
                    run=run,
                    sheet=head.sheet,
                    heading=head.heading,
                    mapping=form.mapping,
                    options=form.options,
                    target=form.chosen,
                    title=form.cleaned_data["title"],
                    language=get_language() or "",
                    by=user,
                    at=at,
                )
            except ListRefused as refused:
                form.add_error(None, str(refused))
            else:
                return HttpResponseRedirect(reverse("list-import", args=[run.pk]))
    context = {"run": run, "head": head, "form": form, "remembered": head.remembered}
    status = 400 if form is not None and form.errors else 200
    return render(request, "dispatch/import_columns.html", context, status=status)


@require_GET
@staff(Role.STEWARD)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the check is, then the preview, and at last what came of it."""
    run = run_or_404(request, pk)
    if run.state == State.MAPPING:
        return HttpResponseRedirect(_columns_url(run))
    if run.is_under_way:
        return render(request, "dispatch/import_progress.html", _progress(run))
    return _preview(request, run, ApplyForm())


@require_GET
@staff(Role.STEWARD)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar alone, asked for again and again; when the check is over, the way back to the page."""
    run = run_or_404(request, pk)
    if not run.is_under_way:
        return HttpResponseRedirect(reverse("list-import", args=[run.pk]))
    return render(request, "dispatch/parts/import_bar.html", _progress(run))


@require_POST
@staff(Role.STEWARD)
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Write what the preview shows into the draft."""
    run = run_or_404(request, pk)
    form = ApplyForm(request.POST)
    if form.is_valid():
        try:
            draft = imports.apply(run=run, by=person(request), at=clock.now(), **form.cleaned_data)
        except BadItem as bad:
            told = {"problem": bad.problems[0].message}
            form.add_error(None, _("A row cannot stand any more: %(problem)s Check the file again.") % told)
        except ListRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Imported into version %(version)d.") % {"version": draft.version})
            return HttpResponseRedirect(reverse("list-changes", args=[draft.version]))
    run.refresh_from_db()
    return _preview(request, run, form, status=409)


@require_POST
@staff(Role.STEWARD)
def check_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Check the same file, read the same way, against the list as it is now."""
    run = run_or_404(request, pk)
    try:
        imports.check_again(run=run, by=person(request), at=clock.now())
    except ListRefused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(reverse("list-import", args=[run.pk]))


@require_POST
@staff(Role.STEWARD)
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget the file."""
    run = run_or_404(request, pk)
    try:
        imports.drop(run=run, by=person(request), at=clock.now())
    except ListRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The file is forgotten; nothing of it was imported."))
    return HttpResponseRedirect(reverse("list-import-begin"))


def run_or_404(request: HttpRequest, pk: int) -> ListImport:
    """The import, if this person may see it."""
    runs = imports.visible(person(request)).select_related(
        "target", "base", "draft", "created_by", "applied_by"
    )
    run = runs.filter(pk=pk).first() if pk < 2**63 else None
    if run is None:
        raise Http404
    return run


# --- the mapping screen ---------------------------------------------------------------------------------


@dataclass
class Head:
    """The top of the sheet that is looked at, and what its columns may be."""

    table: Table
    sheet: str
    row: int | None
    grid: Grid
    heading: Heading | None

    @cached_property
    def remembered(self) -> ColumnMapping | None:
        if self.heading is None:
            return None
        kept = ColumnMapping.objects.select_related("used_by").filter(signature=self.heading.signature)
        return kept.first()

    @property
    def sheets(self) -> Sequence[str]:
        return self.table.sheets

    @property
    def lines(self) -> Sequence[Any]:
        """The first lines, for whoever looks for the heading among them."""
        return self.grid.lines[:12]


def _head(run: ListImport, request: HttpRequest) -> Head:
    """The sheet and the line that are asked for, else those that look most like a list."""
    table = open_table(bytes(run.file.data))
    asked = request.POST if request.method == "POST" else request.GET
    row = int(asked["row"]) if asked.get("row", "").isdecimal() and len(asked["row"]) < 8 else None
    if row is None and "sheet" not in asked:
        row = run.heading_row
    names = [asked["sheet"]] if asked.get("sheet") in table.sheets else []
    if not names and run.sheet in table.sheets and run.mapping:
        names = [run.sheet]
    heads = []
    for sheet in names or table.sheets:
        grid = table.grid(sheet, most=HEAD_LINES)
        heads.append(Head(table, sheet, row, grid, find_heading(grid, row)))
    # The first of equals.
    return max(heads, key=lambda head: len(suggest(head.heading)) if head.heading else -1)


def _initial(run: ListImport, head: Head, into: str, at: datetime) -> dict[str, Any]:
    assert head.heading is not None
    mapping, options = suggest(head.heading), dict(run.options)
    if run.mapping and run.heading_row == head.heading.first and run.sheet == head.sheet:
        mapping = {int(column): name for column, name in run.mapping.items()}
    elif head.remembered is not None:
        mapping = {int(column): name for column, name in head.remembered.mapping.items()}
        options = head.remembered.options
    options.setdefault("defaults", FIRST_DEFAULTS)
    day = f"{at.astimezone(SHANGHAI):%Y-%m-%d}"
    title = run.title or _("Imported %(day)s") % {"day": day}
    target = str(run.target.version) if run.target else into
    return {**initial_of(mapping, options), "title": title, "target": target}


def _drafts() -> list[ResponsibilityList]:
    return list(ResponsibilityList.objects.filter(state=ResponsibilityList.State.DRAFT).order_by("-version"))


def _columns_url(run: ListImport, into: str = "") -> str:
    url = reverse("list-import-columns", args=[run.pk])
    return f"{url}?into={into}" if into.isdecimal() else url


# --- progress and preview -------------------------------------------------------------------------------


def _progress(run: ListImport) -> dict[str, Any]:
    waits = (clock.now() - run.asked_at).total_seconds() if run.asked_at else 0
    return {
        "run": run,
        "is_stalled": run.state == State.WAITING and waits > STALLED_AFTER,
        "share": round(100 * run.done / run.total) if run.total else None,
    }


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: str
    count: int
    state: str = ""


def _tabs(run: ListImport) -> list[Tab]:
    counts = run.counts
    return [
        Tab("problems", _("Problems"), counts["problems"], "overdue" if counts["problems"] else ""),
        Tab("changed", pgettext("of an item", "Changed"), counts["changed"], "primary"),
        Tab("added", pgettext("of an item", "Added"), counts["added"], "on"),
        Tab("missing", _("Not in the file"), counts["missing"]),
        Tab("notes", _("How it was read"), counts["notes"]),
    ]


def _preview(request: HttpRequest, run: ListImport, form: ApplyForm, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"run": run, "form": form, "state": _state(run)}
    if run.counts and run.state in (State.CHECKED, State.APPLIED):
        tabs = _tabs(run)
        asked = request.GET.get("show", "")
        tab = next((one for one in tabs if one.name == asked), None) or next(
            (one for one in tabs if one.count), tabs[0]
        )
        page = Paginator(_rows(run, tab.name), PAGE).get_page(request.GET.get("page"))
        context |= {
            "tabs": tabs,
            "tab": tab,
            "page": page,
            "rows": _told(run, tab.name, list(page.object_list)),
            "is_stale": imports.is_stale(run, clock.now()),
            "to_write": run.counts["added"] + run.counts["changed"],
        }
    return render(request, "dispatch/import_preview.html", context, status=status)


def _rows(run: ListImport, name: str) -> QuerySet[Any]:
    if name in ("problems", "notes"):
        return run.remarks.filter(is_problem=name == "problems").order_by("row", "pk")
    kinds = {
        "changed": ItemChange.Kind.CHANGED,
        "added": ItemChange.Kind.ADDED,
        "missing": ItemChange.Kind.REMOVED,
    }
    return run.items.filter(kind=kinds[name]).order_by("pk")


def _told(run: ListImport, name: str, rows: list[Any]) -> list[dict[str, Any]]:
    if name in ("problems", "notes"):
        return [{"remark": row, "field": FIELD_NAMES.get(row.field, "")} for row in rows]
    units = UnitNames(edition().units)
    return [
        {
            "item": row,
            "matter": _matter(row),
            "state": KIND_STATES[row.kind],
            "fields": fields_of({k: v for k, v in row.changes.items() if k != "code"}, units),
        }
        for row in rows
    ]


def _matter(row: ImportedItem) -> str:
    told = row.values.get("matter_zh") or (row.changes.get("matter_zh") or [""])[0]
    return str(told or "")


def _state(run: ListImport) -> str:
    """The colour of its state."""
    if run.state == State.CHECKED:
        return "overdue" if run.counts["problems"] else "primary"
    return {State.FAILED: "overdue", State.APPLIED: "on", State.MAPPING: "warned"}.get(
        State(run.state), "paused"
    )
