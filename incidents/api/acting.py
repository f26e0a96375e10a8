"""Everything that a person may do to a case, each at its own address: one table, one kind of view."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from incidents.api import action_inputs as inputs
from incidents.api.access import visible_incidents
from incidents.api.cases import case_detail
from incidents.api.fields import checked
from incidents.api.inputs import NO_SUCH_PICTURE
from incidents.api.outputs import ContactOut, IncidentDetailOut
from incidents.api.permissions import IsPerson
from incidents.api.release_inputs import PublishInput
from incidents.api.source_outputs import DocumentOut
from incidents.api.suggestion_outputs import SuggestionOut
from incidents.errors import InvalidInput
from incidents.feedback import Answers
from incidents.mediating import Mediated
from incidents.models import Attachment


@dataclass(frozen=True, slots=True)
class Deed:
    """What one address does: who may, what must be said, and the one call.

    `call` takes number, actor, at and whatever the input was validated into.
    """

    action: Action
    summary: str
    input_class: type[serializers.Serializer[Any]]
    call: Callable[..., Any]
    # Answered instead of the case as it is then, made from what the call answers.
    output: type[serializers.Serializer[Any]] | None = None


class ActionView(APIView):
    """See the case, be allowed, say what is needed, act; answers the case as it is then."""

    permission_classes = (IsAuthenticated, IsPerson)
    deed: ClassVar[Deed]

    def post(self, request: Request, number: str) -> Response:
        assert isinstance(request.user, User)
        incident = get_object_or_404(visible_incidents(request.user), number=number)
        actor = policy.acting_as(request.user, self.deed.action, incident)
        told = checked(self.deed.input_class, request.data)
        done = self.deed.call(number=number, actor=actor, at=clock.now(), **told)
        if self.deed.output is not None:
            return Response(self.deed.output(done).data)
        return Response(case_detail(request, number))


def action_view(address: str, deed: Deed) -> type[ActionView]:
    """The view of a deed, and how the document tells of it."""
    name = address.replace("-", "")
    view = type(f"{name.capitalize()}View", (ActionView,), {"deed": deed, "__doc__": deed.summary})
    describe = extend_schema_view(
        post=extend_schema(
            operation_id=f"incident_{name}",
            tags=["incidents"],
            summary=deed.summary,
            request=deed.input_class,
            responses={200: deed.output or IncidentDetailOut},
        )
    )
    return describe(view)


def _add_photo(*, actor: Actor, attachment: Any, **told: Any) -> Attachment:
    mine = Attachment.objects.filter(pk=attachment, uploaded_by=actor.user).first()
    if mine is None:
        raise InvalidInput("attachment", "unknown", NO_SUCH_PICTURE)
    return actions.add_photo(attachment=mine, actor=actor, **told)


def _publish(*, photos: Sequence[Mapping[str, Any]] = (), **told: Any) -> Any:
    return actions.publish(photos={one["id"]: one.get("covered", ()) for one in photos}, **told)


def _set_place(*, location: Mapping[str, Any] | None = None, **told: Any) -> Any:
    if location is None:
        return actions.set_place(**told)
    return actions.set_place(place=location["place"], address=location["address"] or None, **told)


def _resolve(*, mediation: Mapping[str, Any] | None = None, **told: Any) -> Any:
    return actions.resolve(mediation=Mediated(**mediation) if mediation else None, **told)


def _call_back(*, reached: bool, text: str = "", **told: Any) -> Any:
    asked = {name: told.pop(name, None) for name in ("contacted", "solved", "speed", "result", "service")}
    return actions.call_back(reached=reached, answers=Answers(**asked), text=text, **told)


# An address is the action's own word, but for the picture: it is a kind of note.
DEEDS: Mapping[str, Deed] = {
    "open-document": Deed(
        Action.UNMASK,
        "Take a letter's scan out; each time is on the timeline",
        inputs.OpenDocumentInput,
        actions.open_document,
        output=DocumentOut,
    ),
    "add-photo": Deed(Action.NOTE, "Put a picture on the case", inputs.PhotoInput, _add_photo),
    **{
        deed.action: deed
        for deed in (
            Deed(
                Action.CLAIM,
                "Take a case on the desk into one's own hands",
                inputs.BareInput,
                actions.claim,
            ),
            Deed(
                Action.RELEASE,
                "Give a case that one has taken back to the desk",
                inputs.BareInput,
                actions.release,
            ),
            Deed(
                Action.DISPATCH,
                "Send a case from the desk to a unit",
                inputs.DispatchInput,
                actions.dispatch,
            ),
            Deed(Action.ANSWER, "Answer on the spot and close", inputs.AnswerDirectlyInput, actions.answer),
            Deed(Action.REJECT, "Turn a case away, with a reason", inputs.ReasonInput, actions.reject),
            Deed(
                Action.MERGE,
                "Let another case answer this one's reports too",
                inputs.MergeInput,
                actions.merge,
            ),
            Deed(Action.UNMERGE, "Take a merged case out again", inputs.BareInput, actions.unmerge),
            Deed(
                Action.SPLIT,
                "Make a case of its own out of another matter; only the centre does",
                inputs.SplitInput,
                actions.split,
            ),
            Deed(
                Action.RECALL,
                "Take one's own last decision on the desk back, at once",
                inputs.AcceptInput,
                actions.recall,
            ),
            Deed(
                Action.CORRECT,
                "Say whose the facility is, or which category it is, and decide again",
                inputs.CorrectInput,
                actions.correct,
            ),
            Deed(
                Action.SET_PLACE,
                "Say where it is, or that its place is right, and decide again",
                inputs.SetPlaceInput,
                _set_place,
            ),
            Deed(
                Action.FALSE_ALARM,
                "Say that the words which told of danger told of none",
                inputs.ReasonInput,
                actions.false_alarm,
            ),
            Deed(
                Action.ASK_MODEL,
                "Ask the model for a suggestion; asked again, its answer",
                inputs.BareInput,
                actions.ask_model,
                output=SuggestionOut,
            ),
            Deed(Action.ACCEPT, "Take the case on", inputs.AcceptInput, actions.accept),
            Deed(
                Action.REQUEST_RETURN,
                "Ask the centre to take the case back",
                inputs.RequestReturnInput,
                actions.request_return,
            ),
            Deed(
                Action.DECIDE_RETURN,
                "Agree to a return, or refuse it",
                inputs.DecideInput,
                actions.decide_return,
            ),
            Deed(
                Action.REDISPATCH,
                "Send a case that is with a unit to another",
                inputs.RedispatchInput,
                actions.redispatch,
            ),
            Deed(Action.RESOLVE, "Say what came of it", inputs.ResolveInput, _resolve),
            Deed(Action.VERIFY, "Judge whether it is really fixed", inputs.VerifyInput, actions.verify),
            Deed(
                Action.FIX_ON_SPOT,
                "Say that a patrol put its own finding right on the spot",
                inputs.FixOnSpotInput,
                actions.fix_on_spot,
            ),
            Deed(Action.CLOSE, "Close a resolved case", inputs.ReasonInput, actions.close),
            Deed(Action.REOPEN, "Open a closed case again", inputs.ReopenInput, actions.reopen),
            Deed(
                Action.REQUEST_EXTENSION,
                "Ask, before it is due, for a later due time",
                inputs.RequestExtensionInput,
                actions.request_extension,
            ),
            Deed(
                Action.DECIDE_EXTENSION,
                "Give more time, or refuse it",
                inputs.DecideTimeInput,
                actions.decide_extension,
            ),
            Deed(
                Action.REQUEST_SUSPENSION,
                "Ask that the clock stands still until a time",
                inputs.RequestSuspensionInput,
                actions.request_suspension,
            ),
            Deed(
                Action.DECIDE_SUSPENSION,
                "Let the clock stand still, or refuse it",
                inputs.DecideTimeInput,
                actions.decide_suspension,
            ),
            Deed(
                Action.REQUEST_RAISE,
                "Ask that the unit above takes the case, at the next level",
                inputs.ReasonInput,
                actions.request_raise,
            ),
            Deed(
                Action.DECIDE_RAISE,
                "Let the case move up a level, or refuse it",
                inputs.DecideInput,
                actions.decide_raise,
            ),
            Deed(
                Action.INVITE_SUPPORT,
                "Ask other units for their part, each with a clock of its own",
                inputs.InviteSupportInput,
                actions.invite_support,
            ),
            Deed(
                Action.ANSWER_SUPPORT,
                "Say what came of one's part",
                inputs.AnswerSupportInput,
                actions.answer_support,
            ),
            Deed(
                Action.DECLINE_SUPPORT,
                "Decline to support, with a reason",
                inputs.DeclineSupportInput,
                actions.decline_support,
            ),
            Deed(
                Action.RELEASE_SUPPORT,
                "Ask nothing of a supporting unit any more",
                inputs.ReleaseSupportInput,
                actions.release_support,
            ),
            Deed(
                Action.MAKE_SAFE,
                "Report that nobody is in danger any more; the repair is its owner's",
                inputs.MakeSafeInput,
                actions.make_safe,
            ),
            Deed(
                Action.ASK_REPORTER,
                "Ask the reporter something; the clock waits for the answer",
                inputs.AskReporterInput,
                actions.ask_reporter,
            ),
            Deed(
                Action.RESUME,
                "Take a paused case up again before its time",
                inputs.ResumeInput,
                actions.resume,
            ),
            Deed(
                Action.APPEAL,
                "Ask that a breach of one's unit does not count",
                inputs.AppealInput,
                actions.appeal,
            ),
            Deed(
                Action.DECIDE_APPEAL,
                "Let a breach not count, or refuse it",
                inputs.DecideAppealInput,
                actions.decide_appeal,
            ),
            Deed(
                Action.CONTACT,
                "Record a try to reach the reporter",
                inputs.ContactInput,
                actions.contact,
            ),
            Deed(
                Action.CALL_BACK,
                "Record a call to a reporter after closing",
                inputs.CallBackInput,
                _call_back,
            ),
            Deed(
                Action.PHONE,
                "Record an emergency's call to its unit",
                inputs.PhoneInput,
                actions.phone,
            ),
            Deed(
                Action.COUNTERSIGN,
                "Let a late entry count from its true time, or refuse it",
                inputs.CountersignInput,
                actions.countersign,
            ),
            Deed(
                Action.SUPERVISE,
                "Order the unit that has the case to act",
                inputs.SuperviseInput,
                actions.supervise,
            ),
            Deed(
                Action.ANSWER_ORDER,
                "Answer the open order to act",
                inputs.AnswerInput,
                actions.answer_order,
            ),
            Deed(
                Action.LIFT_ORDER,
                "Take the open order to act back",
                inputs.ReasonInput,
                actions.lift_order,
            ),
            Deed(
                Action.RAISE_ORDER,
                "Put the open order to act before the next level at once",
                inputs.AcceptInput,
                actions.raise_order,
            ),
            Deed(
                Action.TO_SECRETARY,
                "Put a report before the secretary of the district or the street",
                inputs.ToSecretaryInput,
                actions.to_secretary,
            ),
            Deed(
                Action.DRAFT_REPLY,
                "Prepare the secretary's reply; the reporter does not see it",
                inputs.DraftReplyInput,
                actions.draft_reply,
            ),
            Deed(
                Action.SIGN_REPLY,
                "Sign the secretary's reply; the reporter reads it",
                inputs.SignReplyInput,
                actions.sign_reply,
            ),
            Deed(
                Action.NUDGE,
                "Urge whoever has to act on the case; once an hour at most",
                inputs.BareInput,
                actions.nudge,
            ),
            Deed(
                Action.OBJECT,
                "Say, after acceptance, that it is not one's job; the work goes on until the ruling",
                inputs.ObjectInput,
                actions.raise_objection,
            ),
            Deed(
                Action.WITHDRAW_OBJECTION,
                "Take one's objection back",
                inputs.ReasonInput,
                actions.withdraw_objection,
            ),
            Deed(
                Action.RULE,
                "Rule whose job a disputed case is; it counts as accepted there",
                inputs.RuleInput,
                actions.rule,
            ),
            Deed(
                Action.PROPOSE_CHANGE,
                "Put the ruling into the list's draft of suggestions",
                inputs.ProposeChangeInput,
                actions.propose_change,
            ),
            Deed(
                Action.ASSIGN,
                "Put the case into a person's hands, inside its unit",
                inputs.AssignInput,
                actions.assign,
            ),
            Deed(
                Action.MESSAGE,
                "Write to everybody whose report the case answers",
                inputs.AnswerInput,
                actions.message,
            ),
            Deed(
                Action.ASK_UPSTREAM,
                "Ask the source to take its report back, or for a later deadline",
                inputs.AskUpstreamInput,
                actions.ask_upstream,
            ),
            Deed(
                Action.ANSWER_UPSTREAM,
                "Enter whether the source accepts the result, where it told so by other ways",
                inputs.AnswerUpstreamInput,
                actions.answer_upstream,
            ),
            Deed(
                Action.PUBLISH,
                "Release words and photos to the public: the rule masks them once more",
                PublishInput,
                _publish,
            ),
            Deed(
                Action.WITHHOLD,
                "Keep the case's words and photos from the public",
                inputs.ActionInput,
                actions.withhold,
            ),
            Deed(Action.NOTE, "Write an internal note", inputs.NoteInput, actions.note),
            Deed(
                Action.UNMASK,
                "See who reported; every look is on the timeline",
                inputs.UnmaskInput,
                actions.unmask,
                output=ContactOut,
            ),
        )
    },
}

VIEWS: Mapping[str, type[ActionView]] = {
    address: action_view(address, deed) for address, deed in DEEDS.items()
}
