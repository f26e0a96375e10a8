"""POST reports/: everything from validation to the clocks, beside a bare commit and a stock create.

All three run in one process through the same client, a hundred at a time in turn, so that the machine's mood
falls on all of them; the ratio is the median of the rounds' own. Batches are sent by two processes at once,
as two web workers would take them. Then the singles again over a table that has grown to INTAKE_TABLE cases
(300,000 where it is not said).
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from accounts.models import ApiClient
from benchmarks.records import Record
from grids.models import Area

NEEDS_DATABASE = True
ROUNDS, PER_ROUND = 9, 100
PROCESSES, BATCHES, PER_BATCH = 2, 4, 1_000
SMALL_TABLE = 10_000
_TEXTS = (
    "{place}路边第{n}根路灯不亮,晚上黑漆漆的,老人走路害怕",
    "{place}后面工地半夜还在打桩,吵得{n}户人睡不着",
    "{place}门口有人乱停车,堵了消防通道{n}天了",
    "{place}垃圾桶满了没人清,臭了{n}天",
    "{place}下水道井盖松动,车一过就响{n}声",
)


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


class Sender:
    """Another system with its token, and reports from all over the district."""

    def __init__(self, name: str) -> None:
        _client, token = ApiClient.objects.issue(name=f"bench {name}", source="hotline")
        self._client = Client(headers={"Authorization": f"Bearer {token}"})
        self._cells = list(Area.objects.cells().values_list("lon", "lat", "parent__name_zh"))
        self._name = name
        self._serial = count(1)

    def report(self) -> dict[str, object]:
        n = next(self._serial)
        lon, lat, place = self._cells[n * 7 % len(self._cells)]
        return {
            "source": "hotline",
            "external_id": f"{self._name}-{n}",
            "text": _TEXTS[n % len(_TEXTS)].format(place=place, n=n),
            "location": {"lon": lon, "lat": lat},
        }

    def post(self, path: str, body: object, expected: int) -> None:
        answer = self._client.post(path, json.dumps(body), content_type="application/json")
        if answer.status_code != expected:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")

    def file(self) -> None:
        self.post("/api/v1/reports/", self.report(), 201)

    def file_many(self) -> None:
        self.post("/api/v1/reports/batch/", [self.report() for _one in range(PER_BATCH)], 200)

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
    return _record(
        f"reports/batch/ of {PER_BATCH:,} by {PROCESSES} processes, reports per s",
        together,
        "POST reports/ one by one",
        statistics.median(_in_turns({"ours": sender.file})["ours"]),
    )


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
sender = Sender("process {number}")
sender.file_many()
print("ready", flush=True)
sys.stdin.readline()
began = time.time()
for _batch in range(BATCHES):
    sender.file_many()
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
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        for table in tables:
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
