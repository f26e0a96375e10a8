"""三权分立: whether a district has its three administrators apart, and what nobody may be at once."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.roles import ADMINISTRATORS, Role


def is_separated() -> bool:
    """Is somebody security administrator? Whether they can sign in at the moment does not matter: closing
    their unit or their sign-in must not bring their powers back to whoever keeps the units. One query."""
    return Membership.objects.filter(role=Role.SECURITY).exists()


def why_not(held: Iterable[str], role: str) -> str:
    """Why somebody with these roles may not have this one beside them; nothing where they may.

    The database refuses the same (migration "apart"), whatever way somebody comes.
    """
    others = set(held) - {role}
    if others and (role == Role.AUDITOR or Role.AUDITOR in others):
        return _("An audit administrator has no other role: nobody looks through what they did themselves.")
    if role in ADMINISTRATORS and others & ADMINISTRATORS:
        return _("System, security and audit administrator are three people.")
    return ""
