"""What is answered about decisions beyond the short of it: every item that was asked, and the record."""

from rest_framework import serializers

from dispatch.explaining import Standing
from dispatch.items import WEIGHTS
from incidents.api.outputs import CandidateOut, DecisionOut, Out, ReasonOut


class ItemRowOut(Out):
    """One item that was asked."""

    item = serializers.CharField()
    item_name = serializers.CharField()
    unit = serializers.CharField(allow_null=True)
    unit_name = serializers.CharField(allow_blank=True)
    unit_pattern = serializers.CharField()
    standing = serializers.ChoiceField(
        choices=[*Standing],
        help_text="`won`; `equal`: first together with another unit's; `first` in a category that is less "
        "likely; `claimed`: stands for a less likely unit; `behind`: all of it held, and the order puts "
        "another before it; `failed`.",
    )
    asks = serializers.ListField(
        child=serializers.ChoiceField(choices=[*WEIGHTS]), help_text="The conditions that it states."
    )
    held = ReasonOut(many=True)
    failed = ReasonOut(many=True, help_text="With what was wanted and what was there.")
    lost = ReasonOut(many=True, help_text="What it lost by though nothing failed.")


class CategoryRowsOut(Out):
    """A likely category, with all its items: the winner first."""

    category = serializers.CharField()
    category_name = serializers.CharField()
    probability = serializers.FloatField()
    items = ItemRowOut(many=True)


class ExplainedDecisionOut(DecisionOut):
    """A decision, and with `explain` every item that was asked on the way to it."""

    explanation = CategoryRowsOut(many=True, required=False, help_text="Where `explain` was asked for.")


class RecordedDecisionOut(Out):
    """A decision as it was made and frozen on its case."""

    made_at = serializers.DateTimeField()
    by = serializers.CharField(allow_blank=True, help_text="Who; empty for the list, and towards tokens.")
    is_automatic = serializers.BooleanField(help_text="By the list, and not by a person.")
    outcome = serializers.ChoiceField(choices=["dispatched", "triage"])
    category = serializers.CharField(allow_null=True)
    item = serializers.CharField(allow_null=True)
    item_name = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(allow_null=True)
    unit_name = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField()
    list_version = serializers.IntegerField()
    model = serializers.CharField(allow_blank=True)
    reasons = ReasonOut(many=True)
    candidates = CandidateOut(many=True)
