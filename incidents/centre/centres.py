"""Which operations centres there are, what part of the district each watches, and who belongs to it.

One of the district, one of each street (its sub-centre), one of each community (its station). A centre is
known by the code of its area, which holds no slash and can stand in an address.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, Viewer, viewer_of
from grids.models import Area
from incidents.centre.levels import CentreLevel, level_of

# Who keeps watch over a district or a street; whoever leads looks too.
_WATCHING = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER)
_DESK = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)
# Who works in a community's station, and keeps its watch along with everything else.
_STATION = (Role.HANDLER, *_WATCHING)


@dataclass(frozen=True, slots=True)
class Centre:
    """One operations centre."""

    unit: OrgUnit
    level: CentreLevel
    area: Area

    @property
    def code(self) -> str:
        """The code of the area that it watches."""
        return self.area.code

    @property
    def name(self) -> str:
        return self.area.name

    def cases(self) -> Q:
        """The cases of its part, as a condition on Incident."""
        return {
            CentreLevel.DISTRICT: Q(),
            CentreLevel.STREET: Q(street_code=self.code),
            # with the street, which is indexed
            CentreLevel.COMMUNITY: Q(street_code=f"{self.code[:9]}000", community_code=self.code),
        }[self.level]

    def facts(self) -> Q:
        """The same part, as a condition on Outcome."""
        return self.cases()


def units_of_centres() -> Q:
    """The units that are operations centres, as a condition on OrgUnit."""
    return (
        Q(code=settings.TRIAGE_UNIT)
        | Q(code__endswith="/operations", kind=OrgUnit.Kind.STREET_TEAM)
        | Q(kind=OrgUnit.Kind.COMMUNITY_STATION)
    )


def centre_at(code: str) -> Centre | None:
    """The centre that watches the area with this code; nothing where there is none. Two queries."""
    area = Area.objects.without_polygons().filter(code=code).first()
    if area is None or level_of(area) is None:
        return None
    found = OrgUnit.objects.open().filter(units_of_centres(), area_code=code).order_by("path").first()
    level = level_of(area)
    return Centre(found, level, area) if found is not None and level is not None else None


def may_watch(viewer: Viewer, centre: Centre) -> bool:
    """May this person see the centre's wall, board and figures?"""
    return any(_watches(grant, centre) for grant in viewer.grants)


def works_at(viewer: Viewer, centre: Centre) -> bool:
    """Does this person work at this centre itself, and so hand over and take over its shifts?"""
    return any(_works(grant, centre) for grant in viewer.grants)


def supervises(viewer: Viewer, centre: Centre) -> bool:
    """May this person set the centre's shares and judge its samples?"""
    return any(
        grant.role == Role.SUPERVISOR and _watches(grant, centre) and grant.reach != Reach.UNIT
        for grant in viewer.grants
    )


def leads(viewer: Viewer, centre: Centre) -> bool:
    """May this person read how well the centre's people decide?"""
    return supervises(viewer, centre) or any(
        grant.role == Role.LEADER and _watches(grant, centre) and grant.reach != Reach.UNIT
        for grant in viewer.grants
    )


def home_of(user: User) -> Centre | None:
    """The centre that a person starts at: where they work, or else the widest that they watch."""
    viewer = viewer_of(user)
    codes = [_area_of(grant) for grant in viewer.grants if _is_of_a_centre(grant)]
    codes.sort(key=lambda code: code.rstrip("0"))
    centres = [centre for code in dict.fromkeys(codes) if (centre := centre_at(code)) is not None]
    at_work = [centre for centre in centres if works_at(viewer, centre)]
    return next(iter(at_work or [one for one in centres if may_watch(viewer, one)]), None)


def desks_of(viewer: Viewer) -> list[str]:
    """The codes of the centres that this person works at, the widest first; no query."""
    found = []
    for grant in sorted(viewer.grants, key=lambda one: len(one.unit.path)):
        if grant.role in _DESK and grant.reach == Reach.DISTRICT:
            found.append(str(settings.TRIAGE_UNIT))
        elif grant.role in _DESK and grant.reach == Reach.STREET:
            found.append(f"{grant.unit.code.partition('/')[0]}/operations")
        elif _is_of_a_centre(grant) and grant.reach == Reach.UNIT and grant.role != Role.LEADER:
            found.append(grant.unit.code)
    return list(dict.fromkeys(found))


def has_centre(viewer: Viewer) -> bool:
    """Is there any centre for this person? Asked by every page's menu, without a query of its own."""
    return any(_is_of_a_centre(grant) for grant in viewer.grants)


def people_of(centre: Centre) -> list[User]:
    """Who sits at this centre's desk: everybody with a desk role there, by name; one query."""
    members = desk_members(centre.unit.code).select_related("user")
    people = {row.user_id: row.user for row in members}
    return sorted(people.values(), key=lambda user: (user.display_name, user.username, user.pk))


def desk_members(unit_code: str) -> QuerySet[Membership]:
    """Who has a desk role at the centre with this code: in the centre itself, or in its office."""
    units = Q(unit=unit_code)
    if unit_code == settings.TRIAGE_UNIT:
        units |= Q(unit__kind=OrgUnit.Kind.DISTRICT)
    elif unit_code.endswith("/operations"):
        units |= Q(unit=unit_code.removesuffix("/operations"))
    return Membership.objects.filter(units, role__in=_DESK, user__is_active=True, unit__is_open=True)


def parts_of(centre: Centre) -> list[Area]:
    """The areas that the centre's part is made of: streets, communities, or cells; one query."""
    areas = Area.objects.in_use().without_polygons()
    if centre.level == CentreLevel.DISTRICT:
        return list(areas.streets().order_by("code"))
    kind = Area.Kind.COMMUNITY if centre.level == CentreLevel.STREET else Area.Kind.CELL
    return list(areas.of_kind(kind).within(centre.code).order_by("code"))


def above(centre: Centre) -> list[str]:
    """The codes of the areas above the centre's, the district's first."""
    codes = []
    if centre.level != CentreLevel.DISTRICT:
        codes.append(f"{centre.code[:6]}000000")
    if centre.level == CentreLevel.COMMUNITY:
        codes.append(f"{centre.code[:9]}000")
    return codes


def _is_of_a_centre(grant: Grant) -> bool:
    if grant.reach == Reach.UNIT:
        return grant.unit.kind == OrgUnit.Kind.COMMUNITY_STATION and grant.role in _STATION
    return grant.role in _WATCHING


def _area_of(grant: Grant) -> str:
    return grant.unit.area_code


def reaches(grant: Grant, code: str, level: CentreLevel) -> bool:
    """Does this grant look at the centre of the area with this code?"""
    if not _is_of_a_centre(grant):
        return False
    if grant.reach == Reach.DISTRICT:
        return True
    if grant.reach == Reach.STREET:
        return level != CentreLevel.DISTRICT and code[:9] == grant.unit.area_code[:9]
    return grant.unit.area_code == code


def _watches(grant: Grant, centre: Centre) -> bool:
    return reaches(grant, centre.code, centre.level)


def _works(grant: Grant, centre: Centre) -> bool:
    if grant.reach == Reach.UNIT:
        return grant.unit.code == centre.unit.code and grant.role in (*_DESK, Role.HANDLER)
    if grant.role not in _DESK:
        return False
    if grant.reach == Reach.DISTRICT:
        return centre.level == CentreLevel.DISTRICT
    return centre.level == CentreLevel.STREET and grant.unit.area_code == centre.code
