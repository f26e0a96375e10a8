"""Headings: found under titles, in one line or two, and read as our fields."""

import pytest

from dispatch.item_rules import FIELDS
from dispatch.loading import ITEM_COLUMNS
from dispatch.spreadsheets.columns import HEADINGS, Heading, find_heading, repeated, suggest
from dispatch.spreadsheets.reading import open_table
from tests.dispatch.spreadsheets.files import Rows, workbook


def heading_of(rows: Rows, merged: list[str] | None = None) -> Heading:
    found = find_heading(open_table(workbook(rows, merged=merged or [])).grid("清单"))
    assert found is not None
    return found


def fields(*labels: str) -> dict[str, str]:
    """Label → field, as suggested."""
    found = suggest(Heading(1, 1, labels))
    return {labels[column]: field for column, field in found.items()}


def test_our_own_columns_are_known_by_code_and_by_name() -> None:
    assert list(suggest(Heading(1, 1, ITEM_COLUMNS)).values()) == list(FIELDS)
    assert list(suggest(Heading(1, 1, tuple(names[0] for names in HEADINGS.values()))).values()) == list(
        FIELDS
    )


def test_a_districts_own_words_are_known() -> None:
    assert fields(
        *("序号", "大类", "小类", "问题描述", "立案标准", "处置标准", "主责单位", "配合单位（多个用顿号）"),
        *("行业主管部门", "处置时限（工作日）", "依据", "备注"),
    ) == {
        "小类": "category",
        "问题描述": "matter_zh",
        "立案标准": "filing_condition_zh",
        "处置标准": "closing_condition_zh",
        "主责单位": "lead_unit",
        "配合单位（多个用顿号）": "support_units",
        "行业主管部门": "supervising_unit",
        "处置时限（工作日）": "handle_limit",
        "依据": "legal_basis",
    }


@pytest.mark.parametrize("label", ["备注", "序号", "填报人", "联系电话", ""])
def test_other_columns_are_left_alone(label: str) -> None:
    assert fields(label) == {}


def test_the_heading_stands_under_titles() -> None:
    found = heading_of(
        [
            ["龙岗区事件分拨权责清单（试行）"],
            ["2026年7月 运管中心"],
            [],
            ["序号", "事项名称", "责任单位"],
            [1, "路灯", "城管局"],
        ],
        ["A1:C1", "A2:C2"],
    )
    assert (found.first, found.last) == (4, 4)
    assert found.labels == ("序号", "事项名称", "责任单位")


def test_a_heading_of_two_lines_says_both() -> None:
    found = heading_of(
        [
            ["事项名称", "时限", None, None, "责任单位"],
            [None, "分拨", "签收", "处置", None],
            ["路灯", "30", "60", "4小时", "城管局"],
        ],
        ["A1:A2", "B1:D1", "E1:E2"],
    )
    assert (found.first, found.last) == (1, 2)
    assert suggest(found) == {
        0: "matter_zh",
        1: "dispatch_minutes",
        2: "accept_minutes",
        3: "handle_limit",
        4: "lead_unit",
    }


def test_where_nothing_is_known_the_widest_line_is_taken() -> None:
    found = heading_of([["题"], ["甲", "乙", "丙"], ["1", "2", "3"]])
    assert found.first == 2
    assert suggest(found) == {}


def test_the_reader_may_say_which_line_it_is() -> None:
    grid = open_table(workbook([["事项名称", "责任单位"], ["甲", "乙"]])).grid("清单")
    assert find_heading(grid, 2) == Heading(2, 2, ("甲", "乙"))
    assert find_heading(grid, 9) is None


def test_the_same_columns_are_recognised_again_whatever_stands_above() -> None:
    one = heading_of([["事项名称", "责任 单位"], ["甲", "乙"]])
    other = heading_of([["标题"], ["事项名称", "责任单位 *"], ["甲", "乙"]])
    assert one.signature == other.signature


def test_only_lists_may_come_from_several_columns() -> None:
    assert repeated({0: "support_units", 1: "support_units", 2: "lead_unit"}) == []
    assert repeated({0: "lead_unit", 1: "lead_unit", 2: "level"}) == ["lead_unit"]
