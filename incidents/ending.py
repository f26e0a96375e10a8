"""Ending a sending: what was asked under it lapses with it. The caller holds the case's lock."""

from datetime import datetime

from incidents import late
from incidents.models import Assignment, CaseRequest, Incident


def end_lead(incident: Incident, *, at: datetime, why: str) -> Assignment | None:
    """End the open sending, and let its unanswered requests lapse."""
    lead = (
        incident.assignments.filter(role=Assignment.Role.LEAD, ended_at__isnull=True)
        .select_related("unit", "decision")
        .first()
    )
    if lead is not None:
        lead.ended_at, lead.end_reason = at, why
        lead.save(update_fields=["ended_at", "end_reason"])
        if why != Assignment.End.CLOSED:  # what was resolved stands, and may be countersigned yet
            late.lapse(incident, at=at)
        lead.requests.filter(answered_at__isnull=True).update(
            answered_at=at, answer=CaseRequest.Answer.LAPSED
        )
    return lead
