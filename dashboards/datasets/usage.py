"""Who took what: every download is counted, shown to the owner by name and in the catalogue as counts."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum

from accounts.audit import actor
from accounts.identity.where import Where
from accounts.models import ApiClient, User
from accounts.viewer import viewer_of
from dashboards.models import Download, Snapshot
from incidents.numbers import district_day

DAYS: Final = 30

_ADD_PAGE: Final = """
INSERT INTO dashboards_download
    (dataset, snapshot_id, version, format, user_id, client_id, unit_code, domain, day, at, rows, bytes,
     requests)
VALUES (%s, %s, %s, 'api', %s, %s, %s, %s, %s, %s, %s, %s, 1)
ON CONFLICT (snapshot_id, user_id, client_id, domain, day) WHERE format = 'api' DO UPDATE
SET rows = dashboards_download.rows + excluded.rows, bytes = dashboards_download.bytes + excluded.bytes,
    requests = dashboards_download.requests + 1, at = excluded.at
"""


def _who(asking: User | ApiClient) -> tuple[int | None, int | None, str]:
    """The ids of a person and of a system, one of them empty, and the person's unit."""
    if isinstance(asking, ApiClient):
        return None, asking.pk, ""
    unit = viewer_of(asking).home_unit
    return asking.pk, None, unit.code if unit else ""


@transaction.atomic
def count_file(
    snapshot: Snapshot,
    format: str,
    asking: User | ApiClient,
    *,
    rows: int,
    size: int,
    domain: str = "",
    where: Where | None = None,
    at: datetime,
) -> Download:
    """A file begins to be handed out; the audit log's line, which a trigger writes, says from where too."""
    user, client, unit = _who(asking)
    if user is not None and where is not None:  # a request that reads says it to the database nowhere else
        actor.say(user, where)
    return Download.objects.create(
        dataset=snapshot.dataset,
        snapshot=snapshot,
        version=snapshot.version,
        format=format,
        user_id=user,
        client_id=client,
        unit_code=unit,
        domain=domain,
        day=district_day(at),
        at=at,
        rows=rows,
        bytes=size,
    )


def has_begun(snapshot: Snapshot, format: str, asking: User | ApiClient) -> bool:
    """Is a whole file of this snapshot already counted for them?"""
    user, client, _unit = _who(asking)
    return Download.objects.filter(
        snapshot=snapshot, format=format, user=user, client=client, domain=""
    ).exists()


def count_page(
    snapshot: Snapshot, asking: User | ApiClient, *, rows: int, size: int, domain: str = "", at: datetime
) -> None:
    """A page of the API: added to what the same caller has read of the snapshot today, in one statement."""
    user, client, unit = _who(asking)
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD_PAGE,
            [
                snapshot.dataset, snapshot.pk, snapshot.version, user, client, unit,
                domain, district_day(at), at, rows, size,
            ],
        )  # fmt: skip


def counts(codes: Iterable[str], at: datetime) -> dict[str, dict[str, int]]:
    """By data set, of the last thirty days: downloads, rows, and how many people and systems took them."""
    rows = (
        Download.objects.filter(dataset__in=list(codes), at__gte=at - timedelta(days=DAYS))
        .values("dataset")
        .annotate(
            taken=Count("pk"),
            total=Sum("rows"),
            people=Count("user", distinct=True),
            systems=Count("client", distinct=True),
        )
        .order_by("dataset")
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found[row["dataset"]] = {
            "downloads": row["taken"],
            "rows": row["total"] or 0,
            "receivers": row["people"] + row["systems"],
        }
    return found


NOTHING: Final[dict[str, int]] = {"downloads": 0, "rows": 0, "receivers": 0}


def of(dataset: str) -> QuerySet[Download, Any]:
    """Every download of a data set, the newest first, with who took it."""
    return (
        Download.objects.filter(dataset=dataset)
        .select_related("user", "client", "snapshot")
        .defer("snapshot__marks")
        .order_by("-at", "-pk")
    )
