"""The responsibility list compiled for matching: bitsets per category, best row on the highest bit.

Each category's items are sorted once by their static precedence (`Item.rank`, then code) and each
condition's values become an integer whose bits are the items that the value satisfies, with the
items that do not ask folded in. A match is the AND of five integers; the highest bit left is the
best static class, and only where several items of that class survive are keyword lengths compared.

Order among matches:
1. emergencies before others;
2. the class of the conditions stated: owner, keywords or matter, place type, hours, source, compared
   lexicographically (dispatch.items.WEIGHTS);
3. the matter that the normaliser named, then the longest keyword hit. A named matter counts as longer
   than any hit: it is a probability above the threshold, drawn from the whole text;
4. equal claims: by one unit the lowest code wins, by different units they are ambiguous.
The catch-all wins only where nothing with conditions held.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import ahocorasick

from dispatch.items import DAY, HOURS, KEYWORDS, OWNER, PLACE_TYPE, SOURCE, WEIGHTS, Item

NAMED = 1_000  # the length at which a named matter stands among keyword hits


@dataclass(frozen=True, slots=True)
class Match:
    """What a category's items answer: the equal best claims, lowest code first. Empty: nothing."""

    claims: tuple[Item, ...]
    # The different units that claim it, as the list spells them.
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, claims: tuple[Item, ...]) -> "Match":
        return cls(claims, tuple(dict.fromkeys(item.lead_unit for item in claims)))

    @property
    def item(self) -> Item | None:
        return self.claims[0] if self.claims else None


_NOTHING = Match.of(())


class CategoryIndex:
    """One category's items, compiled. Never changed after it is built, hence safe between threads."""

    __slots__ = (
        "_alone",
        "_any_owner",
        "_any_place",
        "_any_source",
        "_by_keyword",
        "_by_matter",
        "_by_owner",
        "_by_place",
        "_by_source",
        "_groups",
        "_hour_bits",
        "_hour_starts",
        "_lanes",
        "_without_keywords",
        "items",
        "positions",
    )

    def __init__(self, items: Iterable[Item]) -> None:
        # Worst first; among equals the highest code first, so that the lowest takes the highest bit.
        by_code = sorted(items, key=lambda item: item.code, reverse=True)
        self.items: tuple[Item, ...] = tuple(sorted(by_code, key=lambda item: item.rank))
        self.positions = {item.code: at for at, item in enumerate(self.items)}
        bits = {item.code: 1 << at for at, item in enumerate(self.items)}
        self._by_matter = {item.code: bits[item.code] for item in self.items if item.keywords}
        self._by_keyword: dict[str, int] = {}
        for item in self.items:
            for word in item.keywords:
                self._by_keyword[word] = self._by_keyword.get(word, 0) | bits[item.code]
        self._without_keywords = sum(bits[item.code] for item in self.items if not item.keywords)
        self._any_owner, self._by_owner = self._compile("owners")
        self._any_place, self._by_place = self._compile("place_types")
        self._any_source, self._by_source = self._compile("sources")
        edges = {0} | {edge % DAY for item in self.items if item.hours for edge in _edges(item)}
        self._hour_starts = sorted(edges)
        self._hour_bits = [
            sum(bits[item.code] for item in self.items if item.hours is None or start in item.hours)
            for start in self._hour_starts
        ]
        same_rank: dict[tuple[bool, bool, int], int] = {}
        for item in self.items:
            same_rank[item.rank] = same_rank.get(item.rank, 0) | bits[item.code]
        self._groups = [same_rank[item.rank] for item in self.items]
        self._alone = [Match.of((item,)) for item in self.items]
        self._lanes = _Lanes(self.items, self._hour_starts)

    def _compile(self, condition: str) -> tuple[int, dict[str, int]]:
        """Bits of the items that do not ask, and per value those bits with the items it satisfies."""
        free = 0
        by_value: dict[str, int] = {}
        for at, item in enumerate(self.items):
            values: frozenset[str] = getattr(item, condition)
            if not values:
                free |= 1 << at
            for value in values:
                by_value[value] = by_value.get(value, 0) | 1 << at
        return free, {value: bits | free for value, bits in by_value.items()}

    def match(
        self,
        hits: Collection[str],
        owner: str | None,
        place_type: str | None,
        source: str,
        minute: int,
        named: Collection[str] = (),
    ) -> Match:
        """The best claims on these facts. `minute` is of the local day; `named` are matters' codes."""
        # Written out in one piece: a call more or a value built anew would cost as much as the ANDs.
        left = self._without_keywords
        by_keyword = self._by_keyword
        for word in hits:
            if word in by_keyword:
                left |= by_keyword[word]
        for code in named:
            left |= self._by_matter.get(code, 0)
        left &= self._by_owner.get(owner, self._any_owner) if owner else self._any_owner
        left &= self._by_place.get(place_type, self._any_place) if place_type else self._any_place
        left &= self._by_source.get(source, self._any_source)
        if len(self._hour_bits) > 1:
            left &= self._hour_bits[bisect_right(self._hour_starts, minute) - 1]
        if not left:
            return _NOTHING
        top = left.bit_length() - 1
        left &= self._groups[top]
        if left == 1 << top:
            return self._alone[top]
        return Match.of(self._longest(left, hits, named))

    def _longest(self, left: int, hits: Collection[str], named: Collection[str]) -> tuple[Item, ...]:
        """Of these equal bits, the items with the longest hit."""
        lengths: dict[int, int] = {}
        for word in hits:
            bits = self._by_keyword.get(word, 0) & left
            while bits:
                at = bits.bit_length() - 1
                bits ^= 1 << at
                lengths[at] = max(lengths.get(at, 0), len(word))
        for code in named:
            if self._by_matter.get(code, 0) & left:
                lengths[self.positions[code]] = NAMED
        best = max(lengths.values(), default=0)
        claims = []
        while left:
            at = left.bit_length() - 1
            left ^= 1 << at
            if lengths.get(at, 0) == best:
                claims.append(self.items[at])
        return tuple(claims)

    def left_by(self, condition: str) -> dict[str | int | None, int]:
        """The bits of the items that each value of a condition leaves; None: a value that nobody asks for.

        For hours the values are the minutes at which a stretch of the day begins.
        """
        if condition == HOURS:
            return dict(zip(self._hour_starts, self._hour_bits, strict=True))
        told: dict[str | int | None, int]
        if condition == KEYWORDS:
            free, words = self._without_keywords, self._by_keyword
            told = {None: free}
            told.update((word, bits | free) for word, bits in words.items())
            return told
        free, by_value = {
            OWNER: (self._any_owner, self._by_owner),
            PLACE_TYPE: (self._any_place, self._by_place),
            SOURCE: (self._any_source, self._by_source),
        }[condition]
        told = {None: free}
        told.update((value, bits) for value, bits in by_value.items())
        return told

    def worded(self, hits: Iterable[str], named: Iterable[str] = ()) -> int:
        """The bits of the items whose keyword condition holds."""
        bits = self._without_keywords
        for word in hits:
            bits |= self._by_keyword.get(word, 0)
        for code in named:
            bits |= self._by_matter.get(code, 0)
        return bits

    def best(self, left: int, hits: Collection[str], named: Collection[str] = ()) -> tuple[Item, ...]:
        """The equal best claims among the items of these bits, lowest code first: how `match` ends."""
        if not left:
            return ()
        return self._longest(left & self._groups[left.bit_length() - 1], hits, named)

    def shortfalls(
        self,
        hits: Collection[str],
        owner: str | None,
        place_type: str | None,
        source: str,
        minute: int,
        named: Collection[str] = (),
    ) -> bytes:
        """Per row of `items` the conditions that rule it out, as the sum of their WEIGHTS; 0 where all hold.

        One byte for each row in one integer per value: OR-ing five of them explains the whole category.
        """
        lanes = self._lanes
        unworded = lanes.keywords
        for word in hits:
            if word in lanes.by_keyword:
                unworded &= lanes.by_keyword[word]
        for code in named:
            if code in self._by_matter:
                unworded &= ~(WEIGHTS[KEYWORDS] << 8 * self.positions[code])
        return (
            unworded
            | lanes.by_owner.get(owner, lanes.owner)
            | lanes.by_place.get(place_type, lanes.place)
            | lanes.by_source.get(source, lanes.source)
            | lanes.by_hour[bisect_right(self._hour_starts, minute) - 1]
        ).to_bytes(len(self.items), "little")


class _Lanes:
    """The bits of `CategoryIndex` the other way round: one byte for each row, saying what it lacks.

    Per condition: what every row that states it lacks without a value, and the same per value.
    """

    __slots__ = (
        "by_hour",
        "by_keyword",
        "by_owner",
        "by_place",
        "by_source",
        "keywords",
        "owner",
        "place",
        "source",
    )

    def __init__(self, items: Sequence[Item], hour_starts: Iterable[int]) -> None:
        self.owner, self.by_owner = _lanes_of([item.owners for item in items], WEIGHTS[OWNER])
        self.place, self.by_place = _lanes_of([item.place_types for item in items], WEIGHTS[PLACE_TYPE])
        self.source, self.by_source = _lanes_of([item.sources for item in items], WEIGHTS[SOURCE])
        self.keywords, self.by_keyword = _lanes_of([item.keywords for item in items], WEIGHTS[KEYWORDS])
        self.by_hour = [
            sum(
                WEIGHTS[HOURS] << 8 * at
                for at, item in enumerate(items)
                if item.hours is not None and start not in item.hours
            )
            for start in hour_starts
        ]


def _lanes_of(wanted: Sequence[Collection[str]], weight: int) -> tuple[int, dict[str | None, int]]:
    """The weight in the byte of each row that states the condition; and per value, without those it meets."""
    stated = sum(weight << 8 * at for at, values in enumerate(wanted) if values)
    by_value: dict[str | None, int] = {}
    for at, values in enumerate(wanted):
        for value in values:
            by_value[value] = by_value.get(value, stated) & ~(weight << 8 * at)
    return stated, by_value


def _edges(item: Item) -> tuple[int, int]:
    assert item.hours is not None
    return item.hours.start, item.hours.end


class MatchIndex:
    """A whole list, compiled; built in milliseconds, then only read."""

    __slots__ = ("_automaton", "categories", "items", "version")

    def __init__(self, items: Sequence[Item], version: int) -> None:
        self.version = version
        self.items = {item.code: item for item in items}
        by_category: dict[str, list[Item]] = {}
        for item in items:
            by_category.setdefault(item.category, []).append(item)
        self.categories = {code: CategoryIndex(rows) for code, rows in by_category.items()}
        self._automaton = ahocorasick.Automaton()
        for word in {word for item in items for word in item.keywords}:
            self._automaton.add_word(word, word)
        self._automaton.make_automaton()

    def hits(self, text: str) -> tuple[str, ...]:
        """Every keyword of the list that occurs in `text` (in its normal form), sorted."""
        if not len(self._automaton):
            return ()
        return tuple(sorted({word for _end, word in self._automaton.iter(text)}))
