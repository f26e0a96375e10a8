"""Spreadsheets made for tests: real files, as Excel, WPS and other systems write them."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl

from dispatch.spreadsheets.reading import open_table

Rows = Sequence[Sequence[Any]]


def workbook(rows: Rows, *, merged: Sequence[str] = (), title: str = "清单", **more: Rows) -> bytes:
    """An .xlsx of one sheet, with these ranges merged; `more` are further sheets by name."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    for name, further in more.items():
        other = book.create_sheet(name)
        for row in further:
            other.append(list(row))
    return saved(book)


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def delimited(rows: Rows, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def texts(data: bytes, sheet: str | None = None) -> list[tuple[int, list[str]]]:
    """(row, cells) of every line as read."""
    table = open_table(data)
    grid = table.grid(table.sheets[0] if sheet is None else sheet)
    return [(line.number, line.cells) for line in grid]
