"""What a leader's board says beside its first sentences: rules with thresholds, as in story.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboards import comparing, story
from dashboards.charts import rated_groups
from dashboards.indicators import BY_CODE, SMALL, UNIT_WORDS, shown
from dashboards.leading import LeaderBoard

Link = Callable[..., str]
_JUDGED: Final = ("dispatch_mean", "handle_mean")
# A run of steps within or beyond the target is told of from this length on.
RUN_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class Point:
    """One thing worth knowing, and the list that shows it."""

    term: str
    words: str
    state: str = ""  # "overdue" where it is bad, "on" where it is good
    url: str = ""
    count: str = ""


def points(board: LeaderBoard, link: Link) -> list[Point]:
    """Against the targets, against last year, what got worse and where, who is late."""
    if board.now["handled"] < SMALL:
        return []
    found = []
    if "target" in board.asked.against and board.selection.clock == "elapsed":
        found.append(_targets(board))
    if "year" in board.asked.against:
        found.append(_year(board))
    if board.knows_matters:
        found.append(_worse(board, link))
    found.append(_late(board, link))
    return found


def _targets(board: LeaderBoard) -> Point:
    """For how long the targets have been met, or missed."""
    said, missed = [], False
    for code in _JUDGED:
        indicator = BY_CODE[code]
        steps = [indicator.compute(step.figures, "elapsed") for step in board.trend]
        meets = [indicator.meets(value) for value in steps if value is not None]
        value = board.value(code)
        if not meets or value is None:
            continue
        run = next((n for n, met in enumerate(reversed(meets)) if met != meets[-1]), len(meets))
        missed |= not indicator.meets(value)
        words = {"name": indicator.name, "steps": _steps(board, run)}
        if run < RUN_LEAST:
            # the line goes up and down; what counts is the whole period
            text = _("{name}: met") if indicator.meets(value) else _("{name}: missed")
        elif meets[-1]:
            text = _("{name}: met for {steps}")
        else:
            text = _("{name}: missed for {steps}")
        said.append(text.format(**words))
    return Point(_("Against the targets"), _("; ").join(said) or _("no data"), "overdue" if missed else "on")


def _steps(board: LeaderBoard, number: int) -> str:
    if board.span.days > 62:
        return ngettext("{n} month in a row", "{n} months in a row", number).format(n=number)
    return ngettext("{n} week in a row", "{n} weeks in a row", number).format(n=number)


def _year(board: LeaderBoard) -> Point:
    term = _("Against the year before")
    said, states = [], set()
    for code in _JUDGED:
        indicator = BY_CODE[code]
        now, then = board.value(code), board.value_year_before(code)
        if now is None or then is None or indicator.base(board.year_before) < SMALL:
            continue
        words = {
            "name": indicator.name,
            "before": shown(indicator, then),
            "now": shown(indicator, now),
            "unit": UNIT_WORDS[indicator.unit],
        }
        if not board.has_changed_in_a_year[code] or not then:
            said.append(_("{name} level ({before} → {now} {unit})").format(**words))
            continue
        states.add("on" if now < then else "overdue")
        words["percent"] = f"{abs(now - then) / then * 100:.0f}%"
        text = (
            _("{name} {percent} shorter ({before} → {now} {unit})")
            if now < then
            else _("{name} {percent} longer ({before} → {now} {unit})")
        )
        said.append(text.format(**words))
    if not said:
        return Point(term, _("Too little was counted a year before to compare."))
    return Point(term, _("; ").join(said), "overdue" if "overdue" in states else "".join(states))


def _worse(board: LeaderBoard, link: Link) -> Point:
    term = _("What got worse")
    if not board.has_before:
        return Point(term, story.nothing_before(board))
    slower = story.slower_as_a_whole(board)
    if not board.changes:
        if slower:
            told = _("{slower}, in no place and matter above all").format(slower=_("; ").join(slower))
            return Point(term, told, "overdue")
        return Point(
            term,
            _("Nothing by more than chance: level with {before}.").format(
                before=board.asked.period.name_before
            ),
        )
    first = board.changes[0]
    words = {
        "place": board.names.street(first.street),
        "matter": board.names.category(first.category),
        "what": story.change_word(first),
    }
    if first.what == "on_time":
        words |= {"before": f"{first.before * 100:.1f}%", "now": f"{first.now * 100:.1f}%"}
    elif first.what == "handle":
        unit = UNIT_WORDS["days"]
        words |= {"before": f"{first.before:.2f}", "now": f"{first.now:.2f} {unit}"}
    else:
        words |= {"before": f"{first.before:,.0f}", "now": f"{first.now:,.0f}"}
    text = _("{place}, {matter}: {what} {before} → {now}").format(**words)
    if more := len(board.changes) - 1:
        text += " · " + ngettext("{count} more", "{count} more", more).format(count=more)
    text = _("; ").join([*slower, text])
    kind = {"handle": "handled", "intake": "received", "on_time": "late"}[first.what]
    return Point(
        term,
        text,
        "overdue",
        link(kind, street=[first.street], category=[first.category]),
        f"{first.cases:,}",
    )


def _late(board: LeaderBoard, link: Link) -> Point:
    by_unit = len(board.units) > 1
    term = _("Late most, by unit") if by_unit else _("Late most, by matter")
    rows: Any = board.units if by_unit else board.categories
    rows = sorted(rows, key=lambda row: (-row.late, row.code))
    late = board.now["due"] - board.now["due_met"]
    if not late or not rows or not rows[0].late:
        return Point(term, _("Nobody: all that fell due was handled on time."), "on")
    first = rows[0]
    text = _("{name} most: {late} of {all} late cases, {share} on time").format(
        name=first.name,
        late=f"{first.late:,}",
        all=f"{late:,}",
        share="—" if first.on_time is None else f"{first.on_time * 100:.1f}%",
    )
    if first.now["due"] < SMALL:
        text += " ○"
    chosen: Any = [first.code] if first.kind == "category" else first.code
    return Point(term, text, "overdue", link("late", **{first.kind: chosen}), f"{first.late:,}")


# --- titles --------------------------------------------------------------------------------------------


def moved_title(board: LeaderBoard) -> str:
    """Of which matters more came in."""
    if not board.has_before:
        return story.nothing_before(board)
    more = [board.names.category(row.category) for row in board.moved if row.by > 0]
    fewer = [board.names.category(row.category) for row in board.moved if row.by < 0]
    if more:
        return _("More came in of {matters}").format(matters=story.listed(more))
    if fewer:
        return _("Fewer came in of {matters}, more of nothing").format(matters=story.listed(fewer[::-1]))
    return _("No matter came in more or less often by more than chance")


def pieces_title(board: LeaderBoard) -> str:
    """By how much the handling time changed, and which matter has the largest part in it."""
    now, before = board.now.mean("handle", "handled"), board.before.mean("handle", "handled")
    if now is None or before is None or not board.pieces:
        return _("Too few cases to take the change apart")
    if not board.has_changed["handle_mean"]:
        return _("Handling time is level with {before}: {then} and {now} days").format(
            before=board.asked.period.name_before,
            then=f"{before / board.day:.2f}",
            now=f"{now / board.day:.2f}",
        )
    change = (now - before) / board.day
    same = [piece for piece in board.pieces if piece.seconds * change > 0]
    first = max(same, key=lambda piece: abs(piece.seconds))
    name = _("the other mix of matters") if first.category is None else board.names.category(first.category)
    words = {"days": f"{abs(change):.2f}", "matter": name, "part": f"{abs(first.seconds / board.day):.2f}"}
    if change > 0:
        return _("Handling takes {days} days longer; the largest part is {matter}, {part}").format(**words)
    return _("Handling takes {days} days less; the largest part is {matter}, {part}").format(**words)


def satisfaction_title(board: LeaderBoard) -> str:
    """Who is rated worse than all together."""
    whole = board.now.share("satisfied", "scored")
    if whole is None:
        return _("Nobody has rated anything")
    rows = [row for row in rated_groups(board) if row.now["scored"] >= SMALL]
    if not rows:
        return _("{share} were satisfied; too few ratings to compare").format(share=f"{whole * 100:.1f}%")
    worse = [
        row.name for row in rows if comparing.Share(row.now["satisfied"], row.now["scored"]).high < whole
    ]
    if worse:
        return _("{names}: fewer satisfied than all together ({share})").format(
            names=story.listed(worse), share=f"{whole * 100:.1f}%"
        )
    return _("{share} were satisfied, nowhere fewer by more than chance").format(share=f"{whole * 100:.1f}%")


def satisfaction_note(board: LeaderBoard) -> str:
    """How many rated, of how many who were asked."""
    coverage = board.value("coverage")
    return _("Ratings of 4 or 5 of 5, lines: interval at 95 %; {rated} rated, {answered} answered").format(
        rated=f"{board.now['scored']:,}",
        answered="—" if coverage is None else f"{coverage * 100:.1f}%",
    )


def league_title(board: LeaderBoard) -> str:
    """Which rows differ from the whole, by more than chance."""
    whole = story.whole_name(board)
    rows = board.league_rows
    slower = [row.name for row in rows if row.verdict == "slower"]
    better = [row.name for row in rows if row.verdict == "better"]
    if not any(row.verdict != "small" for row in rows):
        return _("Too few cases to compare anybody")
    if slower:
        return _("{names} slower than {whole}").format(names=story.listed(slower[::-1]), whole=whole)
    if better:
        return _("{names} faster than {whole}, none slower").format(names=story.listed(better), whole=whole)
    return pgettext("league", "None differs from {whole} by more than chance").format(whole=whole)
