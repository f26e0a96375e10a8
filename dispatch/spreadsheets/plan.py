"""What importing a sheet into a version would do: item by item, and every problem at its cell.

Pure: the version, the units and the rights come in. Nothing is imported while there is a problem.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from dispatch.editing import CODE_MOST
from dispatch.item_rules import FIELDS, LISTS, NUMBERS, Known, problems_of
from dispatch.items import normal_form
from dispatch.lists import differences
from dispatch.models import ItemChange
from dispatch.spreadsheets.cells import CategoryNames, Remark, RowReader, Told
from dispatch.spreadsheets.columns import Heading, plain_label
from dispatch.spreadsheets.grid import Grid, Line, column_letter
from dispatch.spreadsheets.unit_names import UnitNames
from dispatch.spreadsheets.vocabulary_words import Vocabulary

Kind = ItemChange.Kind
# What an empty cell leaves as it is, and a new item takes from the defaults.
KEPT_WHERE_EMPTY = (
    *("supervising_unit", "level", "urgency", "dispatch_minutes", "accept_minutes", "handle_limit"),
)
_CODE = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_STEP = 250  # rows between two words about how far it is
_SERIALS = 1_000


@dataclass(frozen=True, slots=True)
class Target:
    """The version to import into, and who does it."""

    items: Mapping[str, Mapping[str, Any]]  # code → FIELDS
    # Codes that any version has used: cases point there.
    used_codes: frozenset[str]
    # The units whose items this person may change; None: all.
    kept_units: frozenset[str] | None = None
    # Who leads them in the version before: what was given away by mistake can be taken back.
    former_leads: Mapping[str, str] = field(default_factory=dict)

    def may_change(self, code: str, lead_unit: str) -> bool:
        """May this person write this item, led by that unit where the target does not have it?"""
        if self.kept_units is None:
            return True
        before = self.items.get(code)
        leads = {before["lead_unit"] if before else lead_unit, self.former_leads.get(code, "")}
        return bool(leads & self.kept_units)


@dataclass(frozen=True, slots=True)
class District:
    """What cells may name."""

    known: Known
    units: UnitNames
    categories: CategoryNames
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class Reading:
    """How a person said the sheet is to be read."""

    heading: Heading
    columns: Mapping[int, str]
    days_are_working: bool = False
    # KEPT_WHERE_EMPTY → value: for new items where the sheet says nothing.
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """One item that would change; `row` is 0 for one that the sheet does not have."""

    row: int
    code: str
    kind: str
    values: dict[str, Any]
    changes: dict[str, list[Any]]
    # The code was given by us.
    is_numbered: bool = False


@dataclass(slots=True)
class Plan:
    """Everything that the preview shows, and all that applying needs."""

    rows: int = 0
    unchanged: int = 0
    planned: list[Planned] = field(default_factory=list)
    missing: list[Planned] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """What of each kind there is."""
        kinds = Counter(one.kind for one in self.planned)
        return {
            "rows": self.rows,
            "added": kinds[Kind.ADDED],
            "changed": kinds[Kind.CHANGED],
            "unchanged": self.unchanged,
            "missing": len(self.missing),
            "problems": len(self.problems),
            "notes": len(self.notes),
        }


def make_plan(
    grid: Grid,
    reading: Reading,
    target: Target,
    district: District,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Plan:
    """The plan of a sheet; `progress` hears how many of how many rows are done."""
    return _Planner(reading, target, district).plan(grid, progress)


class _Planner:
    def __init__(self, reading: Reading, target: Target, district: District) -> None:
        self._reading, self._target, self._district = reading, target, district
        self._letters: dict[str, str] = {}
        for column, name in sorted(reading.columns.items()):
            self._letters.setdefault(name, column_letter(column))
        self._plan = Plan()
        self._rows_of: dict[str, int] = {}  # code → the row that has it
        self._by_matter: dict[tuple[str, str], list[str]] = {}
        for code, item in target.items.items():
            self._by_matter.setdefault(_matter(item), []).append(code)
        self._numbers: dict[str, Iterator[str]] = {}
        self._named: set[str] = set()  # codes that the sheet says itself
        self._taken: set[str] = set()

    def plan(self, grid: Grid, progress: Callable[[int, int], None]) -> Plan:
        reader = RowReader(
            self._reading.heading.labels,
            self._reading.columns,
            units=self._district.units,
            categories=self._district.categories,
            vocabulary=self._district.vocabulary,
            days_are_working=self._reading.days_are_working,
        )
        lines = list(self._item_lines(grid))
        told = []
        for done, line in enumerate(lines):
            if done % _STEP == 0:
                progress(done, len(lines) * 2)
            told.append(reader.read(line))
        self._named = {one.values.get("code", "") for one in told}
        self._taken = self._named | self._target.used_codes
        nameless = Counter(_matter(one.values) for one in told if not one.values.get("code"))
        for done, one in enumerate(told):
            if done % _STEP == 0:
                progress(len(lines) + done, len(lines) * 2)
            self._compare(one, is_single=nameless[_matter(one.values)] == 1)
            self._plan.problems += sorted(one.problems, key=lambda told: (len(told.column), told.column))
            self._plan.notes += one.notes
        self._plan.rows = len(lines)
        self._find_missing()
        progress(len(lines) * 2, len(lines) * 2)
        return self._plan

    def _item_lines(self, grid: Grid) -> Iterator[Line]:
        """The rows below the heading that are items: no headings of sections, no heading again."""
        labels = [plain_label(label) for label in self._reading.heading.labels]
        for line in grid:
            if line.number <= self._reading.heading.last:
                continue
            if line.number in grid.bands and not self._is_coded(line):
                text = line.filled[0]
                message = _("Passed over as a heading or a remark: “%(text)s”.")
                self._note(line.number, "band", message % {"text": text[:60]})
            elif [plain_label(cell) for cell in line.cells] == labels[: len(line.cells)]:
                self._note(line.number, "heading", _("Passed over: the heading again."))
            else:
                yield line

    def _is_coded(self, line: Line) -> bool:
        """Does the only cell of a line name an item? Then all its other cells were emptied."""
        named = (line[column] for column, name in self._reading.columns.items() if name == "code")
        return any(code in self._target.items for code in named)

    def _compare(self, told: Told, *, is_single: bool) -> None:
        code = str(told.values.get("code") or "")
        if code:
            first = self._rows_of.setdefault(code, told.row)
            if first != told.row:
                self._problem(told, "code", "twice", _("Row %(row)d has this code already.") % {"row": first})
        elif is_single:
            code = self._same_matter(told)
        before = self._target.items.get(code)
        values = self._merged(told, before)
        is_numbered = False
        if not code:
            code, is_numbered = self._next_code(told, values["category"]), True
        elif before is None and (len(code) > CODE_MOST or not _CODE.fullmatch(code)):
            message = _("Letters, digits and hyphens, at most %(most)d.") % {"most": CODE_MOST}
            self._problem(told, "code", "code", message)
        values["code"] = code
        if before == values and not told.problems:
            self._plan.unchanged += 1
            return
        told_of = {problem.field for problem in told.problems} | ({"code"} if not code else set())
        for problem in problems_of(values, self._district.known):
            if problem.field not in told_of:
                self._problem(told, problem.field, problem.code, problem.message)
        if not self._target.may_change(code, values["lead_unit"]):
            message = _("This item is another unit's: your role changes only the items that your unit leads.")
            self._problem(told, "lead_unit", "not_yours", message)
        if not told.problems:
            kind = Kind.CHANGED if before else Kind.ADDED
            changes = differences(before, values)
            self._plan.planned.append(Planned(told.row, code, kind, values, changes, is_numbered))

    def _merged(self, told: Told, before: Mapping[str, Any] | None) -> dict[str, Any]:
        """The item as the row has it, on top of what it was or of the defaults."""
        if before is not None:
            values = dict(before)
        else:
            values = {name: [] if name in LISTS else None if name in NUMBERS else "" for name in FIELDS}
            values.update(self._reading.defaults)
        for name, value in told.values.items():
            if value in ("", []) and name in KEPT_WHERE_EMPTY:
                continue
            values[name] = value
        if told.beside:
            values["support_units"] = list(dict.fromkeys([*told.beside, *values["support_units"]]))
        if values["lead_unit"] in values["support_units"] and "lead_unit" in told.values:
            values["support_units"] = [one for one in values["support_units"] if one != values["lead_unit"]]
        if not values["category"] and before is None:
            category = str(told.values.get("code") or "").partition("-")[0]
            if category in self._district.categories.codes:
                values["category"] = category
        return values

    def _same_matter(self, told: Told) -> str:
        """The code of the one item of this name in its category, which no row has claimed; else ""."""
        codes = self._by_matter.get(_matter(told.values), [])
        if len(codes) != 1 or codes[0] in self._named:
            return ""
        first = self._rows_of.setdefault(codes[0], told.row)
        if first != told.row:
            return ""
        message = _("Without a code: taken for %(code)s, which has this name.") % {"code": codes[0]}
        told.notes.append(Remark(told.row, self._letters.get("matter_zh", ""), "code", "matched", message))
        return codes[0]

    def _next_code(self, told: Told, category: str) -> str:
        """The first number of the category that nobody has had; "" with a problem where none is left."""
        if category not in self._district.categories.codes:
            return ""
        numbers = self._numbers.setdefault(
            category, (f"{category}-{serial:03}" for serial in range(1, _SERIALS))
        )
        code = next((code for code in numbers if code not in self._taken), "")
        if not code:
            self._problem(told, "category", "full", _("This category has no free number left."))
        return code

    def _find_missing(self) -> None:
        """Items of the target that the sheet does not have, as far as this person may remove them."""
        for code, item in sorted(self._target.items.items()):
            if code not in self._rows_of and self._target.may_change(code, item["lead_unit"]):
                gone = Planned(0, code, Kind.REMOVED, {}, differences(item, None))
                self._plan.missing.append(gone)

    def _problem(self, told: Told, name: str, code: str, message: str) -> None:
        told.problems.append(Remark(told.row, self._letters.get(name, ""), name, code, message))

    def _note(self, row: int, code: str, message: str) -> None:
        self._plan.notes.append(Remark(row, "", "", code, message))


def _matter(values: Mapping[str, Any]) -> tuple[str, str]:
    return (str(values.get("category") or ""), normal_form(str(values.get("matter_zh") or "")))
