"""How many requests one caller may make: counted in the process, never in the broker."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiClient

if TYPE_CHECKING:  # the framework's views import this module
    from rest_framework.views import APIView

WINDOW_SECONDS = 60
# Callers whose count is kept; beyond it, the counts of the past minute are dropped.
_CALLERS_KEPT = 10_000


class PerMinute(BaseThrottle):
    """A fixed number of requests a minute and process for a token or a person; 0: no limit.

    A bound on a source that runs wild, not a quota: each web process counts for itself.
    """

    _counts: dict[tuple[str, int], int] = {}
    _lock = threading.Lock()
    clock: Callable[[], float] = time.monotonic

    def allow_request(self, request: Request, view: "APIView") -> bool:
        return self.allow(self._caller(request))

    def allow(self, named: str) -> bool:
        """Count a request of this caller; is it still within the limit?"""
        limit = self.limit()
        if not limit:
            return True
        minute = int(type(self).clock() // WINDOW_SECONDS)
        caller = (named, minute)
        with self._lock:
            if len(self._counts) > _CALLERS_KEPT:
                for stale in [key for key in self._counts if key[1] != minute]:
                    del self._counts[stale]
            self._counts[caller] = count = self._counts.get(caller, 0) + 1
        return count <= limit

    def limit(self) -> int:
        return int(settings.API_REQUESTS_PER_MINUTE)

    def wait(self) -> float:
        return WINDOW_SECONDS - type(self).clock() % WINDOW_SECONDS

    def _caller(self, request: Request) -> str:
        asking: object = request.user  # an ApiClient too, which the stubs do not know
        kind = "client" if isinstance(asking, ApiClient) else "user"
        return f"{kind}:{request.user.pk or self.get_ident(request)}"


class LookUps(PerMinute):
    """Telephone numbers that one person looks up: as many as calls are taken, fewer than a list has."""

    _counts: dict[tuple[str, int], int] = {}

    def limit(self) -> int:
        return 10
