"""Taking a scan out: it names people, so each time is on the timeline like a look at a name."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Document


@transaction.atomic(durable=True)
def open_document(*, number: str, document: UUID, actor: Actor, at: datetime) -> Document:
    """A scan of a report that this case answers. Raises ActionRefused where there is none such."""
    incident = cases.hold(number, actor=actor, action=Action.UNMASK, at=at)
    found = (
        Document.objects.filter(
            pk=document, report__links__incident=incident, report__links__unlinked_at__isnull=True
        )
        .select_related("report")
        .first()
    )
    if found is None:
        raise ActionRefused("not_found", _("There is no such document."))
    timeline.record(
        timeline.Kind.UNMASKED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        report=found.report_id,
        document=str(found.pk),
    )
    return found
