"""Rows as CSV that a spreadsheet opens without running any of it."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.http import HttpResponse, StreamingHttpResponse

from accounts.cells import begins_formula

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


def lines(heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A whole table, with the mark by which Excel knows its characters."""
    yield BOM + line(heads)
    for row in rows:
        yield line(row)


def download(rows: Iterable[str], name: str) -> HttpResponse:
    """The rows as a file."""
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response  # type: ignore[return-value]  # Django's two responses share no base that mypy knows
