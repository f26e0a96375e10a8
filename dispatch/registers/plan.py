"""What a sheet would do to a register: rows to add, to change, to retire; and every problem at its cell."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from dispatch.spreadsheets.grid import Grid, Line, TableError, column_letter

# Of one file so many problems are kept and shown; the rest are counted.
PROBLEMS_KEPT: Final = 1_000
SAMPLE: Final = 20
# Of a plan that tells field by field so many rows are kept and shown; the rest are counted.
TOLD_MOST: Final = 200
CODE_MAX: Final = 40
_LOOKED_AT: Final = 30  # lines in which the heading is looked for
_RETIRED: Final = frozenset({"retired", "停用", "报废", "拆除", "已拆除", "注销", "废止", "yes", "是", "1"})
_IN_USE: Final = frozenset({"in use", "active", "在用", "启用", "正常", "no", "否", "0"})

Row = dict[str, Any]


@dataclass(slots=True)
class Plan:
    """What a sheet comes to. Rows by code; `kept` are those that change nothing."""

    added: dict[str, Row] = field(default_factory=dict)
    changed: dict[str, Row] = field(default_factory=dict)
    retired: int = 0
    kept: int = 0
    rows: int = 0
    outside: int = 0  # points outside the district: taken, and told
    # The state of the register that it was compared with, where a preview holds for that state alone.
    basis: str = ""
    problem_count: int = 0
    problems: list[tuple[int, str, str, str]] = field(default_factory=list)

    def problem(self, line: Line, column: int | None, name: str, message: str) -> None:
        """Note a problem at its cell."""
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_KEPT:
            letter = column_letter(column) if column is not None else ""
            self.problems.append((line.number, letter, name, message))

    def counts(self) -> dict[str, Any]:
        """For the preview."""
        return {
            **({"basis": self.basis} if self.basis else {}),
            "rows": self.rows,
            "added": len(self.added),
            "changed": len(self.changed),
            "retired": self.retired,
            "kept": self.kept,
            "outside": self.outside,
            "problems": self.problem_count,
        }

    def sample(self) -> list[list[str]]:
        """The first rows that would be written: what becomes of them, and what they say."""
        shown = [("added", row) for row in list(self.added.values())[:SAMPLE]]
        shown += [("changed", row) for row in list(self.changed.values())[: SAMPLE - len(shown)]]
        return [
            [what, *(str(value if value is not None else "") for value in row.values())]
            for what, row in shown
        ]


# A field, what it says now, and what it would say.
Said = tuple[str, str, str]


@dataclass(slots=True)
class ToldPlan(Plan):
    """A plan that tells of each row what it changes, field by field; its preview holds for just that."""

    told: list[list[Any]] = field(default_factory=list)
    _whole: list[Any] = field(default_factory=list)

    def tell(self, what: str, line: Line, code: str, said: Sequence[Said], *, whole: Any = None) -> None:
        """Note what becomes of a row; `whole` where what is shown of it is not all that counts."""
        self.told.append([what, line.number, code, [list(one) for one in said]])
        self._whole.append([what, code, [list(one) for one in said], whole])

    def seal(self) -> None:
        """Once all rows are told: what somebody has looked at. Keyed, for it may be of telephone numbers."""
        self.problems.sort(key=lambda problem: problem[0])
        told = json.dumps(self._whole, sort_keys=True, default=str)
        self.basis = salted_hmac("dispatch.registers.plan", told, algorithm="sha256").hexdigest()

    def sample(self) -> list[list[Any]]:
        """The first rows that would be written, each with its fields."""
        return self.told[:TOLD_MOST]


class Columns:
    """Which column is which field, by the names that a district's sheet has for them."""

    def __init__(self, names: Mapping[str, Sequence[str]], needed: Sequence[str], key: str = "code") -> None:
        self._field_of = {plain(word): name for name, words in names.items() for word in (name, *words)}
        self.names, self._needed, self._key = names, needed, key

    def label(self, name: str, *, in_chinese: bool) -> str:
        """What a column is called: as a district's own sheet has it, else the field's name."""
        words = self.names.get(name, ())
        return words[0] if in_chinese and words else name

    def find(self, grid: Grid) -> tuple[int, dict[str, int]]:
        """The row number of the heading, and the column of each field. Raises TableError."""
        for line in grid.lines[:_LOOKED_AT]:
            found: dict[str, int] = {}
            for column, cell in enumerate(line.cells):
                name = self._field_of.get(plain(cell))
                if name is not None:
                    if name in found:
                        raise TableError("columns", _("Two columns are “%(name)s”.") % {"name": cell})
                    found[name] = column
            if self._key in found and len(found) > 1:
                return line.number, found
        told = ", ".join(words[0] for name, words in self.names.items() if name in self._needed)
        raise TableError(
            "heading", _("No row names the columns. At least these are needed: %(names)s.") % {"names": told}
        )


def plain(cell: str) -> str:
    """How words of a heading and of closed lists are compared."""
    return cell.strip().lower().replace(" ", "").replace("_", "").removesuffix("*")


class Reader:
    """Reads the cells of one line; every complaint goes to the plan."""

    def __init__(self, plan: Plan, line: Line, columns: Mapping[str, int]) -> None:
        self.plan, self.line, self._columns = plan, line, columns
        self.is_good = True

    def has(self, name: str) -> bool:
        return name in self._columns

    def text(self, name: str, *, most: int) -> str:
        """The cell's text; "" where it is empty, has no column or is refused."""
        column = self._columns.get(name)
        if column is None:
            return ""
        text = self.line[column]
        if column in self.line.faults:
            self.refuse(name, _("This cell is a formula without a value."))
            return ""
        if len(text) > most:
            self.refuse(name, _("At most %(most)d characters.") % {"most": most})
            return ""
        return text

    def one_line(self, name: str, *, most: int) -> str:
        """The same of a cell that names one thing: a line break in it is refused."""
        text = self.text(name, most=most)
        if len(text.splitlines()) > 1:
            self.refuse(name, _("This must be one line: take out the line break."))
            return ""
        return text

    def refuse(self, name: str, message: str) -> None:
        self.is_good = False
        self.plan.problem(self.line, self._columns.get(name), name, message)

    def degrees(self, name: str, most: float) -> float | None:
        """A coordinate, None where the cell is empty or wrong."""
        text = self.text(name, most=40)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            self.refuse(name, _("This is not a number of degrees."))
            return None
        if not math.isfinite(value) or not -most <= value <= most:
            self.refuse(name, _("This is not a number of degrees on earth."))
            return None
        return value

    def choice(self, name: str, choices: Mapping[str, str], wrong: str) -> str:
        """The code of a closed list that the cell names, "" where it is empty or refused in these words."""
        text = self.text(name, most=80)
        found = find_choice(text, choices) if text else ""
        if found is None:
            self.refuse(name, wrong)
        return found or ""

    def is_retired(self) -> bool | None:
        """Does the row say that the thing is gone? None: it says nothing."""
        text = self.text("state", most=20).lower()
        if not text:
            return None
        if text in _RETIRED:
            return True
        if text not in _IN_USE:
            self.refuse("state", _("This is neither “in use” nor “retired”."))
        return False


def lines_below(grid: Grid, heading: int) -> Iterator[Line]:
    """The lines after the heading that are more than a remark across the sheet."""
    return (line for line in grid if line.number > heading and line.number not in grid.bands)


def find_choice(text: str, choices: Mapping[str, str]) -> str | None:
    """The code that a cell names: itself, or by its name in either language."""
    return choices.get(plain(text))


def choice_names(codes: Sequence[str], *names: Callable[[str], Sequence[str]]) -> dict[str, str]:
    """What a closed list's codes may be called in a sheet."""
    return {plain(word): code for code in codes for words in names for word in (code, *words(code))}
