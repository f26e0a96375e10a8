"""The log for the audit administrator: found, read and taken out; nothing is changed here."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import person, staff
from accounts.audit import finding, words
from accounts.audit.finding import Asked
from accounts.audit.rows import AuditEvent
from accounts.audit.state import seal_state
from accounts.audit.telling import taken_out_by
from accounts.cells import begins_formula
from accounts.roles import Role

# One file holds so many lines; the newest of what was asked for.
FILE_MOST: Final = 100_000
_CHUNK: Final = 2000
_BOM: Final = "\ufeff"


@require_safe
@staff(Role.AUDITOR)
def log(request: HttpRequest) -> HttpResponse:
    """Lines of the log, newest first, and how its seal stands."""
    asked = Asked.read(request.GET)
    before = request.GET.get("before", "")
    rows, after = finding.page(asked, before)
    query = request.GET.copy()
    query.pop("before", None)
    names = words.people_of(rows)
    context = {
        "asked": asked,
        "strange": asked.strange,
        "kinds": AuditEvent.Kind.choices,
        "lines": [_line(row, names) for row in rows],
        "seal": seal_state(at=timezone.now()),
        "first_url": f"{reverse('audit')}?{query.urlencode()}" if before else "",
        "next_url": f"?{_with(query, after)}" if after else "",
        "file_url": f"{reverse('audit-file')}?{query.urlencode()}",
    }
    return render(request, "accounts/audit.html", context, status=400 if asked.strange else 200)


@require_safe
@staff(Role.AUDITOR)
def as_file(request: HttpRequest) -> HttpResponseBase:
    """The same lines as CSV. Like every file it stands in the log itself, with who took it."""
    asked = Asked.read(request.GET)
    at = timezone.localtime()
    marked = taken_out_by(person(request), at)
    rows = _rows(asked, marked, get_language() or "zh-hans")
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-{at:%Y%m%d-%H%M}.csv"'
    return answer


def _line(row: AuditEvent, names: dict[int, str]) -> dict[str, Any]:
    return {
        "row": row,
        "kind": row.get_kind_display(),
        "what": words.what(row),
        "who": words.who(row, names),
        "about": words.about(row, names),
        "more": words.more(row),
    }


def _rows(asked: Asked, marked: str, language: str) -> Iterator[str]:
    # The response is read after the request is over, when its language is as well.
    with override(language):
        heads = [
            "#",
            _("When"),
            _("Kind"),
            _("What"),
            pgettext("audit", "Who"),
            _("Address"),
            _("Device"),
            _("About"),
            _("More"),
        ]
        yield _BOM + _csv([heads])
    last: int | None = None
    left = FILE_MOST
    while left > 0:
        rows = finding.newest(asked, most=min(_CHUNK, left), before=last)
        with override(language):
            names = words.people_of(rows)
            yield _csv(_cells(row, names) for row in rows)
        left -= len(rows)
        if len(rows) < _CHUNK:
            break
        last = rows[-1].pk
    yield _csv([[marked]])


def _cells(row: AuditEvent, names: dict[int, str]) -> list[Any]:
    told = _line(row, names)
    at = timezone.localtime(row.at)
    return [
        row.seq or "",
        f"{at:%Y-%m-%d %H:%M:%S}",
        told["kind"],
        told["what"],
        told["who"],
        row.address or "",
        row.device,
        told["about"],
        told["more"],
    ]


class _Echo:
    def write(self, text: str) -> str:
        return text


def _csv(rows: Iterable[list[Any]]) -> str:
    writer = csv.writer(_Echo())
    return "".join(writer.writerow([_safe(cell) for cell in row]) for row in rows)


def _safe(cell: Any) -> Any:
    """What a spreadsheet would take for a formula is made text by an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and begins_formula(cell) else cell


def _with(query: Any, before: str) -> str:
    query = query.copy()
    query["before"] = before
    return str(query.urlencode())
