"""Training an encoder's head and measuring a chat model, by the same road as the built-in scorer."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from numpy.typing import NDArray

from dispatch.normalise.assessment import assess
from dispatch.normalise.backends import chat, encoder, sentences
from dispatch.normalise.corpus import Corpus
from dispatch.normalise.measures import SEED, mixture
from dispatch.normalise.model import Classifier, Floats, softmax
from dispatch.normalise.training import FOLDS, HeldOut, Trial, item_folds, train

Say = Callable[[str], object]
CHUNK = 512


def base_held_out(corpus: Corpus, say: Say) -> tuple[Classifier, HeldOut]:
    """The built-in scorer of the shipped texts, and what it says of each while that is held out."""
    with tempfile.TemporaryDirectory() as folder:
        base, trial = train(corpus, Path(folder), progress=say)
    return base, trial.shipped


def train_encoder(corpus: Corpus, base: Classifier, held: HeldOut, say: Say) -> dict[str, Any]:
    """Learn the head, measure it on held-out texts beside the built-in scorer, and write both."""
    embedder = sentences.from_settings()
    vectors = np.concatenate(
        [embedder.encode(corpus.texts[at : at + CHUNK]) for at in range(0, len(corpus.texts), CHUNK)]
    )
    say(f"{len(vectors)} texts as vectors of {embedder.width} numbers")
    labels = corpus.category_of[corpus.labels]
    count = len(corpus.categories)
    folds = item_folds(corpus)
    scores = np.zeros((len(labels), count))
    for fold in range(FOLDS):
        kept, out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights, bias = _head(vectors[kept], labels[kept], count)
        scores[out] = vectors[out] @ weights + bias
    before = np.log(held.categories + encoder.FAINT)
    # Two weights that minimise the log loss on what neither has seen: they set the temperature too.
    mix = mixture(np.stack([before, scores]), labels)
    weights, bias = _head(vectors, labels, count)
    arrays: dict[str, NDArray[Any]] = {
        "weights": weights.astype(np.float32),
        "bias": bias.astype(np.float32),
        "mix": np.asarray(mix, np.float32),
        "categories": np.array(base.categories),
    }
    mixed = np.stack([softmax(row) for row in (mix[0] * before + mix[1] * scores).astype(np.float32)])
    reader = encoder.EncoderReader(base, embedder, arrays, {"version": "onnx"})
    card = assess(corpus, reader, Trial(HeldOut(mixed, held.matters)), settings.MATTER_CONFIDENCE)
    return encoder.store(arrays, {**card, "encoder": sentences.fingerprint(), "base": base.version})


def _head(vectors: Floats, labels: NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """Weights and bias of a linear model; a category that was not there is given next to no chance."""
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=20.0, max_iter=300).fit(vectors, labels)
    coefficients, intercepts = found.coef_, found.intercept_
    if len(found.classes_) == 2:
        coefficients, intercepts = (
            np.vstack([-coefficients, coefficients]),
            np.append(-intercepts, intercepts),
        )
    weights = np.zeros((vectors.shape[1], count), np.float32)
    bias = np.full(count, float(intercepts.min()) - 5.0, np.float32)
    weights[:, found.classes_] = coefficients.T
    bias[found.classes_] = intercepts
    return weights, bias


def measure_chat(corpus: Corpus, base: Classifier, held: HeldOut, size: int, say: Say) -> dict[str, Any]:
    """Ask the model about some of the texts, as the desk would, and write how often it was right.

    What it chooses from are the categories that the built-in scorer finds likeliest while the text is held
    out. Half of the texts tell how much its word weighs, the other half how well that does.
    """
    where = chat.endpoint()
    if where is None:
        raise ImproperlyConfigured("CHAT_URL or CHAT_MODEL is not set.")
    order = np.random.default_rng(SEED).permutation(len(corpus.examples))[:size]
    labels = corpus.category_of[corpus.labels]
    said: list[str | None] = []
    why: dict[str, int] = {}
    for done, at in enumerate(order, 1):
        codes = chat.likeliest(held.reading(at), base.categories)
        try:
            said.append(where.ask(corpus.examples[at].text, codes).category)
        except chat.NoSuggestion as error:
            said.append(None)
            why[error.code] = why.get(error.code, 0) + 1
        if done % 50 == 0:
            say(f"{done} of {len(order)} asked")
    right = [
        code is not None and code == base.categories[labels[at]] for code, at in zip(said, order, strict=True)
    ]
    answered = sum(code is not None for code in said)
    half = len(order) // 2
    first = [hit for hit, code in zip(right[:half], said[:half], strict=True) if code is not None]
    hits = min(max(sum(first) / len(first), 0.05), 0.98) if first else 0.05
    rows = order[half:]
    categories, matters = held.categories[rows].copy(), held.matters[rows]
    for row, (at, code) in enumerate(zip(rows, said[half:], strict=True)):
        if code is not None:
            categories[row] = chat.blended(held.reading(at), code, base.categories, hits).categories
    card: dict[str, Any] = {
        "version": f"{where.model}+{base.version}",
        "model": where.model,
        "asked": len(order),
        "answered": answered,
        "unanswered": why,
        "category_right": round(sum(right) / max(answered, 1), 4),
        "hits": round(hits, 4),
        "base": base.version,
    }
    reader = chat.ChatReader(base, where, card)
    some = Corpus(list(corpus.categories), list(corpus.items), [corpus.examples[at] for at in rows])
    card |= assess(some, reader, Trial(HeldOut(categories, matters)), settings.MATTER_CONFIDENCE)
    _write(chat.card_path(where.model), card)
    return card


def _write(path: Path, card: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".chat-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(card, file, indent=1, ensure_ascii=False)
    os.replace(name, path)
