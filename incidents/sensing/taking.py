"""Messages in: which of them change anything, and what follows from it.

First everything is kept in one transaction, under one lock, so that two deliveries of one alert follow each
other; of many so many at once that it takes no second. Then the reports are filed through intake and what is
to be said is written on the cases (`filing`), each step idempotent: whoever dies in between, the next message
or the sweep goes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from accounts.models import ApiClient
from grids.locate import PlaceError, locate
from incidents.models import Alert, AlertDevice, AlertEpisode, AlertFeed, AlertMessage
from incidents.sensing import filing
from incidents.sensing.episodes import History, What
from incidents.sensing.following import Following
from incidents.sensing.meaning import Book
from incidents.sensing.notice import Notice

# When a device was last seen is written down this often, so that chatter costs no writes.
_SEEN_EVERY = timedelta(minutes=1)
_FEED_EVERY = timedelta(seconds=10)
# A delivery is kept in parts of so many, a second each or less: whoever else has news waits no longer.
AT_ONCE = 500
_LOCK = 7_401  # of the bookkeeping of alerts


@dataclass(slots=True)
class Taken:
    """What became of a batch of messages."""

    whats: list[What] = field(default_factory=list)
    again: int = 0  # events that had come before, by their ids
    cases: set[int] = field(default_factory=set)


def take(notices: Sequence[Notice], *, client: ApiClient, at: datetime) -> Taken:
    """Take in messages of one client. Idempotent; in any order: after an error all may be said again."""
    believed = sorted((one.bounded(at) for one in notices), key=_order)
    taken = Taken()
    for first in range(0, len(believed), AT_ONCE):
        with transaction.atomic(durable=True):
            part = _keep(believed[first : first + AT_ONCE], client=client, at=at)
        filing.carry_on(part.cases, at=at)
        taken.whats += part.whats
        taken.again += part.again
        taken.cases |= part.cases
    return taken


def _order(notice: Notice) -> tuple[datetime, bool]:
    """What began first comes first, and of one instant the beginning before the end."""
    return notice.started_at or notice.at, not notice.is_firing


def lock() -> None:
    """Let nobody else keep alerts until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _keep(notices: Sequence[Notice], *, client: ApiClient, at: datetime) -> Taken:
    lock()
    taken = Taken()
    fresh = _unheard(notices, client, at)
    taken.again = len(notices) - len(fresh)
    heard_of(fresh, client, at)
    if not fresh:
        return taken
    devices = _devices(fresh, at)
    alerts = _alerts(fresh, devices, client, at)
    histories = _histories(fresh, alerts)
    started: dict[int, Notice] = {}
    ended: set[int] = set()
    severities: dict[int, str] = {}  # before this delivery, of those that say another now
    for notice in fresh:
        history = histories[notice.key]
        what = history.take(notice, at=at)
        taken.whats.append(what)
        if what is What.STARTED:
            started[history.alert.pk] = notice
        elif what is What.ENDED:
            ended.add(history.alert.pk)
        elif what is What.REPEATED and notice.severity != history.alert.severity:
            severities.setdefault(history.alert.pk, history.alert.severity)
        if what in (What.STARTED, What.REPEATED):
            _say(history.alert, notice)
    following = Following(
        book=Book.read(),
        alerts={alert.pk: alert for alert in alerts.values()},
        burning={history.alert.pk: history.burning for history in histories.values() if history.burning},
        at=at,
    )
    began = [alerts[notice.key] for notice in started.values() if alerts[notice.key].is_firing]
    worse = following.worsened({pk: said for pk, said in severities.items() if pk not in started})
    following.began([*began, *worse])
    following.ended([alert for alert in alerts.values() if alert.pk in ended and not alert.is_firing])
    _save(histories.values())
    taken.cases = following.settle()
    return taken


def _unheard(notices: Sequence[Notice], client: ApiClient, at: datetime) -> list[Notice]:
    """Without the events that came before by their (origin, id), and each of this batch once."""
    ids = sorted({(one.origin, one.message_id) for one in notices if one.message_id})
    if not ids:
        return list(notices)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {AlertMessage._meta.db_table} (client_id, origin, message_id, at)
                SELECT %s, origin, message_id, %s FROM unnest(%s::text[], %s::text[]) AS t(origin, message_id)
                ON CONFLICT DO NOTHING RETURNING origin, message_id""",
            [client.pk, at, [origin for origin, _id in ids], [one for _origin, one in ids]],
        )
        new = set(cursor.fetchall())
    kept = []
    for one in notices:
        if not one.message_id:
            kept.append(one)
        elif (one.origin, one.message_id) in new:
            new.discard((one.origin, one.message_id))
            kept.append(one)
    return kept


def heard_of(notices: Sequence[Notice], client: ApiClient, at: datetime) -> None:
    """Note that a client was heard on a channel, now and then."""
    for channel in {one.channel for one in notices}:
        feeds = AlertFeed.objects.filter(channel=channel, name=client.name)
        old = Q(heard_at__isnull=True) | Q(heard_at__lt=at - _FEED_EVERY)
        if not feeds.filter(old).update(heard_at=at) and not feeds.exists():
            AlertFeed.objects.create(channel=channel, name=client.name, heard_at=at)


def _devices(notices: Sequence[Notice], at: datetime) -> dict[str, AlertDevice]:
    """The devices that are named; those that nobody knows are known from now on."""
    codes = sorted({one.device for one in notices if one.device})
    found = AlertDevice.objects.in_bulk(codes, field_name="code")
    missing = [code for code in codes if code not in found]
    if missing:
        AlertDevice.objects.bulk_create(
            (AlertDevice(code=code, known_since=at, last_seen_at=at) for code in missing),
            ignore_conflicts=True,
        )
        found |= AlertDevice.objects.in_bulk(missing, field_name="code")
    AlertDevice.objects.filter(code__in=codes).filter(
        Q(last_seen_at__isnull=True) | Q(last_seen_at__lt=at - _SEEN_EVERY)
    ).update(last_seen_at=at)
    return found


def _alerts(
    notices: Sequence[Notice], devices: dict[str, AlertDevice], client: ApiClient, at: datetime
) -> dict[str, Alert]:
    """The alerts by their keys; new ones are made."""
    firsts = {one.key: one for one in reversed(notices)}
    rows = Alert.objects.filter(client=client).select_related("device", "case")
    found = {alert.key: alert for alert in rows.filter(key__in=firsts)}
    made = [
        Alert(
            client=client,
            source=client.source,
            key=key,
            channel=one.channel,
            kind=one.kind,
            device=devices.get(one.device),
            seen_at=at,
        )
        for key, one in firsts.items()
        if key not in found
    ]
    for alert, one in zip(made, (firsts[alert.key] for alert in made), strict=True):
        _say(alert, one)
    Alert.objects.bulk_create(made)
    return found | {alert.key: alert for alert in made}


def _say(alert: Alert, notice: Notice) -> None:
    """Take over what the newest message says of it."""
    alert.kind, alert.severity, alert.channel = notice.kind, notice.severity, notice.channel
    alert.labels, alert.annotations = dict(notice.labels), dict(notice.annotations)
    alert.value = notice.value or alert.value
    alert.url, alert.picture = notice.url or alert.url, notice.picture or alert.picture
    if notice.lon is not None and notice.lat is not None:
        try:
            place = locate(lon=notice.lon, lat=notice.lat, crs=notice.crs)
        except PlaceError:
            return  # a system of coordinates that nobody knows: the place stays what it was
        alert.lon, alert.lat = place.lon, place.lat


def _histories(notices: Sequence[Notice], alerts: dict[str, Alert]) -> dict[str, History]:
    """The burning episode of each alert, and those that the messages name; one query."""
    by_id = {alert.pk: alert for alert in alerts.values()}
    starts = {one.started_at or one.at for one in notices}
    rows = AlertEpisode.objects.filter(Q(ended_at__isnull=True) | Q(started_at__in=starts), alert__in=by_id)
    histories = {key: History(alert, None, {}) for key, alert in alerts.items()}
    for row in rows:
        row.alert = by_id[row.alert_id]
        history = histories[row.alert.key]
        history.known[row.started_at] = row
        if row.ended_at is None:
            history.burning = row
    return histories


def _save(histories: Iterable[History]) -> None:
    """Ends before beginnings: of one alert one episode burns.

    Written as rows that are there already: for hundreds that takes a tenth of an UPDATE with its cases.
    """
    episodes = [episode for history in histories for episode in history.known.values()]
    AlertEpisode.objects.bulk_create(
        [row for row in episodes if row.pk],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["ended_at", "repeats", "fate", "case"],
    )
    AlertEpisode.objects.bulk_create(row for row in episodes if not row.pk)
    Alert.objects.bulk_create(
        [history.alert for history in histories],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=KEPT,
    )


# What a message may change of an alert.
KEPT = (
    "channel",
    "kind",
    "severity",
    "labels",
    "annotations",
    "value",
    "url",
    "picture",
    "rule",
    "is_mapped",
    "street_code",
    "lon",
    "lat",
    "is_firing",
    "started_at",
    "ended_at",
    "cleared_to",
    "seen_at",
    "stale_at",
    "fires",
    "repeats",
    "recent",
    "flapping_since",
    "can_inhibit",
    "inhibited_by",
    "case",
)


def forget_messages(*, before: datetime, limit: int = 5_000) -> int:
    """Remove the ids of events that nobody sends again any more; how many went."""
    old = AlertMessage.objects.filter(at__lt=before).order_by("at").values("pk")[:limit]
    gone, _by_model = AlertMessage.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    return gone
