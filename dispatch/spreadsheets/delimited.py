"""CSV as Excel, WPS and other systems write it: UTF-8, GB18030 or UTF-16; by comma, semicolon or tab."""

import csv
import io
from collections import Counter
from itertools import islice

from django.utils.translation import gettext as _

from dispatch.spreadsheets.grid import (
    COLUMNS_MOST,
    ROWS_MOST,
    Grid,
    Line,
    TableError,
    clean,
    grid_of,
    too_many_columns,
    too_many_rows,
)

_DELIMITERS = (",", ";", "\t")
_LOOKED_AT = 50


def read_delimited(data: bytes, *, most: int | None = None, rows: int = ROWS_MOST) -> Grid:
    """The lines of a CSV file; rows count records, as a spreadsheet shows them. Raises TableError.

    `most`: read no more than so many; `rows`: refuse a file that has more.
    """
    text = _decoded(data)
    lines: list[Line] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            cells = [clean(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if len(cells) > COLUMNS_MOST:
                raise too_many_columns()
            if cells:
                lines.append(Line(number, cells))
            if len(lines) > rows:
                raise too_many_rows(rows)
            if most is not None and len(lines) >= most:
                break
    except csv.Error as error:
        message = _("Row %(row)d is not well-formed CSV: a quotation mark is missing or one too many.")
        raise TableError("csv", message % {"row": number + 1}) from error
    return grid_of("", lines)


def _decoded(data: bytes) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break  # binary
        return text
    raise TableError("encoding", _("This is no text file in UTF-8 or GB18030, and no .xlsx workbook."))


def _delimiter(text: str) -> str:
    """Whichever tells most records apart into equally many cells."""
    head = text[:200_000]

    def agreement(delimiter: str) -> tuple[int, int]:
        widths: Counter[int] = Counter()
        try:
            for row in islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), _LOOKED_AT):
                widths[len(row)] += 1
        except csv.Error:
            return (0, 0)
        times, width = max(((times, width) for width, times in widths.items() if width > 1), default=(0, 0))
        return (times, width)

    return max(_DELIMITERS, key=agreement)
