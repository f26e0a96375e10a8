"""Pictures in and out: checked, turned upright, stripped of what the camera wrote, and kept as JPEG.

What the camera said (when, where) and a fingerprint of the bytes as sent stay in the row as evidence:
they find a photo that is used twice, or one that was taken somewhere else.
"""

import hashlib
import io
import math
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import IO, Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from accounts.models import ApiClient, User
from incidents import policy
from incidents.errors import InvalidInput
from incidents.models import Attachment, Incident

LONGEST_SIDE: Final = 2560
# A phone's 50-megapixel photo passes; a small file that unpacks into gigabytes does not.
MAX_PIXELS: Final = 52_000_000
QUALITY: Final = 84
FORMATS: Final = ("JPEG", "PNG", "WEBP")
KEPT_UNUSED: Final = timedelta(days=1)
# Brands of the ISO container that iPhones write and that no browser of ours can show.
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_DISTRICT_TIME: Final = ZoneInfo("Asia/Shanghai")
_KEPT_BY_BROWSERS: Final = "private, max-age=86400, immutable"


class Upload(Protocol):
    """What Django and DRF hand over for a file."""

    @property
    def size(self) -> int | None: ...

    def read(self, num_bytes: int = -1, /) -> bytes: ...


def store_picture(
    upload: Upload, *, at: datetime, client: ApiClient | None = None, user: User | None = None
) -> Attachment:
    """Keep an uploaded picture, belonging to no report or case yet.

    Raises InvalidInput (field "file") with code empty, too_large, heic, not_an_image or too_many_pixels.
    """
    sent = _read(upload)
    picture, exif = _decode(sent)
    plain = io.BytesIO()
    picture.save(plain, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    body = plain.getvalue()
    lon, lat = _position(exif)
    attachment = Attachment(
        content_type="image/jpeg",
        size=len(body),
        width=picture.width,
        height=picture.height,
        fingerprint=hashlib.sha256(sent).hexdigest(),
        taken_at=_taken_at(exif),
        lon=lon,
        lat=lat,
        uploaded_at=at,
        client=client,
        uploaded_by=user,
    )
    attachment.file.save(f"{attachment.pk.hex}.jpg", ContentFile(body), save=False)
    try:
        attachment.save(force_insert=True)
    except BaseException:
        attachment.file.delete(save=False)  # a file without its row would stay for ever
        raise
    return attachment


def plain_jpeg(upload: Upload) -> bytes:
    """A picture's pixels alone, as JPEG; raises InvalidInput like `store_picture`."""
    picture, _exif = _decode(_read(upload))
    plain = io.BytesIO()
    picture.save(plain, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return plain.getvalue()


def discard(attachment_ids: Iterable[UUID]) -> None:
    """Remove pictures that were stored for a report which then did not come to be."""
    for attachment_id in attachment_ids:
        with transaction.atomic():
            # One that a report is taking at this moment is its own by now, and is left alone.
            unused = Attachment.objects.select_for_update(skip_locked=True).filter(
                pk=attachment_id, report=None, incident=None
            )
            attachment = unused.first()
            if attachment is None:
                continue
            attachment.delete()
        attachment.file.delete(save=False)


def remove_unused(*, at: datetime, limit: int = 200) -> int:
    """Remove up to `limit` pictures that were uploaded a day ago and never sent with anything."""
    unused = Attachment.objects.filter(report=None, incident=None, uploaded_at__lt=at - KEPT_UNUSED)
    ids = list(unused.order_by("uploaded_at").values_list("pk", flat=True)[:limit])
    discard(ids)
    return len(ids)


@require_safe
def attachment(request: HttpRequest, attachment_id: UUID) -> FileResponse:
    """A picture, to staff who may see its case, and to whoever uploaded it until it has one."""
    found = Attachment.objects.filter(pk=attachment_id).first()
    if found is None or not _may_see(request.user, found):
        raise Http404
    return picture_response(found)


def picture_response(attachment: Attachment) -> FileResponse:
    """The picture's bytes; the caller has asked whether this reader may have them."""
    try:
        handle: IO[Any] = attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        handle,
        filename=f"{attachment.pk.hex}.jpg",  # as_attachment=False: shown in the page
        content_type=attachment.content_type,
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": _KEPT_BY_BROWSERS},
    )


def _may_see(user: Any, attachment: Attachment) -> bool:
    if not user.is_authenticated:
        return False
    if attachment.incident_id is None and attachment.report_id is None:
        return attachment.uploaded_by_id == user.pk
    belongs = Q(pk=attachment.incident_id)
    if attachment.report_id is not None:
        belongs |= Q(links__report=attachment.report_id, links__unlinked_at__isnull=True)
    return Incident.objects.filter(policy.visible(user)).filter(belongs).exists()


def _read(upload: Upload) -> bytes:
    limit = settings.ATTACHMENT_MAX_BYTES
    # One byte more than allowed is enough to know; a size that was only claimed is not believed.
    sent = b"" if (upload.size or 0) > limit else upload.read(limit + 1)
    if (upload.size or 0) > limit or len(sent) > limit:
        raise InvalidInput(
            "file",
            "too_large",
            _("The picture is larger than %(max)d MB. Send a smaller one.") % {"max": limit // 1024**2},
        )
    if not sent:
        raise InvalidInput("file", "empty", _("The file is empty."))
    return sent


def _decode(sent: bytes) -> tuple[Image.Image, Image.Exif]:
    """The picture upright, on white, at most LONGEST_SIDE long; and what the camera said."""
    if sent[4:8] == b"ftyp" and sent[8:12] in _HEIC_BRANDS:
        raise InvalidInput(
            "file",
            "heic",
            _(
                "This is a HEIC photo, which cannot be shown everywhere. Send it as JPEG: on an iPhone, "
                "Settings, Camera, Formats, Most Compatible."
            ),
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(sent), formats=FORMATS)
            if opened.width * opened.height > MAX_PIXELS:
                raise _too_many_pixels()
            exif = opened.getexif()
            # JPEG can be unpacked at a fraction of its size: a quarter of the memory.
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            opened.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise InvalidInput(
            "file", "not_an_image", _("This is not a picture that can be read: send a JPEG, PNG or WebP.")
        ) from error
    upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if upright.mode == "RGB":
        picture = Image.new("RGB", upright.size)
        picture.paste(upright)  # the pixels alone: no profile, comment or EXIF comes along
    else:
        layered = upright.convert("RGBA")
        picture = Image.new("RGB", upright.size, "white")
        picture.paste(layered, mask=layered.getchannel("A"))
    return picture, exif


def _too_many_pixels() -> InvalidInput:
    return InvalidInput(
        "file",
        "too_many_pixels",
        _("The picture has more than %(max)d megapixels. Send a smaller one.")
        % {"max": MAX_PIXELS // 1_000_000},
    )


def _taken_at(exif: Image.Exif) -> datetime | None:
    """When the camera says it was; without an offset, by the district's time. Nonsense is no evidence."""
    try:
        details = exif.get_ifd(ExifTags.IFD.Exif)
        written = str(details.get(ExifTags.Base.DateTimeOriginal) or "").strip("\x00 ")
        taken = datetime.strptime(written, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the zone comes next
        return taken.replace(tzinfo=_offset(details)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, KeyError, OSError, SyntaxError):
        return None


def _offset(details: dict[int, Any]) -> timezone | ZoneInfo:
    written = str(details.get(ExifTags.Base.OffsetTimeOriginal) or "").strip("\x00 ")
    try:
        sign = {"+": 1, "-": -1}[written[0]]
        hours, minutes = written[1:].split(":")
        return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes)))
    except (ValueError, KeyError, IndexError):
        return _DISTRICT_TIME


def _position(exif: Image.Exif) -> tuple[float | None, float | None]:
    """Longitude and latitude that the camera wrote, or neither."""
    try:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        lat = _degrees(gps[ExifTags.GPS.GPSLatitude], str(gps[ExifTags.GPS.GPSLatitudeRef]), "S")
        lon = _degrees(gps[ExifTags.GPS.GPSLongitude], str(gps[ExifTags.GPS.GPSLongitudeRef]), "W")
    except (KeyError, ValueError, TypeError, ZeroDivisionError, OSError, SyntaxError):
        return None, None
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lat) <= 90 and abs(lon) <= 180):
        return None, None
    return (lon, lat) if (lon or lat) else (None, None)  # 0, 0 is what a camera without a fix writes


def _degrees(parts: Any, reference: str, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if reference.strip("\x00 ").upper() == negative else value
