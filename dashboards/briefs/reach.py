"""Who reads which briefs, who writes in them, and to whom they go by themselves.

The district's people read all; a street's leaders and supervisors their street's; heads of units those of
their unit and of what is below it. A draft is for those alone who may write in it.
"""

from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from dashboards.models import Brief, BriefAbout, BriefSubscription

READERS: Final = (Role.LEADER, Role.SUPERVISOR)
WRITERS: Final = (Role.SUPERVISOR,)
Status = Brief.Status


def visible(user: User | AnonymousUser) -> Q:
    """The condition on briefs that `user` may read."""
    seen = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(*READERS):
        # Everything is said as a condition of its own: an empty one would leave only the others.
        own = _own(user, grant)
        seen |= own if grant.role in WRITERS else own & Q(status=Status.ISSUED)
    return seen


def _own(user: User | AnonymousUser, grant: Grant) -> Q:
    if grant.reach == Reach.DISTRICT:
        return Q(pk__isnull=False)
    if grant.reach == Reach.STREET:
        return Q(about=BriefAbout.STREET, code=grant.unit.area_code)
    return Q(about=BriefAbout.UNIT, code__in=viewer_of(user).units_below(grant.unit))


def writing_grant(user: User | AnonymousUser, brief: Brief) -> Grant | None:
    """The role under which somebody writes in a brief and issues it: a supervisor of the district, or of the
    street that it is about."""
    for grant in viewer_of(user).with_roles(*WRITERS):
        if grant.reach == Reach.DISTRICT:
            return grant
        if (
            grant.reach == Reach.STREET
            and brief.about == BriefAbout.STREET
            and brief.code == grant.unit.area_code
        ):
            return grant
    return None


def goes_to(brief: Brief) -> Q:
    """Whose memberships bring them the brief without asking: those who answer for whom it is about."""
    roles = Q(role__in=READERS, unit__is_open=True, user__is_active=True)
    if brief.about == BriefAbout.DISTRICT:
        return roles & _OF_DISTRICT
    if brief.about == BriefAbout.STREET:
        return roles & Q(unit__area_code=brief.code) & _OF_STREET
    return roles & Q(unit=brief.code)


def readable_by(brief: Brief) -> Q:
    """Whose memberships let them read it, once it is issued."""
    roles = Q(role__in=READERS, unit__is_open=True, user__is_active=True)
    above: list[str] = []
    if brief.about == BriefAbout.UNIT:
        unit = OrgUnit.objects.filter(pk=brief.code).first()
        above = unit.path.split(">") if unit else []
    return goes_to(brief) | (roles & (_OF_DISTRICT | (Q(unit__in=above) & ~_OF_STREET)))


_OF_DISTRICT = Q(unit__kind=OrgUnit.Kind.DISTRICT) | Q(unit=settings.TRIAGE_UNIT)
_OF_STREET = Q(unit__kind=OrgUnit.Kind.STREET_OFFICE) | Q(unit__code__endswith="/operations")


def recipients(brief: Brief) -> list[int]:
    """The people whom an issued brief goes to, each once: by role, and by what they asked for themselves.

    Who may no longer read it is sent nothing, whatever they asked for once.
    """
    members = Membership.objects.in_force(timezone.now())
    by_role = set(members.filter(goes_to(brief)).values_list("user_id", flat=True))
    asked = dict(
        BriefSubscription.objects.filter(kind=brief.kind, about=brief.about, code=brief.code).values_list(
            "user_id", "wanted"
        )
    )
    wanted = [user for user, yes in asked.items() if yes and user not in by_role]
    may = (
        set(members.filter(readable_by(brief), user__in=wanted).values_list("user_id", flat=True))
        if wanted
        else set()
    )
    return sorted(user for user in by_role | may if asked.get(user, True))


def comes_to(user: User, brief: Brief) -> bool:
    """Are briefs like this one sent to this person?"""
    asked = BriefSubscription.objects.filter(
        user=user, kind=brief.kind, about=brief.about, code=brief.code
    ).first()
    if asked is not None:
        return asked.wanted
    return Membership.objects.filter(goes_to(brief), user=user).exists()
