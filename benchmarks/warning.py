"""Early warning: false alarms against the stated rate, power and delay, and how long a sweep takes.

On made-up voices of the demo's places and categories, Poisson and over-dispersed, with hours and days of the
week; on a real stream of events where YIWANG_EVENTS names a file (create_time, event_type_name,
main_type_name, street_name, community_name), and for themes on real texts where YIWANG_TEXTS does (text).
Such files only measure: nothing of them is kept. Planted bursts tell power and delay. Sweeps are timed in a
database of WARNING_CASES cases (a million where nothing is said). docs/warning.md says what came out.
"""

import csv
import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import district
from benchmarks.records import Record
from config.simulation.reports import TEXTS
from dashboards.warning import bursts, counting, phrases, repeats, scanning, themes
from dashboards.warning.baseline import DAYS, Baseline, Grid, kind_of_day, learn
from dashboards.warning.counting import SAID, SETTLES_AFTER, VOICE, History
from dashboards.warning.phrases import Past, Talk, plain
from dashboards.warning.scanning import LONGEST, Found, Scene
from dispatch.models import Category
from grids.models import Area

NEEDS_DATABASE = True

STATED = 1.0  # false alarms a week, as installed
LOOSE = 20.0  # and as many as tell more of a short run
WEEKS = int(os.environ.get("WARNING_WEEKS", "12"))
PER_DAY = 900.0  # a million cases in three years
SIZES = (4, 6, 8, 12, 20)
PLANTED = int(os.environ.get("WARNING_PLANTED", "30"))  # of each size
_EPOCH = date(1970, 1, 1)
_HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 14, 16, 16, 13, 10, 12, 14, 14, 13, 11, 9, 9, 9, 7, 5, 3)
_WEEKDAYS = (1.2, 1.1, 1.1, 1.0, 1.0, 0.7, 0.6)


def run() -> list[Record]:
    records: list[Record] = []
    grid = Grid.of(
        list(Area.objects.filter(kind=Area.Kind.COMMUNITY).values_list("code", flat=True)),
        list(Category.objects.values_list("code", flat=True)),
    )
    for name, spread in (("Poisson", 0.0), ("over-dispersed, κ 0.5", 0.5)):
        records += _measure(name, grid, _made_up(grid, spread), WEEKS, plants=True)
    if events := os.environ.get("YIWANG_EVENTS"):
        own, rows = _real(events)
        records += _measure("real stream", own, rows, 6, plants=True)
    records += _themes("made-up texts", _demo_texts())
    if texts := os.environ.get("YIWANG_TEXTS"):
        with open(texts, encoding="utf-8", newline="") as file:
            records += _themes("real texts", [row["text"] for row in csv.DictReader(file)])
    return records + _timed(int(os.environ.get("WARNING_CASES", "1000000")))


def _record(metric: str, ours: float, against: str, theirs: float) -> Record:
    return {
        "bench": "warning",
        "metric": metric,
        "ours": round(ours, 2),
        "against": against,
        "theirs": round(theirs, 2),
        "ratio": round(ours / theirs, 3) if theirs else 0.0,
    }


# --- streams --------------------------------------------------------------------------------------


def _made_up(grid: Grid, spread: float) -> Any:
    """Voices of places and categories that differ as real ones do; with `spread`, gamma days (NB counts)."""
    dice = np.random.default_rng(20260707)
    places, matters = grid.places[grid.places % 1000 > 0], grid.matters[grid.matters > 0]
    busy = dice.gamma(1.5, 1, len(places)), dice.gamma(0.5, 1, len(matters))
    rate = np.outer(*busy) * np.exp(dice.normal(0, 0.5, (len(places), len(matters))))
    rate *= PER_DAY / rate.sum()
    hours = np.array(_HOURS) / sum(_HOURS)
    first = date(2026, 1, 5)
    parts, who = [], 0
    for back in range(DAYS + SETTLES_AFTER + 7 * WEEKS + 1):
        day = first + timedelta(days=back)
        mean = rate * _WEEKDAYS[day.weekday()]
        if spread:
            mean = mean * dice.gamma(1 / spread, spread, mean.shape)
        number = dice.poisson(mean)
        place, matter = np.nonzero(number)
        times = number[place, matter]
        rows = np.zeros(int(times.sum()), dtype=SAID)
        rows["place"], rows["matter"] = np.repeat(places[place], times), np.repeat(matters[matter], times)
        rows["hour"] = (day - _EPOCH).days * 24 - 8 + dice.choice(24, len(rows), p=hours)
        rows["who"] = rows["case"] = np.arange(who, who + len(rows))
        who += len(rows)
        parts.append(rows)
    return np.concatenate(parts)


def _real(path: str) -> tuple[Grid, Any]:
    """A real stream, its places and types as codes of their own."""
    with open(path, encoding="utf-8", newline="") as file:
        told = [row for row in csv.DictReader(file) if row["create_time"]]
    streets = {name: n for n, name in enumerate(sorted({row["street_name"] for row in told}), start=1)}
    pairs = sorted({(row["street_name"], row["community_name"]) for row in told})
    places = {pair: 440_300_000_000 + streets[pair[0]] * 1000 + n for n, pair in enumerate(pairs, start=1)}
    kinds = sorted({(row["event_type_name"], row["main_type_name"]) for row in told})
    domains = {name: n for n, name in enumerate(sorted({kind[0] for kind in kinds}), start=1)}
    matters, serial = {}, defaultdict(int)  # type: ignore[var-annotated]
    for kind in kinds:
        serial[kind[0]] += 1
        matters[kind] = domains[kind[0]] * 100 + serial[kind[0]]
    rows = np.zeros(len(told), dtype=SAID)
    for index, row in enumerate(told):
        at = datetime.fromisoformat(row["create_time"]).replace(tzinfo=UTC) - timedelta(hours=8)
        rows[index] = (
            counting.hour_of(at),
            places[row["street_name"], row["community_name"]],
            matters[row["event_type_name"], row["main_type_name"]],
            0,
            index,
            index,
        )
    rows = rows[np.argsort(rows["hour"], kind="stable")]
    return Grid.of(
        [str(code) for code in places.values()], [f"{code:04d}" for code in matters.values()]
    ), rows


# --- bursts ---------------------------------------------------------------------------------------


@dataclass
class _Stream:
    grid: Grid
    rows: Any
    baselines: dict[int, Baseline | None]

    def day(self, day: int) -> Baseline | None:
        """The baseline of a day (days since 1970), as the product would learn it."""
        if day not in self.baselines:
            until = day - SETTLES_AFTER
            days = [_EPOCH + timedelta(days=number) for number in range(until - DAYS, until)]
            of = counting.local_day(self.rows["hour"])
            rows = self.rows[(of >= until - DAYS) & (of < until)]
            first = int(of.min())
            counts = np.zeros(len(rows), dtype=VOICE)
            counts["hour"] = (rows["hour"] + 8) % 24
            counts["place"], counts["matter"], counts["voices"] = rows["place"], rows["matter"], 1
            day_of = counting.local_day(rows["hour"]) - (until - DAYS)
            begun = max(0, first - (until - DAYS))
            self.baselines[day] = learn(
                History(days[begun:], counts, day_of - begun),
                stream=0,
                grid=self.grid,
                kind_of=lambda of: kind_of_day(of, lambda one: one.weekday() < 5),
                gap=SETTLES_AFTER,
            )
        return self.baselines[day]

    def scene(self, end: int, extra: Any = None) -> Scene | None:
        baseline = self.day(int((end - 1 + 8) // 24))
        if baseline is None:
            return None
        hours = np.arange(end - LONGEST, end)
        kinds = [
            kind_of_day(_EPOCH + timedelta(days=int(day)), lambda one: one.weekday() < 5)
            for day in counting.local_day(hours)
        ]
        low, high = np.searchsorted(self.rows["hour"], (end - LONGEST, end))
        rows = self.rows[low:high]
        if extra is not None:
            rows = np.concatenate((rows, extra[extra["hour"] < end]))
        return Scene.of(
            grid=self.grid,
            rows=rows,
            end=end,
            baseline=baseline,
            exposure=baseline.exposure(kinds, list((hours + 8) % 24)),
        )


def _followed(
    stream: _Stream, ends: Sequence[int], per_week: float, extra: Any = None
) -> Iterator[tuple[int, Found]]:
    """Finds as warnings: what has been told is masked for a week, as sweeps do."""
    told: list[tuple[int, Found]] = []
    for end in ends:
        scene = stream.scene(end, extra)
        if scene is None:
            continue
        masked = np.zeros(len(scene.rows), dtype=bool)
        for when, known in told:
            if when > end - LONGEST:
                masked |= known.region.holds(scene.rows["place"], scene.rows["matter"]) & (
                    scene.rows["hour"] >= known.first
                )
        windows = scanning.due_windows(end, since=None)
        for found in scanning.scan(scene, windows=windows, per_week=per_week, masked=masked):
            told.append((end, found))
            yield end, found


def _measure(name: str, grid: Grid, rows: Any, weeks: int, *, plants: bool) -> list[Record]:
    rows = rows[np.argsort(rows["hour"], kind="stable")]
    stream = _Stream(grid, rows, {})
    last = int(rows["hour"].max()) // 24 * 24 - 8
    ends = range(last - weeks * 168, last)
    records = []
    told = [found for _end, found in _followed(stream, ends, LOOSE)]
    for stated in (LOOSE, STATED):
        found = [one for one in told if one.chance <= one.allowed * stated / LOOSE]
        label = "alarms" if name == "real stream" else "false alarms"
        records.append(_record(f"{label} a week, {name}", len(found) / weeks, "stated at most", stated))
    if plants:
        records += _power(name, stream, ends)
    return records


def _power(name: str, stream: _Stream, ends: range) -> list[Record]:
    """So many reporters of one category in one community within six hours, somewhere, some time."""
    dice = random.Random(5)
    of_cells = np.unique(stream.rows[["place", "matter"]])
    records = []
    for size in SIZES:
        delays: list[int] = []
        for _plant in range(PLANTED):
            cell = of_cells[dice.randrange(len(of_cells))]
            begins = dice.choice(ends[:-72])
            extra = np.zeros(size, dtype=SAID)
            extra["place"], extra["matter"] = cell["place"], cell["matter"]
            extra["hour"] = sorted(begins + dice.randrange(6) for _one in range(size))
            extra["who"] = extra["case"] = -1 - np.arange(size)
            delays += _found_after(stream, extra, begins)
        records.append(
            _record(f"% found of {size} in 6 h, {name}", 100 * len(delays) / PLANTED, "all", 100.0)
        )
        if delays:
            records.append(
                _record(f"hours until found, {size} in 6 h, {name}", statistics.median(delays), "window", 6.0)
            )
    return records


def _found_after(stream: _Stream, extra: Any, begins: int) -> list[int]:
    """Hours from the first planted voice to the sweep that finds a burst that holds the planted cell."""
    for end in range(begins + 1, begins + 49):
        scene = stream.scene(end, extra)
        if scene is None:
            return []
        windows = scanning.due_windows(end, since=None)
        for found in scanning.scan(scene, windows=windows, per_week=STATED * 0.8):
            inside = found.region.holds(extra["place"], extra["matter"])
            if inside.any() and (extra["hour"] >= found.first)[inside].sum() * 2 >= len(extra):
                return [end - int(extra["hour"][0])]
    return []


# --- themes ---------------------------------------------------------------------------------------


def _demo_texts() -> list[str]:
    """The demo's sentences, with the little that people put around them."""
    dice = random.Random(3)
    with TEXTS.open(encoding="utf-8", newline="") as file:
        told = [row["text"].replace("{place}", "") for row in csv.DictReader(file)]
    return [
        dice.choice(("", "您好,", "请问", "多次反映,")) + dice.choice(told) + dice.choice(("", ",请尽快处理"))
        for _text in range(12_000)
    ]


def _themes(name: str, texts: list[str]) -> list[Record]:
    """Weeks of seven parts against the past of the others; a new word planted in so many of its texts."""
    dice = random.Random(9)
    word, per_day = "无人配送车", len(texts) // 84
    looks = false = 0
    found: dict[int, int] = defaultdict(int)
    for _round in range(8):
        dice.shuffle(texts)
        past = Past.empty()
        for day in range(77):
            part = [plain(text) for text in texts[day * per_day : (day + 1) * per_day]]
            past = past.after(Talk.of(part, range(len(part))))
        week = [plain(text) for text in texts[77 * per_day :]]
        looks += 1
        false += len(phrases.grown(Talk.of(week, range(len(week))), past, false_ones=1 / 28))
        for size in SIZES:
            planted = [
                text[: (cut := dice.randrange(len(text)))] + word + text[cut:] for text in week[:size]
            ] + week[size:]
            told = phrases.grown(Talk.of(planted, range(len(planted))), past, false_ones=1 / 28)
            found[size] += any(phrase.words in word or word in phrase.words for phrase, _who in told)
    records = [_record(f"false phrases of {looks} weekly looks, {name}", false, "stated at most", looks / 28)]
    return records + [
        _record(f"% found of {size} among {7 * per_day}, {name}", 100 * found[size] / looks, "all", 100.0)
        for size in SIZES
    ]


# --- speed ----------------------------------------------------------------------------------------


def _timed(cases: int) -> list[Record]:
    now = datetime(2026, 7, 7, 4, tzinfo=UTC)
    district.build(cases=cases, open_cases=min(20_000, cases // 5), at=now)
    records = []

    def timed(name: str, step: Callable[[], object], budget: float) -> None:
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            step()
            taken = time.perf_counter() - began
        records.append(_record(f"s {name}, {cases:,} cases", taken, "budget", budget))
        records.append(_record(f"statements of it, {name}", len(queries), "bound", 200))

    learnt = bursts.Learnt()
    hour = timedelta(hours=1)
    timed("bursts, first sweep (counts 91 days)", lambda: bursts.sweep(at=now, learnt=learnt), 60)
    timed("bursts, next hour", lambda: bursts.sweep(at=now + hour, learnt=learnt), 5)
    timed("bursts, a worker just started", lambda: bursts.sweep(at=now + 2 * hour), 5)
    timed("repeats", lambda: repeats.sweep(at=now), 5)
    timed("themes, first look (reads 85 days)", lambda: themes.sweep(at=now), 120)
    timed("themes, next quarter", lambda: themes.sweep(at=now + 6 * hour), 10)
    return records
