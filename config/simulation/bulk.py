"""What came in files in the demo: an export of the hotline that was taken in, and one that is looked at."""

import csv
import io
import time
from datetime import datetime, timedelta

from accounts.models import User
from dispatch.vocabulary import Source
from incidents.bulk import imports, sample, working
from incidents.bulk.imports import Sender
from incidents.models import BulkImport

_PATIENCE = 60.0  # seconds


def take_in_files(*, at: datetime) -> None:
    """Send two exports: one all the way in, its spoilt row refused; one up to its preview."""
    if BulkImport.objects.exists():
        return
    operator = Sender(User.objects.get(username="operator"))
    done = _checked("12345工单-上午.csv", "YA", operator, at=at - timedelta(minutes=25))
    if done.state == BulkImport.State.READY:
        done = imports.start(bulk=done, by=operator, at=at - timedelta(minutes=20))
        _work(done, at=at - timedelta(minutes=20))
    _checked("12345工单-下午.csv", "YB", operator, at=at)


def _checked(name: str, prefix: str, by: Sender, *, at: datetime) -> BulkImport:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([sample.HEAD, *sample.rows(at, prefix=prefix)])
    data = out.getvalue().encode("utf-8-sig")
    bulk = imports.begin(source=Source.HOTLINE, file_name=name, data=data, language="zh-hans", by=by, at=at)
    working.read_now(bulk, at=at)
    columns, options, _kept = imports.suggested(bulk)
    bulk = imports.map_columns(bulk=bulk, columns=columns, options=options, by=by, at=at)
    _work(bulk, at=at)
    return bulk


def _work(bulk: BulkImport, *, at: datetime) -> None:
    """Do what is to be done for it, unless a worker is there who does: then wait for that one."""
    until = time.monotonic() + _PATIENCE
    while bulk.is_under_way and time.monotonic() < until:
        if not working.step(at=at):
            time.sleep(0.1)
        bulk.refresh_from_db()
