"""Fired stages per second, with their timeline entries, outbox rows and log, beside row at a time."""

import time
from datetime import UTC, datetime, timedelta

from django.db import transaction

from benchmarks.records import Record
from incidents import outbox, sweeps, timeline
from incidents.actor import SYSTEM
from incidents.models import FiredStage, Incident, PendingStage, Text, Timer
from incidents.models.incident import Status

NEEDS_DATABASE = True
OPEN, DUE, ONE_BY_ONE = 60_000, 20_000, 600
AT = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)


def run() -> list[Record]:
    _make_timers()
    began = time.perf_counter()
    for pending in PendingStage.objects.filter(fire_at__lte=AT).order_by("fire_at", "pk")[:ONE_BY_ONE]:
        _fire_one(pending.pk)
    row_at_a_time = ONE_BY_ONE / (time.perf_counter() - began)
    fired = 0
    began = time.perf_counter()
    while done := sweeps.fire_due_stages(at=AT):
        fired += done
    batched = fired / (time.perf_counter() - began)
    if fired != DUE - ONE_BY_ONE:
        raise RuntimeError(f"{fired} stages fired instead of {DUE - ONE_BY_ONE}")
    idle = []
    for _poll in range(200):
        began = time.perf_counter()
        sweeps.fire_due_stages(at=AT)
        idle.append(time.perf_counter() - began)
    idle_ms = sorted(idle)[len(idle) // 2] * 1000
    return [
        {
            "bench": "sweeps",
            "metric": "stages fired per s",
            "ours": batched,
            "against": "row at a time",
            "theirs": row_at_a_time,
            "ratio": batched / row_at_a_time,
        },
        {
            "bench": "sweeps",
            "metric": f"idle sweep, ms, {OPEN:,} open",
            "ours": idle_ms,
            "against": "goal of 1 ms",
            "theirs": 1.0,
            "ratio": idle_ms,
        },
    ]


def _make_timers() -> None:
    """Open handling clocks, a third of them with their one stage due."""
    text = Text.objects.create(body="bench", created_at=AT)
    start = AT - timedelta(days=3)
    cases = Incident.objects.bulk_create(
        (
            Incident(
                number=f"bench-{n:06d}",
                status=Status.HANDLING,
                nature="complaint",
                source="hotline",
                text=text,
                owner_unit_id="lighting-company",
                received_at=start,
                due_at=AT + timedelta(days=1),
            )
            for n in range(OPEN)
        ),
        batch_size=2_000,
    )
    clocks = Timer.objects.bulk_create(
        (
            Timer(
                incident=case,
                kind=Timer.Kind.HANDLING,
                limit="5wd",
                started_at=start,
                due_at=AT + timedelta(days=1),
                own_due_at=AT + timedelta(days=1),
                reckoned_from=start,
                stage_names=["warn_50"],
                stage_times=[AT - timedelta(minutes=1) if n < DUE else AT + timedelta(days=1)],
            )
            for n, case in enumerate(cases)
        ),
        batch_size=2_000,
    )
    PendingStage.objects.bulk_create(
        (
            PendingStage(
                timer=clock, incident_id=clock.incident_id, run=1, position=1, fire_at=clock.stage_times[0]
            )
            for clock in clocks
        ),
        batch_size=2_000,
    )


@transaction.atomic
def _fire_one(pending_id: int) -> None:
    """The same effects through the ORM, one stage a transaction."""
    pending = PendingStage.objects.select_for_update().select_related("timer__incident").get(pk=pending_id)
    timer = pending.timer
    stage = timer.stage_names[pending.position - 1]
    FiredStage.objects.create(timer=timer, run=pending.run, stage=stage, due_at=pending.fire_at, fired_at=AT)
    timeline.record(
        timeline.Kind.WARNED,
        incident_id=pending.incident_id,
        at=pending.fire_at,
        actor=SYSTEM,
        timer=timer.pk,
        run=pending.run,
        stage=stage,
    )
    outbox.tell(
        "timer.warned",
        incident_id=pending.incident_id,
        receiver=f"unit:{timer.incident.owner_unit_id}",
        key=f"stage:{timer.pk}:{pending.run}:{stage}",
        at=AT,
    )
    pending.delete()
