"""What a draft would have done with past cases: every kind of difference, judged by what really happened."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import comparing
from dispatch.calendar_book import CalendarBook
from dispatch.comparing import AT_DESK, Kind, PastCase, Tally, Turn, compare
from dispatch.edition import Edition, Names
from dispatch.facts import Facts, Guess
from dispatch.index import MatchIndex
from dispatch.items import Item
from dispatch.normalise.model import Classifier, classifier
from dispatch.service import decide_facts, judge
from dispatch.units import UnitDirectory
from tests.dispatch.rows import CATEGORY, item
from tests.drawing import examples

LAMPS = item("0101-001", "lamps", words="路灯")
WIRES = item("0101-002", "wires", words="电线")
REST = item("0101-017", "rest")
OTHER = item("0202-001", "elsewhere", category="0202", words="积水")
LIST = [LAMPS, WIRES, REST, OTHER]
UNITS = UnitDirectory(
    codes=frozenset({"lamps", "wires", "rest", "elsewhere", "station-1", "station-2"}),
    communities={"c1": "station-1", "c2": "station-2"},
)


def edition(items: list[Item]) -> Edition:
    """An edition of these items; nothing here asks its calendars or names."""
    none = cast(CalendarBook, None)
    return Edition(1, 1, MatchIndex(items, 1), UNITS, none, Names({}, {}, {}), {})


def past(text: str | None = "路灯坏了", settled: str | None = "lamps", **told: Any) -> PastCase:
    """A case of a given category, settled by a unit."""
    known = {name: told.pop(name) for name in ("is_open", "sent_unit", "returns", "key") if name in told}
    facts = Facts(
        **{
            "source": "hotline",
            "at": datetime(2026, 7, 7, 2, tzinfo=UTC),
            "categories": (Guess(CATEGORY, 1.0),),
            "category_given": True,
            "keywords": ("路灯",),
            "community": "c1",
            **told,
        }
    )
    return PastCase(known.pop("key", "1"), facts, text, settled_unit=settled, **known)


def only(case: PastCase, changed: Item | list[Item], model: Classifier) -> tuple[Tally, list[Any]]:
    """This case under the list, and under the list with the first item put in another's place."""
    draft = changed if isinstance(changed, list) else [changed, WIRES, REST, OTHER]
    return compare([case], edition(LIST), edition(draft), model)


MOVED = replace(LAMPS, lead_unit="wires")
TORN = [*LIST, item("0101-003", "wires", words="路灯")]  # two units with equal claims: a person decides


@pytest.mark.parametrize(
    ("settled", "expected"),
    [
        ("wires", Turn.RIGHTED),
        ("lamps", Turn.WRONGED),
        ("rest", Turn.STILL_WRONG),
        (None, Turn.UNKNOWN),
    ],
)
def test_a_case_that_goes_to_another_unit_is_judged_by_who_settled_it(settled, expected, trained):
    tally, [change] = only(past(settled=settled), MOVED, trained)
    assert (change.kind, change.turn, change.flow) == (Kind.UNIT, expected, ("lamps", "wires"))
    assert tally.flows == {("lamps", "wires"): {expected: 1}}


def test_of_an_open_case_nothing_is_known_yet(trained):
    _tally, [change] = only(past(settled=None, is_open=True), MOVED, trained)
    assert change.turn == Turn.OPEN


@pytest.mark.parametrize(("settled", "expected"), [("lamps", Turn.SLOWED), ("wires", Turn.SPARED)])
def test_a_case_that_a_person_would_now_decide_is_slowed_or_spared(settled, expected, trained):
    _tally, [change] = only(past(settled=settled), TORN, trained)
    assert (change.kind, change.turn, change.flow) == (Kind.PERSON, expected, ("lamps", AT_DESK))


@pytest.mark.parametrize(("settled", "expected"), [("lamps", Turn.RIGHTED), ("wires", Turn.WRONGED)])
def test_a_case_that_now_goes_by_itself_is_right_or_wrong(settled, expected, trained):
    _tally, [change] = compare([past(settled=settled)], edition(TORN), edition(LIST), trained)
    assert (change.kind, change.turn, change.flow) == (Kind.AUTOMATIC, expected, (AT_DESK, "lamps"))


@pytest.mark.parametrize(
    "limits",
    [
        {"handle_limit": "1wd"},
        {"accept_minutes": 30},
        {"dispatch_minutes": 30},
        {"level": "B"},
        {"urgency": "urgent"},
    ],
)
def test_other_limits_for_the_same_unit_are_a_change_of_their_own(limits, trained):
    tally, [change] = only(past(), replace(LAMPS, **limits), trained)
    assert (change.kind, change.turn) == (Kind.LIMITS, Turn.SAME)
    assert tally.changed == 1
    assert tally.flows == {}


@pytest.mark.parametrize("beside", [{"support_units": ("rest",)}, {"supervising_unit": "rest"}])
def test_other_units_beside_the_same_one_are_told_but_not_counted(beside, trained):
    tally, [change] = only(past(), replace(LAMPS, **beside), trained)
    assert change.kind == Kind.ITEM
    assert tally.changed == 0


def test_another_suggestion_to_a_person_is_told_but_not_counted(trained):
    base, draft = edition([LAMPS, REST]), edition([MOVED, REST])
    tally, changes = compare([past(in_district=False)], base, draft, trained)
    assert [change.kind for change in changes] == [Kind.GUESS]
    assert tally.changed == 0


def test_a_keyword_that_the_draft_adds_is_found_in_the_text_of_then(trained):
    draft = [LAMPS, item("0101-002", "wires", words="电线 坏了 很久"), REST, OTHER]
    case = past("灯杆很久不亮", settled="wires", keywords=())
    _tally, [change] = only(case, draft, trained)
    assert (change.before.unit, change.after.unit, change.turn) == ("rest", "wires", Turn.RIGHTED)


def test_of_an_erased_text_the_recorded_keywords_stand_and_it_is_said(trained):
    tally, [change] = only(past(None, settled="wires"), MOVED, trained)
    assert change.turn == Turn.RIGHTED
    assert tally.wordless == 1


def test_what_no_edit_touches_is_looked_at_and_not_decided(trained):
    elsewhere = past(categories=(Guess("0202", 1.0),))
    tally, changes = compare([elsewhere, None], edition(LIST), edition([MOVED, *LIST[1:]]), trained)
    assert (tally.looked, tally.decided, tally.unreadable, changes) == (2, 0, 1, [])


def test_a_name_decides_nothing():
    assert (
        comparing.changed_categories(
            MatchIndex(LIST, 1), MatchIndex([replace(LAMPS, matter_zh="灯"), *LIST[1:]], 2)
        )
        == frozenset()
    )


def test_an_item_that_moves_to_another_category_changes_both():
    moved = replace(OTHER, category=CATEGORY)
    changed = comparing.changed_categories(MatchIndex(LIST, 1), MatchIndex([*LIST[:3], moved], 2))
    assert changed == {CATEGORY, "0202"}


def test_the_same_relative_unit_is_one_flow_for_all_communities(trained):
    cases = [
        past(settled=f"station-{nth}", community=f"c{nth}", key=str(place))
        for place, nth in enumerate((1, 1, 2))
    ]
    draft = [replace(LAMPS, lead_unit="@community"), *LIST[1:]]
    tally, changes = compare(cases, edition(LIST), edition(draft), trained)
    assert tally.flows == {("lamps", "@community"): {Turn.RIGHTED: 3}}
    assert {change.after.unit for change in changes} == {"station-1", "station-2"}


def test_accuracy_and_automatic_share_are_of_the_changed_categories_before_and_after(trained):
    cases = [past(settled="wires"), past(settled="wires"), past(settled="lamps"), past(settled=None)]
    tally, _changes = compare(cases, edition(LIST), edition([MOVED, *LIST[1:]]), trained)
    before, after = tally.side("before"), tally.side("after")
    assert (before.cases, before.automatic_share, before.accuracy) == (4, 1.0, 1 / 3)
    assert after.accuracy == 2 / 3
    assert list(tally.before) == [CATEGORY]


def test_expected_returns_are_wrong_sendings_by_the_share_that_really_came_back(trained):
    # Of four that were really sent wrong by themselves one was returned: a wrong sending is a quarter return.
    real = [past(settled="rest", sent_unit="lamps", returns=int(nth == 0), categories=()) for nth in range(4)]
    cases = [past(settled="wires"), past(settled="wires"), past(settled="lamps")]
    tally, _changes = compare([*real, *cases], edition(LIST), edition([MOVED, *LIST[1:]]), trained)
    told = tally.expected()
    assert told is not None
    assert (told.rate, told.before, told.after, told.change) == (0.25, 0.5, 0.25, -0.25)
    assert told.low < told.change < told.high <= 0


def test_without_a_wrong_sending_in_the_past_no_return_is_expected_out_of_thin_air(trained):
    tally, _changes = only(past(settled="wires"), MOVED, trained)
    assert tally.expected() is None


def test_wilsons_interval_holds_its_share_and_narrows():
    assert comparing.wilson(0, 0) == (0.0, 1.0)
    low, high = comparing.wilson(30, 100)
    assert (round(low, 3), round(high, 3)) == (0.219, 0.396)  # by hand, z = 1.96
    assert comparing.wilson(0, 10)[0] == 0.0


ITEMS = st.lists(
    st.builds(
        lambda nth, unit, words, place, urgency, category: item(
            f"{category}-{nth:03d}",
            unit,
            words=words,
            places=place,
            urgency=urgency,
            category=category,
        ),
        st.integers(1, 6),
        st.sampled_from(["lamps", "wires", "rest", "@community"]),
        st.sampled_from(["", "路灯", "电线", "路灯 电线", "灯"]),
        st.sampled_from(["", "park", "school"]),
        st.sampled_from(["routine", "emergency"]),
        st.sampled_from(["0101", "0202", "0303"]),
    ),
    max_size=10,
    unique_by=lambda one: one.code,
)
FACTS = st.builds(
    lambda shares, place, community: (
        past(
            categories=tuple(Guess(f"0{n}0{n}", share / 10) for n, share in enumerate(shares, 1) if share),
            category_given=False,
            place_type=place,
            community=community,
        ).facts
    ),
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
    st.sampled_from([None, "park", "school"]),
    st.sampled_from([None, "c1", "c2"]),
)
TEXTS = st.sampled_from(["路灯坏了", "电线掉了", "路灯旁的电线", "别的"])


@given(ITEMS, ITEMS, st.lists(st.tuples(FACTS, TEXTS), max_size=4))
@examples(150)
def test_nothing_that_is_skipped_would_have_come_out_otherwise(trained_model, before, after, cases):
    """Against the slow and obvious way: decide every case in full by both lists."""
    base, draft = edition(before), edition(after)
    _tally, changes = compare(
        [PastCase(str(nth), facts, text) for nth, (facts, text) in enumerate(cases)],
        base,
        draft,
        classifier(),
    )
    found = {change.case.key for change in changes}
    for nth, (facts, text) in enumerate(cases):
        one, other = (
            decide_facts(comparing.reworded(facts, text, now.index), now=now, model=classifier())
            for now in (base, draft)
        )
        told = [(d.outcome, d.unit, d.item, d.handle_limit, d.urgency, d.level) for d in (one, other)]
        if one.outcome == other.outcome == "triage":
            told = [(d.unit, d.item) for d in (one, other)]
        assert (told[0] != told[1]) == (str(nth) in found), (one, other)


@given(ITEMS, FACTS, TEXTS)
@examples(150)
def test_judging_comes_to_what_deciding_comes_to(trained_model, items, facts, text):
    now = edition(items)
    worded = comparing.reworded(facts, text, now.index)
    decision, verdict = decide_facts(worded, now=now, model=classifier()), judge(worded, now, classifier())
    for name in verdict.as_json():
        if name != "pattern":
            assert getattr(verdict, name) == getattr(decision, name), name


@given(st.lists(st.tuples(ITEMS, ITEMS, FACTS, TEXTS), max_size=4))
@examples(60)
def test_parts_add_up_and_survive_being_stored(trained_model, parts):
    whole, summed = Tally(), Tally()
    for before, after, facts, text in parts:
        case = PastCase("1", facts, text, settled_unit="lamps", sent_unit="rest", returns=1)
        tally, _changes = compare([case], edition(before), edition(after), classifier())
        whole.add(tally)
        summed.add(Tally.from_json(tally.as_json()))
    assert summed == whole
    assert Tally.from_json(whole.as_json()) == whole


def test_recorded_facts_are_read_back_as_they_were():
    facts = past(matters=(Guess("0101-001", 0.7),), place_type="park").facts
    assert Facts.from_json(facts.as_json()) == facts
