"""后续修复: the unit that was sent first reports that the danger is gone."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, follow_up, timeline
from incidents.acceptance import open_lead
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.models.incident import Status


@transaction.atomic(durable=True)
def make_safe(
    *,
    number: str,
    text: str,
    attested: bool = False,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """排险: the danger is gone. This sending ends, met in time or not; the repair is the owner's.

    Raises ActionRefused where the item names nobody for the repair, or it was made safe before.
    """
    incident = cases.hold(number, actor=actor, action=Action.MAKE_SAFE, at=at, seen_version=seen_version)
    if incident.status != Status.HANDLING:
        raise ActionRefused("wrong_state", _("The case has to be in hand for this."))
    lead = open_lead(incident)
    if not follow_up.wanted(lead):
        raise ActionRefused("no_follow_up", _("Nobody else repairs here: settle the case itself."))
    if not attested:
        raise InvalidInput("attested", "required", _("Confirm that nobody is in danger any more."))
    kept = cases.store_text(text, at=at)
    lead.resolution, lead.resolved_at, lead.resolved_by = kept, at, actor.user
    lead.save(update_fields=["resolution", "resolved_at", "resolved_by"])
    timeline.record(
        timeline.Kind.MADE_SAFE,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        unit=lead.unit_id,
        attested=True,
        text=kept.pk,
    )
    follow_up.hand_over(incident, lead, actor=actor, at=at)
    cases.save(incident)
    return incident
