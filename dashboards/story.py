"""What a board says first, in words: rules with thresholds over the same numbers that stand below."""

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboards.board import Board, Change, Group
from dashboards.indicators import BY_CODE, SMALL, UNIT_WORDS, shown
from dashboards.reading import Figures

# A street is named as where the late cases are from this share of them on, and from this many.
CONCENTRATED: Final = 0.25
LATE_LEAST: Final = 10
# One place and matter is named for its late cases from this many on: one of one says nothing of it.
SPOT_LEAST: Final = 3
# The backlog is said to have grown or shrunk from this change on.
BACKLOG_CHANGE: Final = 0.10


def spots_worth_telling(board: Board) -> list[tuple[str, str, Figures]]:
    """Places × matters with so many late cases that they are more than a chance or two."""
    return [spot for spot in board.late_spots if spot[2]["due"] - spot[2]["due_met"] >= SPOT_LEAST]


def spots_title(board: Board) -> str:
    """Where most is late, where there is nothing before to lead with."""
    spots = spots_worth_telling(board)
    if not spots:
        return _("What is late is scattered over places and matters")
    street, category, figures = spots[0]
    return _("Most late cases: {place}, {matter}, {late}").format(
        place=board.names.street(street),
        matter=board.names.category(category),
        late=figures["due"] - figures["due_met"],
    )


def finding(board: Board) -> list[str]:
    """One or two sentences: how fast against the targets, then what is most worth knowing."""
    handled = board.now["handled"]
    if not handled and not board.now["dispatched"]:
        return [_("Nothing was dispatched or handled in this period.")]
    if handled < SMALL:
        return [
            ngettext(
                "Only {count} case was handled in this period: too few to judge by.",
                "Only {count} cases were handled in this period: too few to judge by.",
                handled,
            ).format(count=handled)
        ]
    return [_pace(board), _worry(board)]


def _pace(board: Board) -> str:
    dispatch, handle = board.value("dispatch_mean"), board.value("handle_mean")
    if board.selection.clock == "working":
        return _("A case took {hours} working hours to dispatch and {days} working days to handle;").format(
            hours=shown(BY_CODE["dispatch_mean"], dispatch), days=shown(BY_CODE["handle_mean"], handle)
        )
    good = [
        bool(value is not None and BY_CODE[code].meets(value))
        for code, value in (("dispatch_mean", dispatch), ("handle_mean", handle))
    ]
    numbers = {
        "hours": shown(BY_CODE["dispatch_mean"], dispatch),
        "days": shown(BY_CODE["handle_mean"], handle),
    }
    if all(good):
        text = _(
            "A case took {hours} hours to dispatch and {days} days to handle: both within their targets;"
        )
    elif good[0]:
        text = _("A case took {hours} hours to dispatch, within target, and {days} days to handle: too long;")
    elif good[1]:
        text = _("A case took {days} days to handle, within target, but {hours} hours to dispatch: too long;")
    else:
        text = _("A case took {hours} hours to dispatch and {days} days to handle: both miss their targets;")
    return text.format(**numbers)


def _worry(board: Board) -> str:
    """The first of these that holds: late cases and where, a growing backlog, nothing to worry about."""
    on_time = board.value("on_time")
    late = board.now["due"] - board.now["due_met"]
    target = BY_CODE["on_time"].target() or 0.0
    if on_time is not None and on_time < target:
        return _late(board, on_time, late)
    if (grown := _backlog(board)) is not None:
        return grown
    if on_time is None:
        return _("no case fell due.")
    words = {"share": shown(BY_CODE["on_time"], on_time)}
    if not board.has_before:
        return _("{share} % were handled on time.").format(**words)
    if slower := slower_as_a_whole(board):
        return _("{share} % were handled on time, but {slower}.").format(slower=_("; ").join(slower), **words)
    if any(board.has_changed.values()):
        return _("{share} % were handled on time, and neither dispatch nor handling got slower.").format(
            **words
        )
    return _("{share} % were handled on time, and nothing has changed by more than chance.").format(**words)


def nothing_before(board: Board) -> str:
    """Said where a change cannot be spoken of."""
    return _("Too little was counted in {before} to compare.").format(before=board.asked.period.name_before)


def slower_as_a_whole(board: Board) -> list[str]:
    """Which of the two durations are longer than in the period before, by more than chance."""
    said = []
    for code in ("dispatch_mean", "handle_mean"):
        now, before = board.value(code), board.value_before(code)
        if now is None or not before or now <= before or not board.has_changed[code]:
            continue
        said.append(
            _("{name} {percent} longer ({before} → {now} {unit})").format(
                name=BY_CODE[code].name,
                percent=f"{(now - before) / before * 100:.0f}%",
                before=shown(BY_CODE[code], before),
                now=shown(BY_CODE[code], now),
                unit=UNIT_WORDS[BY_CODE[code].unit],
            )
        )
    return said


def _late(board: Board, on_time: float, late: int) -> str:
    words = {"share": shown(BY_CODE["on_time"], on_time), "late": f"{late:,}"}
    places = sorted(board.places, key=lambda row: -row.late)
    if late >= LATE_LEAST and len(places) > 1 and places[0].late >= CONCENTRATED * late:
        portion = f"{places[0].late / late * 100:.0f}"
        return _(
            "{share} % were handled on time, short of the target:"
            " of {late} late cases, {portion} % happened in {place}."
        ).format(place=places[0].name, portion=portion, **words)
    matters = sorted(board.categories, key=lambda row: -row.late)
    if late >= LATE_LEAST and len(matters) > 1 and matters[0].late >= CONCENTRATED * late:
        portion = f"{matters[0].late / late * 100:.0f}"
        return _(
            "{share} % were handled on time, short of the target:"
            " of {late} late cases, {portion} % are {matter}."
        ).format(matter=matters[0].name, portion=portion, **words)
    return _(
        "{share} % were handled on time, short of the target: {late} cases were late, in no place above all."
    ).format(**words)


def open_before_and_after(board: Board) -> tuple[int, int]:
    """How many cases were open when the period began and when it ended."""
    coming, going = board.coming_in, board.going_out
    after = board.now["open"] - sum(
        figures[coming] - figures[going] for day, figures in board.by_day.items() if day > board.span.last
    )
    within = sum(
        figures[coming] - figures[going]
        for day, figures in board.by_day.items()
        if board.span.first <= day <= board.span.last
    )
    return max(0, after - within), max(0, after)


def _backlog(board: Board) -> str | None:
    before, after = open_before_and_after(board)
    if max(before, after) < SMALL or abs(after - before) < BACKLOG_CHANGE * max(1, before):
        return None
    words = {"before": f"{before:,}", "after": f"{after:,}"}
    if after > before:
        return _("more came in than went out: open cases rose from {before} to {after}.").format(**words)
    return _("more went out than came in: open cases fell from {before} to {after}.").format(**words)


# --- titles: each says what its own chart or table shows ------------------------------------------


def flow_title(board: Board) -> str:
    before, after = open_before_and_after(board)
    came, went = board.now[board.coming_in], board.now[board.going_out]
    if not came and not went:
        return _("Nothing came in and nothing went out")
    words = {"before": f"{before:,}", "after": f"{after:,}"}
    if after > before * (1 + BACKLOG_CHANGE):
        return _("More came in than went out: open cases rose from {before} to {after}").format(**words)
    if after < before * (1 - BACKLOG_CHANGE):
        return _("More went out than came in: open cases fell from {before} to {after}").format(**words)
    return _("What came in went out again: open cases {before} before, {after} after").format(**words)


def flow_note(board: Board) -> str:
    """What the two lines are."""
    note = _("Sent to the unit, and handled") if board.counts_units else _("Received, and closed")
    if board.flow_leaves_out_today:
        note += " · " + _("without today, which is not over")
    return note


def ages_title(board: Board) -> str:
    oldest, total = board.ages[-1].open, board.now["open"]
    if not total:
        return _("Nothing is open")
    if oldest:
        return ngettext(
            "{count} case has been open for more than 30 days",
            "{count} cases have been open for more than 30 days",
            oldest,
        ).format(count=f"{oldest:,}")
    return _("No open case is older than 30 days")


def whole_name(board: Board) -> str:
    """What places are compared with: the district, or what is left of it by the filters."""
    is_district = board.scope.is_district and not board.asked.is_narrowed
    return _("the district") if is_district else _("the whole")


def league_title(board: Board) -> str:
    whole = whole_name(board)
    rows = board.places
    slower = [row.name for row in rows if row.verdict == "slower"]
    better = [row.name for row in rows if row.verdict == "better"]
    if not any(row.verdict != "small" for row in rows):
        return _("Too few cases to compare places")
    if slower:
        return _("{places} slower than {whole}").format(places=listed(slower), whole=whole)
    if better:
        return _("{places} faster than {whole}, none slower").format(places=listed(better), whole=whole)
    return _("No place differs from {whole} by more than chance").format(whole=whole)


def listed(names: Sequence[str]) -> str:
    """Up to three names, or two and how many more."""
    if len(names) > 3:
        return _("{names} and {count} more").format(names=_(", ").join(names[:2]), count=len(names) - 2)
    return _(", ").join(names)


def map_title(board: Board) -> str:
    rows = [row for row in board.communities if row.late]
    total = sum(row.late for row in rows)
    if not total:
        return _("No community had a late case")
    gathered, count = 0, 0
    for row in rows:
        gathered += row.late
        count += 1
        if gathered * 2 >= total:
            break
    if count <= 3:
        return _("{places} hold half of the late cases").format(
            places=listed([row.name for row in rows[:count]])
        )
    return _("Half of the late cases are in {count} of {all} communities").format(
        count=count,
        all=len(board.names.communities) if not board.selection.streets else len(board.communities),
    )


def changes_title(board: Board) -> str:
    if not board.has_before:
        return nothing_before(board)
    if not board.changes:
        return _("In no place did any matter get worse by more than chance")
    first = board.changes[0]
    return ngettext(
        "{count} thing got worse: {place}, {matter}",
        "{count} things got worse, above all {place}, {matter}",
        len(board.changes),
    ).format(
        count=len(board.changes),
        place=board.names.street(first.street),
        matter=board.names.category(first.category),
    )


def units_title(board: Board) -> str:
    return _worst_title(board.units, _("No unit was late"))


def categories_title(board: Board) -> str:
    return _worst_title(board.categories, _("No matter was late"))


def _worst_title(rows: Sequence[Group], none: str) -> str:
    judged = [row for row in rows if row.now["due"] >= SMALL]
    total = sum(row.late for row in rows)
    if not total:
        return none
    if not judged:
        return _("Too few cases fell due to compare")
    worst = min(judged, key=lambda row: (row.on_time or 0.0, -row.late))
    if worst.on_time == 1:
        return none
    words = {
        "name": worst.name,
        "share": f"{(worst.on_time or 0) * 100:.1f}",
        "late": worst.late,
        "least": SMALL,
    }
    if len(judged) == 1:
        return _("Only {name} had {least} cases fall due: on time {share} %, {late} late").format(**words)
    if any(row.now["due"] and (row.on_time or 0.0) < (worst.on_time or 0.0) for row in rows):
        # ○ rows below stand lower, with too few cases to say so of them.
        return _("Of those with {least} due, {name} was on time least often: {share} %, {late} late").format(
            **words
        )
    return _("{name} was on time least often: {share} %, {late} late").format(**words)


CHANGE_WORDS: Final = {
    "handle": lambda: _("Handling time"),
    "intake": lambda: _("Cases received"),
    "on_time": lambda: pgettext("indicator", "On time"),
}


def change_word(change: Change) -> str:
    """What got worse, in a word."""
    return CHANGE_WORDS[change.what]()


def levels_title(board: Board) -> str:
    """小事不出街区: how much of what began below the district was settled where it began."""
    began = sum(board.now[f"began_{level}"] for level in "abc")
    stayed = sum(board.now[f"stayed_{level}"] for level in "abc")
    if not began:
        return _("Nothing handled had begun below the district")
    return _("{share} of what began below the district was settled where it began").format(
        share=f"{100 * stayed / began:.1f}%"
    )
