"""Words on the picture: beside their ring, and on nobody's name."""

import pytest

from dashboards.screen.labels import labelled
from incidents.centre.outlines import Drawing, Shape

SHEET = Drawing(
    1000, 800, (Shape("440307003000", "平湖街道", "Pinghu Subdistrict", "", 500, 400),), "", 0, 0, 1, 1
)


def placed(*points: tuple[float, float], language: bool = False) -> list[tuple[str, float]]:
    rings = [{"x": x, "y": y, "label": "用电安全隐患"} for x, y in points]
    return [(one["anchor"], one["text_y"]) for one in labelled(rings, SHEET, is_english=language)]


@pytest.mark.parametrize(
    ("ring", "where"),
    [
        ((200, 100), ("start", 100)),  # room on the right
        ((900, 100), ("end", 100)),  # none there
        ((430, 400), ("end", 400)),  # the name stands on the right of it
        ((700, 400), ("start", 400)),  # and here on the left
    ],
)
def test_the_words_stand_where_no_name_is(ring: tuple[float, float], where: tuple[str, float]) -> None:
    assert placed(ring) == [where]


def test_two_rings_side_by_side_have_their_words_apart() -> None:
    first, second = placed((300, 200), (300, 210))
    assert first != second
    # Where everything is taken they stand beside the ring all the same.
    assert len(placed(*[(300, 200 + number) for number in range(9)])) == 9
