"""Cells say what the facts say: whatever was told, taken back, folded or not folded yet."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from dashboards import rollups
from dashboards.cells import Dim
from dashboards.models import Check, Rollup, Unfolded
from dashboards.reading import NO_BINS, Figures, Selection, Span, _stretches, read
from dashboards.tasks import check, fold
from incidents.models import Outcome, SweepBeat
from tests.dashboards.facts import BUJI, DAY, PINGHU, PINGHU_COMMUNITY, case, fact, take_back
from tests.drawing import lives

pytestmark = pytest.mark.django_db

UNITS = ("lighting-company", "police", "pinghu/enforcement")
STREETS = ((PINGHU, PINGHU_COMMUNITY), (BUJI, "440307014001"), ("", ""))
CATEGORIES = ("0204", "0101", "")
SOURCES = ("hotline", "patrol")

told = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(Outcome.Kind.values),
        "day": st.integers(0, 70).map(lambda back: DAY - timedelta(days=back)),
        "unit_code": st.sampled_from(UNITS),
        "place": st.sampled_from(STREETS),
        "category_code": st.sampled_from(CATEGORIES),
        "source": st.sampled_from(SOURCES),
        "elapsed": st.one_of(st.none(), st.integers(0, 40 * 86400)),
        "automatic": st.booleans(),
        "first": st.booleans(),
        "level": st.sampled_from(("", "A", "B", "C", "D")),
        "first_level": st.sampled_from(("", "A", "B", "C", "D")),
        "on_time": st.sampled_from([None, True, False]),
        "score": st.sampled_from([None, 1, 3, 4, 5]),
        "taken_back": st.booleans(),
        "fold": st.booleans(),
    }
)


def write(story: list[dict[str, Any]]) -> None:
    incident = case()
    for line in story:
        values = dict(line)
        taken_back, folds = values.pop("taken_back"), values.pop("fold")
        street, community = values.pop("place")
        elapsed = values["elapsed"]
        row = fact(
            incident,
            values.pop("kind"),
            street_code=street,
            community_code=community,
            working=None if elapsed is None else elapsed // 3,
            **values,
        )
        if folds:
            rollups.fold()
        if taken_back:
            take_back(row)


@lives(25)
@given(story=st.lists(told, max_size=25))
def test_cells_equal_a_recomputation_from_the_facts(story: list[dict[str, Any]]) -> None:
    # Hypothesis runs many stories in one transaction: each starts from nothing.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM incidents_outcome; DELETE FROM incidents_incident")
        cursor.execute("DELETE FROM dashboards_rollup; DELETE FROM dashboards_unfolded")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    write(story)

    assert [str(found) for found in rollups.differences() if found.what.startswith("cell")] == []
    partly_folded = totals()
    for _batch in rollups.fold_all():
        pass
    assert totals() == partly_folded == brute_force()
    assert [str(found) for found in rollups.differences() if found.what.startswith("cell")] == []


SPAN = Span(DAY - timedelta(days=50), DAY)


def totals() -> dict[str, Any]:
    """By each way of grouping, what a board reads."""
    found: dict[str, Any] = {}
    for by in ("street", "unit", "category", "community", "source", "day"):
        groups = read(Selection(), [SPAN], by)[0]  # type: ignore[arg-type]
        found |= {f"{by}:{key[0]}": facts_of(figures) for key, figures in groups.items() if figures}
    selection = Selection(streets=(PINGHU,), units=UNITS[:2], categories=("0204",))
    found["narrow"] = facts_of(read(selection, [SPAN])[0].get((), Figures()))
    return found


def facts_of(figures: Figures) -> tuple[int, ...]:
    return (
        figures["received"],
        figures["dispatched"],
        figures["handled"],
        figures["due"],
        figures["due_met"],
        figures["rated"],
        figures["satisfied"],
        figures["first_sent"],
        *(figures[f"settled_{level}"] for level in "abcd"),
        *(figures[f"began_{level}"] for level in "abc"),
        *(figures[f"stayed_{level}"] for level in "abc"),
        figures.seconds["handle"],
        figures.seconds["dispatch"],
        len(figures.handle),
    )


def brute_force() -> dict[str, Any]:
    """The same, row by row in Python."""
    rows = [row for row in Outcome.objects.all() if SPAN.first <= row.day <= SPAN.last]
    found: dict[str, Any] = {}

    def add(key: str, chosen: list[Outcome]) -> None:
        counts = (
            sum(r.sign for r in chosen if r.kind == "received"),
            sum(r.sign for r in chosen if r.kind == "dispatched"),
            sum(r.sign for r in chosen if r.kind == "handled"),
            sum(r.sign for r in chosen if r.kind == "due"),
            sum(r.sign for r in chosen if r.kind == "due" and r.on_time),
            sum(r.sign for r in chosen if r.kind == "rated"),
            sum(r.sign for r in chosen if r.kind == "rated" and (r.score or 0) >= 4),
            sum(1 for r in chosen if r.kind == "dispatched" and r.first and r.sign > 0),
            *(sum(r.sign for r in chosen if r.kind == "handled" and r.level == one) for one in "ABCD"),
            *(sum(r.sign for r in chosen if r.kind == "handled" and r.first_level == one) for one in "ABC"),
            *(
                sum(r.sign for r in chosen if r.kind == "handled" and r.level == r.first_level == one)
                for one in "ABC"
            ),
            sum(r.sign * (r.elapsed or 0) for r in chosen if r.kind == "handled"),
            sum(r.sign * (r.elapsed or 0) for r in chosen if r.kind == "dispatched"),
            sum(r.sign for r in chosen if r.kind == "handled" and r.elapsed is not None),
        )
        # Refused returns are read from the facts; no cell counts them.
        in_cells = set(Outcome.Kind.values) - {Outcome.Kind.REFUSED}
        other = any(sum(r.sign for r in chosen if r.kind == kind) for kind in in_cells)
        if any(counts) or other or key == "narrow":
            found[key] = counts

    columns = {
        "street": "street_code",
        "unit": "unit_code",
        "category": "category_code",
        "community": "community_code",
        "source": "source",
        "day": "day",
    }
    for by, column in columns.items():
        for value in {getattr(row, column) for row in rows}:
            add(f"{by}:{value}", [row for row in rows if getattr(row, column) == value])
    add(
        "narrow",
        [
            r
            for r in rows
            if r.street_code == PINGHU and r.unit_code in UNITS[:2] and r.category_code == "0204"
        ],
    )
    return found


def test_a_fact_waits_from_the_moment_it_is_written_and_is_folded_once() -> None:
    fact(case(), "received")
    assert rollups.waiting() == 1

    assert rollups.fold() == 1
    assert rollups.fold() == 0
    assert Rollup.objects.get(grain="day", split=0).received == 1


def test_taking_back_before_or_after_folding_leaves_nothing() -> None:
    folded = fact(case(), "handled", elapsed=7200, working=3600)
    rollups.fold()
    take_back(folded)
    take_back(fact(case(), "handled", elapsed=86400, working=3600))
    rollups.fold()

    cell = Rollup.objects.get(grain="month", split=0)
    assert (cell.handled, cell.handle_elapsed, cell.handle_elapsed_bins) == (None, None, None)


def test_a_cell_that_was_tampered_with_is_found() -> None:
    fact(case(), "received")
    rollups.fold()
    call_command("rollups", verify=True)
    Rollup.objects.filter(grain="day", split=0).update(received=2)

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


def test_percentiles_of_bins_are_within_two_per_cent() -> None:
    rng = np.random.default_rng(7)
    seconds = np.concatenate([rng.lognormal(10, 1.5, 2_500), rng.integers(0, 4, 300)]).astype(int)
    incident = case()
    Outcome.objects.bulk_create(
        Outcome(
            incident=incident,
            kind="handled",
            at="2026-07-07T04:00Z",
            day=DAY,
            unit_code="police",
            source="hotline",
            nature="complaint",
            urgency="routine",
            elapsed=int(value),
            working=int(value),
        )
        for value in seconds
    )
    for _batch in rollups.fold_all(limit=1_000):
        pass
    durations = read(Selection(), [Span(DAY, DAY)])[0][()].handle
    assert len(durations) == len(seconds)
    for share in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY elapsed) FROM incidents_outcome", [share]
            )
            exact = cursor.fetchone()[0]
        assert durations.percentile(share) == pytest.approx(exact, rel=0.02)
    assert durations.spread() == pytest.approx(float(np.std(seconds, ddof=1)), rel=0.02)


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


@given(first=st.integers(0, 400), length=st.integers(1, 120))
def test_every_day_of_a_span_is_read_once(first: int, length: int) -> None:
    span = Span(
        date(2026, 1, 1) + timedelta(days=first), date(2026, 1, 1) + timedelta(days=first + length - 1)
    )
    days = [
        stretch.first + timedelta(days=number)
        for stretch in _stretches([span], Dim.UNIT, ())
        for number in range((stretch.last - stretch.first).days + 1)
    ]
    assert sorted(days) == [span.first + timedelta(days=number) for number in range(length)]
    for stretch in _stretches([span], Dim.UNIT, ()):
        if stretch.grain == "week":
            assert (stretch.first.weekday(), stretch.last.weekday()) == (0, 6)
        if stretch.grain == "month":
            assert (stretch.first.day, (stretch.last + timedelta(days=1)).day) == (1, 1)
