"""What the installation holds at this moment: memory by service, connections, queues, dead rows."""

import re
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

_MB = 1024  # kB
_SERVICES = (
    ("web", "gunicorn"),
    ("worker", " worker"),
    ("beat", " beat"),
    ("postgres", "postgres"),
    ("valkey", "valkey"),
)
_DATABASE = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
       (SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables),
       (SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0) FROM pg_stat_activity
        WHERE state LIKE 'idle in transaction%%' AND datname = current_database()),
       pg_database_size(current_database()),
       (SELECT count(*) FROM incidents_report)
"""
_METRIC = re.compile(r"^(yiwang_\w+)(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)


@dataclass(slots=True)
class Sample:
    """`shared`: each page of memory counted to a service by its share of it (Pss); `resident`: as ps says."""

    at: float
    shared: dict[str, float] = field(default_factory=dict)
    resident: dict[str, float] = field(default_factory=dict)
    processes: dict[str, int] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)


def sample(at: float, *, leader: int, database: str, address: str) -> Sample:
    """Of all that `leader` has started; in MB. Raises OSError or psycopg2.Error where it cannot be asked."""
    told = Sample(at)
    processes: Counter[str] = Counter()
    for pid, command in _descendants(leader):
        name = service_of(command)
        if name and (memory := _memory(pid)):
            processes[name] += 1
            told.shared[name] = told.shared.get(name, 0) + memory[0]
            told.resident[name] = told.resident.get(name, 0) + memory[1]
    told.processes = dict(processes)
    told.counts = {**_of_database(database), **_of_metrics(address)}
    return told


def service_of(command: str) -> str:
    """By what it was started as; "" for what is none of them, as the one that starts the others."""
    return next((name for name, word in _SERVICES if word in command), "")


def _descendants(leader: int) -> Iterator[tuple[int, str]]:
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents.setdefault(int(words[1]), []).append(int(folder.name))
    waiting = list(parents.get(leader, ()))
    while waiting:
        pid = waiting.pop()
        waiting += parents.get(pid, ())
        try:
            yield pid, (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue


def _memory(pid: int) -> tuple[float, float] | None:
    try:
        text = (Path("/proc") / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return None
    told = dict(re.findall(r"^(Pss|Rss):\s+(\d+)", text, re.MULTILINE))
    return (int(told["Pss"]) / _MB, int(told["Rss"]) / _MB) if len(told) == 2 else None


def _of_database(url: str) -> dict[str, float]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_DATABASE)
            names = ("connections", "dead rows", "idle in transaction, s", "database, MB", "reports")
            told = dict(zip(names, map(float, cursor.fetchone()), strict=True))
    finally:
        connection.close()
    told["database, MB"] /= 2**20
    return told


def _of_metrics(address: str) -> dict[str, float]:
    """The largest of each: what waits longest, and the longest queue."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    told: dict[str, float] = {}
    for name, value in _METRIC.findall(text):
        told[name] = max(told.get(name, 0.0), float(value))
    return {
        "messages in a queue": told.get("yiwang_queue_depth", 0.0),
        "letters that wait": told.get("yiwang_outbox_waiting", 0.0),
        "sweeps behind, s": told.get("yiwang_lag_seconds", 0.0),
    }
