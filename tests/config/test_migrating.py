"""A migration gives way to whoever has the table, and is tried again; it never makes them wait for long."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError
from django.db import DatabaseError, connection, transaction

from config.migrating import migrate_patiently

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held(table: str) -> Iterator[Callable[[], None]]:
    """Somebody else is writing to it, until they are told to end."""
    has_it, ends = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
                has_it.set()
                ends.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert has_it.wait(60)

    def let_go() -> None:
        ends.set()
        thread.join(60)

    try:
        yield let_go
    finally:
        let_go()


class Migration:
    """Writes a comment, and needs the table for itself."""

    def __init__(self) -> None:
        self.tries = 0

    def __call__(self) -> None:
        self.tries += 1
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE half_done (id int) ON COMMIT DROP")
            cursor.execute("LOCK TABLE incidents_webhook IN ACCESS EXCLUSIVE MODE")


def test_it_gives_way_and_is_tried_again() -> None:
    migration, said = Migration(), list[str]()
    with held("incidents_webhook") as let_go:
        migrate_patiently(
            migration, say=said.append, pauses=(7,), timeout_ms=50, pause=lambda _wait: let_go()
        )
    assert migration.tries == 2
    assert said == ["a table is in use; trying again in 7 s"]


def test_whoever_holds_on_for_good_is_told_of() -> None:
    migration = Migration()
    with held("incidents_webhook"), pytest.raises(CommandError, match="run it again"):
        migrate_patiently(
            migration, say=lambda _told: None, pauses=(0, 0), timeout_ms=50, pause=lambda _wait: None
        )
    assert migration.tries == 3


def test_what_is_wrong_with_a_migration_itself_is_not_tried_again() -> None:
    tries = []

    def wrong() -> None:
        tries.append(1)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(DatabaseError, match="zero"):
        migrate_patiently(wrong, say=lambda _told: None, pause=lambda _wait: None)
    assert len(tries) == 1


def test_only_a_transaction_gives_way() -> None:
    found = []

    def look() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            found.append(cursor.fetchone()[0])
            with transaction.atomic():
                cursor.execute("SHOW lock_timeout")
                found.append(cursor.fetchone()[0])

    migrate_patiently(look, say=lambda _told: None, timeout_ms=2000)
    look()
    assert found == ["0", "2s", "0", "0"]
