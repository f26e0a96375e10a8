"""The pictures of a patrol's form: those that travelled ahead, and those that came with it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from incidents import actions
from incidents.actor import Actor
from incidents.attachments import store_picture
from incidents.errors import InvalidInput
from incidents.models import Attachment, Incident

PHOTOS_MAX = 4


def taken_in(
    request: HttpRequest,
    *,
    user: User,
    at: datetime,
    name: str = "photos",
    kept: str = "kept",
    on: Incident | None = None,
    stage: str = "",
) -> tuple[list[Attachment], list[str]]:
    """The pictures of the file field `name`, stored; and what was wrong with others, a sentence each.

    A refused form shows them again under the field `kept`, so that nobody sends one twice. One that an
    earlier try of the form has put `on` the case, as of this `stage`, counts too: it may have died there.
    """
    ids = []
    for given in request.POST.getlist(kept)[:PHOTOS_MAX]:
        try:
            ids.append(UUID(given))
        except ValueError:
            continue
    usable = Q(incident=None)
    if on is not None:
        usable |= Q(incident=on, stage=stage)
    photos = list(Attachment.objects.filter(usable, pk__in=ids, uploaded_by=user, report=None))
    problems = []
    for upload in request.FILES.getlist(name):
        if len(photos) >= PHOTOS_MAX:
            problems.append(_("At most %(max)d photos.") % {"max": PHOTOS_MAX})
            break
        try:
            photos.append(store_picture(upload, at=at, user=user))
        except InvalidInput as error:
            problems.append(str(error))
    return photos, problems


def put_on(
    incident: Incident, photos: Sequence[Attachment], stage: str, *, actor: Actor, at: datetime
) -> None:
    """Put stored pictures on a case; those that an earlier try has put there stay as they are."""
    for photo in photos:
        if photo.incident_id == incident.pk:
            continue
        actions.add_photo(number=incident.number, attachment=photo, stage=stage, actor=actor, at=at)
