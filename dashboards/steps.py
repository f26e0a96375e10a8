"""各环节用时: where the time of a case goes, from its receipt to its resolution, now and before.

Of what the cells hold, so that it is known of every selection: the first sending, what wrong units cost until
the sending that stood, the work itself, and the time in which its clock stood still. Their sum is the mean
dispatch time and the mean handling time, but where a difference of the means of other cases came out below
nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from dashboards.indicators import HOUR, SMALL, UNIT_WORDS, Text
from dashboards.leading import LeaderBoard
from dashboards.reading import Figures

Link = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Part:
    """One step: what is done in it, its list of cases, and by which mean its change is judged."""

    code: str
    name: Text
    list: str
    judged_by: str
    seconds: Callable[[Figures], float | None]


def _first(figures: Figures) -> float | None:
    return figures.mean("first", "first_sent")


def _astray(figures: Figures) -> float | None:
    """What is left of the dispatch time after the first sending. The two count other cases (a first sending
    that was returned is one, until it is sent again), so it can come out below nothing."""
    sent, first = figures.mean("dispatch", "dispatched"), _first(figures)
    return None if sent is None or first is None else max(0.0, sent - first)


def _still(figures: Figures) -> float | None:
    return figures.mean("paused", "handled")


def _work(figures: Figures) -> float | None:
    handled, still = figures.mean("handle", "handled"), _still(figures)
    return None if handled is None or still is None else max(0.0, handled - still)


_SENDING: Final = (
    Part("first", pgettext_lazy("step", "Until first sent"), "first_sent", "dispatch_mean", _first),
    Part("astray", pgettext_lazy("step", "At wrong units"), "returned", "dispatch_mean", _astray),
)
PARTS: Final = (
    *_SENDING,
    Part("work", pgettext_lazy("step", "Worked on"), "handled", "handle_mean", _work),
    Part("still", pgettext_lazy("step", "Clock stopped"), "paused", "handle_mean", _still),
)
# How long a clock stood still is known in elapsed time alone.
_WORKING: Final = (
    *_SENDING,
    Part(
        "handle",
        pgettext_lazy("step", "Handled"),
        "handled",
        "handle_mean",
        lambda figures: figures.mean("handle", "handled"),
    ),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """How long a step took on average, in seconds."""

    part: Part
    now: float
    before: float | None


def taken(board: LeaderBoard) -> list[Taken]:
    """The steps in their order; none where nothing was sent or handled."""
    parts = PARTS if board.selection.clock == "elapsed" else _WORKING
    found = []
    for part in parts:
        now = part.seconds(board.now)
        if now is None:
            return []
        found.append(Taken(part, now, part.seconds(board.before) if board.has_before else None))
    return found


def chart(board: LeaderBoard, link: Link) -> dict[str, Any]:
    """A bar for each step, and a pale one for the period before; all on one scale."""
    rows = taken(board)
    series: list[dict[str, Any]] = [
        {
            "name": _("This period"),
            "data": [round(row.now / board.day, 4) for row in rows],
            "tone": "primary",
        }
    ]
    if any(row.before is not None for row in rows):
        before = [None if row.before is None else round(row.before / board.day, 4) for row in rows]
        name = board.asked.period.name_before
        series.append({"name": str(name), "data": before, "tone": "closed"})
    return {
        "kind": "hbar",
        "x": [str(row.part.name) for row in rows],
        "xName": _("Step"),
        "unit": str(UNIT_WORDS["days"]),
        "digits": 2,
        "series": series,
        "links": [link(row.part.list) for row in rows],
    }


def title(board: LeaderBoard) -> str:
    """Which step got longer or shorter by more than chance and by more than any other; else which takes most
    of the time."""
    rows = taken(board)
    if not rows or board.now["handled"] < SMALL or board.now["dispatched"] < SMALL:
        return _("Too few cases to say where the time goes")
    changed = board.has_changed
    moved = [
        (row.now - row.before, row) for row in rows if row.before is not None and round(row.now - row.before)
    ]
    whole = sum(row.now for row in rows)
    most = max(rows, key=lambda row: row.now)
    words = {
        "step": most.part.name,
        "share": f"{most.now / whole * 100:.0f}%" if whole else "—",
        "whole": _amount(whole, board),
    }
    by, row = max(moved, key=lambda pair: abs(pair[0]), default=(0.0, most))
    if not by or not changed[row.part.judged_by]:
        return _("{step}: {share} of the {whole} that a case takes").format(**words)
    told = {"step": row.part.name, "amount": _amount(abs(by), board), **_before(board)}
    if by > 0:
        return _("{step}: {amount} longer than {before}, more than any other step").format(**told)
    return _("{step}: {amount} shorter than {before}, more than any other step").format(**told)


def _before(board: LeaderBoard) -> dict[str, Any]:
    return {"before": board.asked.period.name_before}


def note(board: LeaderBoard) -> str:
    """What the bars are, and the short ones in hours: beside days nobody can read them off."""
    hours = [
        _("{step} {hours} h").format(step=row.part.name, hours=f"{row.now / HOUR:.2f}")
        for row in taken(board)
        if row.part in _SENDING
    ]
    return " · ".join([_("Mean per case from receipt to resolution, in days; checking comes after"), *hours])


def _amount(seconds: float, board: LeaderBoard) -> str:
    if seconds < board.day:
        return _("{hours} h").format(hours=f"{seconds / HOUR:.2f}")
    return _("{days} days").format(days=f"{seconds / board.day:.2f}")
