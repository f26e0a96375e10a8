"""Making a day's forecast: counts from the boards' own cells, kinds of day from the work calendar, a test.

What was no better than the seasonal-naive forecast in its test on this district's own past is not told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db import connection, transaction

from dashboards.beginning import first_whole_day
from dashboards.dimensions import Selection
from dashboards.forecasting import backtest
from dashboards.forecasting.model import HORIZON, LEAST_DAYS, Outlook, carry_on
from dashboards.indicators import SMALL
from dashboards.models import Forecast
from dashboards.reading import Measures, Span, read
from dashboards.warning.baseline import kind_of_day
from dispatch.edition import work_calendar
from dispatch.models import Category
from grids.models import Area
from incidents.numbers import district_day

Array = np.ndarray[Any, Any]

RULE: Final = "load/1"
LOCK: Final = 0x79_77_77_66
# Nine months: enough for the longest half-life on each of the days that it is tried from.
DAYS: Final = 273
# What is older has been held against what came long ago; a year of them is some forty megabytes.
KEPT: Final = timedelta(days=400)
# Fewer cases than SMALL in so many days are too little to forecast.
LATELY: Final = 28
TOLD, FEW, SHORT, WORSE = "told", "few", "short", "worse"
WHOLE, STREET, DOMAIN, CELL = range(4)
SCALES: Final = {WHOLE: "whole", STREET: "street", DOMAIN: "domain", CELL: "cell"}
_DAY: Final = timedelta(days=1)
_WANTED: Final = Measures(("received",), (), ())


@dataclass(frozen=True, slots=True)
class History:
    """Daily counts of every street and domain, alone and together; the first series is the whole."""

    first: date
    keys: tuple[tuple[str, str], ...]  # street, domain; empty: all
    counts: Array  # series × days

    @property
    def scales(self) -> list[int]:
        return [(STREET if street else 0) + (DOMAIN if domain else 0) for street, domain in self.keys]


def history(today: date) -> History | None:
    """What came in on whole days up to yesterday; None where there is none. One statement."""
    begins = first_whole_day()
    if begins is None or begins >= today:
        return None
    first = max(begins, today - DAYS * _DAY)
    streets = sorted(Area.objects.streets().order_by("code").values_list("code", flat=True))
    domains = sorted(set(Category.objects.order_by().values_list("domain_code", flat=True)))
    keys = [("", "")]
    keys += [(street, "") for street in streets]
    keys += [("", domain) for domain in domains]
    keys += [(street, domain) for street in streets for domain in domains]
    place = {key: number for number, key in enumerate(keys)}
    days = (today - first).days
    counts = np.zeros((len(keys), days))
    (groups,) = read(Selection(), [Span(first, today - _DAY)], "day", "street", "domain", wanted=_WANTED)
    for (day, street, domain), figures in groups.items():
        came = figures["received"]
        at = (day - first).days
        # What is not classified, or lies nowhere, is of the whole alone.
        for key in {("", ""), (street, ""), ("", domain), (street, domain)}:
            if key in place:
                counts[place[key], at] += came
    # Where nothing ever came in there is nothing to carry on.
    held = [number for number, total in enumerate(counts.sum(axis=1)) if total or not number]
    return History(first, tuple(keys[number] for number in held), counts[held])


def kinds(first: date, days: int) -> list[int]:
    """The kinds of so many days, by the work calendar."""
    is_working = work_calendar().is_working_day
    return [kind_of_day(first + number * _DAY, is_working) for number in range(days)]


def make(*, at: datetime, again: bool = False) -> Forecast | None:
    """The forecast of today and the days after it, made once; `again` after the past has become another one.

    None where it is there, where somebody makes it, and where nothing was counted yet.
    """
    today = district_day(at)
    if not again and Forecast.objects.filter(day=today).exists():
        return None
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return None
        if again:
            Forecast.objects.all().delete()
        elif Forecast.objects.filter(day=today).exists():
            return None
        Forecast.objects.filter(day__lt=today - KEPT).delete()
        past = history(today)
        return None if past is None else _write_down(past, today, at)


def _write_down(past: History, today: date, at: datetime) -> Forecast:
    days = past.counts.shape[1]
    kind = kinds(past.first, days + HORIZON)
    lately = past.counts[:, -LATELY:].sum(axis=1)
    is_short = days < LEAST_DAYS
    outlook = None if is_short else carry_on(past.counts, kind, past.scales)
    tested = None if is_short else backtest.test(past.counts, kind, past.scales)
    statuses = [
        FEW if lately[number] < SMALL or days < LATELY
        else SHORT if tested is None
        else TOLD if tested.is_better()[number]
        else WORSE
        for number in range(len(past.keys))
    ]  # fmt: skip
    series = {
        "|".join(key): {
            "status": statuses[number],
            "lately": int(lately[number]),
            "before": int(past.counts[number, -HORIZON:].sum()),
            **(_figures(tested, [number]) if tested is not None else {}),
            **(_numbers(outlook, number) if outlook is not None and statuses[number] == TOLD else {}),
        }
        for number, key in enumerate(past.keys)
        if lately[number]
    }
    return Forecast.objects.create(
        day=today,
        made_at=at,
        rule=RULE,
        history_days=days,
        origins=tested.origins if tested else 0,
        series=series,
        scales=scales_of(tested, past.scales, statuses),
    )


def scales_of(
    tested: backtest.Tested | None, scales: Sequence[int], statuses: Sequence[str]
) -> Mapping[str, Any]:
    """What the test says of each scale, over the series that are large enough."""
    if tested is None:
        return {}
    found = {}
    for scale, name in SCALES.items():
        held = [n for n, one in enumerate(scales) if one == scale and statuses[n] in (TOLD, WORSE)]
        if held:
            better = sum(statuses[number] == TOLD for number in held)
            found[name] = {"series": len(held), "better": better, **_figures(tested, held)}
    return found


def _figures(tested: backtest.Tested, held: Sequence[int]) -> dict[str, float]:
    """Losses of a day, and shares of days and of sums inside the interval."""
    days, rows = tested.days * len(held), list(held)
    return {
        "loss": round(float(tested.loss[rows].sum()) / days, 4),
        "naive": round(float(tested.rivals["naive"][rows].sum()) / days, 4),
        "four_weeks": round(float(tested.rivals["four_weeks"][rows].sum()) / days, 4),
        "covered": round(float(tested.covered[rows].sum()) / days, 4),
        "covered_naive": round(float(tested.covered_naive[rows].sum()) / days, 4),
        "covered_sums": round(float(tested.covered_sums[rows].sum()) / (tested.origins * len(held)), 4),
    }


def _numbers(outlook: Outlook, number: int) -> dict[str, Any]:
    days, whole = outlook.quantiles[number, :HORIZON], outlook.quantiles[number, HORIZON]
    return {
        "mean": [round(float(value), 2) for value in outlook.mean[number]],
        "low": [int(value) for value in days[:, 0]],
        "high": [int(value) for value in days[:, 2]],
        "sum": [round(float(outlook.mean[number].sum()), 1), int(whole[0]), int(whole[2])],
    }
