"""Messages that cannot be read: kept with their beginning, and shown until somebody has looked."""

from datetime import datetime

from django.db import transaction

from accounts.models import ApiClient
from incidents.actor import Actor
from incidents.models import AlertSetAside
from incidents.sensing.notice import Malformed

BODY_MAX = 4_000
# A device that writes nonsense every second fills no disk: of what nobody looked at the newest are kept.
KEPT_MOST = 2_000


def set_aside(
    problems: list[tuple[Malformed, bytes]],
    *,
    client: ApiClient | None,
    channel: str,
    origin: str,
    at: datetime,
) -> int:
    """Keep what could not be read; how much it was."""
    AlertSetAside.objects.bulk_create(
        AlertSetAside(
            client=client,
            channel=channel,
            origin=origin.replace("\x00", "")[:300],
            reason=error.code[:40],
            detail=error.detail.replace("\x00", "")[:300],
            body=body[:BODY_MAX].decode("utf-8", errors="replace").replace("\x00", "\ufffd"),
            at=at,
        )
        for error, body in problems
    )
    return len(problems)


@transaction.atomic(durable=True)
def look_at(*, ids: list[int], actor: Actor, at: datetime) -> int:
    """Take messages off the list: somebody has seen them. How many they were."""
    return AlertSetAside.objects.filter(pk__in=ids, seen_at__isnull=True).update(
        seen_at=at, seen_by=actor.user
    )


def prune(*, before: datetime) -> int:
    """Remove what lies beyond the newest, and what is older (it may hold anything); how much went."""
    old = AlertSetAside.objects.filter(at__lt=before).order_by("pk").values_list("pk", flat=True)[:KEPT_MOST]
    if ids := list(old):
        return AlertSetAside.objects.filter(pk__in=ids).delete()[0]
    last = AlertSetAside.objects.order_by("-pk").values_list("pk", flat=True)[KEPT_MOST : KEPT_MOST + 1]
    for pk in last:
        gone, _by_model = AlertSetAside.objects.filter(pk__lte=pk).delete()
        return gone
    return 0
