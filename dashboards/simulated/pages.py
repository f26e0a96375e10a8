"""/simulation/: what a simulated year came to, for those whose boards would be mistaken for it."""

import csv
import json
from io import StringIO
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import staff
from accounts.roles import Role
from dashboards.models import SimulationRun
from dashboards.simulated import shown

READERS = (Role.LEADER, Role.SUPERVISOR)
# So many earlier runs are offered beside the one that is shown.
RUNS_SHOWN = 6
_DIGEST_SHOWN = 12


@require_safe
@staff(*READERS)
def simulation(request: HttpRequest) -> HttpResponse:
    """The newest run, or the one that `run` names; as a page, a table or the document itself."""
    runs = list(SimulationRun.objects.defer("document")[:RUNS_SHOWN])
    wanted = request.GET.get("run", "")
    if wanted:
        found = [run for run in runs if run.digest.startswith(wanted) and len(wanted) >= _DIGEST_SHOWN]
        if not found:
            raise Http404
        run = found[0]
    elif runs:
        run = runs[0]
    else:
        return render(request, "dashboards/simulation.html", {"run": None})
    told: dict[str, Any] = run.document
    match request.GET.get("format", ""):
        case "json":
            return _download(json.dumps(told, ensure_ascii=False, indent=1), run, "json", "application/json")
        case "csv":
            return _download(_csv(told), run, "csv", "text/csv; charset=utf-8")
    context = {
        "run": run,
        "told": told,
        "short": run.digest[:_DIGEST_SHOWN],
        "runs": [(one, one.digest[:_DIGEST_SHOWN]) for one in runs] if len(runs) > 1 else [],
        "minutes": max(1, round(told["seconds"] / 60)),
        "reports": sum(one["reports"] for one in told["runs"]),
        "title": shown.title(told),
        "verdicts": shown.verdicts(told),
        "bars": [(what, shown.comparison(told, what)) for what in ("dispatch", "handling")],
        "parts": [
            (what, shown.parts(told, what), [shown.mean(told, what, way) for way in shown.WAYS])
            for what in ("dispatch", "handling")
        ],
        "parts_title": shown.parts_title(told),
        "dispatch_within": shown.within(told, "dispatch"),
        "dispatch_within_title": shown.within_title(told, "dispatch", 2),
        "handling_within": shown.within(told, "handling"),
        "handling_within_title": shown.within_title(told, "handling", 7),
        "others": shown.others(told),
        "assumptions": shown.assumptions(told),
        "scales": shown.scales(told),
    }
    if told["sensitivity"]:
        context["sensitivity"] = [(what, shown.sensitivity(told, what)) for what in ("dispatch", "handling")]
        context["sensitivity_title"] = shown.sensitivity_title(told)
    return render(request, "dashboards/simulation.html", context)


def _csv(told: dict[str, Any]) -> str:
    file = StringIO()
    file.write("\ufeff")
    csv.writer(file).writerows(shown.table(told))
    return file.getvalue()


def _download(text: str, run: SimulationRun, ending: str, kind: str) -> HttpResponse:
    name = f"simulation-{run.made_at:%Y%m%d}-{run.digest[:_DIGEST_SHOWN]}.{ending}"
    return HttpResponse(
        text, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
