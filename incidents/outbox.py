"""Putting a message beside the fact that causes it; delivery.py sends it later."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from incidents.models import OutboxMessage
from incidents.models.making import made


def message(
    kind: str, *, incident_id: int | None, receiver: str, key: str, at: datetime, **data: Any
) -> OutboxMessage:
    """An unsaved message. The key names the fact, so that telling it twice is telling it once.

    What is about no single case says in `data` which `number` it goes by, and how urgent it is.
    """
    return made(
        OutboxMessage,
        key=key,
        incident_id=incident_id,
        kind=kind,
        receiver=receiver,
        data=data,
        created_at=at,
        not_before=at,
    )


def tell(kind: str, *, incident_id: int | None, receiver: str, key: str, at: datetime, **data: Any) -> None:
    """Queue one message in the caller's transaction; the same key again is the same message."""
    OutboxMessage.objects.bulk_create(
        [message(kind, incident_id=incident_id, receiver=receiver, key=key, at=at, **data)],
        ignore_conflicts=True,
    )


def unsay(messages: QuerySet[OutboxMessage]) -> bool:
    """Drop messages that nobody has begun to spread, in the caller's transaction; were these all of them?"""
    waiting = messages.filter(sent_at__isnull=True, dead_at__isnull=True)
    held = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True))
    if len(held) < messages.count() or not held:
        return False
    OutboxMessage.objects.filter(pk__in=held).delete()
    return True
