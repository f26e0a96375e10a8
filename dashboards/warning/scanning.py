"""Where and when did more come in than chance explains? Every place × matter × window, in one sweep.

An alarm is a count whose chance is below the test's share of the stated rate. The shares of all tests of
a week add up to that rate (Bonferroni, weighted by scale and window), so however the tests depend on each
other, at most so many false alarms a week are to be expected: docs/warning.md. Of what overlaps, the find
with the highest likelihood ratio is the burst; it is taken out and the rest is scanned again (Zhang,
Assunção & Kulldorff 2010), so that a street is not reported for what one of its communities has.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashboards.warning import tails
from dashboards.warning.baseline import SCALES, Baseline, Grid

Array = np.ndarray[Any, Any]

# Hours of a window, and every how many hours it is looked at.
WINDOWS: Final = {2: 1, 6: 1, 24: 3, 72: 12, 168: 24}
LONGEST: Final = max(WINDOWS)
# Fewer reporters than this are nobody's burst, however rare they are.
LEAST: Final = 4
# Of one sweep; a day on which everything bursts is one for people, not for a longer list.
MOST: Final = 25
# Which measure of what strays goes with a window.
_SPREADS: Final = {2: ("hours",), 6: ("hours",), 24: ("day",), 72: ("day", "week"), 168: ("week",)}
# By how much a wider place, matter or window must be likelier before it is the better name for a burst.
_PLAINER: Final = 0.5
# The whole district may say more than it used to, but this much more is not usual any more.
_MOST_DRIFT: Final = 3.0


@dataclass(frozen=True, slots=True)
class Region:
    """A place and a matter: a community, a street (ends in 000) or the district (0); a category or domain."""

    scale: str
    place: int
    matter: int

    def holds(self, place: Array, matter: Array) -> Array:
        """Which of these communities and categories lie in it."""
        inside = np.ones(len(place), dtype=bool)
        if self.scale.startswith("street"):
            inside = place // 1000 * 1000 == self.place
        elif self.scale.startswith("place"):
            inside = place == self.place
        of = matter if self.scale.endswith("category") else matter // 100
        return np.asarray(inside & (of == self.matter))

    def within(self, other: "Region") -> bool:
        """Is everything of this one part of the other?"""
        place = np.array([self.place])
        if other.scale.startswith("place") and not self.scale.startswith("place"):
            return False
        if other.scale.startswith("street") and self.scale.startswith("district"):
            return False
        if other.scale.endswith("category"):
            if not self.scale.endswith("category"):
                return False
            return bool(other.holds(place, np.array([self.matter]))[0])
        category = self.matter if self.scale.endswith("category") else self.matter * 100
        return bool(other.holds(place, np.array([category]))[0])


@dataclass(frozen=True, slots=True)
class Found:
    """A burst as one sweep sees it; hours since 1970."""

    region: Region
    first: int  # hour of its first voice
    end: int  # the hour before which it was measured
    window: int
    observed: int  # distinct reporters
    expected: float
    size: float  # of the negative binomial
    chance: float
    allowed: float  # below this chance it is an alarm

    @property
    def ratio(self) -> float:
        return _ratio(self.observed, self.expected)

    @property
    def surprise(self) -> float:
        return -math.log10(max(self.chance, 1e-300))


def _ratio(observed: int, expected: float) -> float:
    """Kulldorff's log likelihood ratio (1997, Poisson): of what overlaps, where the burst sits best."""
    return observed * math.log(observed / expected) - (observed - expected) if observed > expected else 0.0


def tests(grid: Grid) -> dict[str, int]:
    """How many places × matters each scale has, whether anything ever happens there or not."""
    places = {
        "district": 1,
        "street": int((grid.streets > 0).sum()),
        "place": int((grid.places % 1000 > 0).sum()),
    }
    matters = {"domain": len(grid.domains), "category": len(grid.matters)}
    return {scale: places[scale.split("-")[0]] * matters[scale.split("-")[1]] for scale in SCALES}


def allowed(grid: Grid, per_week: float) -> dict[tuple[str, int], float]:
    """The chance below which one test of a scale and window is an alarm, for so many false ones a week."""
    return {
        (scale, window): per_week / (len(SCALES) * len(WINDOWS)) / (168 / step) / number
        for scale, number in tests(grid).items()
        for window, step in WINDOWS.items()
    }


@dataclass(frozen=True, slots=True)
class Scene:
    """The last week's voices of one stream and what was to be expected of them, up to an hour."""

    grid: Grid
    rows: Array  # counting.SAID, voices, of this stream
    end: int
    baseline: Baseline
    exposure: dict[str, Array]  # matters × LONGEST hours
    drift: float

    @classmethod
    def of(
        cls, *, grid: Grid, rows: Array, end: int, baseline: Baseline, exposure: dict[str, Array]
    ) -> "Scene":
        rows = rows[(rows["hour"] < end) & (rows["hour"] >= end - LONGEST)]
        rows = rows[grid.at(rows)[0]]
        return cls(grid, rows, end, baseline, exposure, _drift(grid, rows, baseline, exposure))

    def expected(self, scale: str, window: int) -> Array:
        matter = scale.split("-")[1]
        of = self.exposure[matter][:, LONGEST - window :].sum(axis=1)
        return np.asarray(self.baseline.levels[scale].rate * of * self.drift)

    def sizes(self, scale: str, window: int) -> Array:
        """The negative binomial's size: how unsure the level is, and how chance strays beyond Poisson."""
        level = self.baseline.levels[scale]
        kappa = np.max([level.spread[name] for name in _SPREADS[window]], axis=0)
        return np.asarray(1.0 / (1.0 / level.shape + kappa))

    def of_region(self, region: Region, window: int) -> tuple[float, float]:
        """What was to be expected of a region in a window, and the size."""
        place, matter = self.position(region)
        return (
            float(self.expected(region.scale, window)[place, matter]),
            float(self.sizes(region.scale, window)[place, matter]),
        )

    def position(self, region: Region) -> tuple[int, int]:
        places, matters = self._axes(region.scale)
        return int(np.searchsorted(places, region.place)), int(np.searchsorted(matters, region.matter))

    def region(self, scale: str, place: int, matter: int) -> Region:
        places, matters = self._axes(scale)
        return Region(scale, int(places[place]), int(matters[matter]))

    def _axes(self, scale: str) -> tuple[Array, Array]:
        place, matter = scale.split("-")
        places = {"district": np.array([0]), "street": self.grid.streets, "place": self.grid.places}[place]
        return places, self.grid.domains if matter == "domain" else self.grid.matters

    def counts(self, rows: Array, window: int) -> dict[str, Array]:
        rows = rows[rows["hour"] >= self.end - window]
        _known, place, matter = self.grid.at(rows)
        shape = (len(self.grid.places), len(self.grid.matters))
        flat = np.bincount(np.ravel_multi_index((place, matter), shape), minlength=shape[0] * shape[1])
        return self.grid.scales(flat.reshape(shape))

    def reporters(self, rows: Array, region: Region, window: int) -> Array:
        """The rows of a region in the window, one for each reporter."""
        rows = rows[rows["hour"] >= self.end - window]
        rows = rows[region.holds(rows["place"], rows["matter"])]
        rows = rows[np.argsort(rows["hour"], kind="stable")]
        _who, first = np.unique(rows["who"], return_index=True)
        return np.asarray(rows[np.sort(first)])


def _drift(grid: Grid, rows: Array, baseline: Baseline, exposure: dict[str, Array]) -> float:
    """How much more the whole district says this week: the median domain's, so that no burst moves it."""
    _known, _place, matter = grid.at(rows)
    domain = np.searchsorted(grid.domains, grid.matters // 100)[matter]
    counted = np.bincount(domain, minlength=len(grid.domains)) + 5.0
    expected = baseline.levels["district-domain"].rate[0] * exposure["domain"].sum(axis=1)
    ratio, weight = counted / (expected + 5.0), expected + 1e-9
    order = np.argsort(ratio)
    half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return float(min(max(ratio[order][half], 1.0), _MOST_DRIFT))


def due_windows(end: int, *, since: int | None) -> list[int]:
    """The windows to be looked at when the hour `end` begins, last looked at `since` (local hours count)."""
    last = end - 1 if since is None else since
    return [window for window, step in WINDOWS.items() if (end + 8) // step > (last + 8) // step]


def scan(
    scene: Scene, *, windows: Iterable[int], per_week: float, masked: Array | None = None
) -> list[Found]:
    """What bursts, the clearest first; `masked` rows belong to bursts that are known already."""
    limits = allowed(scene.grid, per_week)
    rows = scene.rows if masked is None else scene.rows[~masked]
    windows = list(windows)
    standing = [
        (scale, window, scene.expected(scale, window), scene.sizes(scale, window), limits[scale, window])
        for window in windows
        for scale in reversed(SCALES)  # the narrowest first
    ]
    refused: set[tuple[Region, int]] = set()
    found: list[Found] = []
    while len(found) < MOST:
        best: Found | None = None
        counts = {window: scene.counts(rows, window) for window in windows}
        for scale, window, expected, size, limit in standing:
            of = counts[window][scale]
            stands_out = (of >= LEAST) & (of > expected + 2.5 * np.sqrt(expected + expected**2 / size))
            for place, matter in np.argwhere(stands_out):
                region = scene.region(scale, place, matter)
                if not _is_tested(region) or (region, window) in refused:
                    continue
                mean, r = float(expected[place, matter]), float(size[place, matter])
                chance = tails.upper(int(of[place, matter]), mean, r)
                if chance > limit or (best and _ratio(int(of[place, matter]), mean) <= best.ratio):
                    continue
                who = scene.reporters(rows, region, window)
                chance = tails.upper(len(who), mean, r)
                if len(who) < LEAST or chance > limit:
                    refused.add((region, window))
                elif best is None or _ratio(len(who), mean) > best.ratio + _PLAINER:
                    best = Found(
                        region, int(who["hour"][0]), scene.end, window, len(who), mean, r, chance, limit
                    )
        if best is None:
            return found
        found.append(best)
        inside = best.region.holds(rows["place"], rows["matter"])
        rows = rows[~(inside & (rows["hour"] >= best.first))]
    return found


def _is_tested(region: Region) -> bool:
    """A street's unplaced cases are the street's; what has no place at all is the district's."""
    if region.scale.startswith("place"):
        return region.place % 1000 > 0
    return region.place > 0 or region.scale.startswith("district")
