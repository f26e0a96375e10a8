"""Each test has a place of its own for the head that is kept outside."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.audit import sealing
from accounts.audit.rows import AuditEvent
from accounts.audit.telling import tell
from accounts.audit.verifying import Report, verify
from accounts.identity.where import Where
from accounts.models import User


@pytest.fixture(autouse=True)
def empty_log(request: pytest.FixtureRequest) -> None:
    """What loading the reference data told is not of this test."""
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("behind_the_guards")("DELETE FROM accounts_auditevent")


@pytest.fixture(autouse=True)
def anchor_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_ANCHOR_DIR = str(tmp_path)


@pytest.fixture
def behind_the_guards(request: pytest.FixtureRequest) -> Callable[..., int]:
    """What somebody can do who has the database itself: the triggers are off for this statement."""

    marker = request.node.get_closest_marker("django_db")
    request.getfixturevalue("transactional_db" if marker and marker.kwargs.get("transaction") else "db")

    def run(statement: str, *params: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            try:
                cursor.execute(statement, params)
                return int(cursor.rowcount)
            finally:
                cursor.execute("SET session_replication_role = origin")

    return run


def write(count: int, *, by: User | None = None, what: str = "sample") -> None:
    """So many lines in the log."""
    for number in range(count):
        tell(
            kind=AuditEvent.Kind.AUDIT,
            what=what,
            by=by,
            where=Where("198.51.100.7", "Chrome · Windows"),
            about=("sample", str(number)),
            number=number,
            words="一二三",
        )


def seal_all() -> int:
    """As the worker does."""
    total = 0
    while count := sealing.seal(at=timezone.now()):
        total += count
    return total


def looked_through(**more: Any) -> Report:
    """The whole chain, now."""
    return verify(at=timezone.now() + timedelta(0), **more)


def faults() -> list[tuple[str, int]]:
    """What a look through finds, and where."""
    return [(fault.what, fault.seq) for fault in looked_through().faults]
