"""清单管理员: who may change the responsibility list, and which of its items.

A steward of a unit keeps the items that this unit, or one below it, leads. Items whose lead follows the
place (`@street/enforcement`) belong to every street at once, so the district's stewards keep those, as
they keep the whole list and decide from when on a version is live.
"""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from dispatch.models import ResponsibilityList

Someone = User | AnonymousUser


def is_steward(user: Someone) -> bool:
    """May this person work on drafts at all?"""
    return Role.STEWARD in viewer_of(user).roles


def is_district_steward(user: Someone) -> bool:
    """May this person change every item, and say from when on a version decides?"""
    return any(grant.reach == Reach.DISTRICT for grant in viewer_of(user).with_roles(Role.STEWARD))


def everybody() -> QuerySet[User]:
    """All who are stewards of anything."""
    stewards = Membership.objects.filter(role=Role.STEWARD, unit__is_open=True).in_force(timezone.now())
    return User.objects.filter(pk__in=stewards.values("user"), is_active=True).order_by("pk")


def may_decide_on(user: Someone, proposed: ResponsibilityList) -> bool:
    """May this person adopt the proposal? Who proposed it does not (setting LIST_FOUR_EYES)."""
    is_own = proposed.proposed_by_id == user.pk
    return is_district_steward(user) and not (settings.LIST_FOUR_EYES and is_own)


def waiting_for(user: Someone) -> QuerySet[ResponsibilityList]:
    """The proposals that wait for this person's decision."""
    proposed = ResponsibilityList.objects.filter(state=ResponsibilityList.State.PROPOSED)
    if not is_district_steward(user):
        return proposed.none()
    return proposed.exclude(proposed_by=user.pk) if settings.LIST_FOUR_EYES else proposed


def units_kept(user: Someone) -> frozenset[str]:
    """The units whose items this person may change; meaningless for a district steward, who may all."""
    codes: set[str] = set()
    for grant in viewer_of(user).with_roles(Role.STEWARD):
        codes.update(OrgUnit.objects.within(grant.unit).values_list("code", flat=True))
    return frozenset(codes)


def may_edit(user: Someone, lead_unit: str) -> bool:
    """May this person change an item that this unit (a code or a pattern) leads?"""
    return is_district_steward(user) or lead_unit in units_kept(user)
