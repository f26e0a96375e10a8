"""Looking at processes from outside."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def processes(folder: Path) -> dict[int, str]:
    """Whatever runs with the folder's name on its command line or as its working folder."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in command or str(folder) in os.readlink(process / "cwd"):
                found[int(process.name)] = command
        except OSError:
            continue
    return found


def eventually(condition: Callable[[], object], *, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
