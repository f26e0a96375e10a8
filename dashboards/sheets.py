"""Rows as CSV that a spreadsheet opens without running any of it."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from accounts.audit.telling import taken_out_by
from accounts.cells import begins_formula
from accounts.models import User

BOM: Final = "\ufeff"
_NUMBER: Final = re.compile(r"[+-]?[\d.]+%?")


class _Echo:
    """A file that hands back what is written to it, so that rows stream out one by one."""

    def write(self, value: str) -> str:
        return value


_writer: Final = csv.writer(_Echo())


def safe(cell: Any) -> Any:
    """The cell; what a spreadsheet would take for a formula is made text by an apostrophe."""
    if isinstance(cell, str) and begins_formula(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def line(cells: Iterable[Any]) -> str:
    """One row."""
    return _writer.writerow([safe(cell) for cell in cells])


def lines(
    heads: Sequence[Any], rows: Iterable[Sequence[Any]], *, taken_by: User | None = None
) -> Iterator[str]:
    """A whole table, with the mark by which Excel knows its characters, and below it who took it."""
    # Said now, in the reader's language: the rows are made while they are sent.
    end = [line([taken_out_by(taken_by, timezone.localtime())])] if taken_by is not None else []
    return chain([BOM + line(heads)], map(line, rows), end)


def download(rows: Iterable[str], name: str) -> HttpResponse:
    """The rows as a file."""
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response  # type: ignore[return-value]  # Django's two responses share no base that mypy knows
