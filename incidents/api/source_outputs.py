"""What other systems read in our own words: feeds, and scans taken out."""

from base64 import b64encode
from typing import Any

from rest_framework import serializers

from incidents.models import Document
from incidents.models.incident import Status
from incidents.sources.sealed import opened


class FeedReportOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField()


class FeedOrderOut(serializers.Serializer[Any]):
    """The report as its source knows it, where the centre made several cases of it."""

    external_id = serializers.CharField()
    part = serializers.IntegerField()
    parts = serializers.IntegerField()
    complete = serializers.BooleanField(help_text="As it stands now: every part has been dealt with.")


class FeedCaseOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices, help_text="As it stands now.")


class FeedEventOut(serializers.Serializer[Any]):
    """One thing that became of one report."""

    id = serializers.CharField(help_text="The same thing always has the same id.")
    at = serializers.DateTimeField()
    event = serializers.CharField(
        help_text="received, dispatched, accepted, parked, resolved, answered, rejected, return_asked, "
        "extension_asked, submitted, closed, reopened, split, merged. New ones may come."
    )
    report = FeedReportOut()
    order = FeedOrderOut()
    incident = FeedCaseOut()
    unit = serializers.CharField(allow_null=True)
    unit_name = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    until = serializers.DateTimeField(allow_null=True)


class DocumentOut(serializers.Serializer[Any]):
    """A scan, inside the answer: no address is left at which it could be had again."""

    id = serializers.UUIDField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    content = serializers.SerializerMethodField(help_text="Base64.")

    def get_content(self, document: Document) -> str:
        return b64encode(opened(document)).decode()
