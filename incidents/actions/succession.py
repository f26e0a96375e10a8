"""撤并交接: a case of a unit that is closed goes on with the one that succeeds it, or before the desk."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import OrgUnit
from incidents import cases, conflicts, succeeding
from incidents.actor import Actor
from incidents.models.incident import Status


@transaction.atomic(durable=True)
def succeed(
    *, number: str, unit_code: str, to: str | None, why: str = "", actor: Actor, at: datetime
) -> bool:
    """Let unit `to` go on with what the closed `unit_code` had to do with this case; was there anything?

    Clocks run on as they are. Without `to`, and where the case is about it, a person decides who goes on.
    Done twice, the second time finds nothing. Raises ActionRefused.
    """
    incident = cases.hold(number, actor=actor, action=None, at=at)
    units = OrgUnit.objects.in_bulk([unit_code, *([to] if to else [])])
    if not incident.is_open or units[unit_code].is_open:
        return False  # somebody ended the case, or opened the unit again, since this was looked up
    heir = units[to] if to else None
    if not succeeding.take_over(incident, unit=units[unit_code], to=heir, actor=actor, at=at, why=why):
        return False
    cases.save(incident)
    return True


@transaction.atomic(durable=True)
def take_from_its_own(*, number: str, actor: Actor, at: datetime) -> bool:
    """回避: those whom a complaint is about were merged into the unit that looks into it: to the desk; or
    into one that supports or is to check it: that has nothing to do with it any more.
    Was it so? Raises ActionRefused."""
    incident = cases.hold(number, actor=actor, action=None, at=at)
    if not incident.is_open:
        return False
    about = conflicts.complained_of(incident)
    stays = incident.owner_unit_id == settings.TRIAGE_UNIT or incident.status == Status.RESOLVED
    if not stays and conflicts.is_of(incident.owner_unit_id, about):
        succeeding.before_desk(
            incident, "conflict_of_interest", actor=actor, at=at, why="", unit=incident.owner_unit
        )
    elif not succeeding.take_parts(incident, about, actor=actor, at=at):
        return False
    cases.save(incident)
    return True
