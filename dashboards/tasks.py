"""What beat asks of the boards: fold what waits, and once a night prove the cells right."""

import logging

from celery import shared_task
from django.utils import timezone

from dashboards import rollups
from dashboards.models import Check
from incidents import sweeps
from incidents.models import Outcome

log = logging.getLogger(__name__)

# Batches in one run: what is left waits for the next beat, and is read one by one meanwhile.
ROUNDS = 20


@shared_task(name="dashboards.fold")
def fold() -> int:
    """Fold waiting facts until none is left, or for a bounded number of batches."""
    total = 0
    for _round in range(ROUNDS):
        folded = rollups.fold()
        total += folded
        if folded < rollups.BATCH:
            break
    sweeps.beat("fold", done=total)
    return total


# It reads every fact and every case: minutes, once there are millions.
@shared_task(name="dashboards.verify", time_limit=3600)
def verify() -> int:
    """Compare the cells with the facts, and the facts with the cases; how many differences."""
    return check()


def check() -> int:
    """Compare, log every difference, and keep the result for the boards to show."""
    found = list(rollups.differences())
    for difference in found:
        log.error("rollups: %s", difference)
    Check.objects.create(ran_at=timezone.now(), facts=Outcome.objects.count(), differences=len(found))
    return len(found)
