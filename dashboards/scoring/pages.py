"""评分: the periods, and one with its league tables, what was said about it, and its revisions."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dashboards.indicators import BY_CODE, SMALL
from dashboards.models import Edition, ScoringPeriod, Standing
from dashboards.scope import Names, scope_of
from dashboards.scoring import acting, keeping, reach, shown
from dashboards.scoring.forms import RevisionForm
from dashboards.scoring.formulas import BY_VERSION
from dashboards.scoring.opening import (
    APPEALS_SHOWN,
    appeal_row,
    appeals_of,
    appeals_seen,
    period_or_404,
    periods_of,
    publisher,
    takes_appeals,
    units_of,
)
from dashboards.scoring.ranking import LEAGUES
from incidents.errors import ActionRefused, InvalidInput
from incidents.numbers import district_day

PER_PAGE = 24
REVISIONS_SHOWN = 10
League = Standing.League


@require_safe
@staff(*reach.READERS)
def periods(request: HttpRequest) -> HttpResponse:
    """The periods with what stands about each, and the appeals that wait."""
    user, at = person(request), clock.now()
    found = periods_of(user).annotate(
        revisions=Count("editions", filter=Q(editions__number__gt=0), distinct=True),
        taken=Count("exclusions__incident", distinct=True),
        asked=Count("appeals", distinct=True),
        waiting=Count("appeals", filter=Q(appeals__ruling__isnull=True), distinct=True),
    )
    page = Paginator(
        found.select_related("published_by").order_by("-first", "kind", "pk"), PER_PAGE
    ).get_page(request.GET.get("page"))
    today = district_day(at)
    waiting = appeals_seen(user).waiting().order_by("at", "pk")[:APPEALS_SHOWN]
    context = {
        "page": page,
        "rows": [
            {"period": period, "is_over": period.last < today, "formula": keeping.formula_for(period)}
            for period in page.object_list
        ],
        "waiting": [appeal_row(appeal, user) for appeal in waiting],
        "may_publish": reach.publishing_grant(user) is not None,
        "formulas": BY_VERSION.values(),
        "small": SMALL,
    }
    return render(request, "dashboards/scoring.html", context)


@require_safe
@staff(*reach.READERS)
def period(request: HttpRequest, key: str) -> HttpResponse:
    """One period: a league table as it was published (or as a revision has it), and everything about it."""
    held = period_or_404(request, key)
    return _shown(request, held)


@require_POST
@staff(Role.SUPERVISOR)
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Freeze and publish; a second press finds it done."""
    held = period_or_404(request, key)
    try:
        acting.publish(period=held.pk, actor=publisher(request), at=clock.now())
    except ActionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Published. The units have been told until when they may appeal."))
    return HttpResponseRedirect(reverse("scoring-period", args=[key]))


@require_POST
@staff(Role.SUPERVISOR)
def revise(request: HttpRequest, key: str) -> HttpResponse:
    """Date a revision by the facts as they are now."""
    held, actor = period_or_404(request, key), publisher(request)
    form = RevisionForm(request.POST)
    if not form.is_valid():
        return _shown(request, held, revision=form, status=400)
    try:
        words = form.cleaned_data["words"]
        made = acting.revise(period=held.pk, words=words, actor=actor, at=clock.now())
    except (ActionRefused, InvalidInput) as error:
        form.add_error("words" if isinstance(error, InvalidInput) else None, str(error))
        return _shown(request, held, revision=form, status=409)
    messages.success(request, _("Revision %(number)d is dated now.") % {"number": made.number})
    return HttpResponseRedirect(f"{reverse('scoring-period', args=[key])}#revisions")


# --- one period -----------------------------------------------------------------------------------


def _shown(
    request: HttpRequest, held: ScoringPeriod, *, revision: Form | None = None, status: int = 200
) -> HttpResponse:
    user, at, names = person(request), clock.now(), Names()
    scope = scope_of(user)
    assert scope is not None
    league = request.GET.get("league", League.UNIT)
    if league not in LEAGUES:
        raise Http404
    editions = list(held.editions.select_related("by", "by_unit", "note", "appeal").order_by("number"))
    edition = _edition(editions, request.GET.get("edition", ""))
    formula = keeping.formula_for(held)
    may_see_now = reach.sees_unpublished(user)
    lines: list[shown.Line] = []
    district: shown.Line | None = None
    if edition is not None:
        standings = edition.standings.filter(league__in=[league, League.DISTRICT])
        found: dict[str, list[shown.Line]] = defaultdict(list)
        for row in standings:
            found[row.league].append(shown.line_of(row))
        lines, district = found[league], found[League.DISTRICT][0]
    elif may_see_now:
        ranking = keeping.compute(held, names, at=at, leagues=[league])
        lines = [shown.line_now(row, names) for row in ranking.rows[league]]
        district = shown.line_now(ranking.district, names)
    if request.GET.get("format") == "csv" and district is not None:
        return _export(held, edition, league, lines)
    compared = request.GET.get("now") == "1" and may_see_now and edition is not None
    context = {
        "period": held,
        "edition": edition,
        "is_latest": edition is None or edition is editions[-1],
        "editions": _histories(editions),
        "formula": formula,
        "league": league,
        "leagues": [
            {"code": code, "name": League(code).label, "url": _query(request, league=code)}
            for code in LEAGUES
        ],
        "table": shown.table(
            held,
            formula,
            lines,
            district,
            scope=scope,
            names=names,
        )
        if district
        else None,
        "small": formula.small,
        "appeals": [appeal_row(appeal, user) for appeal in appeals_of(held, user)],
        "asked": held.appeals.count(),
        "waiting": held.appeals.waiting().count(),
        "taken": held.exclusions.values("incident").distinct().count(),
        "takes_appeals": takes_appeals(held, at),
        "may_appeal": bool(units_of(user)) and takes_appeals(held, at),
        "may_publish": reach.publishing_grant(user) is not None,
        "is_over": held.last < district_day(at),
        "may_compare": may_see_now and edition is not None,
        "compared": compared,
        "due": _revision_due(held, editions[-1], names, at) if compared else [],
        "revision_form": revision or RevisionForm(),
        "revision_errors": revision is not None,
        "csv_url": _query(request, format="csv"),
        "now_url": _query(request, now="1") + "#now",
    }
    return render(request, "dashboards/scoring_period.html", context, status=status)


def _edition(editions: Sequence[Edition], wanted: str) -> Edition | None:
    """The edition asked for, or the last one; none of a period that is not published."""
    if not wanted:
        return editions[-1] if editions else None
    found = next((edition for edition in editions if str(edition.number) == wanted), None)
    if found is None:
        raise Http404
    return found


def _revision_due(held: ScoringPeriod, last: Edition, names: Names, at: datetime) -> list[dict[str, Any]]:
    """What a revision made now would change."""
    return shown.changed_rows(keeping.differing(last, keeping.compute(held, names, at=at)))


def _histories(editions: Sequence[Edition]) -> list[dict[str, Any]]:
    """Every edition, the newest first; the latest revisions with what they changed."""
    told = editions[-REVISIONS_SHOWN - 1 :]
    rows: dict[int, dict[tuple[str, str], Standing]] = {edition.pk: {} for edition in told}
    if len(told) > 1:
        for row in Standing.objects.filter(edition__in=told).defer("values"):
            rows[row.edition_id][row.league, row.code] = row
    before = {edition.pk: editions[number - 1] for number, edition in enumerate(editions) if number}
    return [
        {
            "edition": edition,
            "is_first": edition.number == 0,
            "is_told": edition.number > 0 and edition.pk in rows and before[edition.pk].pk in rows,
            "changes": shown.changed_rows(keeping.changes(rows[before[edition.pk].pk], rows[edition.pk]))
            if edition.number > 0 and edition.pk in rows and before[edition.pk].pk in rows
            else [],
        }
        for edition in reversed(editions)
    ]


def _export(
    held: ScoringPeriod, edition: Edition | None, league: str, lines: Sequence[shown.Line]
) -> HttpResponse:
    """The table as a spreadsheet reads it, numbers with all their digits."""
    values = ("handle_mean", "handle_median", "on_time", "closed_share", "rework", "returned", "satisfied")
    counts = ("due", "due_met", "due_closed", "handled", "reworked", "came_back", "scored")

    file = StringIO()
    writer = csv.writer(file)
    file.write("\ufeff")
    heads = (_("Period"), _("Edition"), _("Code"), _("Name"), _("Verdict"), _("Score"), _("Same mix"), "±")
    writer.writerow(
        [*heads, _("Excluded"), *(f"{BY_CODE[code].name} ({BY_CODE[code].unit})" for code in values), *counts]
    )
    for line in lines:
        writer.writerow(
            [
                held.key,
                edition.number if edition else "",
                line.code,
                line.name,
                line.verdict,
                *(
                    "" if number is None else f"{number:.2f}"
                    for number in (line.score, line.adjusted, line.half)
                ),
                line.excluded,
                *("" if (value := line.values.get(code)) is None else f"{value:.4f}" for code in values),
                *(line.counts[name] for name in counts),
            ]
        )
    response = HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"scores-{held.key}-{league}" + (f"-{edition.number}" if edition else "-preview")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _query(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name in ("format", "now"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return f"?{query.urlencode()}"
