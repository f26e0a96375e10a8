"""What every bench reports, and how contenders are timed: in turns, so that a busy machine hits all."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict


class Record(TypedDict):
    """One ratio from one run on one machine. For rates, more is better and the ratio is ours/theirs."""

    bench: str
    metric: str
    ours: float
    against: str
    theirs: float
    ratio: float


def rates(
    contenders: Mapping[str, tuple[Callable[[Any], object], Sequence[Any]]], rounds: int = 5
) -> dict[str, float]:
    """Calls per second of each contender over its inputs: the best of interleaved rounds."""
    best = dict.fromkeys(contenders, 0.0)
    for _round in range(rounds):
        for name, (call, inputs) in contenders.items():
            began = time.perf_counter()
            for one in inputs:
                call(one)
            best[name] = max(best[name], len(inputs) / (time.perf_counter() - began))
    return best


def compare(bench: str, metric: str, ours: float, others: Mapping[str, float]) -> list[Record]:
    """One record for each of the others."""
    return [
        {
            "bench": bench,
            "metric": metric,
            "ours": round(ours, 1),
            "against": name,
            "theirs": round(theirs, 1),
            "ratio": round(ours / theirs, 3),
        }
        for name, theirs in others.items()
    ]
