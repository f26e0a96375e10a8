"""GET scoring/: the periods and what was published of them, for other programs and people's own sheets."""

from typing import Any

from django.db.models import Count, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.viewer import viewer_of
from dashboards.models import Edition, ScoringPeriod, Standing
from dashboards.scoring import reach
from dashboards.scoring.opening import named
from dashboards.scoring.ranking import LEAGUES

MOST = 100


class _Asked(serializers.Serializer[Any]):
    edition = serializers.IntegerField(required=False, min_value=0)
    league = serializers.ChoiceField(["district", *LEAGUES], required=False)


class PeriodOut(serializers.ModelSerializer[ScoringPeriod]):
    """A published period."""

    key = serializers.CharField(help_text="2026-06 or 2026-Q2")
    editions = serializers.IntegerField(source="edition_count", help_text="the publication and its revisions")
    excluded = serializers.IntegerField(source="excluded_count", help_text="cases taken out of it")
    published_by = serializers.CharField()

    class Meta:
        model = ScoringPeriod
        fields = (
            "key",
            "kind",
            "first",
            "last",
            "status",
            "formula",
            "published_at",
            "published_by",
            "appeals_until",
            "closed_at",
            "editions",
            "excluded",
        )


class PeriodsOut(serializers.Serializer[Any]):
    """Published periods, the newest first."""

    results = PeriodOut(many=True)


class StandingOut(serializers.ModelSerializer[Standing]):
    """One row as it was published; verdicts in place of ranks, since intervals overlap."""

    counts = serializers.DictField(child=serializers.IntegerField())
    values = serializers.DictField(
        child=serializers.FloatField(allow_null=True), help_text="indicators by code, as kpis/ has them"
    )
    small = serializers.SerializerMethodField(help_text="too few cases to judge by")

    class Meta:
        model = Standing
        fields = (
            "league",
            "code",
            "name_zh",
            "name_en",
            "score",
            "adjusted",
            "half",
            "verdict",
            "band",
            "handle_adjusted",
            "handle_half",
            "handle_verdict",
            "excluded",
            "counts",
            "values",
            "small",
        )

    def get_small(self, row: Standing) -> bool:
        return row.verdict == Standing.Verdict.SMALL


class EditionOut(serializers.ModelSerializer[Edition]):
    """What was published at one moment."""

    by = serializers.CharField()

    class Meta:
        model = Edition
        fields = ("number", "cause", "formula", "by", "by_unit", "at")


class ScoresOut(serializers.Serializer[Any]):
    """One edition of a period, and the list of all."""

    period = PeriodOut()
    edition = EditionOut()
    editions = EditionOut(many=True)
    standings = StandingOut(many=True)


class ReadsScores(IsAuthenticated):
    """People whose role looks at numbers; a token files and follows reports."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return isinstance(user, User) and bool(viewer_of(user).roles.intersection(reach.READERS))


def _published() -> QuerySet[ScoringPeriod]:
    rows = ScoringPeriod.objects.exclude(status=ScoringPeriod.Status.OPEN).select_related("published_by")
    return rows.annotate(
        edition_count=Count("editions", distinct=True),
        excluded_count=Count("exclusions__incident", distinct=True),
    )


class ScoringPeriodsView(APIView):
    """The periods that have been published."""

    permission_classes = (ReadsScores,)

    @extend_schema(
        tags=["kpis"],
        operation_id="scoring_periods",
        summary="Scoring periods that have been published, the newest 100",
        responses=PeriodsOut,
    )
    def get(self, request: Request) -> Response:
        return Response(PeriodsOut({"results": list(_published()[:MOST])}).data)


class ScoresView(APIView):
    """One period's standings, as they were published or as a revision has them."""

    permission_classes = (ReadsScores,)

    @extend_schema(
        tags=["kpis"],
        operation_id="scores",
        summary="Standings of a published period",
        parameters=[
            OpenApiParameter(
                "edition", OpenApiTypes.INT, description="0 is the publication; the last if left out."
            ),
            OpenApiParameter(
                "league", OpenApiTypes.STR, description="Only this league.", enum=["district", *LEAGUES]
            ),
        ],
        responses=ScoresOut,
    )
    def get(self, request: Request, key: str) -> Response:
        told = _Asked(data=request.query_params)
        told.is_valid(raise_exception=True)
        period = named(_published(), key)
        if period is None:
            raise NotFound
        editions = list(period.editions.select_related("by").order_by("number"))
        number = told.validated_data.get("edition", len(editions) - 1)
        if number >= len(editions):
            raise NotFound
        standings = editions[number].standings.order_by("league", "code")
        if league := told.validated_data.get("league"):
            standings = standings.filter(league=league)
        body = {"period": period, "edition": editions[number], "editions": editions, "standings": standings}
        return Response(ScoresOut(body).data)
