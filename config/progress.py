"""Lines that say what a start is doing, on one stop-watch across its processes."""

import os
import time

BEGAN = "YIWANG_BEGAN"  # UNIX time at which the first of them started


def say(text: str) -> None:
    """Print `text` after the seconds since `make run`."""
    began = float(os.environ.setdefault(BEGAN, str(time.time())))
    print(f"[{time.time() - began:5.1f} s] {text}", flush=True)
