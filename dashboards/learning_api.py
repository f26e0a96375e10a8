"""GET learning/: the items that lose their cases, for other programs and for people's own sheets."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from config import clock
from dashboards import learning
from dashboards.claims import Question
from dashboards.comparing import Share
from dashboards.filters import PERIODS, FilterForm, understand
from dashboards.learning_shown import PERIOD
from dashboards.scope import Names, learning_scope_of
from dispatch.edition import edition
from incidents.numbers import district_day

MOST = 500


class _Parameters(serializers.Serializer[Any]):
    by = serializers.ChoiceField(choices=["share", "moved", "inside", "refused"], default="share")
    versions = serializers.ChoiceField(choices=["now", "all"], default="now")
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=100)


class ShareOut(serializers.Serializer[Any]):
    """A share of cases with its 95 % interval (Wilson)."""

    part = serializers.IntegerField()
    whole = serializers.IntegerField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class DestinationOut(serializers.Serializer[Any]):
    """Where most of an item's moved cases are: a unit's code, or a unit relative to the place."""

    unit = serializers.CharField()
    share = ShareOut()


class LearnedOut(serializers.Serializer[Any]):
    """One item: how many cases it decided, and how many left it in which way."""

    item = serializers.CharField()
    lead_unit = serializers.CharField(allow_blank=True, help_text="empty where the list has it no more")
    moved = ShareOut()
    automatic = serializers.IntegerField()
    returned = serializers.IntegerField()
    overridden = serializers.IntegerField()
    redispatched = serializers.IntegerField()
    ruled = serializers.IntegerField()
    inside = serializers.IntegerField(help_text="moved inside a street: no return")
    reread = serializers.IntegerField(help_text="another matter, the same unit")
    unsure = serializers.IntegerField(help_text="another unit than an unsure guess")
    refused = serializers.IntegerField()
    disputed = serializers.IntegerField()
    small = serializers.BooleanField(help_text="too few cases to judge by")
    destination = DestinationOut(allow_null=True)


class LearningOut(serializers.Serializer[Any]):
    """Items of a period and a selection, the surest loss first."""

    first = serializers.DateField()
    last = serializers.DateField()
    list_version = serializers.IntegerField()
    items = LearnedOut(many=True)


class ReadsLearning(IsAuthenticated):
    """Stewards, supervisors and leaders; a token files and follows reports."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and learning_scope_of(request.user) is not None


def _parameter(
    name: str, text: str, *, many: bool = False, choices: list[str] | None = None
) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=text, many=many, enum=choices)


class LearningView(APIView):
    """What returns, overrides and re-dispatches say about the items that you may read of."""

    permission_classes = (ReadsLearning,)

    @extend_schema(
        tags=["kpis"],
        operation_id="learning",
        summary="Items ranked by the cases that left them",
        parameters=[
            _parameter("period", "A named period; 90d where nothing is said.", choices=list(PERIODS)),
            OpenApiParameter("from", OpenApiTypes.DATE, description="First day, together with `to`."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last day, together with `from`."),
            _parameter("street", "Area code of a street; may be repeated.", many=True),
            _parameter("unit", "Code of a unit that the list named, with everything below it."),
            _parameter("category", "Code of a category or of a domain; may be repeated.", many=True),
            _Parameters,
        ],
        responses=LearningOut,
    )
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        scope = learning_scope_of(request.user)
        assert scope is not None
        names, now = Names(), edition()
        parameters = _Parameters(data=request.query_params)
        parameters.is_valid(raise_exception=True)
        given = parameters.validated_data
        query = request.query_params.copy()
        if not query.get("period") and not query.get("from"):
            query["period"] = PERIOD
        form = FilterForm(query, scope=scope, names=names, today=district_day(clock.now()))
        asked = understand(form, scope=scope, names=names)
        if form.errors:
            raise ValidationError(
                {form.add_prefix(name): [str(e) for e in errors] for name, errors in form.errors.items()}
            )
        question = Question.of(asked, live=now.list_id, as_now=given["versions"] == "now")
        ranked = learning.ranking(question, now.units, by=given["by"])[: given["limit"]]
        body = {
            "first": asked.period.span.first,
            "last": asked.period.span.last,
            "list_version": now.version,
            "items": [_learned(row) for row in ranked],
        }
        return Response(LearningOut(body).data)


def _learned(row: learning.Ranked) -> dict[str, Any]:
    counts = {name: getattr(row.tally, name) for name in row.tally._fields}
    leading = row.leading
    return {
        **counts,
        "item": row.tally.code,
        "lead_unit": row.item.lead_unit if row.item else "",
        "moved": _share(row.share),
        "small": row.is_small,
        "destination": {"unit": leading.pattern, "share": _share(leading.share)} if leading else None,
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "part": share.part,
        "whole": share.whole,
        "low": round(share.low, 4),
        "high": round(share.high, 4),
    }
