"""One driver of the clocks at a time: while history is played, the workers' sweeps stand aside.

A seeded or replayed case is born with due times in the past. A sweep in between two of its steps would
see silence where the history has an answer. So whoever plays history holds an advisory lock, and the
sweeps pass by while it is held; what fell due meanwhile fires afterwards, with its own instants.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_KEY = (2, 1)  # of this product's advisory locks: 1 is the same thing (intake), 2 is driving


@contextmanager
def drive_clocks() -> Iterator[None]:
    """Hold the clocks for the block; waits for another driver. Released too when the process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", _KEY)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", _KEY)


def clocks_are_driven() -> bool:
    """Is somebody playing history right now?"""
    with connection.cursor() as cursor:
        # Taken and given back within this one statement.
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s, %s)", _KEY)
        return not cursor.fetchone()[0]
