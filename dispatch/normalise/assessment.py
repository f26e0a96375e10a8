"""How well the whole road from text to unit does on examples that the classifier had not seen.

Each example is decided by the list with the facts that its words give; every second one also with the
place type, owner and hour that its item states, as a report from a form would come. Units are compared
as the list spells them. From the same decisions the unit's probability is calibrated.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.facts import Facts
from dispatch.index import MatchIndex
from dispatch.items import normal_form
from dispatch.normalise import lexicon
from dispatch.normalise.corpus import Corpus
from dispatch.normalise.model import Classifier, calibrated, log_odds
from dispatch.normalise.training import HeldOut, held_out_reading
from dispatch.weighing import weigh

THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
_MIDNIGHT = datetime(2026, 6, 30, 16, tzinfo=UTC)  # of a working day in Shanghai
_NOON = 12 * 60


def assess(
    corpus: Corpus, classifier: Classifier, held_out: HeldOut, matter_confidence: float
) -> dict[str, Any]:
    """The card's figures: accuracies, calibration errors, and precision and coverage per threshold."""
    index = MatchIndex([text.item for text in corpus.items], version=0)
    labels = corpus.category_of[corpus.labels]
    ranked = np.argsort(-held_out.categories, axis=1)[:, :3]
    own = np.where(corpus.category_of[None, :] == labels[:, None], held_out.matters, 0.0)
    card: dict[str, Any] = {
        "examples": len(corpus.examples),
        "category": {
            "accuracy": _share(ranked[:, 0] == labels),
            "top3": _share((ranked == labels[:, None]).any(axis=1)),
            "calibration_error": calibration_error(held_out.categories.max(axis=1), ranked[:, 0] == labels),
        },
        "matter_within_category": {"accuracy": _share(own.argmax(axis=1) == corpus.labels)},
        "calibration": {},
        "unit": {},
    }
    for name, given in (("category_guessed", False), ("category_given", True)):
        raw, right = _decide_all(corpus, classifier, held_out, index, matter_confidence, given)
        slope, offset = _fit(raw, right)
        sure = np.array([calibrated(value, (slope, offset)) for value in raw])
        card["calibration"][name] = [round(slope, 4), round(offset, 4)]
        card["unit"][name] = {
            "accuracy": _share(right),
            "calibration_error": calibration_error(sure, right),
            "thresholds": [
                {
                    "threshold": threshold,
                    "coverage": _share(sure >= threshold),
                    "precision": _share(right[sure >= threshold]),
                }
                for threshold in THRESHOLDS
            ],
        }
    return card


def _decide_all(
    corpus: Corpus,
    classifier: Classifier,
    held_out: HeldOut,
    index: MatchIndex,
    matter_confidence: float,
    given: bool,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The best unit's summed probability for each example, and whether it is the right unit."""
    sure, right = [], []
    for at, example in enumerate(corpus.examples):
        item = index.items[example.item]
        plain = normal_form(example.text)
        guesses = classifier.guesses(held_out_reading(held_out, at), item.category if given else None)
        place = lexicon.PLACE_TYPES.find(plain)
        holder = lexicon.OWNERS.find(plain)
        place_type = place.value if place else None
        owner = holder.value if holder else None
        minute = _NOON
        if at % 2:
            place_type = _one(item.place_types, at) or place_type
            owner = _one(item.owners, at) or owner
            minute = item.hours.start + 30 if item.hours else minute
        facts = Facts(
            source=example.source,
            at=_MIDNIGHT + timedelta(minutes=minute),
            categories=tuple(guesses[0]),
            matters=tuple(guesses[1]),
            keywords=index.hits(plain),
            place_type=place_type,
            owner=owner,
        )
        best = weigh(facts, index, lambda pattern: pattern, matter_confidence=matter_confidence).best
        sure.append(best.probability if best else 0.0)
        right.append(best is not None and best.unit == item.lead_unit)
    return np.array(sure), np.array(right)


def _one(values: frozenset[str], at: int) -> str | None:
    """One of these, another for each example."""
    return sorted(values)[at % len(values)] if values else None


def _fit(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """The line on the log odds under which the outcomes are likeliest; it never turns the order round."""
    from scipy.optimize import minimize

    odds = np.array([log_odds(value) for value in probabilities])

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = line[0] * odds + line[1]
        gap = 1 / (1 + np.exp(-scores)) - right
        return float((np.logaddexp(0, scores) - right * scores).mean()), np.array(
            [(gap * odds).mean(), gap.mean()]
        )

    found = minimize(loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(0.05, 5), (-5, 5)])
    return float(found.x[0]), float(found.x[1])


def calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: the mean gap between what was claimed and what was right."""
    at = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[at == one].mean() - right[at == one].mean()) * (at == one).sum()
        for one in range(bins)
        if (at == one).any()
    ]
    return round(float(sum(gaps)) / len(right), 4)


def _share(these: NDArray[np.bool_]) -> float:
    return round(float(these.mean()), 4) if len(these) else 0.0
