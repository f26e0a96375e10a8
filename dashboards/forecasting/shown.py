"""How a forecast is put: its sentence with its interval, chart and tables, and what its test says."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboards.charts import day_label
from dashboards.dimensions import Selection
from dashboards.forecasting.making import FEW, LATELY, SCALES, SHORT, TOLD, WORSE
from dashboards.forecasting.model import HORIZON
from dashboards.indicators import SMALL
from dashboards.models import Forecast
from dashboards.reading import Measures, Span, read
from dashboards.scope import Names
from dispatch.edition import work_calendar

_DAY: Final = timedelta(days=1)
_WANTED: Final = Measures(("received",), (), ())
Series = Mapping[str, Any]


def key_of(street: str, domain: str) -> str:
    """Where a series stands in a forecast."""
    return f"{street}|{domain}"


def name_of(street: str, domain: str, names: Names) -> str:
    """What a series is called."""
    parts = [names.street(street)] if street else []
    parts += [names.domains.get(domain, domain)] if domain else []
    return " · ".join(parts) or _("Whole district")


def why_not(status: str) -> str:
    """Why there is no number."""
    return {
        FEW: _("○ too little data: fewer than %(small)d cases in %(days)d days")
        % {"small": SMALL, "days": LATELY},
        SHORT: _("the history is too short to test a forecast on"),
        WORSE: _("in its test it was no better than “the same day last week”, so it is not told"),
    }.get(status, "")


def verdict_of(series: Series) -> str:
    """more, fewer or level: the sum of the days to come against as many before; empty where none is told."""
    if series.get("status") != TOLD:
        return ""
    _mean, low, high = series["sum"]
    return "more" if low > series["before"] else "fewer" if high < series["before"] else "level"


def finding(series: Series | None) -> str:
    """What is to be expected of a series, or why that is not said."""
    if series is None:
        return _("Nothing came in here lately: there is nothing to carry on.")
    if series["status"] != TOLD:
        reason = why_not(series["status"])
        return _("No forecast: %(reason)s.") % {"reason": reason}
    mean, low, high = series["sum"]
    numbers = {
        "count": f"{round(mean):,}",
        "low": f"{low:,}",
        "high": f"{high:,}",
        "before": f"{series['before']:,}",
        "days": HORIZON,
    }
    return {
        "more": _(
            "More than lately: %(count)s cases expected in %(days)d days (%(low)s–%(high)s),"
            " %(before)s in the %(days)d before."
        ),
        "fewer": _(
            "Fewer than lately: %(count)s cases expected in %(days)d days (%(low)s–%(high)s),"
            " %(before)s in the %(days)d before."
        ),
        "level": _(
            "About as many as lately: %(count)s cases expected in %(days)d days (%(low)s–%(high)s),"
            " %(before)s in the %(days)d before."
        ),
    }[verdict_of(series)] % numbers


def tested(series: Series) -> str:
    """What the test of a series says, beside its numbers."""
    if "loss" not in series:
        return ""
    gain = 1 - series["loss"] / series["naive"] if series["naive"] else 0.0
    return _(
        "In its test on the past %(covered)s of the days lay inside the interval of 80 %%; it strayed"
        " %(gain)s less than “the same day last week”."
    ) % {"covered": f"{series['covered'] * 100:.0f}%", "gain": f"{gain * 100:.0f}%"}


def days_off(first: date) -> str:
    """Days off among those to come: why a week may differ."""
    is_working = work_calendar().is_working_day
    off = [
        day for day in (first + number * _DAY for number in range(HORIZON))
        if day.weekday() < 5 and not is_working(day)
    ]  # fmt: skip
    if not off:
        return ""
    words = ngettext(
        "%(count)d day off on a weekday: %(days)s", "%(count)d days off on weekdays: %(days)s", len(off)
    )
    return words % {"count": len(off), "days": _(", ").join(day_label(day) for day in off)}


def came(street: str, domain: str, *, first: date, last: date, names: Names) -> list[int]:
    """What came in on each of these days; one statement."""
    categories = tuple(code for code in names.categories if code.startswith(domain)) if domain else ()
    selection = Selection(streets=(street,) if street else (), categories=categories)
    (groups,) = read(selection, [Span(first, last)], "day", wanted=_WANTED)
    seen = {key[0]: figures["received"] for key, figures in groups.items()}
    return [seen.get(first + number * _DAY, 0) for number in range((last - first).days + 1)]


def chart(forecast: Forecast, series: Series, past: Sequence[int]) -> dict[str, Any]:
    """What came in and what is expected, day by day; `past` ends the day before the forecast's first."""
    first = forecast.day - len(past) * _DAY
    days = [first + number * _DAY for number in range(len(past) + HORIZON)]
    none: list[float | None] = [None] * len(past)
    return {
        "kind": "line",
        "x": [day_label(day) for day in days],
        "xName": _("Day"),
        "unit": "",
        "series": [
            {"name": pgettext("line of a chart", "Received"), "data": [*past, *[None] * HORIZON],
             "tone": "primary"},
            {"name": _("Expected"), "data": [*none, *(round(value, 1) for value in series["mean"])],
             "tone": "primary", "dash": True},
            {"name": _("80 %, from"), "data": [*none, *series["low"]], "tone": "primary", "faint": True,
             "dash": True},
            {"name": _("80 %, to"), "data": [*none, *series["high"]], "tone": "primary", "faint": True,
             "dash": True},
        ],
        "between": [2, 3],
    }  # fmt: skip


def rows(
    forecast: Forecast, pairs: Sequence[tuple[str, str, str, str]], chosen: tuple[str, str]
) -> list[dict[str, Any]]:
    """Series as a table, each (street, domain, name, address): the most first, what is not told last."""
    found = []
    for street, domain, name, url in pairs:
        series = forecast.series.get(key_of(street, domain))
        if series is None:
            continue
        is_told = series["status"] == TOLD
        mean, low, high = series["sum"] if is_told else (0.0, 0, 0)
        found.append(
            {
                "name": name,
                "url": url,
                "is_chosen": (street, domain) == chosen,
                "before": series["before"],
                "is_told": is_told,
                "is_few": series["status"] == FEW,
                "mean": round(mean),
                "low": low,
                "high": high,
                "verdict": verdict_of(series),
                "covered": series.get("covered"),
                "why": why_not(series["status"]),
            }
        )
    return sorted(found, key=lambda row: (not row["is_told"], row["is_few"], -row["mean"], -row["before"]))


def movers(found: Sequence[Mapping[str, Any]]) -> str:
    """Where more or fewer are to be expected than lately, beyond the interval."""
    more = [row["name"] for row in found if row["verdict"] == "more"]
    fewer = [row["name"] for row in found if row["verdict"] == "fewer"]
    parts = []
    if more:
        parts.append(_("more in %(names)s") % {"names": _(", ").join(more[:4])})
    if fewer:
        parts.append(_("fewer in %(names)s") % {"names": _(", ").join(fewer[:4])})
    if parts:
        return _("; ").join(parts)
    return _("nowhere beyond the interval more or fewer than lately") if found else ""


SCALE_WORDS: Final = {
    "whole": lambda: _("Whole district"),
    "street": lambda: _("Streets"),
    "domain": lambda: _("Domains"),
    "cell": lambda: _("Street × domain"),
}


def scale_rows(forecast: Forecast) -> list[dict[str, Any]]:
    """What the test says of each scale."""
    return [
        {
            "name": SCALE_WORDS[name](),
            **one,
            "gain": 1 - one["loss"] / one["naive"] if one["naive"] else None,
            "gain_four": 1 - one["loss"] / one["four_weeks"] if one["four_weeks"] else None,
        }
        for name in SCALES.values()
        if (one := forecast.scales.get(name))
    ]


def since(street: str, domain: str, *, today: date, names: Names) -> tuple[int, int]:
    """Of the forecasts of the last four weeks: of so many days that came, so many lay inside the interval."""
    first = today - LATELY * _DAY
    key = key_of(street, domain)
    told = (
        Forecast.objects.filter(day__gte=first, day__lt=today)
        .annotate(one=KeyTransform(key, "series"))
        .values_list("day", "one")
    )
    held = [(day, one) for day, one in told if one and one.get("status") == TOLD]
    if not held:
        return 0, 0
    seen = came(street, domain, first=first, last=today - _DAY, names=names)
    inside = days = 0
    for day, one in held:
        for ahead in range(min(HORIZON, (today - day).days)):
            days += 1
            count = seen[(day - first).days + ahead]
            inside += one["low"][ahead] <= count <= one["high"][ahead]
    return inside, days
