"""Opening a case again: what was counted for the end that did not stand is taken back.

Shared by the centre's reopening, a resident's objection, a failed check and upstream's word; the caller
holds the case's lock and saves it.
"""

from datetime import datetime

from dispatch.deadlines import Limit
from incidents import late, outcomes, sending, state, timers
from incidents.calling import queue
from incidents.field import spot
from incidents.models import Assignment, Incident, Outcome, Timer
from incidents.models.incident import Status
from incidents.outside import outside_ahead


def open_again(incident: Incident, *, to_desk: bool, at: datetime) -> None:
    """Back to the unit that had it, as rework, or before a person where no sending stands any more."""
    last = incident.assignments.filter(role=Assignment.Role.LEAD).last()
    spot.leave(incident)
    if to_desk or last is None or not _stands(last):
        _forget_the_end(incident, at=at)
        outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
        incident.made_safe_at = None  # nobody knows what it looks like there now
        sending.back_to_desk(incident, "reopened", at=at)
        return
    back_to_handling(incident, last, at=at)
    last.ended_at, last.end_reason = None, ""
    last.save(update_fields=["ended_at", "end_reason"])
    # Weeks may have passed: rework gets a limit of its own, while its duration counts from the sending.
    timers.start(
        incident,
        Timer.Kind.HANDLING,
        Limit.parse(last.handle_limit),
        at=at,
        assignment=last,
        unit_code=last.unit_id,
        no_later_than=outside_ahead(incident, at=at),
    )


def _stands(last: Assignment) -> bool:
    """Did the case end in this sending? One that was taken back (returned, or reopened before) is nobody's to
    do again. The ledger does not say: of a part its sendings may be counted with its root."""
    ended_at_unit = last.end_reason in (Assignment.End.CLOSED, Assignment.End.WITHDRAWN)
    return last.ended_at is None or (ended_at_unit and last.ended_at == last.incident.closed_at)


def back_to_handling(incident: Incident, lead: Assignment, *, at: datetime) -> None:
    """The resolution of `lead` did not stand. The caller starts or resumes the handling clock."""
    _forget_the_end(incident, at=at)
    state.transition(incident, Status.HANDLING)
    lead.resolved_at = lead.resolved_by = None
    lead.outcome = ""
    lead.save(update_fields=["resolved_at", "resolved_by", "outcome"])


def _forget_the_end(incident: Incident, *, at: datetime) -> None:
    """Rework is what had been handled; a case that was rejected, answered or withdrawn was not."""
    spot.leave(incident)
    if _was_handled(incident):
        incident.rework_count += 1
        outcomes.append(Outcome.Kind.REWORKED, incident, at=at)
    outcomes.take_back(incident, Outcome.Kind.HANDLED, Outcome.Kind.CLOSED)
    outcomes.take_back_met_due(incident)
    timers.stop(incident, [Timer.Kind.CALLBACK], at=at, reason="reopened")
    queue.lapse(incident, at=at)
    late.lapse(incident, at=at)
    incident.resolved_at = incident.closed_at = None
    incident.outcome = ""
    incident.handling_run += 1


def _was_handled(incident: Incident) -> bool:
    """Did its unit resolve it? What the desk answered was resolved too, but by nobody whose work it was."""
    leads = incident.assignments.filter(role=Assignment.Role.LEAD)
    return incident.resolved_at is not None and leads.filter(resolved_at=incident.resolved_at).exists()
