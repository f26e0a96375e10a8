"""街区: the block that a place lies in, and who answers for it by name."""

import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _
from shapely import Polygon, unary_union

from accounts.models import Membership, User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from grids.models import Area, code_prefix
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BlockCell, BlockRole

# Seconds for which a process takes the blocks it has read to be unchanged.
TRUST = 10.0
# Who names those who answer for a block, of the whole district or of the street that it lies in.
NAMERS = (Role.SUPERVISOR, Role.LEADER)
CELLS_MOST = 200
_read: Mapping[str, str] | None = None
_read_at = 0.0


def block_of(cell_code: str) -> str:
    """The code of the block that a cell lies in; empty where the street has cut none there."""
    global _read, _read_at
    if _read is None or time.monotonic() - _read_at > TRUST:
        _read = dict(BlockCell.objects.values_list("cell_id", "block_id"))
        _read_at = time.monotonic()
    return _read.get(cell_code, "")


def forget() -> None:
    """Read the blocks anew at the next question."""
    global _read
    _read = None


@transaction.atomic
def cut(*, name_zh: str, name_en: str, cells: Iterable[str]) -> Area:
    """A block of these cells, which lie in one community and in no other block yet; answers its area.

    Its outline is that of its cells together; where they do not touch, that of the largest part.
    """
    codes = sorted(set(cells))
    found = list(Area.objects.cells().filter(code__in=codes).select_related("parent"))
    communities = {area.parent_id for area in found}
    if not found or len(found) != len(codes) or len(communities) != 1 or len(codes) > CELLS_MOST:
        raise InvalidInput("cells", "unknown", _("Choose grid cells of one community."))
    if BlockCell.objects.filter(cell__in=codes).exists():
        raise InvalidInput("cells", "taken", _("One of these cells lies in another block already."))
    community = found[0].parent
    assert community is not None
    known = Area.objects.of_kind(Area.Kind.BLOCK).filter(parent=community).alias(size=Length("code"))
    serial = known.filter(size=15).count() + 1
    widest = max(found, key=lambda area: area.area_m2)
    block = Area.objects.create(
        code=f"{community.code}B{serial:02d}",
        kind=Area.Kind.BLOCK,
        name_zh=name_zh,
        name_en=name_en,
        parent=community,
        lon=widest.lon,
        lat=widest.lat,
        area_m2=sum(area.area_m2 for area in found),
        polygon=_outline([area.polygon for area in found]),
    )
    BlockCell.objects.bulk_create([BlockCell(block=block, cell=cell) for cell in found])
    forget()
    return block


def _outline(polygons: list[list[list[list[float]]]]) -> list[list[list[float]]]:
    joined = unary_union([Polygon(rings[0], rings[1:]) for rings in polygons])
    largest = max(getattr(joined, "geoms", [joined]), key=lambda part: part.area)
    return [[list(point) for point in ring.coords] for ring in (largest.exterior, *largest.interiors)]


def roles_of(block_code: str) -> list[BlockRole]:
    """Who answers for this block now, the first secretary first."""
    found = BlockRole.objects.filter(area=block_code, until__isnull=True).select_related("user")
    order = BlockRole.Role.values
    return sorted(found, key=lambda one: order.index(one.role))


def holders(block_and_role: str) -> tuple[User, ...]:
    """Who holds this role now, of `AREA:ROLE`; nobody where it is vacant or they have left."""
    area, _colon, role = block_and_role.partition(":")
    held = BlockRole.objects.filter(area=area, role=role, until__isnull=True, user__is_active=True)
    return tuple(one.user for one in held.select_related("user"))


def may_name(user: User, area_code: str) -> bool:
    """May this person say who answers for this block?"""
    return any(
        grant.reach == Reach.DISTRICT
        or (grant.unit.area_code and area_code.startswith(code_prefix(grant.unit.area_code)[:9]))
        for grant in viewer_of(user).with_roles(*NAMERS)
    )


def candidates(area_code: str) -> list[User]:
    """Who can be named: whoever works for the street or the community that the block lies in."""
    street = area_code[:9]
    works = Membership.objects.filter(unit__area_code__startswith=street, user__is_active=True)
    found = User.objects.filter(pk__in=works.values("user"))
    return list(found.order_by("display_name", "pk")[:300])


@transaction.atomic(durable=True)
def name(*, area_code: str, role: str, user_id: int | None, by: User, at: datetime) -> BlockRole | None:
    """Name somebody for a role of a block, or nobody: whoever held it until now holds it no more."""
    if not may_name(by, area_code):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
    # The row of the block keeps two who name at once apart.
    block = Area.objects.select_for_update().filter(code=area_code, kind=Area.Kind.BLOCK).first()
    if block is None or role not in BlockRole.Role.values:
        raise InvalidInput("role", "unknown", _("Choose a block and one of its roles."))
    named = next((one for one in candidates(area_code) if one.pk == user_id), None)
    if user_id is not None and named is None:
        raise InvalidInput("user", "unknown", _("Choose somebody who works for this street."))
    held = BlockRole.objects.filter(area=block, role=role, until__isnull=True)
    if named is not None and held.filter(user=named).exists():
        return held.get()
    held.update(until=at)
    if named is None:
        return None
    return BlockRole.objects.create(area=block, role=role, user=named, since=at, named_by=by)
