"""Three versions of the items become one: what both sides changed since they parted. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatch.item_rules import FIELDS, LISTS

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clash:
    """Both sides changed this item, and not alike: the draft's stays. `fields` is empty where one side
    took the item out, or both put one in under the same code."""

    code: str
    fields: tuple[str, ...]
    base: Values | None
    mine: Values | None
    theirs: Values | None


@dataclass(frozen=True, slots=True)
class Merge:
    """What the draft takes over: items as they shall be, codes that go, and where both changed the same."""

    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)


def merge(base: Mapping[str, Values], mine: Mapping[str, Values], theirs: Mapping[str, Values]) -> Merge:
    """What `mine` takes over of what `theirs` changed since `base`; by code."""
    told = Merge()
    for code in sorted({*base, *theirs}):
        before, after, own = base.get(code), theirs.get(code), mine.get(code)
        if after in (before, own):
            continue
        if own == before:
            if after is None:
                told.gone.append(code)
            else:
                told.taken[code] = dict(after)
        elif own is None or after is None or before is None:
            told.clashes.append(Clash(code, (), before, own, after))
        else:
            merged = {name: after[name] if own[name] == before[name] else own[name] for name in FIELDS}
            both = tuple(
                name
                for name in FIELDS
                if own[name] != after[name] and before[name] not in (own[name], after[name])
            )
            if both:
                told.clashes.append(Clash(code, both, before, own, after))
            if merged != own:
                told.taken[code] = merged
    return told


def with_change(
    mine: Values, parted: Values | None, seen: Values, change: Values
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """`mine` with a change that somebody made up looking at `seen`, and the fields that stand against it.

    Of words, what the change adds and takes out is added and taken out. Another field is changed unless
    `mine` had already been given a third value since it parted from `parted`.
    """
    told, against = dict(mine), []
    for name, after in change.items():
        if name in LISTS:
            kept = [word for word in mine[name] if word in after or word not in seen[name]]
            told[name] = [*kept, *(word for word in after if word not in {*seen[name], *kept})]
        elif mine[name] in (after, seen[name]) or (parted is not None and mine[name] == parted[name]):
            told[name] = after
        else:
            against.append(name)
    return told, tuple(against)
