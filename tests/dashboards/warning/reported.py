"""Reports of a made-up district, written in bulk: what a sweep reads, and nothing else."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from incidents.models import Contact, Incident, IncidentReport, Report, Text
from tests.dashboards.facts import BUJI, BUJI_COMMUNITY, PINGHU, PINGHU_COMMUNITY

# A Tuesday, ten in the morning in the district.
NOW = datetime(2026, 7, 7, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STREETS = {PINGHU_COMMUNITY: PINGHU, BUJI_COMMUNITY: BUJI, "440307014001": BUJI, "440307003002": PINGHU}
LAMPS, GARBAGE, NOISE = "0204", "0101", "0105"

_serial = count(1)


@dataclass(frozen=True, slots=True)
class Told:
    """One report to be written."""

    at: datetime
    category: str = LAMPS
    community: str = PINGHU_COMMUNITY
    phone: str = ""  # a blind index, as tests name one
    source: str = "hotline"
    text: str = "路灯不亮"
    lon: float | None = None
    lat: float | None = None
    nature: str = "complaint"
    attributes: tuple[str, ...] = ()


def write(told: Iterable[Told], *, joins: Incident | None = None) -> list[Incident]:
    """A case for each report, or all of them in one."""
    rows = list(told)
    texts = Text.objects.bulk_create([Text(body=row.text, created_at=row.at) for row in rows])
    people = Contact.objects.bulk_create([Contact(phone_index=row.phone, created_at=row.at) for row in rows])
    numbers = [next(_serial) for _row in rows]
    reports = Report.objects.bulk_create(
        [
            Report(
                source=row.source,
                external_id=f"told-{number}",
                content_hash="",
                nature=row.nature,
                text=text,
                contact=person if row.phone else None,
                received_at=row.at,
                attributes=dict.fromkeys(row.attributes, True),
                lon=row.lon,
                lat=row.lat,
            )
            for row, text, person, number in zip(rows, texts, people, numbers, strict=True)
        ]
    )
    cases = [joins] * len(rows) if joins else Incident.objects.bulk_create(
        [
            Incident(
                number=f"20200101-{number:06d}",
                status="handling",
                nature=row.nature,
                source=row.source,
                category_id=row.category or None,
                text=text,
                owner_unit_id="lighting-company",
                street_code=STREETS[row.community],
                community_code=row.community,
                lon=row.lon,
                lat=row.lat,
                received_at=row.at,
                due_at=row.at + DAY,
            )
            for row, text, number in zip(rows, texts, numbers, strict=True)
        ]
    )  # fmt: skip
    IncidentReport.objects.bulk_create(
        [
            IncidentReport(incident=incident, report=report, linked_at=row.at)
            for row, incident, report in zip(rows, cases, reports, strict=True)
        ]
    )
    return list(cases)


def ordinary(*, days: int = 35, per_day: int = 12, until: datetime = NOW, seed: int = 7) -> list[Incident]:
    """Weeks in which nothing is the matter, up to the very hour."""
    dice = random.Random(seed)
    places, matters = list(STREETS), (LAMPS, LAMPS, GARBAGE, NOISE)
    return write(
        Told(
            at=until - DAY * (back + dice.random()),
            category=dice.choice(matters),
            community=dice.choice(places),
        )
        for back in range(days)
        for _one in range(per_day)
    )


def burst(
    *, times: int, since: datetime, hours: float = 3, phones: Iterable[str] = (), category: str = LAMPS,
    community: str = PINGHU_COMMUNITY, source: str = "hotline", joins: Incident | None = None,
) -> list[Incident]:  # fmt: skip
    """So many reports of one matter in one place, spread evenly."""
    numbers = list(phones)
    return write(
        (
            Told(
                at=since + HOUR * hours * part / times,
                category=category,
                community=community,
                source=source,
                phone=numbers[part % len(numbers)] if numbers else "",
            )
            for part in range(times)
        ),
        joins=joins,
    )
