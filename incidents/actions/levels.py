"""提级: a unit asks that its case moves up a level, and the answer."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch.edition import edition
from incidents import asking, cases, levels
from incidents.acceptance import open_lead
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Assignment, CaseRequest, Incident


@transaction.atomic(durable=True)
def request_raise(
    *,
    number: str,
    reason: str,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> CaseRequest:
    """提级: ask that the unit above takes the case, at the next level. Until that is agreed the clocks run
    on."""
    incident = cases.hold(number, actor=actor, action=Action.REQUEST_RAISE, at=at, seen_version=seen_version)
    lead = open_lead(incident)
    above = _unit_above(incident, lead)
    return asking.ask(
        incident,
        lead,
        CaseRequest.Kind.RAISE,
        reason=cases.store_text(reason, at=at, field="reason"),
        actor=actor,
        at=at,
        told={"proposed": above, "level": levels.level_above(incident.level)},
    )


@transaction.atomic(durable=True)
def decide_raise(
    *,
    number: str,
    agreed: bool,
    reason: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """The centre's answer. Agreed, the unit above has the case from now on, with clocks of its own."""
    incident = cases.hold(number, actor=actor, action=Action.DECIDE_RAISE, at=at, seen_version=seen_version)
    request = asking.waiting(incident, CaseRequest.Kind.RAISE)
    text = asking.answer(request, agreed=agreed, reason=reason, actor=actor, at=at)
    asking.tell_answer(incident, request, text=text, actor=actor, at=at)
    if agreed:
        _unit_above(incident, request.assignment)
        levels.raise_case(incident, why="request", actor=actor, at=at, told_at=at)
    else:
        cases.save(incident)
    return incident


def _unit_above(incident: Incident, lead: Assignment) -> str:
    """Who would have it; raises ActionRefused where it stays where it is."""
    if incident.status not in levels.RAISABLE:
        raise ActionRefused("wrong_state", _("Only a case that a unit has in hand can move up a level."))
    level = levels.level_above(incident.level)
    if not level:
        raise ActionRefused("no_level_above", _("The case is at the district's level already."))
    above = levels.unit_above(incident, lead, level, edition().units)
    if above in ("", lead.unit_id):
        raise ActionRefused("nobody_above", _("No other unit has this case at the next level."))
    return above
