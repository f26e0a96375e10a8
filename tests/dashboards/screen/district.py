"""A whole district at work, written at once: what a wall must find room for."""

import random
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import DutyShift, Membership, OrgUnit, User
from accounts.roles import Role
from dashboards import rollups
from grids.models import Area
from incidents.models import Incident, Outcome, Text
from incidents.numbers import district_day
from tests.dashboards.facts import DAYS, HOUR
from tests.dashboards.warning.found import found

_MATTERS = ("0204", "0101", "0301", "0601", "1201", "1001")
_UNITS = ("lighting-company", "police", "pinghu/enforcement", "water-group", "buji/enforcement")


def busy_district(at: datetime, *, open_cases: int = 240, days: int = 84, emergencies: int = 1) -> None:
    """Open cases all over it, twelve weeks of counted work, warnings, and some people on duty."""
    dice = random.Random(7)
    cells = list(Area.objects.without_polygons().cells().order_by("code"))
    weights = [3 if cell.code.startswith(("440307014", "440307003")) else 1 for cell in cells]
    text = Text.objects.create(body="不上墙的话", created_at=at)
    rows = [_open(number, at, dice, dice.choices(cells, weights)[0], text) for number in range(open_cases)]
    for number, row in enumerate(rows[:emergencies]):
        row.urgency, row.category_id, row.status = "emergency", "2001", "handling"
        row.due_at, row.received_at = at + timedelta(minutes=24 + number), at - timedelta(minutes=9)
        row.clock_started_at = row.dispatched_at = row.received_at
        row.accepted_at = at - timedelta(minutes=6)
    Incident.objects.bulk_create(rows)
    _history(at, dice, days, cells, text)
    for number, kind in enumerate(("burst", "theme", "repeat")):
        terms = ["无人配送车", "占用盲道"] if kind == "theme" else []
        found(cases=0, kind=kind, terms=terms, key=f"district {number}", surprise=9 - number)
    _on_duty(at, dice)


def _open(number: int, at: datetime, dice: random.Random, cell: Area, text: Text) -> Incident:
    came = at - timedelta(minutes=dice.choice((dice.randint(1, 60), dice.randint(60, 3000))))
    due = came + timedelta(hours=dice.choice((8, 24, 48, 72)))
    status = dice.choice(("triage", "dispatched", "handling", "handling", "handling"))
    return Incident(
        number=f"20260102-{number + 1:06d}",
        status=status,
        nature="complaint",
        source="hotline",
        category_id=dice.choice(_MATTERS),
        text=text,
        owner_unit_id="operations-centre" if status == "triage" else dice.choice(_UNITS),
        street_code=f"{cell.code[:9]}000",
        community_code=cell.code[:12],
        cell_code=cell.code,
        lon=cell.lon,
        lat=cell.lat,
        received_at=came,
        clock_started_at=came,
        dispatched_at=None if status == "triage" else came,
        due_at=due,
        auto_dispatched=status != "triage" and dice.random() < 0.8,
    )


def _history(at: datetime, dice: random.Random, days: int, cells: list[Area], text: Text) -> None:
    """Work of the days before and of today, with slower and faster streets."""
    streets = sorted({f"{cell.code[:9]}000" for cell in cells})
    one = Incident.objects.create(
        number="20260103-000001",
        status="closed",
        nature="complaint",
        source="hotline",
        category_id="0204",
        text=text,
        owner_unit_id="police",
        received_at=at - timedelta(days=days),
        closed_at=at,
    )
    facts = []
    for back in range(days):
        day = district_day(at) - timedelta(days=back)
        when = at - timedelta(days=back)
        for number, street in enumerate(streets):
            for _case in range(dice.randint(2, 6)):
                slow = (2.6 if number == 2 else 1.0) * dice.lognormvariate(0, 0.5)
                common = {
                    "incident": one,
                    "at": when,
                    "day": day,
                    "unit_code": "police",
                    "street_code": street,
                    "community_code": f"{street[:9]}001",
                    "category_code": dice.choice(_MATTERS),
                    "source": "hotline",
                    "nature": "complaint",
                    "urgency": "routine",
                }
                facts += [
                    Outcome(kind="received", **common),
                    Outcome(
                        kind="dispatched",
                        elapsed=round(0.9 * HOUR * slow),
                        first=True,
                        automatic=True,
                        **common,
                    ),
                    Outcome(
                        kind="handled", elapsed=round(4 * DAYS * slow), first=True, solved=True, **common
                    ),
                    Outcome(kind="due", on_time=dice.random() < 0.97, **common),
                ]
    Outcome.objects.bulk_create(facts, batch_size=2000)
    while rollups.fold():
        pass


def _on_duty(at: datetime, dice: random.Random) -> None:
    """Somebody in most of the district's and the streets' centres, each in one."""
    centres = Q(code="operations-centre") | Q(code__endswith="/operations")
    manned = [unit for unit in OrgUnit.objects.filter(centres).order_by("code") if dice.random() < 0.9]
    users = User.objects.bulk_create(User(username=f"on-duty-{unit.code}") for unit in manned)
    Membership.objects.bulk_create(
        Membership(user=user, unit=unit, role=Role.OPERATOR) for unit, user in zip(manned, users, strict=True)
    )
    DutyShift.objects.bulk_create(
        DutyShift(unit=unit, user=user, starts_at=at - timedelta(hours=1), ends_at=at + timedelta(hours=7))
        for unit, user in zip(manned, users, strict=True)
    )
