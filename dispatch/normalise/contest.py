"""Is a new model better than the one in use? Both answer the same texts that neither has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dispatch.normalise.assessment import GUESSED, Answer, Road, assess, figures, sureness
from dispatch.normalise.corpus import Corpus
from dispatch.normalise.history import History, Settled, fingerprint
from dispatch.normalise.model import ARRAYS, Classifier
from dispatch.normalise.training import train

RECENT = 5  # one case in so many, the newest, is what both are asked about
LEAST = 100  # cases from which a comparison says anything
CHANCE = 0.05  # how often a model that is no better may be taken for better
QUANTILE = 2.3263  # of the normal distribution, for one chance in a hundred


@dataclass(frozen=True)
class Contest:
    """Both models' figures on the same texts, and which one is to be used from now on."""

    texts: int
    new: dict[str, Any]
    current: dict[str, Any]
    gained: int  # texts that only the new one had right
    lost: int  # texts that only the current one had right
    chance: float  # of so many gained by chance
    gap: float  # by how much the new one's probabilities are nearer to the outcomes, in standard errors
    is_better: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "gained": self.gained,
            "lost": self.lost,
            "chance": round(self.chance, 5),
            "gap": round(self.gap, 2),
            "is_better": self.is_better,
            "new": _brief(self.new),
            "current": _brief(self.current),
        }


def _brief(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in ("accuracy", "top3", "calibration_error", "coverage", "curve")}


def split(rows: Sequence[Settled]) -> tuple[list[Settled], list[Settled]]:
    """What came before, and the most recent part."""
    start = len(rows) - len(rows) // RECENT
    return list(rows[:start]), list(rows[start:])


def answers_of(
    classifier: Classifier, corpus: Corpus, rows: Sequence[Settled], names: History, matter_confidence: float
) -> list[Answer]:
    road = Road(corpus, classifier, matter_confidence, names)
    return [road.answer(row.text, classifier.read(row.text), row.unit) for row in rows]


def trained_on(
    corpus: Corpus, history: History, matter_confidence: float, *, progress: Any = print
) -> Classifier:
    """A model made for a trial only: nothing of it stays on disk."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        _classifier, card = make(corpus, history, folder, matter_confidence, progress=progress)
        return Classifier(dict(np.load(folder / ARRAYS)), card)


def make(
    corpus: Corpus, history: History | None, folder: Path, matter_confidence: float, *, progress: Any = print
) -> tuple[Classifier, dict[str, Any]]:
    """Train into a folder, and measure what was held out: the model and its card."""
    classifier, trial = train(corpus, folder, history, progress=progress)
    told = assess(corpus, classifier, trial, matter_confidence, history)
    return classifier, {"version": classifier.version, **told}


def hold(
    corpus: Corpus, history: History, current: Classifier, matter_confidence: float, *, progress: Any = print
) -> Contest | None:
    """A model of the older cases against the current one, on the recent cases that the current one has
    not learnt from. None: there are too few of those."""
    older, recent = split(history.rows)
    seen = set(current.seen.tolist())
    fresh = [row for row in recent if fingerprint(row.text) not in seen]
    if len(fresh) < LEAST:
        return None
    challenger = trained_on(corpus, history.part(older), matter_confidence, progress=progress)
    told = [answers_of(model, corpus, fresh, history, matter_confidence) for model in (challenger, current)]
    return compare(*told, lines=(challenger.calibration[GUESSED], current.calibration[GUESSED]))


def compare(
    new: Sequence[Answer], current: Sequence[Answer], *, lines: tuple[Sequence[float], Sequence[float]]
) -> Contest:
    """The new one is better if it has more right than chance explains (the exact sign test on the texts
    that only one of them had right, at one chance in twenty); or no fewer right, and its probabilities
    are nearer to the outcomes (the paired test on their squared errors, at one chance in a hundred)."""
    sure, right = sureness(new, lines[0])
    was_sure, was_right = sureness(current, lines[1])
    gained = int((right & ~was_right).sum())
    lost = int((was_right & ~right).sum())
    chance = _chance(gained, gained + lost)
    nearer = (was_sure - was_right) ** 2 - (sure - right) ** 2
    error = float(nearer.std(ddof=1)) / sqrt(len(nearer))
    gap = float(nearer.mean()) / error if error else 0.0
    return Contest(
        len(new),
        figures(new, lines[0]),
        figures(current, lines[1]),
        gained,
        lost,
        chance,
        gap,
        is_better=chance < CHANCE or (gained >= lost and gap > QUANTILE),
    )


def _chance(wins: int, games: int) -> float:
    """How likely so many wins or more are when both are equally good."""
    return sum(comb(games, won) for won in range(wins, games + 1)) / 2**games
