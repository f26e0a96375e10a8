"""Several workers share a rehearsal's parts, and one that dies leaves its part to the others."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import InterfaceError, connection, transaction
from django.utils import timezone

from dispatch.comparing import Tally
from dispatch.models import ResponsibilityList
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


# --- a person beside a worker ---------------------------------------------------------------------------


@contextmanager
def worker_at_a_part(monkeypatch: pytest.MonkeyPatch, *, dies: bool = False) -> Iterator[Callable[[], None]]:
    """A worker that has a part in its hands and goes on, or dies, when it is told to, which is awaited."""
    taken, goes_on = threading.Event(), threading.Event()
    trouble: list[Exception] = []
    done, worker_id = rehearsal._do, None

    def waiting(part: RehearsalPart, *, at: datetime) -> None:
        if threading.get_ident() == worker_id:
            taken.set()
            goes_on.wait(30)
            if dies:
                raise InterfaceError("its connection is gone")
        done(part, at=at)

    def work() -> None:
        nonlocal worker_id
        worker_id = threading.get_ident()
        try:
            rehearsal.step(at=timezone.now())
        except Exception as error:
            trouble.append(error)
        finally:
            connection.close()

    def finish() -> None:
        goes_on.set()
        worker.join()

    monkeypatch.setattr(rehearsal, "_do", waiting)
    worker = threading.Thread(target=work)
    worker.start()
    assert taken.wait(30)
    try:
        yield finish
    finally:
        finish()
    assert [type(error) for error in trouble] == [InterfaceError] * dies


def edited(asked: Rehearsal, by: Person) -> ResponsibilityList:
    change(asked.draft, by, at=timezone.now(), lead_unit="transport")
    return ResponsibilityList.objects.get(pk=asked.draft_id)


def begin_again(draft: ResponsibilityList, by: Person) -> Rehearsal:
    return rehearsal.start(draft=draft, days=30, by=by.user, at=timezone.now())


def test_an_edit_starts_anew_without_waiting_for_the_part_in_hand(asked, steward, monkeypatch):
    rehearsal.step(at=timezone.now())
    with worker_at_a_part(monkeypatch) as finish:
        draft = edited(asked, steward)
        anew = begin_again(draft, steward)  # it would wait for ever for a worker that waits for it
        asked.refresh_from_db()
        assert asked.state == Rehearsal.State.OVERTAKEN
        finish()
    while rehearsal.step(at=timezone.now()):
        pass
    assert_whole(anew)


def test_what_a_worker_still_had_in_its_hands_is_forgotten_at_the_next_start(asked, steward, monkeypatch):
    rehearsal.step(at=timezone.now())
    with worker_at_a_part(monkeypatch):
        second = rehearsal.start(draft=asked.draft, days=31, by=steward.user, at=timezone.now())
        assert set(Rehearsal.objects.all()) == {asked, second}
    assert RehearsedCase.objects.filter(rehearsal=asked).count() == 1  # the worker finished its part
    third = rehearsal.start(draft=asked.draft, days=32, by=steward.user, at=timezone.now())
    assert set(Rehearsal.objects.all()) == {third}
    assert not RehearsedCase.objects.exists()


def test_a_worker_and_a_person_end_the_same_rehearsal_at_once(asked, steward, monkeypatch):
    """The worker holds its part and ends the rehearsal; the person holds the rehearsal and forgets parts."""
    rehearsal.step(at=timezone.now())
    forget = rehearsal._without_busy
    with worker_at_a_part(monkeypatch) as finish:
        draft = edited(asked, steward)

        def with_the_worker_waiting(pks: Iterable[int]) -> list[int]:
            told = threading.Thread(target=finish)
            told.start()
            wait_until(is_somebody_blocked, "the worker")
            return forget(pks)

        monkeypatch.setattr(rehearsal, "_without_busy", with_the_worker_waiting)
        anew = begin_again(draft, steward)
    monkeypatch.setattr(rehearsal, "_without_busy", forget)
    while rehearsal.step(at=timezone.now()):
        pass
    assert_whole(anew)


def is_somebody_blocked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def test_words_of_a_part_whose_worker_dies_after_it_was_called_off_are_forgotten(asked, steward, monkeypatch):
    rows = [{"row": 1, "text": "路灯不亮"}]
    now = timezone.now()
    asked = rehearsal.start_with_file(
        draft=asked.draft, rows=rows, file_name="a.csv", by=steward.user, at=now
    )
    rehearsal.step(at=now)
    with worker_at_a_part(monkeypatch, dies=True):
        rehearsal.cancel(rehearsal=asked, by=steward.user, at=now)
        assert RehearsalPart.objects.get().rows == rows
    assert rehearsal.step(at=now)
    assert RehearsalPart.objects.get().rows is None
    assert not rehearsal.step(at=now)
