"""Messages spread to people per second, and letters sent (to the console), beside one at a time."""

import logging
import time
from datetime import UTC, datetime

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from benchmarks.records import Record
from incidents import outbox
from incidents.delivery import deliver, spread
from incidents.models import Incident, OutboxMessage, Parcel, Text
from incidents.models.incident import Status
from incidents.transports import ConsoleTransport

NEEDS_DATABASE = True
MESSAGES, CASES, UNITS, HANDLERS, ONE_BY_ONE = 10_000, 5_000, 50, 3, 200
AT = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)


def run() -> list[Record]:
    _make_messages()
    logging.getLogger("outbox").setLevel(logging.WARNING)
    console = dict.fromkeys(("email", "sms", "wework", "webhook"), ConsoleTransport())
    began = time.perf_counter()
    for _message in range(ONE_BY_ONE):
        spread(at=AT, limit=1)
    spread_singly = ONE_BY_ONE / (time.perf_counter() - began)
    spread_per_s = _rate(lambda: spread(at=AT))
    if OutboxMessage.objects.filter(sent_at__isnull=True).exists():
        raise RuntimeError("messages were left behind")
    began = time.perf_counter()
    for _parcel in range(ONE_BY_ONE):
        deliver(at=AT, limit=1, transports=console)
    sent_singly = ONE_BY_ONE / (time.perf_counter() - began)
    sent_per_s = _rate(lambda: deliver(at=AT, transports=console))
    if Parcel.objects.waiting().exists() or Parcel.objects.count() != MESSAGES * HANDLERS:
        raise RuntimeError("parcels were left behind")
    idle = _median_ms(lambda: (spread(at=AT), deliver(at=AT)))
    return [
        _record("messages spread per s", spread_per_s, "one at a time", spread_singly),
        _record("letters sent per s, console", sent_per_s, "one at a time", sent_singly),
        {
            "bench": "telling",
            "metric": "idle round, ms",
            "ours": idle,
            "against": "goal of 5 ms",
            "theirs": 5.0,
            "ratio": idle / 5.0,
        },
    ]


def _record(metric: str, ours: float, against: str, theirs: float) -> Record:
    return {
        "bench": "telling",
        "metric": metric,
        "ours": ours,
        "against": against,
        "theirs": theirs,
        "ratio": ours / theirs,
    }


def _rate(step) -> float:  # type: ignore[no-untyped-def]
    done = 0
    began = time.perf_counter()
    while count := step():
        done += count
    return done / (time.perf_counter() - began)


def _median_ms(step) -> float:  # type: ignore[no-untyped-def]
    taken = []
    for _round in range(100):
        began = time.perf_counter()
        step()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2] * 1000


def _make_messages() -> None:
    """Two messages for each case, to units with three handlers who read e-mail."""
    teams = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMMUNITY_STATION)
    units = list(teams.order_by("pk")[:UNITS])
    for unit in units:
        for index in range(HANDLERS):
            user = User.objects.create(
                username=f"{unit.code}-{index}", email=f"{index}@{unit.code.replace('/', '.')}.example"
            )
            Membership.objects.create(user=user, unit=unit, role=Role.HANDLER)
    text = Text.objects.create(body="bench", created_at=AT)
    cases = Incident.objects.bulk_create(
        Incident(
            number=f"tell-{index}",
            status=Status.HANDLING,
            nature="complaint",
            source="hotline",
            text=text,
            owner_unit=units[index % UNITS],
            received_at=AT,
            due_at=AT,
        )
        for index in range(CASES)
    )
    OutboxMessage.objects.bulk_create(
        (
            outbox.message(
                "timer.warned",
                incident_id=case.pk,
                receiver=f"unit:{case.owner_unit_id}",
                key=f"tell:{case.pk}:{index}",
                at=AT,
                clock="handling",
                stage="warn_80",
                due_at=AT.isoformat(),
                urgency="routine",
            )
            for index in range(MESSAGES // CASES)
            for case in cases
        ),
        batch_size=2_000,
    )
