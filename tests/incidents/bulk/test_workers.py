"""Real workers take a file in, and killing them neither loses nor doubles a row."""

import os
import signal

import pytest
from django.utils import timezone

from incidents.bulk import imports, lines
from incidents.bulk.imports import Sender
from incidents.models import BulkImport, BulkPart, IncidentReport, Report
from tests.incidents.bulk.sheets import as_csv, checked, row
from tests.incidents.test_workers import beat, start, wait_until

__all__ = ["beat"]
pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 60


@pytest.mark.usefixtures("beat")
def test_workers_that_are_killed_in_the_middle_lose_and_double_nothing(operator, monkeypatch):
    monkeypatch.setattr(lines, "PART", 2)
    now = timezone.now()
    rows = [
        row(
            f"K{n}",
            受理时间="",
            诉求内容=f"第{n}户反映{'楼上漏水' * (n % 5 + 1)}",
            纬度="",
            经度="",
            类别编码="",
        )
        for n in range(ROWS)
    ]
    bulk = checked(as_csv(rows), operator, at=now)
    assert bulk.counts["good"] == ROWS
    imports.start(bulk=bulk, by=Sender(operator.user), at=now)

    def done() -> int:
        return BulkPart.objects.filter(bulk=bulk, done_at__isnull=False).count()

    arguments = ("worker", "-Q", "long", "--concurrency", "2", "--without-gossip", "--without-mingle")
    worker = start(*arguments)
    try:
        wait_until(lambda: done() > 2, "a few parts")
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert done() < BulkPart.objects.count()
    worker = start(*arguments)
    try:
        wait_until(lambda: BulkImport.objects.get().state == BulkImport.State.DONE, "the end")
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    bulk.refresh_from_db()
    # Every row once: in the tables, and in what the page tells.
    assert Report.objects.count() == IncidentReport.objects.count() == ROWS
    assert sum(bulk.result.values()) == ROWS
    assert not {"there", "refused"} & set(bulk.result)
