"""Who wins where: every case that a category's items can be asked about, each kind of case once.

What an item asks besides words is settled by four values: owner, kind of place, source, time of day.
Values that leave the same items are one class, and one class stands for every value that no item asks
for, "not known" among them. Combinations of classes that leave the same items are again one. So a few
bitsets stand for every combination of values that there is.

Texts are endless, but it is enough to look at the empty text and at each keyword by itself, with the
other keywords that it contains:

- *Who can win.* Say item I wins on some text, and W is the longest of its words in it. The text "W"
  holds W too, and no word that the first text does not hold. So I holds with the same length, its
  rivals are fewer and their hits no longer: I wins on "W" as well. Hence an item that wins on no such
  text wins on none. A matter that the normaliser names acts as the longest hit of its item; the same
  reasoning leaves the empty text with that one matter named.
- *Which units can win* is then the units of items that can win.
- *Equal claims.* Two items that hold the same word as their longest hit are equal on "W" if they are on
  any text. Items that are equal only because a text holds two words of one length, one from each, are no
  fault of the list: the text speaks of two things.

Keywords whose own text has the same items at each length are one class too, so that words which only
one item has cost one look for all of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product

from dispatch.index import CategoryIndex, MatchIndex
from dispatch.items import HOURS, KEYWORDS, OWNER, PLACE_TYPE, SOURCE, Item
from dispatch.lint.places import OTHER_OWNERS, District
from dispatch.units import AT_OWNER
from dispatch.vocabulary import Source


@dataclass(frozen=True, slots=True)
class Values:
    """One combination of values that stands for its class; None: not known, or not asked for."""

    owner: str | None = None
    place_type: str | None = None
    source: str | None = None
    minute: int = 0


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two items of different units with equal claims: on these words (none: without any word)."""

    items: tuple[str, str]
    words: tuple[str, ...]
    values: Values


@dataclass(frozen=True, slots=True)
class Shadowed:
    """An item that never wins, or only where the normaliser names it; and what stands before it."""

    code: str
    by: tuple[str, ...]
    when_named: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A word of an item, said alone where all else that the item asks holds, goes to another unit.

    `always`: for all values; otherwise for some of them.
    """

    code: str
    word: str
    by: tuple[str, ...]
    always: bool


# A category with more items than this is not looked through: the combinations of mixed conditions grow
# with about the fourth power of the items (64: under a second, 128: ten), and somebody waits for them.
CROWD = 80


@dataclass(slots=True)
class Standing:
    """What comes of a category's items over all cases; of a crowd, nothing is known."""

    is_crowded: bool = False

    # Patterns of units that can win; for `@owner` with the owners for whom it does.
    patterns: dict[str, set[str | None]] = field(default_factory=dict)
    unmatched: bool = False
    overlaps: list[Overlap] = field(default_factory=list)
    shadowed: list[Shadowed] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)


@dataclass(slots=True)
class _Class:
    """A class of values: the one that stands for it, and every owner in it."""

    values: Values
    owners: set[str | None]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A class of texts: the words that are alike, the hits of the first, and the items that have them."""

    words: tuple[str, ...]
    hits: tuple[str, ...]
    having: int


def standings(items: Sequence[Item], district: District) -> dict[str, Standing]:
    """Every category's, by its code."""
    index = MatchIndex(items, 0)
    return {
        category: (
            Standing(is_crowded=True) if len(rows.items) > CROWD else _Contest(rows, index, district).settle()
        )
        for category, rows in sorted(index.categories.items())
    }


class _Contest:
    """One category's items against each other."""

    def __init__(self, rows: CategoryIndex, index: MatchIndex, district: District) -> None:
        self.rows = rows
        self.district = district
        self.classes = _classes(rows, district)
        self.phrases = list(_phrases(rows, index))
        self.told = Standing()
        self.winners: set[str] = set()
        self.equals: dict[tuple[str, str], tuple[list[str], Values]] = {}

    def settle(self) -> Standing:
        for phrase in self.phrases:
            self._look(phrase)
        self.told.overlaps = [
            Overlap(pair, tuple(words), values) for pair, (words, values) in sorted(self.equals.items())
        ]
        for item in sorted(self.rows.items, key=lambda row: row.code):
            by_words = item.code in self.winners
            # Whoever wins by a word wins when named too, though `@owner` perhaps for more owners.
            if not by_words or item.lead_unit == AT_OWNER:
                when_named = self._wins_when_named(item)
                if not by_words:
                    self.told.shadowed.append(Shadowed(item.code, self._before(item), when_named))
        self.told.lost.sort(key=lambda lost: (lost.code, lost.word))
        return self.told

    def _lefts(self, worded: int) -> dict[int, _Class]:
        """What each class of values leaves of these items."""
        found: dict[int, _Class] = {}
        for bits, one in self.classes.items():
            left = bits & worded
            known = found.get(left)
            if known is None:
                found[left] = _Class(one.values, one.owners)
            elif not one.owners <= known.owners:
                known.owners = known.owners | one.owners
        return found

    def _look(self, phrase: _Phrase) -> None:
        fates: dict[int, tuple[list[bool], Counter[str]]] = {}
        for left, one in self._lefts(self.rows.worded(phrase.hits)).items():
            claims = self.rows.best(left, phrase.hits)
            self._note(claims, phrase, one)
            bits = phrase.having & left
            while bits:
                at = bits.bit_length() - 1
                bits ^= 1 << at
                won, by = fates.setdefault(at, ([], Counter()))
                own = self.rows.items[at].lead_unit
                for owner in one.owners:
                    kept = any(not self.district.differ(own, claim.lead_unit, owner) for claim in claims)
                    won.append(kept)
                    if not kept:
                        by.update(claim.code for claim in claims)
        for at, (won, by) in fates.items():
            if not all(won):
                code = self.rows.items[at].code
                self.told.lost += [
                    Lost(code, word, _most_frequent(by), not any(won)) for word in phrase.words
                ]

    def _note(self, claims: tuple[Item, ...], phrase: _Phrase, one: _Class) -> None:
        """Who wins this class of cases, and who wins it with them."""
        if not claims:
            self.told.unmatched = True
            return
        first: dict[str, str] = {}
        for claim in claims:
            first.setdefault(claim.lead_unit, claim.code)
        self.winners.update(first.values())
        for pattern in first:
            self._may_win(pattern, one)
        if len(first) == 1:
            return
        for one_item, other in combinations(claims, 2):
            units = one_item.lead_unit, other.lead_unit
            if any(self.district.differ(*units, owner) for owner in one.owners):
                words, _values = self.equals.setdefault((one_item.code, other.code), ([], one.values))
                if one_item.keywords:  # else they are equal whatever is said
                    words += [word for word in phrase.words if word not in words]

    def _may_win(self, pattern: str, one: _Class) -> None:
        self.told.patterns.setdefault(pattern, set()).update(one.owners if pattern == AT_OWNER else {None})

    def _wins_when_named(self, item: Item) -> bool:
        """Does the item win where nothing is said and the normaliser names it?"""
        if not item.keywords:
            return False
        wins = False
        for left, one in self._lefts(self.rows.worded((), (item.code,))).items():
            claims = self.rows.best(left, (), (item.code,))
            if next((claim for claim in claims if claim.lead_unit == item.lead_unit), None) == item:
                wins = True
                self._may_win(item.lead_unit, one)
        return wins

    def _before(self, item: Item) -> tuple[str, ...]:
        """Who wins where this item holds, the most frequent first."""
        bit = 1 << self.rows.positions[item.code]
        by: Counter[str] = Counter()
        for phrase in self.phrases:
            for left in self._lefts(self.rows.worded(phrase.hits)):
                if left & bit:
                    by.update(claim.code for claim in self.rows.best(left, phrase.hits))
        del by[item.code]
        return _most_frequent(by)


def _most_frequent(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda code: (-counts[code], code)))


def _classes(rows: CategoryIndex, district: District) -> dict[int, _Class]:
    """The classes of values, by the items that they leave (whatever is said)."""
    sources = rows.left_by(SOURCE)
    if sources.keys() >= set(Source.values):
        del sources[None]  # every report has a source, and each one is asked for
    rest: dict[int, Values] = {}
    for (in_place, place), (from_source, source), (at_hour, minute) in product(
        _distinct(rows.left_by(PLACE_TYPE)), _distinct(sources), _distinct(rows.left_by(HOURS))
    ):
        values = Values(None, _text(place), _text(source), minute if isinstance(minute, int) else 0)
        rest.setdefault(in_place & from_source & at_hour, values)
    asked = rows.left_by(OWNER)
    units = district.units.codes
    # Which owner it is matters by itself only where `@owner` leads.
    by_owner = any(row.lead_unit == AT_OWNER for row in rows.items)
    others = {None, *(units - asked.keys())}
    found: dict[int, _Class] = {}
    for owner, of_owner in asked.items():
        if owner is not None and owner not in units | OTHER_OWNERS:
            continue  # nobody can be told as an owner who is no open unit
        members = {None} if not by_owner else others if owner is None else {_text(owner)}
        for bits, values in rest.items():
            one = found.setdefault(bits & of_owner, _Class(replace(values, owner=_text(owner)), set()))
            one.owners |= members
    return found


def _distinct(left_by: Mapping[str | int | None, int]) -> list[tuple[int, str | int | None]]:
    """One value for each set of items left; "not known" where it leaves the same."""
    found: dict[int, str | int | None] = {}
    for value, bits in left_by.items():
        found.setdefault(bits, value)
    return list(found.items())


def _text(value: str | int | None) -> str | None:
    return value if isinstance(value, str) else None


def _phrases(rows: CategoryIndex, index: MatchIndex) -> Iterator[_Phrase]:
    """The classes of texts: the empty one, then each keyword's own."""
    yield _Phrase((), (), 0)
    by_word = rows.left_by(KEYWORDS)
    free = by_word[None]
    alike: dict[tuple[tuple[int, int], ...], _Phrase] = {}
    for word in sorted(_text(word) or "" for word in by_word if word is not None):
        hits = [hit for hit in index.hits(word) if hit in by_word]
        lengths = sorted({len(hit) for hit in hits})
        kind = tuple(sorted((lengths.index(len(hit)), by_word[hit] & ~free) for hit in hits))
        known = alike.get(kind)
        if known is None:
            alike[kind] = _Phrase((word,), tuple(hits), by_word[word] & ~free)
        else:
            alike[kind] = replace(known, words=(*known.words, word))
    yield from alike.values()
