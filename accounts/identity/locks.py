"""Names that are locked after too many wrong passwords, as django-axes counts them; and their unlocking."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts.identity import history
from accounts.identity.rows import SecondFactor, SignInEvent
from accounts.identity.where import Where
from accounts.models import User


def locked_until(username: str, at: datetime, *, address: str | None = None) -> datetime | None:
    """Until when this name is locked, at this address or (without one) at the one where it lasts longest."""
    attempts = AccessAttempt.objects.filter(
        username=username, attempt_time__gt=at - settings.AXES_COOLOFF_TIME
    )
    if address is not None:
        attempts = attempts.filter(ip_address=address)
    counted: dict[str | None, int] = {}
    last: dict[str | None, datetime] = {}
    for attempt in attempts:
        where = attempt.ip_address
        counted[where] = counted.get(where, 0) + attempt.failures_since_start
        last[where] = max(last.get(where, attempt.attempt_time), attempt.attempt_time)
    shut = [last[where] for where, count in counted.items() if count >= settings.AXES_FAILURE_LIMIT]
    cool_off: timedelta = settings.AXES_COOLOFF_TIME
    return max(shut) + cool_off if shut else None


def locked_names(at: datetime) -> set[str]:
    """Names of which somebody is shut out somewhere. One query, however many names somebody tries."""
    shut = (
        AccessAttempt.objects.filter(attempt_time__gt=at - settings.AXES_COOLOFF_TIME)
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"))
        .filter(failures__gte=settings.AXES_FAILURE_LIMIT)
        .order_by()
    )
    return {row["username"] for row in shut if row["username"]}


@transaction.atomic(durable=True)
def unlock(*, user: User, actor: User, at: datetime, where: Where) -> bool:
    """Let this person try again at once, password and code; was anything shut?"""
    forgotten, _by_model = AccessAttempt.objects.filter(username=user.get_username()).delete()
    # Four wrong codes too, that shut nothing yet: the next one would, and the doubling starts anew.
    opened = SecondFactor.objects.filter(user=user, failures__gt=0).update(closed_until=None, failures=0)
    if not forgotten and not opened:
        return False
    history.tell(user=user, kind=SignInEvent.Kind.UNLOCKED, at=at, where=where, actor=actor)
    return True
