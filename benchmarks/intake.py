"""POST reports/: everything from validation to the clocks, beside a bare commit and a stock create.

All three run in one process through the same client, a hundred at a time in turn, so that the
machine's mood falls on all of them; the median round is quoted.
"""

import json
import statistics
import time
from collections.abc import Callable
from itertools import count

from django.db import connection
from django.test import Client, override_settings

from accounts.models import ApiClient
from benchmarks.records import Record
from grids.models import Area

NEEDS_DATABASE = True
ROUNDS, PER_ROUND = 9, 100
BATCHES, PER_BATCH = 4, 1_000
_TEXTS = (
    "{place}路边第{n}根路灯不亮,晚上黑漆漆的,老人走路害怕",
    "{place}后面工地半夜还在打桩,吵得{n}户人睡不着",
    "{place}门口有人乱停车,堵了消防通道{n}天了",
    "{place}垃圾桶满了没人清,臭了{n}天",
    "{place}下水道井盖松动,车一过就响{n}声",
)


def run() -> list[Record]:
    from benchmarks.stock import StockReport

    with connection.schema_editor() as editor:
        editor.create_model(StockReport)
    try:
        with override_settings(ROOT_URLCONF="benchmarks.stock", ALLOWED_HOSTS=["*"]):
            return _measure()
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(StockReport)


def _measure() -> list[Record]:
    _client, token = ApiClient.objects.issue(name="bench", source="hotline")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    cells = list(Area.objects.cells().values_list("lon", "lat", "parent__name_zh"))
    serial = count(1)

    def report() -> dict[str, object]:
        n = next(serial)
        lon, lat, place = cells[n * 7 % len(cells)]
        return {
            "source": "hotline",
            "external_id": f"bench-{n}",
            "text": _TEXTS[n % len(_TEXTS)].format(place=place, n=n),
            "location": {"lon": lon, "lat": lat},
        }

    def post(path: str, body: object, expected: int) -> None:
        answer = client.post(path, json.dumps(body), content_type="application/json")
        if answer.status_code != expected:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.content[:300]!r}")

    def ours() -> None:
        post("/api/v1/reports/", report(), 201)

    def stock() -> None:
        body = report()
        body.pop("location")
        post("/stock/", body, 201)

    def bare() -> None:
        with connection.cursor() as cursor:  # autocommit: one row, one commit
            cursor.execute("INSERT INTO incidents_text (body, created_at) VALUES (%s, now())", ["a bare row"])

    ways: dict[str, Callable[[], None]] = {"ours": ours, "stock": stock, "bare": bare}
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
    single, plain, commits = (statistics.median(rates[name]) for name in ("ours", "stock", "bare"))
    batched = []
    for _batch in range(BATCHES):
        body = [report() for _one in range(PER_BATCH)]
        began = time.perf_counter()
        post("/api/v1/reports/batch/", body, 200)
        batched.append(PER_BATCH / (time.perf_counter() - began))
    batch = statistics.median(batched)
    return [
        _record("POST reports/ per s", single, "stock ModelSerializer create", plain),
        _record("POST reports/ per s", single, "bare single-row commit", commits),
        _record("reports/batch/ of 1,000, reports per s", batch, "POST reports/ one by one", single),
    ]


def _record(metric: str, ours: float, against: str, theirs: float) -> Record:
    return {
        "bench": "intake",
        "metric": metric,
        "ours": ours,
        "against": against,
        "theirs": theirs,
        "ratio": ours / theirs,
    }
