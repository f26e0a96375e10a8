"""A file of 20,000 reports taken in, beside the same reports as single POSTs, in turns on one machine.

The file's rate is that of its running part: rows read, validated, located, decided, written and accounted
for by one worker. Reading and checking it are told apart, in rows per second too. The ratio is the median of
the rounds'.
"""

import csv
import io
import json
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from django.test import Client, override_settings

from accounts.models import ApiClient
from benchmarks.records import Record, compare
from grids.models import Area
from incidents.bulk import imports, working
from incidents.bulk.imports import Sender
from incidents.models import BulkImport

NEEDS_DATABASE = True
ROWS, ROUNDS, SINGLE = 20_000, 4, 150
_HEAD = ("工单编号", "受理时间", "来电人", "联系电话", "诉求内容", "地址", "经度", "纬度", "坐标系")
_TEXTS = (
    "{place}路边第{n}根路灯不亮,晚上黑漆漆的,老人走路害怕",
    "{place}后面工地半夜还在打桩,吵得{n}户人睡不着",
    "{place}门口有人乱停车,堵了消防通道{n}天了",
    "{place}垃圾桶满了没人清,臭了{n}天",
    "{place}下水道井盖松动,车一过就响{n}声",
)


def run() -> list[Record]:
    client, token = ApiClient.objects.issue(name="bench bulk", source="hotline")
    web = Client(headers={"Authorization": f"Bearer {token}"})
    cells = list(Area.objects.cells().values_list("lon", "lat", "parent__name_zh"))
    read, checked, taken, ratios, singles = [], [], [], [], []
    with override_settings(ALLOWED_HOSTS=["*"]):
        for nth in range(ROUNDS):
            rows = [_row(cells, nth * (ROWS + SINGLE) + n) for n in range(ROWS // ROUNDS + SINGLE)]
            alone = _posted(web, rows[:SINGLE])
            seconds = _in_a_file(Sender(client=client), rows[SINGLE:])
            count = len(rows) - SINGLE
            read.append(count / seconds[0])
            checked.append(count / seconds[1])
            taken.append(count / seconds[2])
            singles.append(alone)
            ratios.append(taken[-1] / alone)
    single = statistics.median(singles)
    record = compare(
        "bulk", "rows/s taken in from a file", statistics.median(taken), {"POST reports/": single}
    )
    record[0]["ratio"] = round(statistics.median(ratios), 3)
    return [
        *record,
        *compare("bulk", "rows/s read from a file", statistics.median(read), {"POST reports/": single}),
        *compare("bulk", "rows/s checked", statistics.median(checked), {"POST reports/": single}),
    ]


def _row(cells: Sequence[tuple[float, float, str]], n: int) -> list[str]:
    lon, lat, place = cells[n * 7 % len(cells)]
    text = _TEXTS[n % len(_TEXTS)].format(place=place, n=n)
    return [
        f"B{n}",
        "2026-07-06 09:30",
        "王女士",
        f"139{n:08}",
        text,
        f"{place}{n}号",
        str(lon),
        str(lat),
        "WGS84",
    ]


def _posted(web: Client, rows: Sequence[Sequence[str]]) -> float:
    """Reports a second, each a request of its own."""
    bodies = [
        json.dumps(
            {
                "external_id": number,
                "text": text,
                "occurred_at": "2026-07-06T09:30:00+08:00",
                "location": {"lon": float(lon), "lat": float(lat), "address": address},
                "reporter": {"name": name, "phone": phone},
            }
        )
        for number, _at, name, phone, text, address, lon, lat, _crs in rows
    ]
    began = time.perf_counter()
    for body in bodies:
        answer = web.post("/api/v1/reports/", body, content_type="application/json")
        if answer.status_code != 201:
            raise RuntimeError(answer.content)
    return len(bodies) / (time.perf_counter() - began)


def _in_a_file(sender: Sender, rows: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """Seconds to read a file, to check it, and to take it in."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_HEAD, *rows])
    at = datetime.now(UTC)
    bulk = imports.begin(
        source="hotline", file_name="bench.csv", data=out.getvalue().encode(), language="en", by=sender, at=at
    )
    seconds = [_until(bulk, BulkImport.State.MAPPING)]
    columns, options, _kept = imports.suggested(bulk)
    bulk = imports.map_columns(bulk=bulk, columns=columns, options=options, by=sender, at=at)
    seconds.append(_until(bulk, BulkImport.State.READY))
    bulk = imports.start(bulk=bulk, by=sender, at=at)
    seconds.append(_until(bulk, BulkImport.State.DONE))
    if sum(bulk.result.values()) != len(rows) or bulk.result.get("refused"):
        raise RuntimeError(f"Every row should be in: {bulk.result}")
    return seconds[0], seconds[1], seconds[2]


def _until(bulk: BulkImport, state: BulkImport.State) -> float:
    began = time.perf_counter()
    while bulk.state != state:
        if not working.step(at=datetime.now(UTC)):
            raise RuntimeError(f"Nothing to do for {bulk}")
        bulk.refresh_from_db()
    return time.perf_counter() - began
