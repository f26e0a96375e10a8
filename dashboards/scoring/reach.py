"""Who may do what with scores: read, publish, appeal for a unit, rule on an appeal."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from dashboards.models import Appeal
from dashboards.scope import BOARD_ROLES

# What is published is for everybody whose work it is about.
READERS = BOARD_ROLES


def publishing_grant(user: User | AnonymousUser) -> Grant | None:
    """Whose office it is to publish, and to revise: a supervisor of the whole district."""
    for grant in viewer_of(user).with_roles(Role.SUPERVISOR):
        if grant.reach == Reach.DISTRICT:
            return grant
    return None


def sees_unpublished(user: User | AnonymousUser) -> bool:
    """Figures of a period that is not published yet are the district's supervisors' and leaders' only."""
    grants = viewer_of(user).with_roles(Role.SUPERVISOR, Role.LEADER)
    return any(grant.reach == Reach.DISTRICT for grant in grants)


def appealing_grants(user: User | AnonymousUser) -> tuple[Grant, ...]:
    """The units that `user` is the head of; a unit speaks through its head. The district has nobody to
    appeal to."""
    grants = viewer_of(user).with_roles(Role.LEADER)
    return tuple(grant for grant in grants if grant.unit.kind != OrgUnit.Kind.DISTRICT)


def appealing_grant(user: User | AnonymousUser, unit: OrgUnit) -> Grant | None:
    """The role under which `user` appeals for a unit, or for one below theirs."""
    return next((grant for grant in appealing_grants(user) if grant.covers(unit)), None)


def _top(unit: OrgUnit) -> str:
    """The tree below the district that a unit is in; the district itself is in none."""
    path = unit.path.split(">")
    return path[1] if len(path) > 1 else ""


def ruling_grant(user: User | AnonymousUser, appeal: Appeal) -> Grant | None:
    """The role under which `user` rules: a supervisor of the whole district, from another tree than the unit
    that appeals, who holds no role in that tree at all and did not write the appeal."""
    tree = _top(appeal.unit)
    if appeal.by_id == getattr(user, "pk", None):
        return None
    if any(_top(grant.unit) == tree for grant in viewer_of(user).grants):
        return None
    return publishing_grant(user)


def visible_appeals(user: User | AnonymousUser) -> Q:
    """The condition on appeals that `user` may read: their unit's, or all for the district's people."""
    if sees_unpublished(user):
        return Q()
    seen = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(Role.LEADER, Role.HANDLER):
        if grant.reach != Reach.DISTRICT:
            seen |= Q(unit__in=OrgUnit.objects.within(grant.unit).values("code"))
    return seen
