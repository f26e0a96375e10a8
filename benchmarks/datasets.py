"""Data sets at a million cases: how fast they are written and served, and what memory that takes.

Cases and facts of three years are made in SQL (ledger.py) in a database that is created for this and dropped
again; DATASETS_CASES=1000000 says how many (200,000 unless told). Every data set is built in a process of
its own, whose memory is what the system says it held at most; so is the process that hands a file out.
"""

import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.test import override_settings

from benchmarks import ledger
from benchmarks.boards import scratch_database
from benchmarks.records import Record
from dashboards import rollups
from dashboards.datasets import building, catalogue, serving
from dashboards.datasets.definition import DataSet
from dashboards.models import Snapshot, SnapshotFile

CASES = int(os.environ.get("DATASETS_CASES", "200000"))
PAGES = 200


def run() -> list[Record]:
    """Each data set; against what a process holds before it has built anything."""
    with tempfile.TemporaryDirectory() as media, scratch_database(), override_settings(MEDIA_ROOT=media):
        ledger.prepare()
        facts = ledger.load(count=CASES, base=0, until=datetime.now(UTC).replace(microsecond=0))
        rollups.rebuild()
        print(f"  {CASES:,} cases, {facts:,} facts", flush=True)
        _empty, before = apart(dict)
        records = []
        for dataset in catalogue.ALL:
            told, peak = apart(lambda one=dataset: built(one))
            if not told["rows"]:
                continue
            label = f"{dataset.code}, {told['rows']:,} rows in {told['seconds']:.1f} s"
            print(
                f"  {label}: {told['rows'] / told['seconds']:,.0f} rows/s, csv {told['csv'] / 1e6:,.1f} MB,"
                f" parquet {told['parquet'] / 1e6:,.1f} MB, {peak:,.0f} MB held at most",
                flush=True,
            )
            records.append(_record(f"MB held while building {label}", peak, "before", before))
        events = next(one for one in catalogue.ALL if one.code == "events")
        told, peak = apart(lambda: sent(events))
        print(
            f"  events sent: {told['bytes'] / told['seconds'] / 1e6:,.0f} MB/s, {peak:,.0f} MB held at most"
        )
        records.append(_record("MB held while sending the CSV of events", peak, "before", before))
        told, peak = apart(lambda: read_by_pages(events))
        print(
            f"  events by pages of 1,000: {told['rows'] / told['seconds']:,.0f} rows/s,"
            f" {told['slowest'] * 1000:,.1f} ms the slowest of {PAGES}, {peak:,.0f} MB held at most",
            flush=True,
        )
        records.append(_record("MB held while reading events by pages", peak, "before", before))
    return records


def _record(metric: str, ours: float, against: str, theirs: float) -> Record:
    return {
        "bench": "datasets",
        "metric": metric,
        "ours": round(ours, 1),
        "against": against,
        "theirs": round(theirs, 1),
        "ratio": round(ours / theirs, 3),
    }


def apart(call: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], float]:
    """What `call` answers in a process of its own, and the megabytes that it held at most."""
    connection.close()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work() -> None:
        told = call()
        connection.close()
        theirs.send((told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

    process = context.Process(target=work)
    process.start()
    answer: tuple[dict[str, Any], float] = ours.recv()
    process.join()
    return answer


def built(dataset: DataSet) -> dict[str, Any]:
    began = time.perf_counter()
    (made,) = building.build([dataset], at=datetime.now(UTC))
    seconds = time.perf_counter() - began
    sizes = dict(made.files.values_list("format", "size"))
    return {"rows": made.rows, "seconds": seconds, **sizes}


def _file(dataset: DataSet, kind: str) -> SnapshotFile:
    file = SnapshotFile.objects.get(snapshot__dataset=dataset.code, format=kind)
    file.snapshot = Snapshot.objects.get(pk=file.snapshot_id)
    return file


def sent(dataset: DataSet) -> dict[str, Any]:
    file = _file(dataset, "csv")
    began = time.perf_counter()
    total = sum(len(piece) for piece in serving._bytes_of(file.name, 0, file.size - 1))
    return {"bytes": total, "seconds": time.perf_counter() - began}


def read_by_pages(dataset: DataSet) -> dict[str, Any]:
    """Pages from all over the file, as readers that go on from a cursor ask for them."""
    file = _file(dataset, "csv")
    step = max(1, file.snapshot.rows // PAGES)
    rows, slowest, began = 0, 0.0, time.perf_counter()
    for number in range(PAGES):
        asked = time.perf_counter()
        rows += len(serving.page(dataset, file, row=number * step, size=1_000).rows)
        slowest = max(slowest, time.perf_counter() - asked)
    return {"rows": rows, "seconds": time.perf_counter() - began, "slowest": slowest}
