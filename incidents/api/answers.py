"""What a report's filing answers: the case, the unit and the reasons, readable at once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils import timezone
from rest_framework.request import Request

from dispatch.edition import recent_edition
from dispatch.explain import Explainer, ExplainerOfMany
from dispatch.facts import Decision
from grids.explain import sentences
from grids.locate import Place
from incidents.intake import Receipt
from incidents.models import DecisionRecord, Incident


def explainer() -> Explainer:
    """Makes sentences in the names of the list that is live."""
    return Explainer(recent_edition().names)


def instant(at: datetime | None) -> str | None:
    """An instant as every answer writes it: the district's time, with its offset."""
    return timezone.localtime(at).isoformat() if at else None


@lru_cache(maxsize=8)
def _cases_path(_urlconf: str | None, _prefix: str) -> str:
    """Where the cases are; asked with every report, and as lasting as the two that decide it."""
    return reverse("api:incidents")


def incident_url(request: Request, number: str) -> str:
    return request.build_absolute_uri(reverse("api:incident", args=[number]))


class Receipts:
    """Answers to whoever files: for a thousand reports, what they share is made once."""

    def __init__(self, request: Request) -> None:
        self._cases = request.build_absolute_uri(_cases_path(get_urlconf(), get_script_prefix()))
        self._explain = ExplainerOfMany(recent_edition().names)
        self._instants: dict[datetime | None, str | None] = {}

    def answer(self, receipt: Receipt) -> dict[str, Any]:
        """The body of a 201, and of a 200 for the same report again."""
        incident = receipt.incident
        return {
            "report": receipt.report.pk,
            "incident": _case(incident, f"{self._cases}{incident.number}/", self._instant(incident.due_at)),
            "decision": record_answer(receipt.decision, self._explain),
        }

    def _instant(self, at: datetime | None) -> str | None:
        told = self._instants.get(at)
        if told is None:
            told = self._instants[at] = instant(at)
        return told


def case_answer(incident: Incident, request: Request) -> dict[str, Any]:
    """The case, as short as whoever files needs it."""
    return _case(incident, incident_url(request, incident.number), instant(incident.due_at))


def _case(incident: Incident, url: str, due_at: str | None) -> dict[str, Any]:
    return {
        "number": incident.number,
        "status": incident.status,
        "category": incident.category_id,
        "unit": incident.owner_unit_id,
        "due_at": due_at,
        "url": url,
    }


def record_answer(record: DecisionRecord | None, explain: Explainer) -> dict[str, Any] | None:
    """A decision as it was made, with the sentences of the machine's reasons."""
    if record is None:
        return None
    return {
        "outcome": record.outcome,
        "item": record.item_code or None,
        "unit": record.unit_code or None,
        "confidence": round(record.confidence, 4),
        "reasons": told_reasons(record.detail.get("reasons", ()), explain),
    }


def decision_answer(decision: Decision, place: Place, explain: Explainer) -> dict[str, Any]:
    """The whole of a decision that was only asked about."""
    return {
        "outcome": decision.outcome,
        "category": decision.category,
        "category_name": explain.category(decision.category) if decision.category else "",
        "item": decision.item,
        "item_name": explain.names.items.get(decision.item or "", ""),
        "unit": decision.unit,
        "unit_name": explain.unit(decision.unit) if decision.unit else "",
        "confidence": round(decision.confidence, 4),
        "reasons": [_told(reason.as_json(), explain) for reason in decision.reasons],
        "candidates": [candidate_answer(one.as_json(), explain) for one in decision.candidates],
        "urgency": decision.urgency,
        "level": decision.level,
        "dispatch_minutes": decision.dispatch_minutes,
        "accept_minutes": decision.accept_minutes,
        "handle_limit": str(decision.handle_limit),
        "support_units": list(decision.support_units),
        "follow_up_unit": decision.follow_up_unit,
        "supervising_unit": decision.supervising_unit,
        "triage_codes": list(decision.triage_codes),
        "list_version": decision.list_version,
        "model": decision.model,
        "place": {**place.as_json(), "evidence": _told_place(place)},
        "facts": decision.facts.as_json(),
    }


def told_reasons(reasons: Iterable[Mapping[str, Any]], explain: Explainer) -> list[dict[str, Any]]:
    """Stored reasons with their sentences in the reader's language."""
    return [_told(reason, explain) for reason in reasons]


def _told(reason: Mapping[str, Any], explain: Explainer) -> dict[str, Any]:
    return {
        "code": reason["code"],
        "params": dict(reason.get("params", {})),
        "text": explain.sentence(reason),
    }


def _told_place(place: Place) -> list[dict[str, Any]]:
    return [
        {"code": item["code"], "params": dict(item["params"]), "text": text}
        for item, text in zip(place.evidence, sentences(place.evidence), strict=True)
    ]


def candidate_answer(candidate: Mapping[str, Any], explain: Explainer) -> dict[str, Any]:
    """A candidate, live or stored, with its sentences."""
    return {
        "item": candidate["item"],
        "item_name": explain.names.items.get(candidate["item"], ""),
        "category": candidate["category"],
        "unit": candidate["unit"],
        "unit_name": explain.unit(candidate["unit"]) if candidate["unit"] else "",
        "unit_pattern": candidate["unit_pattern"],
        "probability": round(candidate["probability"], 4),
        "held": told_reasons(candidate["held"], explain),
        "failed": told_reasons(candidate["failed"], explain),
    }
