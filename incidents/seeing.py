"""Who may see a case. One rule, asked in the way that suits what is done with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.roles import ADMINISTRATORS, Role
from accounts.viewer import Grant, Reach, viewer_of
from grids.models import is_in_a_street
from incidents import blocks
from incidents.field import rounds
from incidents.models import Assignment, Incident, Verification
from incidents.models.incident import IncidentQuerySet

# Roles that see every case of their district or street; the others see their unit's.
# A steward judges the list by the cases that it decided, and acts on none.
OVERSIGHT: Final = (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER, Role.STEWARD)
# Whose cases are fewer has them looked up by their ids; more are met along the list's own order.
FEW: Final = 2_000


def visible(user: User | AnonymousUser) -> Q:
    """The condition under which `user` may see a case."""
    parts = _seen(user)
    if parts is None:
        return Q()
    seen = Q(pk__in=[])
    for part in parts:
        seen |= part.of_each
    return seen


def cases_of(user: User | AnonymousUser) -> IncidentQuerySet:
    """The cases that `user` may see, as a list of them is best read: the same ones as by `visible`.

    Who sees much meets their cases soon on the way down the list; who sees little is asked for theirs
    first, part by part by index, and nobody reads the district's for them.
    """
    return seen_by(user).cases


@dataclass(frozen=True, slots=True)
class Seen:
    """The cases that somebody may see."""

    cases: IncidentQuerySet
    are_many: bool  # more than FEW for certain; of who sees all it is not asked


def seen_by(user: User | AnonymousUser) -> Seen:
    """The same, and whether they are many."""
    parts = _seen(user)
    if parts is None:
        return Seen(Incident.objects.all(), are_many=False)
    ids: set[int] = set()
    for part in parts:
        found = list(part.ids[: FEW + 1])
        ids.update(found)
        # A case may have been sent to a unit more than once: a full answer is not all of theirs, however
        # few cases it is about.
        if len(found) > FEW or len(ids) > FEW:
            return Seen(Incident.objects.filter(visible(user)), are_many=len(ids) > FEW)
    return Seen(Incident.objects.filter(pk__in=ids), are_many=False)


def filed_under(user: User | AnonymousUser) -> list[str] | None:
    """Codes of units and streets under one of which every case is filed that `user` may see.

    None: they see all, or what they see is not all told by a unit or a street.
    """
    grants = _grants(user)
    if any(grant.role == Role.PATROL or _sees_all(grant) for grant in grants):
        return None
    streets = [grant.unit.area_code for grant in grants if _sees_a_street(grant)]
    others = [grant for grant in grants if not _sees_a_street(grant)]
    if isinstance(user, User) and _near(others):
        streets += blocks.streets_of(user)
    return [*streets, *viewer_of(user).units_below(*(grant.unit for grant in others))]


def can_see(user: User | AnonymousUser, incident: Incident) -> bool:
    """May `user` open this case?"""
    return Incident.objects.filter(visible(user), pk=incident.pk).exists()


class AskedOfEach(Exists):
    """EXISTS that is looked up for each case that is met, by index.

    Left to itself, PostgreSQL answers it for every case of a unit beforehand wherever it stands beside an
    OR: 25 ms for a unit of 70,000 cases, to show one case or fifty. It does not where there is an OFFSET.
    """

    template = "EXISTS(%(subquery)s OFFSET 0)"


@dataclass(frozen=True, slots=True)
class _Part:
    """One way in which somebody comes to see cases, asked in two ways that mean the same cases."""

    of_each: Q  # of one case, or of each that is met on the way down a list
    ids: QuerySet[Any, int]  # all of theirs, by an index; a case may come twice


def _seen_on_rounds(user: User, grant: Grant) -> list[_Part]:
    """What a patrol found, and what the street's grid station was asked to check."""
    asked = Verification.objects.filter(unit__in=rounds.units_checked_for(grant).values("code"))
    found = rounds.findings_of(user).order_by().values_list("pk", flat=True)
    return [_Part(Q(pk__in=found), found), _linked(asked)]


def _with_their_blocks(user: User | AnonymousUser, part: _Part) -> _Part:
    """The part, and what lies in a block that the person answers for by name. Not a part of its own: hardly
    anybody answers for one, and each part costs a list a query."""
    if not isinstance(user, User):
        return part
    cells, told = blocks.cells_of(user), blocks.may_be_told()
    inside = Q(AskedOfEach(cells.filter(cell=OuterRef("cell_code")))) & told
    ids = Incident.objects.filter(told, cell_code__in=cells.values("cell"))
    return _Part(part.of_each | inside, part.ids.union(ids.order_by().values_list("pk", flat=True), all=True))


def _near(grants: Iterable[Grant]) -> bool:
    """Is one of these held in a street? Who works for the district alone answers for no block."""
    return any(is_in_a_street(grant.unit.area_code) for grant in grants)


def _seen(user: User | AnonymousUser) -> list[_Part] | None:
    """What `user` sees, each part for itself; None: everything."""
    grants = _grants(user)
    if any(_sees_all(grant) for grant in grants):
        return None
    parts = [_own(Q(street_code=grant.unit.area_code)) for grant in grants if _sees_a_street(grant)]
    if others := [grant for grant in grants if not _sees_a_street(grant)]:
        codes = viewer_of(user).units_below(*(grant.unit for grant in others))
        # Whose it was, whose it is, and who was asked to check it. As sub-selects, so that no row doubles.
        # Whoever has many was sent many, and that is the index to read them from.
        own = _own(Q(owner_unit__in=codes))
        parts += [
            _linked(Assignment.objects.filter(unit__in=codes)),
            _with_their_blocks(user, own) if _near(others) else own,
            _linked(Verification.objects.filter(unit__in=codes)),
        ]
    if isinstance(user, User):
        for grant in grants:
            if grant.role == Role.PATROL:
                parts += _seen_on_rounds(user, grant)
    return parts


def _grants(user: User | AnonymousUser) -> list[Grant]:
    return [grant for grant in viewer_of(user).grants if grant.role not in ADMINISTRATORS]


def _sees_all(grant: Grant) -> bool:
    return grant.role in OVERSIGHT and grant.reach == Reach.DISTRICT


def _sees_a_street(grant: Grant) -> bool:
    return grant.role in OVERSIGHT and grant.reach == Reach.STREET


def _own(condition: Q) -> _Part:
    return _Part(condition, Incident.objects.filter(condition).order_by().values_list("pk", flat=True))


def _linked(rows: QuerySet[Any]) -> _Part:
    """The cases of these rows."""
    of_each = AskedOfEach(rows.filter(incident=OuterRef("pk")))
    return _Part(Q(of_each), rows.order_by().values_list("incident", flat=True))
