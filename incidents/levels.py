"""分级: a case starts at its item's level, and moves up one level on a breach, a return or a request.

Who has it then (`unit_above`), by the level that it comes up to:

* **B** the station of its community;
* **C** the street's operations sub-centre, which may move it inside its street, or else the street office.
  Not the street team of the item: where one had the case, it has just failed, or asked to be relieved;
* **D** the supervising unit of its item where that is a department of the district; else the desk of the
  district's operations centre, which decides.

A unit that stands there already, or above, keeps the case: only its level changes. So it does where the
place does not say which community or street it is. See docs/decisions/0013.
"""

from datetime import datetime

from django.conf import settings

from accounts.models import OrgUnit
from dispatch.edition import edition
from dispatch.units import UnitDirectory
from dispatch.vocabulary import Level
from incidents import cohandling, conflicts, ending, outbox, outcomes, sending, timeline, timers
from incidents.acceptance import lead_of
from incidents.actor import SYSTEM, Actor
from incidents.models import Assignment, Incident, Outcome, Timer
from incidents.models.incident import Status

_ORDER = list(Level.values)
_CENTRE = "/operations"
# Where a unit is with the work, and a unit above can take it over.
RAISABLE = frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED})
# The clocks that a unit loses with its case.
_TAKEN = (
    Timer.Kind.ACCEPTANCE,
    Timer.Kind.HANDLING,
    Timer.Kind.FIRST_CONTACT,
    Timer.Kind.PAUSE,
    Timer.Kind.SUPERVISION,
)


def level_above(level: str) -> str:
    """The next level up; empty where there is none."""
    return _ORDER[_ORDER.index(level) + 1] if level in _ORDER[:-1] else ""


def unit_above(incident: Incident, lead: Assignment, level: str, units: UnitDirectory) -> str:
    """The unit that has a case of `lead` once it has come up to `level`.

    The same unit where it stands there already; empty where the place does not tell. A complaint about the
    unit that would have it is before the district's desk instead.
    """
    code = _unit_above(incident, lead, level, units)
    if code not in ("", lead.unit_id) and conflicts.is_own(incident, code):
        return str(settings.TRIAGE_UNIT)
    return code


def _unit_above(incident: Incident, lead: Assignment, level: str, units: UnitDirectory) -> str:
    rank = _rank(lead.unit_id, units)
    if rank is not None and rank >= _ORDER.index(level):
        return lead.unit_id
    if level == Level.COMMUNITY:
        return units.communities.get(incident.community_code, "")
    if level == Level.STREET:
        office = units.streets.get(incident.street_code, "")
        return f"{office}{_CENTRE}" if f"{office}{_CENTRE}" in units.codes else office
    code = lead.supervising_unit
    if units.kinds.get(code) == OrgUnit.Kind.DEPARTMENT and code != settings.TRIAGE_UNIT:
        return code
    return str(settings.TRIAGE_UNIT)


def move_up(incident: Incident, *, why: str, actor: Actor, at: datetime) -> bool:
    """Move a locked case up a level, whoever has it next; the caller saves it.

    Answers whether there was a level above.
    """
    above = level_above(incident.level)
    if not above:
        return False
    before, incident.level = incident.level, above
    _tell(incident, before, why=why, actor=actor, at=at)
    return True


def level_up(incident: Incident, *, timer: Timer, actor: Actor = SYSTEM) -> None:
    """The handling limit has passed: the case moves up as of then, and the unit above has it.

    What the new unit has to do is counted from when the stage really fired, so that a sweep which was dead
    for days takes nothing from it. A clock that was stopped since (resolved, returned) has moved nothing.
    """
    if timer.stopped_at is not None or not level_above(incident.level):
        return
    fired = timers.firing(timer, "level_up")
    raise_case(incident, why="breach", actor=actor, at=timer.due_at, told_at=fired.fired_at)


def raise_case(
    incident: Incident,
    *,
    why: str,
    actor: Actor,
    at: datetime,
    told_at: datetime,
    text_id: int | None = None,
) -> Assignment | None:
    """Move a locked case up a level with a new assignment for the unit above; saves it.

    It happens as of `at`, and the new clocks start at `told_at`. Answers the new sending: none where only
    the level changes, or the case is before the desk.
    """
    lead = lead_of(incident)
    level = level_above(incident.level)
    code = unit_above(incident, lead, level, edition().units) if lead and incident.status in RAISABLE else ""
    before, incident.level = incident.level, level
    sent = None
    if lead is None or code in ("", lead.unit_id):
        _tell(incident, before, why=why, actor=actor, at=at, text=text_id)
    else:
        # As of `at`, also what is about to start again later: a sweep that was dead has missed nothing by it.
        ending.take_away(incident, clocks=_TAKEN, why=Assignment.End.RAISED, reason="raised", at=at)
        if code == settings.TRIAGE_UNIT:
            cohandling.dismiss_all(incident, why=Assignment.End.REDISPATCHED, at=at)
            outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
            sending.back_to_desk(incident, "raised", at=told_at)
            outbox.tell(
                "case.raised",
                incident_id=incident.pk,
                receiver=f"unit:{code}",
                key=f"case.raised.desk:{lead.pk}",
                at=told_at,
                level=level,
                why=why,
                urgency=incident.urgency,
            )
        else:
            cohandling.now_leads(incident, code, at=at)
            sent = sending.send_on(
                incident,
                lead,
                unit=OrgUnit.objects.get(code=code),
                level=level,
                handle_limit=lead.handle_limit,
                accept_minutes=lead.accept_minutes,
                notice="case.raised",
                actor=actor,
                at=told_at,
            )
        _tell(
            incident,
            before,
            why=why,
            actor=actor,
            at=at,
            text=text_id,
            unit=code,
            assignment=sent.pk if sent else None,
            **{"from": lead.unit_id},
        )
        outbox.tell(
            "case.relieved",
            incident_id=incident.pk,
            receiver=f"unit:{lead.unit_id}",
            key=f"case.relieved:{lead.pk}",
            at=told_at,
            level=level,
            why=why,
            urgency=incident.urgency,
        )
    incident.version += 1
    incident.save()
    return sent


def _rank(code: str, units: UnitDirectory) -> int | None:
    """The level at which a unit stands by itself; None for a contractor, and for teams, which work in
    blocks and communities as well."""
    kind = units.kinds.get(code)
    if kind == OrgUnit.Kind.STREET_TEAM:
        return _ORDER.index(Level.STREET) if code.endswith(_CENTRE) else None
    ranks: dict[str, int] = {
        OrgUnit.Kind.COMMUNITY_STATION: _ORDER.index(Level.COMMUNITY),
        OrgUnit.Kind.STREET_OFFICE: _ORDER.index(Level.STREET),
        OrgUnit.Kind.DEPARTMENT: _ORDER.index(Level.DISTRICT),
        OrgUnit.Kind.DISTRICT: _ORDER.index(Level.DISTRICT),
    }
    return ranks.get(kind or "")


def _tell(incident: Incident, before: str, *, why: str, actor: Actor, at: datetime, **told: object) -> None:
    timeline.record(
        timeline.Kind.LEVEL_RAISED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        before=before,
        after=incident.level,
        why=why,
        **{name: value for name, value in told.items() if value is not None},
    )
