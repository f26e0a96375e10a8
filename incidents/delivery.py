"""Telling: from the outbox to people and systems, at least once, in order, visibly.

Two steps. `spread` turns messages into rows of inboxes and parcels, in one transaction and without a
network. `deliver` sends parcels: a claim sets a lease and commits; they are sent with no transaction
open; a second one marks them, where the lease is still ours. A failing one backs off and stays
visible; one that never goes through is kept as dead, and can be put back.
"""

import logging
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from enum import Enum
from traceback import format_tb

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import NoticePreference, User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from incidents import letters, seeing
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Incident, Notification, OutboxMessage, Parcel
from incidents.models.notices import ParcelQuerySet
from incidents.recipients import Recipients, resolve
from incidents.spreading import spread as spread_rows
from incidents.transports import Letter, Transport, TransportError, Transports, configured
from incidents.webhooks import switch_off_unwanted

log = logging.getLogger("outbox")

FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = 30  # about a day
SPREAD_BATCH = 500
BATCH = 200
# How long one call goes on handing letters to transports, in seconds; what is left then goes back.
SENDING = 20.0
_THREADS = 8
_MARK_AT_ONCE = 50


def lease() -> timedelta:
    """How long a claim lasts: the sending, the last letter's own time, and room for marking."""
    return timedelta(seconds=SENDING + 4 * settings.TRANSPORT_TIMEOUT)


def back_off(attempts: int) -> timedelta:
    """How long to wait after the nth failure: doubling up to the cap, and not all at the same instant."""
    return min(FIRST_RETRY * 2 ** min(attempts - 1, 20) * random.uniform(0.8, 1.2), LONGEST_RETRY)


# --- messages to parcels --------------------------------------------------------------------------

# Messages whose turn it is. Within a case earlier ones come first, so that parcels are numbered in that
# order whoever spreads; one that failed holds up its own receiver alone. A reporter's line is its own.
# A sub-select that is asked for each row, not a NOT EXISTS: statistics are of quiet times, when nothing
# waits, and in a burst of 100,000 the planner would join all that waits with all that waits.
_CLAIM = """
SELECT m.id FROM incidents_outboxmessage m
WHERE m.sent_at IS NULL AND m.dead_at IS NULL AND m.not_before <= %(at)s
AND (
    SELECT e.id FROM incidents_outboxmessage e
    WHERE e.incident_id = m.incident_id AND e.id < m.id AND e.sent_at IS NULL AND e.dead_at IS NULL
    AND (e.receiver = m.receiver
         OR (e.attempts = 0 AND e.receiver NOT LIKE 'report:%%' AND m.receiver NOT LIKE 'report:%%'))
    ORDER BY e.incident_id, e.id LIMIT 1
) IS NULL
ORDER BY m.not_before, m.id
LIMIT %(limit)s
FOR UPDATE OF m SKIP LOCKED
"""
_MARK = """
UPDATE incidents_outboxmessage m SET sent_at = %(at)s, recipients = told.reached, last_error = ''
FROM unnest(%(ids)s::bigint[], %(reached)s::int[]) AS told (id, reached)
WHERE m.id = told.id
"""
# Order holds in an emergency too: what waits on its line for the end of quiet hours goes first, now.
# What nobody has tried to send may still say another instant.
_WAKE = """
UPDATE incidents_parcel p
SET not_before = %(at)s, data = jsonb_set(p.data, '{at}', to_jsonb(%(said_at)s::text))
FROM unnest(%(lines)s::text[], %(cases)s::bigint[]) AS woken (line, incident)
WHERE p.line = woken.line AND p.incident_id = woken.incident AND p.not_before > %(at)s
AND p.sent_at IS NULL AND p.dead_at IS NULL AND p.attempts = 0 AND p.leased_until IS NULL
"""


def spread(*, at: datetime, limit: int = SPREAD_BATCH) -> int:
    """Spread up to `limit` waiting messages; answers how many were tried.

    One that cannot be spread stops only itself: the batch is halved down to it, and it backs off with
    its error. One that reaches nobody is marked with that (`recipients` is 0).
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, {"at": at, "limit": limit})
            claimed = [row[0] for row in cursor.fetchall()]
        messages = list(
            OutboxMessage.objects.filter(pk__in=claimed).select_related("incident").order_by("pk")
        )
        _spread(messages, at=at)
    return len(messages)


def _spread(messages: list[OutboxMessage], *, at: datetime) -> None:
    if not messages:
        return
    try:
        with transaction.atomic():
            _write(messages, at=at)
    except (OperationalError, InterfaceError):
        raise  # the database is gone or wants it tried again: no message's fault
    except Exception as error:
        if len(messages) == 1:
            _set_aside(messages[0], error, at=at)
        else:
            log.warning("%s messages cannot be spread together: trying halves", len(messages))
            _spread(messages[: len(messages) // 2], at=at)
            _spread(messages[len(messages) // 2 :], at=at)


def _write(messages: list[OutboxMessage], *, at: datetime) -> None:
    recipients = resolve((message.receiver for message in messages), at=at)
    preferences = NoticePreference.of(user for found in recipients.values() for user in found.users)
    rows = spread_rows(messages, recipients, preferences, at=at, hidden=_hidden(messages, recipients))
    Notification.objects.bulk_create(rows.notifications, ignore_conflicts=True)
    Parcel.objects.bulk_create(rows.parcels, ignore_conflicts=True)
    with connection.cursor() as cursor:
        if lines := rows.emergencies:
            cursor.execute(
                _WAKE,
                {
                    "at": at,
                    "said_at": at.isoformat(),
                    "lines": [line for line, _case in lines],
                    "cases": [case for _line, case in lines],
                },
            )
        cursor.execute(_MARK, {"at": at, "ids": list(rows.reached), "reached": list(rows.reached.values())})


def _hidden(messages: list[OutboxMessage], recipients: Mapping[str, Recipients]) -> set[tuple[int, int]]:
    """(message, person) of those who answer for a block by name, and may not open the case."""
    told: dict[User, dict[int, int]] = defaultdict(dict)
    for message in messages:
        if message.receiver.startswith("block:") and message.incident_id is not None:
            for user in recipients[message.receiver].users:
                told[user][message.pk] = message.incident_id
    hidden: set[tuple[int, int]] = set()
    for user, cases in told.items():
        seen = Incident.objects.filter(seeing.visible(user), pk__in=set(cases.values()))
        open_to = set(seen.values_list("pk", flat=True))
        hidden |= {(message, user.pk) for message, case in cases.items() if case not in open_to}
    return hidden


def _set_aside(message: OutboxMessage, error: Exception, *, at: datetime) -> None:
    log.exception("message %s cannot be spread", message.key)
    message.attempts += 1
    message.not_before = at + back_off(message.attempts)
    message.last_error = f"{type(error).__name__}: {error}"[:200]
    message.dead_at = at if message.attempts >= GIVE_UP_AFTER else None
    message.save(update_fields=["attempts", "not_before", "last_error", "dead_at"])


# --- parcels to transports ------------------------------------------------------------------------


class _Outcome(Enum):
    SENT = 1
    NOT_TRIED = 2  # the time was up
    WAITS = 3  # nobody listens there, as another letter has just found out


def deliver(*, at: datetime, limit: int = BATCH, transports: Transports | None = None) -> int:
    """Send up to `limit` waiting parcels; answers how many were claimed."""
    parcels = _claim(at=at, limit=limit)
    if not parcels:
        return 0
    written = letters.write(parcels)
    sending = _Sending(configured() if transports is None else transports)
    by_id = {parcel.pk: parcel for parcel in parcels}
    sent: list[Parcel] = []
    with ThreadPoolExecutor(min(_THREADS, len(parcels)), thread_name_prefix="sending") as pool:
        futures: dict[Future[_Outcome], Parcel] = {}
        for key, letter in written.items():
            if isinstance(letter, Letter):
                futures[pool.submit(sending.send, letter)] = by_id[key]
            else:
                _failed(by_id[key], letter, at=at)
        for future in as_completed(futures):
            parcel = futures[future]
            try:
                outcome = future.result()
            except Exception as error:  # a transport's fault is that parcel's alone
                _failed(parcel, error, at=at)
                continue
            if outcome is _Outcome.SENT:
                sent.append(parcel)
            else:
                _hand_back(parcel, at=at + FIRST_RETRY if outcome is _Outcome.WAITS else parcel.not_before)
            if len(sent) >= _MARK_AT_ONCE:
                _mark_sent(sent, at=at)
                sent = []
    _mark_sent(sent, at=at)
    return len(parcels)


class _Sending:
    """One batch on its way: until when, and where nobody listens."""

    def __init__(self, transports: Transports) -> None:
        self._transports = transports
        self._until = time.monotonic() + SENDING
        self._silent: set[tuple[str, str]] = set()

    def send(self, letter: Letter) -> _Outcome:
        # Called from several threads; adding to a set is one step.
        transport: Transport = self._transports[letter.channel]
        place = (letter.channel, letter.to if letter.channel == "webhook" else "")
        if place in self._silent:
            return _Outcome.WAITS
        if time.monotonic() > self._until:
            return _Outcome.NOT_TRIED
        try:
            transport.send(letter)
        except TransportError as error:
            if error.unreachable:
                self._silent.add(place)
            raise
        return _Outcome.SENT


def _claim(*, at: datetime, limit: int) -> list[Parcel]:
    now = timezone.now()  # leases are about this machine's processes, not about the district's day
    until = now + lease()
    # Asked for each row, as for messages above.
    earlier = (
        Parcel.objects.waiting()
        .filter(line=OuterRef("line"), incident=OuterRef("incident"), pk__lt=OuterRef("pk"))
        .order_by("line", "incident_id", "pk")
        .values("pk")[:1]
    )
    with transaction.atomic(durable=True):
        claimed: list[Parcel] = list(
            Parcel.objects.waiting()
            .filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now), not_before__lte=at)
            .alias(earlier=Subquery(earlier))
            .filter(earlier__isnull=True)
            .select_for_update(skip_locked=True)
            .order_by("not_before", "pk")[:limit]
        )
        Parcel.objects.filter(pk__in=[parcel.pk for parcel in claimed]).update(leased_until=until)
    for parcel in claimed:
        parcel.leased_until = until
    return claimed


def _own(parcels: Iterable[Parcel]) -> ParcelQuerySet:
    """These parcels, where this process still holds the lease it took: who was too slow marks nothing."""
    rows = list(parcels)
    return Parcel.objects.waiting().filter(
        pk__in=[parcel.pk for parcel in rows], leased_until__in={parcel.leased_until for parcel in rows}
    )


def _mark_sent(parcels: list[Parcel], *, at: datetime) -> None:
    if parcels:
        _own(parcels).update(sent_at=at, leased_until=None, last_error="")


def _hand_back(parcel: Parcel, *, at: datetime) -> None:
    _own([parcel]).update(leased_until=None, not_before=at)


def _failed(parcel: Parcel, error: Exception, *, at: datetime) -> None:
    attempts = parcel.attempts + 1
    is_dead = attempts >= GIVE_UP_AFTER or (isinstance(error, TransportError) and error.permanent)
    if isinstance(error, TransportError):
        reason = str(error)
    else:
        # Of a stranger's error the name and the place alone: its text may hold an address.
        reason = type(error).__name__
        log.error(
            "parcel %s met a fault: %s\n%s", parcel.key, reason, "".join(format_tb(error.__traceback__))
        )
    _own([parcel]).update(
        attempts=attempts,
        leased_until=None,
        not_before=at + back_off(attempts),
        last_error=reason[:200],
        dead_at=at if is_dead else None,
    )
    log.warning("parcel %s failed the %sth time: %s", parcel.key, attempts, reason)
    if isinstance(error, TransportError) and error.unwanted and parcel.webhook_id is not None:
        switch_off_unwanted(parcel.webhook_id, at=at)


def leave_untold(*, before: datetime) -> int:
    """Mark what was to be said before an instant as said in its time: for who plays a past."""
    waiting = OutboxMessage.objects.filter(sent_at__isnull=True, dead_at__isnull=True, created_at__lt=before)
    return waiting.update(sent_at=F("created_at"))


# --- putting back what was given up ---------------------------------------------------------------


@transaction.atomic(durable=True)
def retry_dead(
    *, parcels: Iterable[int] = (), messages: Iterable[int] = (), actor: Actor, at: datetime
) -> int:
    """Let dead parcels and messages (by id) be tried again from the start; answers how many.

    Raises ActionRefused for anybody but an administrator or a supervisor of the district.
    """
    if actor.user is None or not may_retry(actor):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
    again = {"dead_at": None, "attempts": 0, "not_before": at, "leased_until": None}
    done = Parcel.objects.dead().filter(pk__in=list(parcels)).update(**again)
    done += OutboxMessage.objects.filter(dead_at__isnull=False, pk__in=list(messages)).update(**again)
    log.info("%s dead letters put back by user %s", done, actor.user.pk)
    return done


def may_retry(actor: Actor) -> bool:
    """May this person look at dead letters and put them back?"""
    if actor.user is None:
        return False
    return any(
        grant.role == Role.ADMIN or grant.reach == Reach.DISTRICT
        for grant in viewer_of(actor.user).with_roles(Role.ADMIN, Role.SUPERVISOR)
    )
