"""The district that a list is checked against: its units, its communities, its categories."""

from dataclasses import dataclass, field

from dispatch.units import AT_OWNER, UnitDirectory

# Owners that are no units.
OTHER_OWNERS = frozenset({"private", "unknown"})

Resolved = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class District:
    """What a list has to serve. `areas` are (community, its street); `categories` are codes."""

    units: UnitDirectory
    areas: tuple[tuple[str, str], ...]
    categories: tuple[str, ...]
    _known: dict[tuple[str, str | None], Resolved] = field(default_factory=dict, compare=False)

    def resolved(self, pattern: str, owner: str | None = None) -> Resolved:
        """The unit that the pattern means in each of the areas, in their order."""
        key = (pattern, owner if pattern == AT_OWNER else None)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(
                self.units.resolve(pattern, street=street, community=community, owner=key[1])
                for community, street in self.areas
            )
        return found

    def differ(self, one: str, other: str, owner: str | None = None) -> bool:
        """Do the patterns mean different units anywhere, or where the place is not known?

        An unknown unit beside a known one is a difference: nobody can say that it is the same.
        """
        if one == other:
            return False
        return self.units.resolve(one, owner=owner) != self.units.resolve(
            other, owner=owner
        ) or self.resolved(one, owner) != self.resolved(other, owner)

    def without(self, pattern: str, owner: str | None = None) -> tuple[str, ...]:
        """The communities in which the pattern names no open unit."""
        if not pattern:
            return tuple(community for community, _street in self.areas)
        units = self.resolved(pattern, owner)
        return tuple(
            community for (community, _street), unit in zip(self.areas, units, strict=True) if unit is None
        )
