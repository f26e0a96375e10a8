"""Taking a data set: who may, the file or the page, and the count of it. Pages and the API both come here."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from accounts.audit.acting import TOLD
from accounts.identity.where import where_of
from accounts.models import ApiClient, User
from dashboards.datasets import serving, usage
from dashboards.datasets.definition import DataSet
from dashboards.datasets.shown import Entry
from dashboards.models import Snapshot, SnapshotFile
from incidents.errors import ActionRefused, InvalidInput

# What the sample on the page shows.
SAMPLE = 5
_LOOKED_AT = 200


def refuse_strangers(entry: Entry) -> None:
    """Raises ActionRefused where the caller may not have it."""
    if not entry.standing.may_have:
        raise ActionRefused(
            "not_allowed", _("This data set is not open to you. Ask its owner for it, and say what for.")
        )


def file_of(dataset: DataSet, snapshot: Snapshot | None, format: str) -> SnapshotFile:
    """The file that is served; raises Http404 where there is none yet, or no more."""
    file = None
    if snapshot is not None and (snapshot.dataset, snapshot.version) == (dataset.code, dataset.version):
        file = snapshot.files.filter(format=format, removed_at__isnull=True).first()
    if file is None:
        raise Http404
    assert snapshot is not None
    file.snapshot = snapshot
    return file


def download(
    request: HttpRequest,
    entry: Entry,
    format: str,
    asking: User | ApiClient,
    *,
    domain: str = "",
    at: datetime,
) -> HttpResponseBase:
    """The newest file; of one domain where that is asked for, as CSV alone."""
    refuse_strangers(entry)
    file = file_of(entry.dataset, entry.snapshot, format)
    if domain:
        return _slice(request, entry.dataset, file, asking, domain, at)
    served = serving.file_response(request, entry.dataset, file)
    # Who begins in the middle has taken it all but for a few bytes.
    if served.begins or (served.goes_on and not usage.has_begun(file.snapshot, format, asking)):
        usage.count_file(
            file.snapshot,
            format,
            asking,
            rows=file.snapshot.rows,
            size=file.size,
            where=where_of(request),
            at=at,
        )
    setattr(served.response, TOLD, True)
    return served.response


def _slice(
    request: HttpRequest,
    dataset: DataSet,
    file: SnapshotFile,
    asking: User | ApiClient,
    domain: str,
    at: datetime,
) -> HttpResponseBase:
    rows = refuse_strange_domain(dataset, file.snapshot, domain)
    if file.format != SnapshotFile.Format.CSV:
        raise InvalidInput("domain", "csv_only", _("One domain alone is there as CSV and by the API."))
    told: Iterator[bytes] = (
        iter(()) if request.method == "HEAD" else serving.lines_of_domain(dataset, file, domain)
    )
    response = StreamingHttpResponse(told, content_type=serving.CONTENT_TYPES["csv"])
    name = f"{dataset.code}-v{dataset.version}-{domain}-{file.snapshot.cut_at:%Y%m%dT%H%MZ}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-cache"
    serving.tell_version(response, dataset)
    setattr(response, TOLD, True)
    if request.method == "GET":
        share = rows / max(1, file.snapshot.rows)
        usage.count_file(
            file.snapshot,
            "csv",
            asking,
            rows=rows,
            size=int(file.size * share),
            domain=domain,
            where=where_of(request),
            at=at,
        )
    return response


def refuse_strange_domain(dataset: DataSet, snapshot: Snapshot, domain: str) -> int:
    """How many rows the domain has; raises InvalidInput for one that the data set has none of."""
    if not dataset.domain_field or domain not in snapshot.by_domain:
        raise InvalidInput("domain", "unknown", _("The data set has no rows of this domain."))
    return int(snapshot.by_domain[domain])


def rows(
    entry: Entry,
    asking: User | ApiClient,
    *,
    cursor: str,
    size: int,
    domain: str,
    first_day: date | None,
    at: datetime,
) -> tuple[Snapshot, serving.Page]:
    """A page of rows from the snapshot that the cursor names, or from the newest; counted."""
    refuse_strangers(entry)
    dataset, where = entry.dataset, _cursor(cursor)
    snapshot = entry.snapshot if where is None else Snapshot.objects.filter(pk=where.snapshot).first()
    if snapshot is None and where is None:
        raise Http404
    try:
        file = file_of(dataset, snapshot, "csv")
    except Http404 as error:
        if where is None:
            raise
        raise _gone() from error
    snapshot = file.snapshot
    if domain:
        refuse_strange_domain(dataset, snapshot, domain)
    if first_day is not None and not dataset.day_field:
        raise InvalidInput("from", "no_days", _("The rows of this data set have no day."))
    day = first_day.isoformat() if first_day else ""
    row = where.row if where else serving.first_row(snapshot, day) if day else 0
    try:
        found = serving.page(dataset, file, row=row, size=size, domain=domain, first_day=day)
    except FileNotFoundError as error:  # thrown away a moment ago
        raise _gone() from error
    usage.count_page(snapshot, asking, rows=len(found.rows), size=0, domain=domain, at=at)
    return snapshot, found


def _gone() -> ActionRefused:
    return ActionRefused(
        "snapshot_gone", _("The snapshot that you were reading is kept no longer. Begin again.")
    )


def _cursor(text: str) -> serving.Cursor | None:
    if not text:
        return None
    try:
        return serving.Cursor.of(text)
    except ValueError as error:
        raise InvalidInput("cursor", "invalid", _("This is no cursor of ours.")) from error


def sample(entry: Entry) -> list[list[Any]]:
    """A few rows for the page, as CSV says them; nothing where the caller may not have it."""
    if not entry.standing.may_have or entry.snapshot is None or not entry.snapshot.rows:
        return []
    try:
        file = file_of(entry.dataset, entry.snapshot, "csv")
        # From the end: the newest, and of figures those that may be told.
        start = max(0, entry.snapshot.rows - _LOOKED_AT)
        found = serving.page(entry.dataset, file, row=start, size=_LOOKED_AT).rows
    except (Http404, OSError):
        return []
    told = [row for row in found if not row.get("suppressed")] or found
    return [list(row.values()) for row in told[-SAMPLE:]]
