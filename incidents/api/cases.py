"""Cases to read: the list, one, and what happened to it."""

from typing import Any

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiClient, Scope, User
from accounts.roles import Action
from config import clock
from incidents import clock_facts, follow_up, policy, timeline_words
from incidents.api.access import asking_of, visible_incidents
from incidents.api.answers import explainer, record_answer
from incidents.api.clock_outputs import times_answer
from incidents.api.filters import IncidentFilter, Pages
from incidents.api.outputs import IncidentDetailOut, IncidentOut, TimelineOut
from incidents.api.sending_outputs import sendings_of
from incidents.models import Adjudication, Assignment, Incident, Report, TimelineEntry
from incidents.models.incident import IncidentQuerySet
from incidents.timeline import Kind, taken_back

# What another system may follow: the course of the case, without the staff's own notes and looks.
CLIENT_KINDS = (
    Kind.TO_DESK,
    Kind.DISPATCHED,
    Kind.REDISPATCHED,
    Kind.UNIT_SUCCEEDED,
    Kind.RULED,
    Kind.LEVEL_RAISED,
    Kind.MADE_SAFE,
    Kind.REPAIR_SENT,
    Kind.ACCEPTED,
    Kind.DEEMED_ACCEPTED,
    Kind.RESOLVED,
    Kind.PARKED,
    Kind.WOKEN,
    Kind.CLOSED,
    Kind.ANSWERED,
    Kind.REJECTED,
    Kind.REOPENED,
    Kind.PAUSED,
    Kind.PAUSE_ENDED,
    Kind.EXTENSION_AGREED,
    Kind.MESSAGED,
    Kind.MERGED,
    Kind.UNMERGED,
    Kind.RECALLED,
    Kind.UPSTREAM_SUBMITTED,
    Kind.UPSTREAM_ACCEPTED,
    Kind.UPSTREAM_SENT_BACK,
    Kind.UPSTREAM_ASKED,
    Kind.UPSTREAM_AGREED,
    Kind.UPSTREAM_REFUSED,
)
# Of these a token reads the words too: they are what reporters are told.
_TOLD_TO_REPORTERS = frozenset(
    {Kind.RESOLVED, Kind.PARKED, Kind.ANSWERED, Kind.REJECTED, Kind.MESSAGED, Kind.UPSTREAM_ASKED}
)


class IncidentsView(ListAPIView[Incident]):
    """Cases that the reader may see, newest first."""

    scope = Scope.READ
    serializer_class = IncidentOut
    filterset_class = IncidentFilter
    pagination_class = Pages
    queryset = Incident.objects.none()

    @extend_schema(operation_id="incidents", tags=["incidents"], summary="Cases, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> IncidentQuerySet:
        asking = asking_of(self.request)
        seen = policy.cases_of(asking) if isinstance(asking, User) else visible_incidents(asking)
        return seen.for_list()


class IncidentView(APIView):
    """One case."""

    scope = Scope.READ

    @extend_schema(
        operation_id="incident",
        tags=["incidents"],
        summary="A case, its reports and the decision that sent it",
        responses=IncidentDetailOut,
    )
    def get(self, request: Request, number: str) -> Response:
        return Response(case_detail(request, number))


class TimelineView(APIView):
    """What happened to a case."""

    scope = Scope.READ

    @extend_schema(
        operation_id="incident_timeline",
        tags=["incidents"],
        summary="What happened to a case, in order",
        responses=TimelineOut(many=True),
    )
    def get(self, request: Request, number: str) -> Response:
        asking = asking_of(request)
        incident = get_object_or_404(visible_incidents(asking), number=number)
        rows = incident.timeline.select_related("actor", "actor_unit", "client").order_by("pk")
        if isinstance(asking, ApiClient):
            rows = rows.filter(kind__in=CLIENT_KINDS)
        entries = list(rows)
        for_people, unsaid = isinstance(asking, User), taken_back(entries)
        told = [
            _line(row, line, for_people, is_unsaid=row.pk in unsaid)
            for row, line in zip(entries, timeline_words.read(entries), strict=True)
        ]
        return Response(TimelineOut(told, many=True).data)


def case_detail(request: Request, number: str) -> dict[str, Any]:
    """One case as its reader may see it; raises Http404."""
    asking = asking_of(request)
    cases = visible_incidents(asking).for_list().select_related("merged_into")
    disputes = Adjudication.objects.select_related(
        "reason", "ruling", "timer", "decision__responsibility_list", "suggested_list"
    )
    if isinstance(asking, ApiClient):
        disputes = disputes.none()  # between the district's units
    incident = get_object_or_404(
        cases.prefetch_related(
            "attachments", "supervisions__words", "supervisions__answer", Prefetch("adjudications", disputes)
        ),
        number=number,
    )
    reports = Report.objects.filter(links__incident=incident, links__unlinked_at__isnull=True)
    if isinstance(asking, ApiClient):
        reports = reports.filter(policy.own_reports(asking))
    decision = incident.decisions.order_by("pk").last()
    context = {
        "request": request,
        "reports": reports.select_related("text").order_by("pk"),
        "decision": record_answer(decision, explainer()),
        "times": times_answer(clock_facts.read(incident), asking=asking, at=clock.now()),
        "sendings": sendings_of(incident) if isinstance(asking, User) else {"leads": (), "supporters": ()},
        "actions": _allowed(asking, incident),
    }
    told: dict[str, Any] = IncidentDetailOut(incident, context=context).data
    return told


def _allowed(asking: ApiClient | User, incident: Incident) -> list[str]:
    if isinstance(asking, ApiClient):
        return []
    allowed = [action for action in Action if policy.can(asking, action, incident)]
    if Action.MAKE_SAFE in allowed:
        lead = incident.assignments.filter(role=Assignment.Role.LEAD, ended_at__isnull=True).first()
        if lead is None or not follow_up.wanted(lead):
            allowed.remove(Action.MAKE_SAFE)
    return [str(action) for action in allowed]


def _line(
    row: TimelineEntry, line: timeline_words.Line, for_people: bool, *, is_unsaid: bool
) -> dict[str, Any]:
    has_words = for_people or (row.kind in _TOLD_TO_REPORTERS and not is_unsaid)
    return {
        "at": row.at,
        "kind": row.kind,
        "text": line.words,
        "note": line.note if has_words else "",
        "by": line.who if for_people else "",
        "unit": row.actor_unit_id or row.data.get("unit"),
    }
