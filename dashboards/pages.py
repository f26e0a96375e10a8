"""The pages: boards, lists behind their numbers, definitions."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.roles import Role
from config import clock
from dashboards import charts, drill, present, story
from dashboards.board import Board
from dashboards.filters import PERIODS, Asked, FilterForm, understand
from dashboards.indicators import ALL, SMALL, UNIT_WORDS, day_length, shown
from dashboards.learning_shown import DEFINITIONS
from dashboards.scope import BOARD_ROLES, Names, Scope, learning_scope_of, scope_of
from dispatch.vocabulary import Source
from incidents.models import Incident, Outcome
from incidents.numbers import district_day
from incidents.pages.access import staff

CREDIT = "© GeoNames, CC BY 4.0"
# Facts may wait this long before the page says that folding has stopped, in seconds.
STALE_AFTER = 120
PER_PAGE = 50
EXPORT_MOST = 20_000


class _Opened:
    """A request's scope, names and filters."""

    def __init__(self, request: HttpRequest, query: QueryDict | None = None) -> None:
        scope = scope_of(request.user)
        if scope is None:
            raise PermissionDenied
        self.scope: Scope = scope
        self.reads_learning = learning_scope_of(request.user) is not None
        self.names = Names()
        self.at = clock.now()
        self.form = FilterForm(
            request.GET if query is None else query,
            scope=scope,
            names=self.names,
            today=district_day(self.at),
        )
        self.asked: Asked = understand(self.form, scope=scope, names=self.names)

    def board(self) -> Board:
        return Board(self.asked, scope=self.scope, names=self.names, at=self.at)


@require_safe
@staff(*BOARD_ROLES)
def board(request: HttpRequest) -> HttpResponse:
    """How the district, a street or a unit is doing, by what the viewer may see."""
    opened = _Opened(request)
    return render(request, "dashboards/board.html", _board_context(opened))


@require_safe
@staff(*BOARD_ROLES)
def street(request: HttpRequest, code: str) -> HttpResponse:
    """The same for one street, with the way back and to the next one."""
    query = request.GET.copy()
    query.setlist("street", [code])
    opened = _Opened(request, query)
    if opened.asked.streets != (code,):
        raise Http404
    codes = [opened.scope.street] if opened.scope.street else list(opened.names.streets)
    index = codes.index(code)
    tail = opened.asked.query(street=None)
    links = {
        name: reverse("board-street", args=[codes[(index + step) % len(codes)]])
        + (f"?{tail}" if tail else "")
        for name, step in (("previous", -1), ("next", 1))
    }
    context = _board_context(opened) | {
        "street_name": opened.names.street(code),
        "street_links": links if len(codes) > 1 else {},
        "whole_url": reverse("board") + (f"?{tail}" if tail else ""),
        "form_action": reverse("board"),
    }
    return render(request, "dashboards/board.html", context)


@require_safe
@staff(*BOARD_ROLES)
def cases(request: HttpRequest) -> HttpResponse:
    """The cases behind a number: exactly as many as it said."""
    entry = drill.LISTS.get(request.GET.get("list", ""))
    if entry is None:
        raise Http404
    opened = _Opened(request)
    if opened.form.errors:  # a list under other filters than asked for would not be the number's
        return render(request, "dashboards/bad_filters.html", {"form": opened.form}, status=400)
    span = opened.asked.period.span.until(opened.asked.today)
    rows: Any
    if isinstance(entry, drill.FactList):
        rows = drill.facts(entry, opened.asked.selection, span, request.user)
    else:
        rows = drill.cases(entry, opened.asked.selection, opened.at, request.user)
    if opened.asked.community:
        rows = drill.in_area(rows, opened.asked.community)
    if request.GET.get("format") == "csv":
        return _export(entry, opened, rows)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    is_facts = isinstance(entry, drill.FactList)
    context = {
        "entry": entry,
        "page": page,
        "rows": list(_listed(entry, opened, page.object_list)),
        "chips": _chips(opened, entry.code),
        "value_name": _value_name(entry),
        "period_name": opened.asked.period.name if is_facts else _("now"),
        "span": span if is_facts else None,
        "board_url": _with(reverse("board"), opened.asked.query(community=None)),
        "csv_url": f"?{opened.asked.query(list=entry.code, format='csv')}",
    }
    return render(request, "dashboards/cases.html", context)


@require_safe
@staff(*BOARD_ROLES)
def values(request: HttpRequest) -> HttpResponse:
    """What the map of communities is coloured by."""
    return JsonResponse(present.map_values(_Opened(request).board()))


@require_safe
@staff(*BOARD_ROLES, Role.STEWARD)
def definitions(request: HttpRequest) -> HttpResponse:
    """指标口径: every indicator with its formula, source and caveat."""
    rows = [
        {
            "indicator": indicator,
            "unit": UNIT_WORDS[indicator.unit],
            "target": shown(indicator, target) if (target := indicator.target()) is not None else "",
        }
        for indicator in ALL
    ]
    return render(
        request,
        "dashboards/definitions.html",
        {
            "rows": rows,
            "small": SMALL,
            "learning": DEFINITIONS,
            "has_board": scope_of(request.user) is not None,
        },
    )


# --- the board -------------------------------------------------------------------------------------


def _board_context(opened: _Opened) -> dict[str, Any]:
    board = opened.board()
    asked = opened.asked
    link = present.link_of(board)
    units = present.rows_of(board, board.units)
    matters = present.rows_of(board, board.categories)
    return {
        "board": board,
        "asked": asked,
        "form": opened.form,
        "filters": _filter_bar(opened),
        "freshness": _freshness(),
        "finding": story.finding(board),
        "is_empty": not (board.now or board.now["open"]),
        "subline": _subline(board),
        "cards": present.cards(board),
        "strip": present.strip(board),
        "changes_title": story.changes_title(board),
        "changes": [present.change_row(board, change) for change in board.changes],
        "spots": _spots(board),
        "compares": not (board.selection.units or board.selection.sources),
        "shows_units": len(units) > 1,
        **_widths(board, many_units=len(units) > 1),
        "map_area": board.selection.streets[0] if len(board.selection.streets) == 1 else "",
        "change_least": SMALL,
        "map_title": story.map_title(board),
        "map_shares": present.map_shows_shares(board),
        "map_url": _with(reverse("board-values"), asked.query()),
        "communities": present.rows_of(board, [row for row in board.communities if row.now["due"]]),
        "credit": CREDIT,
        "league": present.league(board),
        "flow": charts.flow(board, link),
        "flow_title": story.flow_title(board),
        "flow_note": story.flow_note(board),
        "ages": charts.ages(board, link),
        "ages_title": story.ages_title(board),
        "levels": present.levels(board),
        "levels_title": story.levels_title(board),
        "units": units[: present.FIRST_ROWS],
        "more_units": units[present.FIRST_ROWS :],
        "units_title": story.units_title(board),
        "matters": matters[: present.FIRST_ROWS],
        "more_matters": matters[present.FIRST_ROWS :],
        "matters_title": story.categories_title(board),
        "small": SMALL,
        "form_action": reverse("board"),
    }


def _widths(board: Board, *, many_units: bool) -> dict[str, str]:
    """Without comparison the flow stands beside the map, and matters beside the ages."""
    if not (board.selection.units or board.selection.sources):
        return {"units_width": "span-6", "matters_width": "span-6"}
    return {"units_width": "", "matters_width": "span-7"} if many_units else {"matters_width": "span-7"}


def _spots(board: Board) -> list[dict[str, Any]]:
    """As many of the latest places and matters as leave room for what got worse."""
    spots = board.late_spots[: max(2, 6 - len(board.changes))]
    most = spots[0][2]["due"] - spots[0][2]["due_met"] if spots else 0
    return [present.spot_row(board, street, category, figures, most) for street, category, figures in spots]


def _subline(board: Board) -> str:
    parts = [board.asked.period.name, _scope_name(board)]
    if not board.asked.period.key:
        parts = parts[1:] + parts[:1]
    parts += [
        _("{count} handled").format(count=f"{board.now['handled']:,}"),
        _("{count} dispatched").format(count=f"{board.now['dispatched']:,}"),
        _("working time") if board.selection.clock == "working" else _("elapsed time"),
        _("means count what was finished; median and nine in ten stand beside them"),
    ]
    return " · ".join(parts)


def _scope_name(board: Board) -> str:
    names = board.names
    parts = [_(", ").join(names.street(code) for code in board.selection.streets)]
    if unit := board.asked.unit or board.scope.unit:
        parts.append(unit.name)
    return " ".join(part for part in parts if part) or _("the whole district")


def _freshness() -> dict[str, Any]:
    """How far counting is, and whether it was found right: one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT ran_at FROM incidents_sweepbeat WHERE name = 'fold'),"
            " (SELECT min(o.at) FROM (SELECT outcome_id FROM dashboards_unfolded ORDER BY 1 LIMIT 1) AS u"
            "  JOIN incidents_outcome o ON o.id = u.outcome_id),"
            " (SELECT differences FROM dashboards_check ORDER BY id DESC LIMIT 1),"
            " (SELECT ran_at FROM dashboards_check ORDER BY id DESC LIMIT 1)"
        )
        folded_at, waiting_since, differences, checked_at = cursor.fetchone()
    silent = folded_at is None or (timezone.now() - folded_at).total_seconds() > STALE_AFTER
    return {
        "is_behind": waiting_since is not None and silent,
        "folded_at": folded_at,
        "differences": differences,
        "checked_at": checked_at,
    }


def _filter_bar(opened: _Opened) -> dict[str, Any]:
    asked, names = opened.asked, opened.names
    domains: dict[str, dict[str, Any]] = {}
    for category in names.categories.values():
        domain = domains.setdefault(
            category.domain_code, {"code": category.domain_code, "name": category.domain, "items_": []}
        )
        domain["items_"].append((category.code, category.name))
    root = opened.scope.unit
    units = [
        (unit.code, unit.name)
        for unit in names.units.values()
        if unit.code == names.child_of(root, unit.code) and (root is None or unit.is_within(root))
    ]
    if asked.unit and asked.unit.code not in dict(units):
        units.insert(0, (asked.unit.code, asked.unit.name))
    streets = (
        {opened.scope.street: names.street(opened.scope.street)} if opened.scope.street else names.streets
    )
    return {
        "periods": [(key, str(name)) for key, name in PERIODS.items()],
        "streets": list(streets.items()),
        "units": units,
        "domains": list(domains.values()),
        "sources": Source.choices,
        "elapsed_url": _with(reverse("board"), asked.query(time=None)),
        "working_url": _with(reverse("board"), asked.query(time="working")),
        "clear_url": reverse("board"),
        "definitions_url": reverse("board-definitions"),
        "learning_url": _with(reverse("learning"), asked.query(source=None, time=None))
        if opened.reads_learning
        else "",
    }


def _with(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


# --- lists -----------------------------------------------------------------------------------------


def _value_name(entry: drill.FactList | drill.CaseList) -> str:
    if isinstance(entry, drill.CaseList):
        return _("Due")
    return {"time": _("Took"), "score": _("Rating"), "due": _("Due")}.get(entry.shows, "")


def _listed(
    entry: drill.FactList | drill.CaseList, opened: _Opened, rows: Iterable[Outcome | Incident]
) -> Iterator[dict[str, Any]]:
    names, selection = opened.names, opened.asked.selection
    for row in rows:
        incident = row.incident if isinstance(row, Outcome) else row
        shown_row: dict[str, Any] = {
            "incident": incident,
            "category": names.category(incident.category_id or ""),
            "street": names.street(incident.street_code) if incident.street_code else "",
            "community": names.community(incident.community_code) if incident.community_code else "",
        }
        if isinstance(row, Outcome):
            shown_row |= {"unit": names.unit(row.unit_code), "at": row.at}
            if isinstance(entry, drill.FactList):
                shown_row |= _fact_value(entry, row, selection.clock)
        else:
            shown_row |= {
                "unit": row.owner_unit.name,
                "at": row.received_at,
                "due": row.due_at,
                "state": "overdue" if row.due_at and row.due_at < opened.at else "",
            }
        yield shown_row


def _fact_value(entry: drill.FactList, row: Outcome, clock_name: str) -> dict[str, Any]:
    if entry.shows == "time":
        seconds = row.working if clock_name == "working" else row.elapsed
        if entry.kind == Outcome.Kind.DISPATCHED:
            value, unit = (seconds or 0) / 3600, UNIT_WORDS["hours"]
        else:
            value, unit = (seconds or 0) / day_length(clock_name), UNIT_WORDS["days"]  # type: ignore[arg-type]
        return {"value": f"{value:,.2f}", "value_unit": unit}
    if entry.shows == "due":
        return {
            "value": _("on time") if row.on_time else _("late"),
            "state": "" if row.on_time else "overdue",
        }
    if entry.shows == "score":
        return {"value": str(row.score) if row.score else "—", "value_unit": _("of 5") if row.score else ""}
    return {}


def _chips(opened: _Opened, code: str) -> list[dict[str, str]]:
    """What the list is narrowed by, each with the address that lifts it."""
    asked, names = opened.asked, opened.names

    def without(**changes: Any) -> str:
        return f"?{asked.query(list=code, **changes)}"

    chips = [
        {"name": names.street(street), "url": without(street=[s for s in asked.streets if s != street])}
        for street in asked.streets
    ]
    if asked.community:
        chips.append({"name": names.community(asked.community), "url": without(community=None)})
    if asked.unit:
        chips.append({"name": asked.unit.name, "url": without(unit=None)})
    domains = {category.domain_code: category.domain for category in names.categories.values()}
    for category in asked.categories:
        rest = [c for c in asked.categories if c != category]
        chips.append(
            {"name": domains.get(category) or names.category(category), "url": without(category=rest)}
        )
    for source in asked.sources:
        rest = [s for s in asked.sources if s != source]
        chips.append({"name": str(Source(source).label), "url": without(source=rest)})
    return chips


class _Echo:
    """A file that hands back what is written to it, so that rows stream out one by one."""

    def write(self, value: str) -> str:
        return value


def _export(entry: drill.FactList | drill.CaseList, opened: _Opened, rows: Any) -> HttpResponse:
    """The list as CSV, without what anybody said: numbers, places and times are no personal data."""
    writer = csv.writer(_Echo())
    heads = [
        _("Case"),
        _("Category"),
        _("Street"),
        _("Community"),
        _("Unit"),
        _("Day"),
        _value_name(entry) or _("Value"),
    ]

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(heads)
        for row in _listed(entry, opened, rows[:EXPORT_MOST]):
            value = row.get("value") or (timezone.localtime(row["due"]).isoformat() if row.get("due") else "")
            yield writer.writerow(
                [
                    row["incident"].number,
                    row["category"],
                    row["street"],
                    row["community"],
                    row["unit"],
                    timezone.localtime(row["at"]).date().isoformat(),
                    value,
                ]
            )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{entry.code}.csv"'
    return response  # type: ignore[return-value]  # Django's two responses share no base that mypy knows
