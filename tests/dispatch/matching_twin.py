"""The order among matches once more: item by item, the way one would explain it, slow and obvious."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dispatch.items import Item


@dataclass(frozen=True)
class Known:
    """One event's facts."""

    hits: tuple[str, ...] = ()
    owner: str | None = None
    place_type: str | None = None
    source: str = "hotline"
    minute: int = 12 * 60
    named: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[Collection[str], str | None, str | None, str, int, Collection[str]]:
        """As CategoryIndex.match takes them."""
        return self.hits, self.owner, self.place_type, self.source, self.minute, self.named


def failed(row: Item, known: Known) -> tuple[str, ...]:
    """The conditions that this item states and the facts do not meet, the weightiest first."""
    told = []
    if row.owners and known.owner not in row.owners:
        told.append("owner")
    if row.keywords and not row.keywords & set(known.hits) and row.code not in known.named:
        told.append("keywords")
    if row.place_types and known.place_type not in row.place_types:
        told.append("place_type")
    if row.hours and not _within(row, known.minute):
        told.append("hours")
    if row.sources and known.source not in row.sources:
        told.append("source")
    return tuple(told)


def claims(rows: Sequence[Item], known: Known) -> list[str]:
    """The codes of the equal best claims, the lowest first."""
    holding = [row for row in rows if not failed(row, known)]
    stating = [row for row in holding if row.conditions]
    if not stating:
        return sorted(row.code for row in holding)
    left = [row for row in stating if row.urgency == "emergency"] or stating
    for condition in ("owners", "keywords", "place_types", "hours", "sources"):
        left = [row for row in left if getattr(row, condition)] or left

    def length(row: Item) -> int:
        if row.keywords and row.code in known.named:
            return 1_000
        return max((len(word) for word in known.hits if word in row.keywords), default=0)

    longest = max(length(row) for row in left)
    return sorted(row.code for row in left if length(row) == longest)


def _within(row: Item, minute: int) -> bool:
    assert row.hours is not None
    start, end = row.hours.start, row.hours.end
    minutes = range(start, end) if start < end else [*range(start, 24 * 60), *range(end)]
    return minute in minutes
