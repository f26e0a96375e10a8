"""What a notice is made from, and the instants in it as they are said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import pgettext

from dispatch.vocabulary import Urgency


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told: the message's kind and data, the case, and for when it is said."""

    kind: str
    number: str
    data: Mapping[str, Any]
    at: datetime
    urgency: str = Urgency.ROUTINE


def moment(text: Any) -> str:
    """An ISO instant (or day) as it is said in a notice, in district time; empty where there is none."""
    if not text:
        return ""
    instant = parse_datetime(str(text))
    if instant is not None and timezone.is_aware(instant):
        return date_format(timezone.localtime(instant), pgettext("moment in a notice", "j M, H:i"))
    day = parse_date(str(text)[:10])
    return date_format(day, pgettext("day in a notice", "j M")) if day else ""


def passed(telling: Telling, name: str = "due_at") -> bool:
    """Is this instant of the message over when it is told?"""
    due = parse_datetime(str(telling.data.get(name) or ""))
    return due is not None and due <= telling.at
