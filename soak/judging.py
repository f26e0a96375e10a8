"""Does it grow? The rule by which a soak is judged; pure, so that it can be tried on series that are known.

The first third is left out: caches fill, forks copy what they touch. Of the rest each pair of samples has a
slope, and the middle one of these (Theil and Sen's) is what it grows by: a single peak, or a step up and down
again, moves it little. It counts as growing where that is more than `most` an hour, and where at least four
of five pairs go up: of noise, half of them do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

# An hour's growth of one service that would need a restart within a week or two: 168 hours of it are 4 GB.
MOST_MB_AN_HOUR = 24.0
# Other things that must not pile up: connections, messages in a queue, letters that wait.
MOST_AN_HOUR = 60.0
# The share of all pairs of samples that go up.
_UP = 0.8
# Fewer samples than this after the first third say nothing.
FEWEST = 12

Series = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one series; slope in its unit an hour."""

    name: str
    first: float
    last: float
    highest: float
    slope: float
    share_up: float
    grows: bool

    def __str__(self) -> str:
        word = "GROWS" if self.grows else "flat"
        return (
            f"{word:5}  {self.name:28} {self.first:9.1f} → {self.last:9.1f}, most {self.highest:9.1f}, "
            f"{self.slope:+8.1f} an hour, {self.share_up:.0%} of pairs up"
        )


def judge(name: str, series: Series, *, most: float = MOST_MB_AN_HOUR) -> Verdict:
    """Of (seconds, value) in the order of time. Raises ValueError where there is too little to judge by."""
    kept = settled(series)
    if len(kept) < FEWEST:
        raise ValueError(f"{name}: {len(kept)} samples after the first third, {FEWEST} are needed")
    pairs = [(b - a, later - sooner) for (a, sooner), (b, later) in combinations(_thinned(kept), 2) if b > a]
    slope = median(rise / seconds for seconds, rise in pairs) * 3600
    share_up = sum(rise > 0 for _seconds, rise in pairs) / len(pairs)
    return Verdict(
        name=name,
        first=median(value for _at, value in kept[: len(kept) // 4]),
        last=median(value for _at, value in kept[-(len(kept) // 4) :]),
        highest=max(value for _at, value in series),
        slope=slope,
        share_up=share_up,
        grows=slope > most and share_up >= _UP,
    )


def settled(series: Series) -> Series:
    """Without the first third of its time."""
    if not series:
        return series
    begins, ends = series[0][0], series[-1][0]
    return [(at, value) for at, value in series if at >= begins + (ends - begins) / 3]


def _thinned(series: Series, *, most: int = 300) -> Series:
    """So that a day's samples have no millions of pairs."""
    step = -(-len(series) // most)
    return series[::step]
