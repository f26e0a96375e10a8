"""Intervals and tests of chance against published values."""

import pytest

from dashboards.comparing import Share, chance_of


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in
        # Medicine 17 (1998), table I, method 3 (Wilson's score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(part: int, whole: int, low: float, high: float) -> None:
    share = Share(part, whole)
    assert share.low == pytest.approx(low, abs=0.00006)
    assert share.high == pytest.approx(high, abs=0.00006)


def test_the_interval_of_nothing_is_everything() -> None:
    assert (Share(0, 0).value, Share(0, 0).low, Share(0, 0).high) == (None, 0.0, 1.0)


def test_one_of_one_is_less_sure_than_forty_of_sixty() -> None:
    assert Share(1, 1).low < Share(3, 3).low < Share(40, 60).low < Share(400, 600).low


@pytest.mark.parametrize(
    ("part", "whole", "part_other", "whole_other", "chance"),
    [
        # R. A. Fisher, The Design of Experiments (1935): the lady tasting tea.
        (3, 4, 1, 4, 17 / 70),
        (4, 4, 0, 4, 1 / 70),
        (0, 4, 4, 4, 1.0),
        # Convictions of twins of criminals, Fisher (1934): 10 of 13 identical, 2 of 17 others.
        (10, 13, 2, 17, 0.0004652),
        (3, 3, 0, 0, 1.0),
        (0, 0, 3, 3, 1.0),
    ],
)
def test_chance_is_fishers(part: int, whole: int, part_other: int, whole_other: int, chance: float) -> None:
    assert chance_of(part, whole, part_other, whole_other) == pytest.approx(chance, rel=1e-3)
