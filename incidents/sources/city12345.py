"""市12345热线: the city's work orders (工单) as the city's platform sends them, and our answers to it.

Numbers are the city's own. An order comes once; what the city says later about it are notices, each under a
number of its own. Words in Chinese are looked up in data/words.csv.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from dispatch.vocabulary import Source
from grids.coordinates import GCJ02, SYSTEMS
from incidents.api.fields import (
    CodeField,
    DegreesField,
    InstantField,
    PhoneField,
    StrictSerializer,
    TextField,
    refusal,
)
from incidents.api.inputs import EXTERNAL_ID_MAX, DeadlineField, HappenedField
from incidents.cases import TEXT_MAX
from incidents.intake import ReportDraft, Reporter, UpdateDraft
from incidents.models import ReportUpdate
from incidents.numbers import DISTRICT_ZONE
from incidents.sources import mapping
from incidents.sources.adapter import (
    PICTURES_MOST,
    Adapter,
    Filed,
    Noticed,
    PictureInput,
    WordField,
    place_of,
    said,
)
from incidents.sources.feed import Event

SYSTEM = "city-12345"
CHASES_MOST = 999


class CityPointInput(StrictSerializer):
    """A point; of GCJ-02 where it does not say, as the city's map gives it."""

    lng = DegreesField(source="lon")
    lat = DegreesField()
    crs = CodeField(choices=SYSTEMS, required=False, default=GCJ02)


class CityCallerInput(StrictSerializer):
    """来电人. Kept encrypted and apart, like every reporter."""

    name = TextField(required=False, allow_blank=True, max_length=40)
    phone = PhoneField(required=False, allow_blank=True, max_length=40)
    address = TextField(required=False, allow_blank=True, max_length=200)


class CityRegionInput(StrictSerializer):
    """所属区域, by names."""

    district = TextField(required=False, allow_blank=True, max_length=40)
    street = TextField(required=False, allow_blank=True, max_length=40)
    community = TextField(required=False, allow_blank=True, max_length=40)


class CityOrderInput(StrictSerializer):
    """工单."""

    orderNo = TextField(max_length=EXTERNAL_ID_MAX - 8, help_text="工单编号。")
    title = TextField(required=False, allow_blank=True, default="", max_length=200, help_text="标题。")
    content = TextField(max_length=settings.REPORT_TEXT_MAX, help_text="诉求内容。")
    caller = CityCallerInput(required=False, allow_null=True, help_text="来电人。")
    acceptTime = HappenedField(help_text="受理时间，如 2026-07-07 09:30:00，北京时间。")
    orderType = WordField(system=SYSTEM, kind="nature")
    categories = serializers.ListField(
        child=TextField(max_length=40), required=False, default=list, max_length=3, help_text="三级类别名称。"
    )
    region = CityRegionInput(required=False, allow_null=True)
    address = TextField(required=False, allow_blank=True, default="", max_length=200)
    location = CityPointInput(required=False, allow_null=True)
    urgency = WordField(system=SYSTEM, kind="urgency", required=False, allow_blank=True, default="")
    deadline = DeadlineField(required=False, allow_null=True, help_text="市级要求的办结时限。")
    attachments = PictureInput(many=True, required=False, default=list)
    chaseCount = serializers.IntegerField(required=False, default=0, min_value=0, max_value=CHASES_MOST)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs["attachments"]) > PICTURES_MOST:
            raise refusal(
                "attachments", "max_length", _("At most %(max)d pictures.") % {"max": PICTURES_MOST}
            )
        if attrs.get("deadline") is not None and attrs["deadline"] <= attrs["acceptTime"]:
            raise refusal("deadline", "out_of_order", _("The deadline is before the order was accepted."))
        if len(said(attrs["title"], attrs["content"])) > settings.REPORT_TEXT_MAX:
            raise refusal("content", "max_length", _("With its title this is too long."))
        return attrs


class CityNoticeInput(StrictSerializer):
    """What the city says later about an order."""

    noticeNo = TextField(max_length=EXTERNAL_ID_MAX, help_text="通知编号，每条一个。")
    orderNo = TextField(max_length=EXTERNAL_ID_MAX - 8)
    noticeType = WordField(system=SYSTEM, kind="notice")
    content = TextField(required=False, allow_blank=True, default="", max_length=TEXT_MAX)
    deadline = DeadlineField(required=False, allow_null=True, help_text="时限变更、同意延期用。")
    noticeTime = InstantField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = attrs["noticeType"]
        if kind == ReportUpdate.Kind.DEADLINE and attrs.get("deadline") is None:
            raise refusal("deadline", "required", _("A new deadline needs its time."))
        if kind in (ReportUpdate.Kind.SUPPLEMENT, ReportUpdate.Kind.SEND_BACK) and not attrs["content"]:
            raise refusal("content", "required", _("This kind of notice says something."))
        return attrs


class CityFeedbackOut(serializers.Serializer[Any]):
    """反馈: what became of an order, in the city's own words."""

    feedbackNo = serializers.CharField(help_text="Told once under this number; drop repeats by it.")
    orderNo = serializers.CharField(help_text="工单编号, also where the order was split.")
    feedbackType = serializers.CharField(help_text="、".join(mapping.table(SYSTEM, "event")))
    feedbackTime = serializers.CharField(help_text="北京时间。")
    caseNo = serializers.CharField(help_text="The case's number here.")
    partNo = serializers.IntegerField(help_text="Which part of an order that was split; 1 for all others.")
    partCount = serializers.IntegerField()
    allPartsDone = serializers.BooleanField(help_text="办结回复 is to be examined once this is true.")
    unit = serializers.CharField(allow_blank=True, help_text="承办单位。")
    content = serializers.CharField(allow_blank=True, help_text="答复内容或申请理由。")
    result = serializers.CharField(allow_blank=True, help_text="办理结果。")
    applyDeadline = serializers.CharField(allow_blank=True, help_text="延期申请: until when.")


class City12345(Adapter):
    """The city's hotline."""

    system = SYSTEM
    source = Source.HOTLINE
    order_input = CityOrderInput
    notice_input = CityNoticeInput
    event_output = CityFeedbackOut
    fields: Mapping[str, str] = {
        "external_id": "orderNo",
        "text": "content",
        "pictures": "attachments",
        "source_category": "categories",
        "due_at": "deadline",
        "received_at": "acceptTime",
    }

    def order(self, told: Mapping[str, Any]) -> Filed:
        region, text = told.get("region") or {}, said(told["title"], told["content"])
        names = [region.get("street") or "", region.get("community") or ""]
        point = told.get("location")
        named = mapping.CategoryNames(self.source).find(told["categories"])
        draft = ReportDraft(
            source=self.source,
            external_id=told["orderNo"],
            text=text,
            nature=told["orderType"],
            category=named.category,
            source_category=named.source_category,
            occurred_at=told["acceptTime"],
            place=place_of(
                point=point,
                address=told["address"],
                district=region.get("district") or "",
                names=names,
                text=text,
                field="location",
            ),
            address=told["address"],
            urgency=told["urgency"] or None,
            reporter=Reporter(**(told.get("caller") or {})),
            attributes={"order": _as_it_came(told)},
        )
        pictures = [one["content"] for one in told["attachments"]]
        return Filed(draft, told.get("deadline"), told["chaseCount"], pictures)

    def notice(self, told: Mapping[str, Any]) -> Noticed:
        draft = UpdateDraft(
            external_id=told["noticeNo"],
            kind=told["noticeType"],
            text=told["content"],
            due_at=told.get("deadline"),
        )
        return Noticed(told["orderNo"], draft)

    def event(self, event: Event) -> Mapping[str, Any]:
        return {
            "feedbackNo": event.id,
            "orderNo": event.order.external_id,
            "feedbackType": mapping.word_of(SYSTEM, "event", event.event),
            "feedbackTime": _beijing(event.at),
            "caseNo": event.incident.number,
            "partNo": event.order.part,
            "partCount": event.order.parts,
            "allPartsDone": event.order.complete,
            "unit": event.unit.name_zh if event.unit else "",
            "content": event.text,
            "result": mapping.word_of(SYSTEM, "outcome", event.outcome) if event.outcome else "",
            "applyDeadline": _beijing(event.until) if event.until else "",
        }


def _as_it_came(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the order said besides, without who called: small, and as it was sent."""
    return {
        "system": SYSTEM,
        "title": told["title"],
        "categories": list(told["categories"]),
        "region": dict(told.get("region") or {}),
        "accepted_at": told["acceptTime"].isoformat(),
        "deadline": told["deadline"].isoformat() if told.get("deadline") else None,
        "chase_count": told["chaseCount"],
    }


def _beijing(at: Any) -> str:
    return f"{at.astimezone(DISTRICT_ZONE):%Y-%m-%d %H:%M:%S}"
