"""A stored picture put on a locked case; the action that does it saves the case."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from incidents import timeline
from incidents.actor import Actor
from incidents.errors import InvalidInput
from incidents.models import Attachment, Incident


def put_on(
    incident: Incident,
    pictures: Iterable[Attachment],
    *,
    stage: str,
    actor: Actor,
    at: datetime,
    field: str = "attachment",
) -> None:
    """Each becomes the case's, as of before, after or check. Raises InvalidInput where one is taken."""
    for picture in pictures:
        # Asked of the row, not of what was read before: two forms may name the same picture.
        free = Attachment.objects.filter(pk=picture.pk, incident=None, report=None)
        if not free.update(incident=incident, stage=stage):
            raise InvalidInput(field, "used", _("This picture belongs to a case already."))
        picture.incident, picture.stage = incident, stage
        timeline.record(
            timeline.Kind.PHOTO_ADDED,
            incident_id=incident.pk,
            at=at,
            actor=actor,
            attachment=str(picture.pk),
            stage=stage,
        )
