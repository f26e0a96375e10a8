"""领取: who has a case on the desk in hand, so that two people do not decide it at once."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Incident
from incidents.models.incident import Status

# A claim that its holder forgot stops nobody for longer than this.
CLAIM_LASTS = timedelta(minutes=10)


def refuse_unless_at_desk(incident: Incident) -> None:
    """Somebody has decided it, or it was never before a person (ActionRefused)."""
    if incident.status != Status.TRIAGE:
        raise ActionRefused(
            "wrong_state",
            _("%(number)s is not on the desk any more: it is with %(unit)s.")
            % {"number": incident.number, "unit": incident.owner_unit},
        )


def refuse_if_claimed(incident: Incident, actor: Actor, at: datetime) -> None:
    """Somebody else has it in hand, and has not forgotten it (ActionRefused)."""
    held = incident.claimed_at is not None and at - incident.claimed_at < CLAIM_LASTS
    if held and incident.claimed_by_id != (actor.user.pk if actor.user else None):
        raise ActionRefused(
            "claimed",
            _("%(name)s is dealing with %(number)s.")
            % {"name": incident.claimed_by, "number": incident.number},
        )
