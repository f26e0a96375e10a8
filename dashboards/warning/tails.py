"""How likely is a count by chance alone? The negative binomial's tail and interval, without scipy.

A count whose rate is itself uncertain (gamma) is negative binomial: mean μ, size r, variance μ + μ²/r.
"""

import math
from functools import lru_cache
from typing import Final

# Further terms than this add nothing that a double can hold.
_NEGLIGIBLE: Final = 1e-17
_MOST_TERMS: Final = 200_000


def upper(count: int, mean: float, size: float) -> float:
    """The chance of `count` or more. Added up from `count`, so that tiny tails keep their digits."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if count <= mean:  # the tail is the bigger part: take the smaller one from 1
        return max(0.0, 1.0 - math.fsum(_terms(0, count - 1, mean, size)))
    return min(1.0, math.fsum(_terms(count, None, mean, size)))


def _terms(first: int, last: int | None, mean: float, size: float) -> list[float]:
    odds = mean / (mean + size)
    log_term = (
        math.lgamma(first + size)
        - math.lgamma(size)
        - math.lgamma(first + 1)
        + size * -math.log1p(mean / size)
        + (first * math.log(odds) if first else 0.0)
    )
    term = math.exp(log_term) if log_term > -745 else 0.0
    found, n, total = [term], first, term
    while (last is None or n < last) and n - first < _MOST_TERMS:
        term *= (n + size) / (n + 1) * odds
        n += 1
        found.append(term)
        total += term
        if last is None and term <= total * _NEGLIGIBLE:
            break
    return found


@lru_cache(maxsize=4096)
def interval(mean: float, size: float, coverage: float = 0.95) -> tuple[int, int]:
    """The counts that hold `coverage` of what chance makes, as much cut off below as above."""
    beside = (1 - coverage) / 2
    low = high = -1
    total = 0.0
    odds = mean / (mean + size) if mean > 0 else 0.0
    term = math.exp(-size * math.log1p(mean / size)) if mean > 0 else 1.0
    n = 0
    while n < _MOST_TERMS:
        total += term
        if low < 0 and total > beside:
            low = n
        if total >= 1 - beside:
            high = n
            break
        term *= (n + size) / (n + 1) * odds
        n += 1
    return max(low, 0), max(high, n)
