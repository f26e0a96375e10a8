"""The history of signing in: one way to add a line, and what is read of it."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.identity.rows import FAILURES, SignInEvent
from accounts.identity.where import Where
from accounts.models import User

# A lock is told once in so long, however often somebody knocks while it is shut.
_TOLD_AGAIN = timedelta(minutes=10)


def tell(
    *,
    user: User,
    kind: SignInEvent.Kind,
    at: datetime,
    where: Where,
    factor: str = "",
    ending: str = "",
    actor: User | None = None,
    reason: str = "",
) -> SignInEvent:
    """Add a line. `actor`: who did it, where that is somebody else."""
    return SignInEvent.objects.create(
        user=user,
        kind=kind,
        at=at,
        factor=factor,
        ending=ending,
        address=where.address,
        device=where.device,
        actor=actor,
        reason=reason,
    )


def tell_once(*, user: User, kind: SignInEvent.Kind, at: datetime, where: Where) -> None:
    """Add a line unless the same was said of this address a little while ago."""
    said = SignInEvent.objects.filter(
        user=user, kind=kind, address=where.address, at__gt=at - _TOLD_AGAIN
    ).exists()
    if not said:
        tell(user=user, kind=kind, at=at, where=where)


def failures_since_last(user: User) -> int:
    """How often somebody was not let in as this person since they last came in; counted to 99."""
    last = SignInEvent.objects.filter(user=user, kind=SignInEvent.Kind.SIGNED_IN).order_by("-pk").first()
    failed = SignInEvent.objects.filter(user=user, kind__in=FAILURES)
    if last is not None:
        failed = failed.filter(pk__gt=last.pk)
    return failed[:99].count()


def linked_by_another(user: User) -> SignInEvent | None:
    """That an administrator has linked this person with somebody at the provider since they last came in."""
    events = SignInEvent.objects.filter(user=user)
    last = events.filter(kind=SignInEvent.Kind.SIGNED_IN).order_by("-pk").values_list("pk", flat=True).first()
    linked = events.filter(kind=SignInEvent.Kind.LINKED, actor__isnull=False, pk__gt=last or 0)
    return linked.select_related("actor").order_by("-pk").first()


def of_person(user: User) -> QuerySet[SignInEvent]:
    """Newest first."""
    return SignInEvent.objects.filter(user=user).select_related("actor").order_by("-pk")
