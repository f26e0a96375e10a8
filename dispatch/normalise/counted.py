"""Grams and keywords of many texts, counted once for all that is learnt from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.normalise.features import KEYWORD_WEIGHT, Vectors, grams

Indices = NDArray[np.intp]


@dataclass
class Counted:
    """Sparse counts, a row per prepared text."""

    names: list[str]  # of the grams, sorted
    grams: Any  # how often each occurs: texts × names
    keywords: Any  # 1 where a keyword of the list occurs: texts × the list's keywords
    words: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str], keywords: Sequence[str]) -> "Counted":
        from scipy.sparse import csr_matrix

        hearing = Vectors([], np.zeros(0, np.float32), keywords, np.ones(len(keywords), np.float32))
        number: dict[str, int] = {}
        columns: list[int] = []
        counts: list[int] = []
        ends, hits, hit_ends = [0], [], [0]
        for text in texts:
            for gram, count in grams(text).items():
                columns.append(number.setdefault(gram, len(number)))
                counts.append(count)
            ends.append(len(columns))
            hits += hearing.hits(text)
            hit_ends.append(len(hits))
        names = sorted(number)
        place = np.empty(len(names), np.intp)
        place[[number[name] for name in names]] = np.arange(len(names))
        found = csr_matrix(
            (np.array(counts, np.float32), place[columns], ends), shape=(len(texts), len(names))
        )
        words = csr_matrix(
            (np.ones(len(hits), np.float32), hits, hit_ends), shape=(len(texts), len(keywords))
        )
        found.sort_indices()
        return cls(names, found, words, keywords)

    def fit(self, rows: Indices, at_least: int) -> Vectors:
        """As Vectors.fit does of these rows' texts."""
        seen = np.bincount(self.grams[rows].indices, minlength=len(self.names))
        known = np.flatnonzero(seen >= at_least)
        total = 1 + len(rows)
        idf = (np.log(total / (1 + seen[known])) + 1).astype(np.float32)
        said = np.bincount(self.keywords[rows].indices, minlength=len(self.words))
        keyword_idf = (np.log(total / (1 + said)) + 1).astype(np.float32)
        return Vectors([self.names[at] for at in known], idf, self.words, keyword_idf)

    def matrix(self, vectors: Vectors, rows: Indices) -> Any:
        """What `vectors.vector` says of these rows' texts, as one sparse matrix."""
        from scipy.sparse import csr_matrix, hstack

        column = np.full(len(self.names), -1)
        number = {name: at for at, name in enumerate(self.names)}
        known = np.array([number[gram] for gram in vectors.columns if gram in number], np.intp)
        column[known] = [vectors.columns[self.names[at]] for at in known]
        chosen = self.grams[rows]
        there = column[chosen.indices]
        kept = there >= 0
        ends = np.concatenate([[0], np.cumsum(kept)])[chosen.indptr]
        letters = csr_matrix(
            (
                (1 + np.log(chosen.data[kept])) * vectors.idf[there[kept]],
                there[kept],
                ends,
            ),
            shape=(len(rows), len(vectors.columns)),
        )
        words = self.keywords[rows].multiply(vectors.keyword_idf[None, :]).tocsr()
        return hstack([_of_length(letters, 1.0), _of_length(words, KEYWORD_WEIGHT)]).tocsr()


def _of_length(matrix: Any, length: float) -> Any:
    """Every row of this length, but empty ones."""
    from scipy.sparse import diags

    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return diags((length / np.maximum(lengths, 1e-9)).astype(np.float32)) @ matrix
