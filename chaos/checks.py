"""What must be true afterwards, in plain SQL against the database and against the driver's ledger.

Every check is a query whose rows are violations. They read through one connection, so that a test can
tamper with the database inside a transaction, see the check find it, and roll back.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extras import execute_values

from chaos import ledger
from chaos.rules import PLANNED, RULES, worded

SHOWN = 8  # rows of each broken rule that are printed


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken, by how many rows, and some of them."""

    rule: str
    count: int
    rows: tuple[Any, ...]

    def __str__(self) -> str:
        shown = "\n".join(f"      {row}" for row in self.rows)
        return f"{self.rule}: {self.count}\n{shown}"


# The driver's ledger as tables of this session.
_TABLES = """
CREATE TEMP TABLE sent (source text, external text) ON COMMIT DROP;
CREATE TEMP TABLE acked (source text, external text, report bigint, number text) ON COMMIT DROP;
CREATE TEMP TABLE acts (token text, action text, number text, state text, how text) ON COMMIT DROP;
CREATE TEMP TABLE told (
    key text, digest text, hook text, body jsonb, signed boolean, status int, place int
) ON COMMIT DROP;
CREATE TEMP TABLE put_back (key text) ON COMMIT DROP;
CREATE TEMP TABLE fault (status int, method text, path text) ON COMMIT DROP;
"""

_EARLIER = """
SELECT count(*), count(*) FILTER (WHERE ends IS NULL)
FROM (SELECT DISTINCT timer_id, run, ends FROM planned WHERE NOT stands) runs
"""
ACTING = ["deemed", "wake", "level_up", "supervise", "raise", "fall_back"]


def broken_rules(
    connection: Any, book: Path, *, now: datetime, only: Iterable[str] | None = None
) -> list[Violation]:
    """Every rule that does not hold at the district's `now`; the caller ends the transaction."""
    found = []
    with connection.cursor() as cursor:
        _load(cursor, book)
        for rule in RULES if only is None else only:
            cursor.execute(worded(RULES[rule]), {"now": now, "acting": ACTING})
            rows = cursor.fetchall()
            if rows:
                found.append(Violation(rule, len(rows), tuple(rows[:SHOWN])))
        cursor.execute("DROP TABLE sent, acked, acts, told, put_back, fault, planned")
    return found


def _load(cursor: Any, book: Path) -> None:
    cursor.execute(_TABLES)
    sent: set[Any] = set()
    acked: set[Any] = set()
    told: list[Any] = []
    put_back: list[Any] = []
    faults: list[Any] = []
    acts: dict[str, list[Any]] = {}
    for line in ledger.read(book):
        match line["kind"]:
            case "sent":
                sent.add((line["source"], line["external"]))
            case "report":
                acked.add((line["source"], line["external"], line["report"], line["number"]))
            case "asked":
                acts[line["token"]] = [
                    line["token"],
                    line["action"],
                    line["number"],
                    "unanswered",
                    line["how"],
                ]
            case "done" | "declined":
                acts[line["token"]][3] = line["kind"]
            case "webhook":
                body = json.dumps(line["body"])
                told.append(
                    (
                        line["key"],
                        line["digest"],
                        line["hook"],
                        body,
                        line["signed"],
                        line["status"],
                        len(told),
                    )
                )
            case "put back":
                put_back.append((line["key"],))
            case "fault":
                faults.append((line["status"], line["method"], line["path"]))
    tables: dict[str, Iterable[Any]] = {
        "sent": sent,
        "acked": acked,
        "acts": acts.values(),
        "told": told,
        "put_back": put_back,
        "fault": faults,
    }
    for table, rows in tables.items():
        if rows:
            execute_values(cursor, f"INSERT INTO {table} VALUES %s", list(rows), page_size=1000)
    cursor.execute("ANALYZE sent; ANALYZE acked; ANALYZE acts; ANALYZE told")
    cursor.execute("CREATE INDEX ON acts (number); CREATE INDEX ON acts (token); CREATE INDEX ON told (key)")
    cursor.execute(worded(PLANNED))
    cursor.execute("CREATE INDEX ON planned (timer_id, run, stage); ANALYZE planned")


def _lines(condition: str) -> str:
    return f"SELECT count(*) FROM incidents_timelineentry WHERE {condition}"


def counts(connection: Any, book: Path) -> Counter[str]:
    """How much there was to judge."""
    asked: Mapping[str, str] = {
        "reports": "SELECT count(*) FROM incidents_report",
        "cases": "SELECT count(*) FROM incidents_incident",
        "timers": "SELECT count(*) FROM incidents_timer",
        "timer runs": "SELECT count(DISTINCT (timer_id, run)) FROM chaos.clock",
        **{
            f"acting stages, {stage}": f"SELECT count(*) FROM chaos.deed WHERE stage = '{stage}'"
            for stage in ACTING
        },
        "levels raised by a breach": _lines("kind = 'level_raised' AND data->>'why' = 'breach'"),
        "orders given by a breach": _lines("kind = 'supervised' AND data->>'cause' = 'breach'"),
        "orders raised": _lines("kind = 'supervision_raised'"),
        "calendar editions": "SELECT count(*) FROM dispatch_calendaredition",
        "cases whose clocks the calendar moved": _lines("kind = 'calendar_moved'"),
        "late entries": "SELECT count(*) FROM incidents_lateentry",
        "late entries countersigned": "SELECT count(*) FROM incidents_lateentry WHERE state = 'signed'",
        "calls": "SELECT count(*) FROM incidents_phonecall",
        "merged cases": "SELECT count(*) FROM incidents_incident WHERE status = 'merged'",
        "stages fired": "SELECT count(*) FROM incidents_firedstage",
        "messages": "SELECT count(*) FROM incidents_outboxmessage",
        "notifications": "SELECT count(*) FROM incidents_notification",
        "parcels": "SELECT count(*) FROM incidents_parcel",
        "parcels that failed before": "SELECT count(*) FROM incidents_parcel WHERE attempts > 0",
        "timeline lines": "SELECT count(*) FROM incidents_timelineentry",
        "facts": "SELECT count(*) FROM incidents_outcome",
    }
    told: Counter[str] = Counter()
    calls = [line["key"] for line in ledger.read(book) if line["kind"] == "webhook"]
    told["calls received"], told["of them repeats"] = len(calls), len(calls) - len(set(calls))
    with connection.cursor() as cursor:
        for what, query in asked.items():
            cursor.execute(query)
            told[what] = int(cursor.fetchone()[0])
        cursor.execute(worded(PLANNED))
        cursor.execute(_EARLIER)
        told["earlier runs"], told["earlier runs whose end is not known"] = map(int, cursor.fetchone())
        cursor.execute("DROP TABLE planned")
    return told
