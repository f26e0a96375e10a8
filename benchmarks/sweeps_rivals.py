"""The simpler ways of firing the same stages with the same rows, fairly done, to be measured beside."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from celery import Celery
from django.db import connection, transaction

from incidents import outbox, sweeps, timeline
from incidents.actor import SYSTEM
from incidents.models import FiredStage, OutboxMessage, PendingStage, TimelineEntry

app = Celery("bench", broker=os.environ.get("BENCH_BROKER", "memory://"))
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)


def bulk(at: datetime) -> int:
    """Everything that is due in one statement: the limit of what this database can do."""
    return sweeps.fire_due_stages(at=at, limit=10_000_000)


@transaction.atomic
def orm_batch(at: datetime, size: int = 500) -> int:
    """The same effects through the ORM, as well as it can: eight statements for `size` stages."""
    due = list(
        PendingStage.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(fire_at__lte=at)
        .select_related("timer__incident")
        .order_by("fire_at", "pk")[:size]
    )
    FiredStage.objects.bulk_create(_fired(pending, at) for pending in due)
    TimelineEntry.objects.bulk_create(
        timeline.entry(
            timeline.Kind.WARNED,
            incident_id=pending.incident_id,
            at=pending.fire_at,
            actor=SYSTEM,
            **_data(pending),
        )
        for pending in due
    )
    OutboxMessage.objects.bulk_create(_message(pending, at) for pending in due)
    PendingStage.objects.bulk_create(_next(pending) for pending in due)
    PendingStage.objects.filter(pk__in=[pending.pk for pending in due]).delete()
    return len(due)


@transaction.atomic
def one(pending_id: int, at: datetime) -> None:
    """The same effects through the ORM, one stage a transaction."""
    pending = (
        PendingStage.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("timer__incident")
        .filter(pk=pending_id)
        .first()
    )
    if pending is None:
        return
    _fired(pending, at).save(force_insert=True)
    timeline.record(
        timeline.Kind.WARNED,
        incident_id=pending.incident_id,
        at=pending.fire_at,
        actor=SYSTEM,
        **_data(pending),
    )
    _message(pending, at).save(force_insert=True)
    _next(pending).save(force_insert=True)
    pending.delete()


@app.task(name="bench.fire")
def fire(*, pending_id: int, at: str) -> None:
    """What one ETA task for each stage would do."""
    one(pending_id, datetime.fromisoformat(at))


def celery_rate(pending_ids: list[int], *, at: datetime, processes: int = 2) -> float:
    """Stages a second from the moment on which all these tasks are due, by a worker on a real broker."""
    with _worker(processes):
        eta = datetime.now(UTC) + timedelta(seconds=max(10.0, len(pending_ids) / 80))
        with app.connection_for_write() as broker, app.amqp.Producer(broker) as producer:
            for pending_id in pending_ids:
                fire.apply_async(
                    kwargs={"pending_id": pending_id, "at": at.isoformat()}, eta=eta, producer=producer
                )
        if datetime.now(UTC) > eta:
            raise RuntimeError("the tasks were due before the last of them was sent")
        left, deadline = len(pending_ids), time.monotonic() + 180
        while left:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{left} tasks were not done in time")
            time.sleep(0.05)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM incidents_pendingstage WHERE id = ANY (%s)", [pending_ids]
                )
                left = cursor.fetchone()[0]
        return len(pending_ids) / (datetime.now(UTC) - eta).total_seconds()


@contextlib.contextmanager
def _worker(processes: int) -> Iterator[None]:
    from config.embedded import Servers
    from config.settings.work import broker_url

    settings = connection.settings_dict
    url = f"postgres://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}"
    with tempfile.TemporaryDirectory(prefix="yiwang-bench-") as folder, Servers(Path(folder)) as servers:
        broker = broker_url(servers.start_valkey())
        app.conf.broker_url = broker
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--app", "benchmarks.sweeps_worker", "worker"),
                *("--concurrency", str(processes), "--loglevel", "ERROR", "--without-gossip"),
            ],
            env={**os.environ, "DATABASE_URL": url, "BENCH_BROKER": broker},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(4)  # for it to stand by: what is measured begins later
            yield
        finally:
            worker.terminate()
            worker.wait()


def _fired(pending: PendingStage, at: datetime) -> FiredStage:
    return FiredStage(
        timer_id=pending.timer_id,
        run=pending.run,
        stage=_stage(pending),
        due_at=pending.fire_at,
        fired_at=at,
        unit_code=pending.timer.unit_code,
    )


def _message(pending: PendingStage, at: datetime) -> OutboxMessage:
    return outbox.message(
        "timer.warned",
        incident_id=pending.incident_id,
        receiver=f"unit:{pending.timer.unit_code or pending.timer.incident.owner_unit_id}",
        key=f"stage:{pending.timer_id}:{pending.run}:{_stage(pending)}",
        at=at,
        **_data(pending),
    )


def _next(pending: PendingStage) -> PendingStage:
    return PendingStage(
        timer_id=pending.timer_id,
        incident_id=pending.incident_id,
        run=pending.run,
        position=pending.position + 1,
        fire_at=pending.timer.stage_times[pending.position],
    )


def _stage(pending: PendingStage) -> str:
    return pending.timer.stage_names[pending.position - 1]


def _data(pending: PendingStage) -> dict[str, object]:
    return {
        "timer": pending.timer_id,
        "run": pending.run,
        "clock": pending.timer.kind,
        "stage": _stage(pending),
        "due_at": pending.timer.due_at.isoformat(),
        "urgency": pending.timer.incident.urgency,
    }
