"""评分公式: every version of the composite score as data, and from which day on it holds.

A period is scored by the version that held on its first day, and keeps it: revisions too. A version that
has scored anything is never edited; a better one is a new entry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboards.indicators import SMALL
from dashboards.reading import Figures

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Part:
    """A share of good cases and what it weighs."""

    code: str
    name: Text
    weight: float
    good: Callable[[Figures], int]
    whole: Callable[[Figures], int]

    def share(self, figures: Figures) -> float | None:
        """Good ÷ whole, never below 0: a resolution can be found wanting more than once."""
        whole = self.whole(figures)
        return max(0, self.good(figures)) / whole if whole > 0 else None


@dataclass(frozen=True, slots=True)
class Band:
    """等次: from so many points on."""

    code: str
    name: Text
    least: float
    state: str = ""  # how the page marks it


@dataclass(frozen=True, slots=True)
class Formula:
    """One version."""

    version: str
    since: date
    words: Text
    why: Text
    parts: tuple[Part, ...]
    bands: tuple[Band, ...]  # the best first
    small: int = SMALL  # nobody is judged by fewer cases
    # Matters of 110, 119 and 120 are handed on first and judge nobody; they are counted beside the score.
    leaves_rescue_out: bool = False

    def score(self, figures: Figures) -> float | None:
        """Points of 100; None where one of the parts has no case."""
        total = 0.0
        for part in self.parts:
            share = part.share(figures)
            if share is None:
                return None
            total += part.weight * share
        return total

    def base(self, figures: Figures) -> int:
        """The fewest cases that one of the parts is computed from."""
        return min(part.whole(figures) for part in self.parts)

    def band(self, score: float | None) -> Band | None:
        """The band of a score."""
        if score is None:
            return None
        return next((band for band in self.bands if score >= band.least), self.bands[-1])


ON_TIME: Final = Part(
    "on_time",
    pgettext_lazy("part of the score", "Handled on time"),
    60,
    lambda figures: figures["due_met"],
    lambda figures: figures["due"],
)
CLOSED: Final = Part(
    "closed",
    pgettext_lazy("part of the score", "Closed"),
    30,
    lambda figures: figures["due_closed"],
    lambda figures: figures["due"],
)
_NOT_REWORKED: Final = Part(
    "stood",
    pgettext_lazy("part of the score", "Not reworked"),
    10,
    lambda figures: figures["handled"] - figures["reworked"],
    lambda figures: figures["handled"],
)
_HELD: Final = Part(
    "stood",
    pgettext_lazy("part of the score", "Not reworked, did not come back"),
    10,
    lambda figures: figures["handled"] - figures["reworked"] - figures.counts["came_back"],
    lambda figures: figures["handled"],
)
_BANDS: Final = (
    Band("excellent", pgettext_lazy("band", "Excellent"), 95, "on"),
    Band("good", pgettext_lazy("band", "Good"), 85, "on"),
    Band("pass", pgettext_lazy("band", "Passed"), 70, "warned"),
    Band("fail", pgettext_lazy("band", "Failed"), 0, "overdue"),
)

VERSIONS: Final = (
    Formula(
        "1",
        date(2015, 1, 1),
        _("On time × 60 + closed × 30 + (1 − reworked) × 10"),
        _("The national formula."),
        (ON_TIME, CLOSED, _NOT_REWORKED),
        _BANDS,
    ),
    Formula(
        "2",
        date(2026, 1, 1),
        _("On time × 60 + closed × 30 + (1 − reworked or come back) × 10"),
        _(
            "The national formula, but what is reported again at the same place within 30 days counts"
            " against who closed it, like rework: a fix that does not last earns nothing."
        ),
        (ON_TIME, CLOSED, _HELD),
        _BANDS,
    ),
    Formula(
        "3",
        date(2026, 12, 1),
        _(
            "On time × 60 + closed × 30 + (1 − reworked or come back) × 10,"
            " without matters of 110, 119 and 120"
        ),
        _(
            "As before, but danger that the police, the fire brigade or an ambulance is called to first is"
            " left out, and counted beside the score: how long that takes is not the unit's doing."
        ),
        (ON_TIME, CLOSED, _HELD),
        _BANDS,
        leaves_rescue_out=True,
    ),
)
BY_VERSION: Final = {formula.version: formula for formula in VERSIONS}


def formula_of(first: date, versions: Sequence[Formula] = VERSIONS) -> Formula:
    """The version that holds for a period that begins on this day."""
    held = [formula for formula in versions if formula.since <= first]
    return max(held, key=lambda formula: formula.since) if held else versions[0]
