"""批示 over REST: the ledger, one instruction, and everything that a person may do with one."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from config import clock
from incidents import instructing, policy
from incidents.actor import Actor
from incidents.api.fields import InstantField, StrictSerializer, TextField, checked
from incidents.api.filters import Pages
from incidents.api.permissions import IsPerson, for_roles
from incidents.cases import TEXT_MAX
from incidents.errors import ActionRefused
from incidents.instructing import reach, reading
from incidents.models import Instruction, InstructionPart

Out = serializers.Serializer[Any]


class GiveInput(StrictSerializer):
    office = TextField(
        max_length=64, help_text="Code of the office that instructs: the district, or a street."
    )
    words = TextField(max_length=TEXT_MAX)
    units = serializers.ListField(child=TextField(max_length=64), max_length=60, help_text="Codes of units.")
    due_at = InstantField(help_text="By when each unit reports.")
    given_by = TextField(
        required=False,
        max_length=150,
        help_text="Sign-in of the leader; needed where a supervisor writes it.",
    )
    cases = serializers.ListField(
        source="cases_about", child=TextField(max_length=20), required=False, max_length=100
    )


class ReportBackInput(StrictSerializer):
    unit = TextField(max_length=64)
    text = TextField(max_length=TEXT_MAX)


class JudgeInput(StrictSerializer):
    unit = TextField(max_length=64)
    accepted = serializers.BooleanField()
    remark = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)
    due_at = InstantField(required=False, allow_null=True, help_text="Where it is sent back.")


class WithdrawInput(StrictSerializer):
    reason = TextField(max_length=TEXT_MAX)


class InstructionReportOut(Out):
    text = serializers.CharField(source="text.body")
    at = serializers.DateTimeField(source="reported_at")
    late = serializers.BooleanField(source="is_late")
    accepted = serializers.BooleanField(allow_null=True)
    remark = serializers.CharField(source="remark.body", default="")


class InstructionPartOut(Out):
    unit = serializers.CharField(source="part.unit_id")
    state = serializers.ChoiceField(source="part.state", choices=InstructionPart.State.choices)
    due_at = serializers.DateTimeField(source="part.due_at")
    was_late = serializers.BooleanField(source="part.was_late")
    reports = InstructionReportOut(many=True)


class InstructionOut(Out):
    """A row of the ledger."""

    number = serializers.CharField()
    office = serializers.CharField(source="office_id")
    given_by = serializers.CharField()
    given_at = serializers.DateTimeField()
    end = serializers.ChoiceField(choices=Instruction.End.choices, allow_blank=True)
    words = serializers.CharField(source="words.body")


class InstructionDetailOut(InstructionOut):
    """One instruction with what was reported, as far as the reader may read it."""

    cases = serializers.ListField(child=serializers.CharField())
    parts = InstructionPartOut(many=True)


class InstructionsView(GenericAPIView[Instruction]):
    """The ledger."""

    permission_classes = (IsAuthenticated, IsPerson, for_roles(*reach.GIVING, read=reach.ROLES))
    serializer_class = InstructionOut
    pagination_class = Pages
    queryset = Instruction.objects.none()
    filter_backends = ()

    @extend_schema(
        operation_id="instructions",
        tags=["instructions"],
        summary="Instructions, newest first",
        responses=InstructionOut(many=True),
    )
    def get(self, request: Request) -> Response:
        seen = Instruction.objects.filter(reach.visible(_who(request)))
        page = self.paginate_queryset(seen.select_related("words", "given_by"))
        return self.get_paginated_response(InstructionOut(page, many=True).data)

    @extend_schema(
        operation_id="instruction_give",
        tags=["instructions"],
        summary="Instruct units to do something and to report by a time",
        request=GiveInput,
        responses={201: InstructionDetailOut},
    )
    def post(self, request: Request) -> Response:
        user, told = _who(request), checked(GiveInput, request.data)
        grant = reach.offices(user).get(told["office"])
        if grant is None:
            raise ActionRefused("not_allowed", _("You do not instruct in the name of this office."))
        named = told.pop("given_by", "")
        leader = reach.leaders_of(told["office"]).filter(username=named).first() if named else None
        actor = Actor.person(user, grant.unit.code)
        given = instructing.give(**told, given_by=leader, actor=actor, at=clock.now())
        return Response(_detail(user, given.number), status=201)


class InstructionView(APIView):
    """One instruction."""

    permission_classes = (IsAuthenticated, IsPerson)

    @extend_schema(
        operation_id="instruction",
        tags=["instructions"],
        summary="An instruction and what was reported on it",
        responses=InstructionDetailOut,
    )
    def get(self, request: Request, number: str) -> Response:
        return Response(_detail(_who(request), number))


class _DoingView(APIView):
    """Whose it is comes before what is said: a mistake in the words tells nobody that there is such a one."""

    permission_classes = (IsAuthenticated, IsPerson)

    def _for_office(self, user: User, number: str) -> Actor:
        given = get_object_or_404(Instruction.objects.filter(reach.visible(user)), number=number)
        grant = reach.judging_grant(user, given)
        if grant is None:
            raise ActionRefused("not_allowed", _("Your role does not allow this."))
        return Actor.person(user, grant.unit.code)


class InstructionReportView(_DoingView):
    """A unit reports."""

    @extend_schema(
        operation_id="instruction_report",
        tags=["instructions"],
        summary="Report on an instruction for one's unit",
        request=ReportBackInput,
        responses={200: InstructionDetailOut},
    )
    def post(self, request: Request, number: str) -> Response:
        user = _who(request)
        get_object_or_404(Instruction.objects.filter(reach.visible(user)), number=number)
        told = checked(ReportBackInput, request.data)
        actor = Actor.person(user, told["unit"])
        instructing.report(number=number, **told, actor=actor, at=clock.now())
        return Response(_detail(user, number))


class InstructionJudgeView(_DoingView):
    """The office answers a report."""

    @extend_schema(
        operation_id="instruction_judge",
        tags=["instructions"],
        summary="Accept a unit's report, or send it back",
        request=JudgeInput,
        responses={200: InstructionDetailOut},
    )
    def post(self, request: Request, number: str) -> Response:
        user = _who(request)
        actor = self._for_office(user, number)
        told = checked(JudgeInput, request.data)
        instructing.judge(number=number, **told, actor=actor, at=clock.now())
        return Response(_detail(user, number))


class InstructionWithdrawView(_DoingView):
    """The office takes it back."""

    @extend_schema(
        operation_id="instruction_withdraw",
        tags=["instructions"],
        summary="Take an instruction back, with a reason",
        request=WithdrawInput,
        responses={200: InstructionDetailOut},
    )
    def post(self, request: Request, number: str) -> Response:
        user = _who(request)
        actor = self._for_office(user, number)
        told = checked(WithdrawInput, request.data)
        instructing.withdraw(number=number, **told, actor=actor, at=clock.now())
        return Response(_detail(user, number))


def _who(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _detail(user: User, number: str) -> dict[str, Any]:
    given = get_object_or_404(
        Instruction.objects.filter(reach.visible(user)).select_related("words", "given_by"), number=number
    )
    shown: dict[str, Any] = InstructionOut(given).data
    cases = given.cases.filter(policy.visible(user)).order_by("pk").values_list("number", flat=True)
    parts = reading.parts_of(given, user, at=clock.now())
    return {
        **shown,
        "cases": list(cases),
        "parts": InstructionPartOut(parts, many=True).data,
    }


VIEWS: dict[str, type[APIView]] = {
    "report": InstructionReportView,
    "judge": InstructionJudgeView,
    "withdraw": InstructionWithdrawView,
}
