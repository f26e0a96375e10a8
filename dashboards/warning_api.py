"""warnings/: what grows where, for programs of the people who may read it, and all that is done with it."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from config import clock
from dashboards.comparing import Share
from dashboards.models import Warning, WarningEvent
from dashboards.warning import acting, projects, reach, shown
from incidents import policy
from incidents.actor import Actor
from incidents.api.fields import TextField, checked
from incidents.cases import TEXT_MAX
from incidents.errors import ActionRefused
from incidents.models import Incident

MOST = 100


class WarningOut(serializers.ModelSerializer[Warning]):
    """What grows where, measured against what is usual; `expected_low`–`expected_high` holds 95 of 100."""

    claimed_by = serializers.CharField(allow_null=True)
    terms = serializers.ListField(child=serializers.CharField(), help_text="a theme's phrases")

    class Meta:
        model = Warning
        fields = (
            "id", "kind", "rule", "stream", "status", "useful", "claimed_by", "claimed_at", "street_code",
            "community_code", "domain_code", "category_code", "unit_code", "terms", "since", "until",
            "found_at", "seen_at", "ended_at", "window_hours", "observed", "expected", "expected_low",
            "expected_high", "surprise", "case_count", "reporter_count", "project",
        )  # fmt: skip


class PrecisionOut(serializers.Serializer[Any]):
    """Of the last 90 days' warnings of a kind: found, judged, useful, and the 95 % interval of the share."""

    kind = serializers.CharField(help_text="empty: all kinds")
    found = serializers.IntegerField()
    judged = serializers.IntegerField()
    useful = serializers.IntegerField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class WarningsOut(serializers.Serializer[Any]):
    """Warnings, the newest first."""

    results = WarningOut(many=True)
    precision = PrecisionOut(many=True)


class WarningEventOut(serializers.ModelSerializer[WarningEvent]):
    """One thing that was done with a warning."""

    by = serializers.CharField()
    by_unit = serializers.CharField(source="by_unit_id", allow_null=True)
    words = serializers.CharField(source="words.body", default="")

    class Meta:
        model = WarningEvent
        fields = ("kind", "by", "by_unit", "at", "words", "data")


class WarningDetailOut(serializers.Serializer[Any]):
    """A warning with its trail, and the numbers of those of its cases that the reader may see."""

    warning = WarningOut()
    events = WarningEventOut(many=True)
    cases = serializers.ListField(child=serializers.CharField())


class _Asked(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Warning.Kind.choices, required=False)
    status = serializers.ChoiceField(list(shown.STATES), required=False)
    street = serializers.RegexField(r"^\d{12}$", required=False)


class NothingInput(serializers.Serializer[Any]):
    """Nothing needs to be said."""


class WarningReasonInput(serializers.Serializer[Any]):
    """Why; and, if you like, how long the trail was that you saw."""

    words = TextField(max_length=TEXT_MAX, help_text="Why, in a sentence.")
    seen = serializers.IntegerField(
        required=False, min_value=0, help_text="Refused with 409 where the trail has another length by now."
    )


class WarningJudgeInput(WarningReasonInput):
    """Was it worth looking, and why."""

    useful = serializers.BooleanField()


class WarningSuperviseInput(WarningReasonInput):
    """What the units are ordered to do about which cases."""

    numbers = serializers.ListField(
        child=serializers.CharField(max_length=20), min_length=1, max_length=acting.ORDERS_MOST
    )


class ProjectInput(serializers.Serializer[Any]):
    """A project of the warning's place and these matters."""

    name = TextField(max_length=80)
    problem = TextField(max_length=TEXT_MAX, help_text="What the problem is.")
    unit = serializers.CharField(max_length=64, help_text="The unit that owns it.")
    categories = serializers.ListField(
        child=serializers.CharField(max_length=4),
        min_length=1,
        max_length=20,
        help_text="What it is measured by.",
    )
    start = serializers.DateField()
    end = serializers.DateField()


class JoinInput(serializers.Serializer[Any]):
    """The project that the warning joins."""

    project = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class ReadsWarnings(IsAuthenticated):
    """People who look at the district or at a street; a token files and follows reports."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and reach.reads(request.user)


def _seen(request: Request) -> QuerySet[Warning]:
    assert isinstance(request.user, User)
    return Warning.objects.filter(reach.visible(request.user)).select_related("claimed_by")


def _detail(request: Request, pk: int) -> Response:
    held = _seen(request).filter(pk=pk).first()
    if held is None:
        raise NotFound
    numbers = Incident.objects.filter(
        policy.visible(request.user), pk__in=held.cases.values("incident")
    ).order_by("number")
    events = held.events.select_related("by", "words")
    body = {"warning": held, "events": events, "cases": list(numbers.values_list("number", flat=True))}
    return Response(WarningDetailOut(body).data)


class WarningsView(APIView):
    """What was found."""

    permission_classes = (ReadsWarnings,)

    @extend_schema(
        tags=["warnings"],
        operation_id="warnings",
        summary="Early warnings, the newest 100, and how precise they have been",
        parameters=[
            OpenApiParameter("kind", OpenApiTypes.STR, enum=Warning.Kind.values),
            OpenApiParameter(
                "status",
                OpenApiTypes.STR,
                enum=list(shown.STATES),
                description="Waiting, in hand, or settled.",
            ),
            OpenApiParameter("street", OpenApiTypes.STR, description="A street's area code."),
        ],
        responses=WarningsOut,
    )
    def get(self, request: Request) -> Response:
        told = _Asked(data=request.query_params)
        told.is_valid(raise_exception=True)
        asked, rows = told.validated_data, _seen(request)
        if "kind" in asked:
            rows = rows.filter(kind=asked["kind"])
        if "status" in asked:
            rows = rows.filter(shown.STATES[asked["status"]])
        if "street" in asked:
            rows = rows.filter(street_code=asked["street"])
        whole, kinds = shown.precision(_seen(request), at=clock.now())
        body = {
            "results": list(rows.order_by("-found_at", "-pk")[:MOST]),
            "precision": [_precision(one) for one in (whole, *kinds)],
        }
        return Response(WarningsOut(body).data)


def _precision(one: shown.Precision) -> dict[str, Any]:
    share: Share = one.share
    return {
        "kind": one.kind,
        "found": one.found,
        "judged": share.whole,
        "useful": share.part,
        "low": share.low if share.whole else None,
        "high": share.high if share.whole else None,
    }


class WarningView(APIView):
    """One of them."""

    permission_classes = (ReadsWarnings,)

    @extend_schema(
        tags=["warnings"], operation_id="warning", summary="One warning", responses=WarningDetailOut
    )
    def get(self, request: Request, pk: int) -> Response:
        return _detail(request, pk)


def act_view(
    name: str, summary: str, takes: type[serializers.Serializer[Any]], call: Callable[..., Any]
) -> type[APIView]:
    """The view of one action: the warning as it is then is answered."""

    class ActView(APIView):
        permission_classes = (ReadsWarnings,)

        @extend_schema(
            tags=["warnings"],
            operation_id=f"warning_{name}",
            summary=summary,
            request=takes,
            responses=WarningDetailOut,
        )
        def post(self, request: Request, pk: int) -> Response:
            assert isinstance(request.user, User)
            held = _seen(request).filter(pk=pk).first()
            if held is None:
                raise NotFound
            grant = reach.acting_grant(request.user, held)
            if grant is None:
                raise ActionRefused("not_allowed", acting.WHO_ACTS)
            told = checked(takes, request.data)
            call(warning=pk, actor=Actor.person(request.user, grant.unit.code), at=clock.now(), **told)
            return _detail(request, pk)

    ActView.__name__ = f"Warning{name.capitalize()}View"
    ActView.__doc__ = summary
    return ActView


ACTS = {
    name: act_view(name, summary, takes, call)
    for name, summary, takes, call in (
        ("claim", "Take a warning over", NothingInput, acting.claim),
        ("release", "Give a warning back", NothingInput, acting.release),
        ("judge", "Judge whether a warning was useful", WarningJudgeInput, acting.judge),
        ("dismiss", "Set a warning aside as no problem", WarningReasonInput, acting.dismiss),
        ("supervise", "Order the units of some of its cases to act", WarningSuperviseInput, acting.supervise),
        ("project", "Begin a project from a warning", ProjectInput, projects.begin),
        ("join", "Let a warning join a project that runs", JoinInput, projects.add_warning),
    )
}
