"""How well the whole road from text to unit does on texts that the classifier had not seen.

Each text is decided by the list with the facts that its words give. Of the shipped examples every second
one also has the place type, owner and hour that its item states, as a report from a form would come; a
district's own cases have their words alone. Units are compared as the list spells them, or as the
history names them. From the same decisions the unit's probability is calibrated and the probabilities
are found from which on a wanted precision is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.facts import Facts, Reason
from dispatch.index import MatchIndex
from dispatch.items import normal_form
from dispatch.normalise import lexicon
from dispatch.normalise.abreast import abreast
from dispatch.normalise.backends.interface import Reader
from dispatch.normalise.corpus import Corpus
from dispatch.normalise.history import History
from dispatch.normalise.model import Reading, calibrated, log_odds
from dispatch.normalise.training import HeldOut, Trial
from dispatch.weighing import weigh

PRECISIONS = tuple(round(0.80 + 0.01 * step, 2) for step in range(20))
SHOWN = (0.95, 0.98)  # precisions whose coverage is told
SURENESS = 1.2816  # of a bound that holds nine times in ten
FEWEST = 30  # texts that speak for a threshold
BINS = 10
GUESSED, GIVEN = "category_guessed", "category_given"
_MIDNIGHT = datetime(2026, 6, 30, 16, tzinfo=UTC)  # of a working day in Shanghai
_NOON = 12 * 60

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a text came to: its likeliest units with their summed probabilities, and whose it was."""

    units: tuple[tuple[str, float], ...]
    truth: str
    # The category was given, and the list leaves one unit only: the road takes it as it is.
    is_certain: bool = False

    @property
    def said(self) -> str:
        return self.units[0][0] if self.units else ""

    @property
    def summed(self) -> float:
        return min(self.units[0][1], 1.0) if self.units else 0.0

    @property
    def is_right(self) -> bool:
        return self.said == self.truth

    @property
    def is_among_three(self) -> bool:
        return any(unit == self.truth for unit, _probability in self.units[:3])


class Road:
    """From a text and its reading to units: the list as the reference files have it, without a place."""

    def __init__(
        self, corpus: Corpus, classifier: Reader, matter_confidence: float, names: History | None = None
    ) -> None:
        self.index = MatchIndex([text.item for text in corpus.items], version=0)
        self.classifier = classifier
        self.matter_confidence = matter_confidence
        self.names = names

    def answer(
        self,
        text: str,
        reading: Reading,
        truth: str,
        *,
        source: str = "hotline",
        category: str | None = None,
        place_type: str | None = None,
        owner: str | None = None,
        minute: int = _NOON,
    ) -> Answer:
        plain = normal_form(text)
        evidence = []
        if place_type is None and (place := lexicon.PLACE_TYPES.find(plain)):
            place_type = place.value
            evidence.append(Reason("place_type_read", {"place_type": place.value}))
        if owner is None and (holder := lexicon.OWNERS.find(plain)):
            owner = holder.value
            evidence.append(Reason("owner_read", {"owner": holder.value}))
        categories, matters = self.classifier.guesses(reading, category)
        facts = Facts(
            source=source,
            at=_MIDNIGHT + timedelta(minutes=minute),
            categories=tuple(categories),
            matters=tuple(matters),
            units=tuple(self.classifier.units(reading, category)),
            keywords=self.index.hits(plain),
            place_type=place_type,
            owner=owner,
            category_given=category is not None,
            evidence=tuple(evidence),
        )

        def resolve(pattern: str) -> str:
            if self.names is None:
                return pattern
            unit = owner if pattern == "@owner" and owner else pattern
            return self.names.name_of(unit) or unit

        claims = weigh(facts, self.index, resolve, matter_confidence=self.matter_confidence).claims
        units = [(claim.unit or claim.pattern, claim.probability) for claim in claims[:5]]
        if category is None and self.names is not None:
            # Whom the list does not name gets nothing by itself here; that it is theirs is an answer, too.
            units = sorted([*units, *reading.elsewhere], key=lambda told: -told[1])[:5]
        return Answer(
            tuple(units),
            truth,
            is_certain=category is not None and len(claims) == 1,
        )


def assess(
    corpus: Corpus,
    classifier: Reader,
    trial: Trial,
    matter_confidence: float,
    history: History | None = None,
) -> dict[str, Any]:
    """The card's figures: accuracies, calibration, and precision and coverage; units by regime."""
    held = trial.shipped
    labels = corpus.category_of[corpus.labels]
    ranked = np.argsort(-held.categories, axis=1)[:, :3]
    own = np.where(corpus.category_of[None, :] == labels[:, None], held.matters, 0.0)
    road = Road(corpus, classifier, matter_confidence)
    guessed, given, places = abreast(
        [
            partial(_of_examples, corpus, road, held, given=False),
            partial(_of_examples, corpus, road, held, given=True),
            partial(_of_examples, corpus, road, held, given=True, every=True),
        ]
    )
    answers = {GUESSED: guessed, GIVEN: given}
    card: dict[str, Any] = {
        "examples": len(corpus.examples),
        "local": len(history.rows) if history else 0,
        "category": {
            "accuracy": _share(ranked[:, 0] == labels),
            "top3": _share((ranked == labels[:, None]).any(axis=1)),
            "calibration_error": calibration_error(held.categories.max(axis=1), ranked[:, 0] == labels),
        },
        "matter_within_category": {"accuracy": _share(own.argmax(axis=1) == corpus.labels)},
        "calibration": {},
        "unit": {},
        "shipped": {},
    }
    if history is not None and trial.local is not None:
        card["shipped"] = {name: figures(told) for name, told in answers.items()}
        answers |= _of_cases(Road(corpus, classifier, matter_confidence, history), trial.local, history)
    for name, told in answers.items():
        line = fit_line(told)
        card["calibration"][name] = [round(value, 4) for value in line]
        card["unit"][name] = figures(told, line)
    line = card["calibration"][GIVEN]
    card["category_and_place_given"] = figures(places, line)
    return card


def _of_examples(
    corpus: Corpus, road: Road, held: HeldOut, *, given: bool, every: bool = False
) -> list[Answer]:
    """`given`: the category was. `every`: every one has its item's place, owner and hour, not each second."""
    answers = []
    for at, example in enumerate(corpus.examples):
        item = road.index.items[example.item]
        with_place = every or at % 2 == 1
        answers.append(
            road.answer(
                example.text,
                held.reading(at),
                item.lead_unit,
                source=example.source,
                category=item.category if given else None,
                place_type=_one(item.place_types, at) if with_place else None,
                owner=_one(item.owners, at) if with_place else None,
                minute=item.hours.start + 30 if with_place and item.hours else _NOON,
            )
        )
    return answers


def _of_cases(road: Road, held: HeldOut, history: History) -> dict[str, list[Answer]]:
    """By regime; with the category given only where enough cases tell theirs."""
    told = {
        GUESSED: [road.answer(row.text, held.reading(at), row.unit) for at, row in enumerate(history.rows)]
    }
    known = [at for at, row in enumerate(history.rows) if row.category in road.index.categories]
    if len(known) >= 10 * FEWEST:
        told[GIVEN] = [
            road.answer(
                history.rows[at].text,
                held.reading(at),
                history.rows[at].unit,
                category=history.rows[at].category,
            )
            for at in known
        ]
    return told


def figures(answers: Sequence[Answer], line: Sequence[float] | None = None) -> dict[str, Any]:
    """How many were right, how honest the probabilities were, and what a wanted precision leaves."""
    sure, right = sureness(answers, line)
    return {
        "texts": len(answers),
        "accuracy": _share(right),
        "top3": _share(np.array([answer.is_among_three for answer in answers])),
        "calibration_error": calibration_error(sure, right),
        "curve": curve(sure, right),
        "coverage": {f"{wanted:.2f}": coverage(sure, right, wanted) for wanted in SHOWN},
        "thresholds": thresholds(sure, right),
    }


def sureness(answers: Sequence[Answer], line: Sequence[float] | None = None) -> tuple[Numbers, Truths]:
    """The first unit's probability, on the calibrated scale where there is one, and whether it was right."""
    sure = np.array(
        [
            1.0 if answer.is_certain else calibrated(answer.summed, line) if line else answer.summed
            for answer in answers
        ]
    )
    return sure, np.array([answer.is_right for answer in answers], bool)


def curve(sure: Numbers, right: Truths) -> list[dict[str, float]]:
    """What was claimed and what came true, by tenths of the claimed probability."""
    at = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        {
            "from": round(one / BINS, 2),
            "texts": int((at == one).sum()),
            "claimed": round(float(sure[at == one].mean()), 4),
            "right": round(float(right[at == one].mean()), 4),
        }
        for one in range(BINS)
        if (at == one).any()
    ]


def coverage(sure: Numbers, right: Truths, wanted: float) -> float:
    """The largest share of texts, the surest first, of which at least so many were right."""
    order = np.argsort(-sure, kind="stable")
    kept = np.flatnonzero(np.cumsum(right[order]) >= wanted * np.arange(1, len(order) + 1) - 1e-9)
    return round(float(kept[-1] + 1) / len(order), 4) if len(kept) else 0.0


def thresholds(sure: Numbers, right: Truths) -> list[dict[str, float]]:
    """For each wanted precision the least probability that keeps it; without those that cannot be kept.

    Kept means: so many were right that with nine chances in ten the precision is at least this (Wilson's
    bound), which asks a small sample for more.
    """
    order = np.argsort(-sure, kind="stable")
    ranked, hits = sure[order], np.cumsum(right[order])
    count = np.arange(1, len(order) + 1)
    at_least = lower_bound(hits, count)
    ends = np.append(ranked[1:] < ranked[:-1], True) & (count >= FEWEST)
    told = []
    for wanted in PRECISIONS:
        kept = np.flatnonzero(ends & (at_least >= wanted))
        if len(kept):
            last = kept[-1]
            told.append(
                {
                    "precision": wanted,
                    "threshold": round(float(ranked[last]), 4),
                    "coverage": round(float(count[last]) / len(order), 4),
                    "measured": round(float(hits[last] / count[last]), 4),
                }
            )
    return told


def lower_bound(hits: Any, count: Any) -> Any:
    """Wilson's lower bound of a share."""
    share, square = hits / count, SURENESS**2
    spread = SURENESS * np.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return (share + square / (2 * count) - spread) / (1 + square / count)


def confusions(answers: Iterable[Answer], most: int = 10) -> list[tuple[str, str, int]]:
    """Whose it was, who was said instead, and how often: the commonest first."""
    counts: dict[tuple[str, str], int] = {}
    for answer in answers:
        if not answer.is_right:
            pair = (answer.truth, answer.said)
            counts[pair] = counts.get(pair, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(truth, said, count) for (truth, said), count in ordered[:most]]


def by_truth(answers: Iterable[Answer]) -> list[tuple[str, int, float, float]]:
    """Per unit: how many were its, how many of them were found, and how many of those said to be it were."""
    answers = list(answers)
    mine: dict[str, int] = {}
    said: dict[str, int] = {}
    found: dict[str, int] = {}
    for answer in answers:
        mine[answer.truth] = mine.get(answer.truth, 0) + 1
        said[answer.said] = said.get(answer.said, 0) + 1
        if answer.is_right:
            found[answer.truth] = found.get(answer.truth, 0) + 1
    return [
        (unit, count, found.get(unit, 0) / count, found.get(unit, 0) / max(said.get(unit, 0), 1))
        for unit, count in sorted(mine.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def fit_line(answers: Sequence[Answer]) -> tuple[float, float]:
    """The line on the log odds under which the outcomes are likeliest; it never turns the order round."""
    from scipy.optimize import minimize

    guessed = [answer for answer in answers if not answer.is_certain]
    odds = np.array([log_odds(answer.summed) for answer in guessed])
    right = np.array([answer.is_right for answer in guessed], float)

    def loss(line: Numbers) -> tuple[float, Numbers]:
        scores = line[0] * odds + line[1]
        gap = 1 / (1 + np.exp(-scores)) - right
        return float((np.logaddexp(0, scores) - right * scores).mean()), np.array(
            [(gap * odds).mean(), gap.mean()]
        )

    found = minimize(loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(0.05, 5), (-5, 5)])
    return float(found.x[0]), float(found.x[1])


def calibration_error(probabilities: Numbers, right: Truths, bins: int = 15) -> float:
    """Expected calibration error: the mean gap between what was claimed and what was right."""
    at = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[at == one].mean() - right[at == one].mean()) * (at == one).sum()
        for one in range(bins)
        if (at == one).any()
    ]
    return round(float(sum(gaps)) / max(len(right), 1), 4)


def _one(values: frozenset[str], at: int) -> str | None:
    """One of these, another for each example."""
    return sorted(values)[at % len(values)] if values else None


def _share(these: NDArray[np.bool_]) -> float:
    return round(float(these.mean()), 4) if len(these) else 0.0
