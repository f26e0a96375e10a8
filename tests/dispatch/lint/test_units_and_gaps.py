"""Categories, places and units for which nobody would act."""

from dataclasses import replace

import pytest

from dispatch.items import Item
from dispatch.lint import ERROR, WARNING
from dispatch.lint.rivalry import CROWD
from tests.dispatch.lint.rows import EAST, REST, WEST, district, findings, found, only
from tests.dispatch.rows import item


def test_a_sound_list_has_no_findings() -> None:
    rows = [item("0101-001", "roads", words="坑洞"), item("0101-002", "@community", places="market"), REST]
    assert findings(rows) == []


def test_a_category_needs_items() -> None:
    finding = only("no_items", [REST], district(categories=("0101", "0102")))
    assert (finding.category, finding.severity) == ("0102", ERROR)


def test_a_category_needs_an_item_without_conditions() -> None:
    assert only("no_catch_all", [item("0101-001", "roads", words="坑洞")]).category == "0101"


def test_a_team_that_one_street_lacks_is_a_gap_there() -> None:
    gap = only("gap", [item("0101-001", "@street/team", words="坑洞"), REST])
    assert gap.severity == ERROR
    assert gap.items == ("0101-001",)
    assert gap.params["areas"] == [WEST]


def test_a_closed_community_station_is_a_gap() -> None:
    rows = [item("0101-001", "@community", words="坑洞"), item("0101-002", "@community", words="井盖"), REST]
    gap = only("gap", rows, district(closed="east/one"))
    assert gap.items == ("0101-001", "0101-002")
    assert (gap.params["areas"], gap.params["count"]) == ([EAST], 1)


def test_an_item_that_never_wins_leaves_no_gap() -> None:
    lacking, whole = item("0101-001", "@street/team", places="park"), item("0101-002", "roads", places="park")
    assert found("gap", [lacking, whole, REST])
    assert not found("gap", [lacking, replace(whole, urgency="emergency"), REST])


def test_an_item_that_wins_only_when_it_is_named_may_leave_one() -> None:
    lacking = item("0101-001", "@street/team", words="坑洞")
    siren = item("0101-002", "roads", words="坑洞", urgency="emergency")
    assert only("gap", [lacking, siren, REST]).items == ("0101-001",)


def test_the_facilitys_owner_must_be_known() -> None:
    needed = only("owner_needed", [item("0101-001", "@owner", words="井盖"), REST])
    assert needed.severity == WARNING
    assert found("owner_needed", [item("0101-001", "@owner", owners="gas-company"), REST]) == []
    assert found("owner_needed", [item("0101-001", "@owner", owners="private"), REST])


@pytest.mark.parametrize(("unit", "code"), [("nobody", "lead_unknown"), ("old", "lead_closed")])
def test_a_lead_that_is_not_there_is_an_error_once(unit: str, code: str) -> None:
    rows = [item("0101-001", unit, words="坑洞"), item("0101-002", unit, words="井盖"), REST]
    told = findings(rows)
    assert [(finding.code, finding.severity, finding.items) for finding in told] == [
        (code, ERROR, ("0101-001", "0101-002"))
    ]


def test_a_team_that_no_street_has_is_an_unknown_unit() -> None:
    assert only("lead_unknown", [item("0101-001", "@street/poets", words="坑洞"), REST]).params["unit"] == (
        "@street/poets"
    )


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("support_units", {"support_units": ("old",)}),
        ("follow_up_unit", {"follow_up_unit": "old"}),
        ("supervising_unit", {"supervising_unit": "old"}),
        ("owners", {"owners": frozenset({"old"})}),
    ],
)
def test_a_closed_unit_is_told_wherever_it_is_named(column: str, change: dict[str, object]) -> None:
    row: Item = replace(item("0101-001", "roads", words="坑洞"), **change)  # type: ignore[arg-type]
    finding = only("unit_closed", [row, REST])
    assert (finding.params["column"], finding.severity) == (column, WARNING)


@pytest.mark.parametrize("owner", ["private", "unknown"])
def test_owners_that_are_no_units_are_fine(owner: str) -> None:
    assert found("unit_unknown", [item("0101-001", "roads", owners=owner), REST]) == []


def test_nobody_supervises_itself() -> None:
    row = replace(item("0101-001", "roads", words="坑洞"), supervising_unit="roads")
    assert only("self_supervised", [row, REST]).severity == ERROR


def test_a_relative_unit_may_be_its_own_supervisor_in_one_place() -> None:
    row = replace(item("0101-001", "@street", words="坑洞"), supervising_unit="west")
    assert only("self_supervised", [row, REST]).params["areas"] == [WEST]


def test_nobody_is_supervised_from_below() -> None:
    row = replace(item("0101-001", "roads", words="坑洞"), supervising_unit="roads-east")
    assert only("supervised_from_below", [row, REST]).items == ("0101-001",)
    assert found("supervised_from_below", [replace(row, supervising_unit="district"), REST]) == []


def test_a_crowded_category_is_told_and_not_looked_through() -> None:
    crowd = [item(f"0101-{serial:03}", "roads", words=f"词{serial}") for serial in range(CROWD - 1)]
    assert found("crowded", [*crowd, REST]) == []
    told = only("crowded", [*crowd, item("0101-998", "roads", words="坑洞"), REST])
    assert (told.severity, told.params["count"]) == (ERROR, CROWD + 1)
