"""The sendings of a case as they are answered: who leads and led it, at which level, and who supports."""

from typing import Any

from rest_framework import serializers

from dispatch.vocabulary import Level
from incidents.models import Assignment, Timer


class SendingOut(serializers.Serializer[Any]):
    """One unit that leads a case, or led it."""

    unit = serializers.CharField(source="unit_id")
    unit_name = serializers.CharField(source="unit.name")
    level = serializers.ChoiceField(choices=Level.choices, allow_blank=True)
    sent_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end = serializers.ChoiceField(source="end_reason", choices=Assignment.End.choices, allow_blank=True)


class SupporterOut(serializers.Serializer[Any]):
    """One unit that was asked to support, and its answer."""

    unit = serializers.CharField(source="unit_id")
    unit_name = serializers.CharField(source="unit.name")
    asked = serializers.SerializerMethodField()
    asked_at = serializers.DateTimeField(source="sent_at")
    due_at = serializers.SerializerMethodField()
    ended_at = serializers.DateTimeField(allow_null=True)
    end = serializers.ChoiceField(source="end_reason", choices=Assignment.End.choices, allow_blank=True)
    answer = serializers.ChoiceField(choices=Assignment.Answer.choices, allow_blank=True)
    text = serializers.SerializerMethodField(help_text="What the unit said, or why it was released.")

    def get_asked(self, sent: Assignment) -> str:
        return sent.asked.body if sent.asked else ""

    def get_due_at(self, sent: Assignment) -> str | None:
        clocks = [timer for timer in sent.timers.all() if timer.kind == Timer.Kind.SUPPORT]
        due_at: str | None = (
            serializers.DateTimeField().to_representation(clocks[-1].due_at) if clocks else None
        )
        return due_at

    def get_text(self, sent: Assignment) -> str:
        return sent.resolution.body if sent.resolution else ""


def sendings_of(incident: Any) -> dict[str, Any]:
    """What the two take of a case, in two queries: leads, and supporters, oldest first."""
    sent = list(
        incident.assignments.select_related("unit", "asked", "resolution")
        .prefetch_related("timers")
        .order_by("pk")
    )
    return {
        "leads": [one for one in sent if one.role == Assignment.Role.LEAD],
        "supporters": [one for one in sent if one.role == Assignment.Role.SUPPORT],
    }
