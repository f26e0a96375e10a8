"""Filing: a resident's words become a report, once, however often the button was pressed."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from dispatch.vocabulary import Source
from grids.locate import Place, PlaceError, locate, locate_text
from incidents import attachments
from incidents.errors import InvalidInput
from incidents.intake import Refusal, ReportDraft, Reporter, receive_one
from incidents.models import Report
from incidents.models.contact import phone_digits
from incidents.public.facts import Complaint

PHOTOS_MAX = 4
NAME_MAX = 40
ADDRESS_MAX = 120
LANDMARK_MAX = 70  # kept behind the address, in one line of 200
_PHONE = re.compile(r"\+?[0-9()\-\s]{5,24}")


def submit(complaint: Complaint, *, at: datetime) -> dict[str, Any]:
    """File a complaint; answers its receipt: tracking_code, created, joined, others (reports in the case).

    The same form again answers the first receipt, whatever it says now. Raises InvalidInput.
    """
    _check(complaint)
    known = _filed(complaint)
    if known is None:
        outcome = receive_one(_draft(complaint), at=at)
        if not isinstance(outcome, Refusal):
            return _receipt(outcome.report, created=outcome.created)
        # The second of two taps at once: the first one's report is in, and this one's pictures are not.
        known = _filed(complaint) if outcome.code == "conflict" else None
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


def _check(complaint: Complaint) -> None:
    if not complaint.form:
        raise InvalidInput("form", "required", _("The form has lost its number. Start again."))
    clean_text(complaint.text, field="text", most=settings.REPORT_TEXT_MAX)
    clean_text(complaint.address, field="address", most=ADDRESS_MAX, required=False)
    clean_text(complaint.landmark, field="landmark", most=LANDMARK_MAX, required=False)
    clean_text(complaint.name, field="name", most=NAME_MAX, required=False)
    clean_phone(complaint.phone)
    if len(complaint.photos) > PHOTOS_MAX:
        raise InvalidInput("photos", "too_many", _("At most %(max)d photos.") % {"max": PHOTOS_MAX})


def _draft(complaint: Complaint) -> ReportDraft:
    return ReportDraft(
        source=Source.RESIDENT_FORM,
        external_id=complaint.form,
        text=complaint.text.replace("\r\n", "\n").strip(),
        place=clean_place(complaint),
        address=" · ".join(part for part in (complaint.address.strip(), complaint.landmark.strip()) if part),
        reporter=Reporter(name=complaint.name.strip(), phone=clean_phone(complaint.phone)),
        attachments=complaint.photos,
        language=complaint.language,
        joins=complaint.joins,
    )


def _filed(complaint: Complaint) -> Report | None:
    return Report.objects.filter(source=Source.RESIDENT_FORM, external_id=complaint.form).first()


def _receipt(report: Report, *, created: bool) -> dict[str, Any]:
    link = report.links.filter(unlinked_at__isnull=True).select_related("incident").get()
    return {
        "tracking_code": report.tracking_code,
        "created": created,
        "joined": link.how == "same",
        "others": link.incident.report_count - 1,
    }
