"""From a line of a sheet to a report: what each cell says, or why the row cannot be taken in.

Understood or refused, never guessed: a number that a spreadsheet has cut is not a telephone, and 3/4/2026 is
not a day.
"""

import logging
import re
import traceback
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import ValidationError

from dispatch.models import Category
from dispatch.spreadsheets import cells
from dispatch.spreadsheets.columns import Heading, plain_label
from dispatch.spreadsheets.grid import Line, column_letter
from dispatch.vocabulary import Source
from grids.coordinates import BD09, GCJ02, WGS84
from grids.locate import PlaceError, locate
from incidents.api.fields import PHONE
from incidents.api.inputs import AHEAD, DEADLINE_WITHIN, EXTERNAL_ID_MAX
from incidents.bulk.fields import PERSONAL
from incidents.bulk.times import TimeError, read_time
from incidents.intake import ReportDraft, Reporter
from incidents.sources import city12345, mapping
from incidents.sources.adapter import place_of, said

log = logging.getLogger(__name__)

# A cell that says that it says nothing.
_NOTHING: Final = frozenset(
    {"无", "-", "--", "—", "——", "/", "不详", "未知", "空", "null", "none", "n/a", "nan"}
)
_NOBODY: Final = frozenset({"匿名", "匿名市民", "匿名用户", "不愿透露", "未提供", "保密", "anonymous"})
_FLOAT = re.compile(r"[0-9]+\.0+")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?e\+?[0-9]{1,2}", re.IGNORECASE)
_LEVELS = re.compile(r"\s*(?:[/>＞→|\\]|--+|——)\s*")
_PHONES = re.compile(r"[、，,;；/]|\s{2,}")
# 114.26, 东经114.26°, 114.26E; an "e" within the number is an exponent of it.
_DEGREES = re.compile(
    r"(?:东经|北纬|[en])?\s*([+-]?[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,2})?)\s*[°度]?\s*(?:东经|北纬|[en])?"
)
# What a line of sums begins with, and what else is in it.
_SUM = re.compile(r"合计|总计|小计|共计|汇总|总数|(?:sub)?total|sum")
_NUMBER = re.compile(r"[0-9][0-9,.]*[条件行]?")
_POINT = re.compile(r"\s*[,，;；\s]\s*")
_WORD_MOST = 30  # of a cell, in a sentence about it
_TITLE_MOST, _NAME_MOST, _ADDRESS_MOST, _LEVEL_MOST = 200, 40, 200, 40
_CRS: Final = {
    "wgs84": WGS84,
    "gps": WGS84,
    "cgcs2000": WGS84,  # within a decimetre
    "2000国家大地坐标系": WGS84,
    "国家2000": WGS84,
    "gcj02": GCJ02,
    "火星坐标系": GCJ02,
    "火星坐标": GCJ02,
    "高德": GCJ02,
    "腾讯": GCJ02,
    "bd09": BD09,
    "百度": BD09,
    "百度坐标系": BD09,
}
# How systems call an order that is over: what of it is left out where the sender says so.
_OVER: Final = frozenset(
    {
        *("已办结", "办结", "已结案", "结案", "已归档", "归档", "已关闭", "关闭", "已完成", "完成"),
        *("已回访", "已答复", "已处理", "closed", "done", "completed"),
    }
)
_GONE: Final = frozenset(
    {"作废", "已作废", "撤单", "已撤单", "撤销", "已撤销", "已撤回", "cancelled", "withdrawn"}
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not taken in. `column` is its letter, empty where no cell is at fault."""

    column: str
    field: str
    code: str
    word: str = ""

    def as_json(self) -> list[str]:
        return [self.column, self.field, self.code, self.word]


@dataclass(slots=True)
class Read:
    """What a line is: a report, one that is left out on purpose, or neither and why."""

    line: Line
    draft: ReportDraft | None = None
    deadline: datetime | None = None
    left_out: str = ""  # over, gone: at its source
    words: str = ""  # what was said, also of a row that stays out
    problems: list[Problem] = field(default_factory=list)


class RowReader:
    """Reads the lines of one import, by what a person has said of its columns."""

    def __init__(
        self,
        *,
        source: str,
        heading: Heading,
        columns: Mapping[int, str],
        options: Mapping[str, Any],
        digest: str,
        at: datetime,
    ) -> None:
        self._source, self._heading, self._options, self._at = source, heading, options, at
        self._digest = digest
        self._columns = sorted(columns.items())
        self._letters = {name: column_letter(column) for column, name in reversed(self._columns)}
        self._labels = [plain_label(label) for label in heading.labels]
        self._text_columns = frozenset(column for column, name in self._columns if name in ("text", "title"))
        self._system = city12345.SYSTEM if source == Source.HOTLINE else ""
        self._names = mapping.CategoryNames(source)
        self._categories = cells.CategoryNames(Category.objects.values_list("code", "name_zh", "name_en"))

    def is_row(self, line: Line) -> bool:
        """Is it a report's line? Titles, remarks, sums and the heading again are none."""
        if line.number <= self._heading.last:
            return False
        if line.is_band:
            # One cell alone is a report only where it is what reports cannot be without.
            filled = [column for column, cell in enumerate(line.cells) if cell]
            return len(filled) == 1 and filled[0] in self._text_columns
        plain = [plain_label(cell) for cell in line.cells]
        said = [cell for cell in plain if cell]
        if said and _SUM.fullmatch(said[0]) and all(_NUMBER.fullmatch(cell) for cell in said[1:]):
            return False
        return plain != self._labels[: len(plain)]

    def read(self, line: Line, *, with_place: bool = True) -> Read:
        """The report of a line. Without its place no name is looked for: to check a file, not to file it.

        A line of which nobody has thought stays out by itself: neither its file nor those behind it wait.
        """
        try:
            return self._read(line, with_place=with_place)
        except (OperationalError, InterfaceError):
            raise  # the database is away: no fault of the line's
        except Exception as error:
            # Where and what, but not the message: it may quote somebody's cell.
            log.error(
                "row %s could not be read: %s at %s", line.number, type(error).__name__, _raised_at(error)
            )
            return Read(line, problems=[Problem("", "", "broken")])

    def _read(self, line: Line, *, with_place: bool) -> Read:
        row = _Row(line, self._columns, self._letters)
        row.faults()
        found = Read(line, problems=row.problems, words=row.text("text") or row.text("title"))
        status = _compact(row.text("status"))
        if self._options.get("leave_out_over", True) and status in _OVER:
            found.left_out = "over"
        elif status in _GONE:
            found.left_out = "gone"
        if found.left_out:
            found.problems = []
            return found
        told = self._told(row)
        found.deadline = self._instant(row, "deadline")
        if not row.problems:
            place = self._place(row, told) if with_place else None
            if not row.problems:
                given = {**told, "place": place} if place is not None else told
                found.draft = ReportDraft(**given)
        return found

    def _told(self, row: "_Row") -> dict[str, Any]:
        """All of a draft but its place; problems go to the row."""
        title, text = row.long("title", _TITLE_MOST), row.text("text")
        words = said(title, text) if text else title
        if not words:
            if not any(one.field in ("text", "title") for one in row.problems):
                row.problem("text", "required")
        elif len(words) > settings.REPORT_TEXT_MAX:
            row.problem("text", "too_long", str(settings.REPORT_TEXT_MAX))
        levels = [
            level[:_LEVEL_MOST]
            for name in ("level_1", "level_2", "level_3")
            for level in _LEVELS.split(row.text(name))
            if level
        ]
        # 市容环境 | 市容环境/垃圾清运: some systems repeat the upper level in the lower column.
        named = self._names.find(dict.fromkeys(levels))
        names = {name: row.long(name, _NAME_MOST) for name in ("street", "community")}
        number = row.number("external_id", EXTERNAL_ID_MAX)
        return {
            "source": self._source,
            # A row without a number is known by its table and its place in it.
            "external_id": number or f"sheet:{self._digest[:32]}:{row.line.number}",
            "text": words,
            "nature": self._word(row, "nature"),
            "category": self._category(row) or named.category,
            "source_category": named.source_category,
            "occurred_at": self._instant(row, "occurred_at"),
            "address": row.long("address", _ADDRESS_MOST),
            "urgency": self._word(row, "urgency"),
            "reporter": Reporter(
                name if (name := row.long("reporter_name", _NAME_MOST)).casefold() not in _NOBODY else "",
                row.phone("reporter_phone"),
                row.long("reporter_address", _ADDRESS_MOST),
            ),
            # Nothing of how far it is: the same order in a later export says the same.
            "attributes": {"sheet": {"title": title, "categories": levels, "region": names}},
        }

    def _word(self, row: "_Row", name: str) -> str | None:
        word = row.text(name)
        if not word:
            return None
        code = mapping.code_of(self._system, name, word)
        if code is None and word.casefold() in mapping.table(self._system, name).values():
            code = word.casefold()
        if code is None:
            row.problem(name, "unknown_word", word)
        return code

    def _category(self, row: "_Row") -> str | None:
        word = row.text("category")
        if not word:
            return None
        codes = self._categories.find(word)
        if len(codes) != 1:
            row.problem("category", "ambiguous_category" if codes else "unknown_category", word)
            return None
        return codes[0]

    def _instant(self, row: "_Row", name: str) -> datetime | None:
        word = row.text(name)
        if not word:
            return None
        try:
            at = read_time(word, to_the_end=name == "deadline")
        except TimeError as error:
            row.problem(name, error.code, word)
            return None
        if name == "occurred_at" and at > self._at + AHEAD:
            row.problem(name, "in_future")
        elif name == "deadline" and at > self._at + DEADLINE_WITHIN:
            row.problem(name, "too_far")
        return at

    def _place(self, row: "_Row", told: Mapping[str, Any]) -> Any:
        region = told["attributes"]["sheet"]["region"]
        try:
            return place_of(
                point=self._point(row),
                address=told["address"],
                names=[region["street"], region["community"]],
                text=told["text"],
                field="lon",
            )
        except ValidationError as error:
            row.problem("lon", _code_of(error))
            return None

    def check_point(self, row: Read) -> None:
        """Is the point of a row one? Asked where a file is checked and no place is looked for."""
        told = _Row(row.line, self._columns, self._letters)
        point = self._point(told)
        if point is not None and not told.problems:
            try:
                locate(lon=point["lon"], lat=point["lat"], crs=point["crs"])
            except PlaceError as error:
                told.problem("lon", error.code)
        row.problems += told.problems

    def _point(self, row: "_Row") -> dict[str, Any] | None:
        lon, lat = row.text("lon"), row.text("lat")
        name = "lon"
        if not (lon or lat) and (both := row.text("point")):
            name, parts = "point", [one for one in _POINT.split(both) if one]
            if len(parts) != 2:
                row.problem(name, "not_a_number")
                return None
            lon, lat = parts
        if not (lon or lat):
            return None
        if not (lon and lat):
            row.problem("lon" if lat else "lat", "half_a_point")
            return None
        try:
            degrees = [_degrees_of(one) for one in (lon, lat)]
        except ValueError:
            row.problem(name, "not_a_number")
            return None
        if degrees == [0.0, 0.0]:  # what systems write where nobody has pointed
            return None
        word = row.text("crs")
        crs = _CRS.get(re.sub(r"[\s_\-]", "", word.casefold())) if word else self._options.get("crs", GCJ02)
        if crs is None:
            row.problem("crs", "unknown_crs", word)
            return None
        return {"lon": degrees[0], "lat": degrees[1], "crs": crs}


class _Row:
    """The cells of one line by our fields, and what is wrong with them."""

    def __init__(self, line: Line, columns: list[tuple[int, str]], letters: Mapping[str, str]) -> None:
        self.line, self._letters = line, letters
        self.problems: list[Problem] = []
        self._columns = columns
        self._texts: dict[str, str] = {}
        for column, name in columns:
            cell = line[column].lstrip("'‘’`") if line[column][:1] in "'‘’`" else line[column]
            if cell and not self._texts.get(name):
                self._texts[name] = "" if cell.casefold() in _NOTHING else cell

    def faults(self) -> None:
        for column, name in self._columns:
            if fault := self.line.faults.get(column):
                self.problems.append(Problem(column_letter(column), name, fault))

    def text(self, name: str) -> str:
        return self._texts.get(name, "")

    def problem(self, name: str, code: str, word: str = "") -> None:
        # What names a person is in no sentence.
        shown = "" if name in PERSONAL else word[:_WORD_MOST]
        self.problems.append(Problem(self._letters.get(name, ""), name, code, shown))

    def long(self, name: str, most: int) -> str:
        text = self.text(name)
        if len(text) > most:
            self.problem(name, "too_long", str(most))
        return text

    def number(self, name: str, most: int) -> str:
        """A number as text, whatever a spreadsheet made of it."""
        text = unicodedata.normalize("NFKC", self.text(name)).strip()
        if _FLOAT.fullmatch(text):
            return text.partition(".")[0]
        if _SCIENTIFIC.fullmatch(text):
            value = Decimal(text)
            sign = value.as_tuple()
            if not isinstance(sign.exponent, int) or sign.exponent > 0:
                self.problem(name, "cut_number")
                return ""
            text = str(int(value))
        if len(text) > most:
            self.problem(name, "too_long", str(most))
        return text

    def phone(self, name: str) -> str:
        text = self.number(name, _ADDRESS_MOST)
        if not text:
            return ""
        # Several in one cell: the first is called.
        first = next((one.strip() for one in _PHONES.split(text) if one.strip()), "")
        if first and (len(first) > _NAME_MOST or not PHONE.fullmatch(first)):
            self.problem(name, "phone")
            return ""
        return first


def _degrees_of(text: str) -> float:
    """Raises ValueError."""
    found = _DEGREES.fullmatch(unicodedata.normalize("NFKC", text).strip().casefold())
    if found is None:
        raise ValueError(text)
    return float(found[1])


def _raised_at(error: Exception) -> str:
    """Where in the code it was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.name}:{frame.lineno}"


def _compact(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def _code_of(error: ValidationError) -> str:
    codes: Any = error.get_codes()
    return str(codes["lon"][0])
