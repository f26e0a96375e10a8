"""Pictures that residents send: taken in and shown to their sender, wherever the pages run."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponse

from incidents import attachments
from incidents.attachments import Upload
from incidents.models import Attachment
from incidents.outer import photos


def keep(upload: Upload, *, at: datetime) -> UUID:
    """Take a picture in that belongs to nothing yet; raises InvalidInput."""
    if settings.ZONE == "outer":
        return photos.keep(upload, at=at)
    return attachments.store_picture(upload, at=at).pk


def unsent(photo: UUID) -> HttpResponse | FileResponse | None:
    """One that is not sent yet, to whoever holds its id; None where there is none."""
    if settings.ZONE == "outer":
        body = photos.shown(photo)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
        return HttpResponse(body, content_type="image/jpeg", headers=headers) if body is not None else None
    found = Attachment.objects.filter(pk=photo, report=None, incident=None).first()
    return attachments.picture_response(found) if found is not None else None


def discard(those: Iterable[UUID]) -> None:
    """They were for something that did not come to be."""
    if settings.ZONE == "outer":
        photos.discard(those)
    else:
        attachments.discard(those)
