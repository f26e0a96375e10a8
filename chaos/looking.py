"""Which processes there are, asked of the kernel."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path


def _stats() -> Iterable[tuple[int, str, int, int]]:
    """(pid, state, parent, process group) of everything that runs."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name in brackets may hold anything, so read from its end on.
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            yield int(folder.name), words[0], int(words[1]), int(words[2])


def group(leader: int) -> list[int]:
    """The living processes of a group, its leader first."""
    return sorted(pid for pid, state, _parent, pgrp in _stats() if pgrp == leader and state != "Z")


def children(parent: int) -> list[int]:
    return sorted(pid for pid, state, ppid, _pgrp in _stats() if ppid == parent and state != "Z")


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_gone(pids: Iterable[int], *, seconds: float) -> list[int]:
    """Wait until they have ended; answers those that have not after `seconds`."""
    left, deadline = list(pids), time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        states = {pid: state for pid, state, _parent, _group in _stats()}
        left = [pid for pid in left if states.get(pid, "Z") != "Z"]
        time.sleep(0.02)
    return left
