"""Two tellings, one thing? The comparison holds its rules for any words, and its measured precision."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.duplicates_pairs import Pair, is_held_out, lower_bound, pairs, tellings
from incidents.likeness import Seen, common_words, compare, read
from incidents.likeness.weights import CERTAIN
from tests.cast import TUESDAY
from tests.drawing import examples

HERE = (114.26, 22.76)
WORDS = st.text(
    st.sampled_from("路灯不亮坏了井盖大道第三五根栋号东西门花园村口漏水XS-0178，。 "), max_size=60
)


def seen(text: str, **told: object) -> Seen:
    facts: dict[str, object] = {"category": "0204", "at": TUESDAY, "lon": HERE[0], "lat": HERE[1]}
    return Seen(text=text, **{**facts, **told})  # type: ignore[arg-type]


@given(WORDS, WORDS, st.floats(0, 0.002), st.integers(0, 72), st.booleans())
@examples(150)
def test_it_does_not_matter_which_came_first(
    one: str, other: str, north: float, hours: int, has_point: bool
) -> None:
    first = seen(one)
    second = seen(other, at=TUESDAY + timedelta(hours=hours), lat=HERE[1] + north if has_point else None)
    there, back = compare(first, second), compare(second, first)
    assert there.score == pytest.approx(back.score)
    assert (there.names, there.numbers, set(there.against)) == (back.names, back.numbers, set(back.against))
    assert 0 <= there.score <= 1


@given(WORDS, st.integers(1, 400))
@examples(60)
def test_farther_and_later_is_never_likelier(text: str, metres: int) -> None:
    near = compare(seen(text), seen(text))
    far = compare(seen(text), seen(text, lat=HERE[1] + metres / 111_320))
    late = compare(seen(text), seen(text, at=TUESDAY + timedelta(hours=metres / 10)))
    assert far.score <= near.score
    assert late.score <= near.score


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("龙坪路第三根路灯不亮", "龙坪路第五根路灯不亮", "numbers"),
        ("龙坪路第3根路灯不亮", "龙坪路第五盏路灯不亮", "numbers"),
        ("风华苑3栋楼下垃圾没人清", "风华苑5栋楼下垃圾没人清", "numbers"),
        ("灯杆编号XS-017不亮", "灯杆编号 XS-019 不亮", "numbers"),
        ("粤B6K21Q堵住车库出口", "粤BX308T堵住车库出口", "numbers"),
        ("吉康路25号门前路面断裂", "吉康路五十二号门前路面断裂", "numbers"),
        ("同裕路路灯全灭了", "锦龙大道路灯全灭了", "roads"),
        ("同裕路和龙坪路路口红灯不变", "同裕路和锦龙路路口红灯不变", "roads"),
        ("阳光花园门口水管爆了", "风华花园门口水管爆了", "places"),
        ("商场东侧的雨水篦子坏了", "商场西侧的雨水篦子坏了", "sides"),
    ],
)
def test_another_number_road_place_or_side_is_another_thing(one: str, other: str, why: str) -> None:
    found = compare(seen(one), seen(other))
    assert why in found.against
    assert found.score < CERTAIN


def test_another_facility_is_another_thing_and_the_same_one_a_reason() -> None:
    text, other = "路灯坏了不亮", "这盏灯晚上没有光"
    alone = compare(seen(text), seen(other)).score
    assert compare(seen(text, facility="L1"), seen(other, facility="L1")).score > alone
    assert compare(seen(text, facility="L1"), seen(text, facility="L2")).against == ("facility",)


def test_one_number_told_in_two_ways_is_one_number() -> None:
    for one, other in (("第三根", "第3根"), ("十二栋", "12栋"), ("XS-017", "xs017"), ("二十五号", "25号")):
        assert compare(seen(f"路灯坏了{one}"), seen(f"{other}路灯坏了")).numbers


def test_the_address_beside_the_words_counts_too() -> None:
    told = compare(seen("路灯不亮", address="吉康路25号"), seen("吉康路25号路灯不亮"))
    assert told.names == ("吉康路",)
    assert told.numbers == ("25",)


def test_what_both_say_is_marked() -> None:
    text = "路口的井盖坏了"
    assert [text[begin:end] for begin, end in common_words(text, "井盖坏了，在桥头")] == ["井盖坏了"]
    assert common_words("漏水", "漏") == []


@pytest.fixture(scope="module")
def held_out() -> list[Pair]:
    found = [pair for pair in pairs(tellings()) if is_held_out(pair.one.scene)]
    return [pair for pair in found if is_held_out(pair.other.scene)]


def test_what_joins_by_itself_is_right_on_scenes_that_were_never_fitted_on(held_out: list[Pair]) -> None:
    joined = [pair for pair in held_out if pair.likeness.may_join and pair.likeness.score >= CERTAIN]
    wrong = [pair for pair in joined if not pair.is_same]
    assert len(wrong) <= len(joined) * 0.02
    assert lower_bound(len(joined) - len(wrong), len(joined)) > 0.95
    assert len(joined) > 100


def test_nearly_all_of_what_neighbours_say_of_one_thing_is_shown_to_a_person(held_out: list[Pair]) -> None:
    from incidents.alike import LEAST

    same = [pair for pair in held_out if pair.is_same]
    assert sum(pair.likeness.score >= LEAST for pair in same) / len(same) > 0.85


def test_reading_is_about_words_and_not_about_what_operators_put_around_them() -> None:
    plain = read("同裕路水管爆了")
    assert read("市民来电反映：同裕路水管爆了，请尽快处理，谢谢").roads == plain.roads
