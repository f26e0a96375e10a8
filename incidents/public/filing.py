"""Filing: a resident's words become a report, once, however often the button was pressed."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient
from dispatch.vocabulary import Source
from grids.locate import Place, PlaceError, locate, locate_text
from incidents import attachments
from incidents.errors import InvalidInput
from incidents.intake import Refusal, ReportDraft, Reporter, receive_one
from incidents.intake.scanned import ATTRIBUTE
from incidents.models import Report
from incidents.models.contact import blind_index, phone_digits
from incidents.public.facts import Complaint, OtherContent

PHOTOS_MAX = 4
# Where nothing but its content names a form: how long the same content is the same form.
AGAIN_WITHIN = timedelta(minutes=10)
PHONE_WITHIN = timedelta(hours=1)
NAME_MAX = 40
ADDRESS_MAX = 120
EMAIL_MAX = 254
LANDMARK_MAX = 70  # kept behind the address, in one line of 200
# A city with a district that is not ours, as in 北京市朝阳区; no 菜市场, 超市 or 小区. It chooses words
# alone: where a case belongs, the gazetteer says.
_ELSEWHERE = re.compile(
    r"(?:\w{2,3}省|\w{2,6}自治区)?\w{1,2}[^\W超菜门夜花]市(?!场)\w{1,3}(?:(?<![小社园校街厂业景片辖])区|县|旗)"
)
_PHONE = re.compile(r"\+?[0-9()\-\s]{5,24}")


def submit(complaint: Complaint, *, at: datetime) -> dict[str, Any]:
    """File a complaint; answers its receipt: number (of the case), tracking_code, created, joined, others
    (reports in the case).

    The same form again answers the first receipt, whatever it says now; but where a digest is told of all
    that was sent, only what has the same one is the same. Raises InvalidInput, OtherContent.
    """
    check(complaint)
    client = ApiClient.objects.get(pk=complaint.client) if complaint.client is not None else None
    source = client.source if client is not None else Source.RESIDENT_FORM
    known = _filed(complaint, source, at=at)
    if known is None:
        if client is None and complaint.filed_at is None:  # out there it was taken in already
            _refuse_flood(complaint.phone, at=at)
        outcome = receive_one(_draft(complaint, source), at=at, client=client)
        if not isinstance(outcome, Refusal):
            return _receipt(outcome.report, created=outcome.created)
        # The second of two taps at once: the first one's report is in, and this one's pictures are not.
        known = _filed(complaint, source, at=at) if outcome.code == "conflict" else None
        if known is None:
            raise InvalidInput(outcome.field, outcome.code, outcome.message)
    attachments.discard(complaint.photos)
    return _receipt(known, created=False)


def clean_text(text: str, *, field: str, most: int, required: bool = True) -> str:
    """The words without blanks around them; raises InvalidInput where a rule is broken."""
    if "\x00" in text:
        raise InvalidInput(field, "null_characters", _("NUL characters are not text."))
    text = text.replace("\r\n", "\n").strip()
    if required and not text:
        raise InvalidInput(field, "required", _("Please write something here."))
    if len(text) > most:
        raise InvalidInput(
            field,
            "max_length",
            _("This is too long: %(length)d characters, and at most %(max)d fit.")
            % {"length": len(text), "max": most},
        )
    return text


def clean_phone(phone: str) -> str:
    """A phone number with plain digits, or nothing; raises InvalidInput."""
    phone = unicodedata.normalize("NFKC", phone).strip()
    if phone and not (_PHONE.fullmatch(phone) and 7 <= len(phone_digits(phone)) <= 15):
        raise InvalidInput(
            "phone", "invalid", _("This is not a phone number. Check the digits, or leave it empty.")
        )
    return phone


def clean_email(email: str) -> str:
    """An address that mail can be sent to, or nothing; raises InvalidInput."""
    email = email.strip()
    if not email:
        return ""
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput(
            "email", "invalid", _("This is not an address that mail can be sent to.")
        ) from error
    if len(email) > EMAIL_MAX:
        raise InvalidInput("email", "max_length", _("This address is too long."))
    return email


def clean_place(complaint: Complaint) -> Place:
    """Where it is, by the point, the area's code, the address or the words; raises InvalidInput."""
    try:
        if (
            complaint.lon is not None
            or complaint.lat is not None
            or complaint.area
            or complaint.address
            or complaint.facility
        ):
            return locate(
                lon=complaint.lon,
                lat=complaint.lat,
                area=complaint.area,
                address=complaint.address,
                facility=complaint.facility,
            )
        return locate_text(complaint.text)
    except PlaceError as error:
        raise InvalidInput(error.field, error.code, error.detail) from error


def unfound(place: Place, address: str) -> str:
    """What the map does not have of a place: "outside" of the district, "unknown", or nothing."""
    if place.finest or place.how in ("point", "facility"):
        return ""
    is_elsewhere = place.in_district is None and _ELSEWHERE.match(address.strip())
    return "outside" if place.in_district is False or is_elsewhere else "unknown"


def _refuse_flood(phone: str, *, at: datetime) -> None:
    """One number reports so often within an hour, whatever addresses it comes from. Counted by what was
    filed, so by all web processes together. Raises InvalidInput.

    Without a lock: as many as are being filed at the same moment get in beyond it. It bounds a script, and is
    no promise; the words say nothing of who reported.
    """
    index = blind_index(phone)
    most = settings.FORM_MOST_PER_PHONE
    if not index or not most:
        return
    lately = Report.objects.filter(
        contact__phone_index=index, source=Source.RESIDENT_FORM, received_at__gt=at - PHONE_WITHIN
    )
    if lately.count() >= most:
        raise InvalidInput(
            "phone",
            "too_many",
            _("No more is taken in with this number just now. Leave it out, wait a while, or call 12345."),
        )


def check(complaint: Complaint) -> None:
    """The rules for what is told, but for where it is; raises InvalidInput."""
    if not complaint.form:
        raise InvalidInput("form", "required", _("The form has lost its number. Start again."))
    clean_text(complaint.text, field="text", most=settings.REPORT_TEXT_MAX)
    clean_text(complaint.address, field="address", most=ADDRESS_MAX, required=False)
    clean_text(complaint.landmark, field="landmark", most=LANDMARK_MAX, required=False)
    clean_text(complaint.name, field="name", most=NAME_MAX, required=False)
    clean_phone(complaint.phone)
    clean_email(complaint.email)
    if len(complaint.photos) > PHOTOS_MAX:
        raise InvalidInput("photos", "too_many", _("At most %(max)d photos.") % {"max": PHOTOS_MAX})


def _draft(complaint: Complaint, source: str) -> ReportDraft:
    return ReportDraft(
        source=source,
        external_id=complaint.form,
        text=complaint.text.replace("\r\n", "\n").strip(),
        place=clean_place(complaint),
        address=" · ".join(part for part in (complaint.address.strip(), complaint.landmark.strip()) if part),
        category=complaint.category or None,
        place_type=complaint.place_type or None,
        occurred_at=complaint.occurred_at,
        attributes={**complaint.attributes, **({ATTRIBUTE: complaint.code} if complaint.code else {})},
        reporter=Reporter(
            name=complaint.name.strip(),
            phone=clean_phone(complaint.phone),
            email=clean_email(complaint.email),
        ),
        attachments=complaint.photos,
        language=complaint.language,
        joins=complaint.joins,
        digest=complaint.digest,
        filed_at=complaint.filed_at,
        tracking_code=complaint.tracking_code,
    )


def _filed(complaint: Complaint, source: str, *, at: datetime) -> Report | None:
    """The report that this form became already; raises OtherContent."""
    known = Q(external_id=complaint.form)
    if complaint.earlier:
        known |= Q(external_id=complaint.earlier, received_at__gt=at - AGAIN_WITHIN)
    report = Report.objects.filter(known, source=source).first()
    if report is not None and complaint.digest and report.content_hash != complaint.digest:
        raise OtherContent
    return report


def _receipt(report: Report, *, created: bool) -> dict[str, Any]:
    link = report.links.filter(unlinked_at__isnull=True).select_related("incident").get()
    return {
        "number": link.incident.number,
        "tracking_code": report.tracking_code,
        "created": created,
        "joined": link.how == "same",
        "others": link.incident.report_count - 1,
    }
