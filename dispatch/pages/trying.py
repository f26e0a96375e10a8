"""试一句话: what the list makes of a sentence or of any facts, and why; nothing is written."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dispatch import explaining, service
from dispatch.edition import edition, edition_of
from dispatch.explain import Explainer
from dispatch.pages.explained import shown_categories, shown_decision, underlined
from dispatch.pages.try_form import TryForm
from dispatch.vocabulary import Nature, PlaceType


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*Role)
def try_sentence(request: HttpRequest) -> HttpResponse:
    """The form, and under POST the answer beside it. A link may bring facts along to begin with."""
    now, at = edition(), clock.now()
    given = request.POST if request.method == "POST" else None
    begun = {name: request.GET[name] for name in TryForm.base_fields if name in request.GET}
    form = TryForm(given, initial=begun, user=person(request), now=now, at=at)
    if given is None or not form.is_valid():
        return render(
            request, "dispatch/try.html", {"form": form, "now": now}, status=400 if form.errors else 200
        )
    return render(request, "dispatch/try.html", {"form": form, "now": now, **_tried(form)})


def _tried(form: TryForm) -> dict[str, Any]:
    version = form.chosen
    now = edition_of(version) if version else form.now
    request = form.request()
    facts = service.read([request], now=now)[0]
    told = explaining.explain(facts, now=now)
    explain = Explainer(now.names)
    return {
        "version": version,
        "tried": now,
        "decision": shown_decision(told.decision.as_json(), now),
        "categories": shown_categories(told, now),
        "pieces": underlined(request.text, told.decision, now),
        "guesses": [(explain.category(guess.code), guess.probability) for guess in facts.categories[:3]],
        "facts": facts,
        "nature": Nature(facts.nature).label if facts.nature else "",
        "place_type": PlaceType(facts.place_type).label if facts.place_type else "",
        "owner": explain.unit(facts.owner) if facts.owner else "",
    }
