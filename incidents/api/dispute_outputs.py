"""Disputes about whose job a case is, as they are answered."""

from typing import Any

from rest_framework import serializers

from incidents.models import Adjudication

Out = serializers.Serializer[Any]


class DisputeOut(Out):
    """One adjudication, open or over."""

    cause = serializers.ChoiceField(choices=Adjudication.Cause.choices)
    unit = serializers.CharField(source="asked_by_unit_id", help_text="Whose sending is in dispute.")
    reason = serializers.CharField(source="reason.body")
    cites = serializers.CharField(allow_blank=True)
    proposed_unit = serializers.CharField(source="proposed_unit_id", allow_null=True)
    parties = serializers.ListField(child=serializers.CharField(), help_text="Nobody of these units rules.")
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(
        source="timer.due_at", help_text="Unless it is ruled by then, it ends where the rules say."
    )
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(choices=Adjudication.Outcome.choices, allow_blank=True)
    in_time = serializers.SerializerMethodField(help_text="Did a person rule? Null while it is open.")
    ruled_unit = serializers.CharField(source="unit_id", allow_null=True)
    ruled_item = serializers.CharField(source="item_code", allow_blank=True)
    ruling = serializers.CharField(source="ruling.body", default="", allow_blank=True)
    list_version = serializers.IntegerField(
        source="decision.responsibility_list.version",
        default=None,
        allow_null=True,
        help_text="The version of the list that was looked at.",
    )
    proposed_in = serializers.IntegerField(
        source="suggested_list.version",
        default=None,
        allow_null=True,
        help_text="The draft of the list in which the ruling was proposed as a change.",
    )

    def get_in_time(self, dispute: Adjudication) -> bool | None:
        return None if dispute.is_open else dispute.is_by_person
