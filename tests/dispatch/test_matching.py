"""The order among items, rule by rule."""

import pytest

from dispatch.index import CategoryIndex, Match, MatchIndex
from dispatch.items import CONDITIONS_OF, Hours
from tests.dispatch.rows import codes, item, match

LAST = item("0101-999", "catch-all")


def test_every_stated_condition_must_hold() -> None:
    row = item(
        "0101-001", words="垃圾", places="market", sources="patrol", owners="private", hours="08:00-18:00"
    )
    full = {"owner": "private", "place": "market", "source": "patrol", "minute": 600}
    assert codes(match([row, LAST], "垃圾", **full)) == ["0101-001"]
    for name, other in {"owner": "unknown", "place": "park", "source": "hotline", "minute": 1200}.items():
        assert codes(match([row, LAST], "垃圾", **{**full, name: other})) == ["0101-999"]
    assert codes(match([row, LAST], "", **full)) == ["0101-999"]


@pytest.mark.parametrize("condition", [{"owners": "private"}, {"places": "park"}])
def test_what_is_not_known_meets_no_condition(condition: dict[str, str]) -> None:
    assert codes(match([item("0101-001", **condition), LAST])) == ["0101-999"]


def test_an_owner_who_was_not_named_is_not_an_unknown_owner() -> None:
    assert codes(match([item("0101-001", owners="unknown"), LAST], owner=None)) == ["0101-999"]
    assert codes(match([item("0101-001", owners="unknown"), LAST], owner="unknown")) == ["0101-001"]


def test_one_of_the_keywords_is_enough() -> None:
    assert codes(match([item("0101-001", words="垃圾 塑料袋"), LAST], "塑料袋")) == ["0101-001"]


def test_a_named_matter_stands_in_for_its_keywords() -> None:
    row = item("0101-001", words="垃圾", places="market")
    assert codes(match([row, LAST], named="0101-001", place="market")) == ["0101-001"]


def test_a_named_matter_stands_in_for_nothing_else() -> None:
    row = item("0101-001", words="垃圾", places="market")
    assert codes(match([row, LAST], named="0101-001", place="park")) == ["0101-999"]


def test_an_emergency_goes_first_whatever_the_others_state() -> None:
    alarm = item("0101-009", "fire", words="冒烟", urgency="emergency")
    exact = item("0101-001", "a", words="冒烟", owners="private", places="market")
    assert codes(match([exact, alarm], "冒烟", owner="private", place="market")) == ["0101-009"]


def test_urgent_is_not_emergency() -> None:
    urgent = item("0101-009", "fire", words="冒烟", urgency="urgent")
    exact = item("0101-001", "a", words="冒烟", places="market")
    assert codes(match([exact, urgent], "冒烟", place="market")) == ["0101-001"]


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ({"owners": "private"}, {"words": "垃圾", "places": "market"}),
        ({"words": "垃圾"}, {"places": "market", "hours": "08:00-18:00", "sources": "patrol"}),
        ({"places": "market"}, {"hours": "08:00-18:00", "sources": "patrol"}),
        ({"hours": "08:00-18:00"}, {"sources": "patrol"}),
        ({"words": "垃圾", "sources": "patrol"}, {"words": "垃圾"}),
        ({"owners": "private", "words": "垃圾"}, {"owners": "private", "places": "market"}),
    ],
)
def test_classes_compare_condition_by_condition(stronger: dict[str, str], weaker: dict[str, str]) -> None:
    rows = [item("0101-001", "a", **weaker), item("0101-002", "b", **stronger)]
    told = match(rows, "垃圾", owner="private", place="market", source="patrol", minute=600)
    assert codes(told) == ["0101-002"]


def test_the_longer_keyword_hit_wins_within_a_class() -> None:
    rows = [item("0101-001", "a", words="垃圾"), item("0101-002", "b", words="建筑垃圾")]
    assert codes(match(rows, "垃圾 建筑垃圾")) == ["0101-002"]


def test_a_named_matter_goes_before_a_keyword_hit_of_its_class() -> None:
    rows = [item("0101-001", "a", words="建筑垃圾"), item("0101-002", "b", words="泥头车")]
    assert codes(match(rows, "建筑垃圾", named="0101-002")) == ["0101-002"]


def test_a_named_matter_does_not_pass_a_higher_class() -> None:
    rows = [item("0101-001", "a", words="垃圾", places="market"), item("0101-002", "b", words="泥头车")]
    assert codes(match(rows, "垃圾", place="market", named="0101-002")) == ["0101-001"]


def test_equal_claims_by_different_units_are_ambiguous() -> None:
    rows = [item("0101-002", "b", words="垃圾"), item("0101-001", "a", words="垃圾")]
    told = match(rows, "垃圾")
    assert codes(told) == ["0101-001", "0101-002"]
    assert told.patterns == ("a", "b")


def test_equal_claims_by_one_unit_go_to_the_lowest_code() -> None:
    told = match([item("0101-002", words="垃圾"), item("0101-001", words="垃圾")], "垃圾")
    assert told.item is not None
    assert told.item.code == "0101-001"
    assert told.patterns == ("a",)


def test_the_catch_all_wins_only_where_nothing_with_conditions_held() -> None:
    rows = [LAST, item("0101-001", sources="sensor")]
    assert codes(match(rows, source="sensor")) == ["0101-001"]
    assert codes(match(rows, source="hotline")) == ["0101-999"]


def test_the_catch_all_never_wins_by_being_an_emergency() -> None:
    rows = [item("0101-999", "z", urgency="emergency"), item("0101-001", sources="hotline")]
    assert codes(match(rows)) == ["0101-001"]


def test_nothing_matches_where_there_is_no_catch_all() -> None:
    assert match([item("0101-001", words="垃圾")]) == Match.of(())


@pytest.mark.parametrize(
    ("minute", "held"), [(21 * 60 + 59, False), (22 * 60, True), (0, True), (359, True), (360, False)]
)
def test_hours_may_pass_midnight(minute: int, held: bool) -> None:
    rows = [item("0101-001", hours="22:00-06:00"), LAST]
    assert codes(match(rows, minute=minute)) == ["0101-001" if held else "0101-999"]


def test_hours_to_23_59_last_to_the_end_of_the_day() -> None:
    assert 24 * 60 - 1 in Hours.parse("20:30-23:59")
    assert 0 not in Hours.parse("20:30-23:59")


@pytest.mark.parametrize("text", ["24:00-06:00", "6:00-07:00", "22:00", "22:00-22:00", "22:00–06:00", ""])
def test_bad_hours_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|time"):
        Hours.parse(text)


def test_shortfalls_name_every_condition_that_ruled_an_item_out() -> None:
    rows = CategoryIndex([item("0101-001", words="垃圾", owners="private", places="market"), LAST])
    short = rows.shortfalls([], None, "market", "hotline", 600)
    assert CONDITIONS_OF[short[rows.positions["0101-001"]]] == ("owner", "keywords")
    assert CONDITIONS_OF[short[rows.positions["0101-999"]]] == ()


def test_keywords_are_found_in_full_width_and_capitals() -> None:
    from dispatch.items import normal_form

    index = MatchIndex([item("0101-001", words="led屏 ktv")], 1)
    assert index.hits(normal_form("楼下ＫＴＶ的ＬＥＤ屏🎤太亮")) == ("ktv", "led屏")
