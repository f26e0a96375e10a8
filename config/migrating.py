"""Migrating while the version before still serves people: whoever waits for a table makes everybody wait who
comes after, so no statement waits for longer than a request may. What had to give way is tried again.

Of a migration that is one transaction nothing is left when it gives way. One that is none (an index built
CONCURRENTLY) holds nobody up while it waits, and could not be begun again in its middle: it waits.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import CommandError
from django.db import OperationalError, connection

LOCK_TIMEOUT_MS: Final = 2000
# Seconds between the tries; together some minutes, in which a report or a backup comes to its end.
PAUSES: Final = (1, 2, 4, 8, 15, 30, 30, 30, 30)

_GAVE_WAY: Final = ("55P03", "40P01")  # lock_not_available, deadlock_detected


def migrate_patiently(
    migrate: Callable[[], object],
    *,
    say: Callable[[str], object],
    pauses: tuple[float, ...] = PAUSES,
    timeout_ms: int = LOCK_TIMEOUT_MS,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Run it until it has had every table that it needs. Raises CommandError where somebody holds one on."""
    for wait in (*pauses, None):
        try:
            with connection.execute_wrapper(_GivesWay(timeout_ms)):
                migrate()
            return
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", "") not in _GAVE_WAY:
                raise
            if wait is None:
                raise CommandError(
                    "A migration needs a table that somebody holds on to: a backup, a report, or a session "
                    "that was left open (pg_stat_activity tells). Nothing of it was done; run it again.\n"
                    f"{error}".rstrip()
                ) from error
            say(f"a table is in use; trying again in {wait} s")
            pause(wait)


class _GivesWay:
    """Around every statement: in a transaction it waits for a table so long and no longer."""

    def __init__(self, timeout_ms: int) -> None:
        self.statement = f"SET LOCAL lock_timeout = {timeout_ms}"

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        if context["connection"].in_atomic_block:
            with context["connection"].connection.cursor() as cursor:
                cursor.execute(self.statement)
        return execute(sql, params, many, context)
