"""Cases and their facts made up in bulk, for measuring boards: COPY, and no action is run.

Shapes follow what districts publish: log-normal waits, quiet nights and Sundays, 70 % sent by the list,
a few per cent returned, late or reworked. Seeded, so two runs count the same rows.
"""

import io
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from django.db import connection, transaction

from accounts.models import OrgUnit
from dispatch.models import Category, ResponsibilityItem
from grids.models import Area
from incidents.models import Text
from incidents.numbers import district_day

_SOURCES: Final = ("hotline", "city_app", "patrol", "resident_form", "sensor", "ai_video", "letter_visit")
_SOURCE_WEIGHTS: Final = (44, 14, 20, 8, 5, 6, 3)
_HOUR_WEIGHTS: Final = (2, 1, 1, 1, 1, 2, 4, 8, 14, 16, 16, 13, 10, 12, 14, 14, 13, 11, 9, 9, 9, 7, 5, 3)
_DAY_WEIGHTS: Final = (11, 10, 10, 10, 10, 8, 7)
_LIMIT_DAYS: Final = (1, 3, 5, 7, 10, 15)
_LIMIT_WEIGHTS: Final = (10, 16, 26, 20, 18, 10)

_CASE: Final = [
    "id",
    "number",
    "status",
    "nature",
    "source",
    "category_id",
    "text_id",
    "item_code",
    "urgency",
    "level",
    "owner_unit_id",
    "address",
    "cell_code",
    "community_code",
    "street_code",
    "in_district",
    "place_type",
    "asset_owner",
    "received_at",
    "first_dispatched_at",
    "dispatched_at",
    "accepted_at",
    "resolved_at",
    "closed_at",
    "due_at",
    "clock_kind",
    "clock_started_at",
    "outcome",
    "auto_dispatched",
    "report_count",
    "return_count",
    "rework_count",
    "handling_run",
    "chased_count",
    "triage_codes",
    "version",
    "first_level",
    "pause_kind",
    "supervision_count",
    "supervision_number",
]
_FACT: Final = [
    "incident_id",
    "kind",
    "sign",
    "at",
    "day",
    "unit_code",
    "street_code",
    "community_code",
    "category_code",
    "item_code",
    "source",
    "nature",
    "level",
    "first_level",
    "urgency",
    "elapsed",
    "working",
    "automatic",
    "first",
    "on_time",
    "solved",
    "score",
]

Row = dict[str, Any]


def write_cases(
    count: int, *, days: int, until: datetime, seed: int = 1, slow_street: str = "", slow_category: str = ""
) -> int:
    """Write `count` cases received in the `days` before `until`, with their facts; answers how many facts.

    Cases of `slow_street` and `slow_category` take three times as long in the last 30 days.
    """
    maker = _Maker(random.Random(seed), days=days, until=until)
    text = Text.objects.create(body="…", created_at=until)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM incidents_incident")
        first = int(cursor.fetchone()[0]) + 1
        cases, facts = [], []
        for received in sorted(maker.received() for _index in range(count)):
            slow = (slow_street, slow_category) if (until - received).days <= 30 else ("", "")
            case, its_facts = maker.case(first + len(cases), received, text.pk, slow)
            cases.append(case)
            facts += its_facts
        _copy(cursor, "incidents_incident", _CASE, cases)
        _copy(cursor, "incidents_outcome", _FACT, facts)
        cursor.execute("SELECT setval('incidents_incident_id_seq', %s)", [first + count])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE incidents_incident, incidents_outcome, dashboards_unfolded")
    return len(facts)


class _Maker:
    def __init__(self, rng: random.Random, *, days: int, until: datetime) -> None:
        self.rng, self.days, self.until = rng, days, until
        communities = list(Area.objects.communities().values_list("code", "parent_id"))
        self.communities = communities
        streets = sorted({street for _code, street in communities})
        weight = {street: 3.0 / (index + 2) + 0.4 for index, street in enumerate(streets)}
        self.community_weights = list(accumulate(weight[street] for _code, street in communities))
        self.pace = {street: rng.lognormvariate(0, 0.12) for street in streets}
        self.categories = list(Category.objects.values_list("code", flat=True))
        order = self.categories[:]
        rng.shuffle(order)
        rank = {code: index for index, code in enumerate(order)}
        self.category_weights = list(accumulate(1 / (rank[code] + 4) for code in self.categories))
        self.category_pace = {code: rng.lognormvariate(0, 0.45) for code in self.categories}
        self.leads: dict[str, list[tuple[str, str]]] = {code: [] for code in self.categories}
        for category, item, lead in ResponsibilityItem.objects.values_list("category", "code", "lead_unit"):
            self.leads[category].append((item, lead))
        offices = OrgUnit.objects.filter(kind=OrgUnit.Kind.STREET_OFFICE)
        self.office = dict(offices.values_list("area_code", "code"))
        stations = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMMUNITY_STATION)
        self.station = dict(stations.values_list("area_code", "code"))
        self.units = set(OrgUnit.objects.values_list("code", flat=True))
        self.unit_pace: dict[str, float] = {}

    def received(self) -> datetime:
        while True:
            day = self.until - timedelta(days=self.rng.random() * self.days)
            if self.rng.random() * 11 < _DAY_WEIGHTS[day.weekday()]:
                break
        hour = self.rng.choices(range(24), _HOUR_WEIGHTS)[0]
        local_midnight = day.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=8)
        at = local_midnight + timedelta(hours=hour, seconds=self.rng.randrange(3600))
        return min(at, self.until - timedelta(minutes=1))

    def case(self, pk: int, received: datetime, text: int, slow: tuple[str, str]) -> tuple[Row, list[Row]]:
        rng = self.rng
        community, street = rng.choices(self.communities, cum_weights=self.community_weights)[0]
        category = rng.choices(self.categories, cum_weights=self.category_weights)[0]
        item, lead = rng.choice(self.leads[category])
        unit = self._unit(lead, street, community)
        source = rng.choices(_SOURCES, _SOURCE_WEIGHTS)[0]
        urgency = "emergency" if (draw := rng.random()) < 0.01 else "urgent" if draw < 0.05 else "routine"
        automatic = rng.random() < 0.72
        facts: list[Row] = []
        case: Row = dict.fromkeys(_CASE) | {
            "id": pk,
            "number": f"{district_day(received):%Y%m%d}-{pk:06d}",
            "nature": "finding" if source == "patrol" else "complaint",
            "source": source,
            "category_id": category,
            "text_id": text,
            "item_code": item,
            "urgency": urgency,
            "level": rng.choice("ABCD"),
            "address": "",
            "cell_code": "",
            "community_code": community,
            "street_code": street,
            "in_district": True,
            "place_type": "",
            "asset_owner": "",
            "received_at": received,
            "auto_dispatched": automatic,
            "report_count": 1,
            "return_count": 0,
            "rework_count": 0,
            "handling_run": 1,
            "chased_count": 0,
            "triage_codes": "{}",
            "version": 3,
            "outcome": "",
            "clock_kind": "",
            "pause_kind": "",
            "supervision_count": 0,
            "supervision_number": "",
        }
        case["first_level"] = case["level"]

        def add(kind: str, at: datetime, **measures: Any) -> None:
            facts.append(
                {
                    "incident_id": pk,
                    "kind": kind,
                    "sign": 1,
                    "at": at,
                    "day": district_day(at),
                    "unit_code": unit,
                    "street_code": street,
                    "community_code": community,
                    "category_code": category,
                    "item_code": item,
                    "source": source,
                    "nature": case["nature"],
                    "level": case["level"],
                    "first_level": case["level"],
                    "urgency": urgency,
                    "automatic": False,
                    "first": False,
                    **measures,
                }
            )

        add("received", received)
        returned = not automatic and rng.random() < 0.12
        wait = 0.0 if automatic else rng.lognormvariate(7.9, 0.9)
        sent = received + timedelta(seconds=wait + (rng.lognormvariate(8.6, 0.7) if returned else 0))
        if sent > self.until:
            case |= {
                "status": "triage",
                "owner_unit_id": "operations-centre",
                "due_at": received + timedelta(hours=2),
                "clock_kind": "dispatch",
                "clock_started_at": received,
            }
            return case, facts
        if returned:
            add("returned", sent - timedelta(minutes=30))
            case["return_count"] = 1
        took = int((sent - received).total_seconds())
        add(
            "dispatched", sent, elapsed=took, working=int(took * 0.7), automatic=automatic, first=not returned
        )
        limit = timedelta(days=rng.choices(_LIMIT_DAYS, _LIMIT_WEIGHTS)[0] * 1.4)
        due = sent + limit
        pace = self.pace[street] * self.category_pace[category] * self._pace_of(unit)
        if street == slow[0] and category == slow[1]:
            pace *= 3
        handling = limit * min(rng.lognormvariate(-0.95, 0.5) * pace, 8) + timedelta(
            minutes=rng.randrange(5, 240)
        )
        resolved = sent + handling
        case |= {
            "owner_unit_id": unit,
            "first_dispatched_at": received if automatic else sent,
            "dispatched_at": sent,
            "accepted_at": sent + timedelta(minutes=20),
        }
        if due <= min(resolved, self.until):
            add("due", due, on_time=False)
        if resolved > self.until:
            case |= {
                "status": "handling",
                "due_at": due,
                "clock_kind": "handling",
                "clock_started_at": sent,
            }
            return case, facts
        if due > resolved:
            add("due", due, on_time=True)
        solved = rng.random() < 0.86
        took = int(handling.total_seconds())
        add(
            "handled",
            resolved,
            elapsed=took,
            working=int(took * 0.36),
            automatic=automatic,
            first=not returned,
            on_time=due > resolved,
            solved=solved,
        )
        case |= {"resolved_at": resolved, "outcome": "solved" if solved else "explained"}
        if rng.random() < 0.012:
            add("reworked", resolved - timedelta(hours=2))
            case["rework_count"] = 1
        closed = resolved + timedelta(hours=rng.uniform(2, 40))
        if closed > self.until:
            case |= {
                "status": "resolved",
                "due_at": resolved + timedelta(days=2),
                "clock_kind": "verification",
                "clock_started_at": resolved,
            }
            return case, facts
        case |= {"status": "closed", "closed_at": closed}
        took = int((closed - received).total_seconds())
        add("closed", closed, elapsed=took, working=int(took * 0.36))
        if rng.random() < 0.34:
            happy = rng.random() < (0.96 if due > resolved else 0.7)
            rated = min(closed + timedelta(hours=rng.uniform(1, 60)), self.until)
            add("rated", rated, score=rng.choice((4, 5, 5)) if happy else rng.choice((1, 2, 3)), solved=happy)
        return case, facts

    def _unit(self, lead: str, street: str, community: str) -> str:
        office = self.office[street]
        if lead.startswith("@street"):
            return office + lead.removeprefix("@street")
        if lead == "@community":
            return self.station[community]
        return lead if lead in self.units else "urban-management"

    def _pace_of(self, unit: str) -> float:
        return self.unit_pace.setdefault(unit, self.rng.lognormvariate(0, 0.15))


def _copy(cursor: Any, table: str, columns: list[str], rows: Iterable[Row]) -> None:
    buffer = io.StringIO()
    for row in rows:
        buffer.write("\t".join(_text(row.get(name)) for name in columns))
        buffer.write("\n")
    buffer.seek(0)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer)


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)
