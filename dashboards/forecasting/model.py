"""Daily counts carried on: a level that follows, a kind of day, and how far chance and drift stray.

    expected count of day t+h = level(t) · growth(h) · factor(kind of day t+h)

level: exponentially weighted counts over weighted factors, half-life 7 to 56 days; growth: none,
or what a quick level has over a slow one, damped (Gardner & McKenzie 1985); factors: of the nine kinds of day
(baseline.kind_of_day, by the work calendar), each series' own as far as it has counts, leaning on the whole
district's. Which half-life and growth: what told the past best, day by day, up to fourteen days ahead.
Counts are negative binomial: how much more than Poisson they stray is measured on those same pseudo-
forecasts, for the first week, the second, and the sum of all days. No yearly season: nothing of it is learnt
from less than two years, and the half-lives follow it anyway.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]

HORIZON: Final = 14
# The interval that is shown, and what is scored.
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
QUANTILES: Final = (LOW, MIDDLE, HIGH)
KINDS: Final = 9
_SUNDAY, _HOLIDAY, _MADE_UP = 6, 7, 8
# A fit needs three of each day of the week.
LEAST_DAYS: Final = 21
_HALF_LIVES: Final = (7, 14, 28, 56)
_CANDIDATES: Final = tuple((half, grows) for half in _HALF_LIVES for grows in (False, True))
_SLOW: Final = 4  # times the half-life
_DAMPED: Final = 0.9
_MOST_GROWTH: Final = math.log(1.5)
# A series' own factors against the district's: so many counts weigh as much.
_LEAN: Final = 40.0
# A series' own choice must be this much likelier (nats) than what is best for all of its scale.
_STUBBORN: Final = 3.0
# Days that a level is warmed up with before its pseudo-forecasts count.
_WARM: Final = 14
# What strays: further out than so many standard deviations counts as no farther; weeks that the scale weighs.
_CLIPPED, _SCALE_WEEKS = 3.5, 8.0
_LEAST_STRAY: Final = 0.002


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of each series: means of each day, their sum, and quantiles (low, middle, high)."""

    mean: Array  # series × HORIZON
    quantiles: Array  # series × (HORIZON + 1) × 3; the last is of the sum
    half_life: Array  # series
    grows: Array  # series


def carry_on(counts: Array, kinds: Sequence[int], scales: Sequence[int]) -> Outlook:
    """Forecast the HORIZON days after the last of `counts` (series × days; the first series is the whole).

    `kinds`: of those days and of the ones to come. `scales`: which series are alike (the district, streets,
    domains, …): what one has too little of is learnt from the others.
    """
    counts = np.asarray(counts, dtype=float)
    series, days = counts.shape
    kind = np.asarray(kinds, dtype=int)
    assert days >= LEAST_DAYS
    assert len(kind) == days + HORIZON
    scale = np.asarray(scales)
    factors, weight = _factors(counts, kind[:days])
    exposure = factors[:, kind]  # series × (days + HORIZON)

    chosen = np.zeros(series, dtype=int)
    told: list[Array] = []
    for half, grows in _CANDIDATES:
        told.append(_pseudo(counts, exposure, half, grows))
    scores = np.stack([_score(counts, one) for one in told])  # candidates × series
    for of in np.unique(scale):
        held = scale == of
        common = int(scores[:, held].sum(axis=1).argmax())
        own = scores[:, held].argmax(axis=0)
        gain = scores[own, np.flatnonzero(held)] - scores[common, held]
        chosen[held] = np.where(gain > _STUBBORN, own, common)
    stacked = np.stack(told)
    best = stacked[chosen, np.arange(series)]  # series × days × HORIZON: made at the end of each day
    mean = best[:, -1]
    strays = _strays(counts, best, scale)  # series × 3: first week, second, sum
    # What is not known of a day's factor strays as well.
    unsure = 1.0 / (weight[:, kind[days:]] + _LEAN)
    quantiles = np.zeros((series, HORIZON + 1, len(QUANTILES)))
    for row in range(series):
        for ahead in range(HORIZON):
            kappa = strays[row, 0 if ahead < 7 else 1] + unsure[row, ahead]
            quantiles[row, ahead] = quantiles_of(float(mean[row, ahead]), 1.0 / kappa)
        kappa = strays[row, 2] + float(unsure[row].mean()) / 7
        quantiles[row, HORIZON] = quantiles_of(float(mean[row].sum()), 1.0 / kappa)
    picked = [_CANDIDATES[one] for one in chosen]
    return Outlook(
        mean,
        quantiles,
        np.array([one for one, _grows in picked]),
        np.array([grows for _half, grows in picked]),
    )


def _factors(counts: Array, kind: Array) -> tuple[Array, Array]:
    """What each kind of day has of an ordinary one, series × KINDS; and the counts it was learnt from."""
    on = np.eye(KINDS)[kind]  # days × KINDS
    known = counts @ on
    whole = np.ones(KINDS)
    factors = np.ones((len(counts), KINDS))
    for _round in range(4):
        level = _smoothed(counts / factors[:, kind])
        usual = level @ on
        ratio = (known[0] + _LEAN) / (usual[0] + _LEAN)
        seen = on.sum(axis=0) > 0
        # A day off is like a Sunday, a worked weekend like the week's worked days, until they are known.
        lean = ratio.copy()
        lean[_HOLIDAY] = (known[0, _HOLIDAY] + _LEAN * ratio[_SUNDAY]) / (usual[0, _HOLIDAY] + _LEAN)
        lean[_MADE_UP] = (known[0, _MADE_UP] + _LEAN * ratio[:5].mean()) / (usual[0, _MADE_UP] + _LEAN)
        whole = np.where(seen | (np.arange(KINDS) >= _HOLIDAY), lean, 1.0)
        factors = (known + _LEAN * whole) / (usual + _LEAN)
        factors[0] = whole
        factors /= np.maximum(1e-9, factors[:, kind].mean(axis=1, keepdims=True))
    return factors, known


def _smoothed(values: Array) -> Array:
    """A centred mean of three weeks, shorter at the ends."""
    width = 21
    padded = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    days = values.shape[1]
    first = np.maximum(0, np.arange(days) - width // 2)
    last = np.minimum(days, np.arange(days) + width // 2 + 1)
    return np.asarray((padded[:, last] - padded[:, first]) / (last - first))


def _level(counts: Array, exposure: Array, half: float) -> Array:
    """The level at the end of each day, series × days."""
    keep = 0.5 ** (1 / half)
    days = counts.shape[1]
    start = counts[:, :_WARM].sum(axis=1) + 0.5, exposure[:, :_WARM].sum(axis=1) + 0.5
    # It begins with a week's worth of its first two, so that no first day is all that is known.
    above, below = start[0] / _WARM * 7, start[1] / _WARM * 7
    found = np.zeros((len(counts), days))
    for day in range(days):
        above = above * keep + counts[:, day]
        below = below * keep + exposure[:, day]
        found[:, day] = above / below
    return found


def _pseudo(counts: Array, exposure: Array, half: int, grows: bool) -> Array:
    """The forecasts that would have been made at the end of each day: series × days × HORIZON."""
    days = counts.shape[1]
    level = _level(counts, exposure[:, :days], half)
    ahead = np.arange(days)[:, None] + 1 + np.arange(HORIZON)[None, :]
    found = level[:, :, None] * exposure[:, ahead]
    if grows:
        slow = _level(counts, exposure[:, :days], half * _SLOW)
        lag = half * (_SLOW - 1) / math.log(2)
        steps = np.cumsum(_DAMPED ** np.arange(1, HORIZON + 1))
        growth = (np.log(level / slow) / lag)[:, :, None] * (half / math.log(2) / 2 + steps)[None, None, :]
        found = found * np.exp(np.clip(growth, -_MOST_GROWTH, _MOST_GROWTH))
    return np.asarray(found)


def _pairs(days: int) -> tuple[Array, Array]:
    """Days at whose end a pseudo-forecast counts, and the days that it was of: all known by now."""
    made = np.arange(_WARM - 1, days - 1)
    return made, made[:, None] + 1 + np.arange(HORIZON)[None, :]


def _score(counts: Array, told: Array) -> Array:
    """How likely the days that came were under each, as Poisson counts; per series, of one day's worth."""
    days = counts.shape[1]
    made, of = _pairs(days)
    known = of < days
    came = counts[:, np.minimum(of, days - 1)]
    mean = np.maximum(told[:, made], 1e-6)
    return np.asarray((np.where(known, came * np.log(mean) - mean, 0.0)).sum(axis=(1, 2)) / HORIZON)


def _strays(counts: Array, told: Array, scale: Array) -> Array:
    """How much further than Poisson counts the days strayed (κ: variance μ + κμ²), series × 3."""
    series, days = counts.shape
    made, of = _pairs(days)
    known = of < days
    came = counts[:, np.minimum(of, days - 1)]
    mean = told[:, made]
    whole = known.all(axis=1)
    found = np.zeros((series, 3))
    weeks = (days - _WARM) / 7
    for place, (seen, expected) in enumerate(
        (
            _flat(came[:, :, :7], mean[:, :, :7], known[:, :7]),
            _flat(came[:, :, 7:], mean[:, :, 7:], known[:, 7:]),
            (came[:, whole].sum(axis=2), mean[:, whole].sum(axis=2)),
        )
    ):
        if not seen.shape[1]:  # too short for it: as far as the days before say
            found[:, place] = found[:, place - 1]
            continue
        own = _kappa(seen, expected)
        for one in np.unique(scale):
            held = scale == one
            common = float(np.average(own[held], weights=expected[held].sum(axis=1) + 1e-9))
            found[held, place] = (own[held] * weeks + common * _SCALE_WEEKS) / (weeks + _SCALE_WEEKS)
    return np.maximum(found, _LEAST_STRAY)


def _flat(came: Array, mean: Array, known: Array) -> tuple[Array, Array]:
    return came[:, known], mean[:, known]


def _kappa(seen: Array, expected: Array) -> Array:
    """κ by moments; a day of a burst counts as a far one, and not as all there is."""
    kappa = np.full(len(seen), 0.1)
    for _round in range(4):
        spread = np.sqrt(expected + kappa[:, None] * expected**2)
        off = np.minimum(np.abs(seen - expected), _CLIPPED * spread)
        over = (off**2 - expected).sum(axis=1)
        kappa = np.maximum(0.0, over / np.maximum(1e-9, (expected**2).sum(axis=1)))
    return kappa


def quantiles_of(mean: float, size: float) -> tuple[float, float, float]:
    """The smallest counts that hold 10, 50 and 90 of 100 such days, which are negative binomial."""
    if mean <= 0:
        return 0.0, 0.0, 0.0
    if mean > 2_000:  # exact sums would take long and say the same
        spread = math.sqrt(mean + mean * mean / size)
        return tuple(max(0.0, round(mean + z * spread)) for z in (-1.2816, 0.0, 1.2816))  # type: ignore[return-value]
    odds = mean / (mean + size)
    log_term = -size * math.log1p(mean / size)
    found: list[float] = []
    total, count = 0.0, 0
    while len(found) < len(QUANTILES):
        total += math.exp(log_term)
        while len(found) < len(QUANTILES) and total >= QUANTILES[len(found)]:
            found.append(float(count))
        if count > 50 * (mean + 10):  # what is left is less than a double can hold
            found += [float(count)] * (len(QUANTILES) - len(found))
        log_term += math.log((count + size) / (count + 1) * odds)
        count += 1
    return found[0], found[1], found[2]
