"""A month's work made by hand, big enough to be judged."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from dashboards.models import ScoringPeriod
from incidents.models import Incident, Outcome
from tests.dashboards.facts import (
    BUJI,
    BUJI_COMMUNITY,
    DAYS,
    HOUR,
    PINGHU,
    PINGHU_COMMUNITY,
    case,
    fact,
    noon,
)

JUNE = date(2026, 6, 1)
# Nine on a working Monday, after June is over.
JULY = datetime(2026, 7, 6, 1, 0, tzinfo=noon(JUNE).tzinfo)


def june(**given: Any) -> ScoringPeriod:
    """The month that the tests score."""
    values: dict[str, Any] = {"kind": "month", "first": JUNE, "last": date(2026, 6, 30)}
    return ScoringPeriod.objects.create(**{**values, **given})


def work(
    count: int,
    *,
    late: int = 0,
    days: float = 2.0,
    reworked: int = 0,
    unclosed: int = 0,
    scores: Sequence[int] = (),
    **given: Any,
) -> list[Incident]:
    """`count` cases of June, the first `late` of them late, the last `unclosed` still open."""
    made, facts = [], []
    for number in range(count):
        day = JUNE + timedelta(days=number % 28)
        is_open = number >= count - unclosed
        incident = case(
            status="handling" if is_open else "closed", closed_at=None if is_open else noon(day), **given
        )
        told: dict[str, Any] = {"day": day}
        facts += [
            fact(incident, "dispatched", **told, elapsed=HOUR, working=HOUR, first=True),
            fact(incident, "due", **told, on_time=number >= late),
        ]
        if not is_open:
            # not all alike, or there is no interval
            spread = int((days + (number % 5 - 2) * 0.2) * DAYS)
            fact(incident, "handled", **told, elapsed=spread, working=spread // 4, first=True, solved=True)
            fact(incident, "closed", **told, elapsed=spread, working=HOUR)
            fact(incident, "finished", **told, on_time=number >= late)
        if number < reworked:
            fact(incident, "reworked", **told)
        if number < len(scores):
            fact(incident, "rated", **told, score=scores[number], solved=True, contacted=True)
        made.append(incident)
    return made


LAMPS = {"owner_unit_id": "lighting-company", "street_code": PINGHU, "community_code": PINGHU_COMMUNITY}
WATER = {"owner_unit_id": "water-group", "street_code": BUJI, "community_code": BUJI_COMMUNITY}


def facts_of(incident: Incident, kind: str) -> Outcome:
    """The standing fact of a kind."""
    return Outcome.objects.get(incident=incident, kind=kind, sign=1, reversal__isnull=True)
