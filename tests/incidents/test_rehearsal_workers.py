"""Several workers share a rehearsal's parts, and one that dies leaves its part to the others."""

import os
import signal
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from dispatch.comparing import Tally
from incidents import rehearsal
from incidents.models import Rehearsal, RehearsalPart, RehearsedCase
from tests.cast import Person, file_report
from tests.dispatch.versions import change, new_draft
from tests.incidents.test_workers import beat, start, wait_until

__all__ = ["beat"]
pytestmark = pytest.mark.django_db(transaction=True)
CASES = 30


@pytest.fixture
def asked(steward: Person, monkeypatch) -> Rehearsal:
    """A rehearsal of as many parts as cases, and nobody at work."""
    now = timezone.now()
    for nth in range(CASES):
        file_report(at=now - timedelta(days=2, minutes=nth), joins="")
    draft = new_draft(steward, at=now)
    change(draft, steward, at=now, lead_unit="water-group")
    draft.refresh_from_db()
    monkeypatch.setattr(rehearsal, "PART", 1)
    return rehearsal.start(draft=draft, days=30, by=steward.user, at=now)


def assert_whole(asked: Rehearsal) -> None:
    """Every case was counted exactly once, whoever did it."""
    asked.refresh_from_db()
    assert asked.state == Rehearsal.State.DONE
    assert Tally.from_json(asked.result).changed == CASES
    rows = list(RehearsedCase.objects.values_list("incident", flat=True))
    assert len(rows) == len(set(rows)) == CASES == asked.kept


def test_a_part_in_hand_is_passed_by_and_taken_up_when_its_worker_dies(asked):
    taken, killed = threading.Event(), threading.Event()
    backend: list[int] = []

    def worker_that_dies() -> None:
        try:
            with transaction.atomic():
                part = rehearsal._claim()
                assert part is not None
                part.done_at = timezone.now()
                part.save()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    backend.append(cursor.fetchone()[0])
                taken.set()
                killed.wait(30)
                RehearsalPart.objects.count()  # its connection is gone
        except Exception:
            connection.close()

    rehearsal.step(at=timezone.now())  # begins it
    worker = threading.Thread(target=worker_that_dies)
    worker.start()
    assert taken.wait(30)
    while rehearsal.step(at=timezone.now()):
        pass
    assert rehearsal.progress(asked) == CASES - 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", backend)
    killed.set()
    worker.join()
    while rehearsal.step(at=timezone.now()):
        pass
    assert_whole(asked)


@pytest.mark.usefixtures("beat")
def test_real_workers_that_are_killed_lose_and_double_nothing(asked):
    arguments = ("worker", "-Q", "long", "--concurrency", "2", "--without-gossip", "--without-mingle")
    worker = start(*arguments)
    try:
        wait_until(lambda: rehearsal.progress(asked) > 2, "a few parts")
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    worker = start(*arguments)
    try:
        wait_until(lambda: Rehearsal.objects.get().state == Rehearsal.State.DONE, "the end")
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert_whole(asked)
