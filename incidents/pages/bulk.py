"""批量导入: a file of reports from the upload through its columns, its check and its preview to its end."""

import hashlib
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import FileResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config import clock
from dispatch.spreadsheets.grid import TableError
from incidents.bulk import imports, preview, rejects, sample, working
from incidents.bulk.fields import heading_of
from incidents.bulk.imports import Sender
from incidents.bulk.lines import unpacked
from incidents.bulk.words import field_name, sentence
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BulkImport
from incidents.pages.access import DESK_ROLES, person, staff
from incidents.pages.bulk_forms import BulkColumnsForm, BulkFileForm

PAGE = 20
HEAD_LINES = 60
# No worker has taken it up for so many seconds: the page says what is waited for.
STALLED_AFTER = 15
State = BulkImport.State
_COLOURS = {
    State.FAILED: "overdue",
    State.DONE: "on",
    State.MAPPING: "warned",
    State.READY: "primary",
    State.RUNNING: "primary",
}
# What came of rows, as the page tells it; the best first.
_OUTCOMES = ("dispatched", "triage", "joined", "there", "left_out", "refused")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*DESK_ROLES)
def listed(request: HttpRequest) -> HttpResponse:
    """Send a file; below it those that were sent."""
    sender, at = _sender(request), clock.now()
    form = BulkFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            bulk = imports.begin(
                source=form.cleaned_data["source"],
                file_name=file.name or "",
                data=file.read(),
                language=get_language() or "",
                by=sender,
                at=at,
            )
        except TableError as refused:
            form.add_error("file", str(refused))
        except InvalidInput as refused:
            form.add_error(refused.field, str(refused))
        else:
            working.read_now(bulk, at=at)
            return HttpResponseRedirect(reverse("bulk-import", args=[bulk.pk]))
    found = imports.visible(sender).exclude(state=State.DROPPED)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "runs": [{"bulk": one, "state": _colour(one), "result": _outcomes(one.result)} for one in page],
        "rows_most": imports.ROWS_MOST,
        "mb_most": imports.FILE_BYTES_MOST // 1024 // 1024,
    }
    return render(request, "incidents/bulk/list.html", context, status=400 if form.errors else 200)


@require_GET
@staff(*DESK_ROLES)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Where this file stands: being read, its columns, being checked, its preview, being taken in, over."""
    bulk = _bulk_or_404(request, pk)
    if bulk.state == State.MAPPING:
        return HttpResponseRedirect(reverse("bulk-columns", args=[bulk.pk]))
    if bulk.is_under_way:
        return render(request, "incidents/bulk/progress.html", _progress(bulk))
    return _shown(request, bulk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*DESK_ROLES)
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what each column is; a sheet of known headings comes as it was read last."""
    bulk, sender, at = _bulk_or_404(request, pk), _sender(request), clock.now()
    heading = heading_of(bulk.heading)
    if bulk.state not in (State.MAPPING, State.READY) or heading is None:
        return HttpResponseRedirect(reverse("bulk-import", args=[bulk.pk]))
    if request.method == "POST" and "read" in request.POST:
        return _read_otherwise(request, bulk)
    mapping, options, kept = imports.suggested(bulk)
    part = bulk.parts.order_by("position").first()
    form = BulkColumnsForm(
        request.POST or None,
        initial={**{f"column_{column}": name for column, name in mapping.items()}, **options},
        heading=heading,
        lines=unpacked(part.rows)[:HEAD_LINES] if part else [],
        with_people=imports.sees_people(bulk, sender),
    )
    if request.method == "POST" and form.is_valid():
        try:
            imports.map_columns(bulk=bulk, columns=form.mapping, options=form.options, by=sender, at=at)
        except (InvalidInput, ActionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            return HttpResponseRedirect(reverse("bulk-import", args=[bulk.pk]))
    context = {
        "bulk": bulk,
        "form": form,
        "kept": kept,
        "heading": heading,
        "before": imports.same_table(bulk),
    }
    return render(request, "incidents/bulk/columns.html", context, status=400 if form.errors else 200)


@require_GET
@staff(*DESK_ROLES)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar alone, asked for again and again: 304 while it has not moved; the way back when it is over."""
    bulk = _bulk_or_404(request, pk)
    if not bulk.is_under_way:
        return HttpResponseRedirect(reverse("bulk-import", args=[bulk.pk]))
    context = _progress(bulk)
    told = f"{bulk.pk}{bulk.state}{context['done']}{context['is_stalled']}{get_language()}"
    tag = f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, "incidents/bulk/parts/bar.html", context)
    response["ETag"] = tag
    return response


@require_POST
@staff(*DESK_ROLES)
def act(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Begin, stop, forget the file, or forget what was refused."""
    bulk = _bulk_or_404(request, pk)
    deeds = {
        "start": imports.start,
        "cancel": imports.cancel,
        "drop": imports.drop,
        "forget": imports.forget_rejects,
    }
    if step not in deeds:
        raise Http404
    try:
        deeds[step](bulk=bulk, by=_sender(request), at=clock.now())
    except ActionRefused as refused:
        messages.error(request, str(refused))
    else:
        told = {
            "cancel": _("Stopped. What is in stays; nothing more is taken in."),
            "drop": _("The file is forgotten; nothing of it was taken in."),
            "forget": _("The refused rows are erased."),
        }
        if step in told:
            messages.success(request, told[step])
    if step == "drop":
        return HttpResponseRedirect(reverse("bulk-imports"))
    return HttpResponseRedirect(reverse("bulk-import", args=[bulk.pk]))


@require_GET
@staff(*DESK_ROLES)
def refused(request: HttpRequest, pk: str, kind: str) -> HttpResponseBase:
    """The refused rows as a sheet. Who did not send the file gets it without the people in it."""
    bulk = _bulk_or_404(request, int(pk))
    if not rejects.are_kept(bulk):
        raise Http404
    with_people = imports.sees_people(bulk, _sender(request))
    name = f"{bulk.file_name.rpartition('.')[0] or bulk.file_name}-{_('refused')}.{kind}"
    if kind == "xlsx":
        return FileResponse(rejects.as_xlsx(bulk, with_people=with_people), as_attachment=True, filename=name)
    answer = StreamingHttpResponse(
        rejects.as_csv(bulk, with_people=with_people), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


@require_GET
@staff(*DESK_ROLES)
def sample_file(request: HttpRequest) -> HttpResponseBase:
    """A file to try it with, of today."""
    _sender(request)
    return FileResponse(sample.as_xlsx(clock.now()), as_attachment=True, filename="12345工单样例.xlsx")


# --- what the pages show --------------------------------------------------------------------------------


def _sender(request: HttpRequest) -> Sender:
    """The person, if they may take files in at all."""
    sender = Sender(person(request))
    if not sender.sources:
        raise PermissionDenied
    return sender


def _bulk_or_404(request: HttpRequest, pk: int) -> BulkImport:
    found = imports.visible(_sender(request)).filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def _read_otherwise(request: HttpRequest, bulk: BulkImport) -> HttpResponse:
    row, at = request.POST.get("row", ""), clock.now()
    try:
        imports.read_otherwise(
            bulk=bulk,
            sheet=request.POST.get("sheet", bulk.sheet),
            row=int(row) if row.isdecimal() and len(row) < 8 else None,
            by=_sender(request),
            at=at,
        )
    except (InvalidInput, ActionRefused) as error:
        messages.error(request, str(error))
    else:
        working.read_now(bulk, at=at)
    return HttpResponseRedirect(reverse("bulk-import", args=[bulk.pk]))


def _progress(bulk: BulkImport) -> dict[str, Any]:
    at = clock.now()
    done = imports.lines_done(bulk) if bulk.state != State.READING else 0
    since = bulk.started_at if bulk.state == State.RUNNING else bulk.asked_at
    seconds = (at - since).total_seconds() if since else 0
    return {
        "bulk": bulk,
        "done": done,
        "share": round(100 * done / bulk.lines) if bulk.lines and bulk.state != State.READING else None,
        "speed": round(done / seconds) if done and seconds > 0 else None,
        "result": _outcomes(imports.totals(bulk)) if bulk.state == State.RUNNING else [],
        **_standstill(bulk, at=at),
    }


def _standstill(bulk: BulkImport, *, at: datetime) -> dict[str, bool]:
    """Does nobody work on it, and is somebody at another file meanwhile? The lock tells, whatever is slow."""
    since = imports.last_sign(bulk)
    if since is None or (at - since).total_seconds() <= STALLED_AFTER:
        return {"is_stalled": False, "is_behind": False}
    ours, anybodys = working.in_hand(bulk)
    return {"is_stalled": not anybodys, "is_behind": anybodys and not ours}


def _outcomes(result: dict[str, int]) -> list[tuple[str, str, int]]:
    """What came of rows: a colour, words and how many; only those that there are."""
    words = {
        "dispatched": ("on", _("dispatched")),
        "triage": ("warned", _("on the triage desk")),
        "joined": ("primary", _("joined to open cases")),
        "there": ("", _("there already")),
        "left_out": ("", _("left out")),
        "refused": ("overdue", _("refused")),
    }
    return [(*words[name], result[name]) for name in _OUTCOMES if result.get(name)]


def _shown(request: HttpRequest, bulk: BulkImport) -> HttpResponse:
    context: dict[str, Any] = {"bulk": bulk, "state": _colour(bulk), "result": _outcomes(bulk.result)}
    if bulk.state == State.READY:
        rows = preview.first_rows(
            bulk, with_people=imports.sees_people(bulk, _sender(request)), at=clock.now()
        )
        context |= {
            "rows": [
                {"row": row, "problems": [_problem(*one.as_json()) for one in row.problems]} for row in rows
            ],
            "groups": _groups(bulk),
            "before": imports.same_table(bulk),
        }
    if bulk.state in (State.READY, State.DONE, State.CANCELLED):
        context |= {
            "refused_count": rejects.count(bulk),
            "rejects_kept": rejects.are_kept(bulk),
            "kept_days": imports.KEPT_FOR.days,
            "all_rows": sum(bulk.result.values()),
        }
    return render(request, "incidents/bulk/show.html", context)


def _groups(bulk: BulkImport) -> list[dict[str, Any]]:
    """Each kind of problem once, with its first cells: ten thousand rows are wrong in few ways."""
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for problems in bulk.parts.order_by("position").values_list("problems", flat=True):
        for row, column, field, code, word in problems:
            group = told.setdefault(
                (field, code),
                {"field": field_name(field), "words": sentence(code, word), "cells": [], "count": 0},
            )
            group["count"] += 1
            if len(group["cells"]) < 8:
                group["cells"].append(f"{column}{row}" if column else _("row %(row)d") % {"row": row})
    groups = sorted(told.values(), key=lambda one: -one["count"])
    for group in groups:
        more = group["count"] - len(group["cells"])
        group["more"] = ngettext("%(count)d more", "%(count)d more", more) % {"count": more} if more else ""
    return groups


def _problem(column: str, field: str, code: str, word: str) -> str:
    where = f"{column} {field_name(field)}".strip()
    return _("%(where)s: %(what)s") % {"where": where, "what": sentence(code, word)}


def _colour(bulk: BulkImport) -> str:
    return _COLOURS.get(State(bulk.state), "paused")
