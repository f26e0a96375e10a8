"""A case's clocks as they are answered: due times, stages, pauses, what was asked for and typed in late."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import ApiClient, User
from incidents.clock_facts import Clock, Standing
from incidents.models import CaseRequest, LateEntry, Pause, PhoneCall, Text, Timer
from incidents.models.incident import PauseKind

Out = serializers.Serializer[Any]


class StageOut(Out):
    name = serializers.CharField(
        help_text="`warn_50` (percent), `breach`, `esc_head` … `esc_leader`, or what it does to the case."
    )
    at = serializers.DateTimeField(help_text="The instant that the rule names.")


class FiredOut(Out):
    name = serializers.CharField(source="stage")
    at = serializers.DateTimeField(source="due_at", help_text="The instant that the rule names.")
    fired_at = serializers.DateTimeField()
    unit = serializers.CharField(
        source="whose", allow_blank=True, help_text="Whose clock it was then: a unit may be merged since."
    )


class ClockOut(Out):
    """One clock: the open one of its kind, or the last."""

    id = serializers.IntegerField(source="timer.pk", help_text="Names a breached clock in an appeal.")
    kind = serializers.ChoiceField(source="timer.kind", choices=Timer.Kind.choices)
    run = serializers.IntegerField(source="timer.run", help_text="Raised by an extension or a restart.")
    state = serializers.SerializerMethodField()
    limit = serializers.CharField(source="timer.limit", help_text="`m`, `h`; `wm`, `wh`, `wd` working time.")
    unit = serializers.CharField(source="timer.unit_code", allow_blank=True)
    calendar_of = serializers.CharField(
        allow_blank=True, help_text="The unit whose own working hours count; empty for the district's."
    )
    calendar_confirmed = serializers.SerializerMethodField(
        help_text="False where it is due in a year whose working days are still a forecast."
    )
    started_at = serializers.DateTimeField(source="timer.started_at")
    due_at = serializers.DateTimeField(
        source="timer.due_at", help_text="While it is paused: as it was when it stopped."
    )
    own_due_at = serializers.DateTimeField(
        source="timer.own_due_at", help_text="Ours, where an outside deadline is earlier."
    )
    outside_due_at = serializers.DateTimeField(allow_null=True)
    stopped_at = serializers.DateTimeField(source="timer.stopped_at", allow_null=True)
    stop_reason = serializers.CharField(source="timer.stop_reason", allow_blank=True)
    paused_at = serializers.DateTimeField(source="timer.paused_at", allow_null=True)
    paused_until = serializers.DateTimeField(source="pause.until", default=None, allow_null=True)
    paused_why = serializers.ChoiceField(
        source="pause.kind", choices=PauseKind.choices, default=None, allow_null=True
    )
    paused_seconds = serializers.SerializerMethodField(help_text="In all, until now.")
    left_seconds = serializers.SerializerMethodField(
        help_text="In the limit's own time: working time for working limits; negative once overdue. "
        "Null where it has stopped."
    )
    fired = FiredOut(many=True, help_text="Of this run.")
    ahead = StageOut(many=True, help_text="Of a paused clock: as they come if it goes on at its pause's end.")

    @extend_schema_field(serializers.ChoiceField(choices=["running", "paused", "stopped"]))
    def get_state(self, clock: Clock) -> str:
        if not clock.is_open:
            return "stopped"
        return "paused" if clock.timer.paused_at else "running"

    def get_calendar_confirmed(self, clock: Clock) -> bool:
        return not clock.is_forecast

    def get_paused_seconds(self, clock: Clock) -> int:
        return round(clock.paused_for(self.context["at"]).total_seconds())

    def get_left_seconds(self, clock: Clock) -> int | None:
        return round(clock.left(self.context["at"]).total_seconds()) if clock.is_open else None

    def to_representation(self, clock: Clock) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(clock)
        if isinstance(self.context["asking"], ApiClient):
            # Whom a clock tells, and when, is the district's own affair.
            told["fired"] = told["ahead"] = []
        return told


class PauseOut(Out):
    """A time for which the handling clock stood still."""

    kind = serializers.ChoiceField(choices=PauseKind.choices)
    began_at = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="When it ends by itself.")
    ended_at = serializers.DateTimeField(allow_null=True)
    end = serializers.ChoiceField(choices=Pause.End.choices, allow_blank=True)
    question = serializers.SerializerMethodField(help_text="What the reporter was asked. Empty for tokens.")
    answer = serializers.SerializerMethodField(help_text="What they said. Empty for tokens.")

    def get_question(self, pause: Pause) -> str:
        return _words(pause.question, self.context["asking"])

    def get_answer(self, pause: Pause) -> str:
        return _words(pause.answer, self.context["asking"])


class RequestOut(Out):
    """What a unit asked for, and the answer: beside the state, and no clock stops in between."""

    kind = serializers.ChoiceField(choices=CaseRequest.Kind.choices)
    unit = serializers.CharField(source="assignment.unit_id")
    reason = serializers.CharField(source="reason.body")
    until = serializers.DateTimeField(source="proposed_due_at", allow_null=True)
    cites = serializers.CharField(allow_blank=True)
    proposed_unit = serializers.CharField(source="proposed_unit_id", allow_null=True)
    timer = serializers.IntegerField(source="timer_id", allow_null=True, help_text="The clock it is about.")
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.ChoiceField(choices=CaseRequest.Answer.choices, allow_blank=True)
    answer_reason = serializers.CharField(source="answer_reason.body", default="", allow_blank=True)


class LateEntryOut(Out):
    """Something that was typed in after it happened."""

    fact = serializers.ChoiceField(choices=LateEntry.Fact.choices)
    unit = serializers.CharField(source="unit_id")
    happened_at = serializers.DateTimeField()
    entered_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=LateEntry.State.choices)
    answered_at = serializers.DateTimeField(allow_null=True)


class CallOut(Out):
    """One try to reach somebody; nobody's name or number."""

    purpose = serializers.ChoiceField(choices=PhoneCall.Purpose.choices)
    report = serializers.IntegerField(source="report_id", allow_null=True)
    called_at = serializers.DateTimeField()
    entered_at = serializers.DateTimeField()
    reached = serializers.BooleanField()


class TimesOut(Out):
    """Everything about a case's times."""

    clocks = ClockOut(many=True)
    pauses = PauseOut(many=True)
    requests = RequestOut(many=True, help_text="Oldest first; empty for tokens.")
    late_entries = LateEntryOut(many=True, help_text="Empty for tokens.")
    calls = CallOut(many=True, help_text="Empty for tokens.")


def times_answer(standing: Standing, *, asking: ApiClient | User, at: datetime) -> Mapping[str, Any]:
    """A case's times as this reader may know them."""
    for_people = isinstance(asking, User)
    told = {
        "clocks": list(standing.clocks.values()),
        "pauses": standing.pauses,
        "requests": standing.requests if for_people else (),
        "late_entries": standing.late_entries if for_people else (),
        "calls": standing.calls if for_people else (),
    }
    answer: Mapping[str, Any] = TimesOut(told, context={"asking": asking, "at": at}).data
    return answer


def _words(text: Text | None, asking: ApiClient | User) -> str:
    return text.body if text is not None and isinstance(asking, User) else ""
