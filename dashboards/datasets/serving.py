"""Handing out what was built: files by range and ETag, and pages of rows read from the file itself.

A web process reads a megabyte at a time, or one page of lines: how long a data set is costs it nothing. A
page comes from the snapshot that its cursor names, so who reads on neither misses a row nor has one twice,
whatever is built meanwhile.
"""

import base64
import binascii
import csv
import io
import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final, cast
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import parse_etags, quote_etag

from dashboards.datasets.definition import DataSet
from dashboards.datasets.writing import MARK, value_of
from dashboards.models import Snapshot, SnapshotFile

_PIECE: Final = 1 << 20
CONTENT_TYPES: Final = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Lines that one page may look at while it picks a domain's.
SCAN_MOST: Final = 20_000
PAGE_MOST: Final = 5_000


# --- whole files -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Served:
    """An answer, and whether it begins a download or goes on with one."""

    response: HttpResponseBase
    begins: bool
    goes_on: bool = False


def file_response(request: HttpRequest, dataset: DataSet, file: SnapshotFile) -> Served:
    """The file, a part of it, or that it is the one the caller has."""
    etag = quote_etag(file.sha256)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return Served(_headed(HttpResponse(status=304), dataset, file), begins=False)
    span = _asked_span(request, file, etag)
    if span is None:
        gone = HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"})
        return Served(gone, begins=False)
    first, last = span
    is_part = (first, last) != (0, file.size - 1)
    status = 206 if is_part else 200
    response: HttpResponseBase
    if settings.DATASETS_ACCEL:  # the server in front sends it, ranges included
        response = HttpResponse(headers={"X-Accel-Redirect": f"{settings.DATASETS_ACCEL}{quote(file.name)}"})
    elif request.method == "HEAD":
        response = HttpResponse(status=status)
    else:
        response = StreamingHttpResponse(_bytes_of(file.name, first, last), status=status)
    if not settings.DATASETS_ACCEL:
        response["Content-Length"] = str(last - first + 1)
        if is_part:
            response["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    is_taken = request.method == "GET"
    return Served(
        _headed(response, dataset, file), begins=is_taken and first == 0, goes_on=is_taken and first > 0
    )


def _headed(response: HttpResponseBase, dataset: DataSet, file: SnapshotFile) -> HttpResponseBase:
    snapshot = file.snapshot
    name = f"{dataset.code}-v{dataset.version}-{snapshot.cut_at:%Y%m%dT%H%MZ}.{file.format}"
    response["Content-Type"] = CONTENT_TYPES[file.format]
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["ETag"] = quote_etag(file.sha256)
    response["Accept-Ranges"] = "bytes"
    response["Digest"] = f"sha-256={base64.b64encode(bytes.fromhex(file.sha256)).decode()}"
    # Compressed on the way it would have other ranges.
    response["Cache-Control"] = "private, no-cache, no-transform"
    tell_version(response, dataset)
    return response


def tell_version(response: Any, dataset: DataSet) -> None:
    """Which schema it is, and until when it is served (RFC 8594)."""
    response["X-Schema-Version"] = str(dataset.version)
    if dataset.sunset is not None:
        response["Sunset"] = f"{dataset.sunset:%a, %d %b %Y} 00:00:00 GMT"


def _asked_span(request: HttpRequest, file: SnapshotFile, etag: str) -> tuple[int, int] | None:
    """First and last byte; None where there are no such bytes. Anything odd asks for the whole."""
    whole = 0, file.size - 1
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    unless = request.headers.get("If-Range", "")
    if asked is None or (unless and unless != etag) or not (asked[1] or asked[2]):
        return whole
    if not asked[1]:  # the last so many
        return (max(0, file.size - int(asked[2])), file.size - 1) if int(asked[2]) else None
    first = int(asked[1])
    last = min(int(asked[2]), file.size - 1) if asked[2] else file.size - 1
    return (first, last) if first <= last else None


def _bytes_of(name: str, first: int, last: int) -> Iterator[bytes]:
    with default_storage.open(name) as file:
        file.seek(first)
        left = last - first + 1
        while left and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece


def lines_of_domain(dataset: DataSet, file: SnapshotFile, domain: str) -> Iterator[bytes]:
    """The CSV with one domain's rows alone."""
    at = dataset.at(dataset.domain_field)
    with default_storage.open(file.name) as raw:
        text = io.TextIOWrapper(cast(IO[bytes], raw), encoding="utf-8", newline="")
        reader = csv.reader(text)
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(next(reader))  # the heading, with its mark
        for row in reader:
            if row[at] == domain:
                writer.writerow(row)
                if out.tell() > _PIECE:
                    yield _taken(out)
        yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    said = out.getvalue().encode()
    out.seek(0)
    out.truncate()
    return said


# --- pages of rows ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a reader is: a row of a snapshot."""

    snapshot: int
    row: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.snapshot, self.row]).encode()).decode().rstrip("=")

    @classmethod
    def of(cls, text: str) -> "Cursor":
        """Raises ValueError for what is none of ours."""
        try:
            told = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        except (binascii.Error, UnicodeError, json.JSONDecodeError) as error:
            raise ValueError(text) from error
        if not (isinstance(told, list) and len(told) == 2 and all(type(one) is int for one in told)):
            raise ValueError(text)
        if min(told) < 0:
            raise ValueError(text)
        return cls(*told)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the next ones begin; nothing after the last."""

    rows: list[dict[str, Any]]
    next_row: int | None


def first_row(snapshot: Snapshot, first_day: str) -> int:
    """The row of the last mark before that day: rows are in the order of their days."""
    days = [day for _byte, day in snapshot.marks]
    return max(0, bisect_left(days, first_day) - 1) * MARK


def page(
    dataset: DataSet, file: SnapshotFile, *, row: int, size: int, domain: str = "", first_day: str = ""
) -> Page:
    """At most `size` rows from `row` on, of one domain and from one day on where that is asked for."""
    snapshot = file.snapshot
    if row >= snapshot.rows:
        return Page([], None)
    of_domain = dataset.at(dataset.domain_field) if domain else None
    of_day = dataset.at(dataset.day_field) if first_day else None
    found: list[dict[str, Any]] = []
    at = row
    for line in _lines(snapshot, file, row):
        at += 1
        if (of_domain is None or line[of_domain] == domain) and (of_day is None or line[of_day] >= first_day):
            found.append(
                {one.name: value_of(text, one.kind) for one, text in zip(dataset.fields, line, strict=True)}
            )
        if len(found) >= size or at - row >= max(size, SCAN_MOST):
            break
    return Page(found, at if at < snapshot.rows else None)


def _lines(snapshot: Snapshot, file: SnapshotFile, row: int) -> Iterator[list[str]]:
    """The lines of the CSV from a row on: from the mark before it."""
    with default_storage.open(file.name) as raw:
        raw.seek(snapshot.marks[row // MARK][0])
        text = io.TextIOWrapper(cast(IO[bytes], raw), encoding="utf-8", newline="")
        for number, line in enumerate(csv.reader(text)):
            if number >= row % MARK:
                yield line
