"""The whole explanation of a decision: every item of every likely category, what held and what failed.

The index answers it in one pass over bits (CategoryIndex.shortfalls: a byte for each item); here it
becomes reasons, as codes with parameters, of which dispatch.explain makes sentences in the reader's
language. Pure but for the settings: facts and an edition come in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings

from dispatch import reasons
from dispatch.edition import Edition
from dispatch.facts import Decision, Facts, Reason, as_json
from dispatch.items import Item
from dispatch.normalise.backends import Reader, reader
from dispatch.service import decide_facts
from dispatch.weighing import Claim, Reading, Resolve, Weighed, weigh


class Standing(StrEnum):
    """How an item did."""

    WON = "won"  # it is the decision's
    EQUAL = "equal"  # first in its category together with another unit's: a person decides
    FIRST = "first"  # first in its category, but another unit is likelier
    CLAIMED = "claimed"  # it stands for a unit that is less likely than the winner's
    BEHIND = "behind"  # all of it held, and the order puts another before it
    FAILED = "failed"  # at least one of its conditions did not hold


@dataclass(frozen=True, slots=True)
class Row:
    """One item: what it asks, what of it held and failed, and what it lost by where nothing failed."""

    item: str
    category: str
    unit: str | None  # None where the place or the facility does not tell
    unit_pattern: str
    standing: Standing
    asks: tuple[str, ...]
    held: tuple[Reason, ...]
    failed: tuple[Reason, ...]
    lost: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class CategoryRows:
    """A likely category with all its items: the winner, then the others as the order has them."""

    category: str
    probability: float
    rows: tuple[Row, ...]

    def by_standing(self, *standings: Standing) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.standing in standings)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, and all that was asked on the way to it."""

    decision: Decision
    categories: tuple[CategoryRows, ...]

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = as_json(self)
        return told


def explain(facts: Facts, *, now: Edition, model: Reader | None = None) -> Explanation:
    """The decision on these facts by this edition, with every item of every category that is likely."""
    decision = decide_facts(facts, now=now, model=model or reader())

    def resolve(pattern: str) -> str | None:
        return now.units.resolve(pattern, street=facts.street, community=facts.community, owner=facts.owner)

    weighed = weigh(facts, now.index, resolve, matter_confidence=settings.MATTER_CONFIDENCE)
    return Explanation(
        decision,
        tuple(_category(reading, weighed, facts, now, resolve) for reading in weighed.readings),
    )


def _category(
    reading: Reading, weighed: Weighed, facts: Facts, now: Edition, resolve: Resolve
) -> CategoryRows:
    rows = now.index.categories[reading.category]
    claims = {claim.item.code: claim for claim in weighed.claims}
    best = weighed.best
    told = []
    for item, short in zip(rows.items, reasons.shortfalls(facts, reading, rows), strict=True):
        claim = claims.get(item.code)
        meant = claim is not None and not claim.plain
        standing = _standing(item, short, claim, best, reading)
        told.append(
            Row(
                item=item.code,
                category=item.category,
                unit=resolve(item.lead_unit),
                unit_pattern=item.lead_unit,
                standing=standing,
                asks=item.conditions,
                held=tuple(_held(item, short, facts, reading, meant=meant)),
                failed=() if meant else tuple(reasons.failed(item, facts, reading, short)),
                lost=tuple(_lost(item, standing, claim, best, reading, weighed, facts, now)),
            )
        )
    order = list(Standing)
    told.reverse()  # the index has the worst first
    told.sort(key=lambda row: (order.index(row.standing), len(row.failed)))
    return CategoryRows(reading.category, reading.probability, tuple(told))


def _standing(item: Item, short: int, claim: Claim | None, best: Claim | None, reading: Reading) -> Standing:
    if best is not None and item.code == best.item.code:
        return Standing.WON
    if item in reading.match.claims:
        # Two patterns may mean one unit here: then the lower code is first, and the other stands behind.
        if reading.is_ambiguous:
            return Standing.EQUAL
        return Standing.FIRST if item is reading.match.item else Standing.BEHIND
    if claim is not None:
        return Standing.CLAIMED
    return Standing.FAILED if short else Standing.BEHIND


def _held(item: Item, short: int, facts: Facts, reading: Reading, *, meant: bool) -> Iterable[Reason]:
    """A catch-all asks nothing: that it applies is told only where it is the category's answer."""
    if not item.conditions and item is not reading.match.item:
        return ()
    return reasons.held(item, facts, reading, meant=meant)


def _lost(
    item: Item,
    standing: Standing,
    claim: Claim | None,
    best: Claim | None,
    reading: Reading,
    weighed: Weighed,
    facts: Facts,
    now: Edition,
) -> list[Reason]:
    """What an item of which nothing failed lost by."""
    first = reading.match.item
    if standing in (Standing.WON, Standing.FAILED) or best is None or first is None:
        return []
    if standing == Standing.BEHIND:
        return [reasons.behind(item, first, facts, reading)]
    if claim is not None:
        return reasons.lost(claim, weighed, facts, now.index)
    if standing == Standing.EQUAL:
        other = next(one for one in reading.match.claims if one is not item)
        return [Reason("equal_claim", {"other": other.code})]
    return [Reason("less_likely", {"other": best.unit or best.pattern})]
