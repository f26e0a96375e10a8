"""化解 over REST: the files of mediations, masked, and everything that a person may do with one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.roles import Action, Role
from config import clock
from incidents import actions, policy
from incidents.api.access import visible_incidents
from incidents.api.fields import CodeField, InstantField, PhoneField, StrictSerializer, TextField, checked
from incidents.api.filters import Pages
from incidents.api.permissions import IsPerson, for_roles
from incidents.cases import TEXT_MAX
from incidents.mediation import files
from incidents.mediation.writing import NAME_MAX, PARTIES_MOST, PHONE_MAX, PLACE_MAX, Party
from incidents.models import (
    Mediation,
    MediationConfirmation,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    MediationSession,
)
from incidents.seeing import OVERSIGHT

Out = serializers.Serializer[Any]


class PartyInput(StrictSerializer):
    side = CodeField(choices=MediationParty.Side.choices)
    name = TextField(max_length=NAME_MAX)
    phone = PhoneField(required=False, max_length=PHONE_MAX)
    address = TextField(required=False, max_length=PLACE_MAX)


class OpenInput(StrictSerializer):
    kind = CodeField(choices=Mediation.Kind.choices, help_text="Who mediates.")
    mediator = TextField(required=False, max_length=150, help_text="Sign-in; empty: who asks.")
    parties = serializers.ListField(child=PartyInput(), allow_empty=False, max_length=PARTIES_MOST)
    seen_version = serializers.IntegerField(required=False, help_text="Of the case.")


class _FileInput(StrictSerializer):
    seen_version = serializers.IntegerField(
        required=False, help_text="Of the file, as it was read: 409 where it has changed since."
    )


class _OnceInput(StrictSerializer):
    """What would be written twice if it were sent twice: only on the file as the sender has read it."""

    seen_version = serializers.IntegerField(
        help_text="Of the file, as it was read. Sent again after a time-out it answers 409, and the file "
        "then says whether it was written."
    )


class AddPartyInput(_OnceInput, PartyInput):
    pass


class LeaveInput(_FileInput):
    party = serializers.IntegerField()
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)


class SessionInput(_OnceInput):
    held_at = InstantField()
    place = TextField(required=False, allow_blank=True, max_length=PLACE_MAX)
    present = serializers.ListField(child=serializers.IntegerField(), max_length=PARTIES_MOST)
    others = serializers.IntegerField(required=False, min_value=0, max_value=200)
    text = TextField(max_length=TEXT_MAX)
    result = CodeField(choices=MediationSession.Result.choices)


class AgreementInput(_OnceInput):
    terms = TextField(max_length=TEXT_MAX)
    perform_by = serializers.DateField(required=False, allow_null=True)
    is_oral = serializers.BooleanField(required=False)


class ConfirmInput(_FileInput):
    party = serializers.IntegerField()
    how = CodeField(choices=MediationConfirmation.How.choices)


class EndInput(_FileInput):
    outcome = CodeField(choices=[*MediationFile.State.choices[1:4]])
    next_step = CodeField(choices=MediationFile.Next.choices, required=False)
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)


class FollowUpInput(_OnceInput):
    how = CodeField(choices=MediationFollowUp.How.choices)
    result = CodeField(choices=MediationFollowUp.Result.choices)
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)
    next_on = serializers.DateField(
        required=False,
        allow_null=True,
        help_text="When to ask again where it is not kept wholly; a week from now without it.",
    )


class EarlierInput(_FileInput):
    earlier = TextField(max_length=20, help_text="Number of the earlier case.")


class ReadInput(StrictSerializer):
    """Nothing has to be said."""


class MediationPartyOut(Out):
    id = serializers.IntegerField()
    side = serializers.ChoiceField(choices=MediationParty.Side.choices)
    name = serializers.CharField(help_text="Masked; empty for whoever may not read it.")
    phone = serializers.CharField()
    address = serializers.CharField()
    left_at = serializers.DateTimeField(allow_null=True)
    confirmed = serializers.BooleanField(help_text="Stands by the agreement that counts.")


class MediationSessionOut(Out):
    position = serializers.IntegerField()
    held_at = serializers.DateTimeField()
    place = serializers.CharField()
    present = serializers.ListField(child=serializers.IntegerField())
    others = serializers.IntegerField()
    words = serializers.CharField()
    result = serializers.ChoiceField(choices=MediationSession.Result.choices)


class MediationAgreementOut(Out):
    edition = serializers.IntegerField()
    terms = serializers.CharField()
    perform_by = serializers.DateField(allow_null=True)
    is_oral = serializers.BooleanField()
    written_at = serializers.DateTimeField()


class MediationFollowUpOut(Out):
    made_at = serializers.DateTimeField()
    how = serializers.ChoiceField(choices=MediationFollowUp.How.choices)
    result = serializers.ChoiceField(choices=MediationFollowUp.Result.choices)
    words = serializers.CharField()


class MediationScanOut(Out):
    id = serializers.UUIDField(help_text="`take-out` answers with what is in it.")
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    uploaded_at = serializers.DateTimeField()


class MediationOut(Out):
    """A row of the list: how far it is, and nothing said in it."""

    id = serializers.IntegerField()
    incident = serializers.CharField(source="incident.number")
    unit = serializers.CharField(source="unit_id")
    kind = serializers.ChoiceField(choices=Mediation.Kind.choices)
    mediator = serializers.CharField(source="mediator.username")
    state = serializers.ChoiceField(choices=MediationFile.State.choices)
    taken_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    next_step = serializers.CharField()
    follow_up_on = serializers.DateField(
        allow_null=True, help_text="When somebody asks whether it is kept; null once it is."
    )
    version = serializers.IntegerField()


class MediationDetailOut(MediationOut):
    """One file, masked but for `read`, which is on the timeline each time."""

    ended_words = serializers.CharField()
    parties = MediationPartyOut(many=True)
    sessions = MediationSessionOut(many=True)
    agreement = MediationAgreementOut(allow_null=True)
    follow_ups = MediationFollowUpOut(many=True)
    scans = MediationScanOut(many=True, help_text="None for whoever may not read them.")


# Whoever reads cases at a desk; a patrol sees the case that it found and nothing of a quarrel behind it.
READS = for_roles(*OVERSIGHT, Role.HANDLER)


class MediationsView(GenericAPIView[MediationFile]):
    """The list."""

    permission_classes = (IsAuthenticated, IsPerson, READS)
    serializer_class = MediationOut
    pagination_class = Pages
    queryset = MediationFile.objects.none()
    filter_backends = ()

    @extend_schema(
        operation_id="mediations",
        tags=["mediations"],
        summary="Mediations, newest first",
        responses=MediationOut(many=True),
    )
    def get(self, request: Request) -> Response:
        seen = files.visible(who(request)).select_related("incident", "mediator")
        return self.get_paginated_response(MediationOut(self.paginate_queryset(seen), many=True).data)


class IncidentMediationsView(APIView):
    """The mediations of one case."""

    permission_classes = (IsAuthenticated, IsPerson, READS)

    @extend_schema(
        operation_id="incident_mediations",
        tags=["mediations"],
        summary="The mediations of a dispute",
        responses=MediationOut(many=True),
    )
    def get(self, request: Request, number: str) -> Response:
        incident = get_object_or_404(visible_incidents(who(request)), number=number)
        return Response(MediationOut(files.of_case(incident), many=True).data)

    @extend_schema(
        operation_id="mediation_open",
        tags=["mediations"],
        summary="Take a dispute on for mediation",
        request=OpenInput,
        responses={201: MediationDetailOut},
    )
    def post(self, request: Request, number: str) -> Response:
        user = who(request)
        incident = get_object_or_404(visible_incidents(user), number=number)
        actor = policy.acting_as(user, Action.MEDIATE, incident)
        told = checked(OpenInput, request.data)
        parties = [Party(**one) for one in told.pop("parties")]
        opened = actions.open_mediation(number=number, parties=parties, actor=actor, at=clock.now(), **told)
        return Response(detail(user, opened.pk), status=201)


class MediationView(APIView):
    """One file."""

    permission_classes = (IsAuthenticated, IsPerson, READS)

    @extend_schema(
        operation_id="mediation",
        tags=["mediations"],
        summary="A mediation, with names and words masked",
        responses=MediationDetailOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(detail(who(request), pk))


def _add_party(*, seen_version: int | None = None, **told: Any) -> Any:
    common = {name: told.pop(name) for name in ("file", "actor", "at")}
    return actions.add_party(party=Party(**told), seen_version=seen_version, **common)


@dataclass(frozen=True, slots=True)
class Deed:
    """What one address does."""

    action: Action
    summary: str
    input_class: type[serializers.Serializer[Any]]
    call: Callable[..., Any]
    lifts: bool = False


DEEDS: Mapping[str, Deed] = {
    "parties": Deed(Action.MEDIATE, "Add a party", AddPartyInput, _add_party),
    "leave": Deed(Action.MEDIATE, "A party leaves", LeaveInput, actions.party_leaves),
    "sessions": Deed(Action.MEDIATE, "Write a session down", SessionInput, actions.hold_session),
    "agreement": Deed(
        Action.MEDIATE,
        "Write the agreement down, or another edition",
        AgreementInput,
        actions.write_agreement,
    ),
    "confirm": Deed(
        Action.MEDIATE, "A party stands by the agreement", ConfirmInput, actions.confirm_agreement
    ),
    "end": Deed(Action.MEDIATE, "End the mediation", EndInput, actions.end_mediation),
    "follow-up": Deed(
        Action.FOLLOW_MEDIATION, "Is the agreement kept?", FollowUpInput, actions.follow_up_mediation
    ),
    "earlier": Deed(Action.READ_MEDIATION, "Name an earlier dispute", EarlierInput, actions.name_earlier),
    "read": Deed(
        Action.READ_MEDIATION,
        "Names and words as they are; each look is on the timeline",
        ReadInput,
        actions.read_mediation,
        lifts=True,
    ),
}


class DeedView(APIView):
    """See the file, be allowed, say what is needed, act; answers the file as it is then."""

    permission_classes = (IsAuthenticated, IsPerson, READS)
    deed: ClassVar[Deed]

    def post(self, request: Request, pk: int) -> Response:
        user = who(request)
        found = file_or_404(user, pk)
        actor = policy.acting_as(user, self.deed.action, found.incident)
        told = checked(self.deed.input_class, request.data)
        self.deed.call(file=pk, actor=actor, at=clock.now(), **told)
        return Response(detail(user, pk, lifted=self.deed.lifts))


def _view(word: str, deed: Deed) -> type[DeedView]:
    name = word.replace("-", "_")
    view = type(f"Mediation{name.title()}View", (DeedView,), {"deed": deed, "__doc__": deed.summary})
    describe = extend_schema_view(
        post=extend_schema(
            operation_id=f"mediation_{name}",
            tags=["mediations"],
            summary=deed.summary,
            request=deed.input_class,
            responses={200: MediationDetailOut},
        )
    )
    return describe(view)


VIEWS: Mapping[str, type[DeedView]] = {word: _view(word, deed) for word, deed in DEEDS.items()}


def who(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def file_or_404(user: User, pk: int) -> MediationFile:
    if pk >= 2**63:
        raise Http404
    seen = files.visible(user).select_related("incident__owner_unit", "mediator")
    return get_object_or_404(seen, pk=pk)


def detail(user: User, pk: int, *, lifted: bool = False) -> dict[str, Any]:
    found = file_or_404(user, pk)
    reads = files.may_read(user, found.incident)
    parties = list(found.parties.select_related("contact"))
    veil = files.Veil(parties, lifted and reads)
    missing = {one.pk for one in files.unconfirmed(found)}
    agreement = files.agreement_of(found)

    def words(said: str) -> str:
        return veil.words(said) if reads else ""

    shown: dict[str, Any] = {
        "ended_words": words(found.ended_words),
        "parties": [
            {
                "id": one.pk,
                "side": one.side,
                "name": veil.name(one) if reads else "",
                "phone": veil.phone(one) if reads else "",
                "address": veil.address(one) if reads else "",
                "left_at": one.left_at,
                "confirmed": agreement is not None and one.left_at is None and one.pk not in missing,
            }
            for one in parties
        ],
        "sessions": [
            {
                "position": one.position,
                "held_at": one.held_at,
                "place": words(one.place),
                "present": [came.pk for came in one.present.all()],
                "others": one.others,
                "words": words(one.words),
                "result": one.result,
            }
            for one in found.sessions.prefetch_related("present")
        ],
        "agreement": {
            "edition": agreement.edition,
            "terms": words(agreement.terms),
            "perform_by": agreement.perform_by,
            "is_oral": agreement.is_oral,
            "written_at": agreement.written_at,
        }
        if agreement is not None
        else None,
        "follow_ups": [
            {"made_at": one.made_at, "how": one.how, "result": one.result, "words": words(one.words)}
            for one in found.follow_ups.all()
        ],
    }
    row: dict[str, Any] = MediationOut(found).data
    return {
        **row,
        "ended_words": shown["ended_words"],
        "parties": MediationPartyOut(shown["parties"], many=True).data,
        "sessions": MediationSessionOut(shown["sessions"], many=True).data,
        "agreement": MediationAgreementOut(shown["agreement"]).data if shown["agreement"] else None,
        "follow_ups": MediationFollowUpOut(shown["follow_ups"], many=True).data,
        "scans": MediationScanOut(found.scans.all() if reads else [], many=True).data,
    }
