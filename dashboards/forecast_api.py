"""forecast/: what is to be expected in the next two weeks, for programs of the people who read its page."""

from datetime import timedelta
from typing import Any, ClassVar

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
from dashboards.forecast_pages import streets_of
from dashboards.forecasting.making import TOLD
from dashboards.models import Forecast
from incidents.numbers import district_day


class ForecastDayOut(serializers.Serializer[Any]):
    """One day of a series; `low`–`high` holds 80 of 100 such days."""

    day = serializers.DateField()
    expected = serializers.FloatField()
    low = serializers.IntegerField()
    high = serializers.IntegerField()


class ForecastTestOut(serializers.Serializer[Any]):
    """What the test on the past says: pinball losses of a day, and shares inside the interval."""

    loss = serializers.FloatField()
    naive = serializers.FloatField(help_text="loss of “the same day last week”")
    four_weeks = serializers.FloatField(help_text="loss of the mean of that day of the last four weeks")
    covered = serializers.FloatField()
    covered_naive = serializers.FloatField()
    covered_sums = serializers.FloatField(help_text="of the sums of all days")


class ForecastSeriesOut(serializers.Serializer[Any]):
    """A street and a domain (empty: all of them). Days stand only where the status is `told`."""

    street = serializers.CharField()
    domain = serializers.CharField()
    status = serializers.CharField(
        help_text="told, few (too little data), short (history), worse (than naive)"
    )
    before = serializers.IntegerField(help_text="cases in as many days before")
    expected = serializers.FloatField(allow_null=True, help_text="of all days together")
    low = serializers.IntegerField(allow_null=True)
    high = serializers.IntegerField(allow_null=True)
    days = ForecastDayOut(many=True)
    test = ForecastTestOut(allow_null=True)


class ForecastOut(serializers.Serializer[Any]):
    """The newest forecast, with how it was tested."""

    first = serializers.DateField()
    made_at = serializers.DateTimeField()
    rule = serializers.CharField()
    history_days = serializers.IntegerField()
    origins = serializers.IntegerField(help_text="past days from which it was tried")
    series = ForecastSeriesOut(many=True)


class ReadsForecast(IsAuthenticated):
    """Leaders and supervisors of the district or a street."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and streets_of(request.user) != ()


class _Asked(serializers.Serializer[Any]):
    street = serializers.RegexField(r"^\d{12}$", required=False)
    domain = serializers.RegexField(r"^\d{2}$", required=False)


class ForecastView(APIView):
    """What is to be expected."""

    permission_classes = (ReadsForecast,)
    problems: ClassVar = {"404": "No forecast has been made yet."}

    @extend_schema(
        tags=["kpis"],
        operation_id="forecast",
        summary="Cases to be expected by street and domain, with intervals of 80 % and how they were tested",
        parameters=[
            OpenApiParameter("street", OpenApiTypes.STR, description="A street's area code: its series."),
            OpenApiParameter("domain", OpenApiTypes.STR, description="Two digits: the domain's series."),
        ],
        responses=ForecastOut,
    )
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        told = _Asked(data=request.query_params)
        told.is_valid(raise_exception=True)
        streets = streets_of(request.user)
        held = Forecast.objects.filter(day__lte=district_day(clock.now())).first()
        if held is None:
            raise NotFound
        rows = []
        for key, series in sorted(held.series.items()):
            street, _bar, domain = key.partition("|")
            is_seen = streets is None or street in streets
            if is_seen and all(
                {"street": street, "domain": domain}[name] == value
                for name, value in told.validated_data.items()
            ):
                rows.append(_series(held, street, domain, series))
        body = {
            "first": held.day, "made_at": held.made_at, "rule": held.rule, "series": rows,
            "history_days": held.history_days, "origins": held.origins,
        }  # fmt: skip
        return Response(ForecastOut(body).data)


def _series(held: Forecast, street: str, domain: str, series: dict[str, Any]) -> dict[str, Any]:
    is_told = series["status"] == TOLD
    expected, low, high = series["sum"] if is_told else (None, None, None)
    days = zip(series["mean"], series["low"], series["high"], strict=True) if is_told else ()
    return {
        "street": street,
        "domain": domain,
        "status": series["status"],
        "before": series["before"],
        "expected": expected,
        "low": low,
        "high": high,
        "days": [
            {"day": held.day + timedelta(days=ahead), "expected": mean, "low": least, "high": most}
            for ahead, (mean, least, most) in enumerate(days)
        ],
        "test": series if "loss" in series else None,
    }
