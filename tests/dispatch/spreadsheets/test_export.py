"""A version as Excel and CSV: no spreadsheet runs it, and importing it again finds nothing to do."""

import csv
import io

import openpyxl
import pytest
from django.utils.translation import override

from dispatch import lists
from dispatch.item_rules import FIELDS
from dispatch.loading import ITEM_COLUMNS
from dispatch.models import ResponsibilityItem, ResponsibilityList
from dispatch.spreadsheets import export
from dispatch.spreadsheets.columns import find_heading, suggest
from dispatch.spreadsheets.plan import Plan, Reading, Target, make_plan
from dispatch.spreadsheets.reading import open_table
from tests.cast import Person
from tests.dispatch.spreadsheets.planning import district
from tests.dispatch.versions import change, live_list, new_draft

pytestmark = pytest.mark.django_db


def as_csv(version: ResponsibilityList, kind: str = export.CODES, *, bom: bool = True) -> bytes:
    return b"".join(export.csv_chunks(version, kind=kind, bom=bom))


def as_xlsx(version: ResponsibilityList, kind: str = export.CHINESE) -> bytes:
    with export.xlsx_file(version, kind=kind) as file:
        return file.read()


def imported(data: bytes, version: ResponsibilityList) -> Plan:
    """The plan of importing these bytes into that version, by the columns that are suggested."""
    table = open_table(data)
    grid = table.grid(table.sheets[0])
    heading = find_heading(grid)
    assert heading is not None
    mapping = suggest(heading)
    assert sorted(mapping.values()) == sorted(FIELDS)
    items = lists.items_of(version.pk)
    return make_plan(grid, Reading(heading, mapping), Target(items, frozenset(items)), district())


@pytest.fixture
def odd_draft(steward: Person) -> ResponsibilityList:
    """The shipped list with cells that a spreadsheet would take for something else."""
    draft = new_draft(steward)
    change(
        draft,
        steward,
        keywords=["坏了,不亮"],
        filing_condition_zh='=HYPERLINK("http://x")',
        closing_condition_zh="-1 处\n+2 处",
        legal_basis="'=引号在前",
        matter_zh="＝全角",
        handle_limit="9wd",
    )
    return draft


@pytest.mark.parametrize("kind", [export.CODES, export.CHINESE])
@pytest.mark.parametrize("as_file", [as_csv, as_xlsx])
def test_what_is_exported_imports_without_a_change(
    odd_draft: ResponsibilityList, as_file: object, kind: str
) -> None:
    assert callable(as_file)
    plan = imported(as_file(odd_draft, kind), odd_draft)
    assert (plan.problems, plan.planned, plan.missing) == ([], [], [])
    assert plan.unchanged == plan.rows == odd_draft.items.count()


def test_no_cell_of_a_csv_is_a_formula(odd_draft: ResponsibilityList) -> None:
    cells = [cell for row in csv.reader(io.StringIO(as_csv(odd_draft).decode("utf-8-sig"))) for cell in row]
    assert [cell for cell in cells if cell[:1] in tuple("=+-@\t\r＝＋－＠") and cell] == []
    assert "'@street/enforcement" in cells


def test_no_cell_of_a_workbook_is_a_formula(odd_draft: ResponsibilityList) -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(odd_draft)))
    sheet = book.worksheets[0]
    signed = [cell for row in sheet.iter_rows() for cell in row if str(cell.value or "")[:1] in tuple("=+-@")]
    assert signed
    assert {cell.data_type for cell in signed} == {"s"}
    assert all(cell.quotePrefix for cell in signed)


def test_a_workbook_is_laid_out_for_people() -> None:
    with override("zh-hans"):
        book = openpyxl.load_workbook(io.BytesIO(as_xlsx(live_list())))
    items, words = book.worksheets
    assert [cell.value for cell in items[1]][:3] == ["事项编码", "事件类别", "事项名称"]
    assert (items.freeze_panes, words.freeze_panes) == ("A2", "A2")
    assert items.column_dimensions["C"].width > items.column_dimensions["A"].width
    assert items["B2"].value == "0101"
    told = {row[1].value for row in words.iter_rows(min_row=2)}
    assert {"routine", "urban_village", "@street/enforcement", "housing-construction", "0204"} <= told


def test_a_csv_begins_with_our_columns_and_the_mark_that_excel_needs() -> None:
    live = live_list()
    assert as_csv(live).startswith(b"\xef\xbb\xbf" + ",".join(ITEM_COLUMNS).encode())
    assert as_csv(live, bom=False).startswith(b"code,")


def test_a_long_list_comes_in_pieces() -> None:
    live = live_list()
    pieces = list(export.csv_chunks(live))
    assert len(pieces) == live.items.count() // 500 + 1
    assert ResponsibilityItem.objects.filter(list=live).count() == b"".join(pieces).count(b"\r\n") - 1
