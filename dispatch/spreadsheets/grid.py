"""A sheet as it was read: lines of text with their row numbers, and which cells could not be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

# Bounds of what is read at all. A district's list has a few thousand rows and a dozen columns.
FILE_MOST = 10 * 1024 * 1024
ROWS_MOST = 20_000
COLUMNS_MOST = 100
_FILLED_MOST = ROWS_MOST * COLUMNS_MOST

# Why a cell has no text: a formula that was never calculated, or one that came to an error.
NO_VALUE, ERROR = "no_value", "error"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff]|_x000[dD]_")
_ESCAPED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")


class TableError(ValueError):
    """A file that cannot be read as a table: `code` names the rule, str() tells the reader what to do."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(slots=True)
class Line:
    """One row of a sheet: its number there, its cells from column A on."""

    number: int
    cells: list[str]
    faults: dict[int, str] = field(default_factory=dict)  # column → NO_VALUE or ERROR

    def __getitem__(self, column: int) -> str:
        return self.cells[column] if column < len(self.cells) else ""

    @property
    def filled(self) -> list[str]:
        """The cells that say something."""
        return [cell for cell in self.cells if cell]

    @property
    def is_band(self) -> bool:
        """One cell, or one merged across: a title, a section's heading, a remark."""
        return not self.faults and len(set(self.filled)) == 1


@dataclass(slots=True)
class Merge:
    """A merged range; all ends are included, columns count from 0."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(slots=True)
class Grid:
    """The lines of a sheet that say anything, in order."""

    sheet: str
    lines: list[Line]
    # Lines of one cell across the sheet: titles, headings of sections, remarks.
    bands: frozenset[int] = frozenset()

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    @property
    def width(self) -> int:
        return max((len(line.cells) for line in self.lines), default=0)


def grid_of(sheet: str, lines: list[Line], merges: Sequence[Merge] = ()) -> Grid:
    """A grid whose merged cells all say what the merged cell says. Raises TableError."""
    by_number = {line.number: line for line in lines}
    filled = 0
    for merge in merges:
        anchor = by_number.get(merge.first_row)
        text = anchor[merge.first_column] if anchor else ""
        if not text:
            continue
        last_column = min(merge.last_column, COLUMNS_MOST - 1)
        rows: range | list[int] = range(merge.first_row, merge.last_row + 1)
        if len(rows) > len(by_number):
            rows = [number for number in by_number if number in rows]
        filled += len(rows) * (last_column - merge.first_column + 1)
        if filled > _FILLED_MOST:
            raise TableError("merges", _("The sheet merges more cells than a list can have."))
        for number in rows:
            if (line := by_number.get(number)) is not None:
                _fill(line, merge.first_column, last_column, text)
    return Grid(sheet, lines, frozenset(line.number for line in lines if line.is_band))


def column_letter(column: int) -> str:
    """A, B, … Z, AA: what a spreadsheet calls the column counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def clean(text: str) -> str:
    """A cell's text without what nobody sees: outer blanks, control characters, an escaping apostrophe."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\u00a0", " ")).strip(" \t\r\n\u3000")
    return plain[1:] if _ESCAPED.match(plain) else plain


def too_many_rows(most: int = ROWS_MOST) -> TableError:
    told = {"most": most}
    return TableError("rows", _("The sheet has more than %(most)d rows: split it.") % told)


def too_many_columns() -> TableError:
    told = {"most": COLUMNS_MOST}
    return TableError("columns", _("The sheet has more than %(most)d columns.") % told)


def _fill(line: Line, first: int, last: int, text: str) -> None:
    if last >= len(line.cells):
        line.cells.extend([""] * (last + 1 - len(line.cells)))
    for column in range(first, last + 1):
        line.cells[column] = line.cells[column] or text
