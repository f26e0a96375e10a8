"""What may be sent: one input class for each thing, checking and nothing else."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from config import clock
from dispatch.vocabulary import Nature, PlaceType, Source, Urgency
from grids.coordinates import SYSTEMS, WGS84
from grids.locate import PlaceError, locate, locate_text
from incidents.api.fields import (
    AttributesField,
    CodeField,
    DegreesField,
    InstantField,
    PhoneField,
    StrictSerializer,
    TextField,
    refusal,
)
from incidents.cases import TEXT_MAX
from incidents.models import ReportUpdate

EXTERNAL_ID_MAX = 120
ATTACHMENTS_MAX = 9
ATTRIBUTES_BYTES = 8_192
ATTRIBUTES_DEPTH = 5
# Clocks of other systems run a little ahead of ours.
AHEAD = timedelta(minutes=5)
DEADLINE_WITHIN = timedelta(days=3_650)
NO_SUCH_PICTURE = _("There is no such picture of yours.")


class HappenedField(InstantField):
    """When something happened: not in the future."""

    default_error_messages = {"in_future": _("This lies in the future.")}

    def to_internal_value(self, value: Any) -> datetime:
        at = super().to_internal_value(value)
        if at > clock.now() + AHEAD:
            self.fail("in_future")
        return at


class DeadlineField(InstantField):
    """A due time: not further away than ten years."""

    default_error_messages = {"too_late": _("This is more than ten years away.")}

    def to_internal_value(self, value: Any) -> datetime:
        at = super().to_internal_value(value)
        if at > clock.now() + DEADLINE_WITHIN:
            self.fail("too_late")
        return at


class LocationInput(StrictSerializer):
    """Where: a point, a facility, a printed QR code, an area's code, or an address in words.

    A point goes before the others; a facility named beside it is still the one that the report is about.
    """

    lon = DegreesField(required=False, allow_null=True)
    lat = DegreesField(required=False, allow_null=True)
    crs = CodeField(choices=SYSTEMS, required=False, default=WGS84)
    address = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)
    area = TextField(required=False, allow_null=True, max_length=15)
    facility = TextField(
        required=False,
        allow_null=True,
        max_length=60,
        help_text="The code or the plate of a facility in the register.",
    )
    qr = TextField(
        required=False, allow_null=True, max_length=60, help_text="The code below a printed QR picture."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            place = locate(
                lon=attrs.get("lon"),
                lat=attrs.get("lat"),
                crs=attrs["crs"],
                address=attrs.get("address") or None,
                area=attrs.get("area"),
                facility=attrs.get("facility"),
                qr_code=attrs.get("qr"),
            )
        except PlaceError as error:
            raise refusal(error.field, error.code, error.detail) from error
        if not (attrs.get("address") or attrs.get("area") or attrs.get("qr")) and place.lon is None:
            raise ValidationError(
                _("Give a point (lon and lat), a facility, a printed code, an area's code or an address."),
                code="required",
            )
        return {"place": place, "address": attrs.get("address") or ""}


class ReporterInput(StrictSerializer):
    """Who says it; all of it may be left out. Kept encrypted, and apart from everything else."""

    name = TextField(required=False, allow_blank=True, max_length=40)
    phone = PhoneField(required=False, allow_blank=True, max_length=40)
    address = TextField(required=False, allow_blank=True, max_length=200)


class FactsInput(StrictSerializer):
    """What a decision looks at."""

    source = CodeField(  # type: ignore[assignment]
        choices=Source.choices,
        required=False,
        allow_null=True,
        help_text="The door it came in through. A token's own source when left out.",
    )
    text = TextField(max_length=settings.REPORT_TEXT_MAX, help_text="What was said, in its own words.")
    nature = CodeField(choices=Nature.choices, required=False, allow_null=True)
    category = TextField(
        required=False,
        allow_null=True,
        max_length=8,
        help_text="The category's code, where the source is sure of it.",
    )
    source_category = TextField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=80,
        help_text="The source's own name for the category; a table maps it to ours.",
    )
    location = LocationInput(required=False, allow_null=True)
    place_type = CodeField(choices=PlaceType.choices, required=False, allow_null=True)
    owner = TextField(
        required=False,
        allow_null=True,
        max_length=64,
        help_text="Whose the thing is: a unit's code, `private` or `unknown`.",
    )
    urgency = CodeField(choices=Urgency.choices, required=False, allow_null=True)
    attributes = AttributesField(
        required=False, allow_null=True, max_bytes=ATTRIBUTES_BYTES, max_depth=ATTRIBUTES_DEPTH
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        where = attrs.pop("location", None) or {"place": None, "address": ""}
        place = where["place"]
        if place is None or place.how == "none":
            # Nothing else says where it is: perhaps its own words do.
            place = locate_text(attrs["text"])
        return {**attrs, "place": place, "address": where["address"]}


class DecisionInput(FactsInput):
    """A report's facts, to learn what would happen to it. What only filing needs may stay in."""

    explain = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Tell of every item of every likely category what held and what failed.",
    )
    list_version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2_147_483_647,
        help_text="Decide by this version of the responsibility list: for stewards, who try drafts. "
        "Without it, by the one that is live.",
    )
    external_id = TextField(required=False, allow_null=True, max_length=EXTERNAL_ID_MAX)
    occurred_at = HappenedField(required=False, allow_null=True)
    received_at = InstantField(required=False, allow_null=True)
    reporter = ReporterInput(required=False, allow_null=True)
    attachments = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_null=True, max_length=ATTACHMENTS_MAX
    )


class ReportInput(FactsInput):
    """One report."""

    external_id = TextField(
        required=False,
        allow_null=True,
        max_length=EXTERNAL_ID_MAX,
        help_text="The source's own id of it: sent again, it is the same report. "
        "May be left out where the request has an Idempotency-Key.",
    )
    occurred_at = HappenedField(required=False, allow_null=True, help_text="When it happened, if known.")
    received_at = InstantField(
        required=False,
        allow_null=True,
        help_text="When it was really received, where it was taken by telephone and is typed in later: "
        "at most 24 hours. Up to 30 minutes it counts at once, beyond that the centre countersigns.",
    )
    reporter = ReporterInput(required=False, allow_null=True)
    attachments = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        allow_null=True,
        max_length=ATTACHMENTS_MAX,
        help_text="Ids that POST attachments/ answered.",
    )


class UpdateInput(StrictSerializer):
    """What upstream says later about the same report."""

    external_id = TextField(max_length=EXTERNAL_ID_MAX)
    kind = CodeField(choices=ReportUpdate.Kind.choices)
    text = TextField(required=False, allow_null=True, allow_blank=True, max_length=TEXT_MAX)
    due_at = DeadlineField(required=False, allow_null=True, help_text="For kind `deadline`.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] == ReportUpdate.Kind.DEADLINE and attrs.get("due_at") is None:
            raise refusal("due_at", "required", _("A new deadline needs its time."))
        if attrs["kind"] == ReportUpdate.Kind.SUPPLEMENT and not attrs.get("text"):
            raise refusal("text", "required", _("A supplement says something."))
        return attrs


class AttachmentInput(serializers.Serializer[Any]):
    """A picture; JPEG, PNG or WebP."""

    file = serializers.FileField(help_text="JPEG, PNG or WebP, at most 10 MB.")
