"""What time is it here?

Views, tasks and commands ask this clock, so that a simulation, a replay or the demo's history can
run at another time and speed; everything below them is handed `at`. Sign-in, tokens and leases use
the real clock: security never runs on simulated time.

A leaf: imports nothing of ours, so every room may import it (docs/decisions/0002-clock-is-a-leaf.md).
"""

import mmap
import struct
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from django.conf import settings


class Clock(Protocol):
    def now(self) -> datetime: ...


class RealClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ScaledClock:
    """Starts at `start` when the machine says `epoch`, and runs `rate` times as fast."""

    def __init__(self, *, start: datetime, epoch: float, rate: float) -> None:
        self._start, self._epoch, self._rate = start.timestamp(), epoch, rate

    def now(self) -> datetime:
        elapsed = (time.time() - self._epoch) * self._rate
        return datetime.fromtimestamp(self._start + elapsed, UTC)


class SteppedClock:
    """Stands still at the instant that a driver last wrote into a file; all processes share it."""

    _FORMAT = struct.Struct("<d")

    def __init__(self, path: Path) -> None:
        if not path.exists() or path.stat().st_size < self._FORMAT.size:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._FORMAT.pack(time.time()))
        with path.open("r+b") as handle:
            self._memory = mmap.mmap(handle.fileno(), self._FORMAT.size)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._FORMAT.unpack_from(self._memory)[0], UTC)

    def set(self, at: datetime) -> None:
        """Move every process that reads this file to `at` (aware)."""
        if at.tzinfo is None:
            raise ValueError("the clock takes aware datetimes only")
        self._FORMAT.pack_into(self._memory, 0, at.timestamp())


@lru_cache(maxsize=1)
def clock() -> Clock:
    """The clock that the settings name: CLOCK_FILE, or CLOCK_START with CLOCK_RATE, or the machine's."""
    if settings.CLOCK_FILE:
        return SteppedClock(Path(settings.CLOCK_FILE))
    if settings.CLOCK_START:
        return ScaledClock(
            start=datetime.fromisoformat(settings.CLOCK_START),
            epoch=settings.CLOCK_EPOCH,
            rate=settings.CLOCK_RATE,
        )
    return RealClock()


def now() -> datetime:
    """The instant, aware and in UTC, at which the district is."""
    return clock().now()
