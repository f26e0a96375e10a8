"""Reports in: one, a thousand, or what upstream says later; and what became of one."""

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from accounts.roles import Role
from config import clock
from incidents import policy
from incidents.api.access import asking_of, visible_reports
from incidents.api.answers import Receipts, case_answer
from incidents.api.errors import BODY, Problem, problem_response
from incidents.api.fields import checked
from incidents.api.filing import ROLE_SOURCES, Filer, RowProblem, key_of, read_reports
from incidents.api.inputs import AttachmentInput, ReportInput, UpdateInput
from incidents.api.negotiation import QuickJSONRenderer
from incidents.api.outputs import AttachmentOut, BatchOut, ReceiptOut, ReportOut, UpdateOut
from incidents.api.parsers import too_large
from incidents.api.permissions import HasScope, for_roles
from incidents.attachments import store_picture
from incidents.intake import Receipt, Refusal, ReportDraft, UpdateDraft, apply_update, receive
from incidents.intake.calm import undisturbed
from incidents.models import Report, ReportUpdate

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Sent again with the same report, the request answers as it did first.",
)
# What a multipart body holds besides the picture.
_ENVELOPE_BYTES = 64 * 1024
# People whose role files for no door are told so before what they sent is read.
FILES = for_roles(*(Role(role) for role in ROLE_SOURCES))


class ReportsView(APIView):
    """File reports."""

    renderer_classes = (QuickJSONRenderer,)
    permission_classes = (HasScope, FILES)
    scope = Scope.REPORT

    @extend_schema(
        operation_id="report_file",
        tags=["reports"],
        summary="File one report",
        description="It is normalised, located, matched and dispatched before the answer. "
        "The same (source, external_id) again answers 200 with the same case.",
        parameters=[_IDEMPOTENCY_KEY],
        request=ReportInput,
        responses={201: ReceiptOut, 200: OpenApiResponse(ReceiptOut, "The same report had come before.")},
    )
    def post(self, request: Request) -> Response:
        filer = Filer.of(asking_of(request))
        key = key_of(request.headers.get("Idempotency-Key"))
        [told] = _file([request.data], filer, key)
        if isinstance(told, RowProblem):
            return problem_response(told.status, told.errors)
        return Response(Receipts(request).answer(told), status=_status_of(told))


class ReportBatchView(APIView):
    """File many reports."""

    renderer_classes = (QuickJSONRenderer,)
    permission_classes = (HasScope, FILES)
    scope = Scope.REPORT

    @extend_schema(
        operation_id="report_file_batch",
        tags=["reports"],
        summary="File up to 1,000 reports",
        description="An array of reports. Each is answered as a single POST would have been; "
        "one that is refused does not sink the rest.",
        request=ReportInput(many=True),
        responses={200: BatchOut},
    )
    def post(self, request: Request) -> Response:
        rows = request.data
        if not isinstance(rows, list):
            raise _body_problem("not_a_list", _("Send an array of reports."))
        if len(rows) > settings.BATCH_MAX:
            detail = _("At most %(max)d reports in one batch; these are %(sent)d.")
            raise _body_problem("too_many", detail % {"max": settings.BATCH_MAX, "sent": len(rows)})
        with undisturbed(len(rows)):
            return Response({"results": _file_many(rows, request)})


class ReportView(APIView):
    """One report."""

    scope = Scope.READ

    @extend_schema(
        operation_id="report",
        tags=["reports"],
        summary="A report, its updates and its case",
        responses=ReportOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        reports = visible_reports(asking_of(request)).select_related("text")
        reports = reports.prefetch_related("attachments", "documents", "updates__text")
        report = get_object_or_404(reports, pk=pk)
        case = case_answer(_incident_of(report), request)
        return Response(ReportOut(report, context={"request": request, "case": case}).data)


class ReportUpdatesView(APIView):
    """What upstream says later."""

    scope = Scope.REPORT

    @extend_schema(
        operation_id="report_update",
        tags=["reports"],
        summary="Add a supplement, a chaser, a deadline, a withdrawal or a reopening",
        request=UpdateInput,
        responses={201: UpdateOut, 200: OpenApiResponse(UpdateOut, "The same update had come before.")},
    )
    def post(self, request: Request, pk: int) -> Response:
        filer = Filer.of(asking_of(request))
        mine = visible_reports(asking_of(request)).filter(source__in=filer.sources)
        if filer.user is not None and not policy.speaks_for_sources(filer.user):
            mine = mine.filter(filed_by=filer.user)
        report = get_object_or_404(mine, pk=pk)
        told = checked(UpdateInput, request.data)
        if told["kind"] == ReportUpdate.Kind.WITHDRAW and filer.user is not None:
            policy.refuse_own_withdrawal(filer.user, _incident_of(report))
        draft = UpdateDraft(
            external_id=told["external_id"],
            kind=told["kind"],
            text=told.get("text") or "",
            due_at=told.get("due_at"),
        )
        update, incident, is_new = apply_update(report=report, draft=draft, actor=filer.actor, at=clock.now())
        return Response(
            {"update": update.pk, "report": report.pk, "incident": case_answer(incident, request)},
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )


class AttachmentsView(APIView):
    """Pictures, sent before the report that names them."""

    parser_classes = (MultiPartParser,)
    permission_classes = (HasScope, FILES)
    scope = Scope.REPORT

    @extend_schema(
        operation_id="attachment_store",
        tags=["reports"],
        summary="Send a picture; name its id in a report afterwards",
        request={"multipart/form-data": AttachmentInput},
        responses={201: AttachmentOut},
    )
    def post(self, request: Request) -> Response:
        # Asked before the body is read: a picture that is too large is not even taken in.
        limit = settings.ATTACHMENT_MAX_BYTES + _ENVELOPE_BYTES
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            raise too_large(settings.ATTACHMENT_MAX_BYTES)
        upload = request.FILES.get("file")
        if upload is None:
            raise Problem(
                status.HTTP_400_BAD_REQUEST, "required", _("Send the picture in this field."), field="file"
            )
        filer = Filer.of(asking_of(request))
        kept = store_picture(upload, at=clock.now(), client=filer.client, user=filer.user)
        return Response(AttachmentOut(kept).data, status=status.HTTP_201_CREATED)


class NothingHereView(APIView):
    """Every address that the API does not have."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not request.path.endswith("/"):
            raise NotFound(_("There is nothing at this address. Addresses here end with a slash."))
        raise NotFound(_("There is nothing at this address."))


def _file(rows: list[Any], filer: Filer, key: str = "") -> list[Receipt | RowProblem]:
    """Check rows and take in what is right, in one go; answers each in order."""
    read = read_reports(rows, filer, key=key)
    drafts = [draft for draft in read if isinstance(draft, ReportDraft)]
    keys = [key] * len(drafts) if key else []
    received = iter(
        receive(drafts, at=clock.now(), client=filer.client, user=filer.user, keys=keys) if drafts else []
    )
    told: list[Receipt | RowProblem] = []
    for row in read:
        answer = row if isinstance(row, RowProblem) else next(received)
        told.append(RowProblem.refused(answer) if isinstance(answer, Refusal) else answer)
    return told


def _file_many(rows: list[Any], request: Request) -> list[dict[str, Any]]:
    """File a batch and answer each row. All else that it made is gone by the end, so that the search for
    cycles, which begins again then, does not go through it."""
    told = _file(rows, Filer.of(asking_of(request)))
    receipts = Receipts(request)
    return [_row_answer(row, receipts) for row in told]


def _row_answer(told: Receipt | RowProblem, receipts: Receipts) -> dict[str, Any]:
    if isinstance(told, RowProblem):
        return {"status": told.status, "errors": list(told.errors)}
    return {"status": _status_of(told), **receipts.answer(told)}


def _status_of(receipt: Receipt) -> int:
    return status.HTTP_201_CREATED if receipt.created else status.HTTP_200_OK


def _incident_of(report: Report) -> Any:
    return report.links.filter(unlinked_at__isnull=True).select_related("incident").get().incident


def _body_problem(code: str, detail: str) -> Problem:
    return Problem(status.HTTP_400_BAD_REQUEST, code, detail, field=BODY)
