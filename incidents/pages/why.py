"""为什么: why a case went where it went, as it was decided, beside what the live list would say now."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.roles import Role
from dispatch import explaining
from dispatch.edition import Edition, edition, edition_of
from dispatch.explain import Explainer
from dispatch.explaining import Explanation
from dispatch.facts import Facts
from dispatch.items import normal_form
from dispatch.pages.explained import ShownDecision, shown_categories, shown_decision, underlined
from incidents.models import DecisionRecord, Incident
from incidents.pages.access import CASE_ROLES, case_or_404, staff
from incidents.pages.wording import described


@require_GET
@staff(*CASE_ROLES, Role.STEWARD)
def why(request: HttpRequest, number: str) -> HttpResponse:
    """The machine's decision of this case, then and now, with every item that was asked."""
    incident = case_or_404(request, number)
    context: dict[str, Any] = {"case": incident, "title": described(incident, incident.received_at)["title"]}
    records = incident.decisions.select_related("responsibility_list", "made_by", "report__text")
    machine = next((one for one in records if one.made_by_id is None and "facts" in one.detail), None)
    by_people = [one for one in records if one.made_by_id is not None]
    if machine is not None:
        context |= _then_and_now(machine, incident)
    explain = Explainer(edition().names)
    context["by_people"] = [
        {"record": one, "unit": explain.unit(one.unit_code), "item": explain.item(one.item_code)}
        for one in by_people
    ]
    return render(request, "incidents/why.html", context)


def _then_and_now(record: DecisionRecord, incident: Incident) -> dict[str, Any]:
    text = (record.report or incident).text.body
    facts = Facts.from_json(record.detail["facts"])
    then, now = edition_of(record.responsibility_list), edition()
    # The text is read again for the words of the list that decides now: others than then may count.
    words = now.index.hits(normal_form(text)) if text else facts.keywords
    told_now = explaining.explain(replace(facts, keywords=words), now=now)
    told_then = explaining.explain(facts, now=then)
    decision_then = shown_decision(record.detail, then)
    decision_now = shown_decision(told_now.decision.as_json(), now)
    return {
        "record": record,
        "pieces": underlined(text, told_then.decision, then),
        "then": _side(decision_then, told_then, then),
        "now": _side(decision_now, told_now, now),
        "same_list": record.responsibility_list_id == now.list_id,
        "differs": {
            name
            for name in ("unit", "item", "is_dispatched", "handle_limit")
            if getattr(decision_then, name) != getattr(decision_now, name)
        },
        # What is kept is what was decided; the rows are reckoned again from its facts and its list.
        "reckoned_otherwise": told_then.decision.item != (record.item_code or None),
    }


def _side(decision: ShownDecision, told: Explanation, by: Edition) -> dict[str, Any]:
    return {"decision": decision, "categories": shown_categories(told, by)}
