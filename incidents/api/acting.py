"""Everything that a person may do to a case, each at its own address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.roles import Action
from config import clock
from incidents import actions, policy
from incidents.actor import Actor
from incidents.api import inputs
from incidents.api.access import visible_incidents
from incidents.api.cases import case_detail
from incidents.api.fields import checked
from incidents.api.outputs import ContactOut, IncidentDetailOut
from incidents.api.permissions import IsPerson
from incidents.errors import InvalidInput
from incidents.models import Attachment

Told = Mapping[str, Any]


class ActionView(APIView):
    """See the case, be allowed, say what is needed, act; answers the case as it is then."""

    permission_classes = (IsAuthenticated, IsPerson)
    action: ClassVar[Action]
    input_class: ClassVar[type[serializers.Serializer[Any]]]

    def post(self, request: Request, number: str) -> Response:
        assert isinstance(request.user, User)
        incident = get_object_or_404(visible_incidents(request.user), number=number)
        actor = policy.acting_as(request.user, self.action, incident)
        told = checked(self.input_class, request.data)
        done = self.act(number, told, actor, clock.now())
        return Response(self.answer(request, number, done))

    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        raise NotImplementedError

    def answer(self, request: Request, number: str, done: Any) -> Any:
        return case_detail(request, number)


def action_view(
    action: Action,
    input_class: type[serializers.Serializer[Any]],
    summary: str,
    output: Any = IncidentDetailOut,
) -> Any:
    """Finish an action's view: its input, and how the document tells of it."""

    def finish(view: type[ActionView]) -> type[ActionView]:
        view.action, view.input_class = action, input_class
        name = view.__name__.removesuffix("View").lower()
        describe = extend_schema_view(
            post=extend_schema(
                operation_id=f"incident_{name}",
                tags=["incidents"],
                summary=summary,
                request=input_class,
                responses={200: output},
            )
        )
        return describe(view)

    return finish


@action_view(Action.CLAIM, inputs.ClaimInput, "Take a case on the desk into one's own hands")
class ClaimView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.claim(number=number, actor=actor, at=at)


@action_view(Action.DISPATCH, inputs.DispatchInput, "Send a case from the desk to a unit")
class DispatchView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.dispatch(
            number=number,
            item_code=told["item"],
            unit_code=told.get("unit", ""),
            reason=told.get("reason", ""),
            actor=actor,
            at=at,
            seen_version=told.get("version"),
        )


@action_view(Action.ANSWER, inputs.AnswerInput, "Answer on the spot and close")
class AnswerView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.answer(
            number=number, text=told["text"], actor=actor, at=at, seen_version=told.get("version")
        )


@action_view(Action.REJECT, inputs.ReasonInput, "Turn a case away, with a reason")
class RejectView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.reject(
            number=number, reason=told["reason"], actor=actor, at=at, seen_version=told.get("version")
        )


@action_view(Action.MERGE, inputs.MergeInput, "Let another case answer this one's reports too")
class MergeView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.merge(number=number, into=told["into"], actor=actor, at=at)


@action_view(Action.UNMERGE, inputs.ClaimInput, "Take a merged case out again")
class UnmergeView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.unmerge(number=number, actor=actor, at=at)


@action_view(Action.ACCEPT, inputs.AcceptInput, "Take the case on")
class AcceptView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.accept(number=number, actor=actor, at=at, seen_version=told.get("version"))


@action_view(Action.REQUEST_RETURN, inputs.RequestReturnInput, "Ask the centre to take the case back")
class RequestReturnView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.request_return(
            number=number,
            reason=told["reason"],
            cites=told.get("cites", ""),
            proposed_unit=told.get("proposed_unit", ""),
            actor=actor,
            at=at,
            seen_version=told.get("version"),
        )


@action_view(Action.DECIDE_RETURN, inputs.DecideReturnInput, "Agree to a return, or refuse it")
class DecideReturnView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.decide_return(
            number=number,
            agreed=told["agreed"],
            reason=told.get("reason", ""),
            actor=actor,
            at=at,
            seen_version=told.get("version"),
        )


@action_view(Action.REDISPATCH, inputs.RedispatchInput, "Send a case that is with a unit to another")
class RedispatchView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.redispatch(
            number=number,
            item_code=told["item"],
            unit_code=told.get("unit", ""),
            reason=told["reason"],
            actor=actor,
            at=at,
            seen_version=told.get("version"),
        )


@action_view(Action.RESOLVE, inputs.ResolveInput, "Say what came of it")
class ResolveView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.resolve(
            number=number,
            outcome=told["outcome"],
            text=told["text"],
            attested=told["attested"],
            parked_until=told.get("parked_until"),
            actor=actor,
            at=at,
            seen_version=told.get("version"),
        )


@action_view(Action.VERIFY, inputs.VerifyInput, "Judge whether it is really fixed")
class VerifyView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.verify(
            number=number,
            fixed=told["fixed"],
            text=told.get("text", ""),
            actor=actor,
            at=at,
            seen_version=told.get("version"),
        )


@action_view(Action.CLOSE, inputs.ReasonInput, "Close a resolved case")
class CloseView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.close(
            number=number, reason=told["reason"], actor=actor, at=at, seen_version=told.get("version")
        )


@action_view(Action.REOPEN, inputs.ReopenInput, "Open a closed case again")
class ReopenView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.reopen(
            number=number,
            reason=told["reason"],
            to_desk=told["to_desk"],
            actor=actor,
            at=at,
            seen_version=told.get("version"),
        )


@action_view(Action.NOTE, inputs.NoteInput, "Write an internal note")
class NoteView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.note(number=number, text=told["text"], actor=actor, at=at)


@action_view(Action.NOTE, inputs.PhotoInput, "Put a picture on the case")
class PhotoView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        mine = Attachment.objects.filter(pk=told["attachment"], uploaded_by=actor.user).first()
        if mine is None:
            raise InvalidInput("attachment", "unknown", inputs.NO_SUCH_PICTURE)
        return actions.add_photo(number=number, attachment=mine, stage=told["stage"], actor=actor, at=at)


@action_view(Action.UNMASK, inputs.UnmaskInput, "See who reported; every look is on the timeline", ContactOut)
class UnmaskView(ActionView):
    def act(self, number: str, told: Told, actor: Actor, at: datetime) -> Any:
        return actions.unmask(number=number, report_id=told["report"], actor=actor, at=at)

    def answer(self, request: Request, number: str, done: Any) -> Any:
        return ContactOut(done).data


VIEWS: Mapping[str, type[ActionView]] = {
    Action.CLAIM: ClaimView,
    Action.DISPATCH: DispatchView,
    Action.ANSWER: AnswerView,
    Action.REJECT: RejectView,
    Action.MERGE: MergeView,
    Action.UNMERGE: UnmergeView,
    Action.ACCEPT: AcceptView,
    Action.REQUEST_RETURN: RequestReturnView,
    Action.DECIDE_RETURN: DecideReturnView,
    Action.REDISPATCH: RedispatchView,
    Action.RESOLVE: ResolveView,
    Action.VERIFY: VerifyView,
    Action.CLOSE: CloseView,
    Action.REOPEN: ReopenView,
    Action.NOTE: NoteView,
    Action.UNMASK: UnmaskView,
    "add-photo": PhotoView,
}
