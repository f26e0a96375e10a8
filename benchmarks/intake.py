"""POST reports/: everything from validation to the clocks, beside a bare commit and a stock create.

All three run in one process through the same client, a hundred at a time in turn, so that the machine's mood
falls on all of them; the ratio is the median of the rounds' own. Batches are sent by two processes at once,
as two web workers would take them: what they send is made before the clock starts, and they look for cycles
as seldom as a web worker does (config/wsgi.py). Every report, single or in a batch, is normalised, located,
matched, dispatched and timed, and nearly none is the same thing as another. Then the singles again over a
table that has grown to INTAKE_TABLE cases (300,000 where it is not said).
"""

import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from accounts.models import ApiClient
from benchmarks.records import Record
from dispatch import service
from dispatch.facts import place_facts
from grids.locate import locate
from grids.models import Area
from incidents.models import Report

NEEDS_DATABASE = True
ROUNDS, PER_ROUND = 9, 100
PROCESSES, BATCHES, PER_BATCH = 2, 4, 1_000
SMALL_TABLE = 10_000
LEAST_DISPATCHED = 0.98
_EXAMPLES = Path(settings.BASE_DIR) / "dispatch" / "data" / "example_texts.csv"


def run() -> list[Record]:
    from benchmarks.district import build
    from benchmarks.stock import StockReport

    with connection.schema_editor() as editor:
        editor.create_model(StockReport)
    try:
        with override_settings(ROOT_URLCONF="benchmarks.stock", ALLOWED_HOSTS=["*"]):
            grown = int(os.environ.get("INTAKE_TABLE", 300_000))
            # The district as it is after some years is written by SQL; a case's id is its place in time.
            build(cases=SMALL_TABLE, open_cases=SMALL_TABLE // 10, at=datetime.now(UTC))
            sender = Sender("here")
            singles = _singles(sender)
            records = [*singles, _batches(sender)]
            _empty()
            build(cases=grown, open_cases=min(grown // 10, 40_000), at=datetime.now(UTC))
            # Beside the stock create of the same rounds, whose table stays small.
            small, large = singles[0]["ratio"], _singles(Sender("there"))[0]["ratio"]
            metric = f"POST reports/ over {grown:,} cases, × stock"
            return [*records, _record(metric, large, f"the same over {SMALL_TABLE:,}", small)]
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(StockReport)


def _dispatched(cells: Sequence[tuple[float, float]]) -> list[tuple[str, str]]:
    """Category and text of examples that go out by themselves wherever they are said, each as a hotline's
    system sends it: with the category that it was filed under there. So every report of the bench is
    dispatched."""
    now = datetime.now(UTC)
    with _EXAMPLES.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "hotline"]
    left = [(row["item_code"][:4], row["text"]) for row in rows]
    for step in (7, 11):
        asked = [
            service.Request(
                text=text,
                source="hotline",
                at=now,
                place=place_facts(locate(lon=lon, lat=lat)),
                category=category,
            )
            for at, (category, text) in enumerate(left)
            for lon, lat in [cells[at * step % len(cells)]]
        ]
        decisions = service.decide_many(asked)
        left = [one for one, decision in zip(left, decisions, strict=True) if decision.is_dispatched]
    return left


class Sender:
    """Another system with its token, and reports from all over the district."""

    def __init__(self, name: str, *, first: int = 1) -> None:
        """`first`: where among all the reports this one's begin, so that no two send the same."""
        _client, token = ApiClient.objects.issue(name=f"bench {name}", source="hotline")
        self._client = Client(headers={"Authorization": f"Bearer {token}"})
        self._cells = list(Area.objects.cells().values_list("lon", "lat"))
        self._matters = _dispatched(self._cells)
        self._name = name
        self._serial = count(first)

    def report(self) -> dict[str, object]:
        n = next(self._serial)
        # The same words near the same place again would join an open case, and cost less.
        category, text = self._matters[n * 31 % len(self._matters)]
        lon, lat = self._cells[n * 7 % len(self._cells)]
        return {
            "source": "hotline",
            "external_id": f"{self._name}-{n}",
            "text": f"{text},{n}号",
            "category": category,
            "location": {"lon": lon, "lat": lat},
        }

    def post(self, path: str, body: object, expected: int) -> None:
        self._send(path, json.dumps(body), expected)

    def _send(self, path: str, body: str, expected: int) -> None:
        answer = self._client.post(path, body, content_type="application/json")
        if answer.status_code != expected:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")

    def file(self) -> None:
        self.post("/api/v1/reports/", self.report(), 201)

    def batch(self) -> str:
        """The body of a batch."""
        return json.dumps([self.report() for _one in range(PER_BATCH)])

    def file_many(self, body: str) -> None:
        self._send("/api/v1/reports/batch/", body, 200)

    def create_stock(self) -> None:
        body = self.report()
        body.pop("location")
        self.post("/stock/", body, 201)


def _bare() -> None:
    with connection.cursor() as cursor:  # autocommit: one row, one commit
        cursor.execute("INSERT INTO incidents_text (body, created_at) VALUES (%s, now())", ["a bare row"])


def _in_turns(ways: Mapping[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Calls per second of each way in each round."""
    for way in ways.values():
        for _warm_up in range(20):
            way()
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            for _one in range(PER_ROUND):
                way()
            rates[name].append(PER_ROUND / (time.perf_counter() - began))
    return rates


def _singles(sender: Sender) -> list[Record]:
    rates = _in_turns({"ours": sender.file, "stock": sender.create_stock, "bare": _bare})
    return [
        {
            "bench": "intake",
            "metric": "POST reports/ per s",
            "ours": statistics.median(rates["ours"]),
            "against": against,
            "theirs": statistics.median(rates[name]),
            "ratio": statistics.median(
                one / other for one, other in zip(rates["ours"], rates[name], strict=True)
            ),
        }
        for name, against in (("stock", "stock ModelSerializer create"), ("bare", "bare single-row commit"))
    ]


def _batches(sender: Sender) -> Record:
    """Every process says when it is ready, and when it began and ended; the clock runs over all of them."""
    workers = [_another_process(number) for number in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    spans = [json.loads(worker.communicate()[0].splitlines()[-1]) for worker in workers]
    seconds = max(end for _start, end in spans) - min(start for start, _end in spans)
    together = PROCESSES * BATCHES * PER_BATCH / seconds
    _require_dispatched()
    return _record(
        f"reports/batch/ of {PER_BATCH:,} by {PROCESSES} processes, reports per s",
        together,
        "POST reports/ one by one",
        statistics.median(_in_turns({"ours": sender.file})["ours"]),
    )


def _require_dispatched() -> None:
    """A report that waits on the desk or joins an open case costs less: hardly one of the bench's may."""
    sent = Report.objects.filter(external_id__startswith="process ")
    own = sent.filter(links__how="first", links__incident__auto_dispatched=True)
    share = own.count() / sent.count()
    if share < LEAST_DISPATCHED:
        raise RuntimeError(f"Only {share:.1%} of the batches became dispatched cases of their own.")


def _another_process(number: int) -> "subprocess.Popen[str]":
    """A process that sends batches through a client of its own to the database of this one."""
    code = f"""
import json, os, sys, time
import django
django.setup()
from django.conf import settings
from django.db import connection
connection.settings_dict["NAME"] = {connection.settings_dict["NAME"]!r}
settings.ALLOWED_HOSTS = ["*"]
from benchmarks.intake import BATCHES, Sender
sender = Sender("process {number}", first={100_000 * (number + 1)})
sender.file_many(sender.batch())
bodies = [sender.batch() for _batch in range(BATCHES)]
import config.wsgi
print("ready", flush=True)
sys.stdin.readline()
began = time.time()
for body in bodies:
    sender.file_many(body)
print(json.dumps([began, time.time()]))
"""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _empty() -> None:
    """Take the first district away; this database is thrown away afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(tablename::text) FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename LIKE 'incidents\\_%'"
        )
        tables = cursor.fetchone()[0]
        # What the boards keep of cases goes with them, and refuses it likewise.
        cursor.execute(
            "SELECT array_agg(tablename::text) FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename LIKE 'dashboards\\_%'"
        )
        guarded = [*tables, *cursor.fetchone()[0]]
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(f"ANALYZE {', '.join(tables)}")
    # With it goes what `build` worked with, and plans that were made for other tables.
    connection.close()


def _record(metric: str, ours: float, against: str, theirs: float) -> Record:
    return {
        "bench": "intake",
        "metric": metric,
        "ours": ours,
        "against": against,
        "theirs": theirs,
        "ratio": ours / theirs,
    }
