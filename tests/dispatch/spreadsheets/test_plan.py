"""What importing a sheet would do: items added, changed and missing, and every problem at its cell."""

import pytest

from dispatch.models import ItemChange
from dispatch.spreadsheets.columns import HEADINGS
from tests.dispatch.spreadsheets.files import delimited, workbook
from tests.dispatch.spreadsheets.planning import item, plan_of, problems, target

pytestmark = pytest.mark.django_db
Kind = ItemChange.Kind

HEAD = ["事项编码", "事件类别", "事项名称", "关键词", "责任单位", "配合单位", "处置时限"]
LAMP = item("0204-001")


def row(code: str = "0204-001", **cells: str) -> list[str]:
    """LAMP as a row, or with other cells."""
    told = {
        **dict(
            zip(HEAD, [code, "0204", "事项 0204-001", "路灯", "路灯养护公司", "", "5个工作日"], strict=True)
        ),
        **cells,
    }
    return [told[name] for name in HEAD]


def test_a_row_that_says_the_same_changes_nothing() -> None:
    plan = plan_of([HEAD, row()], target(LAMP))
    assert (plan.unchanged, plan.planned, plan.problems, plan.missing) == (1, [], [], [])


def test_a_change_is_told_field_by_field() -> None:
    plan = plan_of([HEAD, row(处置时限="2紧急工作时", 配合单位="供电局")], target(LAMP))
    [change] = plan.planned
    assert (change.row, change.code, change.kind) == (2, "0204-001", Kind.CHANGED)
    assert change.changes == {"support_units": [[], ["power-grid"]], "handle_limit": ["5wd", "2h"]}


def test_fields_that_the_sheet_lacks_stay_as_they_are() -> None:
    lamp = item("0204-001", legal_basis="《条例》", level="A", keywords=["路灯", "黑灯"])
    plan = plan_of([["事项编码", "处置时限"], ["0204-001", "4小时"]], target(lamp))
    assert plan.planned[0].values == {**lamp, "handle_limit": "4h"}


def test_an_empty_cell_clears_a_field_but_for_those_that_must_say_something() -> None:
    lamp = item("0204-001", legal_basis="《条例》", level="A")
    plan = plan_of([["事项编码", "法律依据", "级别"], ["0204-001", "", ""]], target(lamp))
    assert plan.planned[0].changes == {"legal_basis": ["《条例》", ""]}


def test_a_new_item_takes_the_defaults_and_the_next_number_that_nobody_has_had() -> None:
    plan = plan_of(
        [
            HEAD,
            row("", 事项名称="新设施", 处置时限=""),
            row("", 事项名称="又一项"),
            row("0204-004", 事项名称="自有编码"),
        ],
        target(LAMP, used=("0204-002",)),
    )
    assert [(one.code, one.kind, one.is_numbered) for one in plan.planned] == [
        ("0204-003", Kind.ADDED, True),
        ("0204-005", Kind.ADDED, True),
        ("0204-004", Kind.ADDED, False),
    ]
    assert plan.planned[0].values == item("0204-003", matter_zh="新设施")


@pytest.mark.parametrize("word", ["0204", "路灯照明", "Street lighting", "204", "0204 路灯照明", "０２０４"])
def test_a_category_is_known_by_code_by_name_and_as_a_number(word: str) -> None:
    [added] = plan_of([HEAD, row("", 事件类别=word)], target()).planned
    assert added.values["category"] == "0204"


def test_a_category_is_what_the_code_begins_with_where_nothing_says_it() -> None:
    [added] = plan_of([HEAD, row("0204-009", 事件类别="")], target()).planned
    assert added.values["category"] == "0204"


def test_a_row_without_a_code_is_the_one_item_of_its_name() -> None:
    plan = plan_of([HEAD, row("", 处置时限="4小时")], target(LAMP))
    assert [(one.code, one.kind) for one in plan.planned] == [("0204-001", Kind.CHANGED)]
    assert [note.code for note in plan.notes] == ["matched"]


def test_of_two_items_of_one_name_neither_is_guessed() -> None:
    twin = item("0204-002", matter_zh=LAMP["matter_zh"])
    plan = plan_of([HEAD, row("")], target(LAMP, twin))
    assert [(one.code, one.kind) for one in plan.planned] == [("0204-003", Kind.ADDED)]


def test_the_first_of_several_units_leads_and_the_others_support() -> None:
    plan = plan_of(
        [HEAD, row(责任单位="供电局、路灯养护公司；街道执法队", 配合单位="街道执法队")], target(LAMP)
    )
    [change] = plan.planned
    assert change.values["lead_unit"] == "power-grid"
    assert change.values["support_units"] == ["lighting-company", "@street/enforcement"]
    assert {note.code for note in plan.notes} == {"several", "taken_as"}


def test_every_problem_is_told_at_its_row_and_column() -> None:
    rows = [
        HEAD,
        row(责任单位="火星管理局", 处置时限="立即"),
        row("0204-009", 事件类别="9999", 事项名称=""),
        row("0204-001"),
        row("坏 编码"),
        row("0204-010", 配合单位="供电局、凤凰社区工作站"),
    ]
    assert problems(plan_of(rows, target(LAMP))) == {
        (2, "E", "lead_unit", "unknown_unit"),
        (2, "G", "handle_limit", "vague"),
        (3, "B", "category", "unknown"),
        (3, "C", "matter_zh", "required"),
        (4, "A", "code", "twice"),
        (5, "A", "code", "code"),
        (6, "F", "support_units", "ambiguous"),
    }


def test_the_rules_of_items_hold_for_rows_too() -> None:
    rows = [HEAD, row("0204-009", 关键词="长" * 41), row("0204-010", 事项名称="名" * 121)]
    assert problems(plan_of(rows, target())) == {
        (2, "D", "keywords", "too_long"),
        (3, "C", "matter_zh", "too_long"),
    }


def test_a_formula_without_a_result_is_a_problem_and_not_an_empty_cell() -> None:
    assert problems(plan_of([HEAD, row(处置时限="=1+4")], target(LAMP))) == {
        (2, "G", "handle_limit", "no_value")
    }


def test_a_districts_own_spreadsheet() -> None:
    """Titles, a heading in two lines, sections, merged cells, full-width marks, its own words."""
    data = workbook(
        [
            ["龙岗区权责清单（试行）"],
            ["序号", "小类", "事项名称", "立案条件", "责任单位", "时限", None, "紧急程度"],
            [None, None, None, None, None, "签收（分钟）", "处置", None],
            ["一、市政设施"],
            [1, "路灯照明", "路灯不亮", "夜间不亮", "路灯养护公司／供电局", "３０", "２紧急工作时", "紧急"],
            [2, None, "灯杆倾斜", "倾斜", None, "1小时", "３个工作日", "一般"],
            ["备注：以上为试行版"],
        ],
        merged=[
            "A1:H1",
            *(f"{column}2:{column}3" for column in "ABCDEH"),
            "F2:G2",
            "A4:H4",
            "B5:B6",
            "E5:E6",
        ],
    )
    plan = plan_of(data, target())
    assert plan.problems == []
    assert [(one.row, one.code) for one in plan.planned] == [(5, "0204-001"), (6, "0204-002")]
    assert [(one.values["lead_unit"], one.values["support_units"]) for one in plan.planned] == [
        ("lighting-company", ["power-grid"]),
        ("lighting-company", ["power-grid"]),
    ]
    assert [(one.values["accept_minutes"], one.values["handle_limit"]) for one in plan.planned] == [
        (30, "2h"),
        (60, "3wd"),
    ]
    assert [note.row for note in plan.notes if note.code == "band"] == [4, 7]


def test_days_mean_working_days_where_the_reader_says_so() -> None:
    rows = [HEAD, row(处置时限="5天")]
    assert plan_of(rows, target(LAMP)).planned[0].changes == {"handle_limit": ["5wd", "120h"]}
    assert plan_of(rows, target(LAMP), days_are_working=True).unchanged == 1


def test_items_that_the_sheet_lacks_are_told() -> None:
    plan = plan_of([HEAD, row()], target(LAMP, item("0204-002")))
    assert [(one.code, one.kind) for one in plan.missing] == [("0204-002", Kind.REMOVED)]


def test_a_departments_steward_changes_only_what_the_department_leads() -> None:
    foreign = item("0101-001", lead_unit="water-affairs", category="0101")
    lost = item("0204-002", lead_unit="water-affairs")
    into = target(
        LAMP,
        foreign,
        lost,
        kept_units=frozenset({"lighting-company"}),
        former_leads={"0204-002": "lighting-company"},
    )
    rows = [
        HEAD,
        row(处置时限="4小时"),
        row("0101-001", 事件类别="0101", 事项名称="改名", 责任单位="区水务局"),
        row("0204-002", 事项名称="事项 0204-002"),
        row("0204-007", 事项名称="给自己"),
        row("0204-008", 事项名称="给别人", 责任单位="区水务局"),
    ]
    plan = plan_of(rows, into)
    assert [one.code for one in plan.planned] == ["0204-001", "0204-002", "0204-007"]
    assert problems(plan) == {(3, "E", "lead_unit", "not_yours"), (6, "E", "lead_unit", "not_yours")}
    # What others lead and the sheet leaves out is not theirs to remove.
    assert plan_of([HEAD, row()], into).missing[0].code == "0204-002"


def test_foreign_rows_that_say_the_same_do_no_harm() -> None:
    foreign = item("0101-001", lead_unit="water-affairs")
    rows = [HEAD, row("0101-001", 事件类别="0101", 事项名称="事项 0101-001", 责任单位="区水务局")]
    plan = plan_of(rows, target(foreign, kept_units=frozenset({"lighting-company"})))
    assert (plan.unchanged, plan.problems) == (1, [])


def test_words_of_the_closed_lists_and_hours() -> None:
    head = [
        HEADINGS[name][0]
        for name in ("code", "level", "urgency", "place_types", "sources", "owners", "hours")
    ]
    rows = [
        head,
        ["0204-001", "社区", "特急", "城中村、主干道", "12345；巡查", "供电局|自管", "22：00～次日6：00"],
    ]
    [change] = plan_of(delimited(rows, encoding="gb18030"), target(LAMP)).planned
    assert {name: after for name, (_before, after) in change.changes.items()} == {
        "level": "B",
        "urgency": "emergency",
        "place_types": ["urban_village", "main_road"],
        "sources": ["hotline", "patrol"],
        "owners": ["power-grid", "private"],
        "hours": "22:00-06:00",
    }
    bad = [head, ["0204-001", "省", "很急", "月球", "电报", "@street", "半夜"]]
    assert {code for *_where, code in problems(plan_of(bad, target(LAMP)))} == {
        "unknown",
        "relative",
        "hours",
    }
