"""突发: a sweep's bursts written down, followed while they last, widened where they spread, ended.

One warning for one burst: what it holds is taken out before the rest is scanned, a find around it widens
it, and what has been over for a day is ended. Sweeping the same hour again changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from dashboards.models import CountedDay, Warning, WarningCase, WarningSweep
from dashboards.warning import counting, scanning, tails
from dashboards.warning.baseline import DAYS, Baseline, Grid, kind_of_day, learn
from dashboards.warning.counting import HOUR, SETTLES_AFTER, STREAMS
from dashboards.warning.scanning import LONGEST, Found, Region, Scene
from dispatch.edition import work_calendar
from dispatch.models import Category
from grids.models import Area
from incidents.models import Incident
from incidents.numbers import district_day

RULE: Final = "burst/1"
# One sweep at a time; whoever comes second goes home.
LOCK: Final = 0x79_77_77_61
# Of the stated false alarms, what each stream may use up.
_PART: Final = {"people": 0.8, "devices": 0.2}
# It goes on while a day (three, where it took days to see) has more than one in so many days has by chance.
_GOES_ON: Final = 0.05
# And is over when it has not for this long.
_OVER_AFTER: Final = timedelta(hours=24)
# What was a burst is no evidence for another one as long as a window reaches back to it.
_REMEMBERED: Final = timedelta(hours=LONGEST)
# Cases that a warning names, and hours and cells of its evidence.
_MOST_CASES, _MOST_CELLS = 500, 30


@dataclass(slots=True)
class Learnt:
    """What a process has learnt for a day; a day's sweeps share it."""

    day: date | None = None
    days: int = 0  # that were counted then
    grid: Grid | None = None
    baselines: dict[str, Baseline | None] = field(default_factory=dict)

    def on(self, day: date) -> "Learnt":
        """Learn anew where the day is another one, or days have been counted again meanwhile.

        The last week is too new to be measured against.
        """
        if self.day != day or self.days != CountedDay.objects.count():
            until = day - SETTLES_AFTER * counting.DAY
            counting.count_days(until=until, days=DAYS)
            history = counting.history(until=until, days=DAYS)
            self.grid = _grid()
            is_working = work_calendar().is_working_day
            self.baselines = {
                name: learn(
                    history,
                    stream=number,
                    grid=self.grid,
                    kind_of=lambda of: kind_of_day(of, is_working),
                    gap=SETTLES_AFTER,
                )
                for number, name in enumerate(STREAMS)
            }
            self.day, self.days = day, CountedDay.objects.count()
        return self


def _grid() -> Grid:
    return Grid.of(
        list(Area.objects.communities().values_list("code", flat=True)),
        list(Category.objects.values_list("code", flat=True)),
    )


def sweep(*, at: datetime, learnt: Learnt | None = None) -> int:
    """Look at everything up to the last full hour; answers how many warnings began or went on.

    0 while another sweep works, where this hour has been looked at, and while there is too little history.
    """
    learnt = learnt or Learnt()
    end = counting.hour_of(at)
    since = _swept_to()
    if since is not None and since >= end:
        return 0
    # Outside the transaction: each day that is counted stays counted, should this be stopped half way.
    learnt.on(district_day(at))
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        since = _swept_to()
        if since is not None and since >= end:
            return 0
        seen = 0
        if any(learnt.baselines.values()):
            windows = scanning.due_windows(end, since=since)
            rows = counting.said(counting.instant(end - LONGEST - 24), counting.instant(end))
            for number, name in enumerate(STREAMS):
                seen += _sweep_stream(rows[rows["stream"] == number], name, learnt, end, windows)
        WarningSweep.objects.update_or_create(name="bursts", defaults={"swept_to": counting.instant(end)})
        return seen


def _swept_to() -> int | None:
    """The hour up to which has been looked."""
    row = WarningSweep.objects.filter(name="bursts").first()
    return counting.hour_of(row.swept_to) if row else None


def _sweep_stream(rows: Any, stream: str, learnt: Learnt, end: int, windows: Sequence[int]) -> int:
    baseline, grid = learnt.baselines[stream], learnt.grid
    if baseline is None or grid is None:
        return 0
    scene = Scene.of(
        grid=grid,
        rows=counting.voices(rows),
        end=end,
        baseline=baseline,
        exposure=_exposure(baseline, end),
    )
    now = counting.instant(end)
    lately = Q(ended_at__isnull=True) | Q(ended_at__gt=now - _REMEMBERED - HOUR)
    known = list(Warning.objects.filter(lately, kind=Warning.Kind.BURST, stream=stream).order_by("pk"))
    seen = sum(_follow(warning, scene, now) for warning in known if warning.ended_at is None)
    masked = np.zeros(len(scene.rows), dtype=bool)
    for warning in known:
        masked |= _is_of(warning, scene.rows)
    per_week = settings.WARNING_FALSE_ALARMS_PER_WEEK * _PART[stream]
    for found in scanning.scan(scene, windows=windows, per_week=per_week, masked=masked):
        _write_down(found, scene, known, stream, now)
        seen += 1
    return seen


def _exposure(baseline: Baseline, end: int) -> dict[str, Any]:
    hours = np.arange(end - LONGEST, end)
    is_working = work_calendar().is_working_day
    days = counting.local_day(hours)
    kinds = {day: kind_of_day(date(1970, 1, 1) + int(day) * counting.DAY, is_working) for day in set(days)}
    return baseline.exposure([kinds[day] for day in days], list((hours + 8) % 24))


def key_of(region: Region, stream: str) -> str:
    """The key of a burst's row: stream, place and matter."""
    width = 4 if region.scale.endswith("category") else 2
    return f"{stream} {region.place or 'district'} {region.matter:0{width}d}"


def region_of(warning: Warning) -> Region:
    """The region that a warning stands for."""
    place = "place" if warning.community_code else "street" if warning.street_code else "district"
    matter = "category" if len(warning.key.rpartition(" ")[2]) == 4 else "domain"
    code = warning.community_code or warning.street_code or "0"
    return Region(f"{place}-{matter}", int(code), int(warning.key.rpartition(" ")[2]))


def _is_of(warning: Warning, rows: Any) -> Any:
    """The voices that a warning has already told of: all while it goes on, until its end afterwards."""
    inside = region_of(warning).holds(rows["place"], rows["matter"])
    inside &= rows["hour"] >= counting.hour_of(warning.since)
    if warning.ended_at is not None:
        inside &= rows["hour"] < counting.hour_of(warning.ended_at)
    return inside


def _follow(warning: Warning, scene: Scene, now: datetime) -> int:
    """See whether it goes on; 1 where it does."""
    region = region_of(warning)
    window = 24 if warning.window_hours <= 24 else 72
    who = scene.reporters(scene.rows, region, window)
    mean, size = scene.of_region(region, window)
    goes_on = len(who) >= 2 and tails.upper(len(who), mean, size) < _GOES_ON
    if goes_on:
        warning.seen_at = warning.until = now
        _measure(warning, scene)
    elif now - warning.seen_at >= _OVER_AFTER:
        warning.ended_at = now
    warning.save(update_fields=_MEASURED)
    return int(goes_on)


# Detection writes these and nothing else: what people do with a warning at the same time stands.
_MEASURED: Final = [
    "key", "street_code", "community_code", "domain_code", "category_code", "unit_code",
    "since", "until", "seen_at", "ended_at", "window_hours", "observed", "expected", "expected_low",
    "expected_high", "surprise", "case_count", "reporter_count", "evidence",
]  # fmt: skip


def _measure(warning: Warning, scene: Scene) -> None:
    """Measure it anew, in the window that tells most now; what told more before stays."""
    region = region_of(warning)
    best: Found | None = None
    for window in scanning.WINDOWS:
        who = scene.reporters(scene.rows, region, window)
        if len(who):
            mean, size = scene.of_region(region, window)
            found = Found(
                region, int(who["hour"][0]), scene.end, window, len(who), mean, size,
                tails.upper(len(who), mean, size), 1.0,
            )  # fmt: skip
            if best is None or found.chance < best.chance:
                best = found
    if best is not None and best.surprise >= warning.surprise:
        _set_numbers(warning, best)
    _add_evidence(warning, scene)


def _set_numbers(warning: Warning, found: Found) -> None:
    warning.window_hours, warning.observed = found.window, found.observed
    warning.expected, warning.surprise = found.expected, found.surprise
    warning.expected_low, warning.expected_high = tails.interval(found.expected, found.size)


def _write_down(found: Found, scene: Scene, known: list[Warning], stream: str, now: datetime) -> None:
    """A warning of its own, or the widening of those that this find surrounds."""
    inner = [
        warning for warning in known if warning.ended_at is None and region_of(warning).within(found.region)
    ]
    inner.sort(key=lambda warning: (region_of(warning) != found.region, warning.pk))
    warning = inner[0] if inner else Warning(kind=Warning.Kind.BURST, stream=stream, rule=RULE, found_at=now)
    first = counting.instant(found.first)
    absorbed = [other for other in inner[1:] if other.pk]
    for other in absorbed:
        other.ended_at = now
        other.evidence = {**other.evidence, "widened_into": warning.pk}
        other.save(update_fields=["ended_at", "evidence"])
    warning.since = min([first, *(other.since for other in inner)])
    warning.until = warning.seen_at = now
    warning.key = key_of(found.region, stream)
    _place(warning, found.region)
    _set_numbers(warning, found)
    if warning._state.adding:
        warning.save()
        known.append(warning)
    _add_evidence(warning, scene)
    warning.save(update_fields=_MEASURED)


def _place(warning: Warning, region: Region) -> None:
    code = f"{region.place:012d}" if region.place else ""
    warning.street_code = f"{code[:9]}000" if code else ""
    warning.community_code = code if region.scale.startswith("place") else ""
    is_category = region.scale.endswith("category")
    warning.category_code = f"{region.matter:04d}" if is_category and region.matter else ""
    domain = region.matter // 100 if is_category else region.matter
    warning.domain_code = f"{domain:02d}" if domain else ""


def _add_evidence(warning: Warning, scene: Scene) -> None:
    """Cases, reporters, the cells that have most and the hours, as the last week shows them."""
    region = region_of(warning)
    rows = scene.rows[region.holds(scene.rows["place"], scene.rows["matter"])]
    rows = rows[rows["hour"] >= counting.hour_of(warning.since)]
    cases = sorted({int(case) for case in rows["case"]})
    WarningCase.objects.bulk_create(
        [WarningCase(warning=warning, incident_id=case) for case in cases[-_MOST_CASES:]],
        ignore_conflicts=True,
    )
    warning.case_count = max(warning.case_count, len(cases))
    warning.reporter_count = max(warning.reporter_count, len(np.unique(rows["who"])))
    units = Counter(
        Incident.objects.filter(pk__in=cases[-_MOST_CASES:]).values_list("owner_unit_id", flat=True)
    )
    warning.unit_code = min(units, key=lambda code: (-units[code], code)) if units else ""

    cells = Counter(zip(rows["place"].tolist(), rows["matter"].tolist(), strict=True))
    span = max(1, min(LONGEST, scene.end - counting.hour_of(warning.since)))
    expected = scene.expected("place-category", span)
    grid, base = scene.grid, []
    for (place, matter), count in sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))[:_MOST_CELLS]:
        known, at_place, at_matter = grid.at(np.array([(0, place, matter, 0, 0, 0)], dtype=counting.SAID))
        mean = float(expected[at_place[0], at_matter[0]]) if known[0] else 0.0
        base.append(
            [f"{place:012d}" if place else "", f"{matter:04d}" if matter else "", count, round(mean, 3)]
        )
    place, matter = scene.position(region)
    rate = scene.baseline.levels[region.scale].rate[place, matter] * scene.drift
    hourly = rate * scene.exposure[region.scale.split("-")[1]][matter]
    times: dict[int, int] = defaultdict(int)
    for hour in rows["hour"].tolist():
        times[hour] += 1
    warning.evidence = {
        **warning.evidence,
        "cells": base,
        "hours": [
            [counting.instant(hour).isoformat(), times[hour], round(float(hourly[hour - scene.end]), 3)]
            for hour in range(scene.end - span, scene.end)
        ],
    }
