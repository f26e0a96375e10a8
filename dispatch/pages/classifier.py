"""What the classifier in use can do, as it was measured: for those who keep the list it decides by."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import staff
from dispatch.normalise.model import card
from dispatch.normalise.versions import versions
from dispatch.pages.access import LIST_ROLES

NEVER = dict.fromkeys(("threshold", "coverage", "measured"))
WANTED = (0.90, 0.95, 0.98)  # precisions that the table of thresholds shows


@require_GET
@staff(*LIST_ROLES)
def classifier(request: HttpRequest) -> HttpResponse:
    """The card of the model in use, and the models that one can go back to."""
    try:
        told = card()
    except ImproperlyConfigured:
        return render(request, "dispatch/classifier.html", {"card": None})
    context = {
        "card": told,
        "regimes": [
            _regime(
                "guessed",
                _("By its words alone"),
                told["unit"]["category_guessed"],
                settings.AUTO_DISPATCH_PRECISION,
            ),
            _regime(
                "given",
                _("With its category given"),
                told["unit"]["category_given"],
                settings.AUTO_DISPATCH_PRECISION_GIVEN,
            ),
        ],
        "with_place": told["category_and_place_given"],
        "versions": [{**one, "in_use": one["version"] == told["version"]} for one in versions()],
    }
    return render(request, "dispatch/classifier.html", context)


def _regime(wanted_of: str, name: str, told: dict[str, Any], wanted: float) -> dict[str, Any]:
    """One way in which reports come: its figures, the curve as a chart, and what each precision leaves."""
    rows = {row["precision"]: row for row in told["thresholds"]}
    curve = told["curve"]
    return {
        "id": f"curve-{wanted_of}",
        "name": name,
        "figures": told,
        "wanted": wanted,
        "rule": next((row for row in told["thresholds"] if row["precision"] >= wanted - 1e-9), None),
        "rows": [rows.get(precision, {**NEVER, "precision": precision}) for precision in WANTED],
        "chart": {
            "kind": "line",
            "x": [f"{row['from']:.0%}" for row in curve],
            "unit": "%",
            "digits": 1,
            "xName": _("Probability claimed, from"),
            "series": [
                {
                    "name": _("Claimed"),
                    "data": [round(100 * row["claimed"], 1) for row in curve],
                    "tone": "paused",
                    "dash": True,
                },
                {
                    "name": _("Right"),
                    "data": [round(100 * row["right"], 1) for row in curve],
                    "tone": "primary",
                },
            ],
        },
    }
