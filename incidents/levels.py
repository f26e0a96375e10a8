"""分级: a case starts at its item's level, and moves up on a breach or a return."""

from datetime import datetime

from dispatch.vocabulary import Level
from incidents import timeline
from incidents.actor import SYSTEM, Actor
from incidents.models import Incident, Timer

_ORDER = list(Level.values)


def move_up(incident: Incident, *, why: str, actor: Actor, at: datetime) -> bool:
    """Move a locked case up a level, from block towards district; the caller saves it.

    Answers whether there was a level above.
    """
    if incident.level not in _ORDER[:-1]:
        return False
    before, incident.level = incident.level, _ORDER[_ORDER.index(incident.level) + 1]
    timeline.record(
        timeline.Kind.LEVEL_RAISED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        before=before,
        after=incident.level,
        why=why,
    )
    return True


def level_up(incident: Incident, *, timer: Timer, actor: Actor = SYSTEM) -> None:
    """The handling limit has passed: the case moves up as of then. A clock that was stopped since
    (resolved, returned) has moved nothing."""
    if timer.stopped_at is None and move_up(incident, why="breach", actor=actor, at=timer.due_at):
        incident.version += 1
        incident.save()
