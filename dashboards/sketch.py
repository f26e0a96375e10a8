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
_SQUARES: Final = np.square(_STANDS_FOR)


class Durations:
    """A set of durations in seconds, as counts per bin.

    Kept as the packed text that the database joins, and counted when somebody asks: a page reads
    thousands of groups and looks into a few hundred.
    """

    __slots__ = ("_counts", "_parts")

    def __init__(self, *parts: str) -> None:
        self._parts = [part for part in parts if part]
        self._counts: NDArray[np.int64] | None = None

    @classmethod
    def merged(cls, parts: Iterable["Durations"]) -> "Durations":
        """All of them together."""
        return cls(*(text for part in parts for text in part._parts))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many there are in each bin."""
        if self._counts is None:
            self._counts = _unpack(",".join(self._parts))
        return self._counts

    def __len__(self) -> int:
        return int(self.counts.sum()) if self._parts else 0

    def percentile(self, share: float) -> float | None:
        """By percentile_cont's definition: between the order statistics around share × (n - 1)."""
        if not (count := len(self)):
            return None
        position = share * (count - 1)
        low, high = math.floor(position), math.ceil(position)
        places = np.searchsorted(np.cumsum(self.counts), [low, high], side="right")
        below, above = _STANDS_FOR[places]
        return float(below + (above - below) * (position - low))

    def spread(self) -> float | None:
        """The standard deviation."""
        if (count := len(self)) < 2:
            return None
        mean = float(self.counts @ _STANDS_FOR) / count
        squares = float(self.counts @ _SQUARES) / count
        return math.sqrt(max(0.0, squares - mean * mean) * count / (count - 1))


def _unpack(text: str) -> NDArray[np.int64]:
    """Counts per bin from packed numbers; a count is the signed lower half of its number."""
    if not text:
        return np.zeros(BIN_COUNT, dtype=np.int64)
    numbers = np.fromstring(text, dtype=np.int64, sep=",")
    bins = np.minimum(numbers >> 32, BIN_COUNT - 1)
    counts = (numbers & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    return np.bincount(bins, weights=counts, minlength=BIN_COUNT).astype(np.int64)
