"""The JSON of each chart, as frontend/board.js reads it; the table beside a chart is made of the same."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dashboards import comparing
from dashboards.board import Board, Group, Step
from dashboards.indicators import BY_CODE, SMALL, UNIT_WORDS, Indicator
from dashboards.leading import LeaderBoard
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


def trend(board: LeaderBoard, indicator: Indicator) -> dict[str, Any]:
    """The small line of a key figure, against its target."""
    scale = 100 if indicator.unit == "share" else 1
    wanted = indicator.target(board.selection.clock)
    values = [indicator.compute(step.figures, board.selection.clock) for step in board.trend]
    series: list[dict[str, Any]] = [
        {
            "name": str(indicator.name),
            "data": [None if value is None else round(value * scale, 4) for value in values],
            "tone": "primary",
            "area": indicator.better == "low" and wanted is not None,
        }
    ]
    if board.trend_year_before:
        before = [
            None if step is None else indicator.compute(step.figures, board.selection.clock)
            for step in board.trend_year_before
        ]
        series.append(
            {
                "name": _("a year before"),
                "data": [None if value is None else round(value * scale, 4) for value in before],
                "tone": "closed",
                "dash": True,
            }
        )
    chart: dict[str, Any] = {
        "kind": "line",
        "plain": True,
        # What is filled is filled from nought.
        **({"min": 0} if series[0]["area"] else {}),
        "x": [_trend_label(step) for step in board.trend],
        "digits": indicator.digits,
        "series": series,
    }
    if wanted is not None and "target" in board.asked.against:
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


# --- the leader's own ---------------------------------------------------------------------------------

# Matters of a change that have a bar of their own; the others stand together.
PIECES_SHOWN: Final = 6
RATED_SHOWN: Final = 12


def moved(board: LeaderBoard, link: Link) -> dict[str, Any]:
    """Matters of which more or fewer came in than before, beyond chance."""
    rows = board.moved
    return {
        "kind": "hbar",
        "diverge": True,
        "x": [board.names.category(row.category) for row in rows],
        "xName": _("Category"),
        "unit": "",
        "series": [
            {
                "name": _("More or fewer than before"),
                "data": [row.by for row in rows],
                "tone": "primary",
                "below": "closed",
            }
        ],
        "links": [link("received", category=[row.category]) for row in rows],
    }


def pieces(board: LeaderBoard, link: Link) -> dict[str, Any]:
    """What the change of the mean handling time is made of, in days; the bars add up to it."""
    matters = [(piece.category, piece) for piece in board.pieces if piece.category is not None]
    named = sorted(matters[:PIECES_SHOWN], key=lambda one: -one[1].seconds)
    rest = sum(piece.seconds for _category, piece in matters[PIECES_SHOWN:])
    rows = [
        (
            board.names.category(category),
            piece.seconds,
            link("handled", category=[category]) if category else "",
        )
        for category, piece in named
    ]
    if len(matters) > PIECES_SHOWN:
        left = len(matters) - PIECES_SHOWN
        rows.append((_("{count} other matters").format(count=left), rest, ""))
    rows += [
        (_("Other mix of matters"), piece.seconds, "") for piece in board.pieces if piece.category is None
    ]
    return {
        "kind": "hbar",
        "diverge": True,
        "x": [name for name, _seconds, _link in rows],
        "xName": _("Category"),
        "unit": str(UNIT_WORDS["days"]),
        "digits": 2,
        "series": [
            {
                "name": _("Adds to the change"),
                "data": [round(seconds / board.day, 4) for _name, seconds, _link in rows],
                "tone": "primary",
                "below": "closed",
            }
        ],
        "links": [address for _name, _seconds, address in rows],
    }


def rated_groups(board: LeaderBoard) -> list[Group]:
    """Whose ratings stand beside each other: streets, or the matters of one street or unit."""
    one = len(board.selection.streets) == 1 or board.counts_units
    groups = board.categories if one else board.streets
    rows = sorted(
        (row for row in groups if row.now["scored"]), key=lambda row: (-row.now["scored"], row.code)
    )
    return rows[:RATED_SHOWN]


def satisfaction(board: LeaderBoard, link: Link) -> dict[str, Any]:
    """The share of good ratings with its 95 % interval; too few ratings have a mark and no interval."""
    rows = rated_groups(board)
    shares = [comparing.Share(row.now["satisfied"], row.now["scored"]) for row in rows]
    whole = board.now.share("satisfied", "scored")

    def percent(value: float | None) -> float | None:
        return None if value is None else round(value * 100, 2)

    return {
        "kind": "range",
        "x": [f"○ {row.name}" if row.now["scored"] < SMALL else row.name for row in rows],
        "xName": pgettext("league", "Name"),
        "unit": "%",
        "digits": 1,
        "most": 100,
        "series": [
            {
                "name": _("Satisfied, %"),
                "data": [
                    None
                    if row.now["scored"] < SMALL
                    else [percent(share.low), percent(share.value), percent(share.high)]
                    for row, share in zip(rows, shares, strict=True)
                ],
                "tone": "primary",
            }
        ],
        "middles": [percent(share.value) for share in shares],
        "bases": [share.whole for share in shares],
        "lowName": pgettext("interval", "From"),
        "highName": pgettext("interval", "To"),
        "baseName": _("Rated"),
        "tones": [_tone_of_share(share, whole) for share in shares],
        "target": None
        if whole is None
        else {"value": percent(whole), "label": _("All {value}").format(value=f"{whole * 100:.1f}")},
        "links": [link("unsatisfied", **{row.kind: _chosen(row)}) for row in rows],
    }


def _chosen(row: Group) -> Any:
    return [row.code] if row.kind in ("street", "category") else row.code


def _tone_of_share(share: comparing.Share, whole: float | None) -> str:
    if whole is None or share.whole < SMALL:
        return "paused"
    return "overdue" if share.high < whole else "primary"


def league(board: LeaderBoard) -> dict[str, Any]:
    """The picture of a league table: what it says row by row, with intervals on one scale."""
    rows = [row for row in board.league_rows if row.verdict != "small"]
    day = board.day
    spread = [
        (row.adjusted if row.adjusted is not None else row.mean or 0.0, row.half or 0.0) for row in rows
    ]
    overall = board.now.mean("handle", "handled")
    return {
        "kind": "range",
        "x": [row.name for row in rows],
        "xName": pgettext("league", "Name"),
        "unit": str(UNIT_WORDS["days"]),
        "digits": 2,
        "series": [
            {
                "name": _("Mean handling time"),
                "data": [
                    [round(value / day, 4) for value in (max(0.0, middle - half), middle, middle + half)]
                    for middle, half in spread
                ],
                "tone": "primary",
            }
        ],
        "tones": ["overdue" if row.verdict == "slower" else "primary" for row in rows],
        "target": None
        if overall is None
        else {
            "value": round(overall / day, 4),
            "label": _("All {value}").format(value=f"{overall / day:.2f}"),
        },
    }
