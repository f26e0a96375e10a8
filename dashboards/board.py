"""What a board shows, read in a fixed number of queries and judged by rules; templates only lay it out."""

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import Any, Final

import numpy as np

from dashboards import comparing
from dashboards.backlog import AGES, Waiting, open_cases
from dashboards.dimensions import By
from dashboards.filters import Asked
from dashboards.indicators import OF_NOW, SMALL, day_length, value_of
from dashboards.packing import Ints
from dashboards.reading import (
    EVERYTHING,
    EXACT_UP_TO,
    Exact,
    Figures,
    Key,
    Measures,
    Selection,
    Span,
    Table,
    read,
    read_exact,
    read_tables,
)
from dashboards.scope import Names, Scope

# A change of place × matter is only told from this many cases on in both periods.
CHANGE_LEAST: Final = 30
# More came in from this multiple on, and more was late from this much of what fell due.
MORE: Final = 1.3
LATER: Final = 0.02
_CHANGES_SHOWN: Final = 5
_SPOTS_SHOWN: Final = 6
_CANDIDATES: Final = 10

# What each part of the board reads: a row of a table, a day, a community, a place with its matter.
_OF_ROWS: Final = Measures(
    ("dispatched", "returned", "handled", "due", "due_met", "due_closed", "reworked", "scored", "satisfied"),
    ("dispatch", "handle"),
    ("handle",),
)
_OF_DAYS: Final = Measures(
    ("received", "dispatched", "handled", "due", "due_met", "closed", "scored", "satisfied"),
    ("dispatch", "handle"),
    (),
)
_OF_COMMUNITIES: Final = Measures(("handled", "due", "due_met"), ("handle",), ())
_OF_MATTERS: Final = Measures(("received", "handled", "due", "due_met"), ("handle",), ())
_OF_SUSPECTS: Final = Measures(("handled",), ("handle",), ("handle",))


@dataclass(slots=True)
class Group:
    """One row of a table: a street, a community, a unit or a category, in both periods."""

    code: str
    name: str
    now: Figures
    before: Figures
    kind: str  # the filter that opens it: street, community, unit, category
    adjusted: float | None = None  # seconds
    half: float | None = None  # half the 95 % interval of the (adjusted) mean, seconds
    verdict: str = ""  # better, alike, slower, small
    exact: tuple[float, float] | None = None  # median and p90 from the facts, seconds
    parts: list["Group"] = field(default_factory=list)

    @property
    def is_small(self) -> bool:
        return self.now["handled"] < SMALL

    @property
    def mean(self) -> float | None:
        return self.now.mean("handle", "handled")

    @property
    def median(self) -> float | None:
        return self.exact[0] if self.exact else self.now.handle.percentile(0.5)

    @property
    def p90(self) -> float | None:
        return self.exact[1] if self.exact else self.now.handle.percentile(0.9)

    @property
    def has_slowed(self) -> bool:
        return self._differs and (self.mean or 0) > (self.before.mean("handle", "handled") or 0)

    @property
    def has_quickened(self) -> bool:
        return self._differs and not self.has_slowed

    @property
    def _differs(self) -> bool:
        return (
            not self.is_small
            and self.before["handled"] >= SMALL
            and comparing.means_differ(
                self.mean, self.now.handle, self.before.mean("handle", "handled"), self.before.handle
            )
        )

    @property
    def on_time(self) -> float | None:
        return self.now.share("due_met", "due")

    @property
    def late(self) -> int:
        return self.now["due"] - self.now["due_met"]


@dataclass(frozen=True, slots=True)
class Change:
    """A place and a matter that got worse by more than chance."""

    street: str
    category: str
    what: str  # handle, on_time, intake, returned
    before: float
    now: float
    cases: int
    weight: float


@dataclass(frozen=True, slots=True)
class Step:
    """One point of a line over time."""

    span: Span
    figures: Figures


class Board:
    """Everything on one board; each part is read once, when it is asked for."""

    def __init__(
        self, asked: Asked, *, scope: Scope, names: Names, at: datetime, of_rows: Measures = _OF_ROWS
    ) -> None:
        self.of_rows = of_rows
        self.asked, self.scope, self.names, self.at = asked, scope, names, at
        self.selection: Selection = asked.selection
        # What has not happened yet is not counted: cases done early fall due on days to come.
        self.span = asked.period.span.until(asked.today)
        self.before_span = asked.period.before
        # As many days of last year, where the period is not over yet.
        self.year_span = replace(asked.period, span=self.span).year_before
        self.day = day_length(asked.selection.clock)

    # --- the whole -------------------------------------------------------------------------------

    @cached_property
    def _totals(self) -> tuple[Figures, Figures, Figures]:
        now, before, year = read(self.selection, [self.span, self.before_span, self.year_span])
        return now.get((), Figures()), before.get((), Figures()), year.get((), Figures())

    @cached_property
    def now(self) -> Figures:
        """The whole of the period, with what waits now beside it."""
        figures = self._totals[0]
        figures.counts["open"] = sum(row.open for row in self.waiting)
        figures.counts["overdue"] = sum(row.overdue for row in self.waiting)
        return figures

    @property
    def before(self) -> Figures:
        """The whole of the period before."""
        return self._totals[1]

    @property
    def year_before(self) -> Figures:
        """同比: the whole of the same days a year earlier."""
        return self._totals[2]

    @cached_property
    def exact(self) -> Exact | None:
        """The durations themselves, where the selection is small enough to read them."""
        if max(len(self.now.dispatch), len(self.now.handle)) > EXACT_UP_TO:
            return None
        return read_exact(self.selection, self.span)

    def value(self, code: str) -> float | None:
        """An indicator of the period; percentiles of a small selection come from the facts."""
        what, _, which = code.partition("_")
        if which in ("median", "p90") and self.exact is not None:
            kind = {"dispatch": "dispatched", "handle": "handled"}[what]
            found = self.exact.percentiles(kind).get("")
            if found is None:
                return None
            return found[which == "p90"] / (3600 if what == "dispatch" else self.day)
        return value_of(code, self.now, self.selection.clock)

    def value_before(self, code: str) -> float | None:
        """The same indicator of the period before; None of what waits, which is known of now alone."""
        return self._value_then(code, self.before)

    def value_year_before(self, code: str) -> float | None:
        """The same indicator of the same days a year earlier; None of what waits."""
        return self._value_then(code, self.year_before)

    def _value_then(self, code: str, figures: Figures) -> float | None:
        return None if code in OF_NOW else value_of(code, figures, self.selection.clock)

    @property
    def has_before(self) -> bool:
        """Was enough counted in the period before to speak of a change?"""
        return self.before["received"] >= SMALL

    @cached_property
    def has_changed(self) -> dict[str, bool]:
        """Which of the judged indicators differ from the period before by more than chance."""
        now, before, _year = self._totals
        return has_changed(now, before)

    # --- over time -------------------------------------------------------------------------------

    @cached_property
    def _days(self) -> "Days":
        span = Span(min(self._trend_spans[0].first, self.span.first), self.asked.today)
        return Days(read_tables(self.selection, [span], "day", wanted=_OF_DAYS)[0])

    @cached_property
    def by_day(self) -> dict[date, Figures]:
        """Counts and sums of every day from the trend's first to today."""
        return self._days.each()

    @cached_property
    def _trend_spans(self) -> list[Span]:
        """Twelve weeks or months that end with the period."""
        last = self.span.last
        if self.span.days > 62:
            return _months(last, 12)
        return [
            Span(last - timedelta(days=7 * weeks + 6), last - timedelta(days=7 * weeks))
            for weeks in range(11, -1, -1)
        ]

    @cached_property
    def trend(self) -> list[Step]:
        """The steps of the small lines; those before the first case are left out."""
        steps = [Step(span, self._sum(span)) for span in self._trend_spans]
        while steps and not steps[0].figures:
            steps.pop(0)
        return steps

    @cached_property
    def flow_leaves_out_today(self) -> bool:
        """A day that is not over would look like a fall."""
        return self.span.last == self.asked.today and 3 < self.span.days <= 45

    @cached_property
    def flow(self) -> list[Step]:
        """The period by days, weeks or months."""
        days = self.span.days
        if days <= 45:
            last = self.span.last - timedelta(days=1) if self.flow_leaves_out_today else self.span.last
            spans = [Span(day, day) for day in _days(Span(self.span.first, last))]
        elif days <= 200:
            first = self.span.first
            spans = [
                Span(start, min(start + timedelta(days=6), self.span.last))
                for start in (first + timedelta(days=7 * week) for week in range((days + 6) // 7))
            ]
        else:
            spans = [
                Span(max(month.first, self.span.first), min(month.last, self.span.last))
                for month in _months(self.span.last, (days + 59) // 30)
                if month.last >= self.span.first
            ]
        return [Step(span, self._sum(span)) for span in spans]

    def _sum(self, span: Span) -> Figures:
        return self._days.within(span)

    @property
    def counts_units(self) -> bool:
        """Is the board about a unit? Then what comes in is what was sent to it."""
        return bool(self.selection.units)

    @property
    def coming_in(self) -> str:
        return "dispatched" if self.counts_units else "received"

    @property
    def going_out(self) -> str:
        return "handled" if self.counts_units else "closed"

    # --- groups ----------------------------------------------------------------------------------

    @cached_property
    def waiting(self) -> list[Waiting]:
        """Open cases by street and age."""
        return open_cases(self.selection, at=self.at)

    @cached_property
    def ages(self) -> list[Waiting]:
        """Open cases by age alone, the youngest first."""
        bands = [name for name, _most in AGES]
        return [
            Waiting(
                "",
                age,
                sum(row.in_time for row in self.waiting if row.age == age),
                sum(row.overdue for row in self.waiting if row.age == age),
                sum(row.paused for row in self.waiting if row.age == age),
            )
            for age in bands
        ]

    def _groups(self, kind: str, name: Callable[[str], str], wanted: Measures | None = None) -> list[Group]:
        by: Any = kind
        wanted = wanted or self.of_rows
        # A map compares nothing with the period before.
        spans = [self.span] if wanted == _OF_COMMUNITIES else [self.span, self.before_span]
        now, *earlier = read(self.selection, spans, by, wanted=wanted)
        before, nothing = (earlier[0], Figures()) if earlier else ({}, Figures.unread())
        of_few = self.exact if wanted.bins and kind in Exact.PLACES else None
        exact = of_few.percentiles("handled", kind) if of_few else {}
        return [
            Group(
                str(code),
                name(str(code)),
                figures,
                before.get((code,), nothing),
                kind,
                exact=exact.get(code),
            )
            for (code,), figures in now.items()
        ]

    @cached_property
    def places(self) -> list[Group]:
        """The league: streets, or the communities of the one street that is looked at."""
        if self._is_one_street:
            rows = [row for row in self.communities if row.now["handled"] or row.now["due"]]
        else:
            rows = self.streets
        self._judge(rows, self._by_matter[0] if self.is_adjusted else None)
        order = {"better": 0, "alike": 1, "slower": 2, "small": 3}
        return sorted(rows, key=lambda row: (order[row.verdict], row.adjusted or row.mean or 0, row.code))

    @cached_property
    def streets(self) -> list[Group]:
        """Every street that had anything, with what waits there."""
        rows = [row for row in self._groups("street", self.names.street) if row.code]
        return sorted(rows, key=lambda row: row.code)

    def _judge(self, rows: list[Group], of_matters: Table | None = None) -> None:
        """Better, alike or slower than the whole, by the 95 % interval of the mean: of the adjusted one where
        places are given with their matters."""
        overall = self.now.mean("handle", "handled")
        adjusted: dict[str, tuple[float, float]] = {}
        if of_matters is not None and overall:
            adjusted = comparing.adjusted_means(
                [str(key[0]) for key in of_matters.keys],
                [str(key[1]) for key in of_matters.keys],
                of_matters["handled"],
                of_matters.seconds("handle"),
                overall,
            )
        for row in rows:
            scale = 1.0
            if row.code in adjusted:
                row.adjusted, scale = adjusted[row.code]
            shown = row.adjusted if row.adjusted is not None else row.mean
            half = comparing.mean_interval(row.mean, row.now.handle)
            row.half = half * scale if half is not None else None
            if row.is_small or row.half is None or shown is None or overall is None:
                row.verdict = "small"
            elif shown + row.half < overall:
                row.verdict = "better"
            elif shown - row.half > overall:
                row.verdict = "slower"
            else:
                row.verdict = "alike"

    @property
    def is_adjusted(self) -> bool:
        """Same-mix comparison needs the district's matters; one unit or one source has its own."""
        return not (
            self.selection.units or self.selection.categories or self.selection.sources or self._is_one_street
        )

    @property
    def _is_one_street(self) -> bool:
        return len(self.selection.streets) == 1

    @cached_property
    def _by_matter(self) -> list[Table]:
        """Streets × matters, of the period and of the one before."""
        spans = [self.span, self.before_span]
        return read_tables(self.selection, spans, "street", "category", wanted=_OF_MATTERS)

    @cached_property
    def communities(self) -> list[Group]:
        """Every community that had anything, the latest first."""
        # Only where they are the league does anybody ask how long each took.
        wanted = self.of_rows if self._is_one_street or self.of_rows == EVERYTHING else _OF_COMMUNITIES
        rows = [
            row
            for row in self._groups("community", self.names.community, wanted)
            if row.code in self.names.communities
        ]
        return sorted(rows, key=lambda row: (-row.late, -row.now["handled"], row.code))

    @cached_property
    def units(self) -> list[Group]:
        """Units below the one looked at (or the district), each with everything below it."""
        root = self.asked.unit or self.scope.unit
        rows = self._groups("unit", self.names.unit)
        collected: dict[str, list[Group]] = defaultdict(list)
        for row in rows:
            collected[self.names.child_of(root, row.code)].append(row)
        groups = []
        for code, parts in collected.items():
            now = Figures.merged(part.now for part in parts)
            before = Figures.merged(part.before for part in parts)
            group = Group(code, self.names.unit(code), now, before, "unit", parts=parts)
            group.exact = self._exact_of({part.code for part in parts})
            if now["handled"] or now["due"] or now["dispatched"]:
                groups.append(group)
        return sorted(groups, key=lambda row: (-row.now["handled"], row.code))

    def _exact_of(self, units: set[str]) -> tuple[float, float] | None:
        if self.exact is None:
            return None
        rows = [row for row in self.exact.rows if row[2] in units]
        return Exact(rows).percentiles("handled").get("")

    @cached_property
    def categories(self) -> list[Group]:
        """Matters by how many were handled."""
        rows = [row for row in self._groups("category", self.names.category) if row.code]
        return sorted(rows, key=lambda row: (-row.now["handled"], row.code))

    def split_by(self, by: By) -> list[Group]:
        """Every group of any dimension that had anything, in both periods; of units and days in their order,
        otherwise by how many were handled."""
        if by == "block":
            return self._blocks()
        rows = self._groups(by, partial(self.names.of, by))
        if by in ("day", "week", "month"):
            return sorted(rows, key=lambda row: row.code)
        return sorted(rows, key=lambda row: (-row.now["handled"], row.code))

    def _blocks(self) -> list[Group]:
        """Blocks, each with the grid cells in it."""
        collected: dict[str, list[Group]] = defaultdict(list)
        for row in self.split_by("cell"):
            if row.code in self.names.block_of:
                collected[self.names.block_of[row.code]].append(row)
        return [
            Group(
                code,
                self.names.area(code),
                Figures.merged(part.now for part in parts),
                Figures.merged(part.before for part in parts),
                "area",
                parts=parts,
            )
            for code, parts in sorted(collected.items())
        ]

    @cached_property
    def late_spots(self) -> list[tuple[str, str, Figures]]:
        """Places × matters with the most late cases."""
        matters = self._by_matter[0]
        late = matters["due"] - matters["due_met"]
        spots = [
            (-int(late[place]), *matters.keys[place], place)
            for place in np.flatnonzero(late > 0).tolist()
            if all(matters.keys[place])
        ]
        return [
            (street, category, matters.row(place))
            for _late, street, category, place in heapq.nsmallest(_SPOTS_SHOWN, spots)
        ]

    # --- what got worse --------------------------------------------------------------------------

    @cached_property
    def changes(self) -> list[Change]:
        """Places × matters that got worse by more than chance, the weightiest first."""
        if self.selection.units or self.selection.sources:
            return []
        now, before = self._by_matter
        then_of = {key: place for place, key in enumerate(before.keys)}
        both = [(place, then_of[key]) for place, key in enumerate(now.keys) if key in then_of]
        # Three things are asked of every place and matter that both periods have.
        z = comparing.z_among(3 * len(both))
        both = [(place, then) for place, then in both if all(now.keys[place])]
        here, there = np.array(both, dtype=np.int64).reshape(-1, 2).T
        found = [
            change
            for at in _suspicious(now, before, here, there)
            for change in _count_changes(now.keys[here[at]], now.row(here[at]), before.row(there[at]), z)
        ]
        judged = np.minimum(now["handled"][here], before["handled"][there]) >= CHANGE_LEAST
        here, there = here[judged], there[judged]
        cases = now["handled"][here]
        mean_then = before.seconds("handle")[there] / before["handled"][there]
        slower = now.seconds("handle")[here] / cases / np.maximum(1.0, mean_then)
        suspects = [
            (float(slower[at] * cases[at] ** 0.5), *now.keys[here[at]])
            for at in np.flatnonzero(slower > 1.15).tolist()
        ]
        found += self._slower(sorted(suspects, reverse=True)[:_CANDIDATES], z)
        found.sort(key=lambda change: (-change.weight, change.street, change.category))
        seen: set[tuple[str, str]] = set()
        top = []
        for change in found:
            if (change.street, change.category) not in seen:
                seen.add((change.street, change.category))
                top.append(change)
        return top[:_CHANGES_SHOWN]

    def _slower(self, suspects: list[tuple[float, str, str]], z: float) -> list[Change]:
        """Of the suspects, those whose handling time rose by more than chance."""
        if not suspects:
            return []
        narrowed = self.selection.only(
            streets=tuple({street for _weight, street, _category in suspects}),
            categories=tuple({category for _weight, _street, category in suspects}),
        )
        now, before = read(narrowed, [self.span, self.before_span], "street", "category", wanted=_OF_SUSPECTS)
        found = []
        for _weight, street, category in suspects:
            figures, then = now[street, category], before[street, category]
            mean, mean_then = figures.mean("handle", "handled"), then.mean("handle", "handled")
            if mean and mean_then and comparing.means_differ(mean, figures.handle, mean_then, then.handle, z):
                extra_days = (mean - mean_then) * figures["handled"] / self.day
                found.append(
                    Change(
                        street,
                        category,
                        "handle",
                        mean_then / self.day,
                        mean / self.day,
                        figures["handled"],
                        extra_days / 5,
                    )
                )
        return found


def _count_changes(key: Key, now: Figures, before: Figures, z: float) -> list[Change]:
    street, category = key
    found = []
    came, came_before = now["received"], before["received"]
    if (
        min(came, came_before) >= CHANGE_LEAST
        and came > MORE * came_before
        and comparing.counts_differ(came, came_before, z)
    ):
        found.append(Change(street, category, "intake", came_before, came, came, (came - came_before) / 4))
    late, late_before = now["due"] - now["due_met"], before["due"] - before["due_met"]
    if (
        min(now["due"], before["due"]) >= CHANGE_LEAST
        and late / now["due"] > late_before / before["due"] + LATER
        and comparing.shares_differ(late, now["due"], late_before, before["due"], z)
    ):
        more = (late / now["due"] - late_before / before["due"]) * now["due"]
        shares = now["due_met"] / now["due"], before["due_met"] / before["due"]
        found.append(Change(street, category, "on_time", shares[1], shares[0], now["due"], more))
    return found


def has_changed(now: Figures, before: Figures) -> dict[str, bool]:
    """Which of the judged indicators of two selections differ by more than chance."""

    def means(what: str, count: str) -> bool:
        return comparing.means_differ(
            now.mean(what, count),
            getattr(now, what),
            before.mean(what, count),
            getattr(before, what),
        )

    def shares(part: str, whole: str) -> bool:
        return comparing.shares_differ(now[part], now[whole], before[part], before[whole])

    return {
        "dispatch_mean": means("dispatch", "dispatched"),
        "handle_mean": means("handle", "handled"),
        "on_time": shares("due_met", "due"),
        "satisfied": shares("satisfied", "scored"),
        "received": comparing.counts_differ(now["received"], before["received"]),
    }


def _suspicious(now: Table, before: Table, here: Ints, there: Ints) -> list[int]:
    """Places and matters that _count_changes has to look at: so many, and so much more or later."""
    came, came_before = now["received"][here], before["received"][there]
    due, due_before = now["due"][here], before["due"][there]
    late, late_before = due - now["due_met"][here], due_before - before["due_met"][there]
    more = (np.minimum(came, came_before) >= CHANGE_LEAST) & (came > MORE * came_before)
    later = late / np.maximum(due, 1) > late_before / np.maximum(due_before, 1) + LATER
    return np.flatnonzero(more | (np.minimum(due, due_before) >= CHANGE_LEAST) & later).tolist()


class Days:
    """Counts and sums of many days, and of any days together."""

    def __init__(self, table: Table) -> None:
        self._table = table.sorted()
        self._days: list[date] = [key[0] for key in self._table.keys]
        self._running = self._table.running()

    def each(self) -> dict[date, Figures]:
        """Every day that had anything."""
        return dict(zip(self._days, self._table.figures(), strict=True))

    def within(self, span: Span) -> Figures:
        """The days of a span together."""
        return self._running.between(bisect_left(self._days, span.first), bisect_right(self._days, span.last))


def _days(span: Span) -> Iterable[date]:
    return (span.first + timedelta(days=number) for number in range(span.days))


def _months(last: date, count: int) -> list[Span]:
    """The last `count` months, the newest one up to `last`."""
    spans = [Span(last.replace(day=1), last)]
    while len(spans) < count:
        end = spans[0].first - timedelta(days=1)
        spans.insert(0, Span(end.replace(day=1), end))
    return spans
