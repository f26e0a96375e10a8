"""Gaps, overlaps, shadowed items and lost words are those that asking every case finds."""

from hypothesis import given
from hypothesis import strategies as st

from dispatch.items import Hours, Item
from dispatch.lint import District
from dispatch.lint.coverage import gaps
from dispatch.lint.rivalry import standings
from dispatch.units import UnitDirectory
from tests.dispatch.lint.brute_force import ask_everything
from tests.dispatch.lint.rows import EAST, UNITS, WEST
from tests.drawing import examples

# Words inside words, words of one length, and one that holds two others.
WORDS = ["垃圾", "建筑垃圾", "冒烟", "垃圾冒烟", "狗"]
LEADS = ["roads", "parks", "water", "@owner", "@community", "@street/team", "west/one", "old"]
OWNERS = ["private", "water", "old"]
PLACES = ["market", "park", "school"]
SOURCES = ["hotline", "resident_form", "patrol", "letter_visit", "city_app", "sensor", "ai_video", "council"]
HOURS = ["00:00-12:00", "12:00-23:59", "21:00-06:00", "06:00-09:00"]
HOUR_STEP = 180  # every one of HOURS begins and ends on these

SMALL = District(
    UnitDirectory.of(unit for unit in UNITS if unit.code in (*LEADS, "east", "west", "east/team")),
    ((EAST, "east"), (WEST, "west")),
    ("0101",),
)


def some(values: list[str], most: int) -> st.SearchStrategy[frozenset[str]]:
    """Nothing more often than not."""
    return st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from(values), max_size=most))


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    return [
        Item(
            code=f"0101-{number:03}",
            category="0101",
            lead_unit=draw(st.sampled_from(LEADS)),
            keywords=draw(some(WORDS, 3)),
            owners=draw(some(OWNERS, 2)),
            place_types=draw(some(PLACES, 2)),
            sources=draw(some(SOURCES, 7)),
            hours=draw(st.sampled_from([None, None, *(Hours.parse(text) for text in HOURS)])),
            urgency=draw(st.sampled_from(["routine", "urgent", "emergency"])),
        )
        for number in range(draw(st.integers(1, 4)))
    ]


@given(items())
@examples(80)
def test_what_the_check_finds_is_what_asking_every_case_finds(rows: list[Item]) -> None:
    slow = ask_everything(rows, SMALL, hour_step=HOUR_STEP, places=PLACES)
    found = standings(rows, SMALL)
    standing = found["0101"]
    assert gaps(found, SMALL) == slow.gaps
    told = {(*overlap.items, word) for overlap in standing.overlaps for word in overlap.words or ("",)}
    assert told == slow.overlaps
    assert {shadowed.code for shadowed in standing.shadowed if shadowed.when_named} == (
        slow.named_winners - slow.winners
    )
    never = {shadowed.code for shadowed in standing.shadowed if not shadowed.when_named}
    assert never == {row.code for row in rows} - slow.named_winners
    assert {(lost.code, lost.word) for lost in standing.lost} == slow.lost
    assert {(lost.code, lost.word) for lost in standing.lost if lost.always} == slow.lost - slow.kept
