"""The pages: boards, their numbers as files, definitions."""

from typing import Any, cast
from urllib.parse import parse_qsl

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.roles import Role
from dashboards import charts, drill, findings, heat, list_pages, places, present, sheets, steps, story
from dashboards.filters import AGAINST, HEATS, PERIODS, addressed
from dashboards.indicators import ALL, SMALL, UNIT_WORDS, shown
from dashboards.leading import LeaderBoard
from dashboards.learning_shown import DEFINITIONS
from dashboards.models import ScoringPeriod
from dashboards.opened import Opened
from dashboards.reading import one_state
from dashboards.scope import BOARD_ROLES, scope_of
from dashboards.scoring.opening import periods_of
from dashboards.tables import TABLES
from dispatch.vocabulary import Source
from incidents.pages.access import person, staff

CREDIT = "© GeoNames, CC BY 4.0"
# Facts may wait this long before the page says that folding has stopped, in seconds.
STALE_AFTER = 120
OVERDUE_SHOWN = 8


@require_safe
@staff(*BOARD_ROLES)
@one_state()
def board(request: HttpRequest) -> HttpResponse:
    """How the district, a street or a unit is doing, by what the viewer may see."""
    opened = Opened(request)
    return render(request, "dashboards/board.html", _board_context(opened))


@require_safe
@staff(*BOARD_ROLES)
@one_state()
def street(request: HttpRequest, code: str) -> HttpResponse:
    """The same for one street, with the way back and to the next one."""
    query = request.GET.copy()
    query.setlist("street", [code])
    opened = Opened(request, query)
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
def values(request: HttpRequest) -> HttpResponse:
    """What the map of communities is coloured by."""
    return JsonResponse(places.map_values(Opened(request).board()))


@require_safe
@staff(*BOARD_ROLES)
@one_state()
def data(request: HttpRequest, name: str) -> HttpResponse:
    """One of the board's tables as CSV, under the same filters."""
    if name not in TABLES:
        raise Http404
    opened = Opened(request)
    if opened.form.errors:  # a file of other numbers than asked for would be taken for them
        return render(request, "dashboards/bad_filters.html", {"form": opened.form}, status=400)
    heads, rows = TABLES[name](opened.board())
    span = opened.asked.period.span
    return sheets.download(
        sheets.lines(heads, rows, taken_by=person(request)), f"{name}-{span.first}-{span.last}"
    )


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


def _board_context(opened: Opened) -> dict[str, Any]:
    board = opened.board()
    asked = opened.asked
    link = present.link_of(board)
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
        "spot_least": story.SPOT_LEAST,
        "spots_title": story.spots_title(board),
        "compares": board.knows_matters,
        "shows_units": len(board.units) > 1,
        **_widths(board),
        "map_area": board.selection.streets[0] if len(board.selection.streets) == 1 else "",
        "change_least": SMALL,
        "map_title": story.map_title(board),
        "map_shares": places.map_shows_shares(board),
        "map_url": addressed(reverse("board-values"), asked.query()),
        "communities": places.map_rows(board),
        "credit": CREDIT,
        "league": places.league(board),
        "league_chart": charts.league(board),
        "official": _official(opened),
        "overdue": _overdue(opened, board),
        "points": findings.points(board, link),
        "csv": {name: addressed(reverse("board-data", args=[name]), asked.query()) for name in TABLES},
        **_moved(board, link),
        "steps": steps.chart(board, link) if steps.taken(board) else None,
        "steps_title": steps.title(board),
        "steps_note": steps.note(board),
        **_satisfaction(board, link),
        "calendar": heat.calendar(board),
        "heats": [
            {"name": name, "url": _here(opened, heat=key), "is_shown": key == asked.heat}
            for key, name in HEATS.items()
        ],
        "flow": charts.flow(board, link),
        "flow_title": story.flow_title(board),
        "flow_note": story.flow_note(board),
        "ages": charts.ages(board, link),
        "ages_title": story.ages_title(board),
        "levels": present.levels(board),
        "levels_title": story.levels_title(board),
        "units": _first_rows(opened, board, "units"),
        "units_title": story.units_title(board),
        "matters": _first_rows(opened, board, "matters"),
        "matters_title": story.categories_title(board),
        "small": SMALL,
        "form_action": reverse("board"),
    }


def _first_rows(opened: Opened, board: LeaderBoard, name: str) -> dict[str, Any]:
    """The first rows of the table of units or of matters, and where all of them are; or all of them."""
    groups = board.units if name == "units" else board.categories
    shown = groups if opened.whole == name else groups[: present.FIRST_ROWS]
    return {
        "id": name,
        "rows": present.rows_of(board, shown),
        "more": len(groups) - len(shown),
        "more_url": f"{_here(opened, all=name)}#{name}",
    }


def _widths(board: LeaderBoard) -> dict[str, str]:
    """Units and matters stand beside each other where both are compared."""
    half = "span-6" if board.knows_matters else ""
    return {"units_width": half, "matters_width": half}


def _moved(board: LeaderBoard, link: present.Link) -> dict[str, Any]:
    """Matters that moved, and what a change of the handling time is made of, where matters are known."""
    if not board.knows_matters:
        return {}
    return {
        "moved": charts.moved(board, link) if board.moved else None,
        "moved_title": findings.moved_title(board),
        "pieces": charts.pieces(board, link) if board.pieces else None,
        "pieces_title": findings.pieces_title(board),
    }


def _satisfaction(board: LeaderBoard, link: present.Link) -> dict[str, Any]:
    # Nothing but marks that say "too few" would be a picture of nothing.
    has_enough = any(row.now["scored"] >= SMALL for row in charts.rated_groups(board))
    return {
        "satisfaction": charts.satisfaction(board, link) if has_enough else None,
        "satisfaction_title": findings.satisfaction_title(board),
        "satisfaction_note": findings.satisfaction_note(board),
    }


def _here(opened: Opened, **changes: Any) -> str:
    """This page with other filters."""
    return addressed(reverse("board"), opened.asked.query(**changes))


def _overdue(opened: Opened, board: LeaderBoard) -> dict[str, Any] | None:
    """Of one street or one unit, the cases that are overdue now, the oldest first."""
    if len(board.selection.streets) != 1 and not board.counts_units:
        return None
    entry = cast(drill.CaseList, drill.LISTS["overdue"])
    rows = drill.cases(entry, board.selection, opened.at, opened.user)[:OVERDUE_SHOWN]
    count = board.now["overdue"]
    return {
        "rows": list(list_pages.listed(entry, opened, rows)),
        "title": ngettext("{count} case is overdue now", "{count} cases are overdue now", count).format(
            count=f"{count:,}"
        )
        if count
        else _("Nothing is overdue now"),
        "url": present.link_of(board)("overdue"),
    }


def _official(opened: Opened) -> dict[str, str]:
    """The newest frozen period of scores that the viewer may open."""
    period = periods_of(opened.user).exclude(status=ScoringPeriod.Status.OPEN).order_by("-last", "pk").first()
    if period is None:
        return {"name": "", "url": reverse("scoring")}
    return {"name": period.name, "url": reverse("scoring-period", args=[period.key])}


def _spots(board: LeaderBoard) -> list[dict[str, Any]]:
    """As many of the latest places and matters as leave room for what got worse."""
    spots = story.spots_worth_telling(board)[: max(2, 6 - len(board.changes))]
    return [present.spot_row(board, street, category, figures) for street, category, figures in spots]


def _subline(board: LeaderBoard) -> str:
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


def _scope_name(board: LeaderBoard) -> str:
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


def _filter_bar(opened: Opened) -> dict[str, Any]:
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
        "against": [_toggle(opened, key, str(name)) for key, name in AGAINST.items()],
        "kept": _kept(opened),
        "elapsed_url": addressed(reverse("board"), asked.query(time=None)),
        "working_url": addressed(reverse("board"), asked.query(time="working")),
        "clear_url": reverse("board"),
        "definitions_url": reverse("board-definitions"),
        "screen_url": reverse("screen") if opened.scope.unit is None else "",
        "learning_url": addressed(reverse("learning"), asked.query(source=None, time=None))
        if opened.reads_learning
        else "",
    }


def _toggle(opened: Opened, key: str, name: str) -> dict[str, Any]:
    """One of the comparisons, and the page with it taken in or away."""
    against = opened.asked.against
    chosen = [one for one in AGAINST if (one in against) != (one == key)]
    changed = None if len(chosen) == len(AGAINST) else chosen or ["none"]
    return {"name": name, "is_on": key in against, "url": _here(opened, vs=changed)}


def _kept(opened: Opened) -> list[tuple[str, str]]:
    """What the address says beside the filters that have a field of their own in the form."""
    asked = opened.asked
    kept = parse_qsl(asked.query(period=None, street=None, unit=None, category=None, source=None))
    return [(name, value) for name, value in kept if name not in ("from", "to")]
