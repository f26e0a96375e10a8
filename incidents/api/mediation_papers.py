"""The papers of a mediation over REST: the agreement as PDF, and scans, kept and taken out.

What names people lies inside the answer: no address is left at which it could be had again.
"""

from base64 import b64encode
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.roles import Action
from config import clock
from incidents import actions, policy
from incidents.api.errors import Problem
from incidents.api.fields import StrictSerializer, checked
from incidents.api.mediation import READS, MediationDetailOut, detail, file_or_404, who
from incidents.api.parsers import too_large
from incidents.api.permissions import IsPerson
from incidents.mediation import files, protocol
from incidents.models import MediationFile
from incidents.sources import petitions

# For the fields around a file.
_ENVELOPE_BYTES = 64 * 1024


class ScanInput(serializers.Serializer[Any]):
    scan = serializers.FileField(help_text="A picture or a PDF, up to 20 MB.")


class TakeOutInput(StrictSerializer):
    scan = serializers.UUIDField()


class PdfInput(StrictSerializer):
    """Nothing has to be said."""


class MediationPaperOut(serializers.Serializer[Any]):
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    content = serializers.CharField(help_text="Base64.")


class ScansView(APIView):
    """Keep a scan."""

    permission_classes = (IsAuthenticated, IsPerson, READS)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="mediation_scans",
        tags=["mediations"],
        summary="Keep a signed sheet or a piece of evidence; the same one again is the same one",
        request={"multipart/form-data": ScanInput},
        responses={200: MediationDetailOut},
    )
    def post(self, request: Request, pk: int) -> Response:
        user = who(request)
        found = file_or_404(user, pk)
        actor = policy.acting_as(user, Action.FOLLOW_MEDIATION, found.incident)
        # Asked before the body is read.
        if int(request.META.get("CONTENT_LENGTH") or 0) > petitions.SCAN_BYTES_MOST + _ENVELOPE_BYTES:
            raise too_large(petitions.SCAN_BYTES_MOST)
        upload = request.FILES.get("scan")
        if upload is None:
            message = _("Send the scan in this field.")
            raise Problem(status.HTTP_400_BAD_REQUEST, "required", message, field="scan")
        actions.add_scan(file=pk, scan=petitions.checked_scan(upload), actor=actor, at=clock.now())
        return Response(detail(user, pk))


class TakeOutView(APIView):
    """Take a scan out."""

    permission_classes = (IsAuthenticated, IsPerson, READS)

    @extend_schema(
        operation_id="mediation_take_out",
        tags=["mediations"],
        summary="Take a scan out; each time is on the timeline",
        request=TakeOutInput,
        responses={200: MediationPaperOut},
    )
    def post(self, request: Request, pk: int) -> Response:
        user = who(request)
        found = file_or_404(user, pk)
        policy.acting_as(user, Action.READ_MEDIATION, found.incident)
        scan = checked(TakeOutInput, request.data)["scan"]
        _look(user, found, scan=scan)
        kept = found.scans.get(pk=scan)
        try:
            return Response(_paper(kept.content_type, files.body_of(kept)))
        except FileNotFoundError as error:
            raise NotFound(_("There is no such document.")) from error


class PdfView(APIView):
    """The agreement as PDF."""

    permission_classes = (IsAuthenticated, IsPerson, READS)

    @extend_schema(
        operation_id="mediation_pdf",
        tags=["mediations"],
        summary="The agreement as PDF, to be signed; each time is on the timeline",
        request=PdfInput,
        responses={200: MediationPaperOut},
    )
    def post(self, request: Request, pk: int) -> Response:
        user, at = who(request), clock.now()
        found = file_or_404(user, pk)
        checked(PdfInput, request.data)
        if files.may_read(user, found.incident) and files.agreement_of(found) is None:
            raise NotFound(_("Nothing is agreed yet."))
        _look(user, found)
        return Response(_paper(petitions.PDF, protocol.draw(found, taken_by=str(user), at=at)))


def _look(user: User, found: MediationFile, *, scan: UUID | None = None) -> None:
    actor = policy.acting_as(user, Action.READ_MEDIATION, found.incident)
    actions.read_mediation(file=found.pk, actor=actor, at=clock.now(), scan=scan)


def _paper(content_type: str, body: bytes) -> dict[str, object]:
    return {"content_type": content_type, "size": len(body), "content": b64encode(body).decode()}
