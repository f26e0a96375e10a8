"""Training what tells talk from reports, and two matters from one; and measuring both on held-out rows."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accounts.reference import read_rows
from dispatch.loading import DATA
from dispatch.normalise.corpus import Corpus, example_files
from dispatch.normalise.model import Reading
from dispatch.normalise.talk import (
    ARRAYS,
    CARD,
    KINDS,
    LONGEST,
    features_of,
    refused,
    several_features,
)
from dispatch.normalise.versions import replace_file

FOLDS = 5
SEED = 20_180_101
# Of real reports so few may be taken for talk, and of texts about one matter for several.
FALSE_TALK = 0.002
SEVERAL_PRECISION = 0.9
SMOOTH = 0.1  # added to every count
SEEN = 5  # real reports that a character or pair is in before it is worth its own weight

Matrix = NDArray[np.float64]
Indices = NDArray[np.intp]


def train_talk(corpus: Corpus, folder: Path, read: Callable[[str], Reading], material: str) -> dict[str, Any]:
    """Learn from the shipped rows, write the arrays and the card; answers the card.

    `read` is the classifier's: parts of a text are told apart by it. `material`: `material_hash` of it.
    """
    talk = [(row["text"], KINDS[row["kind"]]) for row in _rows("empty_talk.csv", ("kind", "text"))]
    real = [example.text for example in corpus.examples if len(features_of(example.text)[0]) <= LONGEST]
    codes = sorted(set(KINDS.values()))
    grams = [features_of(text)[1] for text in (*(text for text, _code in talk), *real)]
    labels = np.array([codes.index(code) for _text, code in talk] + [-1] * len(real))
    margins, named = _held_out(grams, labels, len(codes))
    margins[[at for at, (text, _code) in enumerate(talk) if refused(text)]] = -np.inf
    margins[[len(talk) + at for at, text in enumerate(real) if refused(text)]] = -np.inf
    threshold, measured = _choose(margins, named, labels, codes)
    learnt = _fit(grams, labels, len(codes))
    several = _rows("several_matters.csv", ("text", "items"))
    line, several_card = _several([(row["text"], "|" in row["items"]) for row in several], real, read)
    known = {features_of(text)[0]: code for text, code in talk}
    arrays = {
        "codes": np.array(codes),
        "vocabulary": np.array(list(learnt.columns)),
        "margins": learnt.margins.astype(np.float32),
        "kinds": learnt.kinds.astype(np.float32),
        "unknown": np.array(learnt.unknown, np.float32),
        "several": line.astype(np.float32),
        "known": np.array([text for text in known if text]),
        "known_codes": np.array([code for text, code in known.items() if text]),
    }
    version = hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays))).hexdigest()[:12]
    card = {
        "version": version,
        "material": material,
        "rows": len(talk),
        "real": len(real),
        "threshold": threshold,
        **measured,
        "several": several_card,
    }
    # The arrays hold the card that they go by: a reader has both of one training, or both of the one before.
    # The card for people comes last, so that what was cut short is done again.
    packed = io.BytesIO()
    np.savez(packed, card=np.array(json.dumps(card, ensure_ascii=False)), **arrays)  # type: ignore[arg-type]
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / ARRAYS, packed.getvalue())
    replace_file(folder / CARD, (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())
    return card


def _rows(name: str, columns: tuple[str, ...]) -> Any:
    rows = read_rows(DATA / name, columns)
    rows.require(columns[0])
    rows.check()
    return rows


@dataclass
class Learnt:
    """What one set of texts teaches: naive Bayes on which characters and pairs occur."""

    columns: dict[str, int]
    margins: Matrix
    kinds: Matrix
    unknown: float

    def weigh(self, grams: list[str]) -> tuple[float, int]:
        at = [self.columns[gram] for gram in grams if gram in self.columns]
        told = float(self.margins[at].sum()) + self.unknown * (len(grams) - len(at))
        return told / max(len(grams), 1) ** 0.5, int(self.kinds[at].sum(axis=0).argmax())


def _fit(grams: list[list[str]], labels: Indices, kinds: int) -> Learnt:
    counts = [dict[str, int]() for _kind in range(kinds + 1)]
    for said, label in zip(grams, labels, strict=True):
        for gram in set(said):
            counts[label][gram] = counts[label].get(gram, 0) + 1
    real, talk = counts[-1], counts[:-1]
    vocabulary = sorted({gram for one in talk for gram in one} | {g for g, n in real.items() if n >= SEEN})
    table = np.array([[one.get(gram, 0) for one in counts] for gram in vocabulary], float) + SMOOTH
    every = len(set(real).union(*talk))
    sizes = np.array([sum(one.values()) for one in counts], float)
    together = table[:, :-1].sum(axis=1) - SMOOTH * (kinds - 1)
    totals = sizes[:-1].sum() + SMOOTH * every, sizes[-1] + SMOOTH * every
    margins = np.log(together / totals[0]) - np.log(table[:, -1] / totals[1])
    # What neither has is weighed as what real reports have now and then.
    unknown = float(np.log(SMOOTH / totals[0]) - np.log((1 + SMOOTH) / totals[1]))
    chances = np.log(table[:, :-1] / (sizes[:-1] + SMOOTH * every))
    return Learnt({gram: at for at, gram in enumerate(vocabulary)}, margins, chances, unknown)


def _held_out(grams: list[list[str]], labels: Indices, kinds: int) -> tuple[Matrix, Indices]:
    """For each text how much speaks for talk, and which kind, by what was learnt from the other folds."""
    folds = np.random.default_rng(SEED).permutation(len(grams)) % FOLDS
    margins, named = np.zeros(len(grams)), np.zeros(len(grams), np.intp)
    for fold in range(FOLDS):
        kept = np.flatnonzero(folds != fold)
        learnt = _fit([grams[at] for at in kept], labels[kept], kinds)
        for at in np.flatnonzero(folds == fold):
            margins[at], named[at] = learnt.weigh(grams[at])
    return margins, named


def _choose(
    margins: Matrix, named: Indices, labels: Indices, codes: list[str]
) -> tuple[float, dict[str, Any]]:
    """The least threshold under which at most FALSE_TALK of real reports count as talk; and the figures."""
    is_talk = labels >= 0
    ranked = np.sort(margins[~is_talk])[::-1]
    threshold = round(max(float(ranked[int(FALSE_TALK * len(ranked))]), 0.0) + 1e-3, 4)
    said = margins >= threshold
    false, right = int(said[~is_talk].sum()), int(said[is_talk].sum())
    return threshold, {
        "false_share": round(false / max(len(ranked), 1), 5),
        "precision": round(right / max(right + false, 1), 4),
        "recall": round(right / max(int(is_talk.sum()), 1), 4),
        "recall_by_kind": {code: round(float(said[labels == at].mean()), 4) for at, code in enumerate(codes)},
        "right_kind": round(float((named == labels)[said & is_talk].mean()), 4) if right else 0.0,
    }


def _several(
    rows: list[tuple[str, bool]], real: list[str], read: Callable[[str], Reading]
) -> tuple[Matrix, dict[str, Any]]:
    """A line on the measures, the threshold of the wanted precision, and the figures on held-out rows."""
    from sklearn.linear_model import LogisticRegression

    measured, truth = [], []
    unseen = {True: 0, False: 0}
    for text, is_several in rows:
        found = several_features(text, read(text), read)
        if found is None:
            unseen[is_several] += 1
            continue
        measured.append(found[0])
        truth.append(is_several)
    matrix, answers = np.array(measured), np.array(truth)
    folds = np.random.default_rng(SEED).permutation(len(answers)) % FOLDS
    chances = np.zeros(len(answers))
    for fold in range(FOLDS):
        line = LogisticRegression(C=1.0, max_iter=400).fit(matrix[folds != fold], answers[folds != fold])
        chances[folds == fold] = line.predict_proba(matrix[folds == fold])[:, 1]
    total = int(answers.sum()) + unseen[True]
    best, figures = 1.0, (0.0, 0.0)
    for threshold in np.unique(chances.round(4)):
        said = chances >= threshold
        precision = float(answers[said].mean())
        if precision >= SEVERAL_PRECISION:
            best, figures = float(threshold), (precision, float(answers[said].sum()) / max(total, 1))
            break
    whole = LogisticRegression(C=1.0, max_iter=400).fit(matrix, answers)
    line = np.append(whole.coef_[0], whole.intercept_[0])
    return line, {
        "rows": len(rows),
        "threshold": best,
        "precision": round(figures[0], 4),
        "recall": round(figures[1], 4),
    }


def material_hash(classifier: str) -> str:
    """Tells whether what was learnt is still what this code makes of these rows, with this version of the
    classifier: two matters are told apart by its readings."""
    digest = hashlib.sha256(classifier.encode())
    code = [
        Path(__file__).parent / name for name in ("features.py", "lexicon.py", "talk.py", "talk_training.py")
    ]
    for path in [DATA / "empty_talk.csv", DATA / "several_matters.csv", *example_files(), *code]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
