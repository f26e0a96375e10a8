"""What a worker does after a unit was closed: its open cases go to its successor, a few at a time; those for
which nobody goes on, or nobody may, go to the desk.

What is left to do is what the database still says, so that a worker which died is followed by the next one,
and a case that came for the closed unit a moment later goes on as well. A case that cannot go is logged,
tried again after a while, and counted as left on the unit's page meanwhile.
"""

import logging
import time
from collections import Counter
from datetime import datetime
from typing import Final

from accounts.models import OrgUnit
from accounts.units.keeping import heir_of
from dispatch import conduct
from dispatch.edition import edition
from incidents import actions, succeeding
from incidents.actor import SYSTEM, Actor
from incidents.models.incident import Status

BATCH: Final = 20
_AGAIN_AFTER: Final = 300.0  # seconds

log = logging.getLogger(__name__)
# Of this worker: cases that failed, and when they are tried again.
_later: dict[str, float] = {}
# Complaints about conduct that this worker has read, as they were and while those units were merged.
_read: dict[int, tuple[int, int]] = {}


def waiting() -> dict[str, int]:
    """How many open cases each closed unit still has; only those that have any."""
    closed = _closed()
    return dict(Counter(code for code, _number in _left(closed))) if closed else {}


def step(*, at: datetime) -> int:
    """Hand some cases over; 0: there is nothing to do."""
    closed = _closed()
    if not closed:
        return 0
    now = time.monotonic()
    resting = {number for number, until in _later.items() if until > now}
    # Those that rest are few, or something is wrong with all.
    left = [(code, number) for code, number in _left(closed)[: BATCH + len(resting)] if number not in resting]
    for code, number in left[:BATCH]:
        unit, heir = closed[code]
        actor = Actor(user=unit.closed_by) if unit.closed_by else SYSTEM
        try:
            went = actions.succeed(
                number=number,
                unit_code=code,
                to=heir.pk if heir is not None else None,
                why=unit.closed_why,
                actor=actor,
                at=at,
            )
            if went:
                _later.pop(number, None)
            else:  # another worker's, or nothing that can go: never the same one again at once
                _later[number] = now + _AGAIN_AFTER
        except Exception:  # one case must not stop those behind it
            log.exception("case %s could not go on from %s", number, code)
            _later[number] = now + _AGAIN_AFTER
    return len(left[:BATCH]) or _take_from_their_own(at=at)


def _left(closed: dict[str, tuple[OrgUnit, OrgUnit | None]]) -> "succeeding.Left":
    heirless = [code for code, (_unit, heir) in closed.items() if heir is None]
    return succeeding.left_with(list(closed), heirless=heirless)


def _take_from_their_own(*, at: datetime) -> int:
    """回避: a complaint about a unit that was merged into the one that looks into it goes to the desk; into
    one that supports or is to check it: its part ends."""
    heirs = edition().units.heirs
    if not heirs:
        return 0
    units = edition().units
    trees = {units.paths.get(heir, heir) for heir in heirs.values()}
    tops = tuple(f"{path}>" for path in trees)
    inside = [code for code, path in units.paths.items() if f"{path}>".startswith(tops)]
    found = succeeding.cases_of(*inside).filter(category=conduct.CATEGORY).exclude(status=Status.TRIAGE)
    merged, now = hash(frozenset(heirs.items())), time.monotonic()
    done = 0
    for case in found:
        if _read.get(case.pk) == (case.version, merged) or _later.get(case.number, now) > now:
            continue
        if done == BATCH:
            break
        try:
            done += actions.take_from_its_own(number=case.number, actor=SYSTEM, at=at)
        except Exception:  # nor must this one
            log.exception("case %s could not be taken from those it is about", case.number)
            _later[case.number] = now + _AGAIN_AFTER
        else:
            _read[case.pk] = (case.version, merged)
    return done


def _closed() -> dict[str, tuple[OrgUnit, OrgUnit | None]]:
    """Every closed unit, and who goes on for it."""
    units = OrgUnit.objects.filter(is_open=False).select_related("closed_by", "successor").order_by("pk")
    return {unit.pk: (unit, heir_of(unit)) for unit in units}
