"""Reading cells: what a selection of days, places, units, matters and sources adds up to.

Every answer is one statement over the cells, the facts that no cell holds yet, and, where no cell has
the dimensions asked for, the facts themselves. One statement sees one state of the database, so a fact
is counted exactly once whether it was folded meanwhile or not. A page asks many such questions: inside
`one_state` all of them see the same state, and what waits is read once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar, Final

import numpy as np
from django.db import connection, transaction

from dashboards.adding import SELECTED, Facts
from dashboards.cells import MEASURES, NONE, Dim, fact_bins, is_compacted, split_for
from dashboards.dimensions import FACT_COLUMNS, By, Clock, Selection, where
from dashboards.figures import (
    BINS,
    COUNTS,
    EVERYTHING,
    NO_BINS,
    SUMS,
    Figures,
    Measures,
    NotWanted,
    Span,
    Table,
)
from dashboards.gathering import (
    Key,
    Part,
    Question,
    empty_part,
    figures_of,
    of_cells,
    of_facts,
    of_sums,
    tables_of,
)
from dashboards.packing import Ints, number_of
from dashboards.stretches import Stretch, stretches
from incidents.models import Outcome

__all__ = [
    "BINS",
    "COUNTS",
    "EVERYTHING",
    "EXACT_UP_TO",
    "NO_BINS",
    "SUMS",
    "Clock",
    "Exact",
    "Figures",
    "Key",
    "Measures",
    "NotWanted",
    "Selection",
    "Span",
    "Table",
    "one_state",
    "read",
    "read_exact",
    "read_tables",
]

_DIMS: Final[dict[By, Dim]] = {
    "unit": Dim.UNIT,
    "street": Dim.STREET,
    "community": Dim.COMMUNITY,
    "category": Dim.CATEGORY,
    "domain": Dim.CATEGORY,
    "item": Dim.ITEM,
    "source": Dim.SOURCE,
    "level": Dim.LEVEL,
    "nature": Dim.NATURE,
}
# What no cell knows.
_OF_FACTS: Final = frozenset({"cell", "block"})
_HORIZON: Final = "coalesce((SELECT max(first_day) FROM dashboards_compaction), '-infinity'::date)"


# --- one state ------------------------------------------------------------------------------------

# So many waiting facts are added up here, once; more are left to the database.
WAITING_MOST: Final = 20_000


@dataclass(slots=True)
class _State:
    """What was read of the state that a page sees."""

    horizon: date | None = None
    waiting: Facts | None = None
    is_read: bool = field(default=False)

    def read(self) -> None:
        """How far old cells were taken out, and what waits."""
        if self.is_read:
            return
        self.is_read = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(first_day) FROM dashboards_compaction")
            self.horizon = cursor.fetchone()[0]
            cursor.execute(
                f"SELECT {SELECTED} FROM (SELECT outcome_id FROM dashboards_unfolded"
                f" LIMIT {WAITING_MOST + 1}) AS u JOIN incidents_outcome o ON o.id = u.outcome_id"
            )
            rows = cursor.fetchall()
            self.waiting = Facts.of_rows(rows) if len(rows) <= WAITING_MOST else None


_state: ContextVar[_State | None] = ContextVar("state", default=None)


@contextmanager
def one_state() -> Iterator[None]:
    """Everything that is read inside is of one moment. Inside a transaction it changes nothing."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        token = _state.set(_State())
        try:
            yield
        finally:
            _state.reset(token)


# --- reading --------------------------------------------------------------------------------------


def read(
    selection: Selection, spans: Sequence[Span], *by: By, wanted: Measures = EVERYTHING
) -> list[dict[Key, Figures]]:
    """For each span, the figures of every group that has any, keyed by the values of `by`.

    What is not `wanted` stays in the database, and asking for it raises NotWanted.
    """
    return figures_of(*_parts(selection, spans, by, wanted), len(spans))


def read_tables(selection: Selection, spans: Sequence[Span], *by: By, wanted: Measures) -> list[Table]:
    """The same as columns of counts and sums, for what is computed over thousands of groups."""
    question, parts = _parts(selection, spans, by, replace(wanted, bins=()))
    return tables_of(question, parts or [empty_part(question)], len(spans))


def _parts(
    selection: Selection, spans: Sequence[Span], by: Sequence[By], wanted: Measures
) -> tuple[Question, list[Part]]:
    split = _split(selection, by)
    question = Question(split or NONE, by, selection, wanted)
    cut = stretches(spans, split, by)
    state = _state.get()
    if state is not None and split is not None:
        state.read()
        if state.waiting is None:
            state = None
    statement, parameters = _statement(question, cut, waits=state is None or split is None)
    parts: list[Part] = []
    if statement:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            rows = cursor.fetchall()
        if cells := [(row[1], number_of(row[2]), *row[5:]) for row in rows if row[0] == _CELLS]:
            parts.append(of_cells(question, cells))
        if sums := [(row[1], _key(by, row[3]), row[4], row[7:]) for row in rows if row[0] == _SUMS]:
            parts.append(of_sums(question, sums))
    if state is not None and state.waiting is not None and split is not None and len(state.waiting):
        parts.append(_of_waiting(question, state.waiting, state.horizon, cut))
    return question, parts


def _key(by: Sequence[By], said: Sequence[str]) -> Key:
    return tuple(
        date.fromisoformat(word) if name in ("day", "week", "month") else word
        for name, word in zip(by, said, strict=True)
    )


def _of_waiting(question: Question, facts: Facts, horizon: date | None, cut: Sequence[Stretch]) -> Part:
    """What waits and is in cells some day, by the stretches that are read from cells."""
    spans: list[Ints] = []
    rows: list[Ints] = []
    for stretch in cut:
        first = stretch.first
        if horizon is not None and is_compacted(stretch.grain, question.split):
            first = max(first, horizon)
        held = np.flatnonzero((facts.days >= number_of(first)) & (facts.days <= number_of(stretch.last)))
        rows.append(held)
        spans.append(np.full(len(held), stretch.span, dtype=np.int64))
    empty = np.zeros(0, dtype=np.int64)
    return of_facts(question, facts, np.concatenate([empty, *spans]), np.concatenate([empty, *rows]))


_CELLS: Final = 0
_SUMS: Final = 1
_KINDS: Final = ", ".join(f"'{kind}'" for kind in Outcome.Kind.values)


def _statement(question: Question, cut: Sequence[Stretch], *, waits: bool) -> tuple[str, list[Any]]:
    """Rows of cells as they are, and sums of facts: what no cell has and, if `waits`, what waits."""
    cells, facts = _Union(), _Union()
    fact_where, fact_values = where(question.selection, "o")
    of_facts = _fact_columns(question)
    bins = ", ".join(f"r.{name}" for name in question.bins) or "NULL::bytea"
    # Facts that wait, by span: read once however many stretches it has.
    waiting: dict[int, list[str]] = {}
    for stretch in cut:
        days = (stretch.first, stretch.last)
        some = (
            f"SELECT {stretch.span} AS span, {of_facts} FROM incidents_outcome o"
            f" WHERE o.kind IN ({_KINDS}) AND o.day BETWEEN %s AND %s{fact_where}"
        )
        if not stretch.grain:
            facts.add(some, [*days, *fact_values])
            continue
        held = (
            f"SELECT {_CELLS}, {stretch.span}, r.day, NULL::text[], NULL::bigint[], r.keys, r.measures,"
            f" {bins} FROM dashboards_rollup r WHERE r.split = {int(question.split)}"
            f" AND r.grain = '{stretch.grain}' AND r.day BETWEEN %s AND %s"
        )
        holds = f"o.day BETWEEN '{stretch.first}' AND '{stretch.last}'"
        if is_compacted(stretch.grain, question.split):
            holds += f" AND o.day >= {_HORIZON}"
            # Old ones have been taken out; one statement sees how far, and reads the facts before it.
            held += f" AND r.day >= {_HORIZON}"
            facts.add(f"{some} AND o.day < {_HORIZON}", [*days, *fact_values])
        cells.add(held, list(days))
        # Cells of a week, a month or a year stand on its first day, waiting facts on any.
        waiting.setdefault(stretch.span, []).append(f"({holds})")
    for span, ranges in waiting.items() if waits else ():
        facts.add(
            f"SELECT {span} AS span, {of_facts} FROM dashboards_unfolded u"
            f" JOIN incidents_outcome o ON o.id = u.outcome_id WHERE ({' OR '.join(ranges)}){fact_where}",
            fact_values,
        )
    if facts.parts:
        keys = ", ".join(["span", *question.by])
        said = ", ".join(f"{name}::text" for name in question.by)
        sums = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in question.slots)
        bins = ", ".join(f"string_agg({name}, ''::bytea)" for name in question.bins) or "NULL::bytea"
        cells.add(
            f"SELECT {_SUMS}, span, NULL::date, ARRAY[{said}]::text[], ARRAY[{sums}]::bigint[], NULL::bytea,"
            f" NULL::bytea, {bins} FROM ({facts.sql}) AS f GROUP BY {keys}",
            facts.values,
        )
    return cells.sql, cells.values


class _Union:
    """Parts of a statement, with their values."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.values: list[Any] = []

    def add(self, part: str, values: Sequence[Any]) -> None:
        self.parts.append(part)
        self.values.extend(values)

    @property
    def sql(self) -> str:
        return " UNION ALL ".join(self.parts)


def _fact_columns(question: Question) -> str:
    """What one fact `o` has of each key and measure, under their names."""
    return ", ".join(
        [
            *(f"{FACT_COLUMNS[name]} AS {name}" for name in question.by),
            *(f"{MEASURES[name]} AS {name}" for name in question.slots),
            *(f"{fact_bins(name)} AS {name}" for name in question.bins),
        ]
    )


def _split(selection: Selection, by: Sequence[By]) -> Dim | None:
    """The cells that answer this; None where none have its dimensions."""
    if selection.cells or set(by) & _OF_FACTS:
        return None
    split = NONE
    for name in by:
        split |= _DIMS.get(name, NONE)
    for chosen, dim in (
        (selection.units, Dim.UNIT),
        (selection.communities, Dim.COMMUNITY),
        (selection.streets, Dim.STREET),
        (selection.items, Dim.ITEM),
        (selection.categories, Dim.CATEGORY),
        (selection.sources, Dim.SOURCE),
        (selection.levels, Dim.LEVEL),
        (selection.natures, Dim.NATURE),
    ):
        if chosen:
            split |= dim
    # A community's code begins with its street's, and an item stands behind its category; where the street
    # itself is asked for beside the community, no cell has both.
    if Dim.COMMUNITY in split and "street" not in by:
        split &= ~Dim.STREET
    if Dim.ITEM in split:
        split &= ~Dim.CATEGORY
    return split_for(split)


# --- small numbers --------------------------------------------------------------------------------

# Up to so many durations a selection is small: its percentiles are read from the facts, exactly.
EXACT_UP_TO: Final = 2_000


@dataclass(slots=True)
class Exact:
    """The durations of a small selection themselves, with the dimensions they can be grouped by."""

    rows: list[tuple[Any, ...]]  # kind, seconds, unit, street, community, category, source

    PLACES: ClassVar[dict[str, int]] = {"unit": 2, "street": 3, "community": 4, "category": 5, "source": 6}

    def percentiles(self, kind: str, by: str = "") -> dict[str, tuple[float, float]]:
        """The median and the 90th percentile of each group, by percentile_cont's definition."""
        groups: dict[str, list[int]] = {}
        for row in self.rows:
            if row[0] == kind:
                groups.setdefault(row[self.PLACES[by]] if by else "", []).append(row[1])
        return {key: (_percentile(values, 0.5), _percentile(values, 0.9)) for key, values in groups.items()}


def _percentile(values: list[int], share: float) -> float:
    values.sort()
    low, rest = divmod(share * (len(values) - 1), 1)
    below = values[int(low)]
    return below + (values[min(int(low) + 1, len(values) - 1)] - below) * rest


def read_exact(selection: Selection, span: Span) -> Exact:
    """Every duration that counts in a small selection."""
    narrow, values = where(selection, "o")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.kind, o.{selection.clock}, o.unit_code, o.street_code, o.community_code,"
            " o.category_code, o.source FROM incidents_outcome o"
            " WHERE o.kind IN ('dispatched', 'handled') AND o.day BETWEEN %s AND %s AND o.sign > 0"
            f" AND o.{selection.clock} IS NOT NULL"
            f" AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id){narrow}",
            [span.first, span.last, *values],
        )
        return Exact(cursor.fetchall())
