"""The messages that Celery's beat sends to this room: each makes one call."""

import logging
import time

from celery import shared_task
from django.utils import timezone

from accounts.audit import sealing, verifying
from accounts.identity import tidying

log = logging.getLogger(__name__)

_LONG_ENOUGH = 25.0


@shared_task(name="accounts.seal_audit")
def seal_audit() -> int:
    """Seal what waits, for a bounded time. Rows go on being written whatever comes of it."""
    began, done = time.monotonic(), 0
    try:
        while (sealed := sealing.seal(at=timezone.now())) and time.monotonic() - began < _LONG_ENOUGH:
            done += sealed
    except sealing.HeadLost as lost:
        log.error("the audit log is not sealed any more: %s; docs/audit.md says what to do", lost)
    return done


# A year of a large district takes minutes.
@shared_task(name="accounts.verify_audit", time_limit=3600)
def verify_audit() -> int:
    """Look through the whole chain once, and keep what was found; how many faults."""
    at = timezone.now()
    report = verifying.verify(at=at)
    verifying.keep(report, at=at)
    for fault in report.faults:
        log.error("audit log: %s", fault.says)
    return len(report.faults)


@shared_task(name="accounts.tidy_sign_ins")
def tidy_sign_ins() -> int:
    """Take away what signing in has left behind; how many rows."""
    return sum(tidying.tidy(at=timezone.now()).values())
