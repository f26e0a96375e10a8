"""Training the classifier: the only place that needs scikit-learn, and it runs at set-up only.

Trained on the example texts and on what the list itself says of each item and category. Two linear
models see the same vectors: a support vector machine, which separates, and naive Bayes, which counts;
with the items' nearness and the list's keywords they are mixed by weights that minimise the log loss
on examples held out from all of them (three folds). Probabilities fitted so are calibrated on
unseen texts; card.json says how well.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.loading import DATA
from dispatch.normalise.corpus import Corpus
from dispatch.normalise.features import Vectors
from dispatch.normalise.model import ARRAYS, CARD, SHARPNESS, Classifier, Reading, load

FOLDS = 3
SEED = 20_180_101
# What a model depends on beside the data.
_CODE = ("assessment", "corpus", "features", "lexicon", "model", "training")

Matrix = NDArray[np.float64]


@dataclass
class Trained:
    """The parts learnt from one set of texts, and how they measure others."""

    vectors: Vectors
    separating: Any
    counting: Matrix  # log probabilities, categories × columns
    nearness: Any  # sparse, items × columns, rows of length one


def _matrix(vectors: Vectors, texts: Sequence[str]) -> Any:
    from scipy.sparse import csr_matrix

    columns, values, ends = [], [], [0]
    for text in texts:
        at, weights = vectors.vector(text, vectors.hits(text))
        columns.append(at)
        values.append(weights)
        ends.append(ends[-1] + len(at))
    return csr_matrix(
        (np.concatenate(values), np.concatenate(columns), ends), shape=(len(texts), vectors.width)
    )


def _learn(corpus: Corpus, chosen: NDArray[np.intp]) -> Trained:
    """Learn from the chosen examples and all the notes."""
    from scipy.sparse import csr_matrix
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.preprocessing import normalize
    from sklearn.svm import LinearSVC

    texts = [corpus.texts[at] for at in chosen] + corpus.notes
    vectors = Vectors.fit(texts, corpus.keywords)
    matrix = _matrix(vectors, texts)
    items = np.concatenate([corpus.labels[chosen], corpus.note_items]).astype(int)
    categories = np.concatenate([corpus.category_of[corpus.labels[chosen]], corpus.note_categories])
    separating = LinearSVC(C=0.5, random_state=SEED).fit(matrix, categories)
    # It counts characters alone: a keyword is made of characters that it has already counted.
    letters = len(vectors.columns)
    counts = MultinomialNB(alpha=0.02, fit_prior=False).fit(matrix[:, :letters], categories)
    counting = np.zeros((len(counts.classes_), vectors.width))
    counting[:, :letters] = counts.feature_log_prob_
    about = np.flatnonzero(items >= 0)
    gather = csr_matrix((np.ones(len(about)), (items[about], about)), shape=(len(corpus.items), len(texts)))
    return Trained(vectors, separating, counting, normalize(gather @ matrix).astype(np.float32))


def _measures(corpus: Corpus, trained: Trained, texts: Sequence[str]) -> tuple[Matrix, Matrix]:
    """Of each text: the category measures (5 × texts × categories) and the matter measures (4 × …)."""
    from scipy.sparse import csr_matrix

    vectors = trained.vectors
    matrix = _matrix(vectors, texts)
    near = (matrix @ trained.nearness.T).toarray()
    nearest = np.log(np.add.reduceat(np.exp(near * SHARPNESS), corpus.starts, axis=1))
    told: list[int] = []
    ends = [0]
    for text in texts:
        told += vectors.hits(text)
        ends.append(len(told))
    weights = vectors.keyword_idf[told] if told else np.zeros(0)
    hits = csr_matrix((weights, told, ends), shape=(len(texts), len(corpus.keywords)))
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
    catch_all = np.broadcast_to(_catch_all(corpus), item_words.shape)
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
        np.stack([near, item_words, item_words > 0, catch_all]).astype(np.float64),
    )


def _catch_all(corpus: Corpus) -> Matrix:
    return np.array([not text.item.conditions for text in corpus.items], np.float64)


def _mixture(measures: Matrix, truth: NDArray[np.intp], inside: NDArray[np.bool_] | None = None) -> Matrix:
    """Weights of the measures under which the truth's log loss is least. `inside`: what may be chosen."""
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
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    weights: Matrix = found.x
    return weights


@dataclass
class HeldOut:
    """What the classifier said of each example when it had not seen it."""

    categories: Matrix
    matters: Matrix


def train(corpus: Corpus, folder: Path, *, progress: Any = print) -> tuple[Classifier, HeldOut]:
    """Learn, fit the mixture on held-out folds, and write the arrays and a first card."""
    count = len(corpus.examples)
    fold_of = np.random.default_rng(SEED).permutation(count) % FOLDS
    category_parts: list[Matrix] = []
    matter_parts: list[Matrix] = []
    own_parts: list[Matrix] = []
    order: list[NDArray[np.intp]] = []
    labels = corpus.category_of[corpus.labels]
    for fold in range(FOLDS):
        trained = _learn(corpus, np.flatnonzero(fold_of != fold))
        held = np.flatnonzero(fold_of == fold)
        texts = [corpus.texts[at] for at in held]
        categories, matters = _measures(corpus, trained, texts)
        category_parts.append(categories)
        matter_parts.append(matters)
        own_parts.append(_own_category(corpus, matters, labels[held]))
        order.append(held)
        progress(f"Fold {fold + 1} of {FOLDS}: {len(held)} examples held out")
    rows = np.concatenate(order)
    mix = _mixture(np.concatenate(category_parts, axis=1), labels[rows])
    sizes = np.diff(np.append(corpus.starts, len(corpus.items)))
    inside = np.arange(sizes.max())[None, :] < sizes[labels[rows]][:, None]
    truth = corpus.labels[rows] - corpus.starts[labels[rows]]
    matter_mix = _mixture(np.concatenate(own_parts, axis=1), truth, inside)
    trained = _learn(corpus, np.arange(count))
    classifier = _write(corpus, trained, mix, matter_mix, folder)
    held_out = HeldOut(np.zeros((count, len(corpus.categories))), np.zeros((count, len(corpus.items))))
    for held, categories, matters in zip(order, category_parts, matter_parts, strict=True):
        scores = np.tensordot(mix, categories, 1)
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        held_out.categories[held] = raised / raised.sum(axis=1, keepdims=True)
        told = np.tensordot(matter_mix, matters, 1).astype(np.float32)
        held_out.matters[held] = [classifier.within(scores) for scores in told]
    return classifier, held_out


def _own_category(corpus: Corpus, matters: Matrix, labels: NDArray[np.intp]) -> Matrix:
    """The matter measures of each text's own category only, padded to the longest category."""
    ends = np.append(corpus.starts, len(corpus.items))
    width = int(np.diff(ends).max())
    own = np.zeros((matters.shape[0], len(labels), width))
    for row, label in enumerate(labels):
        start, end = ends[label], ends[label + 1]
        own[:, row, : end - start] = matters[:, row, start:end]
    return own


def _write(corpus: Corpus, trained: Trained, mix: Matrix, matter_mix: Matrix, folder: Path) -> Classifier:
    """Fold the two linear models into one matrix and store everything as small arrays."""
    vectors = trained.vectors
    weights = mix[0] * trained.separating.coef_ + mix[1] * trained.counting
    weights = weights - weights.mean(axis=0)  # the same for every category: no probability changes
    postings = trained.nearness.tocsc()
    number = {word: at for at, word in enumerate(corpus.keywords)}
    by_word: list[list[int]] = [[] for _word in corpus.keywords]
    for at, text in enumerate(corpus.items):
        for word in text.item.keywords:
            by_word[number[word]].append(at)
    arrays = {
        "categories": np.array([category.code for category in corpus.categories]),
        "items": np.array([text.item.code for text in corpus.items]),
        "vocabulary": np.array(list(vectors.columns)),
        "idf": vectors.idf.astype(np.float16),
        "keywords": np.array(corpus.keywords),
        "keyword_idf": vectors.keyword_idf.astype(np.float16),
        "weights": np.ascontiguousarray(weights.T, np.float16),
        "bias": (mix[0] * trained.separating.intercept_).astype(np.float32),
        "post_at": postings.indptr.astype(np.int32),
        "post_item": postings.indices.astype(np.int16),
        "post_value": postings.data.astype(np.float16),
        "starts": corpus.starts.astype(np.int32),
        "catch_all": _catch_all(corpus).astype(np.float16),
        "keyword_at": np.cumsum([0, *map(len, by_word)]).astype(np.int32),
        "keyword_item": np.array([at for items in by_word for at in items], np.int32),
        "category_mix": np.array([1.0, *mix[2:]], np.float32),
        "matter_mix": matter_mix.astype(np.float32),
    }
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    version = hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays))).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARRAYS).write_bytes(packed.getvalue())
    (folder / CARD).write_text(json.dumps({"version": version}), "utf-8")
    return load(folder)


def held_out_reading(held_out: HeldOut, at: int) -> Reading:
    """What was said of one example, as the classifier says it."""
    return Reading(held_out.categories[at].astype(np.float32), held_out.matters[at].astype(np.float32))


def material_hash() -> str:
    """Tells whether a model is still the one that this code makes of these files."""
    digest = hashlib.sha256()
    code = [Path(__file__).parent / f"{name}.py" for name in _CODE]
    for path in [*sorted(DATA.rglob("*.csv")), *code]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
