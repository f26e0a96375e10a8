"""What is counted once for all folds says the same as asking each text."""

import os

import numpy as np
import pytest

from dispatch.normalise.abreast import abreast
from dispatch.normalise.counted import Counted
from dispatch.normalise.features import Vectors, prepared

TEXTS = [prepared(text) for text in ("路灯不亮", "路灯坏了一直不亮不亮", "井盖丢了", "", "噪音扰民")]
KEYWORDS = ["路灯", "井盖", "施工"]


def test_counts_give_the_vocabulary_and_the_weights_of_the_texts_themselves() -> None:
    rows = np.array([0, 1, 2])
    counted = Counted.of(TEXTS, KEYWORDS).fit(rows, 1)
    asked = Vectors.fit([TEXTS[at] for at in rows], KEYWORDS, 1)
    assert list(counted.columns) == list(asked.columns)
    assert np.allclose(counted.idf, asked.idf)
    assert np.allclose(counted.keyword_idf, asked.keyword_idf)


def test_a_row_of_the_matrix_is_the_texts_vector() -> None:
    counted = Counted.of(TEXTS, KEYWORDS)
    vectors = Vectors.fit(TEXTS[:3], KEYWORDS, 1)
    matrix = counted.matrix(vectors, np.arange(len(TEXTS))).toarray()
    for row, text in zip(matrix, TEXTS, strict=True):
        expected = np.zeros(vectors.width)
        at, weights = vectors.vector(text, vectors.hits(text))
        expected[at] = weights
        assert np.allclose(row, expected, atol=1e-6), text


def test_pieces_answer_in_their_order_and_in_processes_of_their_own() -> None:
    answers = abreast([lambda: (0, os.getpid()), lambda: (1, os.getpid()), lambda: (2, os.getpid())])
    assert [number for number, _process in answers] == [0, 1, 2]
    if len(os.sched_getaffinity(0)) > 1:
        assert os.getpid() not in {process for _number, process in answers}


def test_what_a_piece_raises_is_raised() -> None:
    def fails() -> None:
        raise ValueError("no such gram")

    with pytest.raises(ValueError, match="no such gram"):
        abreast([fails, lambda: None])
