"""Writers and the sealer at the same time: nobody waits, nothing is lost, whatever commits late is sealed."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.audit import sealing
from accounts.audit.rows import AuditEvent
from tests.accounts.audit.conftest import looked_through, seal_all, write

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, EACH = 4, 60


def alongside(work: Callable[[], None]) -> threading.Thread:
    """In a thread, with a connection that is closed behind it."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_many_writers_and_two_sealers_lose_nothing() -> None:
    over, failed = threading.Event(), []

    def writing() -> None:
        for number in range(EACH):
            try:
                with transaction.atomic():
                    write(1)
                    if number % 7 == 0:
                        # A deed that is taken back takes its line with it.
                        transaction.set_rollback(True)
            except Exception as error:
                failed.append(error)

    def sealer() -> None:
        while not over.is_set():
            try:
                sealing.seal(at=timezone.now())
            except Exception as error:
                failed.append(error)
                return

    sealers = [alongside(sealer) for _number in range(2)]
    writers = [alongside(writing) for _number in range(WRITERS)]
    for thread in writers:
        thread.join(120)
    over.set()
    for thread in sealers:
        thread.join(60)
    seal_all()
    kept = WRITERS * (EACH - len(range(0, EACH, 7)))
    assert not failed
    assert AuditEvent.objects.count() == kept
    report = looked_through()
    assert (report.faults, report.rows) == ([], kept)


def test_a_row_that_commits_late_is_sealed_after_younger_ones() -> None:
    written, may_commit = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            write(1, what="late")
            written.set()
            may_commit.wait(30)

    slow = alongside(slowly)
    assert written.wait(30)
    write(3)
    assert seal_all() == 3
    may_commit.set()
    slow.join(30)
    late = AuditEvent.objects.get(what="late")
    assert late.pk < AuditEvent.objects.filter(what="sample").order_by("pk").values_list("pk", flat=True)[0]
    assert seal_all() == 1
    late.refresh_from_db()
    assert late.seq == 4
    assert looked_through().faults == []


def test_writers_do_not_wait_while_rows_are_being_sealed() -> None:
    write(5)
    sealed, may_commit, done = threading.Event(), threading.Event(), threading.Event()

    def seal_and_linger() -> None:
        with transaction.atomic():
            assert sealing.alone()
            with connection.cursor() as cursor:
                cursor.execute("UPDATE accounts_auditevent SET seq = id, digest = 'x', key = 'x'")
            sealed.set()
            may_commit.wait(30)
            transaction.set_rollback(True)

    def write_more() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        write(3)
        done.set()

    lingering = alongside(seal_and_linger)
    assert sealed.wait(30)
    writer = alongside(write_more)
    assert done.wait(10)
    # And a second sealer goes home at once.
    began = time.monotonic()
    assert sealing.seal(at=timezone.now()) == 0
    assert time.monotonic() - began < 5
    may_commit.set()
    lingering.join(30)
    writer.join(30)
    assert seal_all() == 8
    assert looked_through().faults == []
