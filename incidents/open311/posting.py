"""A posted service request: read, bounded, and handed in once, however often it is posted."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import ApiClient
from grids.locate import PlaceError, locate
from incidents import attachments
from incidents.errors import InvalidInput
from incidents.open311 import asking, media
from incidents.open311.errors import Refused
from incidents.open311.telling import FACILITY, OCCURRED_AT, PLACE_TYPE
from incidents.public import Complaint, Service, submit
from incidents.public.facts import OtherContent
from incidents.public.filing import AGAIN_WITHIN, PHOTOS_MAX

DESCRIPTION_MOST: Final = 4_000
AHEAD: Final = timedelta(minutes=5)
KEY_MOST: Final = 80
_OTHERS_MOST: Final = 200
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,40})\](\[\])?")
# What tells one sender of an app from another.
_SENDERS: Final = ("device_id", "account_id", "phone", "email")
_IDEOGRAPHS = re.compile("[\u3400-\u9fff]")
# What tells one request from another.
_SAID: Final = (
    *("service_code", "lat", "long", "address_string", "address_id", "description", "media_url"),
    *("email", "phone", "first_name", "last_name", "device_id", "account_id"),
)


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of it."""

    receipt: Mapping[str, object]
    account: str


def hand_in(
    form: QueryDict,
    files: Sequence[UploadedFile],
    *,
    services: Mapping[str, Service],
    client: ApiClient,
    key: str,
    at: datetime,
) -> Handed:
    """File it; raises Refused, or InvalidInput where the core's own rules are broken."""
    complaint = _complaint(form, services, client=client, at=at)
    account = _one(form, "account_id")
    if len(files) > PHOTOS_MAX:
        raise Refused(400, _("At most %(max)d photos.") % {"max": PHOTOS_MAX})
    digest = _digest(form, files)
    form_name, earlier = _marks(form, digest, client=client, key=key, at=at)
    pictures = _pictures(form, files, client=client, at=at)
    complaint = replace(complaint, form=form_name, earlier=earlier, digest=digest, photos=pictures)
    try:
        receipt = submit(complaint, at=at)
    except OtherContent as error:
        attachments.discard(pictures)
        told = _("Idempotency-Key: it came with another request before. Give each request a key of its own.")
        raise Refused(409, told) from error
    except BaseException:
        attachments.discard(pictures)
        raise
    return Handed(receipt, account)


def _complaint(
    form: QueryDict, services: Mapping[str, Service], *, client: ApiClient, at: datetime
) -> Complaint:
    """Everything but its name and its pictures."""
    service = services.get(code := _one(form, "service_code"))
    if not code:
        raise Refused(400, _("service_code is needed; GET services lists them."))
    if service is None:
        raise Refused(404, _("There is no service %(code)s.") % {"code": code[:20]})
    description = _one(form, "description", DESCRIPTION_MOST)
    place = asking.point(form)
    address, area = _one(form, "address_string"), _one(form, "address_id")
    if place is None and not address and not area:
        raise Refused(400, _("Say where it is: lat and long, or address_string, or address_id."))
    attributes, wrong = _attributes(form, service, at)
    if wrong:
        raise Refused(400, *wrong)
    lon, lat = place or (None, None)
    if place is not None and not _is_inside(*place):
        raise Refused(400, _("lat, long: this place lies outside the district."))
    return Complaint(
        form="",
        text=description or service.name,
        lon=lon,
        lat=lat,
        area=area,
        address=address,
        facility=attributes.get(FACILITY, ""),
        name=_name(_one(form, "first_name"), _one(form, "last_name")),
        phone=_one(form, "phone"),
        email=_one(form, "email", 320),
        language=(get_language() or "zh-hans")[:8],
        client=client.pk,
        category=service.code,
        place_type=attributes.get(PLACE_TYPE, ""),
        occurred_at=asking.instant(attributes[OCCURRED_AT]) if OCCURRED_AT in attributes else None,
        attributes=attributes,
    )


def _is_inside(lon: float, lat: float) -> bool:
    """In the district, or so little outside that the nearest cell is taken for it, as intake does; raises
    InvalidInput where it is no point at all."""
    try:
        return locate(lon=lon, lat=lat).in_district is not False
    except PlaceError as error:
        raise InvalidInput(error.field, error.code, error.detail) from error


def _attributes(form: QueryDict, service: Service, at: datetime) -> tuple[dict[str, str], list[str]]:
    """What was told besides, by its code; and what is wrong with it, all at once."""
    kinds = {key for key, _name in service.place_types}
    told: dict[str, str] = {}
    wrong: list[str] = []
    for name in form:
        if not name.startswith("attribute"):
            continue
        found = _ATTRIBUTE.fullmatch(name)
        values = [value.strip() for value in form.getlist(name) if value.strip()]
        if not found:
            wrong.append(_("%(name)s: write attribute[CODE].") % {"name": name[:60]})
        elif values:
            code = found[1]
            problem = _problem(code, values, kinds, service, at)
            if problem:
                wrong.append(f"attribute[{code}]: {problem}")
            else:
                told[code] = values[0]
    return told, wrong


def _problem(code: str, values: Sequence[str], kinds: set[str], service: Service, at: datetime) -> str:
    """What is wrong with an attribute; nothing: nothing."""
    if len(values) > 1:
        return _("one value only.")
    if code == PLACE_TYPE and kinds:
        return "" if values[0] in kinds else _("one of %(keys)s.") % {"keys": ", ".join(sorted(kinds))}
    if code == FACILITY and service.of_facilities:
        return "" if len(values[0]) <= 60 and "\x00" not in values[0] else _("at most 60 characters.")
    if code == OCCURRED_AT:
        happened = asking.instant(values[0])
        if happened is None:
            return _("an instant with its offset, like 2026-07-01T09:30:00+08:00.")
        return _("this lies in the future.") if happened > at + AHEAD else ""
    return _("service %(service)s has no such attribute.") % {"service": service.code}


def _digest(form: QueryDict, files: Sequence[UploadedFile]) -> str:
    """Of all that is said, with the pictures."""
    said = {name: form.getlist(name) for name in form if name in _SAID or name.startswith("attribute")}
    sent = []
    for upload in files:
        seen = hashlib.sha256()
        for part in upload.chunks():
            seen.update(part)
        upload.seek(0)
        sent.append(seen.hexdigest())
    return hashlib.sha256(orjson.dumps([said, sent], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _marks(form: QueryDict, digest: str, *, client: ApiClient, key: str, at: datetime) -> tuple[str, str]:
    """Under which name this request is kept once; and the one that it would have had ten minutes ago.

    Without a key of its own it is known again by its content, but only where that names its sender: two
    strangers with one app may say the same of the same spot, and each is to be counted and to have their own
    link.
    """
    key = key.strip()
    if key:
        if len(key) > KEY_MOST or not key.isascii() or not key.isprintable():
            raise Refused(400, _("Idempotency-Key: at most %(max)d plain characters.") % {"max": KEY_MOST})
        return f"open311-{client.pk}:{key}", ""
    if not any((form.get(name) or "").strip() for name in _SENDERS):
        return f"open311-{client.pk}:{uuid4().hex}", ""
    named = f"open311-{client.pk}:{digest[:40]}"
    span = int(at.timestamp() // AGAIN_WITHIN.total_seconds())
    return f"{named}.{span}", f"{named}.{span - 1}"


def _pictures(
    form: QueryDict, files: Sequence[UploadedFile], *, client: ApiClient, at: datetime
) -> tuple[UUID, ...]:
    """The pictures that came along, or that media_url names; raises Refused and InvalidInput."""
    kept: list[UUID] = []
    try:
        uploads: list[attachments.Upload] = list(files)
        if address := _one(form, "media_url", 2_000):
            uploads.append(media.fetched(address))
        for upload in uploads[:PHOTOS_MAX]:
            kept.append(attachments.store_picture(upload, at=at, client=client).pk)  # noqa: PERF401 - what came before a bad one goes
    except BaseException:
        attachments.discard(kept)
        raise
    return tuple(kept)


def _name(first: str, last: str) -> str:
    """王小明, but John Smith."""
    if _IDEOGRAPHS.search(first + last):
        return last + first
    return " ".join(filter(None, (first, last)))


def _one(form: QueryDict, name: str, most: int = _OTHERS_MOST) -> str:
    value = (form.get(name) or "").strip()
    if len(value) > most:
        raise Refused(400, _("%(name)s: at most %(max)d characters.") % {"name": name, "max": most})
    if "\x00" in value:
        raise Refused(400, _("%(name)s: NUL characters are not text.") % {"name": name})
    return value
