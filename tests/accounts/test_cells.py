"""What a spreadsheet would run is made text in every file that people take away."""

import pytest

from accounts.audit.pages import _csv
from accounts.cells import begins_formula
from dashboards import sheets
from dispatch.spreadsheets.export import escaped

RUNS = ["=1+1", "+cmd", "-cmd", "@sum", "\t=1", "\r=1", "\n=1", "＝1+1", "＋cmd", "－cmd", "＠sum"]


@pytest.mark.parametrize("cell", RUNS)
def test_no_file_holds_a_cell_that_runs(cell: str) -> None:
    assert begins_formula(cell)
    assert _csv([[cell]]).strip('"').startswith("'")
    assert sheets.line([cell]).strip('"').startswith("'")
    assert escaped(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "路灯", "a=b", " =1", "0101"])
def test_all_else_stays_as_it_is(cell: str) -> None:
    assert not begins_formula(cell)
    assert sheets.safe(cell) == escaped(cell) == cell


def test_a_number_with_its_sign_is_a_number_on_the_boards() -> None:
    assert sheets.safe("-3.5%") == "-3.5%"
