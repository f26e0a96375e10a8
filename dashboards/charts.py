"""The JSON of each chart, as frontend/board.js reads it; the table beside a chart is made of the same."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dashboards.board import Board, Step
from dashboards.indicators import BY_CODE, Indicator
from dashboards.reading import Span

Link = Callable[..., str]
AGE_WORDS = {
    "0-3": lambda: _("within 3 days"),
    "4-7": lambda: _("4–7 days"),
    "8-14": lambda: _("8–14 days"),
    "15-30": lambda: _("15–30 days"),
    "31-": lambda: _("over 30 days"),
}


def is_chinese() -> bool:
    """Does the reader read Chinese?"""
    return not (get_language() or "").startswith("en")


def day_label(day: date) -> str:
    """A day as an axis says it."""
    return f"{day.month}月{day.day}日" if is_chinese() else f"{day.day} {date_format(day, 'M')}"


def span_label(span: Span) -> str:
    """A day, a month, or the first and last day of something in between."""
    if span.days <= 1:
        return day_label(span.first)
    if span.first.day != 1 or span.days <= 7:
        return f"{day_label(span.first)}–{day_label(span.last)}"
    if not is_chinese():
        return date_format(span.first, "M Y")
    return f"{span.first:%Y}年1月" if span.first.month == 1 else f"{span.first.month}月"


def trend(board: Board, indicator: Indicator) -> dict[str, Any]:
    """The small line of a key figure, against its target."""
    scale = 100 if indicator.unit == "share" else 1
    wanted = indicator.target(board.selection.clock)
    values = [indicator.compute(step.figures, board.selection.clock) for step in board.trend]
    chart: dict[str, Any] = {
        "kind": "line",
        "plain": True,
        "x": [_trend_label(step) for step in board.trend],
        "digits": indicator.digits,
        "series": [
            {
                "name": str(indicator.name),
                "data": [None if value is None else round(value * scale, 4) for value in values],
                "tone": "primary",
                "area": indicator.better == "low" and wanted is not None,
            }
        ],
    }
    if wanted is not None:
        target = wanted * scale
        chart["target"] = {"value": target, "label": _("Target {value}").format(value=f"{target:g}")}
    return chart


def _trend_label(step: Step) -> str:
    return span_label(step.span)


def flow(board: Board, link: Link) -> dict[str, Any]:
    """In and out over time; a point opens the cases that came in."""
    steps = board.flow
    if board.counts_units:
        names = (pgettext("line of a chart", "Sent to the unit"), pgettext("line of a chart", "Handled"))
    else:
        names = (pgettext("line of a chart", "Received"), pgettext("line of a chart", "Closed"))
    links = [
        [link(kind, **{"period": None, "from": step.span.first, "to": step.span.last}) for step in steps]
        for kind in (board.coming_in, board.going_out)
    ]
    return {
        "kind": "line",
        "x": [span_label(step.span) for step in steps],
        "xName": _("Day") if steps and steps[0].span.days == 1 else _("Days"),
        "unit": "",
        "series": [
            {
                "name": names[0],
                "data": [step.figures[board.coming_in] for step in steps],
                "tone": "primary",
                "links": links[0],
            },
            {
                "name": names[1],
                "data": [step.figures[board.going_out] for step in steps],
                "tone": "closed",
                "links": links[1],
            },
        ],
        "links": links[0],
    }


def ages(board: Board, link: Link) -> dict[str, Any]:
    """Open cases by how long ago they came in, and how they stand."""
    rows = board.ages
    series = [
        {
            "name": _("in time"),
            "data": [row.in_time for row in rows],
            "tone": "primary",
            "faint": True,
            "stack": "a",
        },
        {"name": _("overdue"), "data": [row.overdue for row in rows], "tone": "overdue", "stack": "a"},
        {
            "name": _("paused"),
            "data": [row.paused for row in rows],
            "tone": "paused",
            "faint": True,
            "stack": "a",
        },
    ]
    return {
        "kind": "hbar",
        "x": [AGE_WORDS[row.age]() for row in rows],
        "xName": _("Open for"),
        "unit": "",
        "series": series,
        "links": [link(f"open-{row.age}") for row in rows],
    }


def durations_over_time(board: Board) -> dict[str, Any]:
    """Mean dispatch and handling time along the trend, for the API and the table."""
    return {
        code: [BY_CODE[code].compute(step.figures, board.selection.clock) for step in board.trend]
        for code in ("dispatch_mean", "handle_mean", "on_time")
    }
