"""Relative units: whose is `@street/enforcement`, here?

A pattern is a unit's code, or `@street` (the street office), `@street/TEAM` (one of its teams),
`@community` (the community's station), `@owner` (whoever owns the facility). What the place or the
facility does not tell stays unknown: the answer is None, never a guess.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from accounts.models import OrgUnit

AT_STREET, AT_COMMUNITY, AT_OWNER = "@street", "@community", "@owner"
RELATIVE = frozenset({AT_STREET, AT_COMMUNITY, AT_OWNER})


def is_relative(pattern: str) -> bool:
    """Does the unit depend on the place or the facility?"""
    return pattern.startswith("@")


class Unit(NamedTuple):
    """A unit as the directory reads it."""

    code: str
    kind: str
    area_code: str
    name_zh: str
    name_en: str
    path: str = ""
    is_open: bool = True
    successor: str | None = None  # of a closed unit


@dataclass(frozen=True, slots=True)
class UnitDirectory:
    """The open units by code and by place, as they were when it was read; and which ones have closed."""

    codes: frozenset[str]
    streets: Mapping[str, str] = field(default_factory=dict)  # area code → street office
    communities: Mapping[str, str] = field(default_factory=dict)  # area code → community station
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # code → (Chinese, English)
    kinds: Mapping[str, str] = field(default_factory=dict)  # code → OrgUnit.Kind
    paths: Mapping[str, str] = field(default_factory=dict)  # code → the codes from the root, by ">"
    closed: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # code → (Chinese, English)
    heirs: Mapping[str, str] = field(default_factory=dict)  # closed unit → the open one that goes on for it

    @classmethod
    def read(cls) -> "UnitDirectory":
        """From the database, in one query."""
        columns = ("code", "kind", "area_code", "name_zh", "name_en", "path", "is_open", "successor_id")
        return cls.of(Unit(*row) for row in OrgUnit.objects.values_list(*columns).order_by("code"))

    @classmethod
    def of(cls, rows: Iterable[Unit]) -> "UnitDirectory":
        streets: dict[str, str] = {}
        communities: dict[str, str] = {}
        units = list(rows)
        opened = [unit for unit in units if unit.is_open]
        for unit in opened:
            if unit.kind == OrgUnit.Kind.STREET_OFFICE:
                streets[unit.area_code] = unit.code
            elif unit.kind == OrgUnit.Kind.COMMUNITY_STATION:
                communities[unit.area_code] = unit.code
        heirs = _heirs(units)
        for unit in units:
            # A street or a community whose own unit was merged is its successor's.
            if unit.kind == OrgUnit.Kind.STREET_OFFICE and unit.code in heirs:
                streets.setdefault(unit.area_code, heirs[unit.code])
            elif unit.kind == OrgUnit.Kind.COMMUNITY_STATION and unit.code in heirs:
                communities.setdefault(unit.area_code, heirs[unit.code])
        names = {unit.code: (unit.name_zh, unit.name_en) for unit in opened}
        return cls(
            frozenset(names),
            streets,
            communities,
            names,
            kinds={unit.code: unit.kind for unit in opened},
            paths={unit.code: unit.path for unit in opened},
            closed={unit.code: (unit.name_zh, unit.name_en) for unit in units if not unit.is_open},
            heirs=heirs,
        )

    @property
    def teams(self) -> frozenset[str]:
        """What may follow `@street/`: the teams that every street has."""
        offices = tuple(self.streets.values())
        if not offices:
            return frozenset()
        of_first = {code.partition("/")[2] for code in self.codes if code.startswith(f"{offices[0]}/")}
        return frozenset(
            team for team in of_first if all(self._stands(f"{office}/{team}") for office in offices)
        )

    def knows(self, pattern: str) -> bool:
        """Could this pattern name a unit anywhere in the district?"""
        if pattern.startswith(f"{AT_STREET}/"):
            return pattern.removeprefix(f"{AT_STREET}/") in self.teams
        return pattern in RELATIVE or pattern in self.codes

    def resolve(
        self,
        pattern: str,
        *,
        street: str | None = None,
        community: str | None = None,
        owner: str | None = None,
    ) -> str | None:
        """The unit's code, or None where the place, the facility or the unit is unknown."""
        if not pattern:
            return None
        if not pattern.startswith("@"):
            return self._stands(pattern)
        if pattern == AT_COMMUNITY:
            return self.communities.get(community or "")
        if pattern == AT_OWNER:
            return self._stands(owner or "")
        office = self.streets.get(street or "")
        if office is None or pattern == AT_STREET:
            return office
        team = f"{office}/{pattern.removeprefix(f'{AT_STREET}/')}"
        return self._stands(team)

    def _stands(self, code: str) -> str | None:
        """The unit itself, or who goes on for it; None where nobody does."""
        return code if code in self.codes else self.heirs.get(code)

    def pattern_for(self, code: str, *, street: str | None = None, community: str | None = None) -> str:
        """How a list says this unit, so that it means the like elsewhere: relative where it is the
        street's or the community's own at this place; else its code. `resolve` leads back to it here."""
        if community and self.communities.get(community) == code:
            return AT_COMMUNITY
        office = self.streets.get(street or "")
        if office is None:
            return code
        if office == code:
            return AT_STREET
        team = code.removeprefix(f"{office}/")
        return f"{AT_STREET}/{team}" if team != code and team in self.teams else code


def _heirs(units: Iterable[Unit]) -> dict[str, str]:
    """Who goes on for each closed unit, over however many closings."""
    by_code = {unit.code: unit for unit in units}
    found: dict[str, str] = {}
    for code, unit in by_code.items():
        seen: set[str] = set()
        while not unit.is_open and unit.successor in by_code and unit.code not in seen:
            seen.add(unit.code)
            unit = by_code[unit.successor]
        if unit.is_open and unit.code != code:
            found[code] = unit.code
    return found
