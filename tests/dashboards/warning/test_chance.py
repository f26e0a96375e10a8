"""What chance does: tails and intervals that are right, and alarms that keep to the stated rate."""

import math
import random
from datetime import date, timedelta

import numpy as np
import pytest

from dashboards.warning import scanning, tails
from dashboards.warning.baseline import Grid, kind_of_day, learn
from dashboards.warning.counting import SAID, VOICE, History, voices
from dashboards.warning.scanning import Region, Scene

PLACES = [f"4403070{street:02d}{community:03d}" for street in range(1, 5) for community in range(1, 6)]
MATTERS = [f"{domain:02d}{kind:02d}" for domain in range(1, 6) for kind in range(1, 5)]
GRID = Grid.of(PLACES, MATTERS)
MONDAY = date(2026, 1, 5)
EPOCH = date(1970, 1, 1)


# --- tails ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "size"), [(0.01, 1.0), (0.5, 0.3), (3.0, 20.0), (40.0, 5.0), (7.0, 1e7)])
def test_tails_are_the_sum_of_what_lies_in_them(mean: float, size: float) -> None:
    def term(n: int) -> float:
        return math.exp(
            math.lgamma(n + size) - math.lgamma(size) - math.lgamma(n + 1)
            + size * math.log(size / (size + mean)) + n * math.log(mean / (size + mean))
        )  # fmt: skip

    terms = [term(n) for n in range(3000)]
    for count in (0, 1, 2, 5, 12, 60):
        assert tails.upper(count, mean, size) == pytest.approx(math.fsum(terms[count:]), rel=1e-6, abs=1e-15)
    low, high = tails.interval(mean, size)
    assert math.fsum(terms[:low]) <= 0.025
    assert math.fsum(terms[high + 1 :]) <= 0.025 + 1e-9


def test_a_tail_far_out_keeps_its_digits() -> None:
    # Poisson with mean 0.001: four or more are 0.001⁴/4!
    assert tails.upper(4, 0.001, 1e9) == pytest.approx(1e-12 / 24, rel=2e-3)


# --- voices -----------------------------------------------------------------------------------------


def test_a_reporter_has_one_voice_a_day_on_a_matter_in_a_place() -> None:
    def said(hour: int, who: int, matter: int = 204, place: int = 7) -> tuple[int, int, int, int, int, int]:
        return (hour, place, matter, 0, who, 1)

    # 16 UTC is midnight in the district
    rows = np.array(
        [said(1, 1), said(5, 1), said(2, 2), said(3, 1, 101), said(4, 1, place=8), said(17, 1)], SAID
    )
    assert len(voices(rows)) == 5
    assert voices(rows[:2])["hour"].tolist() == [1]


# --- seasons and the stated rate --------------------------------------------------------------------


def stream(*, days: int, per_day: float, spread: float = 0.0, seed: int = 1) -> np.ndarray:  # type: ignore[type-arg]
    """Voices by hour and weekday, Poisson or, with `spread`, with gamma days."""
    dice = np.random.default_rng(seed)
    rate = np.outer(dice.gamma(1.5, 1, len(PLACES)), dice.gamma(0.7, 1, len(MATTERS)))
    rate *= per_day / rate.sum()
    hours = np.array([1] * 7 + [8] * 12 + [3] * 5) / 118
    parts = []
    for back in range(days):
        day = MONDAY + timedelta(days=back)
        mean = rate * (1.0 if day.weekday() < 5 else 0.4)
        mean = mean * dice.gamma(1 / spread, spread, mean.shape) if spread else mean
        counts = dice.poisson(mean)
        place, matter = np.nonzero(counts)
        rows = np.zeros(int(counts.sum()), dtype=SAID)
        times = counts[place, matter]
        rows["place"] = np.repeat(np.array(PLACES, dtype=np.int64)[place], times)
        rows["matter"] = np.repeat(np.array(MATTERS, dtype=np.int64)[matter], times)
        rows["hour"] = (day - EPOCH).days * 24 - 8 + dice.choice(24, len(rows), p=hours)
        parts.append(rows)
    rows = np.concatenate(parts)
    rows["who"] = rows["case"] = np.arange(len(rows))
    return rows


def works(day: date) -> bool:
    return day.weekday() < 5


def learnt(rows: np.ndarray, day: date, days: int = 91, is_working=works):  # type: ignore[no-untyped-def, type-arg]
    until = (day - EPOCH).days - 7
    of = (rows["hour"] + 8) // 24
    rows = rows[(of >= until - days) & (of < until)]
    counts = np.zeros(len(rows), dtype=VOICE)
    counts["hour"] = (rows["hour"] + 8) % 24
    counts["place"], counts["matter"], counts["voices"] = rows["place"], rows["matter"], 1
    history = History(
        [EPOCH + timedelta(days=number) for number in range(until - days, until)],
        counts,
        (rows["hour"] + 8) // 24 - (until - days),
    )
    return learn(history, stream=0, grid=GRID, kind_of=lambda of: kind_of_day(of, is_working), gap=7)


def scene(rows: np.ndarray, end: int, baseline, is_working=works) -> Scene:  # type: ignore[no-untyped-def, type-arg]
    hours = np.arange(end - scanning.LONGEST, end)
    kinds = [kind_of_day(EPOCH + timedelta(days=int(day)), is_working) for day in (hours + 8) // 24]
    return Scene.of(
        grid=GRID, rows=rows, end=end, baseline=baseline,
        exposure=baseline.exposure(kinds, list((hours + 8) % 24)),
    )  # fmt: skip


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_alarms_in_noise_keep_to_the_stated_rate(spread: float) -> None:
    rows = stream(days=98 + 14, per_day=60, spread=spread)
    stated, finds = 20.0, 0
    for back in range(14):
        day = MONDAY + timedelta(days=98 + back)
        baseline = learnt(rows, day)
        for hour in range(24):
            end = (day - EPOCH).days * 24 - 8 + hour + 1
            windows = scanning.due_windows(end, since=None)
            finds += len(scanning.scan(scene(rows, end, baseline), windows=windows, per_week=stated))
    # Each hour that sees the same one again counts too, so this is more than warnings would be.
    assert finds / 2 <= stated


def test_the_shares_of_all_tests_of_a_week_are_the_stated_rate() -> None:
    limits = scanning.allowed(GRID, 3.0)
    number = scanning.tests(GRID)
    looks = {window: 168 / step for window, step in scanning.WINDOWS.items()}
    assert sum(
        limit * number[scale] * looks[window] for (scale, window), limit in limits.items()
    ) == pytest.approx(3)
    # every community's every category and every street's: what never happened is tested too
    assert number["place-category"] == len(PLACES) * (len(MATTERS) + 1)
    assert number["street-domain"] == 4 * 6


def test_nights_and_days_off_are_expected_to_be_quiet() -> None:
    rows = stream(days=100, per_day=200)
    baseline = learnt(rows, MONDAY + timedelta(days=98))
    noon, night = baseline.exposure([0, 0], [12, 3])["domain"].mean(axis=0)
    assert noon > 5 * night
    tuesday, saturday = baseline.exposure([1, 5], [12, 12])["domain"].mean(axis=0)
    assert saturday == pytest.approx(0.4 * tuesday, rel=0.15)


def test_a_holiday_on_a_weekday_is_expected_to_be_like_a_day_off() -> None:
    rows = stream(days=100, per_day=200)
    baseline = learnt(rows, MONDAY + timedelta(days=98))
    wednesday, holiday = baseline.exposure([2, 7], [12, 12])["domain"].mean(axis=0)
    assert holiday < 0.6 * wednesday
    assert kind_of_day(MONDAY, lambda day: False) == 7
    assert kind_of_day(MONDAY + timedelta(days=5), lambda day: True) == 8


def test_seven_of_a_kind_at_three_in_the_night_are_a_burst() -> None:
    rows = stream(days=100, per_day=200)
    day = MONDAY + timedelta(days=98)
    baseline = learnt(rows, day)
    midnight = (day - EPOCH).days * 24 - 8
    dice = random.Random(4)
    of = rows[(rows["hour"] >= midnight) & (rows["hour"] < midnight + 24)]
    cell = of[dice.randrange(len(of))]

    def told(hour: int) -> bool:
        extra = np.zeros(7, dtype=SAID)
        extra["place"], extra["matter"], extra["hour"] = cell["place"], cell["matter"], hour
        extra["who"] = extra["case"] = -1 - np.arange(7)
        now = scene(np.concatenate((rows, extra)), hour + 1, baseline)
        return bool(scanning.scan(now, windows=[2], per_week=1.0))

    assert told(midnight + 3)


def test_an_old_burst_is_not_what_is_usual_now() -> None:
    rows = stream(days=100, per_day=60)
    quiet = learnt(rows, MONDAY + timedelta(days=98))
    storm = np.repeat(rows[:1], 300)
    storm["hour"] = ((MONDAY - EPOCH).days + 80) * 24 + np.arange(300) % 10
    storm["who"] = -1 - np.arange(300)
    after = learnt(np.concatenate((rows, storm)), MONDAY + timedelta(days=98))
    region = Region("place-category", int(rows[0]["place"]), int(rows[0]["matter"]))
    end = ((MONDAY - EPOCH).days + 98) * 24
    before_mean, _size = scene(rows, end, quiet).of_region(region, 24)
    after_mean, _size = scene(rows, end, after).of_region(region, 24)
    assert after_mean < before_mean + 1.0  # and not by 300 / 91


def test_too_little_history_expects_nothing() -> None:
    rows = stream(days=30, per_day=60)
    assert learnt(rows, MONDAY + timedelta(days=20), days=13) is None


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        (("place-category", 440307001001, 101), ("place-domain", 440307001001, 1), True),
        (("place-category", 440307001001, 101), ("street-category", 440307001000, 101), True),
        (("place-domain", 440307001001, 1), ("district-domain", 0, 1), True),
        (("place-domain", 440307001001, 1), ("place-category", 440307001001, 101), False),
        (("street-category", 440307001000, 101), ("place-category", 440307001001, 101), False),
        (("place-category", 440307002001, 101), ("street-category", 440307001000, 101), False),
        (("district-domain", 0, 1), ("street-domain", 440307001000, 1), False),
        (("place-category", 440307001001, 201), ("district-domain", 0, 1), False),
    ],
)
def test_what_lies_within_what(
    inner: tuple[str, int, int], outer: tuple[str, int, int], inside: bool
) -> None:
    assert Region(*inner).within(Region(*outer)) is inside
    assert Region(*inner).within(Region(*inner))
