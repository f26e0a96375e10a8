"""Pictures that come with a step: stored first, so that a refused form keeps them, then put on the case."""

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.roles import Action
from incidents import actions, policy
from incidents.actor import Actor
from incidents.attachments import store_picture
from incidents.errors import InvalidInput, StaleFacts
from incidents.models import Attachment
from incidents.pages.doing import Doing

PHOTOS_MAX = 6


def kept_photos(doing: Doing, stage: str) -> list[Attachment]:
    """The pictures of this POST, stored: new ones, and those that an earlier try brought. It was refused, or
    it died when they were on the case already, as of this stage.
    """
    usable = Q(incident=None) | Q(incident=doing.incident, stage=stage)
    photos = list(Attachment.objects.filter(usable, pk__in=doing.kept, uploaded_by=doing.user, report=None))
    sent = doing.request.FILES.getlist("photos")
    doing.kept[:] = [str(photo.pk) for photo in photos]
    if len(photos) + len(sent) > PHOTOS_MAX:
        raise InvalidInput("photos", "too_many", _("At most %(max)d photos.") % {"max": PHOTOS_MAX})
    for upload in sent:
        try:
            photos.append(store_picture(upload, at=doing.at, user=doing.user))
        except InvalidInput as error:
            raise InvalidInput("photos", error.code, str(error)) from error
        doing.kept.append(str(photos[-1].pk))
    return photos


def add_photos(doing: Doing, photos: list[Attachment], stage: str) -> int:
    """Put the pictures on the case; how many were not there yet."""
    actor = policy.acting_grant(doing.user, Action.NOTE, doing.incident)
    missing = [photo for photo in photos if photo.incident_id is None]
    for photo in missing:
        actions.add_photo(
            number=doing.incident.number,
            attachment=photo,
            stage=stage,
            actor=doing.actor if actor is None else Actor.person(doing.user, actor.unit.code),
            at=doing.at,
        )
    return len(missing)


def photos_first(doing: Doing, stage: str) -> None:
    """Put the pictures on the case before a step after which the person has nothing more to do on it.

    Each is a version of the case: what was seen is asked first, and is then theirs as well.
    """
    photos, seen = kept_photos(doing, stage), doing.given.get("seen_version")
    if seen is not None and seen != doing.incident.version:
        raise StaleFacts(doing.incident.number)
    added = add_photos(doing, photos, stage)
    if seen is not None:
        doing.given["seen_version"] = seen + added
    doing.kept.clear()
