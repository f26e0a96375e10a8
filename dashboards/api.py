"""GET kpis/: the same numbers as the boards, for other programs and for people's own sheets."""

from typing import Any, cast

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
from dashboards.board import Board, Group
from dashboards.dimensions import By
from dashboards.filters import PERIODS, FilterForm, understand
from dashboards.indicators import ALL, OF_NOW, SMALL, UNIT_WORDS, Indicator, value_of
from dashboards.reading import EVERYTHING, one_state
from dashboards.scope import Names, scope_of
from dispatch.vocabulary import Level
from incidents.numbers import district_day

_GROUPS = (
    "street",
    "unit",
    "category",
    "community",
    "block",
    "cell",
    "domain",
    "item",
    "source",
    "level",
    "nature",
    "day",
    "week",
    "month",
)
# Of a group only what its facts say: what waits now is known of the whole alone.
_OF_GROUPS = tuple(indicator for indicator in ALL if indicator.code not in OF_NOW)


class _Parameters(serializers.Serializer[Any]):
    by = serializers.ChoiceField(choices=_GROUPS, required=False)


class IndicatorOut(serializers.Serializer[Any]):
    """One indicator of the selection."""

    code = serializers.CharField()
    name = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(help_text="hours, days, share (0 to 1), cases or points")
    cases = serializers.IntegerField(help_text="how many cases or answers it is computed from")
    small = serializers.BooleanField(help_text="too few cases to judge by")
    before = serializers.FloatField(allow_null=True, help_text="in the period before")
    year_before = serializers.FloatField(allow_null=True, help_text="on the same days a year earlier")
    target = serializers.FloatField(allow_null=True)
    grade = serializers.CharField(help_text="excellent, good, fair or poor; empty where it is not graded")


class GroupOut(serializers.Serializer[Any]):
    """One group, with its indicators by code."""

    code = serializers.CharField()
    name = serializers.CharField()
    cases = serializers.IntegerField(help_text="cases handled")
    small = serializers.BooleanField()
    values = serializers.DictField(child=serializers.FloatField(allow_null=True))


class KpisOut(serializers.Serializer[Any]):
    """The indicators of a period and a selection."""

    first = serializers.DateField()
    last = serializers.DateField()
    before_first = serializers.DateField()
    before_last = serializers.DateField()
    year_before_first = serializers.DateField()
    year_before_last = serializers.DateField()
    time = serializers.ChoiceField(choices=["elapsed", "working"])
    indicators = IndicatorOut(many=True)
    by = serializers.CharField(required=False)
    groups = GroupOut(many=True, required=False)


class HasNumbers(IsAuthenticated):
    """People whose role looks at numbers; a token files and follows reports."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and scope_of(request.user) is not None


def _parameter(
    name: str, text: str, *, many: bool = False, choices: list[str] | None = None
) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=text, many=many, enum=choices)


class KpisView(APIView):
    """What the cases that you may see add up to."""

    permission_classes = (HasNumbers,)

    @extend_schema(
        tags=["kpis"],
        operation_id="kpis",
        summary="Indicators of a period, as the boards show them",
        parameters=[
            _parameter("period", "A named period; 30d where nothing is said.", choices=list(PERIODS)),
            OpenApiParameter("from", OpenApiTypes.DATE, description="First day, together with `to`."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last day, together with `from`."),
            _parameter("street", "Area code of a street; may be repeated.", many=True),
            _parameter("unit", "Code of a unit, with everything below it."),
            _parameter("category", "Code of a category or of a domain; may be repeated.", many=True),
            _parameter("source", "Source; may be repeated.", many=True),
            _parameter("area", "Code of a community, block or grid cell; may be repeated.", many=True),
            _parameter("item", "Code of a responsibility item; may be repeated.", many=True),
            _parameter("level", "Handling level; may be repeated.", many=True, choices=list(Level.values)),
            _parameter("nature", "Nature of the report; may be repeated.", many=True),
            _parameter("time", "Which time is counted.", choices=["elapsed", "working"]),
            _parameter("by", "Also answer these groups.", choices=list(_GROUPS)),
        ],
        responses=KpisOut,
    )
    @one_state()
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        scope = scope_of(request.user)
        assert scope is not None
        names, at = Names(), clock.now()
        parameters = _Parameters(data=request.query_params)
        parameters.is_valid(raise_exception=True)
        form = FilterForm(request.query_params, scope=scope, names=names, today=district_day(at))
        asked = understand(form, scope=scope, names=names)
        if form.errors:
            raise ValidationError(
                {form.add_prefix(name): [str(e) for e in errors] for name, errors in form.errors.items()}
            )
        board = Board(asked, scope=scope, names=names, at=at, of_rows=EVERYTHING)
        body: dict[str, Any] = {
            "first": board.span.first,
            "last": board.span.last,
            "before_first": board.before_span.first,
            "before_last": board.before_span.last,
            "year_before_first": board.year_span.first,
            "year_before_last": board.year_span.last,
            "time": asked.selection.clock,
            "indicators": [_indicator(board, indicator) for indicator in ALL],
        }
        if by := parameters.validated_data.get("by"):
            body |= {"by": by, "groups": [_group(board, group) for group in _groups(board, by)]}
        return Response(KpisOut(body).data)


def _indicator(board: Board, indicator: Indicator) -> dict[str, Any]:
    cases = indicator.base(board.now)
    is_now, value = indicator.code in OF_NOW, board.value(indicator.code)
    return {
        "code": indicator.code,
        "name": str(indicator.name),
        "value": value,
        "unit": indicator.unit if indicator.unit in UNIT_WORDS else "",
        "cases": cases,
        "small": indicator.unit != "cases" and cases < SMALL,
        "before": None if is_now else board.value_before(indicator.code),
        "year_before": None if is_now else board.value_year_before(indicator.code),
        "target": indicator.target(board.selection.clock),
        "grade": indicator.grade(value),
    }


def _groups(board: Board, by: str) -> list[Group]:
    if by == "street":
        return board.streets
    if by == "unit":
        return board.units
    if by == "category":
        return board.categories
    if by == "community":
        return board.communities
    return board.split_by(cast(By, by))


def _group(board: Board, group: Group) -> dict[str, Any]:
    clock_name = board.selection.clock
    return {
        "code": group.code,
        "name": group.name,
        "cases": group.now["handled"],
        "small": group.is_small,
        "values": {
            indicator.code: value_of(indicator.code, group.now, clock_name) for indicator in _OF_GROUPS
        },
    }
