"""What the returns say about the list: which items lose their cases, where those end up, and how sure
that is. Reads and counts; nothing here changes anything."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dashboards.claims import APART, MOVES, Claim, Landing, Question, Tally, claims_of, tallies
from dashboards.comparing import Share, chance_of
from dashboards.indicators import SMALL
from dispatch.models import ResponsibilityItem
from dispatch.units import UnitDirectory

# Under so many moved cases nothing is proposed: a handful is no pattern.
LEAST_MOVED: Final = 5
# A condition tells moved cases apart where chance alone would bring it once in a hundred, all compared
# conditions taken together.
CHANCE_MOST: Final = 0.01
# What is likelier than this to be chance is not shown at all.
CHANCE_SHOWN: Final = 0.5
CONDITIONS_SHOWN: Final = 8
# The bands of the day that cases are compared by; a list's hours may say any others.
BANDS: Final = ("00:00-06:00", "06:00-12:00", "12:00-18:00", "18:00-23:59")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the moved cases of an item ended up: one unit, or the like unit of each street."""

    pattern: str  # as a list says it
    share: Share  # of the moved cases that somebody has now
    units: Mapping[str, int] = field(default_factory=dict)  # code → cases
    open: int = 0  # not settled yet
    items: Mapping[str, int] = field(default_factory=dict)  # the items they were then sent under


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row of the ranking."""

    tally: Tally
    item: ResponsibilityItem | None  # as it stands now; None where the list has it no more
    leading: Place | None

    @property
    def share(self) -> Share:
        return Share(self.tally.moved, self.tally.decided)

    @property
    def is_small(self) -> bool:
        return self.tally.decided < SMALL

    @property
    def is_thin(self) -> bool:
        """Did too few cases leave for a pattern?"""
        return self.tally.moved < LEAST_MOVED


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that may tell an item's moved cases from those that stayed."""

    field: str  # keywords, place_types, owners, sources or hours
    value: str
    moved: Share
    stayed: Share
    chance: float  # of a difference like this by chance alone, corrected for how many were compared

    @property
    def is_telling(self) -> bool:
        return self.chance <= CHANCE_MOST and self.moved.part >= LEAST_MOVED

    @property
    def precision(self) -> Share:
        """Of the cases that have it, how many moved."""
        return Share(self.moved.part, self.moved.part + self.stayed.part)


@dataclass(frozen=True, slots=True)
class Study:
    """Everything about one item's cases."""

    claims: Sequence[Claim]
    moved: Sequence[Claim]
    places: Sequence[Place]
    inside: Sequence[Place]
    conditions: Sequence[Condition]
    versions: Sequence[tuple[int, Share]]  # version → moved of decided there

    @property
    def share(self) -> Share:
        return Share(len(self.moved), len(self.claims))

    @property
    def leading(self) -> Place | None:
        return self.places[0] if self.places else None

    @property
    def with_nobody(self) -> int:
        """Moved cases that wait at the desk, or were turned away there."""
        return sum(not claim.final_unit for claim in self.moved)

    def count(self, what: str) -> int:
        return sum(is_of(claim, what) for claim in self.claims)

    @property
    def overall(self) -> Share | None:
        """The leading destination among all cases of the item that somebody has."""
        if self.leading is None:
            return None
        return Share(self.leading.share.part, sum(bool(claim.final_unit) for claim in self.claims))


WHATS: Final = (
    "decided",
    "automatic",
    "moved",
    *MOVES,
    *APART,
    "refused",
    "disputed",
    "open",
    "nobody",
    "stayed",
)


def is_of(claim: Claim, what: str) -> bool:
    """Is the case one of those that a number counts?"""
    match what:
        case "decided":
            return True
        case "automatic":
            return claim.automatic
        case "moved":
            return claim.how in MOVES
        case "stayed":
            return claim.how not in MOVES
        case "refused":
            return claim.refused
        case "disputed":
            return claim.disputed
        case "open":
            return claim.how in MOVES and claim.is_open
        case "nobody":
            return claim.how in MOVES and not claim.final_unit
    return claim.how == what


def ranking(question: Question, units: UnitDirectory, *, by: str = "share") -> list[Ranked]:
    """Items that lost cases, the surest loss first: by the lower bound of the interval around the share
    that moved, so that 40 of 60 stand before 5 of 9. Items that lost fewer than LEAST_MOVED come after all
    others, those with the most cases first. `by`: share, moved, inside or refused."""
    counted, landings = tallies(question)
    places = _landed(landings, units, "moved")
    shown = [row for row in counted if row.moved or row.inside or row.refused]
    items = {
        item.code: item
        for item in ResponsibilityItem.objects.filter(
            list_id=question.live, code__in=[row.code for row in shown]
        ).select_related("category")
    }
    ranked = [Ranked(row, items.get(row.code), next(iter(places.get(row.code, ())), None)) for row in shown]
    return sorted(ranked, key=lambda row: (*_before(row, by), -row.tally.moved, row.tally.code))


def _before(row: Ranked, by: str) -> tuple[float, ...]:
    """What items are put in order by, the smallest first."""
    if by == "share":
        return (row.is_thin, -row.tally.moved if row.is_thin else 0, -row.share.low)
    return (-getattr(row.tally, by),)


def study(code: str, question: Question, units: UnitDirectory) -> Study:
    """What became of one item's cases, where they went, and what tells them from the others."""
    return studied(claims_of(code, question), units)


def studied(claims: Sequence[Claim], units: UnitDirectory) -> Study:
    """The same of these claims of one item."""
    moved = [claim for claim in claims if is_of(claim, "moved")]
    places = _places(moved, units)
    goes = {claim.incident for claim in moved if places and pattern_of(claim, units) == places[0].pattern}
    by_version: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_version[claim.list_version].append(claim)
    return Study(
        claims=claims,
        moved=moved,
        places=places,
        inside=_places([claim for claim in claims if claim.how == "inside"], units),
        conditions=conditions(
            [claim for claim in moved if claim.incident in goes],
            [claim for claim in claims if is_of(claim, "stayed")],
        ),
        versions=[
            (version, Share(sum(is_of(claim, "moved") for claim in rows), len(rows)))
            for version, rows in sorted(by_version.items())
        ],
    )


def pattern_of(claim: Claim, units: UnitDirectory) -> str:
    """How a list would say the unit that has the case now."""
    return units.pattern_for(claim.final_unit, street=claim.street, community=claim.community)


def conditions(moved: Sequence[Claim], stayed: Sequence[Claim]) -> list[Condition]:
    """What the moved cases have in common more than those that stayed, the most telling first."""
    with_it, without = _values(moved), _values(stayed)
    compared = [
        Condition(
            name,
            value,
            Share(count, len(moved)),
            Share(without[name, value], len(stayed)),
            chance_of(count, len(moved), without[name, value], len(stayed)),
        )
        for (name, value), count in with_it.items()
    ]
    found = [
        Condition(one.field, one.value, one.moved, one.stayed, min(1.0, one.chance * len(compared)))
        for one in compared
        if (one.moved.value or 0) > (one.stayed.value or 0) or not stayed
    ]
    found = [one for one in found if one.chance < CHANCE_SHOWN]
    found.sort(key=lambda one: (one.chance, -one.moved.part, one.field, one.value))
    return found[:CONDITIONS_SHOWN]


def values_of_claim(claim: Claim) -> set[tuple[str, str]]:
    """What a list's condition could ask for and this case has, as (field, value)."""
    found = {("keywords", word) for word in claim.keywords}
    for name, value in (
        ("place_types", claim.place_type),
        ("owners", claim.owner),
        ("sources", claim.source),
        ("hours", BANDS[claim.hour // 6]),
    ):
        if value:
            found.add((name, value))
    return found


def _values(claims: Iterable[Claim]) -> Counter[tuple[str, str]]:
    return Counter(value for claim in claims for value in values_of_claim(claim))


def _places(claims: Sequence[Claim], units: UnitDirectory) -> list[Place]:
    """Where these cases are now, the most frequent first."""
    landed: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.final_unit:
            landed[pattern_of(claim, units)].append(claim)
    whole = sum(len(rows) for rows in landed.values())
    places = [
        Place(
            pattern,
            Share(len(rows), whole),
            dict(Counter(row.final_unit for row in rows).most_common()),
            sum(row.is_open for row in rows),
            dict(Counter(row.final_item for row in rows).most_common(3)),
        )
        for pattern, rows in landed.items()
    ]
    return sorted(places, key=lambda place: (-place.share.part, place.pattern))


def _landed(landings: Iterable[Landing], units: UnitDirectory, how: str) -> dict[str, list[Place]]:
    """The same from counts, by item."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in landings:
        if row.how == how and row.unit:
            pattern = units.pattern_for(row.unit, street=row.street, community=row.community)
            counts[row.code][pattern] += row.cases
    return {
        code: [
            Place(pattern, Share(count, found.total()))
            for pattern, count in sorted(found.items(), key=lambda one: (-one[1], one[0]))
        ]
        for code, found in counts.items()
    }
