"""Is it the same thing? Precision and recall on the constructed tellings, and what a comparison costs.

Against the rule that came before: the same category, within 100 m, nine in ten letters alike. Both judge the
same pairs of scenes that were never fitted on. Metric: percent, and microseconds for one report and the
candidates that it has (less is better).
"""

import time
from typing import TypedDict

from rapidfuzz import fuzz

from benchmarks.duplicates_pairs import SAME, Pair, is_held_out, lower_bound, pairs, tellings
from incidents.alike import LEAST
from incidents.likeness import Seen, compare, telling
from incidents.likeness.weights import CERTAIN

ROUNDS = 5
CANDIDATES = 3


class Record(TypedDict):
    bench: str
    metric: str
    ours: float
    against: str
    theirs: float
    ratio: float


def run() -> list[Record]:
    """The table is printed; the records are recall at the threshold, and speed."""
    every = list(pairs(tellings()))
    groups = {
        "fitted": [pair for pair in every if not _any_held_out(pair)],
        "held out": [pair for pair in every if is_held_out(pair.one.scene) and is_held_out(pair.other.scene)],
    }
    groups["all"] = groups["fitted"] + groups["held out"]
    for name, found in groups.items():
        _table(name, found)
    held_out = groups["held out"]
    ours, theirs = _recall(held_out, _joins), _recall(held_out, _joined_before)
    one_ours, one_theirs = _speed()
    return [
        _record(
            "duplicates_recall",
            "joined by itself, % of one thing",
            ours,
            "nine letters in ten",
            theirs,
            ours / theirs,
        ),
        _record(
            "duplicates_speed",
            f"µs, report and {CANDIDATES} candidates",
            one_ours,
            "nine letters in ten",
            one_theirs,
            one_theirs / one_ours,
        ),
    ]


def _record(bench: str, metric: str, ours: float, against: str, theirs: float, ratio: float) -> Record:
    return {
        "bench": bench,
        "metric": metric,
        "ours": round(ours, 1),
        "against": against,
        "theirs": round(theirs, 1),
        "ratio": round(ratio, 2),
    }


def _any_held_out(pair: Pair) -> bool:
    return is_held_out(pair.one.scene) or is_held_out(pair.other.scene)


def _joins(pair: Pair) -> bool:
    return pair.likeness.may_join and pair.likeness.score >= CERTAIN


def _joined_before(pair: Pair) -> bool:
    one, other, metres = pair.one.seen, pair.other.seen, pair.likeness.metres
    if one.category != other.category or metres is None or metres > 100:
        return False
    return fuzz.ratio(_letters(one.text), _letters(other.text)) >= 90


def _letters(text: str) -> str:
    return "".join(letter for letter in telling.folded(text) if letter.isalnum())


def _recall(found: list[Pair], joins: object) -> float:
    same = [pair for pair in found if pair.is_same]
    return 100 * sum(joins(pair) for pair in same) / len(same)  # type: ignore[operator]


def _table(name: str, found: list[Pair]) -> None:
    kinds = ("same", "copied", "beside", "elsewhere", "twisted")
    print(f"  {name}: {', '.join(f'{sum(p.kind == k for p in found)} {k}' for k in kinds)}")
    rules = [
        ("joins by itself", _joins),
        ("rule before", _joined_before),
        ("shown to a person", lambda pair: pair.likeness.score >= LEAST),
    ]
    for label, rule in rules:
        taken = [pair for pair in found if rule(pair)]
        right = sum(pair.is_same for pair in taken)
        by_kind = ", ".join(
            f"{kind} {sum(p.kind == kind for p in taken) / max(1, sum(p.kind == kind for p in found)):.1%}"
            for kind in kinds
        )
        recall = right / sum(pair.kind in SAME for pair in found)
        print(
            f"    {label:<18} {len(taken):>5} pairs  precision {right / max(1, len(taken)):.3f}"
            f" (at least {lower_bound(right, len(taken)):.3f})  recall {recall:.3f}  {by_kind}"
        )


def _speed() -> tuple[float, float]:
    """Microseconds for a report that nobody has read yet and candidates that were read before."""
    seen = [one.seen for one in tellings()]
    rounds = [(seen[at], seen[at + 1 : at + 1 + CANDIDATES]) for at in range(0, 400, CANDIDATES + 1)]

    def ours(one: Seen, candidates: list[Seen]) -> None:
        for other in candidates:
            compare(one, other)

    def theirs(one: Seen, candidates: list[Seen]) -> None:
        letters = _letters(one.text)
        for other in candidates:
            fuzz.ratio(letters, _letters(other.text))

    best = {ours: float("inf"), theirs: float("inf")}
    for _round in range(ROUNDS):
        for contender in best:
            telling.read.cache_clear()
            for _one, candidates in rounds:
                for other in candidates:
                    telling.read(other.text, other.address)
            begun = time.perf_counter()
            for one, candidates in rounds:
                contender(one, candidates)
            best[contender] = min(best[contender], (time.perf_counter() - begun) / len(rounds) * 1e6)
    return best[ours], best[theirs]
