"""Excel workbooks, read by openpyxl's parser but bounded at every step.

A workbook is a stranger's archive: what each part of it would unpack to, how many elements and attributes
that has and how far its cells reach is known before it is parsed, and XML goes through defusedxml.
Formulas are what they came to when the workbook was last saved.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, NamedTuple
from xml.etree.ElementTree import SubElement

from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import ARC_STYLE, SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from dispatch.spreadsheets.grid import (
    COLUMNS_MOST,
    ERROR,
    NO_VALUE,
    ROWS_MOST,
    Grid,
    Line,
    Merge,
    TableError,
    clean,
    grid_of,
    too_many_columns,
    too_many_rows,
)

_PARTS_MOST = 2_000


class PartBound(NamedTuple):
    """What a part may have at most: bytes, tags (opening and closing ones), equals signs (attributes)."""

    size: int
    tags: int
    equals: int


class Bounds(NamedTuple):
    """What a workbook may be: rows of a sheet, bytes when unpacked, and each part of rows or texts."""

    rows: int
    unpacked: int
    part: PartBound


# ROWS_MOST rows of 20 cells have two thirds of these tags, and fewer attributes.
OF_A_LIST = Bounds(ROWS_MOST, 128 * 1024 * 1024, PartBound(64 * 1024 * 1024, 3_000_000, 3_000_000))
# Excel has at most 65,490 formats, which take about 3 seconds.
_OF_STYLES = PartBound(16 * 1024 * 1024, 200_000, 1_000_000)
# What names the sheets and says which part is what: openpyxl makes an object of each element.
_OF_OTHERS = PartBound(1024 * 1024, 50_000, 100_000)
# Excel itself allows 31 letters, and as many rows.
_NAME_MOST = 64
_ROW_LAST = 1_048_576
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z0-9:$]+)\"")
_SI, _INLINE, _T, _RUN = (f"{{{SHEET_MAIN_NS}}}{tag}" for tag in ("si", "is", "t", "r"))
_UNCALCULATED = object()
# What openpyxl and the standard library raise for a workbook that is not as the format has it.
_BROKEN = (
    *(zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError),
    *(OSError, EOFError, OverflowError, SyntaxError, NotImplementedError, RuntimeError),
    DefusedXmlException,
)


class Workbook:
    """The visible sheets of a workbook. Everything raises TableError."""

    def __init__(self, data: bytes, bounds: Bounds = OF_A_LIST) -> None:
        self._most = bounds.rows
        try:
            self._reader = _open(data, bounds)
        except TableError:
            raise
        except _BROKEN as error:
            raise _broken() from error

    @property
    def sheets(self) -> list[str]:
        return list(self._reader.parts)

    def grid(self, sheet: str, *, most: int | None = None) -> Grid:
        """A sheet's lines; only the first `most` of them where that is said."""
        if sheet not in self._reader.parts:
            raise TableError("sheet", _("The workbook has no sheet “%(sheet)s”.") % {"sheet": sheet})
        try:
            part = self._reader.archive.rows(self._reader.parts[sheet])
            lines = []
            for line in self._lines(part):
                lines.append(line)
                if len(lines) > self._most:
                    raise too_many_rows(self._most)
                if most is not None and len(lines) >= most:
                    break
            return grid_of(sheet, lines, _merges(part))
        except TableError:
            raise
        except _BROKEN as error:
            raise _broken() from error

    def _lines(self, part: bytes) -> Iterator[Line]:
        book = self._reader.wb
        parser = _Parser(
            BytesIO(part),
            self._reader.shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for number, found in parser.parse():
            line = Line(number, [])
            for cell in found:
                if cell["value"] is not None:
                    _put(line, cell)
            while line.cells and not line.cells[-1] and len(line.cells) - 1 not in line.faults:
                line.cells.pop()
            if line.cells:
                yield line


class _Parser(WorkSheetParser):
    """Rows only: what a sheet says beside them (validations, formats) is often broken, and not needed."""

    def parse(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        for _event, element in iterparse(self.source):
            if element.tag == ROW_TAG:
                number, cells = self.parse_row(element)
                element.clear()
                if not 0 < number <= _ROW_LAST:
                    raise _broken()
                yield number, cells

    def parse_cell(self, element: Any) -> dict[str, Any]:
        inline = element.find(_INLINE) if element.get("t") == "inlineStr" else None
        if inline is not None:
            # Without openpyxl's objects for runs and fonts: they cost more than all the rest.
            element.set("t", "str")
            SubElement(element, VALUE_TAG).text = _said(inline)
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            value = element.find(VALUE_TAG)
            # A formula that came to an empty text says so; one without a value was never calculated.
            cell["value"] = "" if value is not None and element.get("t") == "str" else _UNCALCULATED
        return cell


class _Archive(zipfile.ZipFile):
    """A stranger's archive: nothing comes out of it whole, whoever asks, that is too big to be parsed."""

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        is_styles = name == ARC_STYLE
        return self._bounded(name, _OF_STYLES if is_styles else _OF_OTHERS)

    bounds = OF_A_LIST

    def rows(self, name: str) -> bytes:
        """A sheet, or the texts of all sheets: read element by element."""
        return self._bounded(name, self.bounds.part)

    def _bounded(self, name: str | zipfile.ZipInfo, bound: PartBound) -> bytes:
        info = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if info.file_size > bound.size:  # no more than that is unpacked, should it be a lie
            raise _too_big()
        part = super().read(info)
        if part.count(b"<") > bound.tags or part.count(b"=") > bound.equals:
            raise _too_big()
        return part


class _Reader(ExcelReader):
    """What names sheets and styles; sheets themselves are read one by one."""

    archive: _Archive
    parts: dict[str, str]

    def __init__(self, data: bytes, bounds: Bounds) -> None:
        super().__init__(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        self.archive = _Archive(BytesIO(data))
        self.archive.bounds = bounds

    def read_strings(self) -> None:
        """As openpyxl, but five times as fast: the texts, without how they are pronounced."""
        kind = self.package.find(SHARED_STRINGS)
        if kind is None:
            return
        for _event, element in iterparse(BytesIO(self.archive.rows(kind.PartName[1:]))):
            if element.tag == _SI:
                self.shared_strings.append(_said(element))
                element.clear()


def _open(data: bytes, bounds: Bounds) -> _Reader:
    reader = _Reader(data, bounds)
    infos = reader.archive.infolist()
    if len(infos) > _PARTS_MOST or sum(info.file_size for info in infos) > bounds.unpacked:
        raise _too_big()
    if any(info.flag_bits & 0x1 for info in infos):
        raise TableError("encrypted", _("The file is protected by a password: save it without one."))
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    try:
        apply_stylesheet(reader.archive, reader.wb)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        # Styles only say which numbers are dates; a list can do without, also where they are too big.
        reader.wb._date_formats, reader.wb._timedelta_formats = set(), set()
    reader.parts = {
        sheet.name: relation.target
        for sheet, relation in reader.parser.find_sheets()
        if relation.target in reader.valid_files
        and "chartsheet" not in relation.Type
        and sheet.state == "visible"
    }
    if not reader.parts:
        raise TableError("empty", _("The workbook has no sheet that can be seen."))
    if any(len(name) > _NAME_MOST for name in reader.parts):
        told = {"most": _NAME_MOST}
        raise TableError(
            "sheet_name",
            _("The name of a sheet is longer than %(most)d letters: give it a shorter one.") % told,
        )
    return reader


def _said(text: Any) -> str:
    """A text, plain or in runs, without how it is pronounced."""
    found = text.findall(_T) or text.findall(f"{_RUN}/{_T}")
    return "".join(one.text or "" for one in found)


def _merges(part: bytes) -> list[Merge]:
    # By pattern and not by element: they stand behind all rows, which a look at the head does not reach.
    found = []
    for match in _MERGED.finditer(part):
        left, top, right, bottom = range_boundaries(match[1].decode())
        found.append(Merge(top, bottom, left - 1, right - 1))
    return found


def _put(line: Line, cell: dict[str, Any]) -> None:
    column = cell["column"] - 1
    value = cell["value"]
    text = ""
    if value is _UNCALCULATED:
        line.faults[column] = NO_VALUE
    elif cell["data_type"] == "e":
        line.faults[column] = ERROR
        text = str(value)
    else:
        text = clean(_text(value))
    if not text and column not in line.faults:
        return
    if column >= COLUMNS_MOST:
        raise too_many_columns()
    line.cells.extend([""] * (column + 1 - len(line.cells)))
    line.cells[column] = text


def _text(value: Any) -> str:
    """A cell's value as a person would type it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, ".15g")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if not (value.hour or value.minute) else "%Y-%m-%d %H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds() // 60)
        return f"{minutes // 60:02}:{minutes % 60:02}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _too_big() -> TableError:
    return TableError("too_big", _("The workbook would unpack to far more than a list can be."))


def _broken() -> TableError:
    message = _("The workbook cannot be read: open it in Excel or WPS and save it anew as .xlsx, or as CSV.")
    return TableError("broken", message)
