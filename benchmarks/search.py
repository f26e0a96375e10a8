"""Finding the newest cases that say something, of 200,000: ours beside what PostgreSQL offers for it.

Ours are rows of pairs of characters, filled beside the work. The others look into the texts themselves:
ILIKE without an index, and ILIKE with a trigram index (pg_trgm), which answers for three characters and
more. All answer the ids of the newest fifty that fit. Metric: answers per second, the best of rounds.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from benchmarks import district
from benchmarks.boards import scratch_database
from benchmarks.records import Record, compare, rates
from config import clock
from incidents.models import Incident
from incidents.searching import rows
from incidents.searching.finding import find

CASES = 200_000
NEWEST = 50
ROUNDS = 3
# What operators type. How many cases say it is printed beside the figures.
TYPED: dict[str, Sequence[str]] = {
    "two characters": ("井盖", "电梯", "积水", "噪音"),
    "four characters": ("占道经营", "污水外溢", "消防通道", "违法建设"),
    "two words": ("井盖 破损", "电梯 困人", "占道 夜间", "垃圾 清运"),
    "two characters that most say": ("处理", "楼下", "尽快", "几天"),
    "what nobody says": ("飞碟", "恐龙出没", "火星 移民", "时光机"),
}

_ILIKE = """
SELECT i.id FROM incidents_incident i JOIN incidents_text t ON t.id = i.text_id
WHERE {says} ORDER BY i.received_at DESC, i.id DESC LIMIT %s
"""


def run() -> list[Record]:
    """Answers per second, and what it costs to keep the rows."""
    with scratch_database():
        district.build(cases=CASES, open_cases=CASES // 20, at=clock.now())
        began = time.perf_counter()
        while rows.fill():
            pass
        print(f"  search rows written: {CASES / (time.perf_counter() - began):,.0f}/s", flush=True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE incidents_searchrow")
        found = _timed({"ours": _ours, "ILIKE": _ilike})
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("CREATE INDEX bench_trgm ON incidents_text USING gin (body gin_trgm_ops)")
            cursor.execute("VACUUM ANALYZE incidents_text")
            _sizes(cursor)
        trigram = _timed({"pg_trgm": _ilike})
    return [
        record
        for kind in TYPED
        for record in compare(
            "search",
            f"{kind}, answers/s",
            found[kind]["ours"],
            {"ILIKE": found[kind]["ILIKE"], "pg_trgm": trigram[kind]["pg_trgm"]},
        )
    ]


def _timed(contenders: dict[str, Callable[[str], list[int]]]) -> dict[str, dict[str, float]]:
    figures = {}
    for kind, typed in TYPED.items():
        figures[kind] = rates({name: (call, typed) for name, call in contenders.items()}, rounds=ROUNDS)
        counts = ", ".join(f"{one} {find(one, Incident.objects.all()).any.count():,}" for one in typed)
        told = ", ".join(f"{name} {rate:,.1f}/s" for name, rate in figures[kind].items())
        print(f"    {kind} ({counts}): {told}", flush=True)
    return figures


def _ours(typed: str) -> list[int]:
    found = find(typed, Incident.objects.all()).page.order_by("-received_at", "-pk")
    return list(found.values_list("pk", flat=True)[:NEWEST])


def _ilike(typed: str) -> list[int]:
    words = typed.split()
    with connection.cursor() as cursor:
        cursor.execute(
            _ILIKE.format(says=" AND ".join(["t.body ILIKE %s"] * len(words))),
            [*(f"%{word}%" for word in words), NEWEST],
        )
        return [row[0] for row in cursor.fetchall()]


def _sizes(cursor: Any) -> None:
    for name in ("incidents_text", "incidents_searchrow", "search_grams", "bench_trgm"):
        cursor.execute("SELECT pg_relation_size(%s::regclass) / 1048576", [name])
        print(f"    {name}: {cursor.fetchone()[0]} MB", flush=True)
