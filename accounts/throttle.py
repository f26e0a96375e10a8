"""How often one address may do something: counted in this process, on the machine's own clock.

Bounded in memory, and lost with the process: it stops a script, not a determined crowd. With several web
processes each counts for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from threading import Lock

from django.conf import settings
from django.http import HttpRequest

_ADDRESSES_MAX = 10_000
# A household's IPv6 network; one machine in it has as many addresses as it likes.
_IPV6_NETWORK_BITS = 64


class Throttle:
    """At most `limit` events of one key within `seconds`, over a window that slides."""

    def __init__(
        self,
        limit: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        known: int | None = None,
    ) -> None:
        """`known`: how many events are worth knowing of, where that is less than the limit."""
        self.limit = limit
        self._known = known
        self.seconds = seconds
        self._clock = clock
        self._events: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = Lock()

    def is_full(self, key: str) -> bool:
        """Has this key had all its events?"""
        return self.counted(key) >= self.limit

    def counted(self, key: str) -> int:
        """The events of this key that still count; at most one beyond the limit or `known`."""
        with self._lock:
            return len(self._recent(key))

    def count(self, key: str) -> None:
        """Note one event."""
        with self._lock:
            # What is beyond the limit says nothing new: a flood from one address fills no memory.
            most = max(1, self.limit if self._known is None else min(self._known, self.limit))
            self._events[key] = [*self._recent(key)[-most:], self._clock()]
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
    """Whose request it is, as far as the proxies that we trust can tell; an IPv6 network counts as one.

    Each of the NUM_PROXIES trusted proxies writes down who spoke to it, at the end: so many from the end
    stands the first address that one of ours has seen, and what is left of it anybody may have made up.
    A request that did not come through all of them is its sender's, whatever it says of itself.
    """
    return _asked_from(request, whole=False)


def whole_address(request: HttpRequest) -> str:
    """The same with every bit of an IPv6 address: for lists of who may ask."""
    return _asked_from(request, whole=True)


def _asked_from(request: HttpRequest, *, whole: bool) -> str:
    sender = _spelled(str(request.META.get("REMOTE_ADDR") or ""), whole=whole)
    if not settings.NUM_PROXIES:
        return sender
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if len(hops) < settings.NUM_PROXIES:
        return sender
    return _spelled(hops[-settings.NUM_PROXIES], whole=whole) or sender


def sign_in_address(request: HttpRequest) -> str | None:
    """The same for the counting of wrong passwords, which keeps addresses in a column of them."""
    return address_of(request) or None


def _spelled(told: str, *, whole: bool) -> str:
    """The address as one spelling of it, without the port that some proxies add, and of IPv6 the network
    unless the `whole` is asked for; empty: it is none."""
    if told.startswith("["):
        told = told[1:].partition("]")[0]
    elif told.count(":") == 1:
        told = told.partition(":")[0]
    try:
        address = ip_address(told.partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if whole:
        return str(address)
    host_bits = 128 - _IPV6_NETWORK_BITS
    return str(IPv6Address(int(address) >> host_bits << host_bits))
