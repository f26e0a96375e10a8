"""Who reads warnings, and who does something about them: the district's people, and a street's its own."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from dashboards.models import Warning

READERS = (Role.LEADER, Role.SUPERVISOR, Role.DISPATCHER, Role.OPERATOR)
# Orders are theirs too (accounts.roles): a warning is acted on by whoever may order.
ACTORS = (Role.SUPERVISOR,)


def reads(user: User | AnonymousUser) -> bool:
    """Does anything of this concern the person? A department's people see their cases, not warnings."""
    return any(grant.reach != Reach.UNIT for grant in viewer_of(user).with_roles(*READERS))


def visible(user: User | AnonymousUser) -> Q:
    """The condition on warnings: all for the district, a street's own for its people."""
    seen = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(*READERS):
        if grant.reach == Reach.DISTRICT:
            return Q()
        if grant.reach == Reach.STREET:
            seen |= Q(street_code=grant.unit.area_code)
    return seen


def acting_grant(user: User | AnonymousUser, warning: Warning) -> Grant | None:
    """The role under which a person acts on a warning: the district's on all, a street's on its own."""
    for grant in viewer_of(user).with_roles(*ACTORS):
        if grant.reach == Reach.DISTRICT:
            return grant
        if grant.reach == Reach.STREET and warning.street_code == grant.unit.area_code:
            return grant
    return None
