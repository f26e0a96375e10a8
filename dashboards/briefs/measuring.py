"""Whether a number moved by more than chance, and what a problem is measured by."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboards.board import Board
from dashboards.briefs.subjects import Subject, board_of
from dashboards.comparing import chance_of, counts_differ, means_differ, shares_differ
from dashboards.indicators import BY_CODE, SMALL
from dashboards.reading import Figures, Span
from dashboards.story import SPOT_LEAST, spots_worth_telling

# What a problem may be measured by: how long, how often late, how many.
MEASURES: Final = ("handle_mean", "on_time", "received")
# What the board calls the same where it tells what got worse.
OF_CHANGE: Final = {"handle": "handle_mean", "on_time": "on_time", "intake": "received"}
_MEANS: Final = {"dispatch_mean": ("dispatch", "dispatched"), "handle_mean": ("handle", "handled")}
# Places × matters that are offered as problems.
OFFERED: Final = 6


def differs(code: str, now: Figures, then: Figures) -> bool:
    """Is an indicator of two selections apart by more than chance? By the tests that the boards use."""
    indicator = BY_CODE[code]
    if code in _MEANS:
        what, count = _MEANS[code]
        return means_differ(
            now.mean(what, count), getattr(now, what), then.mean(what, count), getattr(then, what)
        )
    value, before = indicator.compute(now, "elapsed"), indicator.compute(then, "elapsed")
    if value is None or before is None:
        return False
    if indicator.unit == "share":
        n, m = indicator.base(now), indicator.base(then)
        return shares_differ(round(value * n), n, round(before * m), m)
    if indicator.unit == "cases":
        return counts_differ(int(value), int(before))
    return False


def is_better(code: str, value: float, before: float) -> bool:
    """Did it move to the good side? More cases received are nothing good where they are the problem."""
    better = BY_CODE[code].better or "low"
    return value < before if better == "low" else value > before


@dataclass(frozen=True, slots=True)
class Measure:
    """An indicator of one place and one matter (either may be left open) inside the subject."""

    indicator: str
    street: str = ""
    category: str = ""

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.indicator}:{self.street}:{self.category}"

    @classmethod
    def parse(cls, key: str) -> "Measure | None":
        """The measure that a form names; None for what is none."""
        parts = key.split(":")
        if len(parts) != 3 or parts[0] not in MEASURES:
            return None
        return cls(*parts)

    def board(self, subject: Subject, span: Span, *, at: datetime) -> Board:
        """The board of just these cases."""
        more: dict[str, Any] = {"street": self.street, "category": self.category}
        if subject.about == "street":
            more.pop("street")
        return board_of(subject, span, at=at, **{name: code for name, code in more.items() if code})

    def taken(self, subject: Subject, span: Span, *, at: datetime) -> dict[str, Any]:
        """Before, now, of how many cases, and whether it is more than chance; as an edition keeps it."""
        board = self.board(subject, span, at=at)
        return {
            "before": board.value_before(self.indicator),
            "now": board.value(self.indicator),
            "base": BY_CODE[self.indicator].base(board.now),
            "late": board.now["due"] - board.now["due_met"],
            "differs": differs(self.indicator, board.now, board.before),
        }

    def since(self, then: dict[str, Any], subject: Subject, days: tuple[Span, Span], *, at: datetime) -> str:
        """What came of it between two periods, in a word: better, level, worse or small."""
        first, last = (self.board(subject, span, at=at).now for span in days)
        bases = [BY_CODE[self.indicator].base(figures) for figures in (first, last)]
        before, value = then.get("now"), BY_CODE[self.indicator].compute(last, "elapsed")
        if before is None or (self.indicator != "received" and (value is None or min(bases) < SMALL)):
            return "small"
        if value is None or not differs(self.indicator, last, first):
            return "level"
        return "better" if is_better(self.indicator, value, before) else "worse"


def beyond_chance(board: Board) -> list[Measure]:
    """What the rules call a problem by themselves: what got worse, and where more is late than chance would
    put there, had it no more late cases than the rest; for all places and matters together (Bonferroni)."""
    late, due = board.now["due"] - board.now["due_met"], board.now["due"]
    # No more places and matters than these can have fallen due as often as one is named for.
    level = 0.05 / max(1, due // SPOT_LEAST)
    stands_out = {
        (street, category)
        for street, category, figures in spots_worth_telling(board)
        for part in [figures["due"] - figures["due_met"]]
        if chance_of(part, figures["due"], late - part, due - figures["due"]) < level
    }
    got_worse = {(one.street, one.category) for one in board.changes}
    return [one for one in offered(board) if (one.street, one.category) in stands_out | got_worse]


def offered(board: Board) -> list[Measure]:
    """What the boards' rules find: what got worse by more than chance, then where most is late."""
    found = [Measure(OF_CHANGE[one.what], one.street, one.category) for one in board.changes]
    seen = {(one.street, one.category) for one in found}
    found += [
        Measure("on_time", street, category)
        for street, category, _figures in board.late_spots
        if (street, category) not in seen
    ]
    return found[:OFFERED]
