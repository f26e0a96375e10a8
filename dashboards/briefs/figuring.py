"""The numbers of a brief: read once, from the boards and by their indicators alone, in one snapshot.

What comes out is JSON, and is all that a page, a paper, a spreadsheet or a mail says in numbers: they are
made of the same row of the database and cannot differ. Sentences come from the boards' rules (story.py),
in both languages, so that whoever opens a frozen brief reads what was found then.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from dashboards import story
from dashboards.board import Board, Group
from dashboards.briefs import periods, wording
from dashboards.briefs.measuring import differs
from dashboards.briefs.subjects import Subject, board_of
from dashboards.indicators import ALL, BY_CODE, OF_NOW, value_of
from dashboards.models import BriefAbout
from dashboards.reading import Figures, Span, one_state

VERSION: Final = 1
# The six that are judged. What a department does not decide (dispatching) does not judge it.
SIX: Final = ("dispatch_mean", "handle_mean", "on_time", "satisfied", "first_right", "automatic")
SIX_OF_UNIT: Final = ("handle_mean", "on_time", "satisfied", "accepted_in_time", "returned", "rework")
# Of every step of the line.
LINE: Final = ("handle_mean", "dispatch_mean", "on_time", "satisfied")
_COUNTS: Final = ("received", "dispatched", "handled", "due", "due_met", "closed", "rated", "scored")
MATTERS_MOST: Final = 20
ROWS_MOST: Final = 40
LANGUAGES: Final = {"zh": "zh-hans", "en": "en"}


def six(about: str) -> tuple[str, ...]:
    """The indicators that a brief about such a subject is judged by."""
    return SIX_OF_UNIT if about == BriefAbout.UNIT else SIX


def read(subject: Subject, kind: str, span: Span, *, at: datetime) -> dict[str, Any]:
    """Everything that a brief says in numbers, as they are at `at`."""
    with one_state():
        with override(settings.LANGUAGE_CODE):
            board = board_of(subject, span, at=at)
            line = _line(subject, kind, span, at=at)
            found = {
                "version": VERSION,
                "cut": at.isoformat(),
                "first": span.first.isoformat(),
                "last": span.last.isoformat(),
                "before": [board.before_span.first.isoformat(), board.before_span.last.isoformat()],
                "year_before": [board.year_span.first.isoformat(), board.year_span.last.isoformat()],
                "counts": {name: board.now[name] for name in (*_COUNTS, "open", "overdue")},
                "indicators": [_indicator(board, code) for code in _CODES],
                "line": line,
                "whole": value_of("handle_mean", board.now, "elapsed"),
                "is_adjusted": board.is_adjusted,
                "places": [_place(board, row) for row in board.places[:ROWS_MOST]],
                "places_kind": board.places[0].kind if board.places else "street",
                "matters": [_row(row) for row in board.categories[:MATTERS_MOST]],
                "units": [_row(row) for row in board.units[:ROWS_MOST]]
                if subject.about != BriefAbout.UNIT
                else [],
                "days": [_day(day, board.by_day.get(day)) for day in _days_of(board.span)],
            }
        found["words"] = {
            short: _words(subject, kind, span, found, code, at=at) for short, code in LANGUAGES.items()
        }
    return found


_CODES: Final = tuple(one.code for one in ALL if one.code not in OF_NOW)


def _indicator(board: Board, code: str) -> dict[str, Any]:
    indicator = BY_CODE[code]
    return {
        "code": code,
        "value": board.value(code),
        "base": indicator.base(board.now),
        "before": board.value_before(code),
        "base_before": indicator.base(board.before),
        "year_before": board.value_year_before(code),
        "base_year_before": indicator.base(board.year_before),
        "target": indicator.target(),
        "differs": differs(code, board.now, board.before),
        "differs_year": differs(code, board.now, board.year_before),
    }


def _line(subject: Subject, kind: str, span: Span, *, at: datetime) -> dict[str, Any]:
    """The weeks or months up to this one; those before the first case are left out."""
    board = board_of(subject, periods.whole_line(kind, span), at=at)
    groups = {date.fromisoformat(group.code): group.now for group in board.split_by(kind)}  # type: ignore[arg-type]
    spans = list(periods.back_from(kind, span, periods.STEPS))[::-1]
    while len(spans) > 1 and not groups.get(spans[0].first):
        spans.pop(0)
    steps = [(one, groups.get(one.first, Figures())) for one in spans]
    return {
        "steps": [
            {
                "first": one.first.isoformat(),
                "last": one.last.isoformat(),
                "handled": figures["handled"],
                **{code: value_of(code, figures, "elapsed") for code in LINE},
            }
            for one, figures in steps
        ],
        "differs": len(steps) > 1 and differs("handle_mean", steps[-1][1], steps[0][1]),
    }


def _place(board: Board, row: Group) -> dict[str, Any]:
    return {
        **_row(row),
        "adjusted": None if row.adjusted is None else row.adjusted / board.day,
        "half": None if row.half is None else row.half / board.day,
        "verdict": row.verdict,
    }


def _row(row: Group) -> dict[str, Any]:
    day = 86_400
    return {
        "code": row.code,
        "kind": row.kind,
        "handled": row.now["handled"],
        "due": row.now["due"],
        "late": row.late,
        "on_time": row.on_time,
        "mean": None if row.mean is None else row.mean / day,
        "median": None if row.median is None else row.median / day,
        "p90": None if row.p90 is None else row.p90 / day,
        "mean_before": None if (before := row.before.mean("handle", "handled")) is None else before / day,
        "small": row.is_small,
    }


def _days_of(span: Span) -> Sequence[date]:
    return [date.fromordinal(span.first.toordinal() + number) for number in range(max(0, span.days))]


def _day(day: date, figures: Figures | None) -> dict[str, Any]:
    return {
        "day": day.isoformat(),
        **{name: figures[name] if figures else 0 for name in ("received", "dispatched", "handled", "closed")},
    }


def _finding(board: Board, kind: str) -> list[str]:
    """What the board says first; a sheet has no panel beside it, so what got slower is said here too."""
    said = [str(sentence) for sentence in story.finding(board)]
    slower = story.slower_as_a_whole(board) if board.has_before and len(said) > 1 else []
    if slower and not any(slower[0] in sentence for sentence in said):
        said.append(
            _("Against {before}: {slower}.").format(
                before=wording.heads(kind)[1].lower(), slower=_("; ").join(slower)
            )
        )
    return said


def _words(
    subject: Subject, kind: str, span: Span, found: dict[str, Any], language: str, *, at: datetime
) -> dict[str, Any]:
    """What the rules say, and what everything is called, in one language."""
    with override(language):
        board = board_of(subject, span, at=at)
        names = board.names
        return {
            "finding": _finding(board, kind),
            "places": str(story.league_title(board)),
            "matters": str(story.categories_title(board)),
            "units": str(story.units_title(board)),
            "flow": str(story.flow_title(board)),
            "whole": str(story.whole_name(board)),
            "names": {
                **{
                    row["code"]: names.area(row["code"])
                    if row["kind"] == "community"
                    else names.street(row["code"])
                    for row in found["places"]
                },
                **{row["code"]: names.category(row["code"]) for row in found["matters"]},
                **{row["code"]: names.unit(row["code"]) for row in found["units"]},
            },
        }
