"""The trained classifier, scored by hand: a few numpy sums per text, and no training library in memory.

Four measurements of a text are added for each category and turned into probabilities: a linear model
of its characters, the nearest items' texts, and the list's keywords twice. How they are weighted is
fitted on held-out examples, which is what makes the probabilities calibrated (training.py).
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from numpy.typing import NDArray

from dispatch.facts import Guess
from dispatch.normalise.features import Vectors, prepared

ARRAYS, CARD = "classifier.npz", "card.json"
SHARPNESS = 20.0  # of the soft maximum over a category's items
CATEGORIES_KEPT, MATTERS_KEPT, FAINTEST = 8, 24, 0.005

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """Probabilities of all categories, and of all items within their category, in the model's order."""

    categories: Floats
    matters: Floats


class Classifier:
    """Read-only once loaded, hence safe between threads."""

    def __init__(self, arrays: Mapping[str, Any], card: Mapping[str, Any]) -> None:
        self.version: str = card["version"]
        self.calibration: Mapping[str, Sequence[float]] = card.get("calibration", {})
        self.categories: list[str] = arrays["categories"].tolist()
        self.items: list[str] = arrays["items"].tolist()
        self.vectors = Vectors(
            arrays["vocabulary"].tolist(),
            arrays["idf"].astype(np.float32),
            arrays["keywords"].tolist(),
            arrays["keyword_idf"].astype(np.float32),
        )
        self.weights = arrays["weights"]  # float16, a row per column of the vector
        self.bias = arrays["bias"].astype(np.float32)
        # The items' texts, as postings: for each column of the vector, which items have it and how much.
        self.post_at = arrays["post_at"]
        self.post_item = arrays["post_item"]
        self.post_value = arrays["post_value"]
        # Items stand in category order: where each category's begin, and whose each is.
        self.starts = arrays["starts"]
        self.item_category = np.repeat(
            np.arange(len(self.categories)), np.diff(np.append(self.starts, len(self.items)))
        )
        self.catch_all = arrays["catch_all"].astype(np.float32)
        self.keyword_items = np.split(arrays["keyword_item"], arrays["keyword_at"][1:-1])
        self.keyword_categories = [np.unique(self.item_category[items]) for items in self.keyword_items]
        self.category_mix = arrays["category_mix"].astype(np.float32)
        self.matter_mix = arrays["matter_mix"].astype(np.float32)

    def read(self, text: str) -> Reading:
        """The probabilities for a text as it came."""
        plain = prepared(text)
        hits = self.vectors.hits(plain)
        at, values = self.vectors.vector(plain, hits)
        linear = values @ self.weights[at].astype(np.float32) + self.bias
        nearness = self.nearness(at, values)
        category_measures = np.stack([linear, *self.category_words(nearness, hits)])
        matter_measures = np.stack([nearness, *self.matter_words(hits), self.catch_all])
        return Reading(
            softmax(self.category_mix @ category_measures),
            self.within(self.matter_mix @ matter_measures),
        )

    def unit_probability(self, summed: float, *, category_given: bool) -> float:
        """How often a unit with this summed probability was the right one (measured in training)."""
        line = self.calibration.get("category_given" if category_given else "category_guessed")
        return calibrated(summed, line) if line else summed

    def nearness(self, at: NDArray[np.intp], values: Floats) -> Floats:
        """Cosine between the text and each item's texts."""
        spans = [(int(self.post_at[one]), int(self.post_at[one + 1])) for one in at]
        lengths = [end - start for start, end in spans]
        if not spans or not sum(lengths):
            return np.zeros(len(self.items), np.float32)
        items = np.concatenate([self.post_item[start:end] for start, end in spans])
        shares = np.concatenate([self.post_value[start:end] for start, end in spans]).astype(np.float32)
        summed = np.bincount(items, shares * np.repeat(values, lengths), len(self.items))
        return summed.astype(np.float32)

    def category_words(self, nearness: Floats, hits: list[int]) -> tuple[Floats, Floats, Floats]:
        """Per category: the soft maximum of its items' nearness, its keywords, and their share of all."""
        nearest = np.log(np.add.reduceat(np.exp(nearness * SHARPNESS), self.starts))
        words = np.zeros(len(self.categories), np.float32)
        for hit in hits:
            categories = self.keyword_categories[hit]
            words[categories] += self.vectors.keyword_idf[hit] / len(categories)
        length = max(float(np.sqrt(words @ words)), 1e-9)
        return nearest.astype(np.float32), words, words / np.float32(length)

    def matter_words(self, hits: list[int]) -> tuple[Floats, Floats]:
        """Per item: the weight of its keywords that occur, and whether any does."""
        words = np.zeros(len(self.items), np.float32)
        for hit in hits:
            words[self.keyword_items[hit]] += self.vectors.keyword_idf[hit]
        return words, (words > 0).astype(np.float32)

    def within(self, scores: Floats) -> Floats:
        """Probabilities of the items that sum to one within each category."""
        highest = np.maximum.reduceat(scores, self.starts)
        raised = np.exp(scores - highest[self.item_category])
        sums = np.add.reduceat(raised, self.starts)
        return (raised / sums[self.item_category]).astype(np.float32)

    def guesses(self, reading: Reading, category: str | None = None) -> tuple[list[Guess], list[Guess]]:
        """The likeliest categories, and their likeliest items with joint probabilities.

        A given category is certain: its items' probabilities are then conditional on it.
        """
        if category is not None:
            order = [self.categories.index(category)] if category in self.categories else []
            chances = dict.fromkeys(order, 1.0)
            told = [Guess(category, 1.0)]
        else:
            order = np.argsort(-reading.categories)[:CATEGORIES_KEPT].tolist()
            order = [one for one in order if reading.categories[one] >= FAINTEST]
            chances = {one: float(reading.categories[one]) for one in order}
            told = [Guess(self.categories[one], chances[one]) for one in order]
        matters = []
        for one in order:
            end = self.starts[one + 1] if one + 1 < len(self.starts) else len(self.items)
            for item in range(int(self.starts[one]), int(end)):
                joint = chances[one] * float(reading.matters[item])
                if joint >= FAINTEST:
                    matters.append(Guess(self.items[item], joint))
        matters.sort(key=lambda guess: -guess.probability)
        return told, matters[:MATTERS_KEPT]


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), with the ends drawn in: nothing read from a text is ever quite certain."""
    bounded = min(max(probability, 0.005), 0.995)
    return log(bounded / (1 - bounded))


def calibrated(probability: float, line: Sequence[float]) -> float:
    """A summed probability put on the scale of how often such sums were right (Platt's line)."""
    return 1 / (1 + exp(-(line[0] * log_odds(probability) + line[1])))


def softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max())
    probabilities: Floats = raised / raised.sum()
    return probabilities


def load(folder: Path) -> Classifier:
    """The classifier that `manage.py train` wrote there. Raises ImproperlyConfigured."""
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            return Classifier(dict(arrays), card)
    except (OSError, ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            f"There is no usable trained model in {folder} ({error}): run `manage.py train`."
        ) from error


_loaded: dict[Path, Classifier] = {}
_loading = threading.Lock()


def classifier() -> Classifier:
    """This process's classifier, loaded at the first call from settings.MODEL_DIR."""
    folder = Path(settings.MODEL_DIR)
    found = _loaded.get(folder)
    if found is None:
        with _loading:
            found = _loaded.get(folder) or load(folder)
            _loaded[folder] = found
    return found


def card() -> dict[str, Any]:
    """What was measured when the model was trained: see training.py."""
    try:
        told: dict[str, Any] = json.loads((Path(settings.MODEL_DIR) / CARD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"There is no model card in {settings.MODEL_DIR}: run `manage.py train`."
        ) from error
    return told
