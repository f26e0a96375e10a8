"""The case's states and the only function that moves between them."""

from django.utils.translation import gettext_lazy as _

from incidents import outcomes
from incidents.errors import ActionRefused
from incidents.models.incident import Incident, Status

# From each state, where a case may go. Every pair is tested.
EDGES: dict[str, frozenset[str]] = {
    # Straight to resolved: answered on the spot, and the source has still to accept it.
    Status.TRIAGE: frozenset(
        {Status.DISPATCHED, Status.RESOLVED, Status.CLOSED, Status.REJECTED, Status.MERGED}
    ),
    Status.DISPATCHED: frozenset(
        {Status.HANDLING, Status.TRIAGE, Status.CLOSED, Status.MERGED, Status.SUSPENDED}
    ),
    Status.HANDLING: frozenset(
        {
            Status.RESOLVED,
            Status.PARKED,
            Status.SUSPENDED,
            Status.TRIAGE,
            Status.DISPATCHED,
            Status.CLOSED,
            Status.MERGED,
        }
    ),
    Status.RESOLVED: frozenset({Status.CLOSED, Status.HANDLING, Status.TRIAGE}),
    Status.PARKED: frozenset({Status.HANDLING, Status.RESOLVED, Status.CLOSED}),
    Status.SUSPENDED: frozenset({Status.HANDLING, Status.DISPATCHED, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.HANDLING, Status.TRIAGE}),
    Status.REJECTED: frozenset({Status.TRIAGE}),
    Status.MERGED: frozenset({Status.TRIAGE}),
}


def transition(incident: Incident, to: Status) -> None:
    """Move a locked case to another state; the caller saves it with the rest of the action.

    Raises ActionRefused where the state machine has no such edge.
    """
    if to not in EDGES[incident.status]:
        raise ActionRefused(
            "wrong_state",
            _("%(number)s is “%(now)s”, so it cannot become “%(to)s”.")
            % {
                "number": incident.number,
                "now": incident.get_status_display(),
                "to": Status(to).label,
            },
        )
    before, incident.status = incident.status, to
    incident.forgotten_at = None  # whatever is said from now on is kept for its own time
    if incident.pk and outcomes.progress(before) != outcomes.progress(to):
        outcomes.follow_due(incident)
