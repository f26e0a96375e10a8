"""Words underlined where the matcher found them."""

import pytest

from dispatch.marking import marked


def told(text: str, **ranks: int) -> list[tuple[str, int]]:
    return [(piece.text, piece.rank) for piece in marked(text, ranks)]


def test_words_stand_under_their_rank() -> None:
    assert told("路灯坏了没人修", 路灯坏=1, 没人=2) == [("路灯坏", 1), ("了", 0), ("没人", 2), ("修", 0)]


def test_the_better_rank_covers_a_longer_word() -> None:
    assert told("半夜烧烤店", 烧烤店=2, 烧烤=1) == [("半夜", 0), ("烧烤", 1), ("店", 2)]


def test_of_one_rank_the_longer_word_counts() -> None:
    assert told("建筑垃圾", 垃圾=1, 建筑垃圾=1) == [("建筑垃圾", 1)]


def test_full_width_and_capitals_are_found_and_kept_as_they_came() -> None:
    assert told("楼下ＫＴＶ吵", ktv=1) == [("楼下", 0), ("ＫＴＶ", 1), ("吵", 0)]


@pytest.mark.parametrize("text", ["", "㎡的地", "ﬁre ﬁre", "没有词"])
def test_the_pieces_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in marked(text, {"fi": 1, "m2": 2})) == text
