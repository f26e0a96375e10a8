"""Limits that cannot be meant, and powers that a unit does not have."""

from dataclasses import replace

import pytest

from dispatch.items import Item
from dispatch.lint import NOTE, WARNING
from dispatch.lint.durations import durations
from tests.dispatch.lint.rows import REST, findings, found, only, with_limits
from tests.dispatch.rows import item


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("24小时内修剪至0.8米以下", [24]),
        ("连续3日核查无反弹", [72]),
        ("线索登记，5个工作日内告知", [120]),
        ("观察7天无复发", [168]),
        ("投饵封堵，两周后复查", [336]),
        ("半小时复查，15分钟内上报", [0.5, 0.25]),
        ("十五日内告知，二十四小时值守", [360, 24]),
        ("三个月内完成，一年后评估", [2160, 8760]),
        ("当日清运，每日巡查，5月1日前完成，面积3平方米", []),
        ("2018年3月的台账，12345工单", []),
    ],
)
def test_durations_are_read_from_sentences(text: str, hours: list[float]) -> None:
    assert [duration.hours for duration in durations(text)] == pytest.approx(hours)


@pytest.mark.parametrize(
    ("limit", "closing", "short"),
    [
        ("3wd", "两周后复查鼠迹消失", True),
        ("12wd", "两周后复查鼠迹消失", False),
        ("24h", "列入7日复查", True),
        ("5wd", "观察7天无复发", False),  # five working days always hold a weekend
        ("4wd", "观察7天无复发", True),
        ("4wd", "5个工作日公示", True),
        ("5wd", "5个工作日公示", False),
        ("4wh", "半小时复查无回流", False),
        ("1wh", "观察2小时", True),
        ("8wh", "观察12小时", False),
        ("10wd", "15日内告知", False),
        ("24h", "3日内回访事主", True),
    ],
)
def test_a_limit_leaves_the_time_that_closing_asks_for(limit: str, closing: str, short: bool) -> None:
    rows = [with_limits("0101-001", limit, accept=15, closing=closing), REST]
    assert bool(found("limit_short", rows)) == short


def test_a_limit_beyond_what_the_text_promises_is_noted() -> None:
    note = only(
        "limit_past_promise", [with_limits("0101-001", "10wd", closing="5个工作日内告知来件人"), REST]
    )
    assert (note.severity, note.params["said"]) == (NOTE, "5个工作日内")
    assert not found("limit_past_promise", [with_limits("0101-001", "2h", closing="15分钟内围蔽"), REST])


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (with_limits("0101-001", "4wh", accept=240), "limit_before_acceptance"),
        (with_limits("0101-001", "1h", urgency="urgent", accept=60), "limit_before_acceptance"),
        (with_limits("0101-001", "4wh", urgency="emergency", accept=15, dispatch=10), "limit_rests"),
        (with_limits("0101-001", "200wd"), "limit_too_long"),
        (with_limits("0101-001", "15wd", urgency="urgent"), "limit_too_long"),
        (with_limits("0101-001", "4h", urgency="urgent", dispatch=120), "limit_slow_dispatch"),
    ],
)
def test_absurd_limits_are_told(row: Item, code: str) -> None:
    assert only(code, [row, REST]).severity == WARNING


@pytest.mark.parametrize(
    "row",
    [
        with_limits("0101-001", "4wh", accept=60),
        with_limits("0101-001", "2h", urgency="emergency", accept=15, dispatch=10),
        with_limits("0101-001", "60wd"),
        with_limits("0101-001", "4h", urgency="urgent", accept=60, dispatch=30),
    ],
)
def test_plain_limits_are_not(row: Item) -> None:
    assert findings([row, REST]) == []


def test_limits_unlike_the_categorys_are_told_together() -> None:
    usual = [with_limits(f"0101-00{number}", "5wd") for number in range(1, 6)]
    odd = [with_limits("0101-006", "2wh"), with_limits("0101-007", "120wd")]
    note = only("limit_unusual", [*usual, *odd, REST])
    assert (note.items, note.severity) == (("0101-006", "0101-007"), NOTE)
    assert (note.params["limits"], note.params["usual"]) == (["2wh", "120wd"], "5wd")


def test_another_urgency_is_no_measure() -> None:
    usual = [with_limits(f"0101-00{number}", "30wd") for number in range(1, 6)]
    urgent = with_limits("0101-006", "4h", urgency="urgent")
    assert found("limit_unusual", [*usual, urgent, REST]) == []


def powers_of(unit: str, *, matter: str = "占道", closing: str = "恢复通行") -> list[str]:
    row = replace(item("0101-001", unit, words="坑洞"), matter_zh=matter, closing_condition_zh=closing)
    return [word for finding in found("powers", [row, REST]) for word in finding.params["words"]]


@pytest.mark.parametrize("unit", ["@community", "east/one", "gas-company"])
@pytest.mark.parametrize("word", ["查处", "处罚", "责令", "取缔", "没收"])
def test_communities_and_enterprises_have_no_powers(unit: str, word: str) -> None:
    assert powers_of(unit, closing=f"依法{word}当事人，恢复原状") == [word]
    assert powers_of(unit, matter=f"{word}占道经营") == [word]


@pytest.mark.parametrize("unit", ["roads", "@street/team", "@street"])
def test_authorities_have_them(unit: str) -> None:
    assert powers_of(unit, closing="依法查处并处罚") == []


@pytest.mark.parametrize(
    "closing", ["拒不改正的移交执法队查处", "协助执法队取缔", "核查处置完毕", "排查处理到位，隐患消除"]
)
def test_handing_on_is_not_doing(closing: str) -> None:
    assert powers_of("@community", closing=closing) == []


@pytest.mark.parametrize(
    ("unit", "matter", "closing", "told"),
    [
        ("@community", "飞线充电", "线路拆除，复查", True),
        ("@community", "飞线充电", "当事人自行拆除，复查", False),
        ("@community", "烟感拆除损坏", "设备恢复", False),
        ("gas-company", "废弃管道", "旧管拆除", False),
        ("gas-company", "占压管道", "违建拆除", True),
    ],
)
def test_pulling_down_is_a_power_where_it_is_somebody_elses(
    unit: str, matter: str, closing: str, told: bool
) -> None:
    assert bool(powers_of(unit, matter=matter, closing=closing)) == told
