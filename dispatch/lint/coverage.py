"""Categories and areas for which the list names nobody."""

from collections.abc import Iterator, Mapping, Sequence

from dispatch.items import Item
from dispatch.lint.findings import TOLD, Finding
from dispatch.lint.places import District
from dispatch.lint.rivalry import CROWD, Standing
from dispatch.lint.unit_checks import is_lost
from dispatch.units import AT_OWNER

Gap = tuple[str, str, str]  # category, pattern of the winner ("": nothing matches), community


def gaps(standings: Mapping[str, Standing], district: District) -> set[Gap]:
    """Every community in which some case of a category ends with a unit that is not there, or with none."""
    found: set[Gap] = set()
    for category, standing in standings.items():
        for pattern, owners in standing.patterns.items():
            for owner in owners:
                for community in district.without(pattern, owner):
                    found.add((category, pattern, community))
        if standing.unmatched:
            found.update((category, "", community) for community in district.without(""))
    return found


def coverage(
    items: Sequence[Item], standings: Mapping[str, Standing], district: District
) -> Iterator[Finding]:
    """Categories without items or without a catch-all; gaps, one finding for each pattern of a unit.

    A unit that is unknown or closed has a finding of its own, and a category without a catch-all too:
    their gaps are not told again.
    """
    for category in district.categories:
        if category not in standings:
            yield Finding("no_items", (), category)
    general = {item.category for item in items if not item.conditions}
    for category, standing in standings.items():
        if category not in general:
            yield Finding("no_catch_all", (), category)
        if standing.is_crowded:
            count = sum(item.category == category for item in items)
            yield Finding("crowded", (), category, {"count": count, "most": CROWD})
    by_pattern: dict[str, tuple[set[str], set[str]]] = {}
    for category, pattern, community in gaps(standings, district):
        if pattern and not is_lost(pattern, district):
            categories, communities = by_pattern.setdefault(pattern, (set(), set()))
            categories.add(category)
            communities.add(community)
    for pattern, (categories, communities) in sorted(by_pattern.items()):
        codes = tuple(
            item.code for item in items if item.lead_unit == pattern and item.category in categories
        )
        told = {
            "unit": pattern,
            "areas": sorted(communities)[:TOLD],
            "count": len(communities),
            "categories": len(categories),
        }
        category = categories.pop() if len(categories) == 1 else ""
        yield Finding("owner_needed" if pattern == AT_OWNER else "gap", codes, category, told)
