"""Why something was done, on the lines that the deed writes by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

REASON_MOST = 200


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Every line that triggers write within says this too. Inside a transaction."""
    _say(reason.strip()[:REASON_MOST])
    yield
    # Not where it failed: the transaction takes it back by itself.
    _say("")


def _say(reason: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('yiwang.reason', %s, true)", [reason])
