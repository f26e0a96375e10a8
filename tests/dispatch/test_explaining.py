"""The whole explanation: every item, what held, what failed, and what it lost by."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from dispatch import explaining, service
from dispatch.edition import Edition, edition
from dispatch.explain import CODES, Explainer
from dispatch.explaining import Explanation, Row, Standing
from dispatch.facts import Facts, Guess, Reason
from dispatch.index import MatchIndex
from dispatch.items import CONDITIONS_OF, Item
from dispatch.reasons import shortfalls
from dispatch.weighing import weigh
from tests.dispatch.rows import CATEGORY, item

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("trained")]
NOON = datetime(2026, 7, 7, 4, 0, tzinfo=UTC)
LAST = item("0101-999", "z")


def by(*items: Item) -> Edition:
    """Today's edition with these items alone; their units are units that it knows."""
    now = edition()
    units = replace(now.units, codes=frozenset({"a", "b", "c", "z"}))
    return replace(now, index=MatchIndex(items, 1), units=units)


def explain(*items: Item, **known: Any) -> Explanation:
    facts: dict[str, Any] = {"source": "hotline", "at": NOON, "category_given": True, **known}
    return explaining.explain(Facts(categories=(Guess(CATEGORY, 1.0),), **facts), now=by(*items))


def row(told: Explanation, code: str) -> Row:
    return next(one for category in told.categories for one in category.rows if one.item == code)


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def test_the_winner_stands_first_with_what_held() -> None:
    told = explain(
        LAST, item("0101-001", words="垃圾", places="market"), keywords=("垃圾",), place_type="market"
    )
    first = told.categories[0].rows[0]
    assert (first.item, first.standing) == (told.decision.item, Standing.WON)
    assert codes(first.held) == ["keyword", "place_type"]
    assert first.failed == first.lost == ()


def test_a_failed_item_says_what_it_wanted_and_what_was_there() -> None:
    told = explain(
        LAST,
        item("0101-001", owners="private", places="market park", hours="22:00-06:00"),
        place_type="school",
    )
    failed = {reason.code: reason.params for reason in row(told, "0101-001").failed}
    assert failed["owner_unknown"]["wanted"] == ["private"]
    assert failed["place_type_differs"] == {"wanted": ["market", "park"], "actual": "school"}
    assert failed["hours_differ"] == {"hours": "22:00-06:00", "time": "12:00"}


@pytest.mark.parametrize(
    ("rule", "winner", "loser"),
    [
        (
            "behind_emergency",
            {"words": "冒烟", "urgency": "emergency"},
            {"words": "冒烟", "places": "market"},
        ),
        ("behind_class", {"owners": "private"}, {"words": "垃圾", "places": "market"}),
        ("behind_length", {"words": "建筑垃圾"}, {"words": "垃圾"}),
        ("behind_code", {"words": "垃圾", "unit": "b"}, {"words": "垃圾", "unit": "b"}),
    ],
)
def test_who_held_everything_says_by_which_rule_it_stands_behind(
    rule: str, winner: dict[str, str], loser: dict[str, str]
) -> None:
    told = explain(
        LAST,
        item("0101-001", **winner),
        item("0101-002", **loser),
        keywords=("冒烟", "垃圾", "建筑垃圾"),
        owner="private",
        place_type="market",
    )
    assert told.decision.item == "0101-001"
    behind = row(told, "0101-002")
    assert behind.standing == Standing.BEHIND
    assert behind.held
    assert codes(behind.lost) == [rule]
    assert behind.lost[0].params["other"] == "0101-001"


def test_the_class_names_the_condition_that_decided() -> None:
    told = explain(
        item("0101-001", words="垃圾", places="market"),
        item("0101-002", words="垃圾", sources="hotline"),
        keywords=("垃圾",),
        place_type="market",
    )
    assert row(told, "0101-002").lost[0].params["conditions"] == ["place_type"]


def test_a_named_matter_goes_before_a_longer_word() -> None:
    told = explain(
        item("0101-001", words="泥头车"),
        item("0101-002", words="建筑垃圾"),
        keywords=("建筑垃圾",),
        matters=(Guess("0101-001", 0.95),),
    )
    assert codes(row(told, "0101-001").held) == ["matter"]
    assert codes(row(told, "0101-002").lost)[0] == "behind_named"


def test_the_catch_all_says_that_it_applies_to_nothing_else() -> None:
    told = explain(LAST, item("0101-001", words="垃圾"), keywords=("垃圾",))
    assert codes(row(told, "0101-999").lost) == ["behind_stated"]
    assert row(told, "0101-999").held == ()


def test_equal_claims_by_two_units_both_say_so() -> None:
    told = explain(
        LAST, item("0101-001", "a", words="垃圾"), item("0101-002", "b", words="垃圾"), keywords=("垃圾",)
    )
    assert not told.decision.is_dispatched
    assert row(told, "0101-001").standing == Standing.WON
    assert row(told, "0101-002").standing == Standing.EQUAL
    assert codes(row(told, "0101-002").lost) == ["equal_claim"]


def test_a_candidate_that_lost_by_the_order_says_so_on_the_desk() -> None:
    told = explain(
        LAST,
        item("0101-001", "a", words="建筑垃圾"),
        item("0101-002", "b", words="垃圾"),
        keywords=("垃圾", "建筑垃圾"),
    )
    second = told.decision.candidates[1]
    assert second.item == "0101-002"
    assert codes(second.held) == ["keyword"]
    assert codes(second.failed) == ["behind_length"]


def test_a_faint_matter_does_not_count_as_held() -> None:
    told = explain(
        LAST,
        item("0101-001", "a", words="垃圾", places="market"),
        item("0101-002", "b", words="狗"),
        keywords=("垃圾",),
        place_type="market",
        matters=(Guess("0101-001", 0.7), Guess("0101-003", 0.005)),
    )
    assert codes(row(told, "0101-002").failed) == ["keyword_missing"]
    faint = explain(
        LAST,
        item("0101-001", "a", words="狗", places="market"),
        item("0101-002", "b", words="垃圾"),
        keywords=("垃圾",),
        matters=(Guess("0101-001", 0.2),),
    )
    lost = row(faint, "0101-001")
    assert codes(lost.failed) == ["matter_faint", "place_type_unknown"]
    assert lost.held == ()


TEXTS = [
    ("平湖大街井盖不见了,敞着口", {"category": "0201"}),
    ("半夜工地还在施工,吵", {"category": "0601"}),
    ("楼下有人吵架,还有垃圾没人清", {}),
    ("流动摊贩占道卖水果,人行道走不了", {}),
    ("有个事情想反映一下", {}),
    ("请问居住证怎么办理", {"source": "city_app"}),
]


@pytest.mark.parametrize(("text", "facts"), TEXTS)
def test_every_item_of_the_districts_list_says_why(text: str, facts: dict[str, Any]) -> None:
    now = edition()
    request = service.Request(**{"text": text, "source": "hotline", "at": NOON, **facts})
    read = service.read([request], now=now)[0]
    told = explaining.explain(read, now=now)
    assert told.decision == service.decide_facts(read, now=now)
    weighed = weigh(read, now.index, lambda pattern: None, matter_confidence=1.1)
    assert [one.category for one in told.categories] == [one.category for one in weighed.readings]
    for category in told.categories:
        rows = now.index.categories[category.category]
        assert sorted(one.item for one in category.rows) == sorted(rows.positions)
        for one in category.rows:
            assert one.asks == rows.items[rows.positions[one.item]].conditions
            if one.standing == Standing.WON:
                assert one.item == told.decision.item
            else:
                assert one.failed or one.lost, one
    for candidate in told.decision.candidates[1:]:
        assert candidate.failed, candidate


def test_what_failed_is_what_the_index_says() -> None:
    now = edition()
    request = service.Request(text="楼下有人吵架,还有垃圾没人清", source="hotline", at=NOON)
    read = service.read([request], now=now)[0]
    told = explaining.explain(read, now=now)

    def resolve(pattern: str) -> str | None:
        return now.units.resolve(pattern)

    weighed = weigh(read, now.index, resolve, matter_confidence=settings.MATTER_CONFIDENCE)
    for reading, category in zip(weighed.readings, told.categories, strict=True):
        rows = now.index.categories[reading.category]
        short = dict(zip((one.code for one in rows.items), shortfalls(read, reading, rows), strict=True))
        for one in category.rows:
            if one.standing == Standing.FAILED:
                assert len(one.failed) == len(CONDITIONS_OF[short[one.item]]) > 0


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_reason_of_every_item_has_a_sentence(language: str) -> None:
    now = edition()
    say = Explainer(now.names)
    seen = set()
    with translation.override(language):
        for text, facts in TEXTS:
            request = service.Request(**{"text": text, "source": "hotline", "at": NOON, **facts})
            told = explaining.explain(service.read([request], now=now)[0], now=now)
            for category in told.categories:
                for one in category.rows:
                    for reason in (*one.held, *one.failed, *one.lost):
                        seen.add(reason.code)
                        assert reason.code in CODES
                        assert say.sentence(reason) == say.sentence(reason.as_json())
    assert {"keyword_missing", "behind_stated", "less_likely"} <= seen
