"""A version of the list as Excel or CSV, in our columns: what importing it again finds unchanged.

Spreadsheets take cells that begin with = + - or @ for formulas. In CSV such a cell gets an apostrophe,
which reading takes off again; in a workbook it is marked as text.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import override
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill

from accounts.cells import begins_formula
from accounts.models import OrgUnit
from dispatch.item_rules import FIELDS, LISTS, OTHER_OWNERS
from dispatch.loading import ITEM_COLUMNS
from dispatch.models import Category, ResponsibilityList
from dispatch.spreadsheets.columns import HEADINGS
from dispatch.spreadsheets.grid import column_letter
from dispatch.spreadsheets.vocabulary_words import names_of
from dispatch.units import UnitDirectory

CODES, CHINESE = "codes", "zh"  # how the heading calls the columns
_CHUNK = 500
_SEPARATED = re.compile(r"[、，,；;/／\n\r]")
# Characters; whatever is not said here.
_WIDTHS = {
    "code": 11,
    "category": 10,
    "matter_zh": 28,
    "filing_condition_zh": 44,
    "closing_condition_zh": 44,
    "keywords": 40,
    "support_units": 30,
    "legal_basis": 44,
    "lead_unit": 22,
    "supervising_unit": 20,
}
_OTHER_WIDTH = 14


def heading(kind: str) -> list[str]:
    """The columns' names: codes as files of ours have them, or Chinese words."""
    return [HEADINGS[name][0] for name in FIELDS] if kind == CHINESE else list(ITEM_COLUMNS)


def rows(version: ResponsibilityList) -> Iterator[list[str]]:
    """Every item as cells, in the order of the codes, a few hundred at a time."""
    names = ["category_id" if name == "category" else name for name in FIELDS]
    found = version.items.order_by("code").values(*names)
    for item in found.iterator(chunk_size=_CHUNK):
        yield [_cell(name, item["category_id" if name == "category" else name]) for name in FIELDS]


def csv_chunks(version: ResponsibilityList, *, kind: str = CODES, bom: bool = True) -> Iterator[bytes]:
    """The version as CSV in UTF-8, some hundred rows at a time."""
    return csv_of(heading(kind), rows(version), bom=bom)


def csv_of(head: Sequence[str], told: Iterable[Sequence[str]], *, bom: bool = True) -> Iterator[bytes]:
    """Any rows as CSV that no spreadsheet runs; Excel needs the mark at the beginning."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    if bom:
        out.write("\ufeff")
    writer.writerow(head)
    for number, row in enumerate(told, start=1):
        writer.writerow([escaped(cell) for cell in row])
        if number % _CHUNK == 0:
            yield _taken(out)
    yield _taken(out)


def xlsx_file(version: ResponsibilityList, *, kind: str = CHINESE) -> IO[bytes]:
    """The version as a workbook in a file of its own: the items, and what may be written in which column."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Responsibility list"))
    lay_out(sheet, [_WIDTHS.get(name, _OTHER_WIDTH) for name in FIELDS])
    sheet.auto_filter.ref = f"A1:{column_letter(len(FIELDS) - 1)}{version.items.count() + 1}"
    sheet.append(heads_of(sheet, heading(kind)))
    for row in rows(version):
        sheet.append([text_of(sheet, cell) for cell in row])
    words = book.create_sheet(_("What may be written"))
    lay_out(words, [20, 26, 40, 40])
    words.append(heads_of(words, [_("Column"), _("Write"), _("Chinese"), _("English")]))
    for told in vocabulary():
        words.append([text_of(words, cell) for cell in told])
    out = TemporaryFile()  # noqa: SIM115  # the response closes it
    book.save(out)
    out.seek(0)
    return out


def xlsx_of(
    title: str, head: Sequence[str], told: Iterable[Sequence[str]], *, widths: Sequence[int], remark: str = ""
) -> IO[bytes]:
    """Any rows as a workbook that no spreadsheet runs; `remark` stands above the heading."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    lay_out(sheet, widths)
    if remark:
        sheet.freeze_panes = "A3"
        sheet.append([text_of(sheet, remark)])
    sheet.append(heads_of(sheet, head))
    for row in told:
        sheet.append([text_of(sheet, cell) for cell in row])
    out = TemporaryFile()  # noqa: SIM115  # the response closes it
    book.save(out)
    out.seek(0)
    return out


def vocabulary() -> Iterator[tuple[str, str, str, str]]:
    """(column, code, Chinese, English) of every word that a closed column may have."""
    for name in ("level", "urgency", "place_types", "sources"):
        told: list[Mapping[str, str]] = []
        for language in ("zh-hans", "en"):
            with override(language):
                told.append(names_of(name))
        for code, name_zh in told[0].items():
            yield HEADINGS[name][0], code, name_zh, told[1][code]
    for owner in sorted(OTHER_OWNERS):
        yield HEADINGS["owners"][0], owner, "", owner
    for code, name_zh, name_en in Category.objects.order_by("code").values_list("code", "name_zh", "name_en"):
        yield HEADINGS["category"][0], code, name_zh, name_en
    units = _("Units")
    for pattern in ("@street", "@community", "@owner", *_teams()):
        yield units, pattern, "", ""
    for told_unit in OrgUnit.objects.open().order_by("path").values_list("code", "name_zh", "name_en"):
        yield (units, *told_unit)


def escaped(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if begins_formula(cell.lstrip("'")) else cell


def _teams() -> Iterable[str]:
    return [f"@street/{team}" for team in sorted(UnitDirectory.read().teams)]


def _cell(name: str, value: Any) -> str:
    if name not in LISTS:
        return str(value)
    # One word that has a separator in it: the bar says that it is one.
    if len(value) == 1 and _SEPARATED.search(value[0]) and not value[0].startswith("@"):
        return f"{value[0]}|"
    return "|".join(value)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()


def lay_out(sheet: Any, widths: Sequence[int]) -> None:
    sheet.freeze_panes = "A2"
    for column, width in enumerate(widths):
        sheet.column_dimensions[column_letter(column)].width = width


def heads_of(sheet: Any, names: Iterable[str]) -> list[Any]:
    cells = []
    for name in names:
        cell = WriteOnlyCell(sheet, name)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEF9")
        cell.alignment = Alignment(vertical="center")
        cells.append(cell)
    return cells


def text_of(sheet: Any, value: str) -> Any:
    """Text, whatever it begins with: 0101 keeps its nought, and @street is nobody's formula."""
    if not value:
        return None
    if not begins_formula(value.lstrip("'")):
        return value
    # Its own apostrophe would be taken for one of ours.
    cell = WriteOnlyCell(sheet, f"'{value}" if value.startswith("'") else value)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell
