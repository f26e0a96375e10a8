"""Two questions a load balancer asks."""

import select
import time
from typing import Final

import psycopg2
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.backup import target

# In all, in seconds: shorter than those who ask have patience for.
_PATIENCE: Final = 3.0


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Is this process alive? Asks nobody else, so that a database failure restarts no web worker."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Can this process take a report? That needs the database, and never the broker."""
    try:
        restoring = _restoring(until=time.monotonic() + _PATIENCE)
    except (psycopg2.Error, TimeoutError):
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    if restoring:
        # A report that came now would go with what is half restored.
        return HttpResponse("a backup is being restored\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


def _restoring(*, until: float) -> bool:
    """Was a restore broken off? Asked over a connection of its own that never waits inside the driver: a
    server that is frozen takes a question like any other, and no time-out of PostgreSQL's would pass in it.

    Raises TimeoutError, and what the driver raises.
    """
    asked = psycopg2.connect(**connection.get_connection_params(), async_=1)
    try:
        _wait(asked, until)
        with asked.cursor() as cursor:
            cursor.execute(target.STANDS_ASIDE, [target.ASIDE])
            _wait(asked, until)
            return bool(cursor.fetchone()[0])
    finally:
        asked.close()


def _wait(asked: psycopg2.extensions.connection, until: float) -> None:
    while (state := asked.poll()) != psycopg2.extensions.POLL_OK:
        left = until - time.monotonic()
        waiting = select.poll()
        waiting.register(
            asked.fileno(), select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT
        )
        if left <= 0 or not waiting.poll(left * 1000):
            raise TimeoutError("the database does not answer")
