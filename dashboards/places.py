"""Places and units beside each other: league tables in three groups, and the map of communities."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from dashboards import findings, story
from dashboards.filters import LEAGUES
from dashboards.indicators import SMALL
from dashboards.leading import LeaderBoard
from dashboards.present import days, link_of, page_of, percent, row_of

# Rows of a league that are level, or not judged, before the rest is folded away.
LEAGUE_ROWS: Final = 10
_VERDICTS: Final[dict[str, tuple[Callable[[], str], str, str]]] = {
    "better": (lambda: _("Faster than {whole}"), "on", "▲"),
    "alike": (lambda: _("Level with {whole}"), "closed", "="),
    "slower": (lambda: _("Slower than {whole}"), "overdue", "▼"),
    "small": (lambda: _("Not judged"), "paused", "○"),
}


def league(board: LeaderBoard) -> dict[str, Any]:
    """Places in groups, each with its interval on one scale."""
    rows = board.league_rows
    day = board.day
    overall = board.now.mean("handle", "handled")
    ends: list[float] = [overall / day] if overall else []
    for row in rows:
        middle = row.adjusted if row.adjusted is not None else row.mean
        if middle is not None and row.half is not None and row.verdict != "small":
            ends += [(middle - row.half) / day, (middle + row.half) / day]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    margin = (high - low) * 0.06 or 0.5
    low, high = max(0.0, low - margin), high + margin

    def place(value: float) -> str:
        return f"{max(0.0, min(100.0, (value / day - low) / (high - low) * 100)):.1f}"

    whole = story.whole_name(board)
    groups: list[dict[str, Any]] = []
    for row in rows:
        words, state, mark = _VERDICTS[row.verdict]
        if not groups or groups[-1]["verdict"] != row.verdict:
            groups.append(
                {
                    "is_small": row.verdict == "small",
                    "verdict": row.verdict,
                    "words": words().format(whole=whole),
                    "state": state,
                    "mark": mark,
                    "rows": [],
                }
            )
        shown_row = row_of(board, row)
        if row.kind == "street":
            shown_row["url"] = reverse("board-street", args=[row.code]) + _query(board, street=None)
        middle = row.adjusted if row.adjusted is not None else row.mean
        if middle is not None and row.half is not None and row.verdict != "small":
            start = place(middle - row.half)
            shown_row["half"] = f"{row.half / day:.2f}"
            shown_row["dot"] = {
                "at": place(middle),
                "start": start,
                "width": f"{float(place(middle + row.half)) - float(start):.1f}",
                "words": _("{value} days ± {half}").format(
                    value=f"{middle / day:.2f}", half=f"{row.half / day:.2f}"
                ),
            }
        groups[-1]["rows"].append(shown_row)
    for group in groups:
        group["count"] = len(group["rows"])
        # Who differs is what a league is read for; the many that are level or too small fold away.
        folded = len(group["rows"]) > LEAGUE_ROWS and group["verdict"] in ("alike", "small")
        group["parts"] = [(group["rows"], False)]
        if folded:
            group["parts"] = [(group["rows"][:LEAGUE_ROWS], False), (group["rows"][LEAGUE_ROWS:], True)]
    return {
        "title": findings.league_title(board),
        "folded": sum(len(part) for group in groups for part, is_more in group["parts"] if is_more),
        "tabs": _league_tabs(board),
        "head": LEAGUE_HEADS[board.league](),
        "count": len(rows),
        "by_chance": round(len(rows) / 20),
        "groups": groups,
        "overall": days(overall, day),
        "overall_at": place(overall) if overall else "",
        "is_adjusted": board.league_is_adjusted,
        "whole": whole,
    }


LEAGUE_HEADS: Final[dict[str, Callable[[], str]]] = {
    "street": lambda: _("Street"),
    "unit": lambda: _("Unit"),
    "community": lambda: _("Community"),
}


def _league_tabs(board: LeaderBoard) -> list[dict[str, Any]]:
    tabs = []
    for code in board.leagues:
        query = _query(board, league=code)
        tabs.append(
            {
                "name": LEAGUES[code],
                "url": f"{page_of(board)}{query}#league",
                "is_shown": code == board.league,
            }
        )
    return tabs


def _query(board: LeaderBoard, **changes: Any) -> str:
    query = board.asked.query(**changes)
    return f"?{query}" if query else ""


# --- the map --------------------------------------------------------------------------------------

# Steps of the share of late cases, and of their number where most communities have too few to judge.
RATE_STEPS: Final = (0.02, 0.05, 0.10, 0.20)
COUNT_STEPS: Final = (1, 3, 6, 12)


def map_rows(board: LeaderBoard) -> list[dict[str, Any]]:
    """The map as rows: what its table says of each community."""
    link = link_of(board)
    return [
        {
            "name": row.name,
            "late": f"{row.late:,}",
            "late_url": link("late", community=row.code),
            "due": f"{row.now['due']:,}",
            "due_url": link("due", community=row.code),
            "small": row.now["due"] < SMALL,
            "on_time": percent(row.on_time),
        }
        for row in board.communities
        if row.now["due"]
    ]


def map_shows_shares(board: LeaderBoard) -> bool:
    """Shares where at least half of the communities with due cases have enough of them, else numbers."""
    with_due = [row for row in board.communities if row.now["due"]]
    judged = [row for row in with_due if row.now["due"] >= SMALL]
    return bool(with_due) and len(judged) * 2 >= len(with_due)


def map_values(board: LeaderBoard) -> dict[str, Any]:
    """What frontend/map.js colours communities by."""
    link = link_of(board)
    shares = map_shows_shares(board)
    steps: Sequence[float] = RATE_STEPS if shares else COUNT_STEPS
    values = {}
    for row in board.communities:
        if shares and row.now["due"] < SMALL:
            continue
        value = 1 - (row.on_time or 0.0) if shares else row.late
        label = _("{late} late of {due} due").format(late=row.late, due=row.now["due"])
        if shares:
            label = f"{value * 100:.1f}% · {label}"
        values[row.code] = {
            "value": value,
            "step": sum(value >= step for step in steps),
            "label": label,
            "href": link("late", community=row.code) if row.late else link("due", community=row.code),
        }
    if shares:
        legend = [
            _("below 2 %"),
            "2–5%",
            "5–10%",
            "10–20%",
            _("20 % and more"),
        ]
    else:
        legend = [_("none"), "1–2", "3–5", "6–11", _("12 and more")]
    return {"values": values, "legend": legend}
