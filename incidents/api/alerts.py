"""Alerts of devices: Alertmanager's webhook and CloudEvents, as they are on the wire.

Their senders try again after a 5xx and give up after a 4xx. So a 4xx says what will never be taken in, and
all that may pass (too many requests among it) is a 503. What cannot be read is set aside and shown to staff.
"""

from collections.abc import Mapping
from typing import IO, Any, Never

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiClient, Scope
from config import clock
from dispatch.vocabulary import Source
from incidents.api.access import asking_of
from incidents.api.errors import BODY, Problem
from incidents.api.parsers import parse_json, too_large
from incidents.models.sensing import AlertChannel
from incidents.sensing import alertmanager, cloudevents, taking
from incidents.sensing.aside import set_aside
from incidents.sensing.episodes import What
from incidents.sensing.notice import Malformed, Notice
from incidents.sensing.problem_words import problem_words

# Whose tokens may send alerts.
SOURCES = frozenset({Source.SENSOR, Source.AI_VIDEO})
_NO_NEWS = frozenset({What.REPEATED, What.NOTHING})


class TakenOut(serializers.Serializer[Any]):
    """What became of a delivery."""

    taken = serializers.IntegerField(help_text="Messages that were read, those that change nothing too.")
    again = serializers.IntegerField(
        help_text="Of these, those that say what was known: the same event, or the same state."
    )
    set_aside = serializers.IntegerField(help_text="Alerts that cannot be read; staff are shown them.")


class RawParser(BaseParser):
    """The body as it came: what cannot be read is kept, and a binary event's type is that of its data."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise too_large(limit)
        return body


class _AlertsView(APIView):
    """A door for devices: a token of a sensor's or of AI video's source."""

    parser_classes = (RawParser,)
    scope = Scope.REPORT

    def throttled(self, request: Request, wait: float) -> Never:
        """Alertmanager gives up after a 429: what is only too much for now is asked for again."""
        raise Problem(
            status.HTTP_503_SERVICE_UNAVAILABLE, "too_many_requests", _("Too many requests."), field=""
        )

    def client(self, request: Request) -> ApiClient:
        asking = asking_of(request)
        if not isinstance(asking, ApiClient) or asking.source not in SOURCES:
            raise Problem(
                status.HTTP_403_FORBIDDEN,
                "not_your_source",
                _("Alerts are taken with the token of a sensor's or AI video's source."),
                field="",
            )
        return asking


class AlertmanagerView(_AlertsView):
    """Prometheus Alertmanager."""

    @extend_schema(
        operation_id="alerts_alertmanager",
        tags=["alerts"],
        summary="A notification of Prometheus Alertmanager",
        description="Its webhook format, version 4. Sent again after a 5xx only. An alert that cannot be "
        "read is set aside and does not sink its group.",
        request={"application/json": {"type": "object", "additionalProperties": True}},
        responses={200: TakenOut},
    )
    def post(self, request: Request) -> Response:
        client, at, body = self.client(request), clock.now(), _body(request)
        try:
            group = alertmanager.read(_parsed(body), at=at)
        except Malformed as error:
            raise _refused(error, body, client, AlertChannel.ALERTMANAGER) from error
        if group.truncated:
            told = Malformed("truncated", f"{group.truncated} alerts were cut off by max_alerts")
            group.problems.append((told, b""))
        return _taken(group.notices, group.problems, client, AlertChannel.ALERTMANAGER, group.origin)


class CloudEventsView(_AlertsView):
    """CloudEvents 1.0."""

    @extend_schema(
        operation_id="alerts_cloudevents",
        tags=["alerts"],
        summary="CloudEvents: one in binary or structured mode, or a batch",
        description="The content type says which. An event is taken in once by its `source` and `id`.",
        parameters=[
            OpenApiParameter(name, str, OpenApiParameter.HEADER, description="Of a binary event.")
            for name in ("ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time")
        ],
        request={
            cloudevents.STRUCTURED: {"type": "object", "additionalProperties": True},
            cloudevents.BATCH: {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            "application/json": {"type": "object", "additionalProperties": True},
        },
        responses={200: TakenOut},
    )
    def post(self, request: Request) -> Response:
        client, at, body = self.client(request), clock.now(), _body(request)
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        notices: list[Notice] = []
        problems: list[tuple[Malformed, bytes]] = []
        try:
            if kind == cloudevents.BATCH:
                for told in _batch(body):
                    try:
                        event = cloudevents.of_json(told, parse=_parsed)
                        notices.append(cloudevents.notice_of_event(event, at=at))
                    except Malformed as error:
                        problems.append((error, repr(told).encode(errors="replace")))
            elif kind == cloudevents.STRUCTURED:
                event = cloudevents.of_json(_parsed(body), parse=_parsed)
                notices.append(cloudevents.notice_of_event(event, at=at))
            else:
                event = cloudevents.of_headers(
                    request.headers, body, content_type=request.content_type or "", parse=_parsed
                )
                notices.append(cloudevents.notice_of_event(event, at=at))
        except Malformed as error:
            raise _refused(error, body, client, AlertChannel.CLOUDEVENTS) from error
        return _taken(notices, problems, client, AlertChannel.CLOUDEVENTS, "")


def _taken(
    notices: list[Notice],
    problems: list[tuple[Malformed, bytes]],
    client: ApiClient,
    channel: str,
    origin: str,
) -> Response:
    at = clock.now()
    taken = taking.take(notices, client=client, at=at)
    aside = set_aside(problems, client=client, channel=channel, origin=origin, at=at)
    again = taken.again + sum(what in _NO_NEWS for what in taken.whats)
    return Response({"taken": len(notices), "again": again, "set_aside": aside})


def _batch(body: bytes) -> list[Any]:
    told = _parsed(body)
    if not isinstance(told, list):
        raise Malformed("not_an_array", "a batch is an array of events")
    if len(told) > cloudevents.BATCH_MAX:
        raise Malformed("too_many", f"more than {cloudevents.BATCH_MAX} events in one batch")
    return told


def _body(request: Request) -> bytes:
    data: object = request.data  # of RawParser; an empty body is no bytes
    return data if isinstance(data, bytes) else b""


def _parsed(body: bytes) -> Any:
    try:
        return parse_json(body)
    except Problem as error:
        code = str(error.get_codes())
        raise Malformed(code, f"{error.field}: {code}", error.field) from error


def _refused(error: Malformed, body: bytes, client: ApiClient, channel: str) -> Problem:
    """Kept for staff, and a 400: the same again would fare no better."""
    set_aside([(error, body)], client=client, channel=channel, origin="", at=clock.now())
    if isinstance(error.__cause__, Problem):
        return error.__cause__
    words = problem_words(error.code)
    return Problem(status.HTTP_400_BAD_REQUEST, error.code, words, field=error.field or BODY)
