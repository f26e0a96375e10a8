"""The compiled index beside its slow twin, on random lists and random facts."""

from hypothesis import event, given
from hypothesis import strategies as st

from dispatch.index import CategoryIndex
from dispatch.items import CONDITIONS_OF, Item
from tests.dispatch import matching_twin as twin
from tests.dispatch.rows import codes, item
from tests.drawing import examples

WORDS = ["垃圾", "建筑垃圾", "冒烟", "狗", "井盖丢了"]
OWNERS = ["private", "unknown", "power-grid"]
PLACES = ["market", "park", "school"]
SOURCES = ["hotline", "sensor", "patrol"]
# The list's and some that begin, end or pass where a day does.
HOURS = ["", "22:00-06:00", "08:00-12:00", "20:30-23:59", "00:00-06:00", "23:59-00:01", "06:00-22:00"]
EDGES = [0, 1, 359, 360, 479, 480, 719, 720, 1229, 1230, 1319, 1320, 1438, 1439]


def some(values: list[str]) -> st.SearchStrategy[str]:
    """Half of the time nothing, else one or two of these."""
    picked = st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)
    return st.just("") | picked.map(" ".join)


@st.composite
def lists(draw: st.DrawFn) -> list[Item]:
    """One category's items, in no particular order of their codes.

    Each list asks for some kinds of conditions only: so equal claims are not rare.
    """
    numbers = draw(st.lists(st.integers(1, 999), min_size=1, max_size=24, unique=True))
    kinds = {
        name: draw(st.sampled_from([values, st.just("")]))
        for name, values in (
            ("owners", some(OWNERS)),
            ("places", some(PLACES)),
            ("sources", some(SOURCES)),
            ("hours", st.sampled_from(HOURS)),
        )
    }
    urgencies = draw(st.sampled_from([["routine", "urgent"], ["routine", "urgent", "emergency"]]))
    return [
        item(
            f"0101-{number:03}",
            draw(st.sampled_from("abc")),
            words=draw(some(WORDS)),
            urgency=draw(st.sampled_from(urgencies)),
            **{name: draw(values) for name, values in kinds.items()},
        )
        for number in numbers
    ]


@st.composite
def facts(draw: st.DrawFn, rows: list[Item]) -> twin.Known:
    return twin.Known(
        hits=tuple(draw(st.lists(st.sampled_from([*WORDS, "别的词"]), max_size=4, unique=True))),
        owner=draw(st.sampled_from([None, *OWNERS, "metro-group"])),
        place_type=draw(st.sampled_from([None, *PLACES, "forest"])),
        source=draw(st.sampled_from([*SOURCES, "council"])),
        minute=draw(st.sampled_from(EDGES) | st.integers(0, 24 * 60 - 1)),
        named=tuple(
            draw(st.lists(st.sampled_from([row.code for row in rows]), max_size=2, unique=True))
            + draw(st.sampled_from([[], ["0999-001"]]))
        ),
    )


@given(st.data(), lists())
@examples(400)
def test_the_compiled_index_answers_as_the_slow_rules_do(data: st.DataObject, rows: list[Item]) -> None:
    index = CategoryIndex(rows)
    for known in data.draw(st.lists(facts(rows), min_size=8, max_size=8)):
        told = index.match(*known.arguments)
        wanted = twin.claims(rows, known)
        assert codes(told) == wanted
        leads = [row.lead_unit for code in wanted for row in rows if row.code == code]
        assert list(told.patterns) == list(dict.fromkeys(leads))
        event("nothing" if not wanted else "ambiguous" if len(told.patterns) > 1 else "one unit")
        if any(code in known.named for code in wanted):
            event("a named matter won")


@given(st.data(), lists())
@examples(400)
def test_every_rows_shortfall_is_what_the_slow_rules_say(data: st.DataObject, rows: list[Item]) -> None:
    index = CategoryIndex(rows)
    for known in data.draw(st.lists(facts(rows), min_size=8, max_size=8)):
        short = index.shortfalls(*known.arguments)
        told = {row.code: CONDITIONS_OF[byte] for row, byte in zip(index.items, short, strict=True)}
        assert told == {row.code: twin.failed(row, known) for row in rows}


@given(st.data(), lists())
@examples(100)
def test_the_order_of_the_rows_decides_nothing(data: st.DataObject, rows: list[Item]) -> None:
    known = data.draw(facts(rows))
    shuffled = data.draw(st.permutations(rows))
    assert codes(CategoryIndex(shuffled).match(*known.arguments)) == codes(
        CategoryIndex(rows).match(*known.arguments)
    )
