"""What is learnt of categories and items, and how texts measure against it.

Two linear models see the same vectors: a support vector machine, which separates, and naive Bayes, which
counts. Beside them stand the items' nearness and the list's keywords. How the measures are mixed is
fitted on texts held out from all of them (training.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.normalise.corpus import Corpus
from dispatch.normalise.counted import Counted
from dispatch.normalise.features import Vectors, prepared
from dispatch.normalise.history import Settled
from dispatch.normalise.model import SHARPNESS

SEED = 20_180_101
AT_LEAST = 2  # texts that a gram occurs in
CHUNK = 2_000  # texts measured at a time

Matrix = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass
class Material:
    """All texts to learn from: the shipped examples, and after them a district's own. -1: not known."""

    texts: list[str]
    items: Indices
    categories: Indices
    counted: Counted  # of these texts, and after them the list's notes

    @classmethod
    def of(cls, corpus: Corpus, rows: Sequence[Settled]) -> "Material":
        """Those rows whose category or item the list knows teach that, too."""
        item_at = {text.item.code: at for at, text in enumerate(corpus.items)}
        category_at = {category.code: at for at, category in enumerate(corpus.categories)}
        items = [item_at.get(row.item, -1) for row in rows]
        categories = [
            int(corpus.category_of[item]) if item >= 0 else category_at.get(row.category, -1)
            for row, item in zip(rows, items, strict=True)
        ]
        texts = corpus.texts + [prepared(row.text) for row in rows]
        return cls(
            texts,
            np.concatenate([corpus.labels, np.array(items, int)]),
            np.concatenate([corpus.category_of[corpus.labels], np.array(categories, int)]),
            Counted.of([*texts, *corpus.notes], corpus.keywords),
        )


@dataclass
class Trained:
    """The parts learnt from one set of texts, and how they measure others."""

    vectors: Vectors
    separating: Any
    counting: Matrix  # log probabilities, categories × columns
    nearness: Any  # sparse, items × columns, rows of length one


def learn(corpus: Corpus, material: Material, chosen: Indices) -> Trained:
    """Learn from the chosen texts, of which the category is known, and all the notes."""
    from scipy.sparse import csr_matrix
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.preprocessing import normalize
    from sklearn.svm import LinearSVC

    told = len(material.texts)
    texts = np.concatenate([chosen, np.arange(told, told + len(corpus.notes))])
    # A district's own texts give the vocabulary and how common each gram is, whatever else is known of them.
    heard = np.arange(len(corpus.texts), told)
    vectors = material.counted.fit(np.concatenate([texts, heard]), AT_LEAST)
    matrix = material.counted.matrix(vectors, texts)
    items = np.concatenate([material.items[chosen], corpus.note_items]).astype(int)
    categories = np.concatenate([material.categories[chosen], corpus.note_categories])
    separating = LinearSVC(C=0.5, random_state=SEED).fit(matrix, categories)
    # It counts characters alone: a keyword is made of characters that it has already counted.
    letters = len(vectors.columns)
    counts = MultinomialNB(alpha=0.02, fit_prior=False).fit(matrix[:, :letters], categories)
    counting = np.zeros((len(counts.classes_), vectors.width))
    counting[:, :letters] = counts.feature_log_prob_
    about = np.flatnonzero(items >= 0)
    gather = csr_matrix((np.ones(len(about)), (items[about], about)), shape=(len(corpus.items), len(texts)))
    return Trained(vectors, separating, counting, normalize(gather @ matrix).astype(np.float32))


def measures(corpus: Corpus, trained: Trained, material: Material, texts: Indices) -> tuple[Matrix, Matrix]:
    """Of these texts the category measures (5 × texts × categories) and the matter measures (4 × …)."""
    from scipy.sparse import csr_matrix

    vectors = trained.vectors
    matrix = material.counted.matrix(vectors, texts)
    near = (matrix @ trained.nearness.T).toarray()
    nearest = np.log(np.add.reduceat(np.exp(near * SHARPNESS), corpus.starts, axis=1))
    hits = material.counted.keywords[texts].multiply(vectors.keyword_idf[None, :]).tocsr()
    number = {word: at for at, word in enumerate(corpus.keywords)}
    pairs = [(number[word], at) for at, text in enumerate(corpus.items) for word in text.item.keywords]
    word_at, item_at = np.array(pairs).T
    of_item = csr_matrix((np.ones(len(pairs)), (word_at, item_at)), shape=(hits.shape[1], len(corpus.items)))
    homes = {(word, int(corpus.category_of[item])) for word, item in pairs}
    home_word, home_category = np.array(sorted(homes)).T
    shares = 1 / np.bincount(home_word, minlength=hits.shape[1])[home_word]
    of_category = csr_matrix(
        (shares, (home_word, home_category)), shape=(hits.shape[1], len(corpus.categories))
    )
    item_words = (hits @ of_item).toarray()
    words = (hits @ of_category).toarray()
    share = words / np.maximum(np.linalg.norm(words, axis=1, keepdims=True), 1e-9)
    catch_all = np.broadcast_to(catch_all_of(corpus), item_words.shape)
    return (
        np.stack(
            [
                trained.separating.decision_function(matrix),
                matrix @ trained.counting.T,
                nearest,
                words,
                share,
            ]
        ),
        np.stack([near, item_words, item_words > 0, catch_all]).astype(np.float32),
    )


def catch_all_of(corpus: Corpus) -> Matrix:
    return np.array([not text.item.conditions for text in corpus.items], np.float64)


def mixture(
    measures: Matrix,
    truth: Indices,
    inside: NDArray[np.bool_] | None = None,
    *,
    first: float | None = None,
    least: float | None = None,
) -> Matrix:
    """Weights of the measures under which the truth's log loss is least.

    `inside`: what may be chosen. `first`: the first one's weight, where it is not to be fitted.
    `least`: what no weight goes below.
    """
    from scipy.optimize import minimize

    spread = measures - measures.mean(axis=2, keepdims=True)
    rows = np.arange(len(truth))

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        scores = np.tensordot(weights, spread, 1)
        if inside is not None:
            scores = np.where(inside, scores, -np.inf)
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        chances = raised / raised.sum(axis=1, keepdims=True)
        slope = np.einsum("knc,nc->k", spread, chances) - spread[:, rows, truth].sum(axis=1)
        return float(-np.log(chances[rows, truth] + 1e-12).mean()), slope / len(truth)

    start = np.full(len(measures), 0.1)
    bounds: list[tuple[float | None, float | None]] = [(least, None)] * len(measures)
    if first is not None:
        start[0] = first
        bounds[0] = (first, first)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60})
    weights: Matrix = found.x
    return weights


def own_category(corpus: Corpus, matters: Matrix, labels: Indices) -> Matrix:
    """The matter measures of each text's own category only, padded to the longest category."""
    ends = np.append(corpus.starts, len(corpus.items))
    width = int(np.diff(ends).max())
    own = np.zeros((matters.shape[0], len(labels), width))
    for row, label in enumerate(labels):
        start, end = ends[label], ends[label + 1]
        own[:, row, : end - start] = matters[:, row, start:end]
    return own
