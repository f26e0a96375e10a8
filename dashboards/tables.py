"""What stands on a board as plain rows, for whoever takes it along: numbers as they are, without words
around them. Each table reads only what it shows."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.templatetags.charts import table_of
from dashboards import charts, heat, places, present, steps
from dashboards.indicators import ALL, UNIT_WORDS
from dashboards.leading import LeaderBoard

Rows = Iterable[Sequence[Any]]
Table = tuple[Sequence[Any], Rows]


def plain(shown: str) -> str:
    """A number as it is shown, as a spreadsheet reads it."""
    return "" if shown == "—" else shown.replace(",", "").replace("−", "-")


def _of_chart(draw: Callable[..., dict[str, Any]]) -> Callable[[LeaderBoard], Table]:
    def table(board: LeaderBoard) -> Table:
        drawn = table_of(draw(board, present.link_of(board)))
        heads = [drawn["corner"], *drawn["heads"]]
        return heads, ([row["head"], *map(plain, row["cells"])] for row in drawn["rows"])

    return table


def _flow(board: LeaderBoard) -> Table:
    heads, rows = _of_chart(charts.flow)(board)
    days = [(step.span.first.isoformat(), step.span.last.isoformat()) for step in board.flow]
    return [_("First day"), _("Last day"), *heads[1:]], (
        [*span, *row[1:]] for span, row in zip(days, rows, strict=True)
    )


def _figures(board: LeaderBoard) -> Table:
    heads = [
        _("Code"),
        _("Indicator"),
        _("Unit of measure"),
        _("Value"),
        _("Cases"),
        board.asked.period.name_before,
        _("the same days a year before"),
        _("Target"),
    ]
    clock = board.selection.clock
    rows = []
    for one in ALL:
        values = (
            board.value(one.code),
            board.value_before(one.code),
            board.value_year_before(one.code),
            one.target(clock),
        )
        now, before, year, target = ("" if value is None else round(value, 6) for value in values)
        unit = UNIT_WORDS[one.unit] if one.unit != "share" else _("share, 0 to 1")
        rows.append([one.code, one.name, unit, now, one.base(board.now), before, year, target])
    return heads, rows


def _groups(head: str, rows: Iterable[dict[str, Any]], *, judged: bool = False) -> Table:
    heads = [_("Code"), head]
    heads += [_("Verdict"), _("Days, same mix"), _("± at 95 %")] if judged else []
    heads += [
        _("Handled"),
        _("Mean"),
        _("Median"),
        _("Nine in ten"),
        _("Change"),
        _("Dispatch, h"),
        _("On time, %"),
        _("Late"),
        _("Returned, %"),
        _("Satisfied, %"),
        _("Composite"),
    ]
    names = ("handled", "mean", "median", "p90", "delta", "dispatch")
    after = ("on_time", "late", "returned", "satisfied", "composite")
    return heads, (
        [
            row["code"],
            row["name"],
            *([row["words"], plain(row["adjusted"]), row["half"]] if judged else []),
            *(plain(row[name]) for name in names),
            *(plain(row[name]).removesuffix("%") for name in after),
        ]
        for row in rows
    )


def _units(board: LeaderBoard) -> Table:
    return _groups(_("Unit"), present.rows_of(board, board.units))


def _matters(board: LeaderBoard) -> Table:
    return _groups(_("Category"), present.rows_of(board, board.categories))


def _league(board: LeaderBoard) -> Table:
    league = places.league(board)
    rows = [
        row | {"words": group["words"], "half": row.get("half", "")}
        for group in league["groups"]
        for row in group["rows"]
    ]
    return _groups(pgettext("league", "Name"), rows, judged=True)


def _communities(board: LeaderBoard) -> Table:
    heads = [_("Code"), _("Community"), _("Fell due"), _("Late"), _("On time, %")]
    return heads, (
        [
            row.code,
            row.name,
            row.now["due"],
            row.late,
            "" if row.on_time is None else round(row.on_time * 100, 1),
        ]
        for row in board.communities
        if row.now["due"]
    )


def _changes(board: LeaderBoard) -> Table:
    heads = [
        _("Street"),
        _("Category"),
        _("Changed"),
        _("Before"),
        _("Now"),
        _("Unit of measure"),
        _("Cases"),
    ]
    rows = [present.change_row(board, change) for change in board.changes]
    names = ("street", "category", "what", "before", "now", "unit", "cases")
    return heads, ([plain(str(row[name])) for name in names] for row in rows)


def _levels(board: LeaderBoard) -> Table:
    heads = [
        pgettext("of handling", "Level"),
        _("Settled here"),
        _("Began here"),
        _("Settled where it began"),
    ]
    names = ("settled", "began", "stayed")
    return heads, ([row["name"], *(plain(row[name]) for name in names)] for row in present.levels(board))


TABLES: Final[dict[str, Callable[[LeaderBoard], Table]]] = {
    "figures": _figures,
    "changes": _changes,
    "map": _communities,
    "league": _league,
    "flow": _flow,
    "ages": _of_chart(charts.ages),
    "calendar": heat.rows,
    "moved": _of_chart(charts.moved),
    "pieces": _of_chart(charts.pieces),
    "satisfaction": _of_chart(charts.satisfaction),
    "steps": _of_chart(steps.chart),
    "units": _units,
    "matters": _matters,
    "levels": _levels,
}
