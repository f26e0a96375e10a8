"""How a span of days is read: whole years, months and weeks where their cells will do, days at the edges."""

import calendar
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dashboards.cells import Dim
from dashboards.dimensions import By
from dashboards.figures import Span
from dashboards.models import Rollup


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a span that is read in one way."""

    span: int
    grain: str  # "" reads facts
    first: date
    last: date


def stretches(spans: Sequence[Span], split: Dim | None, by: Sequence[By]) -> list[Stretch]:
    """Whole months and weeks where their cells will do, days at the edges, facts where none are kept."""
    if split is None:
        return [
            Stretch(number, "", span.first, span.last) for number, span in enumerate(spans) if span.days > 0
        ]
    coarse = [(grain, whole) for grain, whole, unless in _COARSE if not unless & set(by)]
    return [stretch for number, span in enumerate(spans) for stretch in _cut(number, span, coarse)]


def _cut(
    number: int, span: Span, coarse: Sequence[tuple[str, Callable[[Span], Span | None]]]
) -> Iterator[Stretch]:
    """The middle of the span in the coarsest cells that fit, what is left at both ends in finer ones."""
    if span.last < span.first:
        return
    if not coarse:
        yield Stretch(number, Rollup.Grain.DAY, span.first, span.last)
        return
    (grain, whole), *finer = coarse
    middle = whole(span)
    if middle is None:
        yield from _cut(number, span, finer)
        return
    yield Stretch(number, grain, middle.first, middle.last)
    yield from _cut(number, Span(span.first, middle.first - timedelta(days=1)), finer)
    yield from _cut(number, Span(middle.last + timedelta(days=1), span.last), finer)


def _whole_months(span: Span) -> Span | None:
    first = span.first if span.first.day == 1 else _next_month(span.first)
    after = span.last + timedelta(days=1)
    last = after.replace(day=1) - timedelta(days=1)
    return Span(first, last) if first < last else None


def _whole_weeks(span: Span) -> Span | None:
    first = span.first + timedelta(days=-span.first.weekday() % 7)
    last = span.last - timedelta(days=(span.last.weekday() + 1) % 7)
    return Span(first, last) if first < last else None


def _whole_years(span: Span) -> Span | None:
    first = span.first if (span.first.month, span.first.day) == (1, 1) else date(span.first.year + 1, 1, 1)
    last = date((span.last + timedelta(days=1)).year, 1, 1) - timedelta(days=1)
    return Span(first, last) if first < last else None


# From the coarsest: where a span has whole ones, and what may not be asked for.
_COARSE: Final[tuple[tuple[str, Callable[[Span], Span | None], frozenset[str]], ...]] = (
    (Rollup.Grain.YEAR, _whole_years, frozenset({"day", "week", "month"})),
    (Rollup.Grain.MONTH, _whole_months, frozenset({"day", "week"})),
    (Rollup.Grain.WEEK, _whole_weeks, frozenset({"day", "month"})),
)


def _next_month(day: date) -> date:
    return day.replace(day=1) + timedelta(days=calendar.monthrange(day.year, day.month)[1])
