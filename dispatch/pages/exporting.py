"""The list, units and people as files: Excel for people, CSV for other systems."""

from collections.abc import Iterable, Sequence
from itertools import chain

from django.http import FileResponse, Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import person, staff
from accounts.audit.acting import TOLD
from accounts.audit.rows import AuditEvent
from accounts.audit.telling import taken_out_by, tell_of
from accounts.identity.rules import SECURITY_ROLES
from accounts.roles import Role
from dispatch.pages.access import list_or_404
from dispatch.pages.importing import run_or_404
from dispatch.pages.naming import FIELD_NAMES
from dispatch.registers import people, units
from dispatch.registers.plan import Columns
from dispatch.spreadsheets import export

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
@staff(*Role)
def export_list(request: HttpRequest, version: int, kind: str) -> HttpResponseBase:
    """The version as .xlsx or .csv; `?heading=codes` names the columns as files of ours do.

    `?bom=0` leaves out the mark at the beginning of a CSV, which Excel needs and other readers may not.
    """
    one = list_or_404(request, version)
    asked = request.GET.get("heading", export.CHINESE)
    heading = export.CODES if asked == export.CODES else export.CHINESE
    name = f"responsibility-list-{one.version}.{kind}"
    if kind == "xlsx":
        return FileResponse(
            export.xlsx_file(one, kind=heading), as_attachment=True, filename=name, content_type=_XLSX
        )
    if kind != "csv":
        raise Http404
    chunks = export.csv_chunks(one, kind=heading, bom=request.GET.get("bom") != "0")
    answer = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


@require_GET
@staff(Role.ADMIN)
def export_units(request: HttpRequest, kind: str) -> HttpResponseBase:
    """All units as a sheet that can be imported again, in the reader's language."""
    rows = units.rows(in_chinese=_in_chinese())
    return _sheet("units", kind, _("Units"), units.COLUMNS, rows, widths=(30, 32, 40, 14, 28, 16, 8))


@require_GET
@staff(*SECURITY_ROLES)
def export_people(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The same of everybody with a sign-in. It is personal data: it says who took it, and so does the log."""
    who = person(request)
    remark = taken_out_by(who, timezone.localtime())
    rows = list(people.rows(in_chinese=_in_chinese()))
    answer = _sheet(
        "people", kind, _("People"), people.COLUMNS, rows, widths=(20, 14, 30, 40, 18, 8), remark=remark
    )
    tell_of(
        request,
        kind=AuditEvent.Kind.EXPORT,
        what="file",
        about=("page", "people-export"),
        file=f"people.{kind}",
        of=kind,
        people=len(rows),
    )
    setattr(answer, TOLD, True)
    return answer


def _in_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def _sheet(
    name: str,
    kind: str,
    title: str,
    columns: Columns,
    rows: Iterable[list[str]],
    *,
    widths: Sequence[int],
    remark: str = "",
) -> HttpResponseBase:
    """As .xlsx or .csv; Http404 for anything else."""
    head = [columns.label(field, in_chinese=_in_chinese()) for field in columns.names]
    answer: HttpResponseBase
    if kind == "xlsx":
        file = export.xlsx_of(title, head, rows, widths=widths, remark=remark)
        return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=_XLSX)
    if kind != "csv":
        raise Http404
    chunks = export.csv_of([remark], chain([head], rows)) if remark else export.csv_of(head, rows)
    answer = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"{name}.csv") or "attachment"
    return answer


@require_GET
@staff(Role.STEWARD)
def export_problems(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every problem of an import at its cell, for whoever mends the file."""
    run = run_or_404(request, pk)
    head = [_("Row"), _("Column"), _("Field"), _("What is wrong")]
    found = run.remarks.filter(is_problem=True).order_by("row", "pk").iterator(chunk_size=1_000)
    rows = ([str(one.row), one.column, str(FIELD_NAMES.get(one.field, "")), one.message] for one in found)
    chunks = export.csv_of(head, rows)
    answer = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"problems-{run.pk}.csv") or "attachment"
    return answer
