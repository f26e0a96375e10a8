"""Files of reports from programs: sent, looked after, and what was refused taken back."""

from typing import Any

import orjson
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiClient, Scope
from config import clock
from dispatch.spreadsheets.grid import TableError
from dispatch.vocabulary import Source
from grids.coordinates import SYSTEMS
from incidents.api.access import asking_of
from incidents.api.errors import BODY, Problem
from incidents.api.parsers import too_large
from incidents.bulk import imports, rejects, working
from incidents.bulk.fields import FIELDS
from incidents.bulk.imports import Sender
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BulkImport

# What a multipart body holds besides the file.
_ENVELOPE_BYTES = 64 * 1024
_COLUMNS_MOST = 100


class ImportInput(serializers.Serializer[Any]):
    """A file, and how it is read."""

    file = serializers.FileField(help_text="CSV (UTF-8, GB18030) or .xlsx, at most 32 MB and 100,000 rows.")
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=Source.choices, required=False, help_text="A token's own source when left out."
    )
    columns = serializers.JSONField(
        required=False,
        help_text="Heading → field, as in {“工单编号”: “external_id”}. Without it, as this source's sheet "
        "with these headings was read last, else as its headings tell. Fields: " + ", ".join(FIELDS),
    )
    crs = serializers.ChoiceField(choices=SYSTEMS, required=False)
    leave_out_over = serializers.BooleanField(required=False, help_text="Rows that are closed there.")


class ImportOut(serializers.Serializer[Any]):
    """How far a file is, and what came of its rows."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=BulkImport.State.choices)
    source = serializers.ChoiceField(choices=Source.choices)  # type: ignore[assignment]
    file = serializers.CharField()
    lines = serializers.IntegerField(help_text="Of the sheet, with titles and headings.")
    done = serializers.IntegerField(help_text="Lines that are checked, or taken in.")
    checked = serializers.DictField(child=serializers.IntegerField())
    result = serializers.DictField(
        child=serializers.IntegerField(), help_text="dispatched, triage, joined, there, left_out, refused"
    )
    failure = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    refused_url = serializers.URLField(allow_null=True, help_text="The refused rows as CSV, for seven days.")


class ImportsView(APIView):
    """Send a file."""

    parser_classes = (MultiPartParser,)
    scope = Scope.REPORT

    @extend_schema(
        operation_id="import_send",
        tags=["imports"],
        summary="Send a file of up to 100,000 reports",
        description="It is read, checked and taken in by workers, a thousand rows at a time. A row is known "
        "by its number, or else by its place in the table: sent again, nothing is written twice. Rows with "
        "problems stay out, and can be fetched as a sheet.",
        request={"multipart/form-data": ImportInput},
        responses={202: ImportOut},
    )
    def post(self, request: Request) -> Response:
        # Asked before the body is read.
        limit = imports.FILE_BYTES_MOST + _ENVELOPE_BYTES
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            raise too_large(imports.FILE_BYTES_MOST)
        sender = _sender(request)
        told = ImportInput(data=request.data)
        told.is_valid(raise_exception=True)
        given, at = told.validated_data, clock.now()
        source = given.get("source") or (sender.sources[0] if len(sender.sources) == 1 else "")
        # A box that a form does not name counts as unticked: only what was really sent is told.
        options = {name: given[name] for name in ("crs", "leave_out_over") if name in request.data}
        if "columns" in given:
            options["columns"] = _columns(given["columns"])
        try:
            bulk = imports.begin(
                source=source,
                file_name=given["file"].name or "",
                data=given["file"].read(),
                language=get_language() or "",
                by=sender,
                at=at,
                starts_itself=True,
                options=options,
            )
        except TableError as error:
            raise Problem(status.HTTP_400_BAD_REQUEST, error.code, str(error), field="file") from error
        except InvalidInput as error:
            raise Problem(status.HTTP_403_FORBIDDEN, error.code, str(error), field=error.field) from error
        working.read_now(bulk, at=at)
        return Response(_answer(bulk, request), status=status.HTTP_202_ACCEPTED)


class ImportView(APIView):
    """One file."""

    scope = Scope.REPORT

    @extend_schema(operation_id="import", tags=["imports"], summary="How far a file is", responses=ImportOut)
    def get(self, request: Request, pk: int) -> Response:
        return Response(_answer(_bulk(request, pk), request))


class ImportCancelView(APIView):
    """Stop one."""

    scope = Scope.REPORT

    @extend_schema(
        operation_id="import_cancel",
        tags=["imports"],
        summary="Begin no further part; what is in stays",
        request=None,
        responses=ImportOut,
    )
    def post(self, request: Request, pk: int) -> Response:
        bulk = _bulk(request, pk)
        deed = imports.cancel if bulk.state == BulkImport.State.RUNNING else imports.drop
        try:
            bulk = deed(bulk=bulk, by=_sender(request), at=clock.now())
        except ActionRefused as error:
            raise Problem(status.HTTP_409_CONFLICT, error.code, str(error), field=BODY) from error
        return Response(_answer(bulk, request))


class ImportRefusedView(APIView):
    """What was refused."""

    scope = Scope.REPORT

    @extend_schema(
        operation_id="import_refused",
        tags=["imports"],
        summary="The refused rows, with what is to be mended",
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, pk: str, kind: str) -> HttpResponseBase:
        bulk, sender = _bulk(request, int(pk)), _sender(request)
        if not rejects.are_kept(bulk):
            raise Problem(status.HTTP_404_NOT_FOUND, "not_found", _("No refused rows are kept."), field=BODY)
        with_people = imports.sees_people(bulk, sender)
        if kind == "xlsx":
            sheet = rejects.as_xlsx(bulk, with_people=with_people)
            return FileResponse(sheet, as_attachment=True, filename=f"refused-{bulk.pk}.xlsx")
        return StreamingHttpResponse(
            rejects.as_csv(bulk, with_people=with_people), content_type="text/csv; charset=utf-8"
        )


def _sender(request: Request) -> Sender:
    asking = asking_of(request)
    sender = Sender(client=asking) if isinstance(asking, ApiClient) else Sender(asking)
    if not sender.sources:
        raise Problem(
            status.HTTP_403_FORBIDDEN, "not_allowed", _("Your role does not allow this."), field=BODY
        )
    return sender


def _bulk(request: Request, pk: int) -> BulkImport:
    found = imports.visible(_sender(request))
    return get_object_or_404(found, pk=pk if pk < 2**63 else 0)


def _columns(told: object) -> dict[str, str]:
    """Heading → field, as text of JSON or as JSON."""
    if isinstance(told, str):
        try:
            told = orjson.loads(told)
        except orjson.JSONDecodeError:
            told = None
    if (
        not isinstance(told, dict)
        or len(told) > _COLUMNS_MOST
        or not all(isinstance(name, str) and name in FIELDS for name in told.values())
    ):
        detail = _("This must be an object of headings and fields. Fields: %(known)s.")
        known = ", ".join(FIELDS)
        raise Problem(
            status.HTTP_400_BAD_REQUEST, "unknown_field", detail % {"known": known}, field="columns"
        )
    return told


def _answer(bulk: BulkImport, request: Request) -> dict[str, Any]:
    url = reverse("api:import-refused", args=[bulk.pk, "csv"])
    over = bulk.state in (BulkImport.State.DONE, BulkImport.State.CANCELLED)
    return {
        "id": bulk.pk,
        "state": bulk.state,
        "source": bulk.source,
        "file": bulk.file_name,
        "lines": bulk.lines,
        "done": imports.lines_done(bulk),
        "checked": bulk.counts,
        "result": bulk.result if over else imports.totals(bulk),
        "failure": bulk.failure,
        "created_at": bulk.created_at,
        "finished_at": bulk.finished_at,
        "refused_url": request.build_absolute_uri(url) if over and rejects.are_kept(bulk) else None,
    }
