"""Units that items name: unknown, closed, or set to watch over themselves."""

from collections.abc import Iterable, Iterator, Sequence

from dispatch.items import Item
from dispatch.lint.findings import TOLD, Finding
from dispatch.lint.places import OTHER_OWNERS, District
from dispatch.units import is_relative


def unit_findings(items: Sequence[Item], district: District) -> Iterator[Finding]:
    """One finding for each unit that cannot act and the column it stands in; one for each self-supervised."""
    named: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        for column, pattern in _named(item):
            named.setdefault((column, pattern), []).append(item)
    for (column, pattern), rows in sorted(named.items()):
        state = _state(pattern, district)
        if state:
            code = f"lead_{state}" if column == "lead_unit" else f"unit_{state}"
            codes = tuple(item.code for item in rows)
            yield Finding(code, codes, _one_category(rows), {"unit": pattern, "column": column})
    for item in items:
        yield from _supervised(item, district)


def _named(item: Item) -> Iterable[tuple[str, str]]:
    yield "lead_unit", item.lead_unit
    yield from (("support_units", unit) for unit in item.support_units)
    yield "follow_up_unit", item.follow_up_unit
    yield "supervising_unit", item.supervising_unit
    yield from (("owners", owner) for owner in sorted(item.owners - OTHER_OWNERS))


def _state(pattern: str, district: District) -> str:
    """ "unknown", "closed", or "" where the unit can act somewhere."""
    units = district.units
    if not pattern or pattern in units.codes:
        return ""
    if pattern in units.closed:
        return "closed"
    if is_relative(pattern) and (units.knows(pattern) or any(district.resolved(pattern))):
        return ""
    return "unknown"


def is_lost(pattern: str, district: District) -> bool:
    """Can nobody act under this name anywhere? Then it has a finding of its own."""
    return bool(_state(pattern, district))


def _supervised(item: Item, district: District) -> Iterator[Finding]:
    """A lead that watches over itself somewhere, or is watched over from below."""
    lead, above = item.lead_unit, item.supervising_unit
    if not lead or not above:
        return
    pairs = list(zip(district.resolved(lead), district.resolved(above), strict=True))
    same = [at for at, (one, other) in enumerate(pairs) if one is not None and one == other]
    if same or lead == above:
        areas = [district.areas[at][0] for at in same]
        told = {"unit": lead, "supervising": above, "areas": areas[:TOLD], "count": len(areas)}
        yield Finding("self_supervised", (item.code,), item.category, told)
    elif any(_is_below(other, one, district) for one, other in pairs):
        told = {"unit": lead, "supervising": above}
        yield Finding("supervised_from_below", (item.code,), item.category, told)


def _is_below(one: str | None, other: str | None, district: District) -> bool:
    paths = district.units.paths
    return bool(one and other and paths.get(one, "").startswith(f"{paths.get(other) or one}>"))


def _one_category(rows: Sequence[Item]) -> str:
    """The category where all of them are of one."""
    categories = {item.category for item in rows}
    return categories.pop() if len(categories) == 1 else ""
