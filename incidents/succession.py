"""What a worker does after a unit was closed: its open cases go to its successor, a few at a time.

What is left to do is what the database still says, so that a worker which died is followed by the next one,
and a case that came for the closed unit a moment later goes on as well. A case that cannot go is logged,
tried again after a while, and counted as left on the unit's page meanwhile.
"""

import logging
import time
from datetime import datetime
from typing import Final

from accounts.models import OrgUnit
from accounts.units.keeping import heir_of
from incidents import actions, succeeding
from incidents.actor import SYSTEM

BATCH: Final = 20
_AGAIN_AFTER: Final = 300.0  # seconds

log = logging.getLogger(__name__)
# Of this worker: cases that failed, and when they are tried again.
_later: dict[str, float] = {}


def waiting() -> dict[str, int]:
    """How many open cases each closed unit with a successor still has; only those that have any."""
    found = {unit.pk: succeeding.cases_of(unit.pk).count() for unit in _closed()}
    return {code: count for code, count in found.items() if count}


def step(*, at: datetime) -> int:
    """Hand some cases over; 0: there is nothing to do."""
    for unit in _closed():
        heir = heir_of(unit)
        if heir is None:
            continue
        now = time.monotonic()
        resting = [number for number, until in _later.items() if until > now]
        numbers = succeeding.cases_of(unit.pk).exclude(number__in=resting).values_list("number", flat=True)
        done = 0
        for number in numbers[:BATCH]:
            done += 1
            try:
                went = actions.succeed(number=number, unit_code=unit.pk, to=heir.pk, actor=SYSTEM, at=at)
                if went:
                    _later.pop(number, None)
                else:  # another worker's, or nothing that can go: never the same one again at once
                    _later[number] = now + _AGAIN_AFTER
            except Exception:  # one case must not stop those behind it
                log.exception("case %s could not go from %s to %s", number, unit.pk, heir.pk)
                _later[number] = now + _AGAIN_AFTER
        if done:
            return done
    return 0


def _closed() -> list[OrgUnit]:
    return list(OrgUnit.objects.filter(is_open=False, successor__isnull=False).order_by("pk"))
