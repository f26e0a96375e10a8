"""A responsibility item as the matcher sees it: frozen, with its conditions ready to be asked."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatch.vocabulary import Urgency

# What stated conditions weigh against each other. Each weighs more than all that follow it together,
# so classes compare lexicographically (whoever names the asset's owner beats whoever only names words
# and a place), and of two items the one that states all the other does and more stands first.
OWNER, KEYWORDS, PLACE_TYPE, HOURS, SOURCE = "owner", "keywords", "place_type", "hours", "source"
WEIGHTS = {OWNER: 16, KEYWORDS: 8, PLACE_TYPE: 4, HOURS: 2, SOURCE: 1}
# Which conditions a sum of weights stands for, the weightiest first.
CONDITIONS_OF = tuple(
    tuple(name for name, weight in WEIGHTS.items() if weight & summed) for summed in range(32)
)

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
DAY = 24 * 60


def normal_form(text: str) -> str:
    """The text as words are looked for in it: NFKC and case-folded. What is kept stays as it came."""
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of the local day in minutes, [start, end); it may pass midnight.

    23:59 as an end means midnight: the list's way to say "to the end of the day".
    """

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Raises ValueError for anything but HH:MM-HH:MM with two different times."""
        found = _HOURS.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a stretch of the day like 22:00-06:00")
        start = int(found[1]) * 60 + int(found[2])
        end = int(found[3]) * 60 + int(found[4])
        if end == DAY - 1:
            end = DAY
        if start == end:
            raise ValueError(f"{text!r} begins and ends at the same time")
        return cls(start, end)

    def __contains__(self, minute: int) -> bool:
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def __str__(self) -> str:
        end = DAY - 1 if self.end == DAY else self.end
        return f"{self.start // 60:02}:{self.start % 60:02}-{end // 60:02}:{end % 60:02}"


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a responsibility list. Empty conditions are not stated, hence hold."""

    code: str
    category: str
    lead_unit: str
    keywords: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    place_types: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    hours: Hours | None = None
    urgency: str = "routine"
    level: str = "D"
    dispatch_minutes: int = 120
    accept_minutes: int = 240
    handle_limit: str = "5wd"
    support_units: tuple[str, ...] = ()
    follow_up_unit: str = ""
    supervising_unit: str = ""
    # What only people read, and dispatch.lint: no part of what the matcher compares.
    matter_zh: str = field(default="", compare=False)
    filing_condition_zh: str = field(default="", compare=False)
    closing_condition_zh: str = field(default="", compare=False)
    # Which conditions it states, the weightiest first; every question about an item asks this.
    conditions: tuple[str, ...] = field(init=False, compare=False, repr=False)
    # Its static precedence, greater first: not a catch-all, an emergency, the class stated. A category's
    # catch-all stands below everything, whatever its urgency.
    rank: tuple[bool, bool, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        stated = (
            (OWNER, self.owners),
            (KEYWORDS, self.keywords),
            (PLACE_TYPE, self.place_types),
            (HOURS, self.hours),
            (SOURCE, self.sources),
        )
        conditions = tuple(name for name, value in stated if value)
        weight = sum(WEIGHTS[name] for name in conditions)
        emergency = weight > 0 and self.urgency == Urgency.EMERGENCY
        object.__setattr__(self, "conditions", conditions)
        object.__setattr__(self, "rank", (weight > 0, emergency, weight))

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Item":
        """From a ResponsibilityItem's `.values()`; keywords take the form that texts are searched in."""
        return cls(
            code=row["code"],
            category=row["category_id"],
            lead_unit=row["lead_unit"],
            keywords=frozenset(normal_form(word) for word in row["keywords"]),
            owners=frozenset(row["owners"]),
            place_types=frozenset(row["place_types"]),
            sources=frozenset(row["sources"]),
            hours=Hours.parse(row["hours"]) if row["hours"] else None,
            urgency=row["urgency"],
            level=row["level"],
            dispatch_minutes=row["dispatch_minutes"],
            accept_minutes=row["accept_minutes"],
            handle_limit=row["handle_limit"],
            support_units=tuple(row["support_units"]),
            follow_up_unit=row["follow_up_unit"],
            supervising_unit=row["supervising_unit"],
            matter_zh=row["matter_zh"],
            filing_condition_zh=row["filing_condition_zh"],
            closing_condition_zh=row["closing_condition_zh"],
        )

    def longest(self, hits: Iterable[str]) -> int:
        """The length of the longest of its keywords among `hits`; 0 where there is none."""
        return max((len(word) for word in hits if word in self.keywords), default=0)
