"""How standings are laid out: groups, each row's interval on one scale, and what links where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from dashboards.indicators import BY_CODE, DAY, shown
from dashboards.models import ScoringPeriod, Standing
from dashboards.scope import Names, Scope
from dashboards.scoring.formulas import Formula
from dashboards.scoring.ranking import RESCUE, Row

League, Verdict = Standing.League, Standing.Verdict
_GROUPS: Final[tuple[tuple[str, str | Promise, str, str], ...]] = (
    (Verdict.BETTER, gettext_lazy("Red list: better"), "▲", "on"),
    (Verdict.ALIKE, pgettext_lazy("league", "Level"), "●", ""),
    (Verdict.WORSE, gettext_lazy("Black list: below"), "▼", "overdue"),
    (Verdict.SMALL, gettext_lazy("Too few cases"), "○", ""),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a page, from an edition or from the facts as they are now."""

    league: str
    code: str
    name: str
    counts: dict[str, int]
    values: dict[str, float | None]
    excluded: int
    score: float | None
    adjusted: float | None
    half: float | None
    verdict: str
    band: str
    handle_adjusted: float | None
    handle_half: float | None
    handle_verdict: str


def name_of(standing: Standing) -> str:
    """What it was called then, in the reader's language."""
    return standing.name_en if (get_language() or "").startswith("en") else standing.name_zh


def line_of(standing: Standing) -> Line:
    """A row as it was published."""
    return Line(
        standing.league,
        standing.code,
        name_of(standing),
        standing.counts,
        standing.values,
        standing.excluded,
        standing.score,
        standing.adjusted,
        standing.half,
        standing.verdict,
        standing.band,
        standing.handle_adjusted,
        standing.handle_half,
        standing.handle_verdict,
    )


def line_now(row: Row, names: Names) -> Line:
    """A row as the facts have it now."""
    called = {League.UNIT: names.unit, League.STREET: names.street, League.COMMUNITY: names.community}
    name = called[row.league](row.code) if row.league in called else _("The district")  # type: ignore[index]
    return Line(
        row.league,
        row.code,
        name,
        row.counts,
        row.values,
        len(row.cases_out),
        row.score,
        row.adjusted,
        row.half,
        row.verdict,
        row.band,
        row.handle_adjusted,
        row.handle_half,
        row.handle_verdict,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def place(self, value: float) -> str:
        return f"{max(0.0, min(100.0, (value - self.low) / (self.high - self.low) * 100)):.1f}"


def _scale(lines: Iterable[Line], whole: float | None) -> _Scale:
    ends = [whole] if whole is not None else []
    for line in lines:
        if line.adjusted is not None and line.half is not None and line.verdict != Verdict.SMALL:
            ends += [line.adjusted - line.half, line.adjusted + line.half]
    low, high = (min(ends), max(ends)) if ends else (0.0, 100.0)
    margin = (high - low) * 0.06 or 1.0
    return _Scale(max(0.0, low - margin), min(100.0, high + margin) if high < 100 else 100.0 + margin)


def table(
    period: ScoringPeriod,
    formula: Formula,
    lines: Sequence[Line],
    district: Line,
    *,
    scope: Scope,
    names: Names,
) -> dict[str, Any]:
    """One league: its groups in the order better, level, below, too few; inside a group by name of code,
    for nobody there is ahead of anybody."""
    scale = _scale(lines, district.score)
    groups = []
    for verdict, words, mark, state in _GROUPS:
        members = sorted((line for line in lines if line.verdict == verdict), key=lambda line: line.code)
        if members:
            groups.append(
                {
                    "words": words,
                    "mark": mark,
                    "state": state,
                    "is_small": verdict == Verdict.SMALL,
                    "rows": [
                        _cells(period, line, formula, scale, scope=scope, names=names) for line in members
                    ],
                }
            )
    return {
        "groups": groups,
        "finding": finding(lines),
        "whole": points(district.score),
        "whole_at": scale.place(district.score) if district.score is not None else "",
        "district": _cells(period, district, formula, scale, scope=scope, names=names),
    }


def finding(lines: Sequence[Line]) -> str:
    """What the table says, in a sentence."""
    judged = [line for line in lines if line.verdict != Verdict.SMALL]
    if not judged:
        return _("Nobody has cases enough to be judged.")
    better = sum(line.verdict == Verdict.BETTER for line in judged)
    worse = sum(line.verdict == Verdict.WORSE for line in judged)
    if not better and not worse:
        return ngettext(
            "The one that is judged is level with the district.",
            "All %(count)d are level with the district: the differences are no more than chance.",
            len(judged),
        ) % {"count": len(judged)}
    return _(
        "On the same mix of matters {better} of {count} are better than the district, {worse} below."
    ).format(better=better, worse=worse, count=len(judged))


def _why_small(line: Line, formula: Formula) -> str:
    """Why a row with cases enough that fell due is not judged: the formula has a part of what was handled."""
    due, handled = line.counts["due"], line.counts["handled"]
    if line.verdict != Verdict.SMALL or not handled < formula.small <= due:
        return ""
    return _("only {count} handled").format(count=f"{handled:,}")


def _cells(
    period: ScoringPeriod,
    line: Line,
    formula: Formula,
    scale: _Scale,
    *,
    scope: Scope,
    names: Names,
) -> dict[str, Any]:
    band = next((band for band in formula.bands if band.code == line.band), None)
    handled, due = line.counts["handled"], line.counts["due"]
    cells = {
        "code": line.code,
        "name": line.name,
        "due": f"{due:,}",
        "handled": f"{handled:,}",
        "is_small": line.verdict == Verdict.SMALL,
        "why_small": _why_small(line, formula),
        "score": points(line.score),
        "adjusted": points(line.adjusted),
        "half": points(line.half),
        "band": band.name if band else "",
        "band_state": band.state if band else "",
        "on_time": _value("on_time", line),
        "closed": _value("closed_share", line),
        "rework": _value("rework", line),
        "came_back": f"{line.counts['came_back']:,}",
        "returned": _value("returned", line),
        "days": _value("handle_mean", line),
        "days_adjusted": "—" if line.handle_adjusted is None else f"{line.handle_adjusted / DAY:.2f}",
        "days_verdict": line.handle_verdict,
        "satisfied": _value("satisfied", line),
        "satisfied_small": line.counts["scored"] < 30,
        "coverage": _value("coverage", line),
        # Before there was a count of who was asked, it was ratings to closings, and passed 100.
        "is_coverage_old": "asked" not in line.counts,
        "paused": _value("paused", line),
        "late_entries": _value("late_entries", line),
        "excluded": line.excluded,
        "rescue": line.counts.get(RESCUE, 0),
    }
    if line.adjusted is not None and line.half is not None and line.verdict != Verdict.SMALL:
        start, end = scale.place(line.adjusted - line.half), scale.place(line.adjusted + line.half)
        cells["dot"] = {
            "at": scale.place(line.adjusted),
            "start": start,
            "width": f"{float(end) - float(start):.1f}",
            "words": _("{value} ± {half}").format(value=points(line.adjusted), half=points(line.half)),
        }
    if line.excluded:
        cells["excluded_url"] = _with(
            reverse("scoring-exclusions", args=[period.key]), league=line.league, code=line.code
        )
    if line.league != League.DISTRICT and may_open(scope, line, names):
        cells["urls"] = {
            name: _with(
                reverse("board-cases"),
                list=name,
                **{"from": period.first.isoformat(), "to": period.last.isoformat(), line.league: line.code},
            )
            for name in ("due", "late", "handled", "reworked")
        }
    return cells


def may_open(scope: Scope, line: Line, names: Names) -> bool:
    """Is the row's list of cases in this person's scope?"""
    if scope.is_district:
        return True
    if line.league == League.UNIT:
        unit = names.units.get(line.code)
        return unit is not None and scope.unit is not None and unit.is_within(scope.unit)
    return bool(scope.street) and line.code[:9] == scope.street[:9]


def points(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"


def _value(code: str, line: Line) -> str:
    return shown(BY_CODE[code], line.values.get(code))


def _with(path: str, **query: str) -> str:
    return f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


def changed_rows(changes: Sequence[tuple[Standing | None, Standing | None]]) -> list[dict[str, Any]]:
    """Before and after of every row that a revision changed, the district and the leagues' own first; of
    rows that differ in nothing that stands here (a digit behind the point, days) only where there are no
    others."""
    rows: list[dict[str, Any]] = []
    for old, new in changes:
        named = new or old
        assert named is not None
        rows.append(
            {
                "league": named.get_league_display(),
                "name": name_of(named),
                "score": (points(old.score if old else None), points(new.score if new else None)),
                "due": (_count(old, "due"), _count(new, "due")),
                "met": (_count(old, "due_met"), _count(new, "due_met")),
                "excluded": (old.excluded if old else 0, new.excluded if new else 0),
                "verdict": (
                    old.get_verdict_display() if old else "—",
                    new.get_verdict_display() if new else "—",
                ),
                "has_moved": (old.verdict if old else "") != (new.verdict if new else ""),
            }
        )
    seen = ("score", "due", "met", "excluded", "verdict")
    return [row for row in rows if any(row[name][0] != row[name][1] for name in seen)] or rows


def _count(row: Standing | None, name: str) -> str:
    return f"{row.counts[name]:,}" if row else "—"
