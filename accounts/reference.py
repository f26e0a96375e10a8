"""Reference data from CSV files: read wholly, refused wholly, each bad cell named.

The lowest room owns this reader, so that every room's loading command speaks the same way: file,
row, column, reason. Rows are numbered as a spreadsheet shows them: the header is row 1.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

SHOWN = 20  # bad rows that a message names; the rest are counted


@dataclass(frozen=True, slots=True)
class BadRow:
    """Why one row of a file cannot be loaded. `column` is empty when the whole row is at fault."""

    file: str
    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}"
        return f"{where}, column {self.column}: {self.reason}" if self.column else f"{where}: {self.reason}"


class BadFile(CommandError):
    """A reference file was refused; nothing of it was loaded. `rows` holds every reason."""

    def __init__(self, rows: Sequence[BadRow]) -> None:
        self.rows = tuple(rows)
        shown = [str(row) for row in self.rows[:SHOWN]]
        if len(self.rows) > SHOWN:
            shown.append(f"… and {len(self.rows) - SHOWN} more")
        shown.append("Nothing of this file was loaded.")
        super().__init__("\n".join(shown))


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: its number in the file and its cells by column, stripped of outer blanks."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


class Rows:
    """The rows of one file, and the complaints about them collected so far."""

    def __init__(self, path: Path, rows: list[Row]) -> None:
        self.path = path
        self.rows = rows
        self.bad: list[BadRow] = []

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def refuse(self, row: Row | int, column: str, reason: str) -> None:
        """Note that a cell is bad and go on reading, so that one run names all that is wrong."""
        number = row if isinstance(row, int) else row.number
        self.bad.append(BadRow(self.path.name, number, column, reason))

    def convert(self, row: Row, column: str, parse: Callable[[str], Any]) -> Any:
        """`parse(cell)`, or None with the ValueError's text noted against the cell."""
        try:
            return parse(row[column])
        except ValueError as error:
            self.refuse(row, column, str(error))
            return None

    def require(self, *columns: str) -> None:
        """Every row has something in each of these columns."""
        for row in self.rows:
            for column in columns:
                if not row[column]:
                    self.refuse(row, column, "is empty")

    def unique(self, *columns: str) -> None:
        """No two rows say the same in these columns taken together."""
        first: dict[tuple[str, ...], int] = {}
        for row in self.rows:
            key = tuple(row[column] for column in columns)
            if key in first:
                told = "/".join(key)
                self.refuse(row, columns[-1], f"{told!r} is already used by row {first[key]}")
            else:
                first[key] = row.number

    def one_of(
        self, column: str, allowed: Iterable[str], *, separator: str = "", blank: bool = False
    ) -> None:
        """Each cell (or each of its parts) is one of the allowed words."""
        known = frozenset(allowed)
        for row in self.rows:
            cell = row[column]
            if blank and not cell:
                continue
            for word in cell.split(separator) if separator else [cell]:
                if word not in known:
                    self.refuse(row, column, f"{word!r} is not known")

    def check(self) -> None:
        """Raise BadFile, in row order, if anything was refused."""
        if self.bad:
            raise BadFile(sorted(self.bad, key=lambda bad: bad.row))


def read_rows(path: Path, columns: Sequence[str]) -> Rows:
    """Read a UTF-8 CSV file with a header that names at least `columns`.

    Raises BadFile when the file is missing, is not UTF-8, lacks a column, names one twice, or has a
    row with too many or too few cells or a NUL in it.
    """
    path = Path(path)
    rows = Rows(path, [])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        rows.refuse(1, "", f"cannot be read ({error.strerror})")
        raise BadFile(rows.bad) from error
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        rows.refuse(number, "", "is not UTF-8 text")
        raise BadFile(rows.bad) from error
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = next(reader, [])
        for column in columns:
            if header.count(column) != 1:
                times = "is missing" if column not in header else "stands there twice"
                rows.refuse(1, column, f"{times} in the header")
        rows.check()
        for number, cells in enumerate(reader, start=2):
            if len(cells) != len(header):
                rows.refuse(number, "", f"has {len(cells)} cells where the header has {len(header)}")
            elif any("\x00" in cell for cell in cells):
                rows.refuse(number, "", "contains a NUL character")
            else:
                named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
                rows.rows.append(Row(number, named))
    except csv.Error as error:
        rows.refuse(reader.line_num, "", f"is not well-formed CSV ({error})")
    rows.check()
    return rows
