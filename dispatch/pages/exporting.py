"""A version of the list as a file: Excel for people, CSV for other systems."""

from django.http import FileResponse, Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import staff
from accounts.roles import Role
from dispatch.pages.access import list_or_404
from dispatch.pages.importing import run_or_404
from dispatch.pages.naming import FIELD_NAMES
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
