"""指派 / 转办: into whose hands a case goes, inside the unit that has it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import assigning, cases, outbox, timeline
from incidents.acceptance import open_lead
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.models.incident import Status

ASSIGNABLE = frozenset({Status.DISPATCHED, Status.HANDLING, Status.PARKED, Status.SUSPENDED})


@transaction.atomic(durable=True)
def assign(
    *, number: str, to: str, text: str = "", actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """Put the case into the hands of a person of its unit, or back to all of them where `to` is empty.

    `to` is a user name. The unit stays owner and no clock notices: who works on it is the unit's own
    business, and accepting is still to be done where it was.
    """
    incident = cases.hold(number, actor=actor, action=Action.ASSIGN, at=at, seen_version=seen_version)
    if incident.status not in ASSIGNABLE:
        raise ActionRefused("wrong_state", _("Only a case that a unit has to handle can be handed on."))
    lead = open_lead(incident)
    person = assigning.hands_of(lead.unit).filter(username=to).first() if to else None
    if to and person is None:
        raise InvalidInput("to", "unknown", _("Nobody who handles this unit's cases is called that."))
    if incident.handler_id == (person.pk if person else None):
        raise InvalidInput("to", "same", _("The case is there already."))
    kept = cases.store_optional_text(text, at=at)
    incident.handler = person
    cases.save(incident)
    timeline.record(
        timeline.Kind.ASSIGNED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        unit=lead.unit_id,
        person=person.pk if person else None,
        text=kept.pk if kept else None,
    )
    if person is not None and person != actor.user:
        outbox.tell(
            "case.assigned",
            incident_id=incident.pk,
            receiver=f"user:{person.pk}",
            key=f"case.assigned:{incident.pk}:{incident.version}",
            at=at,
            urgency=incident.urgency,
        )
    return incident
