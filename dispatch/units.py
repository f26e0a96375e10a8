"""Relative units: whose is `@street/enforcement`, here?

A pattern is a unit's code, or `@street` (the street office), `@street/TEAM` (one of its teams),
`@community` (the community's station), `@owner` (whoever owns the facility). What the place or the
facility does not tell stays unknown: the answer is None, never a guess.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from accounts.models import OrgUnit

AT_STREET, AT_COMMUNITY, AT_OWNER = "@street", "@community", "@owner"
RELATIVE = frozenset({AT_STREET, AT_COMMUNITY, AT_OWNER})


def is_relative(pattern: str) -> bool:
    """Does the unit depend on the place or the facility?"""
    return pattern.startswith("@")


@dataclass(frozen=True, slots=True)
class UnitDirectory:
    """The open units by code and by place, as they were when it was read."""

    codes: frozenset[str]
    streets: Mapping[str, str] = field(default_factory=dict)  # area code → street office
    communities: Mapping[str, str] = field(default_factory=dict)  # area code → community station
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # code → (Chinese, English)

    @classmethod
    def read(cls) -> "UnitDirectory":
        """From the database, in one query."""
        rows = OrgUnit.objects.open().values_list("code", "kind", "area_code", "name_zh", "name_en")
        return cls.of(rows.order_by("code"))

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str, str, str]]) -> "UnitDirectory":
        """From (code, kind, area_code, name_zh, name_en)."""
        streets: dict[str, str] = {}
        communities: dict[str, str] = {}
        names: dict[str, tuple[str, str]] = {}
        for code, kind, area_code, name_zh, name_en in rows:
            names[code] = (name_zh, name_en)
            if kind == OrgUnit.Kind.STREET_OFFICE:
                streets[area_code] = code
            elif kind == OrgUnit.Kind.COMMUNITY_STATION:
                communities[area_code] = code
        return cls(frozenset(names), streets, communities, names)

    @property
    def teams(self) -> frozenset[str]:
        """What may follow `@street/`: the teams that every street has."""
        offices = tuple(self.streets.values())
        if not offices:
            return frozenset()
        of_first = {code.partition("/")[2] for code in self.codes if code.startswith(f"{offices[0]}/")}
        return frozenset(
            team for team in of_first if all(f"{office}/{team}" in self.codes for office in offices)
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
            return pattern if pattern in self.codes else None
        if pattern == AT_COMMUNITY:
            return self.communities.get(community or "")
        if pattern == AT_OWNER:
            return owner if owner in self.codes else None
        office = self.streets.get(street or "")
        if office is None or pattern == AT_STREET:
            return office
        team = f"{office}/{pattern.removeprefix(f'{AT_STREET}/')}"
        return team if team in self.codes else None
