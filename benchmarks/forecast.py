"""Forecasts of load: loss against “the same day last week” and against four weeks' mean, coverage, time.

On made-up streets and domains of several kinds, and on a real stream where YIWANG_EVENTS names a file
(create_time, event_type_name, street_name); such a file only measures: nothing of it stays. FORECAST_FROM is
its first day (the stream's where none is given). docs/warning.md says what came out.
"""

import csv
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from benchmarks.records import Record
from dashboards.forecasting import backtest, making
from dashboards.forecasting.model import HORIZON, LEAST_DAYS, carry_on
from dashboards.indicators import SMALL
from dashboards.warning.baseline import kind_of_day
from dispatch.edition import work_calendar

NEEDS_DATABASE = True  # the work calendar

Array = np.ndarray[Any, Any]

_WEEK = (1.2, 1.1, 1.1, 1.0, 1.0, 0.7, 0.6)
_FIRST = date(2025, 9, 29)  # with a long holiday, make-up days and a Spring Festival among what is forecast
_DAYS = making.DAYS


def run() -> list[Record]:
    records: list[Record] = []
    for name, per_day, stray, grows, days in (
        ("Poisson, 900 a day", 900, 0.0, 0.0, _DAYS),
        ("κ 0.1, 900 a day", 900, 0.1, 0.0, _DAYS),
        ("growing threefold, κ 0.1", 500, 0.1, 0.004, _DAYS),
        ("60 a day, 44 days", 60, 0.05, 0.0, 44),
    ):
        keys, counts = _made_up(per_day, stray, grows, days)
        records += _tried(name, keys, counts, _FIRST)
    if path := os.environ.get("YIWANG_EVENTS"):
        keys, counts, first = _real(path)
        records += _tried("real stream", keys, counts, first)
        records += _held_out("real stream", keys, counts, first)
    return records + _timed()


def _record(metric: str, ours: float, against: str, theirs: float) -> Record:
    return {
        "bench": "forecast",
        "metric": metric,
        "ours": round(ours, 4),
        "against": against,
        "theirs": round(theirs, 4),
        "ratio": round(ours / theirs, 3) if theirs else 0.0,
    }


def _kinds(first: date, days: int) -> list[int]:
    is_working = work_calendar().is_working_day
    return [kind_of_day(first + timedelta(days=number), is_working) for number in range(days)]


def _keyed(rows: Sequence[tuple[int, str, str]], days: int) -> tuple[list[tuple[str, str]], Array]:
    """Daily counts of the whole, each street, each domain, each pair; the whole first."""
    seen = Counter(rows)
    streets = sorted({street for _day, street, _domain in seen})
    domains = sorted({domain for _day, _street, domain in seen})
    keys = [("", ""), *((one, "") for one in streets), *(("", one) for one in domains)]
    keys += [(street, domain) for street in streets for domain in domains]
    place = {key: number for number, key in enumerate(keys)}
    counts = np.zeros((len(keys), days))
    for (day, street, domain), times in seen.items():
        for key in (("", ""), (street, ""), ("", domain), (street, domain)):
            counts[place[key], day] += times
    return keys, counts


def _made_up(per_day: float, stray: float, grows: float, days: int) -> tuple[list[tuple[str, str]], Array]:
    """Eleven streets and twenty domains that differ as real ones do, drift, and rest on days off."""
    dice = np.random.default_rng(20260707)
    rate = np.outer(dice.gamma(3, 1, 11), dice.gamma(0.8, 1, 20))
    rate /= rate.sum()
    drift = np.exp(np.cumsum(dice.normal(0, 0.01, (*rate.shape, days)), axis=2))
    kind = np.array(_kinds(_FIRST, days))
    season = np.array([*_WEEK, 0.55, 1.0])[kind] * np.exp(grows * np.arange(days))
    mean = per_day * rate[:, :, None] * drift * season
    if stray:
        mean = mean * dice.gamma(1 / stray, stray, mean.shape)
    counts = dice.poisson(mean)
    rows = [
        (int(day), f"{street:02d}", f"{domain:02d}")
        for street, domain, day in np.argwhere(counts)
        for _time in range(int(counts[street, domain, day]))
    ]
    return _keyed(rows, days)


def _real(path: str) -> tuple[list[tuple[str, str]], Array, date]:
    with open(path, encoding="utf-8", newline="") as file:
        told = [row for row in csv.DictReader(file) if row["create_time"]]
    days = [date.fromisoformat(row["create_time"][:10]) for row in told]
    first = date.fromisoformat(os.environ.get("FORECAST_FROM", min(days).isoformat()))
    rows = [
        ((day - first).days, row["street_name"], row["event_type_name"])
        for day, row in zip(days, told, strict=True)
        if day >= first
    ]
    keys, counts = _keyed(rows, (max(days) - first).days + 1)
    return keys, counts, first


def _tried(name: str, keys: Sequence[tuple[str, str]], counts: Array, first: date) -> list[Record]:
    days = counts.shape[1]
    scales = making.History(first, tuple(keys), counts).scales
    tested = backtest.test(counts, _kinds(first, days), scales)
    assert tested is not None
    lately = counts[:, -making.LATELY :].sum(axis=1)
    statuses = [
        making.FEW if lately[number] < SMALL
        else making.TOLD if tested.is_better()[number]
        else making.WORSE
        for number in range(len(keys))
    ]  # fmt: skip
    records = []
    for scale, one in making.scales_of(tested, scales, statuses).items():
        of = f"{name}, {scale} ({one['better']} of {one['series']} better)"
        records += [
            _record(f"{of}: loss a day", one["loss"], "same day last week", one["naive"]),
            _record(f"{of}: loss a day", one["loss"], "mean of four weeks", one["four_weeks"]),
            _record(f"{of}: days inside 80 %", one["covered"], "same day last week", one["covered_naive"]),
            _record(f"{of}: sums inside 80 %", one["covered_sums"], "asked for", 0.8),
        ]
    return records


def _held_out(name: str, keys: Sequence[tuple[str, str]], counts: Array, first: date) -> list[Record]:
    """Weeks that nothing knew of, one after the other and none twice: each is forecast from all days before
    it, and a series counts where it would have been told by its 28 days before."""
    days, week = counts.shape[1], 7
    scales = np.array(making.History(first, tuple(keys), counts).scales)
    kinds = _kinds(first, days + HORIZON)
    inside: Counter[int] = Counter()
    tried: Counter[int] = Counter()
    weeks = 0
    for known in range(LEAST_DAYS + (days - LEAST_DAYS) % week, days, week):
        told = carry_on(counts[:, :known], kinds[: known + HORIZON], scales.tolist()).quantiles[:, :week]
        held = backtest.inside(counts[:, known : known + week], told)
        enough = counts[:, max(0, known - making.LATELY) : known].sum(axis=1) >= SMALL
        for number in np.flatnonzero(enough).tolist():
            inside[int(scales[number])] += int(held[number])
            tried[int(scales[number])] += week
        weeks += 1
    return [
        _record(
            f"{name}, {weeks} weeks held out, {making.SCALES[scale]} ({tried[scale]} days of series):"
            " inside 80 %",
            inside[scale] / tried[scale],
            "asked for",
            0.8,
        )
        for scale in sorted(tried)
    ]


def _timed() -> list[Record]:
    """One forecast of a district's series with its test, and without, in processor seconds."""
    keys, counts = _made_up(900, 0.1, 0.0, _DAYS)
    scales = making.History(_FIRST, tuple(keys), counts).scales
    kind = _kinds(_FIRST, _DAYS + HORIZON)
    began = time.process_time()
    carry_on(counts, kind, scales)
    alone = time.process_time() - began
    backtest.test(counts, kind, scales)
    tried = time.process_time() - began
    return [
        _record(f"{len(keys)} series, {_DAYS} days, with the test: s", tried, "without the test: s", alone)
    ]
