"""A board's numbers as its templates show them: words, links, states and lengths of bars."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from dashboards import charts, story
from dashboards.board import Board, Change, Group
from dashboards.comparing import counts_differ
from dashboards.indicators import BY_CODE, SMALL, UNIT_WORDS, Indicator, shown
from dashboards.reading import Clock, Figures
from dispatch.vocabulary import Level

# Rows that a table shows before the rest is folded away.
FIRST_ROWS: Final = 12
_VERDICTS: Final[dict[str, tuple[Callable[[], str], str, str]]] = {
    "better": (lambda: _("Faster than {whole}"), "on", "▲"),
    "alike": (lambda: _("Level with {whole}"), "closed", "="),
    "slower": (lambda: _("Slower than {whole}"), "overdue", "▼"),
    "small": (lambda: _("Not judged"), "paused", "○"),
}


def link_of(board: Board) -> Callable[..., str]:
    """The address of a list of cases under the board's filters, with changes."""
    page = reverse("board-cases")
    return lambda code, **changes: f"{page}?{board.asked.query(list=code, **changes)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A term and what is said of it, beside a figure."""

    term: str
    value: str
    state: str = ""


def cards(board: Board) -> list[dict[str, Any]]:
    """The four judged key figures."""
    made = []
    for code in ("dispatch_mean", "handle_mean", "on_time", "satisfied"):
        indicator = BY_CODE[code]
        value = board.value(code)
        base = indicator.base(board.now)
        small = base < SMALL
        clock = board.selection.clock
        states = {True: "on", False: "overdue", None: ""}
        made.append(
            {
                "code": code,
                "name": indicator.name,
                "hint": f"{indicator.formula}。{indicator.caveat}" if _is_chinese() else indicator.formula,
                "figure": shown(indicator, value),
                "unit": UNIT_WORDS[indicator.unit],
                "url": link_of(board)(indicator.drill),
                "base": base,
                "small": small,
                "verdict": _verdict(indicator, value, clock, small=small),
                "state": "" if small or value is None else states[indicator.meets(value, clock)],
                "notes": _notes(board, indicator, value),
                "chart": charts.trend(board, indicator) if len(board.trend) > 1 else None,
                "chart_id": f"trend-{code}",
            }
        )
    return made


def _is_chinese() -> bool:
    return charts.is_chinese()


def _verdict(indicator: Indicator, value: float | None, clock: Clock, *, small: bool) -> str:
    target = indicator.target(clock)
    if value is None:
        return _("no data")
    if target is None:
        return _("targets are in elapsed time")
    if small:
        return _("○ fewer than {least}, not judged").format(least=SMALL)
    if indicator.meets(value, clock):
        return _("Target met")
    miss = abs(value - target)
    if indicator.unit == "share":
        return _("{points} points short of target").format(points=f"{miss * 100:.1f}")
    return _("{amount} {unit} over target").format(amount=f"{miss:.2f}", unit=UNIT_WORDS[indicator.unit])


def _notes(board: Board, indicator: Indicator, value: float | None) -> list[Note]:
    sign = "≤" if indicator.better == "low" else "≥"
    target = indicator.target(board.selection.clock)
    notes = [Note(_("Target"), f"{sign} {shown(indicator, target)}" if target is not None else "—")]
    before = board.value_before(indicator.code)
    notes.append(Note(board.asked.period.name_before, *_change(board, indicator, value, before)))
    if indicator.code in ("dispatch_mean", "handle_mean"):
        what = indicator.code.partition("_")[0]
        median, p90 = board.value(f"{what}_median"), board.value(f"{what}_p90")
        notes.append(Note(_("Median"), shown(indicator, median)))
        notes.append(Note(_("Nine in ten within"), shown(indicator, p90)))
    elif indicator.code == "on_time":
        notes.append(Note(_("Fell due"), f"{board.now['due']:,}"))
        notes.append(Note(_("Late"), f"{board.now['due'] - board.now['due_met']:,}"))
    else:
        notes.append(Note(_("Rated"), f"{board.now['scored']:,}"))
        notes.append(Note(_("Answered the call-back"), _percent(board.value("coverage"))))
    return notes


def _change(board: Board, indicator: Indicator, value: float | None, before: float | None) -> tuple[str, str]:
    """Against the period before: an arrow only where the change is more than chance."""
    if value is None or before is None:
        return shown(indicator, before), ""
    words = shown(indicator, before)
    if not board.has_changed.get(indicator.code):
        return _("{value} · level").format(value=words), ""
    state = "on" if (value < before) == (indicator.better == "low") else "overdue"
    if indicator.unit == "share":
        move = f"{abs(value - before) * 100:.1f}"
    else:
        move = f"{abs(value - before) / before * 100:.0f} %" if before else "—"
    return f"{words} · {'↓' if value < before else '↑'} {move}", state


def _percent(value: float | None, digits: int = 1) -> str:
    return "—" if value is None else f"{value * 100:.{digits}f}%"


def strip(board: Board) -> list[dict[str, Any]]:
    """The figures beside the four: each opens its list."""
    link = link_of(board)
    coming = board.coming_in
    came, came_before = board.now[coming], board.before[coming]
    level = _("{value} before · level").format(value=f"{came_before:,}")
    rows = [
        {
            "name": _("Sent to the unit") if board.counts_units else BY_CODE["received"].name,
            "hint": BY_CODE["received"].formula,
            "value": f"{came:,}",
            "note": _("{value} before").format(value=f"{came_before:,}")
            if counts_differ(came, came_before)
            else level,
            "url": link(coming),
        }
    ]
    for code in ("handled", "open", "overdue"):
        indicator = BY_CODE[code]
        rows.append(
            {
                "name": indicator.name,
                "hint": indicator.formula,
                "value": shown(indicator, board.value(code)),
                "note": "",
                "url": link(indicator.drill),
                "state": "overdue" if code == "overdue" and board.now["overdue"] else "",
            }
        )
    for code in ("handled_share", "closed_share", "returned", "rework", "automatic", "first_right"):
        indicator = BY_CODE[code]
        value, base = board.value(code), indicator.base(board.now)
        rows.append(
            {
                "name": indicator.name,
                "hint": indicator.formula,
                "value": _percent(value),
                "note": _("○ of {base}").format(base=f"{base:,}")
                if base < SMALL
                else _("of {base}").format(base=f"{base:,}"),
                "url": link(indicator.drill),
            }
        )
    rows[1]["note"] = _("{value} before").format(value=f"{board.before['handled']:,}")
    rows[2]["note"] = _("whenever they came in")
    rows[3]["note"] = _("their running clock has passed")
    first = board.value("first_dispatch_mean")
    rows.append(
        {
            "name": BY_CODE["first_dispatch_mean"].name,
            "hint": BY_CODE["first_dispatch_mean"].formula,
            "value": shown(BY_CODE["first_dispatch_mean"], first),
            "note": _("hours, {base} cases").format(base=f"{board.now['first_sent']:,}"),
            "url": link("first_sent"),
        }
    )
    composite = BY_CODE["composite"]
    rows.append(
        {
            "name": composite.name,
            "hint": composite.formula,
            "value": shown(composite, board.value("composite")),
            "note": _("of 100"),
            "url": reverse("board-definitions") + "#composite",
        }
    )
    return rows


def rows_of(board: Board, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Rows of the tables of units, matters and communities."""
    return [row_of(board, group) for group in groups]


def row_of(board: Board, group: Group) -> dict[str, Any]:
    """One row: every number opens the list it counts."""
    link = link_of(board)
    code: Any = [group.code] if group.kind in ("street", "category") else group.code
    chosen = {group.kind: code}
    day = board.day
    before = group.before.mean("handle", "handled")
    delta = None if group.mean is None or before is None else (group.mean - before) / day
    small = group.is_small
    return {
        "code": group.code,
        "name": group.name,
        "url": f"{_page(board)}?{board.asked.query(**chosen)}" if group.kind != "community" else "",
        "handled": f"{group.now['handled']:,}",
        "handled_url": link("handled", **chosen),
        "small": small,
        "mean": _days(group.mean, day),
        "median": _days(group.median, day),
        "p90": _days(group.p90, day),
        "dispatch": shown(BY_CODE["dispatch_mean"], _hours(group.now.mean("dispatch", "dispatched"))),
        "delta": "" if delta is None else f"{delta:+.2f}".replace("-", "−"),
        "delta_state": "overdue" if group.has_slowed else "on" if group.has_quickened else "",
        "on_time": _percent(group.on_time),
        "on_time_state": _on_time_state(group),
        "late": f"{group.late:,}",
        "late_url": link("late", **chosen),
        "returned": _percent(BY_CODE["returned"].compute(group.now, "elapsed")),
        "satisfied": _percent(group.now.share("satisfied", "scored")),
        "satisfied_small": group.now["scored"] < SMALL,
        "composite": shown(BY_CODE["composite"], BY_CODE["composite"].compute(group.now, "elapsed")),
        "adjusted": _days(group.adjusted, day),
        "verdict": group.verdict,
    }


def _page(board: Board) -> str:
    return reverse("board")


def _days(seconds: float | None, day: int) -> str:
    return "—" if seconds is None else f"{seconds / day:.2f}"


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600


def _on_time_state(group: Group) -> str:
    """Red only where the target is missed by more than a handful of cases could explain."""
    if group.on_time is None or group.now["due"] < SMALL:
        return ""
    target = BY_CODE["on_time"].target() or 0.0
    return "overdue" if group.on_time < target - 0.05 else ""


def league(board: Board) -> dict[str, Any]:
    """Places in groups, each with its interval on one scale."""
    rows = board.places
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
            shown_row["dot"] = {
                "at": place(middle),
                "start": start,
                "width": f"{float(place(middle + row.half)) - float(start):.1f}",
                "words": _("{value} days ± {half}").format(
                    value=f"{middle / day:.2f}", half=f"{row.half / day:.2f}"
                ),
            }
        groups[-1]["rows"].append(shown_row)
    return {
        "title": story.league_title(board),
        "groups": groups,
        "overall": _days(overall, day),
        "overall_at": place(overall) if overall else "",
        "is_adjusted": board.is_adjusted,
        "whole": whole,
        "has_composite": bool(rows) and rows[0].kind == "street",
    }


def _query(board: Board, **changes: Any) -> str:
    query = board.asked.query(**changes)
    return f"?{query}" if query else ""


def change_row(board: Board, change: Change) -> dict[str, Any]:
    """One thing that got worse, with two bars from nought."""
    link = link_of(board)
    drill = {"handle": "handled", "intake": "received", "on_time": "late"}[change.what]
    scale = max(change.before, change.now)

    def words(value: float) -> str:
        if change.what == "on_time":
            return f"{value * 100:.1f}"
        return f"{value:,.2f}" if change.what == "handle" else f"{value:,.0f}"

    units = {"handle": UNIT_WORDS["days"], "intake": UNIT_WORDS["cases"], "on_time": "%"}
    return {
        "street": board.names.street(change.street),
        "category": board.names.category(change.category),
        "what": story.change_word(change),
        "before": words(change.before),
        "now": words(change.now),
        "unit": units[change.what],
        "before_width": f"{change.before / scale * 100:.0f}" if scale else "0",
        "now_width": f"{change.now / scale * 100:.0f}" if scale else "0",
        "cases": f"{change.cases:,}",
        "url": link(drill, street=[change.street], category=[change.category]),
    }


def spot_row(board: Board, street: str, category: str, figures: Figures, most: int) -> dict[str, Any]:
    """One place and matter with its late cases; the bar is against the most."""
    late = figures["due"] - figures["due_met"]
    return {
        "street": board.names.street(street),
        "category": board.names.category(category),
        "late": f"{late:,}",
        "due": f"{figures['due']:,}",
        "width": f"{late / most * 100:.0f}" if most else "0",
        "url": link_of(board)("late", street=[street], category=[category]),
    }


# --- the map --------------------------------------------------------------------------------------

# Steps of the share of late cases, and of their number where most communities have too few to judge.
RATE_STEPS: Final = (0.02, 0.05, 0.10, 0.20)
COUNT_STEPS: Final = (1, 3, 6, 12)


def map_shows_shares(board: Board) -> bool:
    """Shares where at least half of the communities with due cases have enough of them, else numbers."""
    with_due = [row for row in board.communities if row.now["due"]]
    judged = [row for row in with_due if row.now["due"] >= SMALL]
    return bool(with_due) and len(judged) * 2 >= len(with_due)


def map_values(board: Board) -> dict[str, Any]:
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


def levels(board: Board) -> list[dict[str, Any]]:
    """How much was settled at each level, and of what began there how much stayed: A to D."""
    link = link_of(board)
    handled = board.now["handled"]
    rows = []
    for level in Level:
        code = level.value.lower()
        settled = board.now[f"settled_{code}"]
        began = board.now[f"began_{code}"] if level != Level.DISTRICT else 0
        rows.append(
            {
                "name": level.label,
                "settled": f"{settled:,}",
                "share": settled / handled if handled else None,
                "settled_url": link(f"settled_{code}"),
                "began": f"{began:,}",
                "stayed": _percent(board.value(f"stayed_{code}")) if began else "—",
                "began_url": link(f"began_{code}") if began else "",
                "is_small": 0 < began < SMALL,
            }
        )
    return rows
