"""Once a day, together: one parcel for each person and channel, with what nothing has told them yet."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from accounts.models import NoticePreference, User
from dispatch.vocabulary import Urgency
from incidents.letters import DIGEST
from incidents.models import Notification, Parcel
from incidents.spreading import digested, number_of

BATCH = 200
LINES = 20  # told one by one; the rest is counted
_ZONE = ZoneInfo(settings.TIME_ZONE)
_DAY = timedelta(days=1)

# Who has something untold from before their last digest time, and no digest of that day. The claim is on
# the preferences: who has none wants no digest.
_DUE = """
SELECT p.user_id
FROM accounts_noticepreference p
CROSS JOIN LATERAL (
    SELECT %(today)s::date - CASE WHEN p.digest_at > %(now)s::time THEN 1 ELSE 0 END AS day
) d
WHERE EXISTS (
    SELECT 1 FROM incidents_notification n
    WHERE n.user_id = p.user_id AND n.read_at IS NULL AND n.told_at IS NULL
    AND n.created_at < (d.day + p.digest_at) AT TIME ZONE %(zone)s)
AND NOT EXISTS (
    SELECT 1 FROM incidents_parcel k
    WHERE k.key = ANY (ARRAY(
        SELECT 'digest:' || p.user_id || ':' || channel || ':' || to_char(d.day, 'YYYY-MM-DD')
        FROM unnest(ARRAY['email', 'sms', 'wework']) AS channel)))
ORDER BY p.user_id
LIMIT %(limit)s
FOR UPDATE OF p SKIP LOCKED
"""


def make_digests(*, at: datetime, limit: int = BATCH) -> int:
    """Make the digests that are due at `at`, of up to `limit` people; answers how many people were seen to.

    Once a day: what turns up after a day's digest waits for the next. Who no longer wants one, or
    cannot be reached, has nothing left to be told in one.
    """
    with transaction.atomic(durable=True):
        due = _due(at=at, limit=limit)
        users = User.objects.filter(is_active=True).in_bulk([preference.user_id for preference in due])
        untold = _untold(due, at=at)
        parcels = []
        for preference in due:
            user = users.get(preference.user_id)
            if user is not None and (rows := untold[user.pk]):
                parcels += _parcels(user, preference, rows, at=at)
        Parcel.objects.bulk_create(parcels)
        told = [row.pk for rows in untold.values() for row in rows]
        Notification.objects.filter(pk__in=told).update(told_at=at)
    return len(due)


def last_digest(preference: NoticePreference, at: datetime) -> datetime:
    """This person's last digest time that is not after `at`."""
    return preference.next_digest(at) - _DAY  # the district's clocks know no summer time


def _due(*, at: datetime, limit: int) -> list[NoticePreference]:
    local = at.astimezone(_ZONE)
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "today": local.date(),
                "now": local.time().isoformat(),
                "zone": settings.TIME_ZONE,
                "limit": limit,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(NoticePreference.objects.filter(pk__in=ids))


def _untold(due: list[NoticePreference], *, at: datetime) -> dict[int, list[Notification]]:
    """What each person's digest takes along, the urgent first, then as it came."""
    until = {preference.user_id: last_digest(preference, at) for preference in due}
    found: dict[int, list[Notification]] = defaultdict(list)
    rows = Notification.objects.unread().filter(user__in=list(until), told_at__isnull=True)
    for row in rows.only("user_id", "created_at", "urgency").order_by("pk"):
        if row.created_at < until[row.user_id]:
            found[row.user_id].append(row)
    for notes in found.values():
        notes.sort(key=lambda row: row.urgency == Urgency.ROUTINE)
    return found


def _parcels(
    user: User, preference: NoticePreference, rows: list[Notification], *, at: datetime
) -> list[Parcel]:
    channels = digested(user, preference)
    day = last_digest(preference, at).astimezone(_ZONE).date()
    data = {"at": at.isoformat(), "total": len(rows), "lines": _lines(rows[:LINES])} if channels else {}
    return [
        Parcel(
            key=f"digest:{user.pk}:{channel}:{day:%Y-%m-%d}",
            channel=channel,
            user=user,
            line=f"{channel}:user:{user.pk}",
            kind=DIGEST,
            urgency=Urgency.ROUTINE,
            language=preference.spoken,
            data=data,
            created_at=at,
            not_before=at,
        )
        for channel in channels
    ]


def _lines(rows: list[Notification]) -> list[dict[str, Any]]:
    full = Notification.objects.select_related("message__incident").in_bulk([row.pk for row in rows])
    return [
        {
            "kind": full[row.pk].kind,
            "number": number_of(full[row.pk].message),
            "facts": full[row.pk].message.data,
            "urgency": full[row.pk].urgency,
        }
        for row in rows
    ]
