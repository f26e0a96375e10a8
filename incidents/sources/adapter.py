"""What every adapter is: another system's wire format in, drafts out; and our events in its words.

An adapter checks and translates; it decides nothing and writes nothing. What is done with its drafts is
`taking`. One adapter is one small module with its fixtures beside its tests.
"""

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from grids.locate import Place, PlaceError, locate, locate_text
from incidents.api.fields import StrictSerializer, TextField, refusal
from incidents.intake import ReportDraft, UpdateDraft
from incidents.sources import mapping
from incidents.sources.feed import Event

PICTURES_MOST = 9
_NAME_MAX = 120


@dataclass(frozen=True, slots=True)
class Filed:
    """What one order says: a report, and what upstream's own clock and callers add to it."""

    draft: ReportDraft
    deadline: datetime | None = None
    chased: int = 0
    pictures: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Noticed:
    """What is said later about an order of this number."""

    external_id: str
    draft: UpdateDraft


class Adapter(ABC):
    """One system that sends cases. `system` is its word in addresses and tables, `source` its door."""

    system: ClassVar[str]
    source: ClassVar[str]
    order_input: ClassVar[type[serializers.Serializer[Any]]]
    notice_input: ClassVar[type[serializers.Serializer[Any]]]
    event_output: ClassVar[type[serializers.Serializer[Any]]]

    @abstractmethod
    def order(self, told: Mapping[str, Any]) -> Filed:
        """A checked order as a draft; raises ValidationError naming the field in the system's own words."""

    @abstractmethod
    def notice(self, told: Mapping[str, Any]) -> Noticed:
        """A checked notice as an update."""

    @abstractmethod
    def event(self, event: Event) -> Mapping[str, Any]:
        """What became of a report, as this system reads it."""

    @property
    @abstractmethod
    def fields(self) -> Mapping[str, str]:
        """Our names of fields → the system's own, so that an error names what was sent."""


class WordField(TextField):
    """A word of the system's own that a table must know."""

    default_error_messages = {"unknown": _("This word is in no table: {known}.")}

    def __init__(self, *, system: str, kind: str, **kwargs: Any) -> None:
        self.system, self.kind = system, kind
        super().__init__(max_length=40, help_text="、".join(mapping.table(system, kind)), **kwargs)

    def to_internal_value(self, data: object) -> str:
        word = super().to_internal_value(data)
        if not word and self.allow_blank:
            return ""
        code = mapping.code_of(self.system, self.kind, word)
        if code is None:
            self.fail("unknown", known="、".join(mapping.table(self.system, self.kind)))
        return code


class PictureInput(StrictSerializer):
    """A picture inside the message."""

    name = TextField(required=False, allow_blank=True, max_length=_NAME_MAX)
    content = serializers.CharField(help_text="JPEG, PNG or WebP, as Base64.")

    def validate_content(self, value: str) -> bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError(_("This is not Base64."), code="not_base64") from error


def said(title: str, content: str) -> str:
    """The words of an order: its content, after a title that says something else."""
    title, content = title.strip(), content.strip()
    return content if not title or title in content else f"{title}。{content}"


def place_of(
    *,
    point: Mapping[str, Any] | None,
    address: str,
    names: Sequence[str],
    text: str,
    field: str,
    district: str = "",
) -> Place:
    """Where an order is: its point, its address, the street and community it `names`, else its words.

    Another district's is out of the area, whatever its streets are called. A name that nobody knows is told
    beside the place, unless a point says where it is. Raises ValidationError for a point that cannot be one;
    `field` is what the system calls it.
    """
    elsewhere = next((name for name in (district, *names) if mapping.is_elsewhere(name)), "")
    worded = elsewhere or "".join(names) + address
    try:
        if point:
            return locate(lon=point["lon"], lat=point["lat"], crs=point["crs"], address=worded or None)
        if elsewhere:
            return locate(address=elsewhere)
        area = mapping.area_of(*names)
        place = locate(address=worded) if worded else locate_text(text)
        place = locate(area=area) if place.finest is None and area else place
    except PlaceError as error:
        raise refusal(field, error.code, error.detail) from error
    # A community that nobody knows leaves its street.
    asked = (district, *names[:-1], "" if area else names[-1])
    unknown = next((name for name in asked if mapping.is_unknown(name)), "")
    if unknown and place.in_district is not False:
        told = {"code": "region_unknown", "params": {"name": unknown}}
        return replace(place, evidence=(*place.evidence, told))
    return place
