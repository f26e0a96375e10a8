"""Rows of figures: every indicator by day and by month, from the one table of indicators and the cells that
the boards read. Groups of too few cases are kept back (privacy.too_small)."""

import calendar
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings

from dashboards.datasets.definition import Cut, Row
from dashboards.datasets.privacy import too_small
from dashboards.dimensions import By, Selection
from dashboards.indicators import ALL, OF_NOW, SMALL
from dashboards.reading import Figures, Span, read
from grids.models import Area
from incidents.models import Outcome

INDICATORS: Final = tuple(one for one in ALL if one.code not in OF_NOW)
# Where a case was settled: together they are the cases handled.
_SETTLED: Final = tuple(f"settled_{level}" for level in "abcd")
_DISTRICT: Final = "district"
_SPLITS: Final[tuple[By, ...]] = (
    "street",
    "community",
    "unit",
    "domain",
    "category",
    "source",
    "level",
    "nature",
)

# A cell of the answer: day or month, by what it is split, the group's code, the indicator.
Cell = tuple[date, str, str, str]
Group = tuple[date, str, str]


def daily(cut: Cut) -> Iterator[Row]:
    """Each indicator of each day that was over at the cut, for the district and for each street."""
    district = _district()
    for month in _months(cut.day - timedelta(days=1)):
        untold = _untold(month) if _is_whole(month) else frozenset()
        days = read(Selection(), [month], "day")[0]
        streets = read(Selection(), [month], "day", "street")[0]
        groups: dict[Group, Figures] = {(day, _DISTRICT, district): told for (day,), told in days.items()}
        groups |= {(day, "street", code): told for (day, code), told in streets.items()}
        # A day's streets add up to the district, and a place's days to its month, which is told as well.
        parts = _gathered(groups, lambda day, split, code: (day, split), only=frozenset({"street"}))
        parts += _gathered(groups, lambda day, split, code: (split, code))
        yield from _rows(groups, parts, cut, untold)


def monthly(cut: Cut) -> Iterator[Row]:
    """Each indicator of each whole month, for the district and by each of its dimensions.

    Of the running one nothing: what it has more than yesterday's file would be one day's.
    """
    district = _district()
    for month in filter(_is_whole, _months(cut.day - timedelta(days=1))):
        groups: dict[Group, Figures] = {}
        for told in read(Selection(), [month])[0].values():
            groups[month.first, _DISTRICT, district] = told
        for split in _SPLITS:
            of_split = read(Selection(), [month], split)[0]
            groups |= {(month.first, split, str(code)): figures for (code,), figures in of_split.items()}
        parts = _gathered(groups, lambda day, split, code: (split, _above(split, code)))
        yield from _rows(groups, parts, cut)


def _is_whole(month: Span) -> bool:
    return month.last.day == calendar.monthrange(month.last.year, month.last.month)[1]


def _untold(month: Span) -> frozenset[tuple[str, str]]:
    """Streets and indicators that are kept back of a month: the days must not add up to them."""
    told = read(Selection(), [month], "street")[0]
    groups = {(month.first, "street", str(code)): figures for (code,), figures in told.items()}
    parts = _gathered(groups, lambda day, split, code: split)
    return frozenset((code, indicator) for _day, _split, code, indicator in _hidden(_sizes(groups), parts))


def _above(split: str, code: str) -> str:
    """What a group's total is told of: communities add up to their street, categories to their domain."""
    if split == "community":
        return code[:9]
    return code[:2] if split == "category" else ""


def _gathered(
    groups: Mapping[Group, Figures], by: Any, *, only: frozenset[str] | None = None
) -> list[list[Group]]:
    """Groups that add up to something that is told too."""
    found: dict[Any, list[Group]] = defaultdict(list)
    for day, split, code in groups:
        if only is None or split in only:
            found[by(day, split, code)].append((day, split, code))
    return list(found.values())


def _sizes(groups: Mapping[Group, Figures]) -> dict[Cell, int]:
    """How many cases each figure is computed from."""
    return {
        (*group, indicator.code): indicator.base(figures)
        for group, figures in groups.items()
        for indicator in INDICATORS
    }


def _hidden(sizes: Mapping[Cell, int], parts: Sequence[Sequence[Group]]) -> set[Cell]:
    """What is kept back."""
    added_up: list[list[Cell]] = [
        [(*group, indicator.code) for group in part] for part in parts for indicator in INDICATORS
    ]
    groups = {cell[:3] for cell in sizes}
    added_up += [[(*group, code) for code in _SETTLED] for group in groups]
    return too_small(sizes, added_up, least=settings.DATASETS_LEAST)


def _rows(
    groups: Mapping[Group, Figures],
    parts: Sequence[Sequence[Group]],
    cut: Cut,
    untold: frozenset[tuple[str, str]] = frozenset(),
) -> Iterator[Row]:
    """`untold`: of these one day at least is kept back, for all of them together are."""
    sizes = _sizes(groups)
    smallest: dict[tuple[str, str], Cell] = {}
    for cell, size in sizes.items():
        _day, split, code, name = cell
        if split == "street" and size > 0 and (code, name) in untold:
            best = smallest.setdefault((code, name), cell)
            if (size, cell) < (sizes[best], best):
                smallest[code, name] = cell
    hidden = _hidden(sizes | dict.fromkeys(smallest.values(), 1), parts)
    for group in sorted(groups):
        day, split, code = group
        for indicator in INDICATORS:
            cell = (*group, indicator.code)
            cases = sizes[cell]
            value = indicator.compute(groups[group], "elapsed")
            if cases <= 0 and not value:
                continue  # nothing happened, and nothing is said
            is_hidden = cell in hidden
            cut.suppressed[0] += is_hidden
            yield (
                day,
                split,
                code,
                indicator.code,
                None if is_hidden else value,
                indicator.unit,
                None if is_hidden else cases,
                indicator.unit != "cases" and cases < SMALL,
                is_hidden,
            )


def _district() -> str:
    return Area.objects.filter(kind=Area.Kind.DISTRICT).values_list("code", flat=True).first() or ""


def _months(last: date) -> Iterator[Span]:
    """Every month from the first fact on, the running one up to the day of the cut."""
    first = Outcome.objects.order_by("day").values_list("day", flat=True).first()
    if first is None:
        return
    start = first.replace(day=1)
    while start <= last:
        end = start.replace(day=calendar.monthrange(start.year, start.month)[1])
        yield Span(start, min(end, last))
        start = end + timedelta(days=1)
