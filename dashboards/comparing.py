"""Is a difference more than chance? The few tests that decide which words a board may use."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from dashboards.packing import Ints
from dashboards.reading import Figures
from dashboards.sketch import Durations
from dispatch.comparing import wilson

# Two-sided 95 %.
Z: Final = 1.96


def z_among(comparisons: int) -> float:
    """The same 95 % for all of so many comparisons together (Bonferroni).

    Who looks at a thousand places and matters finds fifty that differ by chance alone.
    """
    return NormalDist().inv_cdf(1 - 0.025 / max(1, comparisons))


def mean_interval(mean: float | None, durations: Durations) -> float | None:
    """Half the width of the 95 % interval around a mean of these durations, in the mean's unit."""
    spread = durations.spread()
    if mean is None or spread is None:
        return None
    return Z * spread / math.sqrt(len(durations))


def means_differ(
    mean: float | None,
    durations: Durations,
    before: float | None,
    durations_before: Durations,
    z: float = Z,
) -> bool:
    """Do two means of seconds differ by more than chance would make them (Welch)?"""
    now, then = durations.spread(), durations_before.spread()
    if mean is None or before is None or now is None or then is None:
        return False
    error = math.sqrt(now * now / len(durations) + then * then / len(durations_before))
    return abs(mean - before) > z * error


def shares_differ(part: int, whole: int, part_before: int, whole_before: int, z: float = Z) -> bool:
    """Do two shares differ by more than chance would make them?"""
    if whole <= 0 or whole_before <= 0:
        return False
    pooled = (part + part_before) / (whole + whole_before)
    error = math.sqrt(max(0.0, pooled * (1 - pooled)) * (1 / whole + 1 / whole_before))
    return abs(part / whole - part_before / whole_before) > z * error


def counts_differ(count: int, before: int, z: float = Z) -> bool:
    """Do two counts of equally long periods differ by more than chance would make them (Poisson)?"""
    return abs(count - before) > z * math.sqrt(count + before)


def adjusted_mean(
    by_category: dict[str, Figures], everywhere: dict[str, Figures], overall: float
) -> tuple[float, float] | None:
    """折算: a place's mean handling time, had its matters been the district's mix, in seconds.

    Indirect standardisation: how much longer its cases took than the same matters take everywhere,
    times the overall mean. The second number is overall ÷ expected, which scales an interval too.
    """
    cases = sum(figures["handled"] for figures in by_category.values())
    expected = sum(
        figures["handled"] * (everywhere[code].mean("handle", "handled") or 0.0)
        for code, figures in by_category.items()
        if code in everywhere
    )
    if cases <= 0 or expected <= 0:
        return None
    observed = sum(figures.seconds["handle"] for figures in by_category.values())
    return observed / expected * overall, overall * cases / expected


def adjusted_means(
    places: Sequence[str], matters: Sequence[str], handled: Ints, seconds: Ints, overall: float
) -> dict[str, tuple[float, float]]:
    """The same for every place at once: of each group its place, its matter, how many were handled and how
    long they took together."""
    place_of, place = _numbered(places)
    matter_of, matter = _numbered(matters)
    of_matter = np.bincount(matter, weights=handled, minlength=len(matter_of))
    took = np.bincount(matter, weights=seconds, minlength=len(matter_of))
    everywhere = np.divide(took, of_matter, out=np.zeros(len(matter_of)), where=of_matter > 0)
    cases, expected, observed = (
        np.bincount(place, weights=values, minlength=len(place_of))
        for values in (handled, handled * everywhere[matter], seconds)
    )
    return {
        code: (float(observed[at] / expected[at] * overall), float(overall * cases[at] / expected[at]))
        for at, code in enumerate(place_of)
        if cases[at] > 0 and expected[at] > 0
    }


def _numbered(codes: Sequence[str]) -> tuple[list[str], Ints]:
    found: dict[str, int] = {}
    places = np.fromiter((found.setdefault(code, len(found)) for code in codes), np.int64, len(codes))
    return list(found), places


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, with the interval that holds the true share in 95 of 100 such samples."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def low(self) -> float:
        return self._interval[0]

    @property
    def high(self) -> float:
        return self._interval[1]

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def _interval(self) -> tuple[float, float]:
        return wilson(self.part, self.whole)


def chance_of(part: int, whole: int, part_other: int, whole_other: int) -> float:
    """How likely chance alone puts `part` or more of them here: Fisher's exact test, one-sided.

    Exact for any numbers, so a keyword in 3 of 3 cases is not taken for more than it is.
    """
    drawn, everything = part + part_other, whole + whole_other
    if not drawn or not whole:
        return 1.0
    total = _log_choose(everything, drawn)
    most = min(drawn, whole)
    tail = (
        math.exp(_log_choose(whole, k) + _log_choose(whole_other, drawn - k) - total)
        for k in range(part, most + 1)
        if drawn - k <= whole_other
    )
    return min(1.0, math.fsum(tail))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
