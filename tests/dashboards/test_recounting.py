"""Whatever is told, taken back, folded, made anew or compacted: every board reads what brute force counts."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from dashboards import rollups
from dashboards.cells import COUNTED, SUMMED
from dashboards.compaction import compact_cells
from dashboards.dimensions import By, Selection
from dashboards.reading import Span, read
from incidents.models import Outcome
from tests.dashboards.facts import BUJI, DAY, PINGHU, PINGHU_COMMUNITY, case, fact, noon, take_back
from tests.drawing import lives

pytestmark = pytest.mark.django_db

UNITS = ("lighting-company", "police", "pinghu/enforcement")
# Street, community, cell; a place may be known roughly, or not at all.
PLACES = (
    (PINGHU, PINGHU_COMMUNITY, f"{PINGHU_COMMUNITY}001"),
    (PINGHU, PINGHU_COMMUNITY, f"{PINGHU_COMMUNITY}002"),
    (PINGHU, "", ""),
    (BUJI, "440307014001", ""),
    ("", "", ""),
)
MATTERS = (("0204", "0204-001"), ("0204", "0204-002"), ("0101", ""), ("", ""))
maybe = st.sampled_from([None, True, False])

told = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(Outcome.Kind.values),
        # Weeks, months and years end in between; some days are older than compaction lets stand.
        "day": st.one_of(st.integers(-20, 80), st.integers(150, 900)).map(
            lambda back: DAY - timedelta(days=back)
        ),
        "unit_code": st.sampled_from(UNITS),
        "place": st.sampled_from(PLACES),
        "matter": st.sampled_from(MATTERS),
        "source": st.sampled_from(("hotline", "patrol")),
        "nature": st.sampled_from(("complaint", "finding")),
        "urgency": st.sampled_from(("routine", "urgent")),
        "elapsed": st.one_of(st.none(), st.integers(0, 10_000), st.integers(0, 40 * 86400)),
        "paused": st.sampled_from([None, 0, 3600]),
        "automatic": st.booleans(),
        "first": st.booleans(),
        "level": st.sampled_from(("", "A", "B", "C", "D")),
        "first_level": st.sampled_from(("", "A", "B", "C", "D")),
        "on_time": maybe,
        "solved": maybe,
        "contacted": maybe,
        "mediated": maybe,
        "late_entry": st.booleans(),
        "score": st.sampled_from([None, 1, 3, 4, 5]),
        "taken_back": st.sampled_from(("", "as it went", "entirely")),
        "then": st.sampled_from(("", "", "", "fold", "fold one", "rebuild", "compact")),
    }
)
SELECTIONS: tuple[Selection, ...] = (
    Selection(),
    Selection(streets=(PINGHU,)),
    Selection(units=UNITS[:2], clock="working"),
    Selection(categories=("0204",)),
    Selection(sources=("hotline",)),
    Selection(levels=("A", "B")),
    Selection(natures=("finding",)),
    Selection(items=("0204-001",)),
    Selection(areas=(PINGHU_COMMUNITY,)),
    Selection(areas=(PINGHU_COMMUNITY, f"{PINGHU_COMMUNITY}002")),
    Selection(areas=(f"{PINGHU_COMMUNITY}001",)),
    Selection(streets=(PINGHU,), units=UNITS[:2], categories=("0204",)),
    Selection(streets=(PINGHU,), areas=(PINGHU_COMMUNITY,), sources=("hotline",)),
)
GROUPS: tuple[tuple[By, ...], ...] = (
    (),
    *(
        (by,)
        for by in (
            "day", "week", "month", "unit", "street", "community", "cell", "category", "domain", "item",
            "source", "level", "nature",
        )
    ),
    ("street", "category"),
    ("unit", "category"),
    ("community", "category"),
    ("month", "unit"),
    ("unit", "street", "category"),
)  # fmt: skip
SPANS = (
    Span(DAY - timedelta(days=50), DAY),
    Span(DAY - timedelta(days=800), DAY - timedelta(days=3)),
    Span(DAY - timedelta(days=500), DAY - timedelta(days=380)),
)


@lives(30)
@given(
    story=st.lists(told, max_size=25),
    questions=st.lists(st.tuples(st.sampled_from(SELECTIONS), st.sampled_from(GROUPS)), min_size=12),
)
def test_every_way_of_reading_says_what_brute_force_counts(
    story: list[dict[str, Any]], questions: list[tuple[Selection, tuple[By, ...]]]
) -> None:
    # Hypothesis runs many stories in one transaction: each starts from nothing.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM incidents_outcome; DELETE FROM incidents_incident")
        cursor.execute("DELETE FROM dashboards_rollup; DELETE FROM dashboards_unfolded")
        cursor.execute("DELETE FROM dashboards_compaction")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    write(story)
    assert cell_differences() == []
    rows = list(Outcome.objects.all())
    partly = [read_all(*question) for question in questions]
    assert partly == [counted(rows, *question) for question in questions]
    for _batch in rollups.fold_all():
        pass
    assert [read_all(*question) for question in questions] == partly
    assert cell_differences() == []


def write(story: list[dict[str, Any]]) -> None:
    incident = case()
    for line in story:
        values = dict(line)
        taken_back, then = values.pop("taken_back"), values.pop("then")
        values["street_code"], values["community_code"], values["cell_code"] = values.pop("place")
        values["category_code"], values["item_code"] = values.pop("matter")
        elapsed = values["elapsed"]
        row = fact(incident, values.pop("kind"), working=None if elapsed is None else elapsed // 3, **values)
        after(then)
        if taken_back:
            take_back(row, entirely=taken_back == "entirely")


def after(what: str) -> None:
    if what == "fold":
        rollups.fold()
    elif what == "fold one":
        rollups.fold(limit=1)
    elif what == "rebuild":
        rollups.rebuild()
    elif what == "compact":
        compact_cells(today=DAY, at=noon(DAY))


def cell_differences() -> list[str]:
    return [str(found) for found in rollups.differences() if found.what.startswith("cell")]


def read_all(selection: Selection, by: tuple[By, ...]) -> list[dict[Any, Any]]:
    return [
        {
            key: (
                {name: figures[name] for name in COUNTED},
                dict(figures.seconds),
                len(figures.dispatch),
                len(figures.handle),
            )
            for key, figures in groups.items()
            if figures or any(figures.seconds.values())
        }
        for groups in read(selection, SPANS, *by)
    ]


# What each count is, told without SQL.
COUNTS: dict[str, Callable[[Outcome], bool]] = {
    "received": lambda o: o.kind == "received",
    "received_late": lambda o: o.kind == "received" and o.late_entry,
    "dispatched": lambda o: o.kind == "dispatched",
    "automatic": lambda o: o.kind == "dispatched" and o.automatic,
    "sent_in_time": lambda o: (
        o.kind == "dispatched"
        and o.elapsed is not None
        and o.elapsed <= (7200 if o.urgency == "routine" else 1800)
    ),
    "first_sent": lambda o: o.kind == "dispatched" and o.first and (o.sign > 0 or o.entirely),
    "returned": lambda o: o.kind == "returned",
    "refused": lambda o: o.kind == "refused",
    "accepted": lambda o: o.kind == "accepted",
    "accepted_in_time": lambda o: o.kind == "accepted" and o.on_time is True,
    "contact_due": lambda o: o.kind == "contacted",
    "contacted_in_time": lambda o: o.kind == "contacted" and o.on_time is True,
    "handled": lambda o: o.kind == "handled",
    "handled_first": lambda o: o.kind == "handled" and o.first,
    "solved": lambda o: o.kind == "handled" and o.solved is True,
    "unjudged": lambda o: o.kind == "handled" and o.on_time is None,
    "paused": lambda o: o.kind == "handled" and (o.paused or 0) > 0,
    "mediated": lambda o: o.kind == "handled" and o.mediated is not None,
    "mediated_settled": lambda o: o.kind == "handled" and o.mediated is True,
    "told_late": lambda o: o.kind == "handled" and o.late_entry,
    "due": lambda o: o.kind == "due",
    "due_met": lambda o: o.kind == "due" and o.on_time is True,
    "due_settled": lambda o: o.kind == "settled",
    "due_closed": lambda o: o.kind == "finished",
    "due_closed_in_time": lambda o: o.kind == "finished" and o.on_time is True,
    "closed": lambda o: o.kind == "closed",
    "reworked": lambda o: o.kind == "reworked",
    "repeated": lambda o: o.kind == "repeated",
    "rated": lambda o: o.kind == "rated",
    "scored": lambda o: o.kind == "rated" and o.score is not None,
    "satisfied": lambda o: o.kind == "rated" and (o.score or 0) >= 4,
    "asked_solved": lambda o: o.kind == "rated" and o.solved is not None,
    "said_solved": lambda o: o.kind == "rated" and o.solved is True,
    "asked_contacted": lambda o: o.kind == "rated" and o.contacted is not None,
    "said_contacted": lambda o: o.kind == "rated" and o.contacted is True,
    "settled_a": lambda o: o.kind == "handled" and o.level == "A",
    "settled_b": lambda o: o.kind == "handled" and o.level == "B",
    "settled_c": lambda o: o.kind == "handled" and o.level == "C",
    "settled_d": lambda o: o.kind == "handled" and o.level == "D",
    "began_a": lambda o: o.kind == "handled" and o.first_level == "A",
    "began_b": lambda o: o.kind == "handled" and o.first_level == "B",
    "began_c": lambda o: o.kind == "handled" and o.first_level == "C",
    "asked": lambda o: o.kind == "asked",
    "answered": lambda o: o.kind == "answered",
    "stayed_a": lambda o: o.kind == "handled" and o.level == o.first_level == "A",
    "stayed_b": lambda o: o.kind == "handled" and o.level == o.first_level == "B",
    "stayed_c": lambda o: o.kind == "handled" and o.level == o.first_level == "C",
}
KEYS: dict[str, Callable[[Outcome], Any]] = {
    "day": lambda o: o.day,
    "week": lambda o: o.day - timedelta(days=o.day.weekday()),
    "month": lambda o: o.day.replace(day=1),
    "unit": lambda o: o.unit_code,
    "street": lambda o: o.street_code,
    "community": lambda o: o.community_code,
    "cell": lambda o: o.cell_code,
    "category": lambda o: o.category_code,
    "domain": lambda o: o.category_code[:2],
    "item": lambda o: o.item_code,
    "source": lambda o: o.source,
    "level": lambda o: o.level,
    "nature": lambda o: o.nature,
}


def selected(o: Outcome, selection: Selection) -> bool:
    return (
        (not selection.streets or o.street_code in selection.streets)
        and (not selection.units or o.unit_code in selection.units)
        and (not selection.categories or o.category_code in selection.categories)
        and (not selection.items or o.item_code in selection.items)
        and (not selection.sources or o.source in selection.sources)
        and (not selection.levels or o.level in selection.levels)
        and (not selection.natures or o.nature in selection.natures)
        and (not selection.areas or o.community_code in selection.areas or o.cell_code in selection.areas)
    )


def counted(rows: list[Outcome], selection: Selection, by: tuple[By, ...]) -> list[dict[Any, Any]]:
    return [counted_in(rows, selection, by, span) for span in SPANS]


def counted_in(rows: list[Outcome], selection: Selection, by: tuple[By, ...], span: Span) -> dict[Any, Any]:
    groups: dict[Any, list[Outcome]] = {}
    for row in rows:
        if span.first <= row.day <= span.last and selected(row, selection):
            groups.setdefault(tuple(KEYS[name](row) for name in by), []).append(row)
    found = {}
    for key, chosen in groups.items():
        counts = {name: sum(o.sign for o in chosen if holds(o)) for name, holds in COUNTS.items()}
        taken = {
            "dispatch": sum(o.sign * seconds(o, selection) for o in chosen if o.kind == "dispatched"),
            "handle": sum(o.sign * seconds(o, selection) for o in chosen if o.kind == "handled"),
            "first": sum(o.sign * seconds(o, selection) for o in chosen if COUNTS["first_sent"](o)),
            "paused": sum(o.sign * (o.paused or 0) for o in chosen if o.kind == "handled"),
        }
        lengths = [
            sum(o.sign for o in chosen if o.kind == kind and o.elapsed is not None)
            for kind in ("dispatched", "handled")
        ]
        if any(counts.values()) or any(taken.values()):
            found[key] = (counts, taken, *lengths)
    return found


def seconds(o: Outcome, selection: Selection) -> int:
    return (o.elapsed if selection.clock == "elapsed" else o.working) or 0


def test_the_table_above_names_every_measure() -> None:
    assert COUNTS.keys() == COUNTED.keys()
    assert {name.rsplit("_", 1)[0] for name in SUMMED} == {"dispatch", "handle", "first", "paused"}


def test_medians_are_right_to_two_per_cent_however_the_facts_were_folded() -> None:
    rng = np.random.default_rng(7)
    taken = np.concatenate([rng.lognormal(10, 1.5, 1_500), rng.integers(0, 4, 300)]).astype(int)
    incident = case()
    Outcome.objects.bulk_create(
        Outcome(
            incident=incident, kind="handled", at=noon(DAY), day=date(2026, 1 + number % 7, 3),
            unit_code="police", source="hotline", nature="complaint", urgency="routine",
            elapsed=int(value), working=int(value),
        )
        for number, value in enumerate(taken)
    )  # fmt: skip
    for number, _batch in enumerate(rollups.fold_all(limit=300)):
        if number == 3:
            rollups.rebuild()
    figures = read(Selection(), [Span(date(2025, 12, 20), date(2026, 7, 30))])[0][()]
    assert len(figures.handle) == len(taken)
    for share in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        exact = float(np.percentile(taken, share * 100))
        assert figures.handle.percentile(share) == pytest.approx(exact, rel=0.02, abs=0.5)
