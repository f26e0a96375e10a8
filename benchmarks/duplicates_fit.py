"""Fit what incidents/likeness compares by: `python -m benchmarks.duplicates_fit`.

Writes incidents/likeness/data/grams.tsv (what the n-grams of the shipped example texts tell) and
incidents/likeness/weights.py (a logistic regression on the fitted half of the constructed pairs, and the
threshold above which reports join by themselves, chosen on the same half by scenes that each fit left out).
"""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from benchmarks.duplicates_pairs import Pair, is_held_out, lower_bound, pairs, tellings
from incidents.likeness import scoring, telling

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "incidents" / "likeness" / "weights.py"
EXAMPLES = ROOT / "dispatch" / "data"
# Rarer than this, an n-gram is a name or a slip.
LEAST = 3
# How many reports of the usual mix an n-gram's own are weighed against.
DOUBT = 4.0
# Not fitted: no constructed telling names a facility by its code, and their hours are drawn alike for one
# thing and for two. One facility is a good reason and no proof; what is days apart is less sure.
FIXED = {"facility": 2.0, "hours": -0.5}
# Of what joins, at the lower confidence bound, on the scenes that are fitted on; the held-out ones tell.
PRECISION = 0.985


def main() -> None:
    count_grams()
    fitted = [pair for pair in pairs(tellings()) if not is_held_out(pair.one.scene)]
    fitted = [pair for pair in fitted if not is_held_out(pair.other.scene)]
    free = [pair for pair in fitted if not pair.likeness.against]
    rows, fixed, labels, scenes = _matrix(free)
    model = LogisticRegression(C=10, max_iter=1000).fit(rows, labels)
    left_out = np.zeros(len(labels))
    for learn, check in GroupKFold(8).split(rows, labels, scenes):
        part = LogisticRegression(C=10, max_iter=1000).fit(rows[learn], labels[learn])
        left_out[check] = 1 / (1 + np.exp(-part.decision_function(rows[check]) - fixed[check]))
    joinable = np.array([pair.likeness.may_join for pair in free])
    threshold = choose(left_out[joinable], labels[joinable])
    write_weights(model, threshold)
    print(f"{len(free)} pairs without anything against; threshold {threshold:.3f}")
    for name, weight in zip(scoring.FEATURES, _weights_of(model), strict=True):
        print(f"  {name:<10} {weight:+.2f}")


def count_grams() -> None:
    """What each n-gram of the example texts tells of the matter, and what of the setting."""
    told: dict[str, str] = {}
    for path in [EXAMPLES / "example_texts.csv", *sorted((EXAMPLES / "examples").glob("*.csv"))]:
        with path.open(encoding="utf-8-sig") as handle:
            told.update((row["text"], row["item_code"][:4]) for row in csv.DictReader(handle))
    names = sorted(set(told.values()))
    usual = np.array([list(told.values()).count(name) for name in names]) / len(told)
    counted: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(names)))
    for text, category in told.items():
        for gram in telling.grams(telling.folded(text)):
            counted[gram][names.index(category)] += 1
    lines = []
    for gram, counts in sorted(counted.items()):
        total = counts.sum()
        if total < LEAST:
            continue
        # How far its reports lie from all reports, by category; a rare one is not believed at its word.
        share = (counts + DOUBT * usual) / (total + DOUBT)
        topical = float((share * np.log(share / usual)).sum())
        # A pair of characters is a word more often than one character is.
        weight = np.log(len(told) / total) * (1.0 if len(gram) == 2 else 0.6)
        lines.append(f"{gram}\t{weight * min(3.0, topical):.2f}\t{weight * max(0.0, 1.2 - topical):.2f}")
    telling.GRAMS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    telling.forget()


def choose(scores: np.ndarray, labels: np.ndarray) -> float:
    """The lowest threshold from which on the precision is above PRECISION at the lower bound."""
    order = np.argsort(-scores)
    right, best = 0, 1.0
    for taken, at in enumerate(order, 1):
        right += int(labels[at])
        if lower_bound(right, taken) >= PRECISION:
            best = float(scores[at])
    return best


def write_weights(model: LogisticRegression, threshold: float) -> None:
    lines = [
        '"""The weights of the comparison, written by `python -m benchmarks.duplicates_fit`: how they were',
        'fitted, and what came of it, is told there and in docs/decisions/0004."""',
        "",
        f"INTERCEPT = {model.intercept_[0]:.3f}",
        "WEIGHTS: dict[str, float] = {",
        *(
            f'    "{name}": {weight:.3f},'
            for name, weight in zip(scoring.FEATURES, _weights_of(model), strict=True)
        ),
        "}",
        "# From here on a report joins by itself.",
        f"CERTAIN = {threshold:.3f}",
        "",
    ]
    WEIGHTS.write_text("\n".join(lines), encoding="utf-8")


def _weights_of(model: LogisticRegression) -> list[float]:
    fitted = dict(zip(_fitted(), model.coef_[0], strict=True)) | FIXED
    return [fitted[name] for name in scoring.FEATURES]


def _fitted() -> list[str]:
    return [name for name in scoring.FEATURES if name not in FIXED]


def _matrix(found: list[Pair]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The fitted features, what the fixed ones add, whether it is one thing, and the scenes."""
    rows, fixed = [], []
    for pair in found:
        first, second = telling.read(pair.one.seen.text), telling.read(pair.other.seen.text)
        features = scoring.features_of(pair.likeness, first, second)
        rows.append([features[name] for name in _fitted()])
        fixed.append(sum(weight * features[name] for name, weight in FIXED.items()))
    return (
        np.array(rows),
        np.array(fixed),
        np.array([int(pair.is_same) for pair in found]),
        np.array([pair.one.scene for pair in found]),
    )


if __name__ == "__main__":
    main()
