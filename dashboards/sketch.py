"""Durations in logarithmic bins: mergeable by adding, and true to within 2 % at every percentile.

Bin 0 holds what took no whole second, bin b holds [γ^(b-1), γ^b) seconds with γ = 1.04, and stands for
γ^(b-1/2): no value is further than √γ - 1 = 1.98 % from what its bin says, and neither is an order
statistic nor a point between two of them.

As the database tells them of facts, a bin and its count are four bytes, the highest first: 9 bits for the
bin, 22 for the signed count. The same bin may stand there several times; what counts is the sum. So two sets
are merged by joining their bytes, in the database as well as here. Cells hold them more narrowly: packing.py.
"""

import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

GAMMA: Final = 1.04
LN_GAMMA: Final = math.log(GAMMA)
# γ^511 seconds is 16 years; whatever is longer is counted there.
BIN_COUNT: Final = 512
COUNT_BITS: Final = 22
# The largest count, and the least, that one entry can say.
MOST: Final = 2 ** (COUNT_BITS - 1) - 1
COUNT_MASK: Final = 2**COUNT_BITS - 1
_STANDS_FOR: Final = np.concatenate([[0.0], np.exp((np.arange(1, BIN_COUNT) - 0.5) * LN_GAMMA)])
_SQUARES: Final = np.square(_STANDS_FOR)
_NOTHING: Final = np.zeros(BIN_COUNT, dtype=np.int64)

Packed = bytes | memoryview
# Bins and the count of each; a bin may stand there several times.
Tally = tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]


class Durations:
    """A set of durations in seconds, as counts per bin.

    Kept as they came, and counted when somebody asks: a page reads thousands of groups and looks into a few
    hundred.
    """

    __slots__ = ("_counts", "_parts")

    def __init__(self, *parts: Packed | Tally) -> None:
        self._parts = [part for part in parts if len(part)]
        self._counts: NDArray[np.int64] | None = None

    @classmethod
    def merged(cls, parts: Iterable["Durations"]) -> "Durations":
        """All of them together."""
        return cls(*(piece for part in parts for piece in part._parts))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many there are in each bin."""
        if self._counts is None:
            tallies = [part if isinstance(part, tuple) else entries(part) for part in self._parts]
            bins = [bins for bins, _counts in tallies]
            counts = [counts for _bins, counts in tallies]
            self._counts = tallied(np.concatenate(bins), np.concatenate(counts)) if tallies else _NOTHING
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


def unpack(packed: Packed) -> NDArray[np.int64]:
    """Counts per bin."""
    return tallied(*entries(packed))


def tallied(bins: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.int64]:
    """Counts per bin."""
    return np.bincount(bins, weights=counts, minlength=BIN_COUNT).astype(np.int64)


def entries(packed: Packed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bins and the signed counts as they stand."""
    numbers = np.frombuffer(packed, dtype=">u4").astype(np.int64)
    counts = numbers & COUNT_MASK
    counts[counts > MOST] -= COUNT_MASK + 1
    return numbers >> COUNT_BITS, counts


def bins_of(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bin of each duration."""
    logs = np.log(np.maximum(seconds, 1)) / LN_GAMMA
    return np.where(seconds > 0, np.minimum(1 + np.floor(logs).astype(np.int64), BIN_COUNT - 1), 0)
