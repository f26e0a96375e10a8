"""Whose numbers a person may see, and what units, places and matters are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from dashboards.dimensions import By
from dispatch.models import Category, ResponsibilityItem
from dispatch.vocabulary import Level, Nature, Source
from grids.models import Area
from incidents.models import BlockCell

# Roles that look at numbers at all. An administrator keeps the installation and counts nothing.
BOARD_ROLES = (Role.LEADER, Role.SUPERVISOR, Role.OPERATOR, Role.DISPATCHER, Role.HANDLER)
_OVERSIGHT = BOARD_ROLES[:4]
# Who reads what became of the list's decisions; a street's or a department's people read their own.
LEARNING_ROLES = (Role.STEWARD, Role.SUPERVISOR, Role.LEADER)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the district that a person's numbers are about."""

    reach: Reach
    street: str = ""  # its area code, where the reach is a street
    unit: OrgUnit | None = None  # the unit whose subtree it is, where the reach is a unit

    @property
    def is_district(self) -> bool:
        return self.reach == Reach.DISTRICT


def scope_of(user: User | AnonymousUser) -> Scope | None:
    """The widest of a person's grants; None where no role of theirs looks at numbers.

    Somebody who oversees a street and also works in a unit sees the street: two scopes cannot be added
    up without counting their overlap twice.
    """
    grants = viewer_of(user).with_roles(*BOARD_ROLES)
    return _widest(grants, [grant for grant in grants if grant.role in _OVERSIGHT])


def learning_scope_of(user: User | AnonymousUser) -> Scope | None:
    """The same for what became of the list's decisions."""
    grants = viewer_of(user).with_roles(*LEARNING_ROLES)
    return _widest(grants, grants)


def _widest(grants: Sequence[Grant], overseeing: Sequence[Grant]) -> Scope | None:
    if any(grant.reach == Reach.DISTRICT for grant in overseeing):
        return Scope(Reach.DISTRICT)
    for grant in overseeing:
        if grant.reach == Reach.STREET:
            return Scope(Reach.STREET, street=grant.unit.area_code)
    if grants:
        return Scope(Reach.UNIT, unit=min((grant.unit for grant in grants), key=lambda unit: unit.path))
    return None


class Names:
    """What codes are called in the reader's language; each kind is read once, when it is asked for."""

    @cached_property
    def streets(self) -> dict[str, str]:
        return {code: name for code, name, _parent in self._areas if code.endswith("000")}

    @cached_property
    def communities(self) -> dict[str, str]:
        return {code: name for code, name, _parent in self._areas if not code.endswith("000")}

    @cached_property
    def _areas(self) -> list[tuple[str, str, str]]:
        areas = Area.objects.filter(kind__in=[Area.Kind.STREET, Area.Kind.COMMUNITY])
        column = "name_en" if self._english else "name_zh"
        return list(areas.order_by("code").values_list("code", column, "parent_id"))

    @cached_property
    def _small_areas(self) -> dict[str, tuple[str, str, str | None]]:
        """Blocks and grid cells: kind, name and what they lie in."""
        areas = Area.objects.in_use().filter(kind__in=[Area.Kind.BLOCK, Area.Kind.CELL])
        column = "name_en" if self._english else "name_zh"
        rows = areas.order_by("code").values_list("code", "kind", column, "parent_id")
        return {code: (kind, name, parent) for code, kind, name, parent in rows}

    @cached_property
    def blocks(self) -> dict[str, str]:
        return {code: name for code, (kind, name, _in) in self._small_areas.items() if kind == "block"}

    @cached_property
    def cells(self) -> dict[str, str]:
        return {code: name for code, (kind, name, _in) in self._small_areas.items() if kind == "cell"}

    @cached_property
    def block_of(self) -> dict[str, str]:
        """The block of each grid cell that lies in one."""
        return dict(BlockCell.objects.values_list("cell_id", "block_id"))

    def areas_in(self, streets: Sequence[str]) -> list[str]:
        """Every community, block and grid cell of these streets."""
        inside = {code for code in self.communities if f"{code[:9]}000" in streets}
        found = sorted(inside)
        found += [code for code in (*self.blocks, *self.cells) if self._community_of(code) in inside]
        return found

    def _community_of(self, code: str) -> str | None:
        while code in self._small_areas:
            parent = self._small_areas[code][2]
            if parent is None:
                return None
            code = parent
        return code

    def cut(self, areas: Sequence[str]) -> tuple[str, ...]:
        """The same areas in what facts carry: communities and cells, a block as its cells."""
        found: list[str] = []
        for code in areas:
            if code in self.communities or code not in self.blocks:
                found.append(code)
            else:
                found += [cell for cell, block in self.block_of.items() if block == code]
        # An empty block has nothing in it; no area at all would be everything.
        return tuple(found) or (tuple(areas) and ("-",))

    @cached_property
    def items(self) -> dict[str, str]:
        """Responsibility items by code, of every version of the list, as the newest calls them."""
        rows = ResponsibilityItem.objects.order_by("list_id").values_list("code", "matter_zh")
        return dict(rows)

    @cached_property
    def units(self) -> dict[str, OrgUnit]:
        return {unit.code: unit for unit in OrgUnit.objects.order_by("path")}

    @cached_property
    def categories(self) -> dict[str, Category]:
        return {category.code: category for category in Category.objects.defer("scope_zh")}

    @cached_property
    def _english(self) -> bool:
        return (get_language() or "").startswith("en")

    def street(self, code: str) -> str:
        return self.streets.get(code) or _("Place not known")

    def community(self, code: str) -> str:
        return self.communities.get(code) or _("Place not known")

    def area(self, code: str) -> str:
        """A community's, block's or grid cell's name."""
        if code in self.communities:
            return self.communities[code]
        return self._small_areas[code][1] if code in self._small_areas else _("Place not known")

    def of(self, by: By, code: str) -> str:
        """What a value of any dimension is called."""
        match by:
            case "unit":
                return self.unit(code)
            case "street":
                return self.street(code)
            case "community" | "block" | "cell":
                return self.area(code)
            case "category":
                return self.category(code)
            case "domain":
                return self.domains.get(code) or _("Not yet classified")
            case "item":
                return self.item(code) or _("Not yet classified")
            case "source" | "level" | "nature":
                labels: dict[str, Any] = dict(
                    {"source": Source, "level": Level, "nature": Nature}[by].choices
                )
                return str(labels.get(code, code)) or "—"
            case _:
                return code

    @cached_property
    def domains(self) -> dict[str, str]:
        return {category.domain_code: category.domain for category in self.categories.values()}

    def item(self, code: str) -> str:
        return self.items.get(code) or code

    def unit(self, code: str) -> str:
        return self.units[code].name if code in self.units else code

    def category(self, code: str) -> str:
        return self.categories[code].name if code in self.categories else _("Not yet classified")

    def within(self, unit: OrgUnit) -> tuple[str, ...]:
        """The codes of a unit and everything below it."""
        return tuple(code for code, other in self.units.items() if other.is_within(unit))

    def child_of(self, root: OrgUnit | None, code: str) -> str:
        """The unit directly below `root` (the district, where None) that `code` belongs to."""
        unit = self.units.get(code)
        if unit is None:
            return code
        path = unit.path.split(">")
        depth = len(root.path.split(">")) if root else 1
        return path[min(depth, len(path) - 1)]
