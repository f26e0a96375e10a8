"""结案: the end of a case that was dealt with. The caller holds the case's lock."""

from datetime import datetime

from incidents import cases, outcomes, state, timeline
from incidents.actor import Actor
from incidents.calling import queue
from incidents.models import Assignment, Incident, Outcome
from incidents.models.incident import ResolutionOutcome, Status


def close(incident: Incident, *, actor: Actor, at: datetime, text_id: int | None = None) -> None:
    """Close a resolved case, count it, queue the call to its reporters and tell them; saves it."""
    state.transition(incident, Status.CLOSED)
    incident.closed_at = at
    incident.upstream_since = None
    cases.end_lead(incident, at=at, why=Assignment.End.CLOSED)
    cases.finish(incident, at=at)
    cases.save(incident)
    timeline.record(timeline.Kind.CLOSED, incident_id=incident.pk, at=at, actor=actor, text=text_id)
    outcomes.append(Outcome.Kind.CLOSED, incident, at=at, **outcomes.durations(incident.received_at, at))
    if incident.outcome != ResolutionOutcome.ANSWERED:  # nobody rings about a word that was given at once
        queue.start(incident, at=at)
    cases.tell_reporters(incident, "report.closed", at=at)
