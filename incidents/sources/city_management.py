"""数字城管: cases of the digital city-management platform, found by its collectors (城管监督员).

Kinds are those of its standard: parts (部件) and events (事件), each with a main and a sub-class that have a
code and a name. Collectors are staff, no residents: they are kept as who reported, and never called back.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from dispatch.vocabulary import Nature, Source
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
)
from incidents.sources.feed import Event

SYSTEM = "city-management"
# The platform's own stages, in their order.
STAGES = ("createTime", "dispatchTime", "disposeTime", "checkTime", "archiveTime")


class PlatformCollectorInput(StrictSerializer):
    """采集员."""

    code = TextField(required=False, allow_blank=True, max_length=40)
    name = TextField(required=False, allow_blank=True, max_length=40)
    phone = PhoneField(required=False, allow_blank=True, max_length=40)


class PlatformCaseInput(StrictSerializer):
    """案件."""

    taskNum = TextField(max_length=EXTERNAL_ID_MAX - 8, help_text="任务号。")
    recType = WordField(system=SYSTEM, kind="kind")
    mainTypeCode = TextField(max_length=8, help_text="大类代码。")
    mainTypeName = TextField(max_length=40, help_text="大类名称。")
    subTypeCode = TextField(max_length=12, help_text="小类代码。")
    subTypeName = TextField(max_length=40, help_text="小类名称。")
    description = TextField(max_length=TEXT_MAX, help_text="问题描述。")
    partCode = TextField(
        required=False, allow_blank=True, default="", max_length=40, help_text="部件标识码。"
    )
    address = TextField(required=False, allow_blank=True, default="", max_length=200)
    street = TextField(required=False, allow_blank=True, default="", max_length=40)
    community = TextField(required=False, allow_blank=True, default="", max_length=40)
    gridCode = TextField(
        required=False, allow_blank=True, default="", max_length=20, help_text="单元网格编码。"
    )
    coordinateX = DegreesField(required=False, allow_null=True, help_text="经度。")
    coordinateY = DegreesField(required=False, allow_null=True, help_text="纬度。")
    crs = CodeField(choices=SYSTEMS, required=False, default=GCJ02)
    urgency = WordField(system=SYSTEM, kind="urgency", required=False, allow_blank=True, default="")
    collector = PlatformCollectorInput(required=False, allow_null=True)
    reportTime = HappenedField(help_text="上报时间。")
    createTime = InstantField(required=False, allow_null=True, help_text="立案时间。")
    dispatchTime = InstantField(required=False, allow_null=True, help_text="派遣时间。")
    disposeTime = InstantField(required=False, allow_null=True, help_text="处置时间。")
    checkTime = InstantField(required=False, allow_null=True, help_text="核查时间。")
    archiveTime = InstantField(required=False, allow_null=True, help_text="结案时间。")
    deadline = DeadlineField(required=False, allow_null=True, help_text="处置时限。")
    attachments = PictureInput(many=True, required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs["attachments"]) > PICTURES_MOST:
            raise refusal(
                "attachments", "max_length", _("At most %(max)d pictures.") % {"max": PICTURES_MOST}
            )
        if attrs.get("deadline") is not None and attrs["deadline"] <= attrs["reportTime"]:
            raise refusal("deadline", "out_of_order", _("The deadline is before it was reported."))
        told: list[tuple[str, datetime]] = [(name, attrs[name]) for name in STAGES if attrs.get(name)]
        for (_before, earlier), (name, later) in pairwise(told):
            if later < earlier:
                raise refusal(name, "out_of_order", _("This stage is earlier than the one before it."))
        return attrs


class PlatformNoticeInput(StrictSerializer):
    """What the platform says later about a case."""

    noticeNum = TextField(max_length=EXTERNAL_ID_MAX)
    taskNum = TextField(max_length=EXTERNAL_ID_MAX - 8)
    noticeType = WordField(system=SYSTEM, kind="notice")
    content = TextField(required=False, allow_blank=True, default="", max_length=TEXT_MAX)
    deadline = DeadlineField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = attrs["noticeType"]
        if kind == ReportUpdate.Kind.DEADLINE and attrs.get("deadline") is None:
            raise refusal("deadline", "required", _("A new deadline needs its time."))
        if kind in (ReportUpdate.Kind.SUPPLEMENT, ReportUpdate.Kind.SEND_BACK) and not attrs["content"]:
            raise refusal("content", "required", _("This kind of notice says something."))
        return attrs


class PlatformStageOut(serializers.Serializer[Any]):
    """What became of a case, as a stage of the platform's own."""

    feedbackNum = serializers.CharField(help_text="Told once under this number; drop repeats by it.")
    taskNum = serializers.CharField()
    stage = serializers.CharField(help_text="、".join(mapping.table(SYSTEM, "event")))
    time = serializers.CharField(help_text="北京时间。")
    caseNum = serializers.CharField()
    part = serializers.CharField(help_text="1/2: the first of two cases that were made of it.")
    unit = serializers.CharField(allow_blank=True)
    content = serializers.CharField(allow_blank=True)
    result = serializers.CharField(allow_blank=True)
    applyDeadline = serializers.CharField(allow_blank=True)


class CityManagement(Adapter):
    """The digital city-management platform."""

    system = SYSTEM
    source = Source.PATROL
    order_input = PlatformCaseInput
    notice_input = PlatformNoticeInput
    event_output = PlatformStageOut
    fields: Mapping[str, str] = {
        "external_id": "taskNum",
        "text": "description",
        "pictures": "attachments",
        "source_category": "subTypeName",
        "due_at": "deadline",
    }

    def order(self, told: Mapping[str, Any]) -> Filed:
        named = mapping.CategoryNames(self.source).find([told["mainTypeName"], told["subTypeName"]])
        lon, lat = told.get("coordinateX"), told.get("coordinateY")
        point = None if lon is None and lat is None else {"lon": lon, "lat": lat, "crs": told["crs"]}
        collector = told.get("collector") or {}
        draft = ReportDraft(
            source=self.source,
            external_id=told["taskNum"],
            text=told["description"],
            nature=Nature.FINDING,
            category=named.category,
            source_category=named.source_category,
            occurred_at=told["reportTime"],
            place=place_of(
                point=point,
                address=told["address"],
                names=[told["street"], told["community"]],
                text=told["description"],
                field="coordinate",
            ),
            address=told["address"],
            urgency=told["urgency"] or None,
            reporter=Reporter(name=collector.get("name", ""), phone=collector.get("phone", "")),
            attributes={
                "order": {
                    "system": SYSTEM,
                    "kind": told["recType"],
                    "codes": [told["mainTypeCode"], told["subTypeCode"]],
                    "part_code": told["partCode"],
                    "grid_code": told["gridCode"],
                    "collector": collector.get("code", ""),
                    "stages": {name: told[name].isoformat() for name in STAGES if told.get(name)},
                }
            },
        )
        return Filed(draft, told.get("deadline"), 0, [one["content"] for one in told["attachments"]])

    def notice(self, told: Mapping[str, Any]) -> Noticed:
        draft = UpdateDraft(
            external_id=told["noticeNum"],
            kind=told["noticeType"],
            text=told["content"],
            due_at=told.get("deadline"),
        )
        return Noticed(told["taskNum"], draft)

    def event(self, event: Event) -> Mapping[str, Any]:
        return {
            "feedbackNum": event.id,
            "taskNum": event.order.external_id,
            "stage": mapping.word_of(SYSTEM, "event", event.event),
            "time": _beijing(event.at),
            "caseNum": event.incident.number,
            "part": f"{event.order.part}/{event.order.parts}",
            "unit": event.unit.name_zh if event.unit else "",
            "content": event.text,
            "result": mapping.word_of(SYSTEM, "outcome", event.outcome) if event.outcome else "",
            "applyDeadline": _beijing(event.until) if event.until else "",
        }


def _beijing(at: datetime) -> str:
    return f"{at.astimezone(DISTRICT_ZONE):%Y-%m-%d %H:%M:%S}"
