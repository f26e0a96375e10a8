"""Decisions: what would happen to a report, and what was decided about a case; both with their reasons."""

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiClient, Scope, User
from accounts.roles import Role
from config import clock
from dispatch import explaining, service
from dispatch.edition import Edition, edition, edition_of
from dispatch.explain import Explainer
from dispatch.explaining import CategoryRows
from dispatch.facts import place_facts
from dispatch.models import ResponsibilityList
from dispatch.stewards import is_steward
from incidents import policy
from incidents.api.access import asking_of, visible_incidents
from incidents.api.answers import candidate_answer, decision_answer, instant, told_reasons
from incidents.api.decision_outputs import ExplainedDecisionOut, RecordedDecisionOut
from incidents.api.errors import Problem
from incidents.api.fields import checked
from incidents.api.filing import Filer
from incidents.api.inputs import DecisionInput
from incidents.api.permissions import HasScope, for_roles
from incidents.models import DecisionRecord
from incidents.seeing import OVERSIGHT


class DecisionsView(APIView):
    """What would happen, and why."""

    @extend_schema(
        operation_id="decision",
        tags=["reports"],
        summary="Explain what would happen to a report; nothing is written",
        request=DecisionInput,
        responses={200: ExplainedDecisionOut},
    )
    def post(self, request: Request) -> Response:
        told = checked(DecisionInput, request.data)
        asking, place = asking_of(request), told["place"]
        now = _edition(asking, told.get("list_version"))
        asked = service.Request(
            text=told["text"],
            source=_asked_source(asking, told.get("source")),
            at=clock.now(),
            place=place_facts(place),
            category=told.get("category"),
            source_category=told.get("source_category") or None,
            nature=told.get("nature"),
            place_type=told.get("place_type"),
            owner=told.get("owner"),
            urgency=told.get("urgency"),
            attributes=told.get("attributes") or {},
        )
        explain = Explainer(now.names)
        if not told["explain"]:
            return Response(decision_answer(service.decide_many([asked], now=now)[0], place, explain))
        whole = explaining.explain(service.read([asked], now=now)[0], now=now)
        answer = decision_answer(whole.decision, place, explain)
        return Response({**answer, "explanation": [_category(one, explain) for one in whole.categories]})


class IncidentDecisionsView(APIView):
    """What was decided about a case."""

    # As the page that says why: not for a patrol, who sees the case that it found.
    permission_classes = (HasScope, for_roles(*OVERSIGHT, Role.HANDLER))
    scope = Scope.READ

    @extend_schema(
        operation_id="incident_decisions",
        tags=["incidents"],
        summary="Every decision about a case as it was made, the first one first",
        responses=RecordedDecisionOut(many=True),
    )
    def get(self, request: Request, number: str) -> Response:
        asking = asking_of(request)
        incident = get_object_or_404(visible_incidents(asking), number=number)
        records = incident.decisions.select_related("responsibility_list", "made_by").order_by("pk")
        if isinstance(asking, ApiClient):
            # The words that another system's report was decided by are that system's.
            records = records.filter(Q(report__isnull=True) | policy.own_reports(asking, "report__"))
        return Response([_recorded(one, asking) for one in records])


def _edition(asking: ApiClient | User, version: int | None) -> Edition:
    """The edition to decide by; another than the live one for stewards alone, as if there were none."""
    now = edition()
    if version is None or version == now.version:
        return now
    found = None
    if isinstance(asking, User) and is_steward(asking):
        found = ResponsibilityList.objects.exclude(state="dropped").filter(version=version).first()
    if found is None:
        detail = _("There is no version %(version)d that you may try.") % {"version": version}
        raise Problem(status.HTTP_400_BAD_REQUEST, "unknown", detail, field="list_version")
    return edition_of(found)


def _asked_source(asking: ApiClient | User, given: str | None) -> str:
    """A token asks for its own door; a person may ask what would happen at any."""
    filer = Filer.of(asking)
    return filer.source(given) if filer.client or given is None else given


def _category(told: CategoryRows, explain: Explainer) -> dict[str, Any]:
    return {
        "category": told.category,
        "category_name": explain.category(told.category),
        "probability": round(told.probability, 4),
        "items": [
            {
                "item": row.item,
                "item_name": explain.names.items.get(row.item, ""),
                "unit": row.unit,
                "unit_name": explain.unit(row.unit) if row.unit else "",
                "unit_pattern": row.unit_pattern,
                "standing": row.standing,
                "asks": list(row.asks),
                "held": told_reasons([one.as_json() for one in row.held], explain),
                "failed": told_reasons([one.as_json() for one in row.failed], explain),
                "lost": told_reasons([one.as_json() for one in row.lost], explain),
            }
            for row in told.rows
        ],
    }


def _recorded(record: DecisionRecord, asking: ApiClient | User) -> dict[str, Any]:
    """In the names of the list that decided: later ones may call the same code something else."""
    explain = Explainer(edition_of(record.responsibility_list).names)
    return {
        "made_at": instant(record.made_at),
        "by": str(record.made_by) if record.made_by_id and isinstance(asking, User) else "",
        "is_automatic": record.made_by_id is None,
        "outcome": record.outcome,
        "category": record.category_code or None,
        "item": record.item_code or None,
        "item_name": explain.names.items.get(record.item_code, ""),
        "unit": record.unit_code or None,
        "unit_name": explain.unit(record.unit_code) if record.unit_code else "",
        "confidence": round(record.confidence, 4),
        "list_version": record.responsibility_list.version,
        "model": record.model,
        "reasons": told_reasons(record.detail.get("reasons", ()), explain),
        "candidates": [candidate_answer(one, explain) for one in record.detail.get("candidates", ())],
    }
