"""A resident's pictures: sent ahead one by one, or with the form where there is no script."""

from uuid import UUID

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config import clock
from incidents.errors import InvalidInput
from incidents.pages.throttle import Throttle, address_of
from incidents.public import pictures
from incidents.public.filing import PHOTOS_MAX

UPLOADS = Throttle(limit=80, seconds=600)

_TOKENS = signing.Signer(salt="incidents.pages.resident.photo")


@require_POST
def upload_photo(request: HttpRequest) -> JsonResponse:
    """One picture, sent while the reporter is still writing; answers the token that the form sends."""
    address = address_of(request)
    upload = request.FILES.get("file")
    if UPLOADS.is_full(address):
        return JsonResponse({"error": _("Too many pictures at once. Wait a few minutes.")}, status=429)
    if upload is None:
        return JsonResponse({"error": _("No picture came along.")}, status=400)
    UPLOADS.count(address)
    try:
        stored = pictures.keep(upload, at=clock.now())
    except InvalidInput as error:
        return JsonResponse({"error": str(error), "code": error.code}, status=400)
    token = token_of(stored)
    return JsonResponse({"token": token, "url": reverse("report-photo", args=[token])}, status=201)


@require_GET
def photo(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """A picture of a form that is not sent yet, to whoever holds its token."""
    photo_id = _from_token(token)
    found = pictures.unsent(photo_id) if photo_id else None
    if found is None:
        raise Http404
    return found


def photos_of(request: HttpRequest) -> tuple[list[UUID], list[str]]:
    """The pictures of the form, kept; and what was wrong with the others, a sentence each."""
    kept = [
        photo_id for token in request.POST.getlist("photo")[:PHOTOS_MAX] if (photo_id := _from_token(token))
    ]
    kept = list(dict.fromkeys(kept))
    dropped = {_from_token(token) for token in request.POST.getlist("drop_photo")}
    kept = [photo_id for photo_id in kept if photo_id not in dropped]
    problems = []
    address = address_of(request)
    for upload in request.FILES.getlist("photos"):
        if len(kept) >= PHOTOS_MAX:
            problems.append(_("At most %(max)d photos fit; the others were left out.") % {"max": PHOTOS_MAX})
            break
        if UPLOADS.is_full(address):
            problems.append(_("Too many pictures at once. Wait a few minutes."))
            break
        UPLOADS.count(address)
        try:
            kept.append(pictures.keep(upload, at=clock.now()))
        except InvalidInput as error:
            problems.append(f"{_name_of(upload)}: {error}")
    return kept, problems


def _name_of(upload: UploadedFile) -> str:
    return (upload.name or "")[-40:]


def token_of(photo_id: UUID) -> str:
    return _TOKENS.sign(photo_id.hex)


def _from_token(token: str) -> UUID | None:
    try:
        return UUID(hex=_TOKENS.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
