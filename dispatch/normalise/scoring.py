"""The classifier for those who read much: the same answers, from fewer and larger steps.

`Classifier.read` says plainly how a text is scored. This says the same of a thousand texts in a quarter of
the time: grams are numbers that are looked up together, columns that many items have are rows of a dense
matrix, and what follows is done for some dozens of texts in each step. A test holds both to one another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatch.normalise.features import KEYWORD_WEIGHT, prepared
from dispatch.normalise.model import (
    FAINT_SHARE,
    FAINTEST,
    SHARPNESS,
    TINY,
    Classifier,
    Floats,
    Head,
    Reading,
    opinion,
)

Indices = NDArray[np.intp]
# As many texts share the weights that are made ready for them, and as many one step: few enough that what a
# step works on stays in the processor's cache.
_SHARING: Final = 512
_STEP: Final = 32
_FEW: Final = 4  # what fewer texts share is not worth its while
# A column that more than this share of the items have is cheaper as a whole row.
_DENSE: Final = 0.1
# Of a character; a gram is its first one, and its second one plus 1.
_BITS: Final = 21


@dataclass(frozen=True, slots=True)
class _Texts:
    """Some texts as one sparse matrix: of each row, `ends` says where its columns end."""

    rows: Indices
    at: Indices
    values: Floats
    ends: list[int]
    hits: list[list[int]]

    def __len__(self) -> int:
        return len(self.hits)


class _Lists:
    """Lists of numbers by number, laid end to end."""

    def __init__(self, lists: Sequence[NDArray[Any]]) -> None:
        lengths = [len(one) for one in lists]
        self.all = np.concatenate([*lists, np.zeros(0, np.intp)]).astype(np.intp)
        self.lengths = np.array(lengths, np.intp)
        self.starts = np.cumsum([0, *lengths])[:-1].astype(np.intp)

    def of(self, which: Indices) -> tuple[Indices, Indices]:
        """What these lists hold one after the other, and the position in `which` of each."""
        lengths = self.lengths[which]
        return self.all[_stretches(self.starts[which], lengths)], np.repeat(np.arange(len(which)), lengths)


class Scorer(Classifier):
    """A classifier with what makes it quick. Read-only, hence safe between threads."""

    @classmethod
    def of(cls, base: Classifier) -> "Scorer":
        """The same classifier; its arrays are shared."""
        made = cls.__new__(cls)
        made.__dict__.update(base.__dict__)
        made._make_ready()
        return made

    def _make_ready(self) -> None:
        letters = np.array(list(self.vectors.columns), "U2").view(np.uint32).reshape(-1, 2).astype(np.int64)
        keys = letters[:, 0] << _BITS | letters[:, 1] + (letters[:, 1] > 0)
        self._column_of = np.argsort(keys)
        self._keys = keys[self._column_of]
        lengths = np.diff(self.post_at)
        common = np.flatnonzero(lengths > _DENSE * len(self.items))
        self._dense_row = np.full(len(lengths), -1, np.intp)
        self._dense_row[common] = np.arange(len(common))
        self._dense = np.zeros((len(common), len(self.items)), np.float32)
        for row, column in enumerate(common):
            stretch = slice(self.post_at[column], self.post_at[column + 1])
            self._dense[row, self.post_item[stretch]] = self.post_value[stretch]
        self._sizes = np.diff(np.append(self.starts, len(self.items)))
        self._items_of = _Lists(self.keyword_items)
        self._categories_of = _Lists(self.keyword_categories)
        self._catch_all = self.matter_mix[3] * self.catch_all
        self._shares = [_Shares(head) for head in self.heads]

    def nearness(self, at: Indices, values: Floats) -> Floats:
        return self._near(_Texts(np.zeros(len(at), np.intp), at, values, [len(at)], [[]]))[0]

    def read_many(self, texts: Sequence[str]) -> list[Reading]:
        """The probabilities for each text as it came."""
        if len(texts) < _FEW:
            return [self.read(text) for text in texts]
        told: list[Reading] = []
        for start in range(0, len(texts), _SHARING):
            told += self._read([prepared(text) for text in texts[start : start + _SHARING]])
        return told

    def without_heads(self) -> "Scorer":
        return Scorer.of(super().without_heads())

    def _read(self, plains: Sequence[str]) -> list[Reading]:
        texts = self._vectors(plains)
        linear = self._linear(texts)
        near = self._near(texts)
        told: list[Reading] = []
        for start in range(0, len(texts), _STEP):
            some = slice(start, start + _STEP)
            told += self._probabilities(linear[some], near[some], texts.hits[some])
        return told

    def _vectors(self, plains: Sequence[str]) -> _Texts:
        """See `Vectors.vector`: columns in their order, a text's keywords after its grams."""
        vectors, count = self.vectors, len(plains)
        hits = [vectors.hits(plain) for plain in plains]
        letters = np.frombuffer("".join(plains).encode("utf-32-le", "surrogatepass"), np.uint32).astype(
            np.int64
        )
        whose = np.repeat(np.arange(count), [len(plain) for plain in plains])
        first = letters << _BITS
        together = whose[:-1] == whose[1:]
        keys = np.concatenate([first, (first[:-1] | letters[1:] + 1)[together]])
        rows = np.concatenate([whose, whose[:-1][together]])
        found = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = self._keys[found] == keys
        width = len(self._keys)
        grams, counts = np.unique(rows[known] * width + self._column_of[found[known]], return_counts=True)
        rows, at = np.divmod(grams, width)
        values = (1 + np.log(counts.astype(np.float32))) * vectors.idf[at]
        values = _of_length_one(rows, values, count)
        if any(hits):
            words = np.fromiter(chain.from_iterable(hits), np.intp)
            beside = np.repeat(np.arange(count), [len(one) for one in hits])
            weights = _of_length_one(beside, vectors.keyword_idf[words], count)
            rows = np.concatenate([rows, beside])
            at = np.concatenate([at, words + width])
            values = np.concatenate([values, weights * np.float32(KEYWORD_WEIGHT)])
            order = np.argsort(rows.astype(np.uint16), kind="stable")
            rows, at, values = rows[order], at[order], values[order]
        ends = np.cumsum(np.bincount(rows, minlength=count)).tolist()
        return _Texts(rows, at, values, ends, hits)

    def _linear(self, texts: _Texts) -> Floats:
        """Of each text the scores of the categories, and after them those of each head's labels."""
        at, inverse = np.unique(texts.at, return_inverse=True)
        parts = [self.weights, *(head.weights for head in self.heads)]
        weights = np.concatenate([part[at].astype(np.float32) for part in parts], axis=1)
        return _summed(weights, inverse, texts.values, texts.ends)

    def _near(self, texts: _Texts) -> Floats:
        """See `Classifier.nearness`."""
        row = self._dense_row[texts.at]
        dense = row >= 0
        ends = np.cumsum(np.bincount(texts.rows[dense], minlength=len(texts))).tolist()
        near = _summed(self._dense, row[dense], texts.values[dense], ends)
        rare = ~dense
        starts = self.post_at[texts.at[rare]]
        lengths = self.post_at[texts.at[rare] + 1] - starts
        some = _stretches(starts, lengths)
        place = np.repeat(texts.rows[rare] * len(self.items), lengths) + self.post_item[some]
        np.add.at(near.reshape(-1), place, self.post_value[some] * np.repeat(texts.values[rare], lengths))
        return near

    def _probabilities(self, linear: Floats, near: Floats, hits: Sequence[Sequence[int]]) -> list[Reading]:
        count, items, categories = len(near), len(self.items), len(self.categories)
        words = np.zeros((count, categories), np.float32)
        scores = near * self.matter_mix[0]
        scores += self._catch_all
        if any(hits):
            hit = np.fromiter(chain.from_iterable(hits), np.intp)
            row = np.repeat(np.arange(count), [len(one) for one in hits])
            idf = self.vectors.keyword_idf[hit]
            of, position = self._categories_of.of(hit)
            shared = idf / self._categories_of.lengths[hit]
            np.add.at(words.reshape(-1), row[position] * categories + of, shared[position].astype(np.float32))
            of, position = self._items_of.of(hit)
            place = row[position] * items + of
            np.add.at(scores.reshape(-1), place, self.matter_mix[1] * idf[position])
            scores.reshape(-1)[np.unique(place)] += self.matter_mix[2]
        length = np.maximum(np.sqrt(np.einsum("ij,ij->i", words, words)), np.float32(1e-9))
        nearest = np.log(np.add.reduceat(np.exp(near * np.float32(SHARPNESS)), self.starts, axis=1))
        mix = self.category_mix
        category_scores = (
            mix[0] * (linear[:, :categories] + self.bias)
            + mix[1] * nearest
            + mix[2] * words
            + mix[3] * (words / length[:, None])
        )
        chances = _softmax(category_scores)
        matters = self._within(scores)
        elsewhere: list[tuple[tuple[str, float], ...]] = [()] * count
        if self.heads:
            joint = self._spread(chances) * matters
            told, start = opinion(category_scores), categories
            for head, shares in zip(self.heads, self._shares, strict=True):
                said = linear[:, start : start + len(head.labels)] + told @ head.told + head.bias
                start += len(head.labels)
                elsewhere = shares.correct(joint, said)
                told = np.concatenate([told, opinion(said)], axis=1)
            chances = np.add.reduceat(joint, self.starts, axis=1)
            spread = self._spread(chances)
            matters = np.where(spread > TINY, joint / np.maximum(spread, np.float32(TINY)), matters)
        return [Reading(*one) for one in zip(chances, matters, elsewhere, strict=True)]

    def _spread(self, categories: Floats) -> Floats:
        """A value of each category, at each of its items."""
        return np.repeat(categories, self._sizes, axis=1)

    def _within(self, scores: Floats) -> Floats:
        """See `model.within`."""
        scores -= self._spread(np.maximum.reduceat(scores, self.starts, axis=1))
        raised = np.exp(scores, out=scores)
        raised /= self._spread(np.add.reduceat(raised, self.starts, axis=1))
        return raised


class _Shares:
    """`Head.correct` for some texts at once."""

    def __init__(self, head: Head) -> None:
        self._head = head
        # Items by their label, the ones of none first; where each label's begin, and which they are.
        self._order = np.argsort(head.of_item, kind="stable")
        self._labels, self._starts = np.unique(head.of_item[self._order], return_index=True)
        self._place = head.of_item + 1

    def correct(self, joint: Floats, scores: Floats) -> list[tuple[tuple[str, float], ...]]:
        """Correct the items' probabilities where they stand; answers those of labels of no item."""
        head = self._head
        shares = np.zeros((len(joint), len(head.labels) + 1), np.float32)
        shares[:, self._labels + 1] = np.add.reduceat(
            np.take(joint, self._order, axis=1), self._starts, axis=1
        )
        seen, none = shares[:, 1:], shares[:, 0]
        wanted = _softmax(head.own * np.log(seen + np.float32(FAINT_SHARE)) + scores)
        left = np.minimum(none * head.unseen, np.float32(0.9))
        said = wanted * (1 - left)[:, None]
        ratio = np.empty_like(shares)
        ratio[:, 0] = np.where(
            none * head.unseen <= 0.9, np.float32(head.unseen), left / np.maximum(none, np.float32(TINY))
        )
        ratio[:, 1:] = said / np.maximum(seen, np.float32(TINY))
        joint *= np.take(ratio, self._place, axis=1)
        if not len(head.outside):
            return [()] * len(joint)
        outside = [(head.labels[one], one) for one in head.outside.tolist()]
        return [
            tuple((label, float(row[one])) for label, one in outside if row[one] >= FAINTEST) for row in said
        ]


@lru_cache(maxsize=2)
def scorer(base: Classifier) -> Scorer:
    """The quick one of this classifier."""
    return Scorer.of(base)


def _summed(weights: Floats, at: Indices, values: Floats, ends: Iterable[int]) -> Floats:
    """Of each row the sum of these weights, each as often as its value says."""
    ends = list(ends)
    summed = np.empty((len(ends), weights.shape[1]), np.float32)
    start = 0
    for row, end in enumerate(ends):
        np.dot(values[start:end], weights[at[start:end]], out=summed[row])
        start = end
    return summed


def _stretches(starts: NDArray[Any], lengths: NDArray[Any]) -> Indices:
    """The numbers of all stretches, one after the other."""
    ends = np.cumsum(lengths)
    if not len(ends):
        return np.zeros(0, np.intp)
    return np.arange(ends[-1], dtype=np.intp) + np.repeat(starts - ends + lengths, lengths)


def _of_length_one(rows: Indices, values: Floats, count: int) -> Floats:
    lengths = np.sqrt(np.bincount(rows, values * values, count))
    scaled: Floats = (values / np.maximum(lengths, 1e-9)[rows]).astype(np.float32)
    return scaled


def _softmax(scores: Floats) -> Floats:
    raised: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    raised /= raised.sum(axis=1, keepdims=True)
    return raised
