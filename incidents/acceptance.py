"""Accepting a sending: in words, or by silence past the limit."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents import outcomes, state, timeline, timers
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Assignment, CaseRequest, Incident, Outcome, Timer
from incidents.models.incident import Status


def lead_of(incident: Incident) -> Assignment | None:
    """The sending that stands; None where the case is with nobody."""
    return (
        incident.assignments.filter(role=Assignment.Role.LEAD, ended_at__isnull=True)
        .select_related("unit", "decision")
        .first()
    )


def open_lead(incident: Incident) -> Assignment:
    """The sending that stands; raises ActionRefused where the case is with nobody."""
    lead = lead_of(incident)
    if lead is None:
        raise ActionRefused("not_assigned", _("This case is not with any unit."))
    return lead


def accept_lead(
    incident: Incident, lead: Assignment, *, actor: Actor, at: datetime, how: str, by: User | None = None
) -> None:
    """Write an acceptance on a locked case: state, assignment, clocks, timeline. The case is saved.

    `by` takes the case on; the actor may be somebody else, who was told so on the telephone.
    """
    state.transition(incident, Status.HANDLING)
    lead.accepted_at, lead.accepted_by, lead.acceptance = at, by, how
    lead.save(update_fields=["accepted_at", "accepted_by", "acceptance"])
    incident.accepted_at = at
    if by:
        incident.handler = by
    deemed = how == Assignment.Acceptance.DEEMED
    timers.stop(incident, [Timer.Kind.ACCEPTANCE], at=at, reason="deemed" if deemed else "met")
    # Who accepts does not also ask to give it back.
    if not deemed:
        lead.requests.filter(kind=CaseRequest.Kind.RETURN, answered_at__isnull=True).update(
            answered_at=at, answer=CaseRequest.Answer.LAPSED
        )
    timers.rule(incident)
    incident.version += 1
    incident.save()
    if how != Assignment.Acceptance.RULED:  # nobody was asked whether they take it
        outcomes.append(
            Outcome.Kind.ACCEPTED,
            incident,
            at=at,
            unit_code=lead.unit_id,
            on_time=not deemed,
            **outcomes.durations(lead.sent_at, at),
        )
    timeline.record(
        timeline.Kind.DEEMED_ACCEPTED if deemed else timeline.Kind.ACCEPTED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        assignment=lead.pk,
        unit=lead.unit_id,
        how=how,
    )


def deem_accepted(incident: Incident, *, timer: Timer, actor: Actor) -> None:
    """The acceptance limit of `timer` passed in silence: the unit is deemed to have accepted then.

    Where the case has moved on since the stage fired, nothing happens.
    """
    if incident.status != Status.DISPATCHED or timer.stopped_at is not None:
        return
    lead = open_lead(incident)
    if timer.assignment_id == lead.pk:
        accept_lead(incident, lead, actor=actor, at=timer.due_at, how=Assignment.Acceptance.DEEMED)
