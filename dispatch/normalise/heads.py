"""Learning whose job texts were: linear heads that correct the reading by what units had such texts.

A head gives each of its labels a probability: the list's own unit patterns, learnt from the shipped
examples, or whoever settled a district's own cases. Two linear models see the same vectors and what was
read so far; with the reading's own opinion they are mixed by weights that minimise the log loss on texts
held out from both. scipy and scikit-learn are needed here only; model.Head scores what was learnt.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from dispatch.normalise.abreast import abreast
from dispatch.normalise.measures import SEED, Indices, Matrix, mixture
from dispatch.normalise.model import FAINT_SHARE, Floats, Head

SURE, LIKELY = 1.0, 0.1  # how closely the two models follow what they were shown
BESIDE = 0.05  # what a shipped example counts where a district's own cases are learnt

# For each text the labels of no item, with their probabilities.
Elsewhere = list[tuple[tuple[str, float], ...]]


@dataclass
class Linear:
    """Scores of texts: `matrix @ weights + bias`, a column per label."""

    weights: Matrix
    bias: Matrix

    def scores(self, matrix: Any) -> Matrix:
        return np.asarray(matrix @ self.weights) + self.bias


def separating(matrix: Any, labels: Indices, count: int, weight: Matrix) -> Linear:
    """A support vector machine for each label against the others."""
    from sklearn.svm import LinearSVC

    made = Linear(np.zeros((matrix.shape[1], count)), np.full(count, -1.5))
    learnt = LinearSVC(C=SURE, random_state=SEED).fit(matrix, labels, sample_weight=weight)
    if len(learnt.classes_) == 2:
        one, other = learnt.classes_
        made.weights[:, other], made.weights[:, one] = learnt.coef_[0], -learnt.coef_[0]
        made.bias[[one, other]] = -learnt.intercept_[0], learnt.intercept_[0]
    else:
        made.weights[:, learnt.classes_] = learnt.coef_.T
        made.bias[learnt.classes_] = learnt.intercept_
    return made


def contrasting(matrix: Any, letters: int, labels: Indices, count: int, weight: Matrix) -> Linear:
    """The same, with each gram scaled by how much more often this label's texts have it than others'."""
    from scipy.sparse import diags
    from sklearn.svm import LinearSVC

    made = Linear(np.zeros((matrix.shape[1], count)), np.full(count, -1.5))
    there = (matrix[:, :letters] > 0).astype(np.float32)
    every = there.T @ weight
    whole = weight.sum()
    for label in np.unique(labels):
        mine = labels == label
        if mine.all():
            continue
        own = there[mine].T @ weight[mine]
        total = weight[mine].sum()
        scale = np.ones(matrix.shape[1])
        scale[:letters] = np.log((1 + own) / (1 + total)) - np.log((1 + every - own) / (1 + whole - total))
        learnt = LinearSVC(C=LIKELY, random_state=SEED).fit(matrix @ diags(scale), mine, sample_weight=weight)
        made.weights[:, label] = learnt.coef_[0] * scale
        made.bias[label] = learnt.intercept_[0]
    return made


@dataclass
class Learnt:
    """A head as it is learnt, with what it said of its texts while they were held out."""

    head: Head
    linear: Linear
    scores: Matrix
    joint: Floats  # items' probabilities after it
    elsewhere: Elsewhere  # and those of labels of no item

    def head_scores(self, matrix: Any) -> Matrix:
        """What it says of texts that it has not seen."""
        return self.linear.scores(matrix)

    def correct(self, joint: Floats, scores: Matrix) -> Floats:
        return _correct(self.head, joint, scores)[0]

    def arrays(self, width: int) -> dict[str, Any]:
        """As they are stored: the vector's columns first, after them the opinions formed before."""
        return {
            "labels": np.array(self.head.labels),
            "of_item": self.head.of_item.astype(np.int16),
            "weights": np.ascontiguousarray(self.linear.weights[:width], np.float16),
            "told": self.linear.weights[width:].astype(np.float32),
            "bias": self.linear.bias.astype(np.float32),
            "mix": np.array([self.head.own, self.head.unseen], np.float32),
        }


def learn_head(
    labels: list[str],
    of_item: Indices,
    matrix: Any,
    told: Floats,
    joint: Floats,
    truth: Indices,
    folds: Indices,
    letters: int,
    beside: tuple[Any, Floats, Indices] | None = None,
    own: float | None = None,
) -> Learnt:
    """From texts of known truth (-1: none of the labels), the opinions formed before and their readings.

    `beside`: more texts to learn from, which count less and are not measured. `own`: how much the
    reading's own opinion counts, where that is not to be fitted.
    """
    from scipy.sparse import csr_matrix, hstack, vstack

    every = hstack([matrix, csr_matrix(told)]).tocsr()
    weight = np.ones(len(truth))
    more = None
    if beside is not None:
        more = hstack([beside[0], csr_matrix(beside[1])]).tocsr()

    def fit(rows: Indices) -> tuple[Linear, Linear]:
        shown, answers, counts = every[rows], truth[rows], weight[rows]
        if beside is not None:
            shown = vstack([shown, more]).tocsr()
            answers = np.concatenate([answers, beside[2]])
            counts = np.concatenate([counts, np.full(len(beside[2]), BESIDE)])
        return (
            separating(shown, answers, len(labels), counts),
            contrasting(shown, letters, answers, len(labels), counts),
        )

    known = truth >= 0
    measured = np.zeros((3, len(truth), len(labels)))
    head = Head(labels, of_item)
    measured[0] = np.log(np.stack([head.shares(row)[1:] for row in joint]) + FAINT_SHARE)

    def hold_out(fold: int) -> list[Matrix]:
        rows = np.flatnonzero(folds == fold)
        return [linear.scores(every[rows]) for linear in fit(np.flatnonzero((folds != fold) & known))]

    whole = partial(fit, np.flatnonzero(known))
    (one, other), *told_of = abreast(
        [whole, *(partial(hold_out, fold) for fold in range(int(folds.max()) + 1))]
    )
    for fold, scores_of in enumerate(told_of):
        measured[1:, folds == fold] = scores_of
    mix = mixture(measured[:, known], truth[known], first=own, least=0.0)
    linear = Linear(mix[1] * one.weights + mix[2] * other.weights, mix[1] * one.bias + mix[2] * other.bias)
    # The same for every label changes no probability, and small numbers keep more digits.
    linear.weights -= linear.weights.mean(axis=1, keepdims=True)
    head.own = float(mix[0])
    unseen = float(np.mean([head.shares(row)[0] for row in joint]))
    head.unseen = min(1.0, float((1 + (~known).sum()) / (1 + len(truth))) / unseen) if unseen else 1.0
    scores = mix[1] * measured[1] + mix[2] * measured[2]
    return Learnt(head, linear, scores, *_correct(head, joint, scores))


def _correct(head: Head, joint: Floats, scores: Matrix) -> tuple[Floats, Elsewhere]:
    told = [head.correct(row, said) for row, said in zip(joint, scores.astype(np.float32), strict=True)]
    return np.stack([corrected for corrected, _elsewhere in told]), [elsewhere for _row, elsewhere in told]
