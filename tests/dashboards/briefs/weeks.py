"""Weeks and months of work made by hand, for briefs about them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from dashboards import rollups
from incidents.models import Incident, Outcome, Text
from tests.dashboards.facts import BUJI, BUJI_COMMUNITY, DAYS, HOUR, PINGHU, PINGHU_COMMUNITY, noon

# A Monday: the week before is over.
MONDAY = date(2026, 7, 6)
WEEK = (date(2026, 6, 29), date(2026, 7, 5))
# Eight in the morning of that Monday, in the district.
EIGHT = datetime(2026, 7, 6, 0, 0, tzinfo=UTC)
# Eight in the morning of the first of July.
FIRST = datetime(2026, 7, 1, 0, 0, tzinfo=UTC)

LAMPS = {
    "owner_unit_id": "urban-management",
    "street_code": PINGHU,
    "community_code": PINGHU_COMMUNITY,
    "category_id": "0204",
}
WATER = {
    "owner_unit_id": "water-group",
    "street_code": BUJI,
    "community_code": BUJI_COMMUNITY,
    "category_id": "0101",
}


def days_of(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


_number = count(1)


def work(
    first: date, last: date, many: int, *, days: float = 2.0, late: int = 0, **given: Any
) -> list[Incident]:
    """`many` cases spread over these days: sent, handled, due, closed and rated; the first `late` of them
    too late. Written in three statements: a brief is about hundreds."""
    span = list(days_of(first, last))
    texts = Text.objects.bulk_create(
        [Text(body="路灯不亮", created_at=noon(first)) for _number in range(many)]
    )
    made = Incident.objects.bulk_create(
        [
            Incident(
                number=f"20260601-{next(_number):06d}",
                status="closed",
                closed_at=noon(last),
                nature="complaint",
                source="hotline",
                text=text,
                received_at=noon(first),
                **given,
            )
            for text in texts
        ]
    )
    facts: list[Outcome] = []
    for number, incident in enumerate(made):
        day = span[number % len(span)]

        def tell(kind: str, incident: Incident = incident, day: date = day, **more: Any) -> None:
            facts.append(
                Outcome(
                    incident=incident,
                    kind=kind,
                    at=noon(day),
                    day=day,
                    unit_code=incident.owner_unit_id,
                    street_code=incident.street_code,
                    community_code=incident.community_code,
                    category_code=incident.category_id or "",
                    source="hotline",
                    nature="complaint",
                    urgency="routine",
                    **more,
                )
            )

        spread = int((days + (number % 5 - 2) * 0.2) * DAYS)
        tell("received")
        tell("dispatched", elapsed=HOUR + number % 7 * 60, working=HOUR, first=True, automatic=number % 4 > 0)
        tell("handled", elapsed=spread, working=spread // 4, first=True, solved=True)
        tell("due", on_time=number >= late)
        tell("closed", elapsed=spread, working=HOUR)
        if number % 2:
            tell("rated", score=5 if number % 10 else 2, solved=True)
    Outcome.objects.bulk_create(facts)
    return made


def two_weeks() -> None:
    """The week that is over was slower in Buji than the one before; Pinghu was as always; earlier facts are
    there, so the weeks were counted from their first days."""
    work(date(2026, 6, 15), date(2026, 6, 21), 40, **LAMPS)
    work(date(2026, 6, 22), date(2026, 6, 28), 40, **LAMPS)
    work(date(2026, 6, 22), date(2026, 6, 28), 40, days=2.0, **WATER)
    work(*WEEK, 40, **LAMPS)
    work(*WEEK, 40, days=6.0, late=12, **WATER)
    # Half of it folded, half still waiting: no number may depend on that.
    rollups.fold()
