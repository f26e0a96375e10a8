"""What the classifier sees of a text: single characters, pairs of them, and the list's keywords."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import log

import ahocorasick
import numpy as np
from numpy.typing import NDArray

from dispatch.items import normal_form

LONGEST = 2_000  # characters read; what matters is said before
KEYWORD_WEIGHT = 0.6  # of the keywords' part of the vector, beside the characters' 1.0

# How operators begin a record. It says who spoke through which door, which the source already tells.
_OPENING = re.compile(
    r"^(?:(?:市民|群众|居民|来电人|业主|网友|诉求人|举报人|投诉人)(?:再次|多次)?"
    r"(?:来电|来信|来访|电话|微信|公众号|网络|网上|留言|手机|app)*"
    r"(?:反映|咨询|投诉|举报|求助|建议|反馈|表示|称|要求)?[::,,\s]*)+"
)
_BLANKS = re.compile(r"\s+")


def prepared(text: str) -> str:
    """The text in its normal form, without the opening formula, of bounded length."""
    plain = _BLANKS.sub(" ", normal_form(text[: 2 * LONGEST])).strip()
    return (_OPENING.sub("", plain, count=1) or plain)[:LONGEST]


def grams(text: str) -> dict[str, int]:
    """How often each character and each pair of neighbours occurs."""
    counts: dict[str, int] = {}
    for gram in text:
        counts[gram] = counts.get(gram, 0) + 1
    for first, second in pairwise(text):
        gram = first + second
        counts[gram] = counts.get(gram, 0) + 1
    return counts


class Vectors:
    """Texts as sparse unit vectors: TF-IDF of grams, and beside it the idf of keywords that occur."""

    def __init__(
        self,
        vocabulary: Sequence[str],
        idf: NDArray[np.float32],
        keywords: Sequence[str],
        keyword_idf: NDArray[np.float32],
    ) -> None:
        self.columns = {gram: at for at, gram in enumerate(vocabulary)}
        self.idf = idf
        self.keywords = list(keywords)
        self.keyword_idf = keyword_idf
        self.automaton = ahocorasick.Automaton()
        for at, word in enumerate(self.keywords):
            self.automaton.add_word(word, at)
        self.automaton.make_automaton()

    @classmethod
    def fit(cls, texts: Iterable[str], keywords: Sequence[str], at_least: int = 1) -> "Vectors":
        """Learn the vocabulary (grams of so many texts) and its document frequencies from prepared texts."""
        seen: dict[str, int] = {}
        texts = list(texts)
        for text in texts:
            for gram in grams(text):
                seen[gram] = seen.get(gram, 0) + 1
        vocabulary = sorted(gram for gram, count in seen.items() if count >= at_least)
        total = 1 + len(texts)
        idf = np.array([log(total / (1 + seen[gram])) + 1 for gram in vocabulary], np.float32)
        vectors = cls(vocabulary, idf, keywords, np.ones(len(keywords), np.float32))
        counts = np.zeros(len(keywords))
        for text in texts:
            counts[vectors.hits(text)] += 1
        vectors.keyword_idf = (np.log(total / (1 + counts)) + 1).astype(np.float32)
        return vectors

    @property
    def width(self) -> int:
        return len(self.columns) + len(self.keywords)

    def hits(self, text: str) -> list[int]:
        """Numbers of the keywords that occur, ascending."""
        return sorted({at for _end, at in self.automaton.iter(text)})

    def vector(self, text: str, hits: Sequence[int]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Columns and values of a prepared text. Unknown grams are left out before the length is taken."""
        columns = self.columns
        known = [(columns[gram], count) for gram, count in grams(text).items() if gram in columns]
        at = np.fromiter((column for column, _count in known), np.intp, len(known))
        counts = np.fromiter((count for _column, count in known), np.float32, len(known))
        values = (1 + np.log(counts)) * self.idf[at]
        values /= max(float(np.sqrt(values @ values)), 1e-9)
        if not hits:
            return at, values
        words = np.array(hits, np.intp)
        weights = self.keyword_idf[words]
        weights = weights * np.float32(KEYWORD_WEIGHT / float(np.sqrt(weights @ weights)))
        return np.concatenate([at, words + len(columns)]), np.concatenate([values, weights])
