"""Sign-ins and their history as both the person and the administrators read them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.identity import sessions
from accounts.identity.provider import following
from accounts.identity.rows import SignInEvent, StaffSession
from accounts.identity.where import masked_address
from accounts.models import OrgUnit, User
from accounts.roles import Role

_CHANGED = re.compile(r"([+-])(\w+) (\S+)")
_ROLES = dict(Role.choices)
_WORDS = {
    "switched_off": gettext_lazy("this sign-in is switched off"),
    "apart": gettext_lazy("their groups would make them two administrators"),
    "link_yourself": gettext_lazy("to be linked by themselves, under “My sign-in”"),
    following.NOT_TOLD: gettext_lazy("none: the provider did not say which groups"),
    following.LAST_KEPT: gettext_lazy("kept: the only security administrator"),
}


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
    events = list(events)
    units = OrgUnit.objects.in_bulk({code for event in events for _sign, _role, code in _roles_in(event)})
    return [
        Line(
            event,
            str(event.get_kind_display()),
            _more(event, units),
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


def _more(event: SignInEvent, units: Mapping[str, OrgUnit]) -> str:
    """How, why and by whom."""
    parts = [
        str(event.get_factor_display()) if event.factor else "",
        str(event.get_ending_display()) if event.ending else "",
        _("by %(name)s") % {"name": event.actor} if event.actor else "",
        _why(event, units),
    ]
    return " · ".join(part for part in parts if part)


def _why(event: SignInEvent, units: Mapping[str, OrgUnit]) -> str:
    """The reason as people read it: what somebody typed, or what a code stands for."""
    if event.kind not in (SignInEvent.Kind.ROLES, SignInEvent.Kind.REFUSED):
        return event.reason
    roles = [
        f"{sign}{_ROLES.get(role, role)} {units.get(code, code)}" for sign, role, code in _roles_in(event)
    ]
    return _(", ").join(roles) if roles else str(_WORDS.get(event.reason, event.reason))


def _roles_in(event: SignInEvent) -> list[tuple[str, str, str]]:
    """What a line of changed roles names: + or -, the role, the unit's code."""
    if event.kind != SignInEvent.Kind.ROLES:
        return []
    found = (_CHANGED.fullmatch(part) for part in event.reason.split(", "))
    return [(one[1], one[2], one[3]) for one in found if one]
