"""Gaps, overlaps, shadowed items and lost words are those that asking every case finds."""

from hypothesis import example, given
from hypothesis import strategies as st

from dispatch.items import Hours, Item
from dispatch.lint import District
from dispatch.lint.coverage import gaps
from dispatch.lint.rivalry import standings
from dispatch.units import UnitDirectory
from tests.dispatch.lint.brute_force import ask_everything
from tests.dispatch.lint.rows import EAST, UNITS, WEST
from tests.dispatch.rows import item as row
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


def some(values: list[str], most: int, of_ten: int) -> st.SearchStrategy[frozenset[str]]:
    """Some of the values, this often out of ten; else none."""
    stated = st.frozensets(st.sampled_from(values), min_size=1, max_size=most)
    return st.integers(1, 10).flatmap(lambda roll: stated if roll > 10 - of_ten else st.just(frozenset()))


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    return [
        Item(
            code=f"0101-{number:03}",
            category="0101",
            lead_unit=draw(st.sampled_from(LEADS)),
            keywords=draw(some(WORDS, 3, of_ten=7)),
            owners=draw(some(OWNERS, 2, of_ten=2)),
            place_types=draw(some(PLACES, 2, of_ten=3)),
            sources=draw(some(SOURCES, 7, of_ten=2)),
            hours=draw(st.sampled_from([None, None, None, *(Hours.parse(text) for text in HOURS)])),
            urgency=draw(st.sampled_from(["routine", "urgent", "emergency"])),
        )
        for number in range(draw(st.integers(2, 4)))
    ]


# What is drawn seldom and easily got wrong.
EVERY_SOURCE_ASKED_FOR = [
    row("0101-001", "roads", sources=" ".join(SOURCES[:4])),
    row("0101-002", "parks", sources=" ".join(SOURCES[4:])),
    row("0101-003", "water"),
]
OWNER_BESIDE_A_CLOSED_UNIT = [row("0101-001", "@owner", words="垃圾"), row("0101-002", "old", words="垃圾")]
OWNERS_ALIKE_BUT_FOR_WHO_THEY_ARE = [
    row("0101-001", "@owner", words="垃圾", owners="water private"),
    row("0101-002", "water", words="垃圾", owners="water private"),
]
OWNER_WHO_MATTERS_ONLY_TO_A_THIRD = [
    row("0101-001", "water", words="垃圾"),
    row("0101-002", "@owner", words="垃圾", urgency="emergency"),
    row("0101-003", "roads", words="冒烟", owners="water"),
]
NAMED_FOR_MORE_OWNERS = [
    row("0101-001", "@owner", words="垃圾", owners="water private"),
    row("0101-002", "roads", words="垃圾", owners="private", urgency="emergency"),
    row("0101-003", "roads"),
]
EQUAL_WITHOUT_A_WORD = [
    row("0101-001", "roads", places="park"),
    row("0101-002", "parks", places="park"),
    row("0101-003", "water", words="垃圾", places="market"),
]
TWO_WORDS_INSIDE_A_THIRD = [
    row("0101-001", "roads", words="垃圾 狗"),
    row("0101-002", "parks", words="冒烟"),
    row("0101-003", "water", words="垃圾冒烟 狗冒烟", places="market"),
]


@example(EVERY_SOURCE_ASKED_FOR)
@example(OWNER_BESIDE_A_CLOSED_UNIT)
@example(OWNERS_ALIKE_BUT_FOR_WHO_THEY_ARE)
@example(OWNER_WHO_MATTERS_ONLY_TO_A_THIRD)
@example(NAMED_FOR_MORE_OWNERS)
@example(EQUAL_WITHOUT_A_WORD)
@example(TWO_WORDS_INSIDE_A_THIRD)
@given(items())
@examples(60)
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
    assert never == {one.code for one in rows} - slow.named_winners
    assert {(lost.code, lost.word) for lost in standing.lost} == slow.lost
    assert {(lost.code, lost.word) for lost in standing.lost if lost.always} == slow.lost - slow.kept
