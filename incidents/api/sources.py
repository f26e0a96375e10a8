"""Other systems in their own words: orders and notices in, and feeds of what became of them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiClient, Scope
from config import clock
from incidents import policy
from incidents.actor import Actor
from incidents.api.answers import Receipts, case_answer
from incidents.api.errors import FieldError, Problem, problem_response, read_error
from incidents.api.fields import checked
from incidents.api.filing import RowProblem
from incidents.api.outputs import ReceiptOut, UpdateOut
from incidents.api.permissions import HasScope, IsToken
from incidents.api.source_outputs import FeedEventOut
from incidents.errors import InvalidInput
from incidents.intake import Refusal, apply_update
from incidents.models import Report
from incidents.sources import feed
from incidents.sources.adapter import Adapter
from incidents.sources.city12345 import City12345
from incidents.sources.city_management import CityManagement
from incidents.sources.taking import take_order

ADAPTERS: Mapping[str, Adapter] = {one.system: one for one in (City12345(), CityManagement())}
_ONLY_TOKENS = (IsAuthenticated, HasScope, IsToken)


class AdapterView(APIView):
    """One system's address: for tokens of its source alone."""

    permission_classes = _ONLY_TOKENS
    adapter: ClassVar[Adapter]

    def client_of(self, request: Request) -> ApiClient:
        client: object = request.user
        assert isinstance(client, ApiClient)
        if client.source != self.adapter.source:
            detail = _("This address is for tokens of the source “%(source)s”.") % {
                "source": self.adapter.source
            }
            raise Problem(status.HTTP_403_FORBIDDEN, "not_your_source", detail)
        return client

    def in_its_words(self, error: Exception) -> Response:
        """A refusal, naming the field as the system calls it."""
        status_code, errors, headers = read_error(error)
        return problem_response(status_code, [_renamed(one, self.adapter) for one in errors], headers)


class OrdersView(AdapterView):
    scope = Scope.REPORT

    def post(self, request: Request) -> Response:
        client = self.client_of(request)
        filed = self.adapter.order(checked(self.adapter.order_input, request.data))
        try:
            receipt = take_order(filed, client=client, at=clock.now())
        except InvalidInput as error:
            return self.in_its_words(error)
        if isinstance(receipt, Refusal):
            refused = RowProblem.refused(receipt)
            return problem_response(refused.status, [_renamed(one, self.adapter) for one in refused.errors])
        code = status.HTTP_201_CREATED if receipt.created else status.HTTP_200_OK
        return Response(Receipts(request).answer(receipt), status=code)


class NoticesView(AdapterView):
    scope = Scope.REPORT

    def post(self, request: Request) -> Response:
        client = self.client_of(request)
        noticed = self.adapter.notice(checked(self.adapter.notice_input, request.data))
        report = get_object_or_404(
            Report.objects.filter(policy.own_reports(client)), external_id=noticed.external_id
        )
        try:
            update, incident, is_new = apply_update(
                report=report, draft=noticed.draft, actor=Actor(client=client), at=clock.now()
            )
        except InvalidInput as error:
            return self.in_its_words(error)
        return Response(
            {"update": update.pk, "report": report.pk, "incident": case_answer(incident, request)},
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )


class FeedInput(serializers.Serializer[Any]):
    cursor = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)
    limit = serializers.IntegerField(
        required=False, default=feed.LIMIT, min_value=1, max_value=feed.LIMIT_MOST
    )


class FeedView(APIView):
    """What became of a system's reports, for one that polls; in our own words."""

    permission_classes = _ONLY_TOKENS
    scope = Scope.READ
    adapter: ClassVar[Adapter | None] = None

    def get(self, request: Request) -> Response:
        client: object = request.user
        assert isinstance(client, ApiClient)
        if self.adapter is not None and client.source != self.adapter.source:
            raise Problem(
                status.HTTP_403_FORBIDDEN, "not_your_source", _("You may not read for this source.")
            )
        unknown = set(request.query_params) - {"cursor", "limit", "format"}
        if unknown:
            raise ValidationError(
                {
                    name: ValidationError(_("There is no such field."), "unknown_field").detail
                    for name in sorted(unknown)
                }
            )
        told = checked(FeedInput, request.query_params.dict())
        found = feed.page(client, told["cursor"], limit=told["limit"])
        shown = self.adapter.event if self.adapter else _event
        return Response(
            {
                "results": [shown(one) for one in found.events],
                "cursor": found.cursor,
                "more": found.more,
                "waits": found.waits,
            }
        )


def _event(event: feed.Event) -> Mapping[str, Any]:
    return {
        "id": event.id,
        "at": event.at.isoformat(),
        "event": event.event,
        "report": {"id": event.report.pk, "external_id": event.report.external_id},
        "order": {
            "external_id": event.order.external_id,
            "part": event.order.part,
            "parts": event.order.parts,
            "complete": event.order.complete,
        },
        "incident": {"number": event.incident.number, "status": event.incident.status},
        "unit": event.unit.code if event.unit else None,
        "unit_name": event.unit.name if event.unit else "",
        "text": event.text,
        "outcome": event.outcome,
        "until": event.until.isoformat() if event.until else None,
    }


def _renamed(error: FieldError, adapter: Adapter) -> FieldError:
    head, dot, rest = error["field"].partition(".")
    return {**error, "field": adapter.fields.get(head, head) + dot + rest}


def _feed_out(name: str, item: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    fields: dict[str, Any] = {
        "results": item(many=True),
        "cursor": serializers.CharField(help_text="Send it back for what comes after."),
        "more": serializers.BooleanField(help_text="There is more: ask again at once."),
        "waits": serializers.BooleanField(
            help_text="Lines beyond these wait for a transaction that is at work still: ask again soon."
        ),
    }
    return type(f"{name}FeedOut", (serializers.Serializer,), fields)


_CURSOR = [
    OpenApiParameter(
        "cursor",
        str,
        description="Of the last page. Empty: from the beginning; `latest`: only what comes from now on.",
    ),
    OpenApiParameter("limit", int, description=f"At most {feed.LIMIT_MOST}."),
]


def _view(base: type[APIView], adapter: Adapter, **method: Any) -> type[APIView]:
    name = "".join(part.title() for part in adapter.system.split("-"))
    view = type(f"{name}{base.__name__}", (base,), {"adapter": adapter, "__doc__": type(adapter).__doc__})
    decorated: type[APIView] = extend_schema_view(**method)(view)
    return decorated


def _word(adapter: Adapter) -> str:
    return adapter.system.replace("-", "_")


ORDERS: Mapping[str, type[APIView]] = {
    system: _view(
        OrdersView,
        adapter,
        post=extend_schema(
            operation_id=f"{_word(adapter)}_order",
            tags=["sources"],
            summary="File a case as this system sends it",
            request=adapter.order_input,
            responses={
                201: ReceiptOut,
                200: OpenApiResponse(ReceiptOut, "The same order had come before."),
                409: OpenApiResponse(description="The same number with other content."),
            },
        ),
    )
    for system, adapter in ADAPTERS.items()
}
NOTICES: Mapping[str, type[APIView]] = {
    system: _view(
        NoticesView,
        adapter,
        post=extend_schema(
            operation_id=f"{_word(adapter)}_notice",
            tags=["sources"],
            summary="Say something later about a case that was filed here",
            request=adapter.notice_input,
            responses={201: UpdateOut, 200: OpenApiResponse(UpdateOut, "The same notice had come before.")},
        ),
    )
    for system, adapter in ADAPTERS.items()
}
FEEDS: Mapping[str, type[APIView]] = {
    system: _view(
        FeedView,
        adapter,
        get=extend_schema(
            operation_id=f"{_word(adapter)}_feed",
            tags=["sources"],
            summary="What became of this system's cases, in its own words",
            parameters=_CURSOR,
            responses=_feed_out(_word(adapter).title(), adapter.event_output),
        ),
    )
    for system, adapter in ADAPTERS.items()
}
ReportsFeedView: type[APIView] = extend_schema_view(
    get=extend_schema(
        operation_id="report_feed",
        tags=["sources"],
        summary="What became of the token's own reports, in order",
        description="Nothing is left out, whatever commits meanwhile: a long transaction holds the feed up, "
        "and never makes it skip. Ask for a page again after an error; `id` names what was seen before.",
        parameters=_CURSOR,
        responses=_feed_out("Report", FeedEventOut),
    )
)(type("ReportsFeedView", (FeedView,), {"__doc__": FeedView.__doc__}))
