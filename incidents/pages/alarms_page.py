"""误报: which words raise emergencies, and how often nothing was there; for whoever keeps the table."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.roles import Role
from config import clock
from dispatch.edition import edition
from dispatch.explain import Explainer
from dispatch.vocabulary import Source
from incidents import dangers
from incidents.pages.access import person, staff

DAYS = (7, 30, 90)
DANGERS: dict[str, Any] = {
    "gas": gettext_lazy("Gas"),
    "lift": gettext_lazy("Trapped in a lift"),
    "electric": gettext_lazy("Live current"),
    "missing": gettext_lazy("Somebody missing"),
    "suicide": gettext_lazy("Own life"),
    "fire": gettext_lazy("Fire"),
    "explosion": gettext_lazy("Explosion"),
    "water": gettext_lazy("Water"),
    "collapse": gettext_lazy("Collapse"),
    "violence": gettext_lazy("Violence"),
    "medical": gettext_lazy("Somebody's health"),
    "poison": gettext_lazy("Poison"),
    "trapped": gettext_lazy("Somebody trapped"),
    dangers.GUESSED: gettext_lazy("Only guessed, by the category"),
}


@require_GET
@staff(Role.SUPERVISOR, Role.STEWARD)
def alarms(request: HttpRequest) -> HttpResponse:
    """Alarms of a period by words and by source, a street's people those of their street; three queries
    however many there were."""
    at = clock.now()
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, DAYS) else DAYS[1]
    period: dict[str, Any] = {"since": at - timedelta(days=days), "until": at}
    period["where"] = dangers.within(person(request))
    names = Explainer(edition().names)
    context = {
        "days": days,
        "choices": [(one, _("%(count)d days") % {"count": one}) for one in DAYS],
        "total": dangers.total(**period),
        "phrases": [
            {
                "tally": one,
                "words": names.category(one.key) if one.danger == dangers.GUESSED else one.key,
                "danger": DANGERS.get(one.danger, one.danger),
            }
            for one in dangers.by_phrase(**period)
        ],
        "sources": [
            {"tally": one, "source": Source(one.key).label if one.key in Source.values else one.key}
            for one in dangers.by_source(**period)
        ],
    }
    return render(request, "incidents/alarms.html", context)
