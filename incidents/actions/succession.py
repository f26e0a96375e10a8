"""撤并交接: a case of a unit that is closed goes on with the one that succeeds it."""

from datetime import datetime

from django.db import transaction

from accounts.models import OrgUnit
from incidents import cases, succeeding
from incidents.actor import Actor


@transaction.atomic(durable=True)
def succeed(*, number: str, unit_code: str, to: str, actor: Actor, at: datetime) -> bool:
    """Let unit `to` go on with what the closed `unit_code` had to do with this case; was there anything?

    Clocks run on as they are. Done twice, the second time finds nothing. Raises ActionRefused.
    """
    incident = cases.hold(number, actor=actor, action=None, at=at)
    units = OrgUnit.objects.in_bulk([unit_code, to])
    if not succeeding.take_over(incident, unit=units[unit_code], to=units[to], actor=actor, at=at):
        return False
    cases.save(incident)
    return True
