"""红黑榜: how units, streets and communities stand in a period, on fair terms.

Nobody gets a place in an order: a row is better, level or below, and says so only where the 95 % interval
of its score does not meet the district's. The score that is compared is what it would have been, had the
row's matters been the district's mix; fewer cases than the formula's `small` are shown and not judged.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from dashboards import comparing
from dashboards.dimensions import Selection
from dashboards.indicators import value_of
from dashboards.models.scoring import Standing
from dashboards.reading import Figures, Measures, Span, read
from dashboards.scope import Names
from dashboards.scoring.apart import COUNTS, Matter, Pair, Taken, came_back, of_rescue, taken_out
from dashboards.scoring.formulas import CLOSED, Formula, Part

League, Verdict = Standing.League, Standing.Verdict
LEAGUES: Final = (League.UNIT, League.STREET, League.COMMUNITY)

# What no cell holds.
CAME_BACK: Final = "came_back"
RESCUE: Final = "rescue"
_WANTED: Final = Measures(COUNTS, ("dispatch", "handle"), ("handle",))
# Shown beside the score, each by the one definition that indicators.py has of it.
VALUES: Final = (
    "dispatch_mean",
    "handle_mean",
    "handle_median",
    "handle_p90",
    "on_time",
    "closed_share",
    "rework",
    "returned",
    "first_right",
    "paused",
    "late_entries",
    "responded",
    "said_solved",
    "satisfied",
    "coverage",
)


@dataclass(slots=True)
class Row:
    """One unit, street or community in one period."""

    league: str
    code: str
    figures: Figures
    of_matters: dict[str, Figures] = field(default_factory=dict)
    unclosed: int = 0  # before anything was taken out
    cases_out: set[int] = field(default_factory=set)  # by a ruling
    rescue: set[int] | None = None  # of 110, 119 and 120; None where the formula counts them as all others
    score: float | None = None
    adjusted: float | None = None
    half: float | None = None
    verdict: str = Verdict.SMALL
    band: str = ""
    handle_adjusted: float | None = None
    handle_half: float | None = None
    handle_verdict: str = Verdict.SMALL

    @property
    def values(self) -> dict[str, float | None]:
        """Its indicators, each in its own unit."""
        return {code: value_of(code, self.figures, "elapsed") for code in VALUES}

    @property
    def counts(self) -> dict[str, int]:
        told = {name: self.figures.counts[name] for name in (*COUNTS, CAME_BACK)}
        return told if self.rescue is None else {**told, RESCUE: len(self.rescue)}


@dataclass(slots=True)
class Ranking:
    """All rows of a period, and the district's own."""

    formula: Formula
    district: Row
    rows: dict[str, list[Row]]  # by league

    def __iter__(self) -> Any:
        yield self.district
        for rows in self.rows.values():
            yield from rows


@dataclass(frozen=True, slots=True)
class _Out:
    """What is taken out of all rows, and what counts against them beside their facts."""

    taken: Taken
    came_back: Mapping[Matter, int]
    by_ruling: set[int]
    rescue: set[int] | None


# What waited at publication, by (league, code): later closings of a frozen period earn nothing.
Waited = Mapping[tuple[str, str], int]


def rank(
    span: Span,
    formula: Formula,
    names: Names,
    *,
    without: Sequence[Pair] = (),
    closed_by: datetime,
    waited: Waited | None = None,
    leagues: Sequence[str] = LEAGUES,
) -> Ranking:
    """Compute the standings of a span by a formula.

    `without` is taken out, and so is what the formula leaves out; a case that was closed by `closed_by` is
    closed. `waited` are the unclosed of a publication, where the figures of a frozen period are computed
    again.
    """
    rescue = of_rescue(span) if formula.leaves_rescue_out else []
    out = _Out(
        taken_out([*without, *rescue], span, closed_by=closed_by),
        came_back(span, without=[*without, *rescue]),
        {case for case, _what in without},
        {case for case, _what in rescue} if formula.leaves_rescue_out else None,
    )
    by_unit = _read(span, "unit", "street", "category")
    sources: dict[str, dict[Matter, Figures]] = {
        League.UNIT: by_unit,
        League.STREET: by_unit,
        League.COMMUNITY: _read(span, "community", "category") if League.COMMUNITY in leagues else {},
    }
    whole = _row(League.DISTRICT, "", by_unit, out, lambda key: "", waited)
    whole.score = formula.score(whole.figures)
    rows: dict[str, list[Row]] = {}
    for league in leagues:
        code_of = belongs(league, names)
        codes = sorted({code for key in sources[league] if (code := code_of(key))})
        rows[league] = [
            row
            for code in codes
            if (row := _row(league, code, _mine(sources[league], code, code_of), out, code_of, waited))
            and (row.figures["due"] or row.figures["handled"])
        ]
        for row in rows[league]:
            _judge(row, whole, formula)
    band = formula.band(whole.score)
    if band is not None and formula.base(whole.figures) >= formula.small:
        whole.band, whole.verdict = band.code, Verdict.ALIKE
    return Ranking(formula, whole, rows)


def _read(span: Span, *by: Any) -> dict[Matter, Figures]:
    places = {"unit": 0, "street": 1, "community": 2, "category": 3}
    found: dict[Matter, Figures] = {}
    for codes, figures in read(Selection(), [span], *by, wanted=_WANTED)[0].items():
        key = ["", "", "", ""]
        for name, code in zip(by, codes, strict=True):
            key[places[name]] = code
        found[key[0], key[1], key[2], key[3]] = figures
    return found


def belongs(league: str, names: Names) -> Any:
    """To which row of a league a matter of a unit at a place belongs; empty for none."""
    if league == League.UNIT:
        return lambda place: names.child_of(None, place[0])
    if league == League.STREET:
        return lambda place: place[1] if place[1] in names.streets else ""
    return lambda place: place[2] if place[2] in names.communities else ""


def _mine(source: Mapping[Matter, Figures], code: str, code_of: Any) -> dict[Matter, Figures]:
    return {key: figures for key, figures in source.items() if code_of(key) == code}


def _row(
    league: str,
    code: str,
    source: Mapping[Matter, Figures],
    out: _Out,
    code_of: Any,
    waited: Waited | None,
) -> Row:
    """A row with its exclusions taken out, before it is judged."""
    parts: dict[str, list[Figures]] = defaultdict(list)
    for key, figures in source.items():
        parts[key[3]].append(figures)
    taken = out.taken
    for key, figures in taken.figures.items():
        if code_of(key) == code:
            parts[key[3]].append(figures)
    of_matters = {category: _sum(group) for category, group in parts.items()}
    for key, count in out.came_back.items():
        if code_of(key) == code:
            of_matters.setdefault(key[3], _sum([])).counts[CAME_BACK] += count
    row = Row(league, code, _sum(of_matters.values()), of_matters)
    mine = [key for key in taken.figures if code_of(key) == code]
    gone_cases = {case for key in mine for case in taken.cases[key]}
    row.cases_out = gone_cases & out.by_ruling
    row.rescue = None if out.rescue is None else gone_cases & out.rescue
    gone = sum(taken.unclosed[key] for key in mine)
    counts = row.figures.counts
    if waited is None:
        row.unclosed = counts["due"] - counts["due_closed"] + gone
    else:
        # What every indicator of closing is computed from, as it stood at publication.
        row.unclosed = waited.get((league, code), 0)
        counts["due_closed"] = counts["due"] - max(0, row.unclosed - gone)
    return row


def _sum(parts: Iterable[Figures]) -> Figures:
    """A new one: what is summed may be a cached part of something else."""
    parts = list(parts)
    total = Figures.merged([*parts, Figures()])
    total.counts[CAME_BACK] = sum(part.counts.get(CAME_BACK, 0) for part in parts)
    return total


def _judge(row: Row, whole: Row, formula: Formula) -> None:
    """Give a row its score, and say how it stands to the district where that is more than chance."""
    row.score = formula.score(row.figures)
    if row.score is None or whole.score is None or formula.base(row.figures) < formula.small:
        row.verdict, row.band = Verdict.SMALL, ""
    else:
        expected, half = _expected(row, whole, formula)
        row.adjusted = min(100.0, max(0.0, whole.score + row.score - expected))
        row.half = half
        row.verdict = _verdict(row.adjusted, half, whole.score, high_is_better=True)
        band = formula.band(row.score)
        row.band = band.code if band else ""
    _judge_time(row, whole, formula)


def _expected(row: Row, whole: Row, formula: Formula) -> tuple[float, float]:
    """The score that the district would have with this row's matters, and half the 95 % interval around a
    score of so many cases.

    Being late and being unclosed go together, so the parts' errors are added as if they always did: the
    interval is rather too wide than too narrow.
    """
    expected = half = 0.0
    for part in formula.parts:
        share = _expected_share(part, row, whole)
        cases = part.whole(row.figures)
        # one imagined good and one bad case: a share of 0 or 1 is no certainty
        smooth = (share * cases + 1) / (cases + 2)
        expected += part.weight * share
        half += part.weight * comparing.Z * math.sqrt(smooth * (1 - smooth) / cases)
    return expected, half


def _expected_share(part: Part, row: Row, whole: Row) -> float:
    everywhere = part.share(whole.figures) or 0.0
    if part is CLOSED:  # what waits is not known by matter
        return everywhere
    cases = good = 0.0
    for category, figures in row.of_matters.items():
        count = part.whole(figures)
        share = part.share(whole.of_matters[category]) if category in whole.of_matters else None
        cases += count
        good += count * (everywhere if share is None else share)
    return good / cases if cases > 0 else everywhere


def _judge_time(row: Row, whole: Row, formula: Formula) -> None:
    """The same for handling time, as the board does it: 折算 by the district's mix of matters."""
    overall, mean = whole.figures.mean("handle", "handled"), row.figures.mean("handle", "handled")
    half = comparing.mean_interval(mean, row.figures.handle)
    if overall is None or mean is None or half is None or row.figures["handled"] < formula.small:
        return
    found = comparing.adjusted_mean(row.of_matters, whole.of_matters, overall)
    if found is None:
        return
    adjusted, scale = found
    row.handle_adjusted, row.handle_half = adjusted, half * scale
    row.handle_verdict = _verdict(adjusted, half * scale, overall, high_is_better=False)


def _verdict(value: float, half: float, overall: float, *, high_is_better: bool) -> str:
    if value - half <= overall <= value + half:
        return Verdict.ALIKE
    return Verdict.BETTER if (value > overall) == high_is_better else Verdict.WORSE
