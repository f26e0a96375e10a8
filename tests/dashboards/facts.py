"""Facts made by hand, for tests of counting: a bare case each, and whatever is told of it."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from dashboards.adding import Block
from dashboards.cells import Dim
from dashboards.folding import STORED, Words
from dashboards.packing import SLOTS, number_of
from incidents.models import Incident, Outcome, Text

DAY = date(2026, 7, 7)
PINGHU, BUJI = "440307003000", "440307014000"
PINGHU_COMMUNITY, BUJI_COMMUNITY = "440307003010", "440307014007"
HOUR, DAYS = 3600, 86400

_number = count(1)


def noon(day: date) -> datetime:
    """Twelve o'clock of that day in the district."""
    return datetime.combine(day, time(12), ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def case(**given: Any) -> Incident:
    """A case with nothing but what a fact must point at."""
    text = Text.objects.create(body="路灯不亮", created_at=noon(DAY))
    values: dict[str, Any] = {
        "number": f"20260707-{next(_number):06d}",
        "status": "triage",
        "nature": "complaint",
        "source": "hotline",
        "category_id": "0204",
        "text": text,
        "owner_unit_id": "lighting-company",
        "street_code": PINGHU,
        "community_code": PINGHU_COMMUNITY,
        "received_at": noon(DAY),
        "due_at": noon(DAY) + timedelta(hours=2),
    }
    return Incident.objects.create(**{**values, **given})


def fact(incident: Incident, kind: str, *, day: date = DAY, **given: Any) -> Outcome:
    """One fact about it, with the case's dimensions unless told otherwise."""
    values: dict[str, Any] = {
        "incident": incident,
        "kind": kind,
        "at": noon(day),
        "day": day,
        "unit_code": incident.owner_unit_id,
        "street_code": incident.street_code,
        "community_code": incident.community_code,
        "category_code": incident.category_id or "",
        "source": incident.source,
        "nature": incident.nature,
        "urgency": "routine",
    }
    return Outcome.objects.create(**{**values, **given})


def take_back(outcome: Outcome, *, entirely: bool = False) -> Outcome:
    """The exact negative of a fact."""
    values = {
        field.attname: getattr(outcome, field.attname)
        for field in Outcome._meta.concrete_fields
        if field.attname not in ("id", "sign", "reverses_id", "entirely")
    }
    return Outcome.objects.create(**values, sign=-1, reverses=outcome, entirely=entirely)


def days_before(count_of: int) -> date:
    return DAY - timedelta(days=count_of)


def held(grain: str, split: int = 0) -> dict[tuple[Any, ...], dict[str, int]]:
    """What cells say, all rows of each period together; nothing as nothing."""
    with connection.cursor() as cursor:
        words = Words(cursor).said
        cursor.execute(
            f"SELECT day, {STORED} FROM dashboards_rollup WHERE grain = %s AND split = %s", [grain, split]
        )
        rows = [(number_of(day), *stored) for day, *stored in cursor.fetchall()]
    block = Block.unpacked(grain, Dim(split), rows, words).merged().saying()
    return {
        key[2:]: {name: value for name, value in zip(SLOTS, values, strict=True) if value}
        for key, values in block.told()
    }
