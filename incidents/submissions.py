"""Keys of submitted forms: who works on one, what was answered first, and when it may be forgotten.

Times are the machine's own (a lease measures a process, not the district's day) and come in as `at`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import User
from incidents.models import Submission

LEASE = timedelta(seconds=90)  # longer than any request may take
KEPT = timedelta(days=30)


@transaction.atomic
def claim(user: User, key: UUID, *, path: str, at: datetime) -> Submission | None:
    """Hold the key: its row, ours to answer or answered already; None while another request works on it."""
    Submission.objects.get_or_create(user=user, key=key, defaults={"path": path[:300], "begun_at": at})
    row = Submission.objects.select_for_update().get(user=user, key=key)
    if row.answered_at is None:
        if row.leased_until is not None and row.leased_until > at:
            return None
        row.leased_until = at + LEASE
        row.save(update_fields=["leased_until"])
    return row


def release(held: Submission) -> None:
    """Nothing came of it: the same key may try again at once."""
    Submission.objects.filter(pk=held.pk, answered_at__isnull=True).update(leased_until=None)


def keep(held: Submission, *, url: str, words: Sequence[str] = (), at: datetime) -> None:
    """Keep the answer for whoever sends the same form again."""
    Submission.objects.filter(pk=held.pk).update(
        answered_at=at, leased_until=None, url=url[:500], words=list(words)
    )


def forget(*, at: datetime, limit: int = 500) -> int:
    """Remove up to `limit` answers that no phone can be waiting for any more; how many went."""
    old = Submission.objects.filter(begun_at__lt=at - KEPT).order_by("begun_at")
    gone, _by_model = Submission.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:limit])
    ).delete()
    return gone
