"""Training the classifier: the only place that needs scikit-learn, and it runs outside web workers only.

First the reading: categories, and items within them (measures.py), from the shipped example texts, the
list's own words, and those of a district's closed cases whose item is known. Then the heads, which know
units: one for the units that the list names, and with closed cases one for those who settled them
(heads.py). Whatever is mixed or calibrated is fitted on texts held out from what it mixes; the shipped
examples are held out item by item, since what people will say is as new as a matter never seen.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.loading import DATA
from dispatch.normalise.abreast import abreast
from dispatch.normalise.corpus import Corpus, example_files
from dispatch.normalise.heads import Elsewhere, Learnt, learn_head
from dispatch.normalise.history import History, fingerprint
from dispatch.normalise.measures import (
    CHUNK,
    SEED,
    Indices,
    Material,
    Matrix,
    Trained,
    catch_all_of,
    learn,
    measures,
    mixture,
    own_category,
)
from dispatch.normalise.model import ARRAYS, CARD, Classifier, Floats, Reading, load, opinion, split, within

FOLDS = 3
LOCAL_FOLDS = 5
# How much the reading counts beside the list's head. Fitted on examples whose item was held out it would
# be 1, but items are held out as the reading learns them; on real texts heads are worth more than that.
# With less than this our own texts lose more than others' gain.
OWN = 0.65
FEWEST = 3  # closed cases of a unit from which it is learnt
# What a model depends on beside the data.
_CODE = (
    *("assessment", "corpus", "counted", "features", "heads", "history", "lexicon", "measures", "model"),
    "training",
    "versions",
)
_LIST = ("index", "items", "weighing")


@dataclass
class HeldOut:
    """What the classifier said of texts when it had learnt from none of them."""

    categories: Floats
    matters: Floats  # within their category
    elsewhere: Elsewhere | None = None  # units that the list does not name

    def reading(self, at: int) -> Reading:
        """What was said of one, as the classifier says it."""
        return Reading(self.categories[at], self.matters[at], self.elsewhere[at] if self.elsewhere else ())


@dataclass
class Trial:
    """Held-out readings: of the shipped examples, and of a district's own cases."""

    shipped: HeldOut
    local: HeldOut | None = None


@dataclass
class Base:
    """The reading, learnt from everything, and how its measures are mixed."""

    trained: Trained
    mix: Matrix
    matter_mix: Matrix


def train(
    corpus: Corpus, folder: Path, history: History | None = None, *, progress: Any = print
) -> tuple[Classifier, Trial]:
    """Learn, and write the arrays and a first card."""
    rows = list(history.rows) if history else []
    material = Material.of(corpus, rows)
    base, held, told = read_held_out(corpus, material, progress)
    count = len(corpus.examples)
    matrix = material.counted.matrix(base.trained.vectors, np.arange(len(material.texts)))
    letters = len(base.trained.vectors.columns)
    leads = [text.item.lead_unit for text in corpus.items]
    patterns = sorted(set(leads))
    of_item = np.array([patterns.index(lead) for lead in leads])
    folds = item_folds(corpus)
    listed = learn_head(
        patterns,
        of_item,
        matrix[:count],
        told[:count],
        held.categories[:count][:, corpus.category_of] * held.matters[:count],
        of_item[corpus.labels],
        folds,
        letters,
        own=OWN,
    )
    progress(f"Learnt the {len(patterns)} units of the list")
    trial = Trial(_split(corpus, listed.joint, held.matters[:count]))
    heads = {"list": listed}
    if history is not None:
        labels = history.labels(FEWEST)
        number = {label: at for at, label in enumerate(labels)}
        ours = [number.get(history.name_of(lead), -1) for lead in leads]
        heads["local"] = local = _learn_local(
            corpus,
            listed,
            held,
            told,
            matrix,
            letters,
            labels,
            np.array(ours),
            np.array([number.get(row.unit, -1) for row in rows]),
        )
        trial.local = _split(corpus, local.joint, held.matters[count:])
        trial.local.elsewhere = local.elsewhere
        progress(f"Learnt the {len(labels)} units of {len(rows)} closed cases")
    seen = np.array(sorted({fingerprint(row.text) for row in rows}), np.uint32)
    return _write(corpus, base, heads, seen, folder), trial


def _learn_local(
    corpus: Corpus,
    listed: Learnt,
    held: HeldOut,
    told: Floats,
    matrix: Any,
    letters: int,
    labels: list[str],
    of_item: Indices,
    truth: Indices,
) -> Learnt:
    """The head of those who settled a district's own cases. It hears what the list's head says."""
    from scipy.sparse import hstack

    count = len(corpus.examples)
    heard = listed.head_scores(hstack([matrix[count:], told[count:]]).tocsr())
    joint = held.categories[count:][:, corpus.category_of] * held.matters[count:]
    joint = listed.correct(joint, heard)
    told = np.concatenate([told, opinion(np.concatenate([listed.scores, heard]))], axis=1)
    shown = of_item[corpus.labels]
    taught = shown >= 0
    folds = np.random.default_rng(SEED).permutation(len(truth)) % LOCAL_FOLDS
    return learn_head(
        labels,
        of_item,
        matrix[count:],
        told[count:],
        joint,
        truth,
        folds,
        letters,
        # Without what the list says of them: of the shipped examples that is what the list wants, and the
        # head would learn to believe it of a district's cases.
        beside=(matrix[:count][taught], np.zeros_like(told[:count][taught]), shown[taught]),
        # What the reading says it has heard. Counted once more, a list that is sure of itself would make
        # sure of a district that works otherwise: as many are right, but far fewer of the surest.
        own=0.0,
    )


def item_folds(corpus: Corpus) -> Indices:
    """A fold for each example: all of an item's are held out together."""
    return (np.random.default_rng(SEED).permutation(len(corpus.items)) % FOLDS)[corpus.labels]


def read_held_out(corpus: Corpus, material: Material, progress: Any) -> tuple[Base, HeldOut, Floats]:
    """The base, its reading of every text while held out, and that reading as the heads hear it."""
    count, total = len(corpus.examples), len(material.texts)
    folds = np.full(total, -1)
    folds[:count] = item_folds(corpus)
    taught = count + np.flatnonzero(material.categories[count:] >= 0)
    folds[taught] = np.random.default_rng(SEED).permutation(len(taught)) % FOLDS

    def hold_out(fold: int) -> tuple[Matrix, Matrix]:
        trained = learn(corpus, material, np.flatnonzero((folds != fold) & (material.categories >= 0)))
        return measures(corpus, trained, material, np.flatnonzero(folds == fold))

    whole = partial(learn, corpus, material, np.flatnonzero(material.categories >= 0))
    learnt, *told_of = abreast([whole, *(partial(hold_out, fold) for fold in range(FOLDS))])
    order = [np.flatnonzero(folds == fold) for fold in range(FOLDS)]
    category_parts = [categories for categories, _matters in told_of]
    matter_parts = [matters for _categories, matters in told_of]
    own_parts = [
        own_category(corpus, matters, material.categories[rows])
        for rows, matters in zip(order, matter_parts, strict=True)
    ]
    progress(f"Learnt {FOLDS} times from a part, and read {sum(map(len, order))} texts held out")
    rows = np.concatenate(order)
    labels = material.categories[rows]
    mix = mixture(np.concatenate(category_parts, axis=1), labels)
    sizes = np.diff(np.append(corpus.starts, len(corpus.items)))
    named = np.flatnonzero(material.items[rows] >= 0)
    own = labels[named]
    inside = np.arange(sizes.max())[None, :] < sizes[own][:, None]
    truth = material.items[rows][named] - corpus.starts[own]
    matter_mix = mixture(np.concatenate(own_parts, axis=1)[:, named], truth, inside)
    base = Base(learnt, mix, matter_mix)
    held = HeldOut(
        np.zeros((total, len(corpus.categories)), np.float32),
        np.zeros((total, len(corpus.items)), np.float32),
    )
    told = np.zeros((total, len(corpus.categories)), np.float32)
    # What was learnt from nowhere, because nothing but its unit is known, is held out from the whole.
    rest = np.flatnonzero(folds < 0)
    for start in range(0, len(rest), CHUNK):
        some = rest[start : start + CHUNK]
        categories, matters = measures(corpus, base.trained, material, some)
        order.append(some)
        category_parts.append(categories)
        matter_parts.append(matters)
    for some, categories, matters in zip(order, category_parts, matter_parts, strict=True):
        scores = np.tensordot(mix, categories, 1)
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        held.categories[some] = raised / raised.sum(axis=1, keepdims=True)
        told[some] = opinion(scores.astype(np.float32))
        for at, row in zip(some, np.tensordot(matter_mix, matters, 1), strict=True):
            held.matters[at] = within(row.astype(np.float32), corpus.starts, corpus.category_of)
    return base, held, told


def _split(corpus: Corpus, joint: Floats, before: Floats) -> HeldOut:
    """Items' probabilities as readings."""
    held = HeldOut(np.empty((len(joint), len(corpus.categories)), np.float32), np.empty_like(before))
    for at, (row, within_before) in enumerate(zip(joint, before, strict=True)):
        held.categories[at], held.matters[at] = split(row, within_before, corpus.starts, corpus.category_of)
    return held


def _write(
    corpus: Corpus, base: Base, heads: dict[str, Learnt], seen: NDArray[np.uint32], folder: Path
) -> Classifier:
    """Fold the linear models into one matrix for categories and one per head; store small arrays."""
    trained, mix = base.trained, base.mix
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
        "catch_all": catch_all_of(corpus).astype(np.float16),
        "keyword_at": np.cumsum([0, *map(len, by_word)]).astype(np.int32),
        "keyword_item": np.array([at for items in by_word for at in items], np.int32),
        "category_mix": np.array([1.0, *mix[2:]], np.float32),
        "matter_mix": base.matter_mix.astype(np.float32),
        "seen": seen,
    }
    for name, head in heads.items():
        arrays |= {f"{name}_{part}": values for part, values in head.arrays(vectors.width).items()}
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    version = hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays))).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARRAYS).write_bytes(packed.getvalue())
    (folder / CARD).write_text(json.dumps({"version": version}), "utf-8")
    return load(folder)


def material_hash() -> str:
    """Tells whether a model is still the one that this code makes of these files."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    code = [here / f"{name}.py" for name in _CODE] + [here.parent / f"{name}.py" for name in _LIST]
    lists = [DATA / "categories.csv", DATA / "responsibility_items.csv"]
    for path in [*lists, *example_files(), *code]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
