"""How the streets compare, for everybody: of periods that are published and frozen, and of nothing else."""

from typing import Any, Final

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboards import indicators
from dashboards.models import Edition, ScoringPeriod, Standing
from dashboards.scoring import shown
from dashboards.scoring.formulas import BY_VERSION

KEPT: Final = 24
_ORDER: Final = (
    Standing.Verdict.BETTER,
    Standing.Verdict.ALIKE,
    Standing.Verdict.WORSE,
    Standing.Verdict.SMALL,
)
_STATES: Final = {
    Standing.Verdict.BETTER: "on",
    Standing.Verdict.WORSE: "overdue",
}


@require_safe
def league(request: HttpRequest) -> HttpResponse:
    """The newest published period, or the one that is asked for; its last edition as it was written down."""
    periods = list(
        ScoringPeriod.objects.exclude(status=ScoringPeriod.Status.OPEN).order_by("-first", "-last", "-pk")[
            :KEPT
        ]
    )
    asked = request.GET.get("period", "")
    period = next((one for one in periods if one.key == asked), None)
    if asked and period is None:
        raise Http404
    period = period or next(iter(periods), None)
    context: dict[str, Any] = {"periods": periods, "period": period}
    if period is not None:
        context.update(_standings(period))
    return render(request, "resident/league.html", context)


def _standings(period: ScoringPeriod) -> dict[str, Any]:
    streets = Standing.objects.filter(league__in=(Standing.League.STREET, Standing.League.DISTRICT))
    editions = period.editions.prefetch_related(Prefetch("standings", streets, to_attr="streets"))
    edition: Edition = editions.order_by("-number")[0]
    lines = [shown.line_of(one) for one in edition.streets]  # type: ignore[attr-defined]
    district = next((line for line in lines if line.league == Standing.League.DISTRICT), None)
    rows = sorted(
        (line for line in lines if line.league == Standing.League.STREET),
        key=lambda line: (_ORDER.index(Standing.Verdict(line.verdict)), line.code),
    )
    return {
        "edition": edition,
        "formula": BY_VERSION[edition.formula],
        "rows": [_row(line) for line in rows],
        "whole": _row(district) if district else None,
        "finding": shown.finding(rows),
    }


def _value(code: str, line: shown.Line) -> str:
    return indicators.shown(indicators.BY_CODE[code], line.values.get(code))


def _row(line: shown.Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "verdict": Standing.Verdict(line.verdict).label,
        "state": _STATES.get(Standing.Verdict(line.verdict), ""),
        "due": line.counts["due"],
        "on_time": _value("on_time", line),
        "rework": _value("rework", line),
        "days": _value("handle_mean", line),
        "satisfied": _value("satisfied", line) if line.counts["scored"] >= 30 else "—",
        "excluded": line.excluded,
    }
