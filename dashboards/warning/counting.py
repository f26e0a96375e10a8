"""Who said what where, by the hour: voices read from the reports, and days of them kept for later.

A voice is one reporter about one category in one community on one day, however often they call: by the
blind index of the telephone, a patrol by who filed it, without either each report for itself. A device
has no voice but its case. Blind indices are hashed again, compared in memory and never kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db import connection

from dashboards.models import CountedDay
from incidents.numbers import DISTRICT_ZONE

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# A day is counted for good when its cases have been classified and merged.
SETTLES_AFTER: Final = 7
STREAMS: Final = ("people", "devices")

# Hours since 1970, the community (else the street), the category, whose stream, the reporter, the case.
SAID: Final = np.dtype(
    [
        ("hour", "<i4"),
        ("place", "<i8"),
        ("matter", "<i2"),
        ("stream", "u1"),
        ("who", "<i8"),
        ("case", "<i8"),
    ]
)
# One count of a day: bytes of these are kept, so fields are only ever added in a new column.
VOICE: Final = np.dtype(
    [("hour", "u1"), ("place", "<i8"), ("matter", "<i2"), ("stream", "u1"), ("voices", "<u2")]
)

# By incidents_report's received_at, which a block-range index finds. Praise warns of nothing.
_READ: Final = """
SELECT floor(extract(epoch FROM r.received_at) / 3600)::int,
       coalesce(nullif(i.community_code, ''), nullif(i.street_code, ''), '0')::bigint,
       coalesce(i.category_id, '0')::int,
       CASE WHEN i.source IN ('sensor', 'ai_video') THEN 1 ELSE 0 END,
       hashtextextended(
           CASE WHEN i.source IN ('sensor', 'ai_video') THEN 'case ' || i.id
                WHEN k.phone_index <> '' THEN k.phone_index
                WHEN r.source = 'patrol' AND r.filed_by_id IS NOT NULL THEN 'user ' || r.filed_by_id
                ELSE 'report ' || r.id END, 0),
       i.id
FROM incidents_report r
JOIN incidents_incidentreport l ON l.report_id = r.id AND l.unlinked_at IS NULL
JOIN incidents_incident i ON i.id = l.incident_id
LEFT JOIN incidents_contact k ON k.id = r.contact_id
WHERE r.received_at >= %s AND r.received_at < %s AND i.nature <> 'praise' AND i.status <> 'rejected'
"""


def said(first: datetime, end: datetime) -> np.ndarray[Any, Any]:
    """What came in from `first` until before `end`, a row of SAID for each report."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [first, end])
        return np.array(cursor.fetchall(), dtype=SAID)


def voices(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The rows that are voices: of each reporter on one matter in one place the day's first."""
    if not len(rows):
        return rows
    day = local_day(rows["hour"])
    order = np.lexsort((rows["hour"], rows["who"], rows["stream"], rows["matter"], rows["place"], day))
    rows, day = rows[order], day[order]
    again = np.zeros(len(rows), dtype=bool)
    again[1:] = day[1:] == day[:-1]
    for name in ("place", "matter", "stream", "who"):
        again[1:] &= rows[name][1:] == rows[name][:-1]
    return rows[~again]


def local_day(hour: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Days since 1970 in the district, which is eight hours ahead and changes no clocks."""
    return (hour + 8) // 24


def hour_of(at: datetime) -> int:
    """Whole hours since 1970."""
    return int(at.timestamp() // 3600)


def instant(hour: int) -> datetime:
    """When that hour begins."""
    return datetime.fromtimestamp(hour * 3600, UTC)


def midnight(day: date) -> datetime:
    """When a day begins in the district."""
    return datetime(day.year, day.month, day.day, tzinfo=DISTRICT_ZONE).astimezone(UTC)


def count_day(day: date) -> CountedDay:
    """Count a day and keep it; counted again it is replaced."""
    rows = voices(said(midnight(day), midnight(day + DAY)))
    keyed = np.zeros(len(rows), dtype=VOICE)
    keyed["hour"] = (rows["hour"] + 8) % 24
    for name in ("place", "matter", "stream"):
        keyed[name] = rows[name]
    found, times = np.unique(keyed, return_counts=True) if len(keyed) else (keyed, np.zeros(0))
    found["voices"] = np.minimum(times, 65_535)
    row, _created = CountedDay.objects.update_or_create(
        day=day, defaults={"voices": len(rows), "counts": found.tobytes()}
    )
    return row


def count_days(*, until: date, days: int) -> int:
    """Count those of the `days` days before `until` that are not counted yet; answers how many were.

    Days before the first report of all are none: a district that began last week has a week of history.
    """
    first = _first_day()
    if first is None:
        return 0
    wanted = [day for back in range(days, 0, -1) if (day := until - back * DAY) >= first]
    known = set(CountedDay.objects.filter(day__in=wanted).values_list("day", flat=True))
    missing = [day for day in wanted if day not in known]
    for day in missing:
        count_day(day)
    return len(missing)


def _first_day() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(received_at) FROM incidents_incident")  # by incident_received
        (first,) = cursor.fetchone()
    return first.astimezone(DISTRICT_ZONE).date() if first else None


@dataclass(frozen=True, slots=True)
class History:
    """Counted days, oldest first, without gaps."""

    days: Sequence[date]
    counts: np.ndarray[Any, Any]  # VOICE
    day_of: np.ndarray[Any, Any]  # for each count its place in `days`


def history(*, until: date, days: int) -> History:
    """The counted days among the `days` before `until`."""
    kept = list(
        CountedDay.objects.filter(day__gte=until - days * DAY, day__lt=until)
        .order_by("day")
        .values_list("day", "counts")
    )
    arrays = [np.frombuffer(bytes(counts), dtype=VOICE) for _day, counts in kept]
    lengths = [len(array) for array in arrays]
    return History(
        days=[day for day, _counts in kept],
        counts=np.concatenate(arrays) if arrays else np.zeros(0, dtype=VOICE),
        day_of=np.repeat(np.arange(len(kept)), lengths),
    )
