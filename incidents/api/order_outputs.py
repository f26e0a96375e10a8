"""Orders to act as they are answered."""

from typing import Any

from rest_framework import serializers

from accounts.models import ApiClient
from incidents.models import Supervision, Text

Out = serializers.Serializer[Any]


class OrderShortOut(Out):
    """The open order to act: its number, and by when it is to be answered."""

    number = serializers.CharField(source="supervision_number")
    level = serializers.ChoiceField(
        source="order_level", choices=Supervision.Level.choices, help_text="How far up it has come."
    )
    answer_by = serializers.DateTimeField(source="order_answer_by")


class OrderOut(Out):
    """One order to act, open or ended."""

    number = serializers.CharField()
    unit = serializers.CharField(source="unit_id")
    cause = serializers.ChoiceField(choices=Supervision.Cause.choices)
    level = serializers.ChoiceField(choices=Supervision.Level.choices)
    words = serializers.SerializerMethodField(
        help_text="Empty where it was ordered by itself, and towards tokens."
    )
    ordered_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    end = serializers.ChoiceField(choices=Supervision.End.choices, allow_blank=True)
    answer = serializers.SerializerMethodField(help_text="Empty towards tokens.")

    def get_words(self, order: Supervision) -> str:
        return self._said(order.words)

    def get_answer(self, order: Supervision) -> str:
        return self._said(order.answer)

    def _said(self, text: Text | None) -> str:
        # What staff say to each other is not another system's.
        if text is None or isinstance(self.context["request"].user, ApiClient):
            return ""
        return text.body
