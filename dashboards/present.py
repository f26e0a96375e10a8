"""A board's numbers as its templates show them: words, links, states and lengths of bars."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards import charts, story
from dashboards.board import Change, Group
from dashboards.comparing import counts_differ
from dashboards.dimensions import Clock
from dashboards.indicators import BY_CODE, SMALL, UNIT_WORDS, Indicator, shown
from dashboards.leading import LeaderBoard
from dashboards.reading import Figures
from dispatch.vocabulary import Level

# Rows that a table shows before the rest is folded away.
FIRST_ROWS: Final = 12

Link = Callable[..., str]


def link_of(board: LeaderBoard) -> Link:
    """The address of a list of cases under the board's filters, with changes."""
    page = reverse("board-cases")
    # How the board is looked at is no matter of a list.
    looks = {"league": None, "heat": None, "vs": None}
    return lambda code, **changes: f"{page}?{board.asked.query(list=code, **looks | changes)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A term and what is said of it, beside a figure."""

    term: str
    value: str
    state: str = ""


def cards(board: LeaderBoard) -> list[dict[str, Any]]:
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
                "chart_words": _trend_words(board) if code in ("dispatch_mean", "handle_mean") else "",
            }
        )
    return made


def _trend_words(board: LeaderBoard) -> str:
    """What the small lines are."""
    steps = len(board.trend)
    if board.span.days > 62:
        words = ngettext("{n} month", "{n} months", steps).format(n=steps)
    else:
        words = ngettext("{n} week", "{n} weeks", steps).format(n=steps)
    return words + (" · " + _("dashed: a year before") if board.trend_year_before else "")


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


def _notes(board: LeaderBoard, indicator: Indicator, value: float | None) -> list[Note]:
    sign = "≤" if indicator.better == "low" else "≥"
    target = indicator.target(board.selection.clock)
    against = board.asked.against
    notes = []
    if "target" in against:
        notes.append(Note(_("Target"), f"{sign} {shown(indicator, target)}" if target is not None else "—"))
    if "before" in against:
        before, changed = board.value_before(indicator.code), board.has_changed
        words = _change(indicator, value, before, is_more_than_chance=changed[indicator.code])
        notes.append(Note(board.asked.period.name_before, *words))
    if "year" in against:
        before, changed = board.value_year_before(indicator.code), board.has_changed_in_a_year
        words = _change(indicator, value, before, is_more_than_chance=changed[indicator.code])
        notes.append(Note(_("a year before"), *words))
    if indicator.code in ("dispatch_mean", "handle_mean"):
        what = indicator.code.partition("_")[0]
        median, p90 = board.value(f"{what}_median"), board.value(f"{what}_p90")
        notes.append(Note(_("Median"), shown(indicator, median)))
        notes.append(Note(_("Nine in ten within"), shown(indicator, p90)))
    elif indicator.code == "on_time":
        late = board.now["due"] - board.now["due_met"]
        notes.append(
            Note(_("Late"), _("{late} of {due}").format(late=f"{late:,}", due=f"{board.now['due']:,}"))
        )
    else:
        answered = percent(board.value("coverage"))
        notes.append(
            Note(
                _("Rated"),
                _("{rated}, {share} answered").format(rated=f"{board.now['scored']:,}", share=answered),
            )
        )
    return notes


def _change(
    indicator: Indicator, value: float | None, before: float | None, *, is_more_than_chance: bool
) -> tuple[str, str]:
    """Against what was before: an arrow only where the change is more than chance."""
    if value is None or before is None:
        return shown(indicator, before), ""
    words = shown(indicator, before)
    if not is_more_than_chance:
        return _("{value} · level").format(value=words), ""
    state = "on" if (value < before) == (indicator.better == "low") else "overdue"
    if indicator.unit == "share":
        move = f"{abs(value - before) * 100:.1f}"
    else:
        move = f"{abs(value - before) / before * 100:.0f} %" if before else "—"
    return f"{words} · {'↓' if value < before else '↑'} {move}", state


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a reader sees it."""
    return "—" if value is None else f"{value * 100:.{digits}f}%"


def strip(board: LeaderBoard) -> list[dict[str, Any]]:
    """The figures beside the four: each opens its list."""
    link = link_of(board)
    coming = board.coming_in
    came, came_before = board.now[coming], board.before[coming]
    # Where nothing was counted yet there was not none.
    is_known = min(board.by_day, default=board.asked.today) <= board.before_span.last
    is_level = is_known and not counts_differ(came, came_before)
    words = _("{value} before · level") if is_level else _("{value} before")
    rows = [
        {
            "name": _("Sent to the unit") if board.counts_units else BY_CODE["received"].name,
            "hint": BY_CODE["received"].formula,
            "value": f"{came:,}",
            "note": words.format(value=f"{came_before:,}" if is_known else "—"),
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
                "value": percent(value),
                "note": _("○ of {base}").format(base=f"{base:,}")
                if base < SMALL
                else _("of {base}").format(base=f"{base:,}"),
                "url": link(indicator.drill),
            }
        )
    handled_before = f"{board.before['handled']:,}" if is_known else "—"
    rows[1]["note"] = _("{value} before").format(value=handled_before)
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


def rows_of(board: LeaderBoard, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Rows of the tables of units, matters and communities."""
    return [row_of(board, group) for group in groups]


def row_of(board: LeaderBoard, group: Group) -> dict[str, Any]:
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
        "url": f"{page_of(board)}?{board.asked.query(**chosen)}" if group.kind != "community" else "",
        "handled": f"{group.now['handled']:,}",
        "handled_url": link("handled", **chosen),
        "small": small,
        "mean": days(group.mean, day),
        "median": days(group.median, day),
        "p90": days(group.p90, day),
        "dispatch": shown(BY_CODE["dispatch_mean"], _hours(group.now.mean("dispatch", "dispatched"))),
        "delta": "" if delta is None else f"{delta:+.2f}".replace("-", "−"),
        "delta_state": "overdue" if group.has_slowed else "on" if group.has_quickened else "",
        "on_time": percent(group.on_time),
        "on_time_state": _on_time_state(group),
        "late": f"{group.late:,}",
        "late_url": link("late", **chosen),
        "returned": percent(BY_CODE["returned"].compute(group.now, "elapsed")),
        "satisfied": percent(group.now.share("satisfied", "scored")),
        "satisfied_small": group.now["scored"] < SMALL,
        "composite": shown(BY_CODE["composite"], BY_CODE["composite"].compute(group.now, "elapsed")),
        "adjusted": days(group.adjusted, day),
        "verdict": group.verdict,
    }


def page_of(board: LeaderBoard) -> str:
    """Where boards are."""
    return reverse("board")


def days(seconds: float | None, day: int) -> str:
    """Seconds as days of so many seconds."""
    return "—" if seconds is None else f"{seconds / day:.2f}"


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600


def _on_time_state(group: Group) -> str:
    """Red only where the target is missed by more than a handful of cases could explain."""
    if group.on_time is None or group.now["due"] < SMALL:
        return ""
    target = BY_CODE["on_time"].target() or 0.0
    return "overdue" if group.on_time < target - 0.05 else ""


def change_row(board: LeaderBoard, change: Change) -> dict[str, Any]:
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


def spot_row(board: LeaderBoard, street: str, category: str, figures: Figures) -> dict[str, Any]:
    """One place and matter with its late cases; the bar is their share of what fell due."""
    late = figures["due"] - figures["due_met"]
    return {
        "street": board.names.street(street),
        "category": board.names.category(category),
        "late": f"{late:,}",
        "due": f"{figures['due']:,}",
        "width": f"{late / max(1, figures['due']) * 100:.0f}",
        "url": link_of(board)("late", street=[street], category=[category]),
    }


def levels(board: LeaderBoard) -> list[dict[str, Any]]:
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
                "stayed": percent(board.value(f"stayed_{code}")) if began else "—",
                "began_url": link(f"began_{code}") if began else "",
                "is_small": 0 < began < SMALL,
            }
        )
    return rows
