"""Sending what the outbox holds: at least once, in order for each receiver and case.

A claim sets a lease and commits; the message is sent with no transaction open; a second transaction
marks it. A failing one backs off and stays visible; one that never goes through is kept as dead.
"""

import logging
from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from incidents.models import OutboxMessage

log = logging.getLogger("outbox")

LEASE = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = 12
BATCH = 100


class Transport(Protocol):
    """Anything that can carry a message; raises when it could not."""

    def send(self, message: OutboxMessage) -> None: ...


class ConsoleTransport:
    """The console twin: says what would have been sent, by codes and ids alone."""

    def send(self, message: OutboxMessage) -> None:
        log.info("to %s: %s %s", message.receiver, message.kind, message.key)


def deliver(*, at: datetime, transport: Transport, limit: int = BATCH) -> int:
    """Send up to `limit` waiting messages; answers how many were tried."""
    claimed = _claim(at=at, limit=limit)
    for message in claimed:
        try:
            transport.send(message)
        except Exception as error:  # a transport's fault is that message's alone
            _failed(message, error, at=at)
        else:
            _own(message).update(sent_at=at, leased_until=None, last_error="")
    return len(claimed)


def _claim(*, at: datetime, limit: int) -> list[OutboxMessage]:
    now = timezone.now()  # leases are about this machine's processes, not about the district's day
    waiting = Q(sent_at__isnull=True, dead_at__isnull=True)
    earlier = OutboxMessage.objects.filter(
        waiting, receiver=OuterRef("receiver"), incident=OuterRef("incident"), pk__lt=OuterRef("pk")
    )
    with transaction.atomic(durable=True):
        claimed = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(waiting, Q(leased_until__isnull=True) | Q(leased_until__lt=now), not_before__lte=at)
            .filter(~Exists(earlier))
            .order_by("not_before", "pk")[:limit]
        )
        for message in claimed:
            message.leased_until = now + LEASE
        OutboxMessage.objects.filter(pk__in=[message.pk for message in claimed]).update(
            leased_until=now + LEASE
        )
    return claimed


def _own(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    """The message, while this process still holds the lease it took: who was too slow marks nothing."""
    return OutboxMessage.objects.filter(
        pk=message.pk, leased_until=message.leased_until, sent_at__isnull=True
    )


def _failed(message: OutboxMessage, error: Exception, *, at: datetime) -> None:
    attempts = message.attempts + 1
    dead = attempts >= GIVE_UP_AFTER
    _own(message).update(
        attempts=attempts,
        leased_until=None,
        not_before=at + min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_RETRY),
        last_error=f"{type(error).__name__}: {error}"[:200],
        dead_at=at if dead else None,
    )
    log.warning("message %s failed the %sth time: %s", message.key, attempts, error)
