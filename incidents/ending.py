"""Ending a sending: what was asked under it lapses with it. The caller holds the case's lock."""

from collections.abc import Iterable
from datetime import datetime

from incidents import late, pausing, timers
from incidents.acceptance import lead_of
from incidents.actor import SYSTEM
from incidents.mediation.ending import overtake
from incidents.models import Assignment, CaseRequest, Incident


def end_lead(incident: Incident, *, at: datetime, why: str) -> Assignment | None:
    """End the open sending, and let its unanswered requests lapse."""
    lead = lead_of(incident)
    if lead is not None:
        lead.ended_at, lead.end_reason = at, why
        lead.save(update_fields=["ended_at", "end_reason"])
        if why != Assignment.End.CLOSED:  # what was resolved stands, and may be countersigned yet
            late.lapse(incident, at=at)
        lead.requests.filter(answered_at__isnull=True).update(
            answered_at=at, answer=CaseRequest.Answer.LAPSED
        )
    overtake(incident, at=at)
    return lead


def take_away(
    incident: Incident, *, clocks: Iterable[str], why: Assignment.End, reason: str, at: datetime
) -> None:
    """End the sending of now because another unit goes on: with its pause, and these of its clocks."""
    end_lead(incident, at=at, why=why)
    pausing.abandon(incident, actor=SYSTEM, at=at)
    timers.stop(incident, clocks, at=at, reason=reason)
