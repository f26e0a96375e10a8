"""Sign-ins and their history as both the person and the administrators read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.identity import sessions
from accounts.identity.rows import SignInEvent, StaffSession
from accounts.identity.where import masked_address
from accounts.models import User


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history."""

    event: SignInEvent
    words: str
    more: str
    place: str
    device: str


@dataclass(frozen=True, slots=True)
class SignInRow:
    """One browser that is signed in."""

    row: StaffSession
    place: str
    device: str
    is_this: bool


def lines_of(events: Iterable[SignInEvent]) -> list[Line]:
    """In the reader's language."""
    return [
        Line(
            event,
            str(event.get_kind_display()),
            _more(event),
            masked_address(event.address),
            event.device or _("unknown device"),
        )
        for event in events
    ]


def sign_ins_of(user: User, *, at: datetime, own_key: str | None = None) -> list[SignInRow]:
    """Newest first, the reader's own one on top."""
    rows = [
        SignInRow(
            row, masked_address(row.address), row.device or _("unknown device"), is_this=row.key == own_key
        )
        for row in sessions.running(user, at)
    ]
    return sorted(rows, key=lambda row: not row.is_this)


def _more(event: SignInEvent) -> str:
    """How, why and by whom."""
    parts = [
        str(event.get_factor_display()) if event.factor else "",
        str(event.get_ending_display()) if event.ending else "",
        _("by %(name)s") % {"name": event.actor} if event.actor else "",
        event.reason,
    ]
    return " · ".join(part for part in parts if part)
