"""A case that leaves its unit ends the open mediation, and the next unit opens its own.

Imported where sendings end, so it asks nothing of a case that is no dispute.
"""

from datetime import datetime

from incidents import timeline
from incidents.actor import SYSTEM
from incidents.mediating import is_dispute
from incidents.models import Incident, MediationFile


def overtake(incident: Incident, *, at: datetime) -> None:
    """End the open file of this locked case, if it has one."""
    if not is_dispute(incident):
        return
    file = incident.mediation_files.select_for_update(no_key=True).filter(state="open").first()
    if file is None:
        return
    file.state, file.ended_at = MediationFile.State.OVERTAKEN, at
    file.version += 1
    file.save(update_fields=["state", "ended_at", "version"])
    timeline.record(
        timeline.Kind.MEDIATION_ENDED,
        incident_id=incident.pk,
        at=at,
        actor=SYSTEM,
        file=file.pk,
        state=file.state,
        sort=file.kind,
    )
