"""Who called before: cases by a whole telephone number, for whoever may be shown it.

Numbers are kept sealed, and found by a keyed digest of the whole number. So the last four digits find
nothing: a digest of four digits could be guessed, and a number that can be guessed is not sealed.
"""

import re
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import OrgUnit, User
from accounts.roles import ACTION_ROLES, Action, Role
from accounts.viewer import Grant, Reach, viewer_of
from incidents.contacting import protected
from incidents.models import Incident, IncidentReport
from incidents.models.contact import blind_index, phone_digits
from incidents.searching.grams import plain

# A mobile, or a land line with or without its area code; what stands between the digits does not matter.
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{9,11}|[2-8][0-9]{6,7}")
_SPELLING = re.compile(r"[0-9+\-() .]{7,24}")


def phone_in(typed: str) -> str:
    """The digits of a telephone number, where what was typed is one; else nothing."""
    text = plain(typed).strip()
    digits = phone_digits(text)
    return digits if _SPELLING.fullmatch(text) and _PHONE.fullmatch(digits) else ""


def index_of(phone: str) -> str:
    """What cases of a number are found by; nothing can be read from it."""
    return blind_index(phone)


def may_look_up(user: User) -> bool:
    """Has this person a role that is shown reporters at all?"""
    return bool(_grants(user))


def called(index: str, user: User, among: QuerySet[Incident]) -> QuerySet[Incident]:
    """Those of `among` that this number reported, as far as `user` would be shown the number on them.

    A tip-off, or a labour matter, is not found by the unit that handles it: to find it would be to learn
    who reported it.
    """
    if not index:
        return among.none()
    return among.filter(_shown_to(user), pk__in=_cases_of(index))


def _cases_of(index: str) -> QuerySet[IncidentReport, Any]:
    links = IncidentReport.objects.filter(unlinked_at__isnull=True, report__contact__phone_index=index)
    return links.order_by().values("incident")


def _grants(user: User) -> tuple[Grant, ...]:
    return viewer_of(user).with_roles(*ACTION_ROLES[Action.UNMASK])


def _shown_to(user: User) -> Q:
    """As policy.can(user, UNMASK, case) has it, as a condition."""
    shown = Q(pk__in=[])
    for grant in _grants(user):
        if grant.role == Role.HANDLER:
            units = OrgUnit.objects.within(grant.unit).values("code")
            shown |= Q(owner_unit__in=units) & ~protected()
        elif grant.reach == Reach.DISTRICT:
            shown |= ~Q(pk__in=[])
        elif grant.reach == Reach.STREET:
            shown |= Q(street_code=grant.unit.area_code)
    return shown
