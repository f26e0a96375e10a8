"""What the cells of one row say, in our values; and what of it is not understood."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from dispatch.item_rules import LISTS
from dispatch.spreadsheets.grid import NO_VALUE, Line, column_letter
from dispatch.spreadsheets.limit_words import LimitWordError, read_limit, read_minutes, unit_hint
from dispatch.spreadsheets.unit_names import Named, UnitNames
from dispatch.spreadsheets.vocabulary_words import Vocabulary, names_of, split_words
from dispatch.units import RELATIVE

_TEXTS = ("code", "matter_zh", "filing_condition_zh", "closing_condition_zh", "legal_basis")
_TIME = r"([0-2]?[0-9])(?:[:时点]([0-5]?[0-9])?分?)?"
_HOURS = re.compile(rf"(?:每日|每天|夜间|晚上)?{_TIME}(?:-|~|—|–|至|到)+(?:次日|翌日|第二天|凌晨)?{_TIME}")
_ALL_DAY = frozenset({"全天", "全时段", "24小时", "不限", "全日", "allday", "00:00-24:00", "0:00-24:00"})


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a cell: a problem, or how it was understood. `column` is its letter."""

    row: int
    column: str
    field: str
    code: str
    message: str


@dataclass(slots=True)
class Told:
    """What a row says of an item: only the fields that the sheet has; "" or [] for an empty cell."""

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    # Units after the first one in the lead's cell.
    beside: list[str] = field(default_factory=list)


class CategoryNames:
    """The categories by code and by name."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """From (code, name_zh, name_en)."""
        self.codes: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}
        for code, name_zh, name_en in rows:
            self.codes[code] = name_zh
            for name in (name_zh, name_en):
                self._names.setdefault(_plain(name), set()).add(code)

    def find(self, word: str) -> tuple[str, ...]:
        """The categories that this names: one, several alike, or none."""
        if word in self.codes:
            return (word,)
        plain = _plain(word)
        if plain in self._names:
            return tuple(sorted(self._names[plain]))
        # A spreadsheet takes 0101 for a number; others write code and name into one cell.
        digits = re.match(r"[0-9]+", plain)
        code = digits[0] if digits else ""
        rest = re.sub(r"^[^\w]+", "", plain[len(code) :])
        for known in (code, code.zfill(4)) if code else ():
            if known in self.codes and (not rest or known in self._names.get(rest, ())):
                return (known,)
        return ()

    def likest(self, word: str) -> str:
        """The name that looks most like it, "" where none does."""
        found = process.extractOne(_plain(word), self._names.keys(), scorer=fuzz.WRatio, score_cutoff=60)
        return min(self._names[found[0]]) if found else ""


class RowReader:
    """Reads the rows of one sheet by one mapping of its columns."""

    def __init__(
        self,
        labels: Sequence[str],
        mapping: Mapping[int, str],
        *,
        units: UnitNames,
        categories: CategoryNames,
        vocabulary: Vocabulary,
        days_are_working: bool = False,
    ) -> None:
        self._columns = sorted(mapping.items())
        self._hints = {column: unit_hint(labels[column]) for column in mapping if column < len(labels)}
        self._units, self._categories, self._vocabulary = units, categories, vocabulary
        self._days_are_working = days_are_working

    def read(self, line: Line) -> Told:
        """What this row says."""
        told = Told(line.number)
        for column, name in self._columns:
            cell = _Cell(told, column, name)
            if fault := line.faults.get(column):
                cell.problem(fault, _fault(fault))
                continue
            value = self._value(cell, line[column])
            if name in LISTS and told.values.get(name):  # of an earlier column
                value = list(dict.fromkeys([*told.values[name], *(value or [])]))
            if value is not None:
                told.values[name] = value
        return told

    def _value(self, cell: "_Cell", text: str) -> Any:
        """The value of a cell, None where a problem was noted instead."""
        name = cell.field
        if not text:
            return [] if name in LISTS else ""
        if name in _TEXTS:
            return text
        if name == "category":
            return self._category(cell, text)
        if name == "keywords":
            return split_words(text)
        if name == "hours":
            return _hours(cell, text)
        if name in ("level", "urgency"):
            return self._word(cell, text)
        if name in ("place_types", "sources"):
            return self._all(self._word(cell, word) for word in split_words(text))
        if name == "owners":
            return self._all(self._owner(cell, word) for word in split_words(text))
        if name in ("dispatch_minutes", "accept_minutes", "handle_limit"):
            return self._limit(cell, text)
        return self._unit_field(cell, text)

    @staticmethod
    def _all(found: Iterable[str | None]) -> list[str] | None:
        """All of a cell's words once, or None where one is a problem."""
        words = list(found)
        return None if None in words else list(dict.fromkeys(word for word in words if word))

    def _category(self, cell: "_Cell", text: str) -> str | None:
        codes = self._categories.find(text)
        if len(codes) == 1:
            return codes[0]
        if codes:
            message = _("Several categories are called “%(word)s”: write its code, %(codes)s.")
            return cell.problem("ambiguous", message % {"word": text, "codes": " / ".join(codes)})
        likest = self._categories.likest(text)
        if likest:
            message = _("There is no category “%(word)s”. Is it %(code)s %(name)s?")
            told = {"word": _cut(text), "code": likest, "name": self._categories.codes[likest]}
            return cell.problem("unknown", message % told)
        return cell.problem("unknown", _("There is no category “%(word)s”.") % {"word": _cut(text)})

    def _word(self, cell: "_Cell", word: str) -> str | None:
        if code := self._vocabulary.code(cell.field, word):
            return code
        message = _("“%(word)s” is not known. It can be: %(words)s.")
        told = {"word": _cut(word), "words": "、".join(names_of(cell.field).values())}
        return cell.problem("unknown", message % told)

    def _owner(self, cell: "_Cell", word: str) -> str | None:
        if code := self._vocabulary.code("owners", word):
            return code
        named = self._units.find(word)
        if named.code in RELATIVE or named.code.startswith("@"):
            message = _("“%(word)s” depends on the place: an owner is one unit, private or unknown.")
            return cell.problem("relative", message % {"word": _cut(word)})
        return self._unit(cell, named)

    def _limit(self, cell: "_Cell", text: str) -> str | int | None:
        hint = self._hints.get(cell.column, "")
        try:
            if cell.field == "handle_limit":
                return read_limit(text, unit=hint, days_are_working=self._days_are_working)
            return read_minutes(text, unit=hint)
        except LimitWordError as error:
            return cell.problem(error.code, str(error))

    def _unit_field(self, cell: "_Cell", text: str) -> str | list[str] | None:
        found = self._all(self._unit(cell, named) for named in self._units.split(text))
        if found is None:
            return None
        if cell.field == "support_units":
            return found
        if cell.field == "lead_unit" and len(found) > 1:
            others = [self._units.name(code) for code in found[1:]]
            told = {"lead": self._units.name(found[0]), "others": "、".join(others)}
            cell.note("several", _("Several units: %(lead)s leads, %(others)s support.") % told)
            cell.told.beside = found[1:]
        elif len(found) > 1:
            return cell.problem("several", _("Only one unit can stand here."))
        return found[0] if found else ""

    def _unit(self, cell: "_Cell", named: Named) -> str | None:
        if named.code:
            if not named.is_exact:
                told = {"word": named.word, "name": self._units.name(named.code)}
                cell.note("taken_as", _("“%(word)s” is taken as %(name)s.") % told)
            return named.code
        if named.candidates:
            names = [f"{self._units.name(code)} ({code})" for code in named.candidates]
            told = {"word": _cut(named.word), "names": "、".join(names)}
            message = _("“%(word)s” may be several units: %(names)s. Write the code.") % told
            return cell.problem("ambiguous", message)
        if named.suggestion:
            told = {"word": _cut(named.word), "name": self._units.name(named.suggestion)}
            message = _("“%(word)s” is no unit of the district. Is it %(name)s?") % told
            return cell.problem("unknown_unit", message)
        message = _("“%(word)s” is no unit of the district.") % {"word": _cut(named.word)}
        return cell.problem("unknown_unit", message)


@dataclass(frozen=True, slots=True)
class _Cell:
    told: Told
    column: int
    field: str

    def problem(self, code: str, message: str) -> Any:
        """Note it and answer None: the cell has no value."""
        self.told.problems.append(self._remark(code, message))

    def note(self, code: str, message: str) -> None:
        self.told.notes.append(self._remark(code, message))

    def _remark(self, code: str, message: str) -> Remark:
        return Remark(self.told.row, column_letter(self.column), self.field, code, message)


def _hours(cell: _Cell, text: str) -> str | None:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()
    if plain in _ALL_DAY:
        return ""
    if found := _HOURS.fullmatch(plain):
        start, end = (f"{int(found[one]):02}:{int(found[one + 1] or 0):02}" for one in (1, 3))
        return f"{start}-{'23:59' if end == '24:00' else end}"
    message = _("“%(word)s” is not a stretch of the day like 22:00-06:00.") % {"word": _cut(text)}
    return cell.problem("hours", message)


def _fault(fault: str) -> str:
    if fault == NO_VALUE:
        return _("A formula without a result: open the file in Excel or WPS, save it, and send it again.")
    return _("The formula here comes to an error.")


def _cut(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:40]}…"


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()
