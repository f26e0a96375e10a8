"""Whose hands a case is in, inside the unit that has it: who could take it."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role


def hands_of(unit: OrgUnit) -> QuerySet[User]:
    """Everybody who may handle this unit's cases: its handlers, and those of the units above it and below
    the district; the nearest first, then by name."""
    above = unit.path.split(">")[1:] or [unit.code]
    members = Membership.objects.able(timezone.now()).filter(unit__in=above, role=Role.HANDLER)
    nearest = members.filter(unit=unit)
    return (
        User.objects.filter(pk__in=members.values("user"), is_active=True)
        .annotate(is_near=Q(pk__in=nearest.values("user")))
        .order_by("-is_near", "display_name", "pk")
    )
