"""What the leader's board reads beside a plain board: last year's line, the days of a year, the leagues of
units and communities, and what a street's change is made of. Each part is read once, when it is asked for.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

from dashboards import comparing
from dashboards.board import Board, Days, Group, Step, has_changed
from dashboards.filters import LEAGUES, month_end
from dashboards.indicators import SMALL
from dashboards.reading import Figures, Measures, Span, Table, read_tables

# The calendar's days: whole weeks that end with this one.
CALENDAR_WEEKS: Final = 53
_OF_DAYS: Final = Measures(
    ("received", "dispatched", "handled", "due", "due_met", "closed", "scored", "satisfied"),
    ("dispatch", "handle"),
    (),
)
_OF_MIX: Final = Measures(("handled",), ("handle",), ())
_ORDER: Final = {"better": 0, "alike": 1, "slower": 2, "small": 3}
_MOVED_MOST: Final = 5
# From so many days on the flow is drawn by months, and a whole month has at least so many.
LONG: Final = 200
WHOLE_MONTH: Final = 28


@dataclass(frozen=True, slots=True)
class Moved:
    """A matter of which more or fewer came in than before, by more than chance."""

    category: str
    now: int
    before: int

    @property
    def by(self) -> int:
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Piece:
    """What one matter adds to a change of the mean handling time, in seconds; None is the mix of matters."""

    category: str | None
    seconds: float
    cases: int


class LeaderBoard(Board):
    """A board with its year behind it."""

    # --- the days ----------------------------------------------------------------------------------

    @cached_property
    def calendar_span(self) -> Span:
        """The weeks of the calendar, Monday to today."""
        today = self.asked.today
        monday = today - timedelta(days=today.weekday() + 7 * (CALENDAR_WEEKS - 1))
        return Span(monday, today)

    @cached_property
    def flow(self) -> list[Step]:
        """The period by days, weeks or months; over a year, only months that are whole: part of one would
        look like a fall."""
        steps = super().flow
        whole = [step for step in steps if step.span.days >= WHOLE_MONTH]
        return whole if self.span.days > LONG and len(whole) > 1 else steps

    @property
    def reads_last_year(self) -> bool:
        """Is last year's line worth its reading? Days of two dimensions are not kept so long."""
        chosen = self.selection
        narrowed = (
            chosen.streets,
            chosen.areas,
            chosen.units,
            chosen.categories,
            chosen.items,
            chosen.sources,
            chosen.levels,
            chosen.natures,
        )
        return "year" in self.asked.against and sum(map(bool, narrowed)) <= 1

    @cached_property
    def _read_days(self) -> list[Days]:
        first = min(self._trend_spans[0].first, self.span.first, self.calendar_span.first)
        spans = [Span(first, self.asked.today)]
        if self.reads_last_year:
            year = [year_earlier(span) for span in self._trend_spans]
            spans.append(Span(year[0].first, year[-1].last))
        return [Days(table) for table in read_tables(self.selection, spans, "day", wanted=_OF_DAYS)]

    @cached_property
    def _days(self) -> Days:
        return self._read_days[0]

    @cached_property
    def trend_year_before(self) -> list[Step | None]:
        """The small lines' steps a year earlier; None where nothing was counted then."""
        if len(self._read_days) < 2:
            return []
        days = self._read_days[1]
        steps: list[Step | None] = []
        for step in self.trend:
            span = year_earlier(step.span)
            figures = days.within(span)
            steps.append(Step(span, figures) if figures else None)
        return steps if any(steps) else []

    @cached_property
    def has_changed_in_a_year(self) -> dict[str, bool]:
        """Which of the judged indicators differ from the year before by more than chance."""
        return has_changed(self.now, self.year_before)

    # --- leagues -------------------------------------------------------------------------------------

    @cached_property
    def leagues(self) -> list[str]:
        """The league tables that this selection has, the one that suits it best first."""
        if self._is_one_street:
            return ["community", "unit"]
        if self.selection.units:
            # A unit with nothing below it would stand alone in a league of units.
            return (["unit"] if len(self.units) > 1 else []) + ["street", "community"]
        return list(LEAGUES)

    @property
    def league(self) -> str:
        """The league table that is looked at."""
        return self.asked.league if self.asked.league in self.leagues else self.leagues[0]

    @cached_property
    def league_rows(self) -> list[Group]:
        """Its rows, judged against the whole, in groups."""
        if self.league == "street":
            return self.places
        rows = self.units if self.league == "unit" else self.compared_communities
        self._judge(rows, self._matters_of_league if self.league_is_adjusted else None)
        return sorted(rows, key=lambda row: (_ORDER[row.verdict], row.adjusted or row.mean or 0, row.code))

    @property
    def league_is_adjusted(self) -> bool:
        """Same-mix comparison where cells have the place or unit with its matters."""
        chosen = self.selection
        if chosen.categories or chosen.items or chosen.sources or chosen.levels or chosen.natures:
            return False
        if self.league == "street":
            return self.is_adjusted
        return not (self.league == "community" and chosen.units)

    @cached_property
    def _matters_of_league(self) -> Table:
        """Of each row, its matters: how many were handled and how long they took together."""
        if self.league != "unit":
            return read_tables(self.selection, [self.span], "community", "category", wanted=_OF_MIX)[0]
        table = read_tables(self.selection, [self.span], "unit", "category", wanted=_OF_MIX)[0]
        root = self.asked.unit or self.scope.unit
        table.keys = [(self.names.child_of(root, unit), category) for unit, category in table.keys]
        return table

    @cached_property
    def compared_communities(self) -> list[Group]:
        """Communities with everything that a league shows of them."""
        if self._is_one_street:
            return [row for row in self.communities if row.now["handled"] or row.now["due"]]
        rows = self._groups("community", self.names.community, self.of_rows)
        return [row for row in rows if row.code in self.names.communities and row.now["handled"]]

    # --- what moved ----------------------------------------------------------------------------------

    @property
    def knows_matters(self) -> bool:
        """Are places × matters read at all? Cells have no third dimension."""
        return not (self.selection.units or self.selection.sources)

    @cached_property
    def moved(self) -> list[Moved]:
        """Matters of which most more and most fewer came in, beyond chance for all of them together."""
        if not self.knows_matters or not self.has_before:
            return []
        now, before = self._by_category
        codes = {code for code in now.keys() | before.keys() if code}
        z = comparing.z_among(len(codes))
        rows = [
            Moved(code, now[code]["received"], before[code]["received"])
            for code in codes
            if max(now[code]["received"], before[code]["received"]) >= SMALL
            and comparing.counts_differ(now[code]["received"], before[code]["received"], z)
        ]
        rows.sort(key=lambda row: (-row.by, row.category))
        more = [row for row in rows if row.by > 0][:_MOVED_MOST]
        fewer = [row for row in rows if row.by < 0][-_MOVED_MOST:]
        return more + fewer

    @cached_property
    def _by_category(self) -> list[defaultdict[str, Figures]]:
        """Matters, of the period and of the one before: what came in, what was handled, how long it took."""
        return [_of_matters(table) for table in self._by_matter]

    @cached_property
    def pieces(self) -> list[Piece]:
        """What the change of the mean handling time is made of: matters that take longer or shorter than
        before, and the change of their mix. The pieces add up to the change exactly."""
        if not self.knows_matters:
            return []
        now, before = self._by_category
        n, m = (sum(part["handled"] for part in side.values()) for side in (now, before))
        if n < SMALL or m < SMALL:
            return []
        mix = 0.0
        found = []
        for code in now.keys() | before.keys():
            mean, then = now[code].mean("handle", "handled"), before[code].mean("handle", "handled")
            if mean is None and then is None:
                continue
            mean, then = (then if mean is None else mean) or 0.0, (mean if then is None else then) or 0.0
            share, share_then = now[code]["handled"] / n, before[code]["handled"] / m
            found.append(Piece(code, (share + share_then) / 2 * (mean - then), now[code]["handled"]))
            mix += (share - share_then) * (mean + then) / 2
        found.sort(key=lambda piece: (-abs(piece.seconds), piece.category or ""))
        return [*found, Piece(None, mix, n)]


def year_earlier(span: Span) -> Span:
    """The same stretch 52 weeks earlier, so that weekends stay weekends; a month is the same month."""
    if span.first.day == 1 and span.days > 27:
        first, year = span.first.replace(year=span.first.year - 1), span.last.year - 1
        if span.last == month_end(span.last):  # whatever February has
            return Span(first, month_end(span.last.replace(year=year, day=1)))
        return Span(first, span.last.replace(year=year))
    return Span(span.first - timedelta(weeks=52), span.last - timedelta(weeks=52))


def _of_matters(table: Table) -> defaultdict[str, Figures]:
    total: defaultdict[str, Figures] = defaultdict(Figures)
    columns = (table["received"].tolist(), table["handled"].tolist(), table.seconds("handle").tolist())
    for (_street, category), received, handled, took in zip(table.keys, *columns, strict=True):
        figures = total[category]
        figures.counts["received"] += received
        figures.counts["handled"] += handled
        figures.seconds["handle"] += took
    return total
