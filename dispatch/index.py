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

    def failing(
        self,
        hits: Collection[str],
        owner: str | None,
        place_type: str | None,
        source: str,
        minute: int,
        named: Collection[str] = (),
    ) -> dict[str, int]:
        """Per condition, the bits of the items that it rules out: the whole category's explanation."""
        every = (1 << len(self.items)) - 1
        worded = self._without_keywords
        for word in hits:
            worded |= self._by_keyword.get(word, 0)
        for code in named:
            worded |= self._by_matter.get(code, 0)
        hours = self._hour_bits[bisect_right(self._hour_starts, minute) - 1]
        return {
            OWNER: every & ~self._by_owner.get(owner or "", self._any_owner),
            KEYWORDS: every & ~worded,
            PLACE_TYPE: every & ~self._by_place.get(place_type or "", self._any_place),
            HOURS: every & ~hours,
            SOURCE: every & ~self._by_source.get(source, self._any_source),
        }

    def failures(self, code: str, failing: dict[str, int]) -> tuple[str, ...]:
        """Which conditions ruled this item out, the weightiest first."""
        bit = 1 << self.positions[code]
        return tuple(name for name in WEIGHTS if failing[name] & bit)


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
