"""Who may have a data set, and on what ground; who owns it and decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiClient, Membership, OrgUnit, Scope, User
from accounts.viewer import Grant, Reach, viewer_of
from dashboards.datasets.definition import Access, DataSet, Mode
from dashboards.models import DataRequest, DataRule


class Ground(StrEnum):
    """Why somebody may have it; nothing where they may not."""

    NONE = ""
    OWNER = "owner"
    OPEN = "open"
    ROLE = "role"
    UNIT = "unit"
    GRANT = "grant"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one person or system stands to one data set."""

    ground: Ground
    until: datetime | None = None  # of a grant
    request: DataRequest | None = None  # that waits, or that the grant came from

    @property
    def may_have(self) -> bool:
        return self.ground != Ground.NONE


def signs_in(user: User | AnonymousUser) -> bool:
    """Is it one of the staff? The catalogue is for everybody who works here."""
    return bool(viewer_of(user).roles)


def owner_grant(user: User | AnonymousUser, dataset: DataSet) -> Grant | None:
    """The role under which a person answers for it: one of its owner's roles, in the owner's unit."""
    for grant in viewer_of(user).with_roles(*dataset.owner_roles):
        if grant.unit.code == dataset.owner_unit:
            return grant
    return None


def owners(dataset: DataSet) -> list[int]:
    """The people who answer for it."""
    able = Membership.objects.able(timezone.now())
    held = able.filter(unit=dataset.owner_unit, role__in=dataset.owner_roles)
    return sorted(set(held.values_list("user", flat=True)))


def rules(codes: Iterable[str] | None = None) -> dict[str, DataRule]:
    """What owners have said, by data set."""
    rows = DataRule.objects.select_related("changed_by")
    return {row.dataset: row for row in (rows if codes is None else rows.filter(dataset__in=list(codes)))}


def access_of(dataset: DataSet, said: Mapping[str, DataRule]) -> Access:
    """Who may have it without asking: as its owner says, else as the catalogue does."""
    row = said.get(dataset.code)
    if row is None:
        return dataset.access
    return Access(Mode(row.mode), roles=tuple(row.roles), units=tuple(row.units))  # type: ignore[arg-type]


def grants_of(asking: User | ApiClient, at: datetime) -> dict[str, list[DataRequest]]:
    """What waits and what is granted to this caller, by data set; one query."""
    mine = Q(client=asking) if isinstance(asking, ApiClient) else Q(by=asking, client__isnull=True)
    states = Q(state=DataRequest.State.WAITING) | Q(state=DataRequest.State.GRANTED, until__gt=at)
    found: dict[str, list[DataRequest]] = {}
    for row in DataRequest.objects.filter(mine, states).order_by("-until", "-pk"):
        found.setdefault(row.dataset, []).append(row)
    return found


def standing(
    asking: User | ApiClient,
    dataset: DataSet,
    access: Access,
    requests: Iterable[DataRequest],
) -> Standing:
    """May the caller have it? `requests` are their own about it that wait or are granted."""
    requests = list(requests)
    granted = next((row for row in requests if row.state == DataRequest.State.GRANTED), None)
    waiting = next((row for row in requests if row.state == DataRequest.State.WAITING), None)
    if isinstance(asking, ApiClient):
        ground = _ground_of_system(asking, access)
    else:
        ground = _ground(asking, dataset, access)
    if ground == Ground.NONE and granted is not None and _still_there(granted, asking):
        return Standing(Ground.GRANT, granted.until, granted)
    return Standing(ground, None, waiting)


def _ground(user: User, dataset: DataSet, access: Access) -> Ground:
    viewer = viewer_of(user)
    if owner_grant(user, dataset) is not None:
        return Ground.OWNER
    if access.mode == Mode.OPEN and viewer.roles:
        return Ground.OPEN
    if access.mode == Mode.ROLES and any(
        grant.role in access.roles and grant.reach == Reach.DISTRICT for grant in viewer.grants
    ):
        return Ground.ROLE
    if access.mode == Mode.UNITS and any(
        code in access.units for grant in viewer.grants for code in grant.unit.path.split(">")
    ):
        return Ground.UNIT
    return Ground.NONE


def _ground_of_system(client: ApiClient, access: Access) -> Ground:
    """A system has no role: what is open, what was granted to it, and what its unit has where it has one."""
    if access.mode == Mode.OPEN:
        return Ground.OPEN
    if access.mode == Mode.UNITS and client.unit is not None:
        return Ground.UNIT if set(client.unit.path.split(">")) & set(access.units) else Ground.NONE
    return Ground.NONE


def _still_there(request: DataRequest, asking: User | ApiClient) -> bool:
    """A grant was given to somebody in a unit: who has left it has lost it, and so has their system.
    A unit's own system takes nothing that another unit was granted."""
    if isinstance(asking, ApiClient):
        if asking.unit is not None and not request.unit.is_within(asking.unit):
            return False
        able = Membership.objects.able(timezone.now())
        return able.filter(user=request.by_id, unit=request.unit_id).exists()
    return any(grant.unit.code == request.unit_id for grant in viewer_of(asking).grants)


def look_up(asking: User | ApiClient, dataset: DataSet, *, at: datetime) -> Standing:
    """The same for one data set, read now."""
    return standing(
        asking,
        dataset,
        access_of(dataset, rules([dataset.code])),
        grants_of(asking, at).get(dataset.code, ()),
    )


def systems() -> list[ApiClient]:
    """Systems that may be asked for: active, with the scope for data sets."""
    return [one for one in ApiClient.objects.filter(is_active=True) if Scope.DATA in one.scopes]


def visible_requests(user: User, datasets: Iterable[DataSet]) -> Q:
    """A person's own requests, and those about what they answer for."""
    owned = [one.code for one in datasets if owner_grant(user, one) is not None]
    return Q(by=user) | Q(dataset__in=owned)


def unit_of(user: User) -> OrgUnit | None:
    """The unit that a person asks for."""
    return viewer_of(user).home_unit
