"""What a patrol's rounds are made of: the checks that wait for them, and what they found themselves."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, viewer_of
from dispatch.vocabulary import Source
from incidents.models import Incident, IncidentReport, Verification
from incidents.models.incident import IncidentQuerySet, Status

GRID_STATION = "/grid-station"
# How long after finding something a patrol may still say that they put it right themselves.
FIX_WITHIN = timedelta(hours=24)


def checks_for(grant: Grant, unit: OrgUnit) -> bool:
    """Does a check that `unit` was asked for fall to the holder of this grant?

    A unit's own people, and, since grid members are counted to their communities, for a street's grid
    station every patrol of that street.
    """
    if grant.covers(unit):
        return True
    return (
        grant.role == Role.PATROL
        and unit.code.endswith(GRID_STATION)
        and unit.area_code[:9] == grant.unit.area_code[:9]
    )


def is_station(code: str) -> bool:
    """Is this unit a street's grid station, whose checks fall to every patrol of the street?"""
    return code.endswith(GRID_STATION)


def patrols_of(stations: Mapping[str, str]) -> dict[str, list[User]]:
    """Who the checks of these grid stations (by code, with the street's nine digits) fall to; one query."""
    if not stations:
        return {}
    streets = Q()
    for street in stations.values():
        streets |= Q(unit__area_code__startswith=street)
    rows = (
        Membership.objects.filter(streets, role=Role.PATROL, unit__is_open=True, user__is_active=True)
        .in_force(timezone.now())
        .select_related("user", "unit")
    )
    found = list(rows.order_by("user_id"))
    return {
        code: [row.user for row in found if row.unit.area_code.startswith(street)]
        for code, street in stations.items()
    }


def units_checked_for(grant: Grant) -> QuerySet[OrgUnit]:
    """The units whose checks fall to the holder of a patrol's grant; the same rule as a query."""
    of_street = Q(code__endswith=GRID_STATION, area_code__startswith=grant.unit.area_code[:9])
    below = Q(path=grant.unit.path) | Q(path__startswith=f"{grant.unit.path}>")
    return OrgUnit.objects.filter(below | of_street)


def open_checks(user: User) -> QuerySet[Verification]:
    """The checks that wait for this patrol, of cases that wait for nothing else."""
    viewer = viewer_of(user)
    theirs = Q(pk__in=[])
    for grant in viewer.with_roles(Role.PATROL):
        theirs |= Q(unit__in=units_checked_for(grant).values("code"))
    # Nobody judges the work of a unit that they work for, their own fix included.
    for hat in viewer.with_roles(Role.HANDLER, Role.PATROL):
        theirs &= ~Q(incident__owner_unit__in=OrgUnit.objects.within(hat.unit).values("code"))
    return Verification.objects.filter(theirs, done_at__isnull=True, incident__status=Status.RESOLVED)


def findings_of(user: User) -> IncidentQuerySet:
    """The cases of what this person reported on their rounds."""
    links = IncidentReport.objects.filter(
        unlinked_at__isnull=True, report__filed_by=user, report__source=Source.PATROL
    )
    return Incident.objects.filter(pk__in=links.values("incident"))


def is_finding_of(user: User, incident: Incident) -> bool:
    """Did this person report it on their rounds?"""
    if user._state.adding:
        return False
    return incident.links.filter(
        unlinked_at__isnull=True, report__filed_by=user, report__source=Source.PATROL
    ).exists()


def may_still_fix(incident: Incident, at: datetime) -> bool:
    """Is it early enough to say that it was put right on the spot?"""
    return at - incident.received_at <= FIX_WITHIN
