"""What a person may look at and act on: their roles, each with the reach of the unit it is held in."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from accounts.separation import is_separated


class Reach(StrEnum):
    """How far a role reaches, by the unit that it is held in."""

    DISTRICT = "district"  # the district and its operations centre
    STREET = "street"  # a street office and its operations sub-centre
    UNIT = "unit"  # the unit itself and what stands below it


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one unit."""

    role: str
    unit: OrgUnit
    reach: Reach

    def covers(self, unit: OrgUnit) -> bool:
        """Is `unit` this grant's unit, or below it?"""
        return unit.is_within(self.unit)


def _reach(unit: OrgUnit) -> Reach:
    if unit.kind == OrgUnit.Kind.DISTRICT or unit.code == settings.TRIAGE_UNIT:
        return Reach.DISTRICT
    if unit.kind == OrgUnit.Kind.STREET_OFFICE or unit.code.endswith("/operations"):
        return Reach.STREET
    return Reach.UNIT


class Viewer:
    """A person as the policies see them; one per request, and one query."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._below: dict[tuple[str, ...], tuple[str, ...]] = {}

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """Every role of the person, with its reach. Until somebody is security administrator, whoever keeps
        the installation keeps its people too: one query more, for them alone."""
        if self.user._state.adding:  # somebody without a sign-in
            return ()
        memberships = Membership.objects.filter(user=self.user, unit__is_open=True).select_related("unit")
        in_force = memberships.in_force(timezone.now())
        held = [Grant(row.role, row.unit, _reach(row.unit)) for row in in_force]
        if any(grant.role == Role.ADMIN for grant in held) and not is_separated():
            held += [replace(grant, role=Role.SECURITY) for grant in held if grant.role == Role.ADMIN]
        return tuple(held)

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles held anywhere."""
        return frozenset(grant.role for grant in self.grants)

    def units_below(self, *units: OrgUnit) -> tuple[str, ...]:
        """The codes of these units and of everything below them; asked once for the same units.

        As codes and not as a sub-select: PostgreSQL then knows how much a unit has, and looks a case up
        under them without reading the tree again.
        """
        key = tuple(sorted(unit.path for unit in units))
        if key not in self._below:
            below = Q(pk__in=[])
            for unit in units:
                below |= Q(pk__in=OrgUnit.objects.within(unit))
            self._below[key] = tuple(OrgUnit.objects.filter(below).values_list("code", flat=True))
        return self._below[key]

    def with_roles(self, *roles: Role) -> tuple[Grant, ...]:
        """The grants of any of these roles."""
        return tuple(grant for grant in self.grants if grant.role in roles)

    @property
    def home_unit(self) -> OrgUnit | None:
        """The unit that the person acts for where nothing says otherwise."""
        return self.grants[0].unit if self.grants else None


def viewer_of(user: User | AnonymousUser) -> Viewer:
    """The viewer of a request's user, made once; somebody without a sign-in sees nothing."""
    if not isinstance(user, User):
        return Viewer(User())
    cached: Viewer | None = getattr(user, "_viewer", None)
    if cached is None:
        cached = Viewer(user)
        user._viewer = cached  # type: ignore[attr-defined]  # lives as long as the request's user
    return cached


def has_asked(user: User) -> bool:
    """Were this user's roles read in this request already?"""
    viewer: Viewer | None = getattr(user, "_viewer", None)
    return viewer is not None and "grants" in vars(viewer)
