"""How often one address may do something: counted in this process, on the machine's own clock.

Bounded in memory, and lost with the process: it stops a script, not a determined crowd. With several web
processes each counts for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from django.conf import settings
from django.http import HttpRequest

_ADDRESSES_MAX = 10_000


class Throttle:
    """At most `limit` events of one key within `seconds`, over a window that slides."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.seconds = seconds
        self._clock = clock
        self._events: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = Lock()

    def is_full(self, key: str) -> bool:
        """Has this key had all its events?"""
        with self._lock:
            return len(self._recent(key)) >= self.limit

    def count(self, key: str) -> None:
        """Note one event."""
        with self._lock:
            self._events[key] = [*self._recent(key), self._clock()]
            self._events.move_to_end(key)
            while len(self._events) > _ADDRESSES_MAX:
                self._events.popitem(last=False)

    def forget(self) -> None:
        """Start from nothing."""
        with self._lock:
            self._events.clear()

    def _recent(self, key: str) -> list[float]:
        since = self._clock() - self.seconds
        return [instant for instant in self._events.get(key, []) if instant > since]


def address_of(request: HttpRequest) -> str:
    """Whose request it is, as far as the proxies that we trust can tell; an IPv6 network counts as one."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    if settings.NUM_PROXIES:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if hops:
            address = hops[-min(settings.NUM_PROXIES, len(hops))]
    return ":".join(address.split(":")[:4]) if address.count(":") > 1 else address
