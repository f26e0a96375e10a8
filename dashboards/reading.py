"""Reading cells: what a selection of days, places, units, matters and sources adds up to.

Every answer is one statement over the cells, the facts that no cell holds yet, and, where no cell has
the dimensions asked for, the facts themselves. One statement sees one state of the database, so a fact
is counted exactly once whether it was folded meanwhile or not.
"""

import calendar
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final, Literal, Self

import numpy as np
from django.db import connection

from dashboards.cells import MEASURES, NONE, Dim, fact_bins, is_kept
from dashboards.models import Rollup
from dashboards.sketch import Durations
from incidents.models import Outcome

Clock = Literal["elapsed", "working"]
By = Literal["day", "unit", "street", "community", "category", "source"]

_DIMS: Final[dict[By, Dim]] = {
    "unit": Dim.UNIT,
    "street": Dim.STREET,
    "community": Dim.COMMUNITY,
    "category": Dim.CATEGORY,
    "source": Dim.SOURCE,
}
_CELL_COLUMNS: Final[dict[By, str]] = {
    "day": "r.day",
    "unit": "r.unit_code",
    "street": "r.area_code",
    "community": "r.area_code",
    "category": "r.category_code",
    "source": "r.source",
}
_FACT_COLUMNS: Final[dict[By, str]] = {
    "day": "o.day",
    "unit": "o.unit_code",
    "street": "o.street_code",
    "community": "o.community_code",
    "category": "o.category_code",
    "source": "o.source",
}
COUNTS: Final = tuple(name for name in MEASURES if not name.endswith(("_elapsed", "_working")))
SUMS: Final = ("dispatch", "handle", "first")
BINS: Final = ("dispatch", "handle")
# Read from the cases as they stand now (backlog.py), and put beside the counts.
_NOW: Final = ("due_unhandled", "due_unclosed", "open", "overdue")
_ZEROS: Final = dict.fromkeys((*COUNTS, *_NOW), 0)
_NO_SECONDS: Final = dict.fromkeys(SUMS, 0)


@dataclass(frozen=True, slots=True)
class Measures:
    """What is wanted of each group. Reading thousands of groups, what is left out is most of the time."""

    counts: tuple[str, ...] = COUNTS
    sums: tuple[str, ...] = SUMS
    bins: tuple[str, ...] = BINS


EVERYTHING: Final = Measures()
NO_BINS: Final = Measures(bins=())


@dataclass(frozen=True, slots=True)
class Span:
    """Days from first to last, both counted."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def until(self, last: date) -> "Span":
        """The part up to and including `last`; it may hold no day."""
        return Span(self.first, min(self.last, last))


@dataclass(frozen=True, slots=True)
class Selection:
    """What is looked at, beside the days. Empty means all; units are given with those below them."""

    streets: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    clock: Clock = "elapsed"

    def only(self, **changes: Any) -> "Selection":
        """The same with other values."""
        return replace(self, **changes)


@dataclass(slots=True)
class Figures:
    """What a group adds up to: counts, sums of seconds, and its durations."""

    counts: dict[str, int] = field(default_factory=lambda: dict(_ZEROS))
    seconds: dict[str, int] = field(default_factory=lambda: dict(_NO_SECONDS))
    dispatch: Durations = field(default_factory=Durations)
    handle: Durations = field(default_factory=Durations)

    def __getitem__(self, name: str) -> int:
        return self.counts[name]

    def __bool__(self) -> bool:
        return any(self.counts.values())

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """All of them together."""
        parts = list(parts)
        if len(parts) == 1:
            return parts[0]
        total = cls()
        for part in parts:
            for name, value in part.counts.items():
                total.counts[name] += value
            for name, value in part.seconds.items():
                total.seconds[name] += value
        total.dispatch = Durations.merged(part.dispatch for part in parts)
        total.handle = Durations.merged(part.handle for part in parts)
        return total

    def share(self, part: str, whole: str) -> float | None:
        """part / whole, or nothing where there is nothing to divide by."""
        return self.counts[part] / self.counts[whole] if self.counts[whole] > 0 else None

    def mean(self, what: str, of: str) -> float | None:
        """Seconds of `what` per fact of the count `of`."""
        return self.seconds[what] / self.counts[of] if self.counts[of] > 0 else None


Key = tuple[Any, ...]


def read(
    selection: Selection, spans: Sequence[Span], *by: By, wanted: Measures = EVERYTHING
) -> list[dict[Key, Figures]]:
    """For each span, the figures of every group that has any, keyed by the values of `by`.

    What is not `wanted` stays in the database, and is zero in the answer.
    """
    statement, parameters = _statement(selection, spans, by, wanted)
    answer: list[dict[Key, Figures]] = [{} for _span in spans]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for span, *row in cursor.fetchall():
            key, values = tuple(row[: len(by)]), row[len(by) :]
            answer[span][key] = _figures(values, wanted)
    return answer


def _figures(values: Sequence[Any], wanted: Measures) -> Figures:
    counted, summed = len(wanted.counts), len(wanted.counts) + len(wanted.sums)
    figures = Figures()
    figures.counts.update(zip(wanted.counts, values[:counted], strict=True))
    figures.seconds.update(zip(wanted.sums, values[counted:summed], strict=True))
    for name, text in zip(wanted.bins, values[summed:], strict=True):
        setattr(figures, name, Durations(text or ""))
    return figures


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Part of a span that is read in one way."""

    span: int
    grain: str  # "" reads facts
    first: date
    last: date


def _stretches(spans: Sequence[Span], split: Dim, by: Sequence[By]) -> list[_Stretch]:
    """Whole months and weeks where their cells will do, days at the edges, facts where none are kept."""
    kept = {grain for grain in Rollup.Grain.values if is_kept(grain, split)}
    coarse: list[tuple[str, Callable[[Span], Span | None]]] = []
    if "day" not in by:
        coarse = [
            (grain, whole)
            for grain, whole in ((Rollup.Grain.MONTH, _whole_months), (Rollup.Grain.WEEK, _whole_weeks))
            if grain in kept
        ]
    finest = Rollup.Grain.DAY.value if Rollup.Grain.DAY in kept else ""
    return [stretch for number, span in enumerate(spans) for stretch in _cut(number, span, coarse, finest)]


def _cut(
    number: int, span: Span, coarse: Sequence[tuple[str, Callable[[Span], Span | None]]], finest: str
) -> Iterator[_Stretch]:
    """The middle of the span in the coarsest cells that fit, what is left at both ends in finer ones."""
    if span.last < span.first:
        return
    if not coarse:
        yield _Stretch(number, finest, span.first, span.last)
        return
    (grain, whole), *finer = coarse
    middle = whole(span)
    if middle is None:
        yield from _cut(number, span, finer, finest)
        return
    yield _Stretch(number, grain, middle.first, middle.last)
    yield from _cut(number, Span(span.first, middle.first - timedelta(days=1)), finer, finest)
    yield from _cut(number, Span(middle.last + timedelta(days=1), span.last), finer, finest)


def _whole_months(span: Span) -> Span | None:
    first = span.first if span.first.day == 1 else _next_month(span.first)
    after = span.last + timedelta(days=1)
    last = after.replace(day=1) - timedelta(days=1)
    return Span(first, last) if first < last else None


def _whole_weeks(span: Span) -> Span | None:
    first = span.first + timedelta(days=-span.first.weekday() % 7)
    last = span.last - timedelta(days=(span.last.weekday() + 1) % 7)
    return Span(first, last) if first < last else None


def _next_month(day: date) -> date:
    return day.replace(day=1) + timedelta(days=calendar.monthrange(day.year, day.month)[1])


def _statement(
    selection: Selection, spans: Sequence[Span], by: Sequence[By], wanted: Measures
) -> tuple[str, list[Any]]:
    split = _split(selection, by)
    stretches = _stretches(spans, split, by)
    parts: list[str] = []
    parameters: list[Any] = []

    # A branch for each stretch, so that the planner knows how many days it is about to read.
    cell_where, cell_values = _cell_filters(selection, by)
    fact_where, fact_values = _fact_filters(selection)
    of_cells = _columns(by, selection.clock, wanted, of_cells=True)
    of_facts = _columns(by, selection.clock, wanted, of_cells=False)
    kinds = ", ".join(f"'{kind}'" for kind in Outcome.Kind.values)
    for stretch in stretches:
        days = (stretch.first, stretch.last)
        if stretch.grain:
            parts.append(
                f"SELECT {stretch.span} AS span, {of_cells} FROM dashboards_rollup r"
                f" WHERE r.split = {int(split)} AND r.grain = '{stretch.grain}'"
                f" AND r.day BETWEEN %s AND %s{cell_where}"
            )
            parts.append(
                f"SELECT {stretch.span} AS span, {of_facts} FROM dashboards_unfolded u"
                f" JOIN incidents_outcome o ON o.id = u.outcome_id WHERE o.day BETWEEN %s AND %s{fact_where}"
            )
            # Cells of a week or a month stand on its first day, waiting facts on any.
            parameters += [*days, *cell_values, *days, *fact_values]
        else:
            parts.append(
                f"SELECT {stretch.span} AS span, {of_facts} FROM incidents_outcome o"
                f" WHERE o.kind IN ({kinds}) AND o.day BETWEEN %s AND %s{fact_where}"
            )
            parameters += [*days, *fact_values]
    if not parts:
        parts.append(f"SELECT 0 AS span, {of_facts} FROM incidents_outcome o WHERE false")
    keys = ", ".join(["span", *by])
    columns = ", ".join(
        [f"coalesce(sum({name}), 0)::bigint" for name in (*wanted.counts, *wanted.sums)]
        + [f"string_agg({name}_bins, ',')" for name in wanted.bins]
    )
    return f"SELECT {keys}, {columns} FROM ({' UNION ALL '.join(parts)}) AS c GROUP BY {keys}", parameters


def _split(selection: Selection, by: Sequence[By]) -> Dim:
    """The dimensions that cells must have to answer this."""
    split = NONE
    for name in by:
        split |= _DIMS.get(name, NONE)
    if selection.units:
        split |= Dim.UNIT
    # A community's code begins with its street's, so cells by community know the street too.
    if selection.streets and Dim.COMMUNITY not in split:
        split |= Dim.STREET
    if selection.categories:
        split |= Dim.CATEGORY
    if selection.sources:
        split |= Dim.SOURCE
    return split


def _columns(by: Sequence[By], clock: Clock, wanted: Measures, *, of_cells: bool) -> str:
    """What both sides of the union select, under the same names."""
    keys = _CELL_COLUMNS if of_cells else _FACT_COLUMNS

    def measure(name: str) -> str:
        return f"r.{name}" if of_cells else MEASURES[name]

    columns = [f"{keys[name]} AS {name}" for name in by]
    columns += [f"{measure(name)} AS {name}" for name in wanted.counts]
    columns += [f"{measure(f'{name}_{clock}')} AS {name}" for name in wanted.sums]
    for name in wanted.bins:
        column = f"{name}_{clock}_bins"
        text = f"nullif(array_to_string(r.{column}, ','), '')" if of_cells else fact_bins(column)
        columns.append(f"{text} AS {name}_bins")
    return ", ".join(columns)


def _cell_filters(selection: Selection, by: Sequence[By]) -> tuple[str, list[Any]]:
    where, values = "", []
    if selection.streets:
        if "community" in by:
            where += " AND left(r.area_code, 9) = ANY(%s)"
            values.append([code[:9] for code in selection.streets])
        else:
            where += " AND r.area_code = ANY(%s)"
            values.append(list(selection.streets))
    for column, codes in (
        ("unit_code", selection.units),
        ("category_code", selection.categories),
        ("source", selection.sources),
    ):
        if codes:
            where += f" AND r.{column} = ANY(%s)"
            values.append(list(codes))
    return where, values


def _fact_filters(selection: Selection) -> tuple[str, list[Any]]:
    where, values = "", []
    for column, codes in (
        ("street_code", selection.streets),
        ("unit_code", selection.units),
        ("category_code", selection.categories),
        ("source", selection.sources),
    ):
        if codes:
            where += f" AND o.{column} = ANY(%s)"
            values.append(list(codes))
    return where, values


# --- small numbers --------------------------------------------------------------------------------

# Up to so many durations a selection is small: its percentiles are read from the facts, exactly.
EXACT_UP_TO: Final = 2_000


@dataclass(slots=True)
class Exact:
    """The durations of a small selection themselves, with the dimensions they can be grouped by."""

    rows: list[tuple[Any, ...]]  # kind, seconds, unit, street, community, category, source

    _PLACES = {"unit": 2, "street": 3, "community": 4, "category": 5, "source": 6}

    def percentiles(self, kind: str, by: str = "") -> dict[str, tuple[float, float]]:
        """The median and the 90th percentile of each group, by percentile_cont's definition."""
        groups: dict[str, list[int]] = {}
        for row in self.rows:
            if row[0] == kind:
                groups.setdefault(row[self._PLACES[by]] if by else "", []).append(row[1])
        return {
            key: (float(np.percentile(values, 50)), float(np.percentile(values, 90)))
            for key, values in groups.items()
        }


def read_exact(selection: Selection, span: Span) -> Exact:
    """Every duration that counts in a small selection."""
    where, values = _fact_filters(selection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.kind, o.{selection.clock}, o.unit_code, o.street_code, o.community_code,"
            " o.category_code, o.source FROM incidents_outcome o"
            " WHERE o.kind IN ('dispatched', 'handled') AND o.day BETWEEN %s AND %s AND o.sign > 0"
            f" AND o.{selection.clock} IS NOT NULL"
            f" AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id){where}",
            [span.first, span.last, *values],
        )
        return Exact(cursor.fetchall())
