"""What is said when a case is released to the public."""

from rest_framework import serializers

from incidents.api.action_inputs import ActionInput
from incidents.api.fields import StrictSerializer, TextField
from incidents.cases import TEXT_MAX
from incidents.covering import TILES


class ReleasedPhotoInput(StrictSerializer):
    id = serializers.UUIDField()
    covered = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=TILES - 1),
        required=False,
        max_length=TILES,
        help_text="Tiles to cover, counted from 0 row by row: the picture has 10 columns and 7 rows.",
    )


class PublishInput(ActionInput):
    text = TextField(max_length=TEXT_MAX, allow_blank=True, required=False, default="")
    photos = serializers.ListField(
        child=ReleasedPhotoInput(), required=False, max_length=40, help_text="Those not named are withheld."
    )
