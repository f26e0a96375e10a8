"""Real Celery processes on the real broker drive the sweeps, and killing them loses nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from incidents.models import FiredStage, SweepBeat
from tests.cast import file_report, reload

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60.0


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """A Celery process on this test's database and broker."""
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    command = [sys.executable, "-m", "celery", "--app", "config", *arguments, "--loglevel", "WARNING"]
    return subprocess.Popen(
        command, env={**os.environ, "DATABASE_URL": url, "SWEEP_INTERVAL": "0.3"}, start_new_session=True
    )


@pytest.fixture
def beat(tmp_path) -> Iterator[None]:
    process = start("beat", "--schedule", str(tmp_path / "schedule"), "--pidfile=")
    yield
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE:.0f} s"
        time.sleep(0.2)


@pytest.mark.usefixtures("beat")
def test_a_worker_that_is_killed_is_made_up_for_by_the_next():
    long_ago = timezone.now() - timedelta(days=40)
    first = file_report(at=long_ago)
    worker = start("worker", "--concurrency", "1", "--without-gossip", "--without-mingle")
    try:
        wait_until(lambda: reload(first).status == "handling", "deemed acceptance")
        wait_until(lambda: SweepBeat.objects.filter(name="outbox").exists(), "a delivery")
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    second = file_report(at=long_ago, text="村口的路灯杆歪了,快要倒下来")
    assert reload(second).status == "dispatched"
    worker = start("worker", "--concurrency", "1", "--without-gossip", "--without-mingle")
    try:
        wait_until(lambda: reload(second).status == "handling", "deemed acceptance after the kill")
        wait_until(
            lambda: FiredStage.objects.filter(timer__incident=second, stage="breach").exists(), "the breach"
        )
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    for case in (first, second):
        fired = list(FiredStage.objects.filter(timer__incident=case).values_list("timer_id", "run", "stage"))
        assert len(fired) == len(set(fired))
        in_order = {
            "acceptance": ["warn_50", "warn_80", "deemed"],
            "handling": ["warn_50", "warn_80", "breach", "esc_head", "level_up"],
        }
        for kind, stages in in_order.items():
            rows = FiredStage.objects.filter(timer__incident=case, timer__kind=kind).order_by("pk")
            assert list(rows.values_list("stage", flat=True)[: len(stages)]) == stages
