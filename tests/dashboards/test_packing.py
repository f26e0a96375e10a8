"""Cells come out of their packing as they went in, and one state is one state."""

import threading
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from dashboards import rollups
from dashboards.cells import COUNTED, SUMMED
from dashboards.figures import Figures, Measures, NotWanted
from dashboards.packing import (
    SLOTS,
    Measured,
    narrow,
    pack_bins,
    pack_measures,
    unpack_bins,
    unpack_measures,
    widen,
)
from dashboards.reading import NO_BINS, Selection, Span, one_state, read
from tests.dashboards.facts import DAY, case, fact

numbers = st.one_of(
    st.integers(0, 255), st.integers(-128, 127), st.integers(-(2**31), 2**32), st.integers(-(2**62), 2**62)
)


@given(arrays=st.lists(st.lists(numbers, max_size=6), max_size=5))
def test_numbers_are_the_same_in_as_few_bytes_as_they_need(arrays: list[list[int]]) -> None:
    packed = b"".join(narrow(np.array(values, dtype=np.int64)) for values in arrays)
    assert [values.tolist() for values in widen(packed)] == arrays


@given(
    cells=st.dictionaries(
        st.tuples(st.integers(0, 8), st.integers(0, len(SLOTS) - 1)), numbers.filter(bool), max_size=30
    )
)
def test_measures_are_found_by_their_place(cells: dict[tuple[int, int], int]) -> None:
    matrix = np.zeros((9, len(SLOTS)), dtype=np.int64)
    for place, value in cells.items():
        matrix[place] = value
    parts = [Measured.of(one) for one in pack_measures(matrix, [0, 4, 9])]
    assert (np.concatenate([parts[0].dense(4), parts[1].dense(5)]) == matrix).all()
    measured = Measured.of(pack_measures(matrix, [0, 9])[0])
    for slot in range(len(SLOTS)):
        groups = measured.groups[measured.starts[slot] : measured.starts[slot + 1]].tolist()
        assert dict(zip(groups, measured.values(slot).tolist(), strict=True)) == {
            group: value for (group, of), value in cells.items() if of == slot
        }


@given(
    cells=st.dictionaries(
        st.tuples(st.integers(0, 8), st.integers(0, len(SLOTS) - 1)), numbers.filter(bool), max_size=30
    ),
    slots=st.lists(st.integers(0, len(SLOTS) - 1), unique=True, min_size=1),
    place=st.lists(st.integers(-1, 3), min_size=9, max_size=9),
    # As it was written when there were fewer measures.
    is_old=st.booleans(),
)
def test_some_measures_of_many_rows_are_found_at_once(
    cells: dict[tuple[int, int], int], slots: list[int], place: list[int], is_old: bool
) -> None:
    matrix = np.zeros((9, len(SLOTS)), dtype=np.int64)
    for at, value in cells.items():
        matrix[at] = value
    bounds = [0, 4, 4, 9]
    packed = pack_measures(matrix, bounds)
    if is_old and not matrix[4:, len(COUNTED) - 1].any() and not matrix[4:, -1].any():
        counted, summed, *others = widen(packed[2])
        packed[2] = b"".join(map(narrow, (counted[:-1], summed[:-1], *others)))
    told = unpack_measures(packed, slots, np.array(bounds[:-1]), np.array(place))
    found = sorted(zip(told.places.tolist(), told.measures.tolist(), told.values.tolist(), strict=True))
    assert found == sorted(
        (place[group], slots.index(slot), value)
        for (group, slot), value in cells.items()
        if slot in slots and place[group] >= 0
    )


def test_bins_stand_by_group() -> None:
    triples = np.array([0, 0, 2]), np.array([7, 511, 7]), np.array([1, -3, 400])
    first, nothing, last = pack_bins(*triples, [0, 1, 2, 4])
    assert [column.tolist() for column in unpack_bins(first)] == [[0, 0], [7, 511], [1, -3]]
    assert nothing == b""
    assert [column.tolist() for column in unpack_bins(last)] == [[0], [7], [400]]


def test_stored_cells_know_their_measures_by_place_so_a_new_one_goes_to_the_end() -> None:
    """Change this only together with a migration that has every fact folded again."""
    assert tuple(COUNTED)[:8] == (
        "received", "dispatched", "automatic", "sent_in_time", "returned", "refused", "accepted",
        "accepted_in_time",
    )  # fmt: skip
    assert tuple(COUNTED)[-10:] == (
        "settled_c", "settled_d", "began_a", "began_b", "began_c", "stayed_a", "stayed_b", "stayed_c",
        "asked", "answered",
    )  # fmt: skip
    assert (len(COUNTED), len(SUMMED)) == (47, 7)


@pytest.mark.django_db
def test_what_was_not_read_is_not_nothing() -> None:
    fact(case(), "handled", elapsed=60, working=60)
    few = Measures(("handled",), ("handle",), ())
    figures = read(Selection(), [Span(DAY, DAY)], wanted=few)[0][()]
    assert figures["handled"] == 1
    assert figures.mean("handle", "handled") == 60
    for ask in (
        lambda: figures["due"],
        lambda: figures["due_unhandled"],
        lambda: figures.share("due_met", "due"),
        lambda: figures.mean("dispatch", "handled"),
        lambda: figures.handle.percentile(0.5),
        lambda: len(figures.dispatch),
        lambda: Figures.merged([figures, Figures()])["due"],
    ):
        with pytest.raises(NotWanted):
            ask()


@pytest.mark.django_db(transaction=True)
def test_a_page_sees_one_state_whatever_is_folded_and_written_meanwhile() -> None:
    incident = case()
    for number in range(3):
        fact(incident, "received", day=DAY - timedelta(days=200 * number))
    rollups.fold(limit=2)
    selection, spans = Selection(sources=("hotline",)), [Span(DAY - timedelta(days=700), DAY)]
    questions: tuple[tuple[Any, ...], ...] = ((), ("street",), ("community", "category"), ("cell",))

    def answers() -> list[Any]:
        found = [read(selection, spans, *by, wanted=NO_BINS)[0] for by in questions]
        return [{key: dict(one.counts) for key, one in groups.items()} for groups in found]

    def elsewhere() -> None:
        fact(incident, "received")
        for _batch in rollups.fold_all():
            pass
        transaction.get_connection().close()

    with one_state():
        before = answers()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(60)
        assert answers() == before
    assert sum(one["received"] for one in before[1].values()) == 3
    after = answers()
    assert sum(one["received"] for one in after[1].values()) == 4
    with one_state():
        assert answers() == after
