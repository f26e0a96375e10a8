"""What a model said of a case, as it is shown."""

from rest_framework import serializers

from incidents.models import ModelSuggestion


class SuggestionOut(serializers.Serializer[ModelSuggestion]):
    """A suggestion of a model, which decides nothing."""

    model = serializers.CharField()
    state = serializers.ChoiceField(choices=ModelSuggestion.State.choices)
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    category = serializers.CharField(source="category_code")
    nature = serializers.CharField()
    urgency = serializers.CharField()
    matters = serializers.ListField(child=serializers.CharField())
    explanation = serializers.CharField(source="explanation.body", default="")
    failure = serializers.CharField()
    taken = serializers.BooleanField(allow_null=True)
