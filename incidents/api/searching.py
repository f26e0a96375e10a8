"""Who called before, through REST: what a telephone at the desk asks while it rings."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit.rows import AuditEvent
from accounts.audit.telling import tell_of
from accounts.models import User
from incidents.api.access import visible_incidents
from incidents.api.fields import PhoneField, StrictSerializer
from incidents.api.outputs import IncidentOut
from incidents.api.permissions import IsPerson
from incidents.api.throttles import LookUps, PerMinute
from incidents.searching import callers

MOST = 50


class MayLookUp(BasePermission):
    """Only whoever is shown reporters at all."""

    code = "not_allowed"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and callers.may_look_up(request.user)


class CallerInput(StrictSerializer):
    phone = PhoneField(max_length=40, help_text="The whole number; it is kept nowhere.")

    def validate_phone(self, phone: str) -> str:
        if not (digits := callers.phone_in(phone)):
            raise serializers.ValidationError(PhoneField.default_error_messages["phone"], code="phone")
        return digits


class CallersView(APIView):
    """Cases of a number. It is posted, so that it stands in no address and no log."""

    permission_classes = (IsPerson, MayLookUp)
    throttle_classes = (PerMinute, LookUps)

    @extend_schema(
        operation_id="incident_callers",
        tags=["incidents"],
        summary="Cases that a telephone number reported, the newest 50 that one may be shown the reporter of",
        request=CallerInput,
        responses=IncidentOut(many=True),
    )
    def post(self, request: Request) -> Response:
        given = CallerInput(data=request.data)
        given.is_valid(raise_exception=True)
        user = request.user
        assert isinstance(user, User)
        tell_of(request._request, kind=AuditEvent.Kind.PERSONAL, what="phone_search")
        index = callers.index_of(given.validated_data["phone"])
        cases = callers.called(index, user, visible_incidents(user))
        newest = cases.for_list().order_by("-received_at", "-pk")[:MOST]  # type: ignore[attr-defined]
        return Response(IncidentOut(newest, many=True, context={"request": request}).data)
