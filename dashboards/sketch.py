"""Durations in logarithmic bins: mergeable by adding, and true to 1 % at every percentile.

Bin 0 holds what took no whole second, bin b holds [γ^(b-1), γ^b) seconds with γ = 1.02, and stands for
γ^(b-1/2): no value is further than 1 % from what its bin says, and neither is an order statistic.
"""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

GAMMA: Final = 1.02
LN_GAMMA: Final = math.log(GAMMA)
# 2^40 seconds is 35,000 years; whatever is longer is counted there.
BIN_COUNT: Final = 1 + math.ceil(40 * math.log(2) / LN_GAMMA)
_STANDS_FOR: Final = np.concatenate([[0.0], np.exp((np.arange(1, BIN_COUNT) - 0.5) * LN_GAMMA)])


class Durations:
    """A set of durations in seconds, as counts per bin."""

    __slots__ = ("counts",)

    def __init__(self, counts: NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros(BIN_COUNT, dtype=np.int64) if counts is None else counts

    @classmethod
    def unpack(cls, text: str | None) -> "Durations":
        """From the packed bins of any number of cells, comma-separated as the database joins them."""
        if not text:
            return cls()
        numbers = np.fromstring(text, dtype=np.int64, sep=",")
        bins = np.minimum(numbers >> 32, BIN_COUNT - 1)
        counts = (numbers & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
        return cls(np.bincount(bins, weights=counts, minlength=BIN_COUNT).astype(np.int64))

    @classmethod
    def merged(cls, parts: Iterable["Durations"]) -> "Durations":
        """All of them together."""
        total = cls()
        for part in parts:
            total.counts += part.counts
        return total

    def __len__(self) -> int:
        return int(self.counts.sum())

    def percentile(self, share: float) -> float | None:
        """By percentile_cont's definition: between the order statistics around share × (n - 1)."""
        cumulated = np.cumsum(self.counts)
        if not (count := int(cumulated[-1])):
            return None
        position = share * (count - 1)
        low, high = math.floor(position), math.ceil(position)
        below, above = _STANDS_FOR[np.searchsorted(cumulated, [low, high], side="right")]
        return float(below + (above - below) * (position - low))

    def spread(self) -> float | None:
        """The standard deviation."""
        if (count := len(self)) < 2:
            return None
        mean = float(self.counts @ _STANDS_FOR) / count
        squares = float(self.counts @ np.square(_STANDS_FOR)) / count
        return math.sqrt(max(0.0, squares - mean * mean) * count / (count - 1))
