"""What is to be expected of an hour, a place and a matter: levels, seasons and how far chance strays.

Arrays in, arrays out; no database and no clock. The method, its sources and what it got right when it was
measured stand in docs/warning.md; in short:

- a discounted gamma-Poisson level for each place and matter (Smith 1979; West & Harrison 1997): history
  counts the less the older it is, and a cell with little history leans on what its street and its domain
  make likely (an empirical gamma prior, DuMouchel 1999);
- the day of the week, days off by the work calendar and the hour of the day as factors, of each category
  as far as it has counts and else of its domain and of all;
- what chance strays beyond Poisson, by moments, for each scale and length of window (as Farrington's
  quasi-Poisson, here as negative binomial, Noufaily 2013); old bursts are capped before they count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from dashboards.warning.counting import History

Array = np.ndarray[Any, Any]

# Days of history, and after how many a day counts half.
DAYS: Final = 91
HALF_LIFE: Final = 28.0
# Fewer days than this, and nothing is expected yet.
LEAST_DAYS: Final = 14
# How unsure a level is before anything is counted: a gamma of this shape (1: it may well be half or double).
_PRIOR: Final = 1.0
# Counts that a category's own hours and days must outweigh before they are believed over its domain's.
_LEAN: Final = 100.0
# Chance strays at least so much, for what the model leaves out.
_LEAST_SPREAD: Final = 0.02
_MOST_SPREAD: Final = 10.0
# Of the day: quarters, in which what strays within a day is measured.
_QUARTER: Final = 6

# Kinds of day: Monday to Friday at work, Saturday and Sunday off, any other day off, worked weekends.
_HOLIDAY, _MADE_UP, _KINDS = 7, 8, 9
_OFF: Final = (5, 6, _HOLIDAY)


def kind_of_day(day: date, is_working: Callable[[date], bool]) -> int:
    """Which of the nine kinds of day it is, by the work calendar."""
    weekday, works = day.weekday(), is_working(day)
    if works:
        return weekday if weekday < 5 else _MADE_UP
    return weekday if weekday >= 5 else _HOLIDAY


@dataclass(frozen=True, slots=True)
class Grid:
    """The places and matters that are looked at, in order of their codes."""

    places: Array  # communities, and each street for what has no community; 0: no place is known
    matters: Array  # categories; 0: not yet classified

    @classmethod
    def of(cls, communities: Sequence[str], categories: Sequence[str]) -> "Grid":
        codes = {int(code) for code in communities}
        codes |= {code // 1000 * 1000 for code in codes} | {0}
        return cls(np.array(sorted(codes)), np.array(sorted({int(code) for code in categories} | {0})))

    @property
    def streets(self) -> Array:
        return np.unique(self.places // 1000 * 1000)

    @property
    def domains(self) -> Array:
        return np.unique(self.matters // 100)

    def at(self, rows: Array) -> tuple[Array, Array, Array]:
        """Of rows with places and matters: which are known here, and where each of those lies."""
        place = np.minimum(np.searchsorted(self.places, rows["place"]), len(self.places) - 1)
        matter = np.minimum(np.searchsorted(self.matters, rows["matter"]), len(self.matters) - 1)
        known = (self.places[place] == rows["place"]) & (self.matters[matter] == rows["matter"])
        return known, place[known], matter[known]

    def by_street(self, values: Array) -> Array:
        """Sums over the places (first axis) of each street."""
        starts = np.searchsorted(self.places // 1000 * 1000, self.streets)
        return np.add.reduceat(values, starts, axis=0)

    def by_domain(self, values: Array) -> Array:
        """Sums over the matters (second axis) of each domain."""
        starts = np.searchsorted(self.matters // 100, self.domains)
        return np.add.reduceat(values, starts, axis=1)

    def scales(self, values: Array) -> dict[str, Array]:
        """Counts of places × matters as the six scales see them."""
        streets = self.by_street(values)
        district = streets.sum(axis=0, keepdims=True)
        found = {"place": values, "street": streets, "district": district}
        return {f"{name}-category": of for name, of in found.items()} | {
            f"{name}-domain": self.by_domain(of) for name, of in found.items()
        }


SCALES: Final = tuple(
    f"{place}-{matter}" for matter in ("domain", "category") for place in ("district", "street", "place")
)


@dataclass(frozen=True, slots=True)
class Level:
    """Of one scale, places × matters: voices on an ordinary day, how well they are known, how they stray."""

    rate: Array
    shape: Array
    spread: dict[str, Array]  # by length of window ("hours", "day", "week"), of each matter


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one stream of voices is measured against on a day."""

    levels: dict[str, Level]
    day_factor: dict[str, Array]  # "category" and "domain": matters × kinds of day
    hour_share: dict[str, Array]  # matters × (working, off) × 24, adding up to 1

    def exposure(self, kinds: Sequence[int], hours: Sequence[int]) -> dict[str, Array]:
        """Matters × hours: which part of an ordinary day each of these hours is."""
        kind, hour = np.asarray(kinds, dtype=int), np.asarray(hours, dtype=int)
        off = np.isin(kind, _OFF).astype(int)
        return {
            name: self.day_factor[name][:, kind] * self.hour_share[name][:, off, hour]
            for name in ("category", "domain")
        }


def learn(
    history: History, *, stream: int, grid: Grid, kind_of: Callable[[date], int], gap: int = 0
) -> Baseline | None:
    """The baseline that counted days make, `gap` days after the last of them; None while they are few."""
    days = len(history.days)
    if days < LEAST_DAYS:
        return None
    kinds = np.array([kind_of(day) for day in history.days])
    quarters, hourly = _arranged(history, stream, grid, kinds)
    daily = quarters.sum(axis=3)
    factor, share = _seasons(daily, hourly, grid, kinds)
    age = np.array([(history.days[-1] - day).days for day in history.days], dtype=float) + gap
    weight = 0.5 ** (age / HALF_LIFE)

    counts = grid.scales(daily)
    exposed = {name: of[:, kinds] for name, of in factor.items()}
    rates = _rates(counts, exposed, weight, grid)
    for scale, (rate, _shape) in rates.items():  # what stood out then is not what is usual now
        expected = rate[:, :, None] * exposed[scale.split("-")[1]][None]
        counts[scale] = np.minimum(counts[scale], np.maximum(3.0, expected + 4 * np.sqrt(expected * 1.5)))
    rates = _rates(counts, exposed, weight, grid)

    of_quarters = grid.scales(quarters.reshape(*quarters.shape[:2], -1))
    levels = {}
    for scale, (rate, shape) in rates.items():
        matter = scale.split("-")[1]
        quarter_share = share[matter].reshape(-1, 2, 4, _QUARTER).sum(axis=3)
        in_quarters = (
            exposed[matter][:, :, None] * quarter_share[:, np.isin(kinds, _OFF).astype(int), :]
        ).reshape(len(exposed[matter]), -1)
        levels[scale] = Level(
            rate,
            shape,
            _spreads(of_quarters[scale], in_quarters, rate, grid if matter == "category" else None),
        )
    return Baseline(levels, factor, share)


def _arranged(history: History, stream: int, grid: Grid, kinds: Array) -> tuple[Array, Array]:
    """Places × matters × days × quarters, and matters × (working, off) × 24."""
    own = history.counts["stream"] == stream
    counts, day = history.counts[own], history.day_of[own]
    known, place, matter = grid.at(counts)
    counts, day = counts[known], day[known]
    shape = (len(grid.places), len(grid.matters), len(history.days), 24 // _QUARTER)
    index = np.ravel_multi_index((place, matter, day, counts["hour"] // _QUARTER), shape)
    quarters = np.bincount(index, weights=counts["voices"], minlength=int(np.prod(shape)))
    hourly = np.zeros((len(grid.matters), 2, 24))
    np.add.at(hourly, (matter, np.isin(kinds, _OFF).astype(int)[day], counts["hour"]), counts["voices"])
    return quarters.reshape(shape).astype(np.float32), hourly


def _seasons(
    daily: Array, hourly: Array, grid: Grid, kinds: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Factors of kinds of day and shares of hours: of all, then domains leaning on it, then categories."""
    of_matters = daily.sum(axis=0, dtype=float)  # matters × days
    of_domains = grid.by_domain(of_matters[None])[0]
    number = np.bincount(kinds, minlength=_KINDS).astype(float)

    def factors(counts: Array, leaning: Array) -> Array:
        sums = np.stack([counts[:, kinds == kind].sum(axis=1) for kind in range(_KINDS)], axis=1)
        mean = counts.mean(axis=1, keepdims=True)
        return np.asarray((sums + _LEAN * leaning) / (mean * number + _LEAN))

    everything = of_matters.sum(axis=0)[None]
    mean = max(float(everything.mean()), 1e-9)
    all_days = np.ones(_KINDS)
    for kind in range(_KINDS):  # a day's worth of leaning on 1; rare kinds lean on what is like them
        like = 6 if kind == _HOLIDAY else 0 if kind == _MADE_UP else None
        lean = 1.0 if like is None else all_days[like]
        all_days[kind] = (everything[0, kinds == kind].sum() / mean + lean) / (number[kind] + 1)
    domain_days = factors(of_domains, all_days[None])
    position = np.searchsorted(grid.domains, grid.matters // 100)
    category_days = factors(of_matters, domain_days[position])

    def shares(counts: Array, leaning: Array, lean: float) -> Array:
        return np.asarray((counts + lean * leaning) / (counts.sum(axis=2, keepdims=True) + lean))

    # An hour on both sides takes part: a profile of 91 days is ragged.
    smooth = 0.5 * hourly + 0.25 * (np.roll(hourly, 1, axis=2) + np.roll(hourly, -1, axis=2))
    flat = np.full((1, 2, 24), 1 / 24)
    all_hours = shares(smooth.sum(axis=0)[None], flat, 24.0)
    domain_hours = shares(grid.by_domain(smooth[None])[0], all_hours, _LEAN)
    category_hours = shares(smooth, domain_hours[position], _LEAN)
    return (
        {"domain": domain_days, "category": category_days},
        {"domain": domain_hours, "category": category_hours},
    )


def _rates(
    counts: dict[str, Array], exposed: dict[str, Array], weight: Array, grid: Grid
) -> dict[str, tuple[Array, Array]]:
    """Rate and shape of each scale's levels: what was counted, leaning on the scale above."""
    sums = {scale: (of * weight).sum(axis=2) for scale, of in counts.items()}
    seen = {name: (of * weight).sum(axis=1)[None] for name, of in exposed.items()}
    street = np.searchsorted(grid.streets, grid.places // 1000 * 1000)
    domain = np.searchsorted(grid.domains, grid.matters // 100)

    def level(scale: str, prior: Array) -> tuple[Array, Array]:
        shape = _PRIOR + sums[scale]
        return shape / (_PRIOR / np.maximum(prior, 1e-9) + seen[scale.split("-")[1]]), shape

    def part(scale: str) -> Array:
        """What each place is of the whole, so that no place is nothing."""
        of = sums[scale].sum(axis=1) + 0.5
        return np.asarray((of / of.sum())[:, None])

    found: dict[str, tuple[Array, Array]] = {}
    plain = sums["district-domain"] / seen["domain"]
    found["district-domain"] = level("district-domain", plain + plain.mean() * 0.01)
    matters = sums["district-category"] + 0.5
    matters = matters / grid.by_domain(matters)[:, domain]
    found["district-category"] = level("district-category", found["district-domain"][0][:, domain] * matters)
    found["street-domain"] = level("street-domain", found["district-domain"][0] * part("street-domain"))
    found["street-category"] = level(
        "street-category",
        found["district-category"][0] * (found["street-domain"][0] / found["district-domain"][0])[:, domain],
    )
    places = sums["place-domain"].sum(axis=1) + 0.5
    within = (places / np.bincount(street, weights=places)[street])[:, None]
    found["place-domain"] = level("place-domain", found["street-domain"][0][street] * within)
    found["place-category"] = level(
        "place-category",
        found["street-category"][0][street]
        * (found["place-domain"][0] / found["street-domain"][0][street])[:, domain],
    )
    return found


def _spreads(quarters: Array, exposed: Array, rate: Array, grid: Grid | None) -> dict[str, Array]:
    """κ of each matter, in var = μ + κμ², of quarters of days, of days and of weeks.

    By moments: Σ((y−μ)² − μ) / Σμ², of each domain, leaning on the whole scale. What burst then counts
    with what chance might have made of it, or no burst would be found for months after a big one.
    """
    found = {}
    for name, length in (("hours", 1), ("day", 4), ("week", 28)):
        blocks = quarters.shape[2] // length
        y = quarters[:, :, -blocks * length :].reshape(*quarters.shape[:2], blocks, length).sum(axis=3)
        of = exposed[:, -blocks * length :].reshape(len(exposed), blocks, length).sum(axis=2)
        mean = (rate[:, :, None] * of[None]).astype(np.float32)
        y = np.minimum(y, 5 + mean + 6 * np.sqrt(mean + 0.3 * mean * mean))
        beyond = ((y - mean) ** 2 - mean).sum(axis=(0, 2), dtype=float)
        square = (mean * mean).sum(axis=(0, 2), dtype=float)
        if grid is not None:
            beyond, square = grid.by_domain(beyond[None])[0], grid.by_domain(square[None])[0]
        whole = beyond.sum() / max(square.sum(), 1e-9)
        lean = square.mean()
        kappa = np.clip(
            (beyond + lean * whole) / np.maximum(square + lean, 1e-9), _LEAST_SPREAD, _MOST_SPREAD
        )
        if grid is not None:
            kappa = kappa[np.searchsorted(grid.domains, grid.matters // 100)]
        found[name] = kappa
    return found
