"""Cells say what the facts say: whatever was told, taken back, folded or not folded yet."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Count
from hypothesis import given
from hypothesis import strategies as st

from dashboards import rollups
from dashboards.cells import Dim
from dashboards.compaction import compact_cells
from dashboards.models import Check, Rollup, Unfolded
from dashboards.reading import NO_BINS, Selection, Span, read
from dashboards.stretches import stretches
from dashboards.tasks import check, fold
from incidents.models import SweepBeat
from tests.dashboards.facts import DAY, case, fact, held, noon, take_back

pytestmark = pytest.mark.django_db


def test_a_fact_waits_from_the_moment_it_is_written_and_is_folded_once() -> None:
    fact(case(), "received")
    assert rollups.waiting() == 1

    assert rollups.fold() == 1
    assert rollups.fold() == 0
    assert held("day") == {(DAY,): {"received": 1}}


def test_taking_back_before_or_after_folding_leaves_nothing() -> None:
    folded = fact(case(), "handled", elapsed=7200, working=3600)
    rollups.fold()
    take_back(folded)
    take_back(fact(case(), "handled", elapsed=86400, working=3600))
    rollups.fold()

    assert held("month") == {}
    assert compact_cells(today=DAY, at=noon(DAY)) > 0  # what comes to nothing goes with the night
    assert not Rollup.objects.exists()


def test_what_many_folds_add_stands_in_few_rows() -> None:
    incident = case()
    for number in range(20):
        fact(incident, "handled", elapsed=3600 * number, working=3600, unit_code=f"unit-{number % 15}")
        rollups.fold()
    rows = Rollup.objects.filter(grain="year")
    most = max(rows.values("split").annotate(rows=Count("number")).values_list("rows", flat=True))
    assert 1 < most < 8
    before = held("year", Dim.UNIT)
    assert len(before) == 15
    assert compact_cells(today=DAY, at=noon(DAY)) > 0  # the night makes one of them
    assert set(rows.values_list("number", flat=True)) == {1}
    assert held("year", Dim.UNIT) == before
    assert [str(found) for found in rollups.differences() if found.what.startswith("cell")] == []


def test_old_days_of_two_dimensions_go_and_no_number_changes() -> None:
    incident = case()
    days = [DAY - timedelta(days=back) for back in range(300, 500, 3)]
    for day in days:
        fact(incident, "handled", day=day, elapsed=3600, working=60)
    for _batch in rollups.fold_all():
        pass
    spans = [Span(DAY - timedelta(days=480), DAY - timedelta(days=310)), Span(days[-1], days[-1])]

    def shown() -> list[Any]:
        groups = read(Selection(), spans, "unit", "category")
        return [
            {key: (one["handled"], one.seconds, len(one.handle)) for key, one in g.items()} for g in groups
        ]

    before = shown()
    pair = Rollup.objects.filter(grain="day", split=int(Dim.UNIT | Dim.CATEGORY))
    assert pair.filter(day__lt=date(2025, 5, 26)).exists()
    assert compact_cells(today=DAY, at=noon(DAY)) > 0
    assert not pair.filter(day__lt=date(2025, 5, 26)).exists()
    assert shown() == before
    # What is told late of those days is counted too, and makes no half cell.
    fact(incident, "handled", day=days[-1], elapsed=60, working=60)
    one_more = {
        ("lighting-company", "0204"): (2, before[1]["lighting-company", "0204"][1] | {"handle": 3660}, 2)
    }
    assert shown()[1] == one_more
    rollups.fold()
    assert shown()[1] == one_more
    assert not pair.filter(day__lt=date(2025, 5, 26)).exists()
    assert [str(found) for found in rollups.differences() if found.what.startswith("cell")] == []


def test_a_cell_that_was_tampered_with_is_found() -> None:
    fact(case(), "received")
    rollups.fold()
    call_command("rollups", verify=True)
    cell = Rollup.objects.get(grain="day", split=0)
    Rollup.objects.filter(grain="day", split=0).update(
        measures=cell.measures.tobytes()[:-6] + b"\x02" + cell.measures.tobytes()[-5:]
    )

    found = [str(difference) for difference in rollups.differences()]
    assert len(found) == 2  # what should be there, and what should not
    assert "received=2" in " ".join(found)
    with pytest.raises(CommandError, match="differences"):
        call_command("rollups", verify=True)
    assert check() == 2
    assert Check.objects.first().differences == 2  # type: ignore[union-attr]

    call_command("rollups", rebuild=True)
    assert list(rollups.differences()) == []


def test_a_fact_that_its_case_does_not_bear_out_is_found() -> None:
    fact(case(), "received")
    fact(case(status="handling"), "handled", elapsed=5, working=5)
    found = [str(difference) for difference in rollups.differences()]
    assert any("handled once its resolution stands" in line for line in found)


def test_the_task_folds_and_leaves_its_beat() -> None:
    fact(case(), "received")
    assert fold() == 1
    assert Unfolded.objects.count() == 0
    assert SweepBeat.objects.get(name="fold").done == 1


def test_whole_months_weeks_and_edge_days_add_up_to_the_days() -> None:
    incident = case()
    days = [date(2026, 4, 28) + timedelta(days=number) for number in range(0, 70, 3)]
    for day in days:
        fact(incident, "received", day=day)
    for _batch in rollups.fold_all():
        pass
    fact(incident, "received", day=date(2026, 6, 15))  # not folded yet

    span = Span(date(2026, 4, 30), date(2026, 7, 2))
    in_span = [day for day in (*days, date(2026, 6, 15)) if span.first <= day <= span.last]
    assert read(Selection(), [span])[0][()]["received"] == len(in_span)
    by_unit = read(Selection(), [span], "unit", wanted=NO_BINS)[0]  # kept by weeks too
    assert sum(figures["received"] for figures in by_unit.values()) == len(in_span)
    by_day = read(Selection(), [span], "day", wanted=NO_BINS)[0]
    assert sum(figures["received"] for figures in by_day.values()) == len(in_span)


@given(first=st.integers(0, 400), length=st.integers(1, 900))
def test_every_day_of_a_span_is_read_once(first: int, length: int) -> None:
    span = Span(
        date(2026, 1, 1) + timedelta(days=first), date(2026, 1, 1) + timedelta(days=first + length - 1)
    )
    days = [
        stretch.first + timedelta(days=number)
        for stretch in stretches([span], Dim.UNIT, ())
        for number in range((stretch.last - stretch.first).days + 1)
    ]
    assert sorted(days) == [span.first + timedelta(days=number) for number in range(length)]
    for stretch in stretches([span], Dim.UNIT, ()):
        if stretch.grain == "week":
            assert (stretch.first.weekday(), stretch.last.weekday()) == (0, 6)
        if stretch.grain in ("month", "year"):
            assert (stretch.first.day, (stretch.last + timedelta(days=1)).day) == (1, 1)
        if stretch.grain == "year":
            assert (stretch.first.month, stretch.last.month) == (1, 12)
