"""What a worker does after the map was changed: open cases in areas that are gone lie in those of today, a
few at a time. Without it a street under a new code would not see its own open cases.

Which cases is what the database still says; a case that cannot go is logged and tried again after a while.
"""

import logging
import time
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from grids import redrawn
from grids.models import Area
from incidents import actions
from incidents.models import Incident

BATCH: Final = 20
_AGAIN_AFTER: Final = 300.0  # seconds

log = logging.getLogger(__name__)
_later: dict[str, float] = {}
# The state of the map for which this worker has found nothing left: looked for again when that changes.
_settled: list[str] = []


def step(*, at: datetime) -> int:
    """Put some cases where the map has them; 0: there is nothing to do."""
    stamp = redrawn.stamp()
    if _settled == [stamp]:
        return 0
    now = time.monotonic()
    resting = {number for number, until in _later.items() if until > now}
    left = list(_left()[: BATCH + len(resting)])
    if not left:
        _settled[:] = [stamp]
        return 0
    done = [number for number in left if number not in resting][:BATCH]
    for number in done:
        _later[number] = now + _AGAIN_AFTER
        try:
            if actions.follow_map(number=number, at=at):
                del _later[number]
        except Exception:  # one case must not stop those behind it
            log.exception("case %s could not follow the map", number)
    return len(done)


def _left() -> "QuerySet[Incident, str]":
    gone = Area.objects.filter(retired_at__isnull=False).values("code")
    lies_there = Q(street_code__in=gone) | Q(community_code__in=gone) | Q(cell_code__in=gone)
    return Incident.objects.open().filter(lies_there).order_by("pk").values_list("number", flat=True)
