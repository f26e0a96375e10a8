"""`python -m soak --minutes 20`: start everything, let a district live on it, and exit 1 where it grows."""

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from config.environment import read_file
from soak.judging import MOST_AN_HOUR, Verdict, judge
from soak.reading import Reader
from soak.sampling import Sample, sample

ROOT = Path(__file__).resolve().parent.parent
READERS = ("supervisor", "operator", "dispatcher", "handler", "leader", None, None)
# What must not pile up; the rest (dead rows, the size, the number of reports) is told, not judged.
HELD = ("connections", "messages in a queue", "letters that wait", "sweeps behind, s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("SOAK_MINUTES") or 20))
    parser.add_argument("--per-day", type=float, default=60_000.0, help="reports on a district's day")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8090))
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two samples")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="yw-soak-"))
    folder.chmod(0o711)
    with _installation(folder, options.port) as leader:
        samples, statuses, life = _live(folder, leader, options)
    (folder / "samples.json").write_text(json.dumps([_plain(one) for one in samples]))
    verdicts = list(_verdicts(samples))
    _tell(samples, verdicts, statuses, life)
    print(f"samples and logs are in {folder}")
    bad = any(one.grows for one in verdicts) or any(status >= 500 or not status for status in statuses)
    return 1 if bad else 0


@contextlib.contextmanager
def _installation(folder: Path, port: int) -> Iterator[int]:
    """As `make run` starts it, in a folder of its own; answers the process that started all others."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    env |= {"YIWANG_VAR": str(folder), "PORT": str(port), "SEED": "0", "API_REQUESTS_PER_MINUTE": "0"}
    env["MODEL_DIR"] = _models()
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + 900
            while "Yiwang is at" not in (folder / "up.log").read_text():
                if up.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit((folder / "up.log").read_text()[-4000:])
                time.sleep(0.5)
            yield up.pid
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(timeout=120)


def _models() -> str:
    """The trained model of this machine: to train one anew would be no part of what is looked at."""
    return os.environ.get("MODEL_DIR", str(ROOT / "var" / "models"))


def _live(folder: Path, leader: int, options: argparse.Namespace) -> tuple[list[Sample], Counter[int], str]:
    """The load and the samples of so many minutes, what people were answered, and what life was lived."""
    address = f"http://127.0.0.1:{options.port}"
    where = read_file(folder / "run.env")
    seconds = options.minutes * 60
    env = {**os.environ, "YIWANG_VAR": str(folder), "MODEL_DIR": _models()}
    command = [sys.executable, "manage.py", "simulate", "--per-day", str(options.per_day), "--seed", "5"]
    life = subprocess.Popen(
        [*command, "--seconds", str(seconds)], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    document = json.loads((folder / "demo.json").read_text())
    logins = {one["username"]: one for one in document["logins"]}
    ended = threading.Event()
    readers = [Reader(address, logins[name] if name else None, pause=3.0, ended=ended) for name in READERS]
    for reader in readers:
        reader.start()
    samples, began = [], time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        with contextlib.suppress(OSError, psycopg2.Error):
            samples.append(sample(at, leader=leader, database=where["DATABASE_URL"], address=address))
        time.sleep(max(0.0, options.every - (time.monotonic() - began - at)))
    ended.set()
    for reader in readers:
        reader.join(timeout=60)
    words, _nothing = life.communicate(timeout=120)
    if life.returncode:
        raise SystemExit("The district stopped living before the end: this would prove nothing.")
    return samples, sum((reader.statuses for reader in readers), Counter()), words.strip().splitlines()[-1]


def _verdicts(samples: list[Sample]) -> Iterator[Verdict]:
    for name in sorted({name for one in samples for name in one.shared}):
        yield judge(f"{name}, MB", [(one.at, one.shared[name]) for one in samples if name in one.shared])
    for name in HELD:
        yield judge(name, [(one.at, one.counts[name]) for one in samples], most=MOST_AN_HOUR)


def _tell(samples: list[Sample], verdicts: list[Verdict], statuses: Counter[int], life: str) -> None:
    last = samples[-1]
    print(f"{time.strftime('%d %B %Y')}, {platform.machine()}, {os.cpu_count()} cores, {platform.platform()}")
    print(f"{last.at / 60:.0f} minutes, {len(samples)} samples; {life}")
    print("pages by status:", dict(sorted(statuses.items())))
    for verdict in verdicts:
        print(verdict)
    for name in sorted(last.resident):
        told = [one.resident[name] for one in samples if name in one.resident]
        number = last.processes[name]
        print(f"       {name:28} {number} processes, resident {told[0]:.0f} → {told[-1]:.0f} MB")
    for name in ("dead rows", "idle in transaction, s", "database, MB", "reports"):
        counts = [one.counts[name] for one in samples]
        print(f"       {name:28} {counts[0]:9.1f} → {counts[-1]:9.1f}, most {max(counts):9.1f}")


def _plain(one: Sample) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


if __name__ == "__main__":
    sys.exit(main())
