"""datasets/: the catalogue, the rows by pages, the files, and asking for what is not open."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiClient, Scope, User
from accounts.viewer import viewer_of
from config import clock
from dashboards.datasets import acting, catalogue, outputs, reach, serving, shown, taking
from dashboards.datasets.shown import Entry
from dashboards.models import DataRequest
from incidents.actor import Actor
from incidents.api.access import asking_of
from incidents.api.fields import TextField, checked
from incidents.api.permissions import HasScope, IsPerson
from incidents.cases import TEXT_MAX

_VERSION = OpenApiParameter(
    "version", OpenApiTypes.INT, description="A version of the schema that is still served; else the newest."
)
_DOMAIN = OpenApiParameter(
    "domain", OpenApiTypes.STR, description="Only the rows of this domain (大类), by its two digits."
)


class _Asked(serializers.Serializer[Any]):
    version = serializers.IntegerField(required=False, min_value=1, max_value=10_000)
    domain = serializers.RegexField(r"^\d{2}$", required=False)


class _AskedRows(_Asked):
    cursor = serializers.CharField(required=False, max_length=200)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=serving.PAGE_MOST)


class _AskedCatalogue(serializers.Serializer[Any]):
    topic = serializers.ChoiceField(list(catalogue.TOPICS), required=False)
    q = serializers.CharField(required=False, max_length=80)


class _Day(serializers.Serializer[Any]):
    day = serializers.DateField(required=False)


class DataRequestInput(serializers.Serializer[Any]):
    """What it is for, and for how long; for yourself, or for a system that you answer for."""

    purpose = TextField(max_length=TEXT_MAX, help_text="In a sentence or two; the owner decides by it.")
    days = serializers.IntegerField(min_value=1, max_value=acting.DAYS_MOST)
    system = serializers.CharField(
        required=False, max_length=80, help_text="The name of a client with the scope `data`."
    )


class DataGrantInput(serializers.Serializer[Any]):
    """For how many days; as many as were asked for at most."""

    days = serializers.IntegerField(min_value=1, max_value=acting.DAYS_MOST)
    words = TextField(max_length=TEXT_MAX, required=False, default="", allow_blank=True)


class DataReasonInput(serializers.Serializer[Any]):
    """Why."""

    words = TextField(max_length=TEXT_MAX)


class DataNothingInput(serializers.Serializer[Any]):
    """Nothing needs to be said."""


class ReadsData(HasScope):
    """Whoever works here, and tokens with the scope `data`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        asking: object = request.user
        return isinstance(asking, ApiClient) or reach.signs_in(request.user)


class _View(APIView):
    permission_classes: Any = (ReadsData,)
    scope = Scope.DATA
    filter_backends: tuple[Any, ...] = ()


def _checked(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    told = serializer(data=request.query_params)
    told.is_valid(raise_exception=True)
    return dict(told.validated_data)


def _entry(request: Request, code: str, version: int | None, at: datetime) -> Entry:
    found = shown.entry(asking_of(request), code, version, at=at)
    if found is None:
        raise NotFound
    return found


class DataSetsView(_View):
    """The catalogue."""

    @extend_schema(
        tags=["datasets"],
        operation_id="datasets",
        summary="The data sets, and whether you may have them",
        parameters=[
            OpenApiParameter("topic", OpenApiTypes.STR, enum=list(catalogue.TOPICS)),
            OpenApiParameter("q", OpenApiTypes.STR, description="Words of its name, description or fields."),
        ],
        responses=outputs.DataSetsOut,
    )
    def get(self, request: Request) -> Response:
        asked, at = _checked(_AskedCatalogue, request), clock.now()
        found = [
            one
            for one in shown.entries(asking_of(request), at=at)
            if asked.get("topic", one.dataset.topic) == one.dataset.topic
            and catalogue.says(one.dataset, asked.get("q", ""))
        ]
        return Response({"results": [outputs.summary(one, request) for one in found]})


class DataSetView(_View):
    """One of them."""

    @extend_schema(
        tags=["datasets"],
        operation_id="dataset",
        summary="A data set: its fields and code lists, its files, who may have it",
        parameters=[_VERSION],
        responses=outputs.DataSetOut,
    )
    def get(self, request: Request, code: str) -> Response:
        asked = _checked(_Asked, request)
        entry = _entry(request, code, asked.get("version"), clock.now())
        response = Response(outputs.detail(entry, request))
        serving.tell_version(response, entry.dataset)
        return response


class DataRowsView(_View):
    """Its rows."""

    problems: ClassVar = {"409": "The snapshot that the first page came from is kept no longer."}

    @extend_schema(
        tags=["datasets"],
        operation_id="dataset_rows",
        summary="Rows of a data set, by cursor",
        description="Follow `next` until it is null. All pages come from the snapshot that the first one was "
        "read from, whatever is built meanwhile; 409 `snapshot_gone` says that it is kept no longer. A page "
        "may have fewer rows than asked for, or none, where one domain's are picked.",
        parameters=[
            _VERSION,
            _DOMAIN,
            OpenApiParameter(
                "from",
                OpenApiTypes.DATE,
                description="Only rows of this day and later, where rows have a day.",
            ),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="From `next` of the page before."),
            OpenApiParameter(
                "page_size", OpenApiTypes.INT, description=f"1 to {serving.PAGE_MOST}; 1,000 if left out."
            ),
        ],
        responses=outputs.DataRowsOut,
    )
    def get(self, request: Request, code: str) -> Response:
        asked, at = _checked(_AskedRows, request), clock.now()
        day = _Day(data={"day": request.query_params["from"]} if "from" in request.query_params else {})
        if not day.is_valid():
            raise serializers.ValidationError({"from": day.errors["day"]})
        entry = _entry(request, code, asked.get("version"), at)
        snapshot, page = taking.rows(
            entry,
            asking_of(request),
            cursor=asked.get("cursor", ""),
            size=asked.get("page_size", 1_000),
            domain=asked.get("domain", ""),
            first_day=day.validated_data.get("day"),
            at=at,
        )
        following = None
        if page.next_row is not None:
            query = request.query_params.copy()
            query["cursor"] = str(serving.Cursor(snapshot.pk, page.next_row))
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        response = Response(
            {
                "dataset": code,
                "version": entry.dataset.version,
                "snapshot": snapshot.pk,
                "cut_at": snapshot.cut_at,
                "rows": snapshot.rows,
                "next": following,
                "results": page.rows,
            }
        )
        serving.tell_version(response, entry.dataset)
        return response


class DataFileView(_View):
    """Its files."""

    @extend_schema(
        tags=["datasets"],
        operation_id="dataset_file",
        summary="The newest file, whole or by ranges",
        description="`ETag` is the file's SHA-256: with `If-None-Match` an unchanged one is answered by 304; "
        "`Range` and `If-Range` go on where a transfer was cut. CSV is UTF-8 with a mark; a cell that "
        "begins like a formula has an apostrophe before it.",
        parameters=[_VERSION, _DOMAIN],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY),
            (200, "application/vnd.apache.parquet"): OpenApiResponse(OpenApiTypes.BINARY),
            206: OpenApiResponse(description="The part that `Range` asks for."),
            304: OpenApiResponse(description="You have it."),
        },
    )
    def get(self, request: Request, code: str, kind: str) -> HttpResponseBase:
        asked, at = _checked(_Asked, request), clock.now()
        entry = _entry(request, code, asked.get("version"), at)
        return taking.download(
            request._request, entry, kind, asking_of(request), domain=asked.get("domain", ""), at=at
        )


class DataSetRequestsView(_View):
    """Asking for one."""

    permission_classes = (IsPerson, ReadsData)

    @extend_schema(
        tags=["datasets"],
        operation_id="dataset_ask",
        summary="Ask the owner of a data set for it",
        request=DataRequestInput,
        responses={201: outputs.DataRequestOut},
    )
    def post(self, request: Request, code: str) -> Response:
        user, told = _person(request), checked(DataRequestInput, request.data)
        client = None
        if name := told.get("system"):
            client = next((one.pk for one in reach.systems() if one.name == name), 0)
        made = acting.ask(
            dataset=code,
            purpose=told["purpose"],
            days=told["days"],
            client=client,
            actor=_actor(user),
            at=clock.now(),
        )
        return Response(outputs.request(made), status=status.HTTP_201_CREATED)


class DataRequestsView(_View):
    """What was asked."""

    permission_classes = (IsPerson, ReadsData)

    @extend_schema(
        tags=["datasets"],
        operation_id="dataset_requests",
        summary="Your requests, and those that you decide, the newest 100",
        responses=outputs.DataRequestsOut,
    )
    def get(self, request: Request) -> Response:
        rows = _requests(_person(request))[:100]
        return Response({"results": [outputs.request(row) for row in rows]})


def _requests(user: User) -> Any:
    seen = reach.visible_requests(user, catalogue.ALL)
    return DataRequest.objects.filter(seen).select_related("by", "client", "purpose", "decided_by")


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _actor(user: User) -> Actor:
    home = viewer_of(user).home_unit
    assert home is not None  # ReadsData lets nobody in without a role
    return Actor.person(user, home.code)


def _act_view(
    name: str, summary: str, takes: type[serializers.Serializer[Any]], call: Callable[..., Any]
) -> type[APIView]:
    """The view of one thing that is done with a request."""

    class ActView(_View):
        permission_classes = (IsPerson, ReadsData)

        @extend_schema(
            tags=["datasets"],
            operation_id=f"dataset_request_{name}",
            summary=summary,
            request=takes,
            responses=outputs.DataRequestOut,
        )
        def post(self, request: Request, pk: int) -> Response:
            user = _person(request)
            if not _requests(user).filter(pk=pk).exists():
                raise NotFound
            told = checked(takes, request.data)
            call(request=pk, actor=_actor(user), at=clock.now(), **told)
            return Response(outputs.request(_requests(user).get(pk=pk)))

    ActView.__name__ = f"DataRequest{name.capitalize()}View"
    ActView.__doc__ = summary
    return ActView


ACTS = {
    name: _act_view(name, summary, takes, call)
    for name, summary, takes, call in (
        ("grant", "Grant a request", DataGrantInput, acting.grant),
        ("refuse", "Refuse a request", DataReasonInput, acting.refuse),
        ("withdraw", "Withdraw a grant before its day", DataReasonInput, acting.withdraw),
        ("cancel", "Take your own request back", DataNothingInput, acting.cancel),
    )
}
