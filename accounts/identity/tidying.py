"""What signing in leaves behind and nobody needs any more, taken away a little every night.

The history of signing in is no part of it: the database holds it for half a year and more (SignInEvent).
"""

from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Model, QuerySet

from accounts.identity.rows import StaffSession
from accounts.identity.sessions import KEPT
from accounts.models import OldToken

# Logs are kept for six months at least (等保); what of them is django-axes' own goes then.
LOGS_KEPT = timedelta(days=183)
BATCH, BATCHES_MOST = 2_000, 50


def tidy(*, at: datetime) -> dict[str, int]:
    """Take away what is over, by table; how many rows of each. In batches, each its own transaction, and no
    more than a hundred thousand of a table: the next night goes on."""
    over: dict[str, QuerySet[Model]] = {
        "sessions": Session.objects.filter(expire_date__lte=at),
        "sign_ins": StaffSession.objects.filter(ends_at__lt=at - KEPT),
        "old_tokens": OldToken.objects.filter(good_until__lt=at - LOGS_KEPT),
        "attempts": AccessAttempt.objects.filter(attempt_time__lt=at - LOGS_KEPT),
        "accesses": AccessLog.objects.filter(attempt_time__lt=at - LOGS_KEPT),
        "failures": AccessFailureLog.objects.filter(attempt_time__lt=at - LOGS_KEPT),
    }
    return {name: _taken(rows) for name, rows in over.items()}


def _taken(rows: QuerySet[Model]) -> int:
    taken = 0
    for _batch in range(BATCHES_MOST):
        chosen = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        # Asked again: somebody may have come back in between.
        taken += rows.filter(pk__in=chosen).delete()[0]
        if len(chosen) < BATCH:
            break
    return taken
