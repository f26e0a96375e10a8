"""What a forecast may claim: intervals that hold, days off known, and no better than it is."""

from datetime import date, timedelta

import numpy as np
import pytest

from dashboards.forecasting import backtest
from dashboards.forecasting.model import HORIZON, carry_on, quantiles_of
from dashboards.warning import tails

FIRST = date(2026, 1, 5)  # a Monday
_WEEK = (1.2, 1.1, 1.1, 1.0, 1.0, 0.7, 0.6, 0.55, 1.0)


def kinds(days: int, off: frozenset[int] = frozenset()) -> list[int]:
    """The kinds of days from a Monday on; those of `off` are holidays."""
    return [7 if day in off else (FIRST + timedelta(days=day)).weekday() for day in range(days)]


def made_up(days: int, series: int, mean: float, stray: float, *, seed: int, grows: float = 0.0):  # type: ignore[no-untyped-def]
    """Counts that stray further than chance, in series of all sizes; the first is their sum."""
    dice = np.random.default_rng(seed)
    rate = dice.gamma(1.5, 1, series)
    level = mean * np.exp(grows * np.arange(days)) * np.array(_WEEK)[kinds(days)]
    mu = (rate / rate.sum())[:, None] * level[None, :]
    counts = dice.poisson(mu * dice.gamma(1 / stray, stray, mu.shape))
    return np.vstack([counts.sum(axis=0), counts])


@pytest.mark.parametrize(("mean", "stray", "grows"), [(600, 0.1, 0.0), (60, 0.3, 0.0), (900, 0.05, 0.004)])
def test_it_beats_the_same_day_last_week_and_its_intervals_hold(
    mean: float, stray: float, grows: float
) -> None:
    counts = made_up(200, 20, mean, stray, seed=7, grows=grows)
    tested = backtest.test(counts, kinds(200), [0] + [1] * 20)
    assert tested is not None
    assert tested.origins == backtest.ORIGINS
    assert tested.loss[1:].sum() < 0.85 * tested.rivals["naive"][1:].sum()
    assert tested.loss[1:].sum() < tested.rivals["four_weeks"][1:].sum()
    covered = tested.covered[1:].sum() / (20 * tested.days)
    # counts are whole numbers: small ones are covered more often than asked for
    assert 0.77 <= covered <= 0.95
    assert 0.7 <= tested.covered_sums[1:].sum() / (20 * tested.origins) <= 0.97


def test_a_day_off_to_come_is_expected_like_those_before() -> None:
    off = frozenset({20, 48, 76, 101, 104})  # working days' weekdays, the last one in the days to come
    days = 100
    kind = kinds(days + HORIZON, off)
    counts = np.array([[round(200 * _WEEK[one]) for one in kind[:days]]] * 2, dtype=float)
    mean = carry_on(counts, kind, [0, 1]).mean[1]
    ordinary = carry_on(counts, kinds(days + HORIZON, off - {101, 104}), [0, 1]).mean[1]
    assert mean[1] < 0.75 * ordinary[1]
    assert mean[2] == pytest.approx(ordinary[2], rel=0.05)


def test_what_is_pure_noise_is_told_wide_and_never_below_nothing() -> None:
    counts = np.random.default_rng(3).negative_binomial(0.5, 0.1, (4, 120)).astype(float)
    outlook = carry_on(counts, kinds(120 + HORIZON), [0, 1, 1, 1])
    low, high = outlook.quantiles[:, :HORIZON, 0], outlook.quantiles[:, :HORIZON, 2]
    assert (low >= 0).all()
    assert (high > outlook.mean * 1.5).all()
    assert np.isfinite(outlook.mean).all()


def test_nothing_at_all_is_carried_on_as_nothing() -> None:
    outlook = carry_on(np.zeros((3, 40)), kinds(40 + HORIZON), [0, 1, 2])
    assert outlook.mean.max() < 0.2
    assert outlook.quantiles[:, :HORIZON, 1].max() == 0


@pytest.mark.parametrize(("mean", "size"), [(0.3, 2.0), (4.0, 0.5), (40.0, 10.0), (700.0, 30.0)])
def test_quantiles_are_the_negative_binomial_s(mean: float, size: float) -> None:
    for share, count in zip((0.1, 0.5, 0.9), quantiles_of(mean, size), strict=True):
        assert 1 - tails.upper(int(count) + 1, mean, size) >= share - 1e-9
        assert count == 0 or 1 - tails.upper(int(count), mean, size) < share + 1e-9


def test_a_forecast_is_tried_on_days_that_it_did_not_know() -> None:
    """Whatever comes after a day changes nothing of what was told at its end."""
    assert backtest.origins(37) == []
    assert backtest.origins(38) == [21, 22, 23, 24]
    assert backtest.origins(273)[-1] == 273 - HORIZON
    counts = made_up(60, 3, 90, 0.1, seed=5)
    other = counts.copy()
    other[:, 40:] = 999
    told = [carry_on(one[:, :40], kinds(40 + HORIZON), [0, 1, 1, 1]).quantiles for one in (counts, other)]
    assert (told[0] == told[1]).all()
    # the same day of the last week that is known, and of the week before where that is not known yet
    naive = backtest.naive(counts[:, :40].astype(float))
    assert (naive[:, :7, 1] == counts[:, 33:40]).all()
    assert (naive[:, 7:, 1] == counts[:, 33:40]).all()
    assert (naive[:, 7:, 2] >= naive[:, :7, 2]).all()


def test_pinball_by_hand() -> None:
    came = np.array([[10.0]])
    told = np.array([[[8.0, 10.0, 12.0]]])
    assert backtest.pinball(came, told)[0] == pytest.approx((0.1 * 2 + 0 + 0.1 * 2) / 3)
    assert backtest.inside(came, told)[0] == 1
    assert backtest.inside(np.array([[13.0]]), told)[0] == 0
