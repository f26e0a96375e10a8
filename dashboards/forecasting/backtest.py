"""Would it have been right? Forecasts made at the end of past days, from what was known then.

Against the seasonal-naive one: the same day of the last week that was known, strayed by what such a step
strayed so far (Hyndman & Athanasopoulos 2021, 5.5); beside it the mean of that day of the last four weeks.
Scored by the pinball loss at 10, 50 and 90 %, summed over days; coverage is the share of days inside the 80 %
interval. Counts are whole numbers, so an honest interval of 80 % holds somewhat more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashboards.forecasting.model import HORIZON, LEAST_DAYS, QUANTILES, carry_on

Array = np.ndarray[Any, Any]

ORIGINS: Final = 12
# Fewer are an anecdote.
ORIGINS_LEAST: Final = 4
_WEEK: Final = 7
_Z: Final = (-1.2816, 0.0, 1.2816)
RIVALS: Final = ("naive", "four_weeks")


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of it, per series; losses are sums, to be divided by `days`."""

    origins: int
    days: int  # that were forecast, of each series
    loss: Array  # series
    rivals: dict[str, Array]
    covered: Array  # days inside the interval
    covered_naive: Array
    covered_sums: Array  # origins whose sum of HORIZON days was inside
    came: Array  # what came in on those days, summed

    def is_better(self) -> Array:
        """Which series it told better than the seasonal-naive one."""
        return np.asarray(self.loss < self.rivals["naive"])


def origins(days: int) -> list[int]:
    """After how many days of the history a forecast is tried: a week apart, closer where there is little."""
    last = days - HORIZON
    room = last - LEAST_DAYS
    if room < ORIGINS_LEAST - 1:
        return []
    step = max(1, min(_WEEK, room // (ORIGINS - 1)))
    return sorted(last - step * back for back in range(ORIGINS) if last - step * back >= LEAST_DAYS)


def test(counts: Array, kinds: Sequence[int], scales: Sequence[int]) -> Tested | None:
    """Try it on the past; None where the history is too short. `kinds`: of all its days."""
    counts = np.asarray(counts, dtype=float)
    series, days = counts.shape
    tried = origins(days)
    if not tried:
        return None
    loss, covered, naive_covered, sums = (np.zeros(series) for _kind in range(4))
    rivals = {name: np.zeros(series) for name in RIVALS}
    seen = np.zeros(series)
    for origin in tried:
        came = counts[:, origin : origin + HORIZON]
        known = counts[:, :origin]
        outlook = carry_on(known, kinds[: origin + HORIZON], scales)
        told = outlook.quantiles[:, :HORIZON]
        loss += pinball(came, told)
        covered += inside(came, told)
        peer = naive(known)
        rivals["naive"] += pinball(came, peer)
        naive_covered += inside(came, peer)
        rivals["four_weeks"] += pinball(came, four_weeks(known))
        sums += inside(came.sum(axis=1, keepdims=True), outlook.quantiles[:, HORIZON:])
        seen += came.sum(axis=1)
    return Tested(len(tried), len(tried) * HORIZON, loss, rivals, covered, naive_covered, sums, seen)


def pinball(came: Array, told: Array) -> Array:
    """Per series, over days, the mean of the losses at the three quantiles."""
    found = np.zeros(len(came))
    for place, share in enumerate(QUANTILES):
        off = came - told[:, :, place]
        found += np.maximum(share * off, (share - 1) * off).sum(axis=1)
    return found / len(QUANTILES)


def inside(came: Array, told: Array) -> Array:
    """Per series, how many days the interval held."""
    return np.asarray(((came >= told[:, :, 0]) & (came <= told[:, :, 2])).sum(axis=1), dtype=float)


def naive(known: Array) -> Array:
    """The same day of the last week that is known: series × HORIZON × quantiles."""
    middle = np.concatenate([known[:, -_WEEK:]] * (HORIZON // _WEEK), axis=1)
    steps = known[:, _WEEK:] - known[:, :-_WEEK]
    spread = np.sqrt((steps**2).mean(axis=1))
    far = np.sqrt(np.arange(HORIZON) // _WEEK + 1)
    return np.stack(
        [np.maximum(0.0, np.round(middle + z * spread[:, None] * far[None, :])) for z in _Z], axis=2
    )


def four_weeks(known: Array) -> Array:
    """The mean of that day of the last four weeks, strayed by what such a mean strayed so far."""
    days = known.shape[1]
    weeks = min(4, days // _WEEK)
    middle = np.mean(
        [known[:, days - _WEEK * back : days - _WEEK * (back - 1)] for back in range(1, weeks + 1)], axis=0
    )
    lag = weeks - 1
    past = np.mean([known[:, _WEEK * (lag - b) : days - _WEEK * b] for b in range(1, weeks)], axis=0)
    off = known[:, _WEEK * lag :] - past
    spread = np.sqrt((off**2).mean(axis=1)) * np.sqrt(1 + 1 / weeks)
    told = np.concatenate([middle] * (HORIZON // _WEEK), axis=1)
    return np.stack([np.maximum(0.0, np.round(told + z * spread[:, None])) for z in _Z], axis=2)
