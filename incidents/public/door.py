"""One door for a report, a telephone number and a printed code: what is asked says what is answered."""

from datetime import datetime
from typing import Any, overload

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from incidents import actions
from incidents.errors import InvalidInput
from incidents.outer import zone
from incidents.public import filing, following, own, places
from incidents.public.facts import CodeWanted, Complaint, OwnCase, OwnReports, TrackedCase
from incidents.public.places import Scan
from incidents.spreading import is_mobile


def submit(told: Complaint | CodeWanted | Scan, *, at: datetime) -> dict[str, Any]:
    """File a complaint (see filing.submit); or text a code to a number, and answer its `ticket`, and the
    `code` for who shows a demonstration; or say what a printed code leads to, and count it (see places.scan).

    Raises InvalidInput, OtherContent, or ActionRefused for a number that has had enough codes. Whether
    anybody reported under a number makes no difference to what is answered.
    """
    if settings.ZONE == "outer":
        return zone.submit(told, at=at)
    if isinstance(told, Complaint):
        return filing.submit(told, at=at)
    if isinstance(told, Scan):
        return places.scan(told, at=at)
    try:
        phone = filing.clean_phone(told.phone)
    except InvalidInput as error:  # here it cannot be left empty
        raise InvalidInput("phone", error.code, _("This is not a phone number. Check the digits.")) from error
    if not phone:
        raise InvalidInput("phone", "required", _("Write down the number that you left."))
    if not is_mobile(phone):
        raise InvalidInput("phone", "invalid", _("A text message needs a mobile number."))
    ticket, code = actions.ask_code(phone=phone, language=told.language, at=at)
    return {"ticket": ticket, "code": code}


@overload
def status(asked: str, *, at: datetime) -> TrackedCase: ...
@overload
def status(asked: OwnReports, *, at: datetime) -> tuple[OwnCase, ...]: ...
def status(asked: str | OwnReports, *, at: datetime) -> TrackedCase | tuple[OwnCase, ...]:
    """Where a report stands, by its tracking code; or all reports of a number that was proved.

    Raises UnknownCode.
    """
    if settings.ZONE == "outer":
        return zone.status(asked, at=at)
    if isinstance(asked, OwnReports):
        return own.own_cases(asked, at=at)
    return following.tracked(asked, at=at)
