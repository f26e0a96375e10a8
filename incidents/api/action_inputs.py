"""What may be said with an action: one input class each, checking and nothing else.

What an input is validated into are the keywords of its action: `source` names them where the address has
a shorter word.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from incidents.actions.callbacks import RECORDING_MAX
from incidents.actions.cohandling import UNITS_MOST
from incidents.actions.contacts import NAME_MAX
from incidents.api.fields import CodeField, InstantField, StrictSerializer, TextField, refusal
from incidents.api.inputs import LocationInput
from incidents.cases import TEXT_MAX
from incidents.models import Assignment, Attachment, LateEntry, Mediation, PhoneCall, UpstreamRequest
from incidents.models.incident import ResolutionOutcome

_ID_MAX = 2**63 - 1
_HAPPENED = (
    "When it really happened, where that was earlier: at most 24 hours. Up to 30 minutes it counts as told, "
    "beyond that the centre countersigns first."
)


class ActionInput(StrictSerializer):
    """What every action may carry."""

    version = serializers.IntegerField(
        source="seen_version",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The case's version that was looked at; the action is refused where it has changed since.",
    )


class BareInput(StrictSerializer):
    """Nothing needs to be said."""


class AcceptInput(ActionInput):
    """Nothing more needs to be said."""


class DispatchInput(ActionInput):
    item = TextField(source="item_code", max_length=16, help_text="The item of the responsibility list.")
    unit = TextField(
        source="unit_code",
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="Another unit than the item's own.",
    )
    reason = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)


class RedispatchInput(DispatchInput):
    reason = TextField(max_length=TEXT_MAX)


class AnswerInput(ActionInput):
    text = TextField(max_length=TEXT_MAX)


class AnswerDirectlyInput(AnswerInput):
    """What the reporter is told, and what of the knowledge base it was taken from."""

    article = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=_ID_MAX, help_text="The article's id."
    )


class SuperviseInput(ActionInput):
    words = TextField(max_length=TEXT_MAX, help_text="What the unit is ordered to do.")
    answer_by = InstantField(
        required=False, allow_null=True, help_text="The rule's time for the case's urgency when left out."
    )


class ToSecretaryInput(ActionInput):
    secretary = serializers.ChoiceField(
        choices=["district", "street"],
        help_text="Whose letter it is: the district's secretary, or the street's.",
    )
    report = serializers.IntegerField(
        required=False, min_value=1, max_value=_ID_MAX, help_text="The case's first report when left out."
    )


class SignReplyInput(StrictSerializer):
    text = TextField(max_length=TEXT_MAX, help_text="What the secretary answers.")
    report = serializers.IntegerField(
        required=False, min_value=1, max_value=_ID_MAX, help_text="Needed where several letters wait."
    )


class DraftReplyInput(SignReplyInput):
    seen_draft = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=_ID_MAX,
        help_text="The draft that this one was written over, 0 for none; refused where there is another.",
    )


class ReasonInput(ActionInput):
    reason = TextField(max_length=TEXT_MAX)


class ResumeInput(ActionInput):
    reason = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)


class SplitInput(ActionInput):
    text = TextField(
        required=False, allow_blank=True, max_length=TEXT_MAX, help_text="The other matter, in words."
    )
    reports = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=_ID_MAX),
        required=False,
        max_length=200,
        help_text="Ids of the reports that are about something else: they move.",
    )


class CorrectInput(ActionInput):
    owner = TextField(required=False, max_length=64, help_text="Code of the unit that owns the facility.")
    category = TextField(required=False, max_length=4, help_text="Code of the category.")


class SetPlaceInput(ActionInput):
    location = LocationInput(
        required=False,
        allow_null=True,
        help_text="Where it is. Left out: the place that the case has was checked and is right.",
    )


class MergeInput(ActionInput):
    into = TextField(max_length=20, help_text="The number of the case that will answer these reports too.")


class RequestReturnInput(ReasonInput):
    cites = TextField(
        required=False, allow_blank=True, max_length=120, help_text="The item or the law that says so."
    )
    proposed_unit = TextField(required=False, allow_blank=True, max_length=64)


class ObjectInput(RequestReturnInput):
    """An objection cites like a return."""


class RuleInput(ActionInput):
    ruling = TextField(max_length=TEXT_MAX, help_text="Why it is this unit's job; the units read it.")
    item = TextField(
        source="item_code",
        required=False,
        allow_blank=True,
        max_length=16,
        help_text="The item of the list; the disputed one when left out.",
    )
    unit = TextField(
        source="unit_code",
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="Another unit than the item's own.",
    )


class ProposeChangeInput(ActionInput):
    """Nothing more needs to be said: the change is the ruling's."""


class DecideInput(ActionInput):
    """An answer to what was asked for; a refusal says why."""

    agreed = serializers.BooleanField()
    reason = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)


class InviteSupportInput(ActionInput):
    """Other units, asked for their part."""

    units = serializers.ListField(
        child=TextField(max_length=64), allow_empty=False, max_length=UNITS_MOST, help_text="Codes of units."
    )
    asked = TextField(required=False, allow_blank=True, max_length=TEXT_MAX, help_text="What they shall do.")
    due_at = InstantField(
        required=False, allow_null=True, help_text="By when; when the unit that leads is due where left out."
    )


class _SupportInput(ActionInput):
    unit = TextField(
        required=False, allow_blank=True, max_length=64, help_text="Where one answers for several units."
    )


class AnswerSupportInput(_SupportInput):
    answer = CodeField(choices=Assignment.Answer.choices)
    text = TextField(max_length=TEXT_MAX)


class DeclineSupportInput(_SupportInput):
    reason = TextField(max_length=TEXT_MAX)


class ReleaseSupportInput(ReasonInput):
    unit = TextField(max_length=64)


class MakeSafeInput(ActionInput):
    text = TextField(max_length=TEXT_MAX, help_text="What was done.")
    attested = serializers.BooleanField(default=False, help_text="Nobody is in danger any more.")


class DecideAppealInput(DecideInput):
    reason = TextField(max_length=TEXT_MAX, help_text="Why, either way.")


class RequestExtensionInput(ReasonInput):
    until = InstantField(help_text="The new due time: later than now's, by the limit itself at most.")


class RequestSuspensionInput(ReasonInput):
    until = InstantField(help_text="When the clock goes on by itself: in 60 days at most.")


class DecideTimeInput(DecideInput):
    """More time, or another time than was asked for."""

    until = InstantField(
        required=False, allow_null=True, help_text="Where another time is given than the one asked for."
    )


class AskReporterInput(ActionInput):
    question = TextField(max_length=TEXT_MAX, help_text="The reporter reads and answers it.")
    until = InstantField(
        required=False,
        allow_null=True,
        help_text="How long the clock waits: three working days at most, and so long where it is left out.",
    )


class ContactInput(ActionInput):
    reached = serializers.BooleanField()
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)
    happened_at = InstantField(required=False, allow_null=True, help_text=_HAPPENED)


class PhoneInput(ActionInput):
    reached = serializers.BooleanField()
    taken_by = TextField(
        required=False,
        allow_blank=True,
        max_length=NAME_MAX,
        help_text="Who took the call: a user name of the unit, or else a name. Needed where reached.",
    )
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)
    happened_at = InstantField(required=False, allow_null=True, help_text=_HAPPENED)


class CallBackInput(ActionInput):
    """One attempt to call a reporter back; what they answer counts as their rating."""

    report = serializers.IntegerField(source="report_id", min_value=1, max_value=_ID_MAX)
    reached = serializers.BooleanField()
    outcome = CodeField(
        choices=PhoneCall.Result.choices,
        required=False,
        allow_blank=True,
        help_text="What became of the call, where more is known than whether they were reached.",
    )
    recording = TextField(
        required=False,
        allow_blank=True,
        max_length=RECORDING_MAX,
        help_text="The recording's name in the telephone system; it must not hold the reporter's number.",
    )
    again_at = InstantField(
        required=False, allow_null=True, help_text="When the reporter wishes to be called, with `later`."
    )
    contacted = serializers.BooleanField(
        required=False, allow_null=True, help_text="Did the unit speak with them?"
    )
    solved = serializers.BooleanField(required=False, allow_null=True, help_text="Is it solved?")
    speed = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=5)
    result = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=5)
    service = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=5)
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["reached"]:
            for name in ("contacted", "solved", "speed", "result", "service"):
                if attrs.get(name) is not None:
                    raise refusal(name, "not_reached", _("Nobody who was not reached has answered this."))
        return attrs


class AppealInput(ReasonInput):
    timer = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=_ID_MAX,
        help_text="The id of the breached clock, where the unit has several; else its last one.",
    )


class CountersignInput(DecideInput):
    fact = CodeField(choices=LateEntry.Fact.choices, help_text="Which late entry.")


class MediationInput(StrictSerializer):
    kind = CodeField(choices=Mediation.Kind.choices, help_text="Who mediated.")
    settled = serializers.BooleanField(help_text="The parties came to terms.")


class AssignInput(ActionInput):
    to = TextField(
        max_length=150, allow_blank=True, help_text="A user name; empty: back to everybody of the unit."
    )
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)


class ResolveInput(ActionInput):
    outcome = CodeField(choices=ResolutionOutcome.choices)
    text = TextField(max_length=TEXT_MAX, help_text="What was done; the reporters read it.")
    attested = serializers.BooleanField(default=False, help_text="The closing condition is met.")
    parked_until = serializers.DateField(required=False, allow_null=True)
    mediation = MediationInput(
        required=False,
        allow_null=True,
        help_text="Of a dispute that has no file of its mediation; without it, it cannot be solved. Kind and "
        "result of a file are taken from there.",
    )
    happened_at = InstantField(required=False, allow_null=True, help_text=_HAPPENED)


class VerifyInput(ActionInput):
    fixed = serializers.BooleanField()
    text = TextField(required=False, allow_blank=True, max_length=TEXT_MAX)


class FixOnSpotInput(ActionInput):
    text = TextField(max_length=TEXT_MAX, help_text="What was done. A photo of stage “after” comes before.")


class ReopenInput(ReasonInput):
    to_desk = serializers.BooleanField(default=False, help_text="Let the centre decide who does it.")


class NoteInput(StrictSerializer):
    text = TextField(max_length=TEXT_MAX)


class UnmaskInput(StrictSerializer):
    report = serializers.IntegerField(source="report_id", min_value=1, max_value=_ID_MAX)


class PhotoInput(StrictSerializer):
    attachment = serializers.UUIDField(help_text="An id that POST attachments/ answered.")
    stage = CodeField(choices=Attachment.Stage.choices)


class OpenDocumentInput(StrictSerializer):
    document = serializers.UUIDField(help_text="Of the report's `documents`.")


class AskUpstreamInput(ActionInput):
    kind = CodeField(choices=UpstreamRequest.Kind.choices)
    reason = TextField(max_length=TEXT_MAX)
    until = InstantField(required=False, allow_null=True, help_text="For more time: the deadline asked for.")
    report = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="Which report, where the case answers several.",
    )


class AnswerUpstreamInput(ActionInput):
    accepted = serializers.BooleanField()
    reason = TextField(
        required=False, allow_blank=True, max_length=TEXT_MAX, help_text="Why it is sent back."
    )
