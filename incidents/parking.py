"""挂账: a case that cannot be settled now rests until its date, and comes back to its unit by itself."""

from datetime import date, datetime, time, timedelta
from math import ceil

from dispatch.deadlines import Limit
from incidents import state, timeline, timers
from incidents.acceptance import open_lead
from incidents.actor import Actor
from incidents.models import Assignment, Incident, Timer
from incidents.models.incident import Status
from incidents.numbers import DISTRICT_ZONE
from incidents.outside import outside_ahead

_WAKES_AT = time(9)  # where the district is


def park(incident: Incident, lead: Assignment, *, until: date, at: datetime) -> None:
    """Rest a locked case until the morning of `until`, outside the on-time rates; the caller saves it."""
    state.transition(incident, Status.PARKED)
    incident.parked_until = until
    timers.stop(incident, [Timer.Kind.HANDLING], at=at, reason="parked")
    wakes_at = datetime.combine(until, _WAKES_AT, DISTRICT_ZONE)
    hours = Limit(max(1, ceil((wakes_at - at) / timedelta(hours=1))), "h")
    timers.start(
        incident,
        Timer.Kind.PARKED,
        hours,
        at=at,
        assignment=lead,
        no_later_than=wakes_at,
        unit_code=lead.unit_id,
    )
    timers.rule(incident)


def wake(incident: Incident, *, timer: Timer, actor: Actor) -> None:
    """The date has come: the unit has the case in hand again, with what its clock had left.

    Parking buys no time: an interim answer a minute before due leaves a minute. Where the case has moved
    on since, nothing happens.
    """
    if incident.status != Status.PARKED or timer.stopped_at is not None:
        return
    lead, at = open_lead(incident), timer.due_at
    state.transition(incident, Status.HANDLING)
    incident.parked_until = None
    timers.stop(incident, [Timer.Kind.PARKED], at=at, reason="met")
    timers.resume_rested(incident, Timer.Kind.HANDLING, at=at, no_later_than=outside_ahead(incident, at=at))
    timers.rule(incident)
    incident.version += 1
    incident.save()
    timeline.record(
        timeline.Kind.WOKEN, incident_id=incident.pk, at=at, actor=actor, unit=lead.unit_id, timer=timer.pk
    )
