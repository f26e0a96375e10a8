"""The check again, slow and obvious: every case that there can be is asked, one after the other.

Cases are all combinations of owner, kind of place, source, stretch of the day, words said and matter
named. Said are every set of words that a text can hold: with a word also the words inside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from dispatch.index import CategoryIndex, Match
from dispatch.items import DAY, Item
from dispatch.lint import District
from dispatch.vocabulary import PlaceType, Source


@dataclass(slots=True)
class Found:
    """What came of asking. An overlap is (one item, the other, the phrase they are equal by)."""

    gaps: set[tuple[str, str, str]] = field(default_factory=set)
    overlaps: set[tuple[str, str, str]] = field(default_factory=set)
    winners: set[str] = field(default_factory=set)  # by words
    named_winners: set[str] = field(default_factory=set)  # at all
    # (item, its word) said alone: was it ever sent to the item's own unit, and ever to another?
    kept: set[tuple[str, str]] = field(default_factory=set)
    lost: set[tuple[str, str]] = field(default_factory=set)


def ask_everything(
    items: Sequence[Item],
    district: District,
    *,
    hour_step: int = 30,
    places: Sequence[str] = tuple(PlaceType.values),
    most_words: int = 99,
) -> Found:
    """All cases of one category."""
    told = Found()
    rows = CategoryIndex(items)
    words = sorted({word for item in items for word in item.keywords})
    owners = [None, "private", "unknown", *sorted(district.units.codes)]
    texts = list(_texts(words, most_words))
    named: list[list[str]] = [[], *([item.code] for item in items if item.keywords)]
    cases = product(owners, [None, *places], Source.values, range(0, DAY, hour_step))
    for owner, place, source, minute in cases:
        for said, matter in product(texts, named):
            answer = rows.match(said, owner, place, source, minute, matter)
            firsts = {next(one.code for one in answer.claims if one.lead_unit == p) for p in answer.patterns}
            told.named_winners |= firsts
            if not matter:
                told.winners |= firsts
            _unanswered(told, answer, items[0].category, owner, district)
            if not matter and _is_one_phrase(said):
                phrase = max(said, key=len, default="")
                _equal(told, answer, phrase, owner, district)
                for item in items:
                    if phrase in item.keywords and _holds(item, owner, place, source, minute):
                        ours = any(not _differ(item, one, owner, district) for one in answer.claims)
                        (told.kept if ours else told.lost).add((item.code, phrase))
    return told


def _texts(words: list[str], most: int) -> Iterator[list[str]]:
    for count in range(min(len(words), most) + 1):
        for said in combinations(words, count):
            if all(word in said for longer in said for word in words if word in longer):
                yield list(said)


def _is_one_phrase(said: list[str]) -> bool:
    """Nothing is said beyond one word and what is inside it."""
    return not said or any(all(word in longest for word in said) for longest in said)


def _unanswered(told: Found, answer: Match, category: str, owner: str | None, district: District) -> None:
    for community, street in district.areas:
        for pattern in answer.patterns or ("",):
            if district.units.resolve(pattern, street=street, community=community, owner=owner) is None:
                told.gaps.add((category, pattern, community))


def _equal(told: Found, answer: Match, word: str, owner: str | None, district: District) -> None:
    for one, other in combinations(answer.claims, 2):
        if _differ(one, other, owner, district):
            told.overlaps.add((one.code, other.code, word if one.keywords else ""))


def _differ(one: Item, other: Item, owner: str | None, district: District) -> bool:
    """Do their units differ anywhere, or where the place is not known?"""
    return any(
        district.units.resolve(one.lead_unit, street=street, community=community, owner=owner)
        != district.units.resolve(other.lead_unit, street=street, community=community, owner=owner)
        for community, street in [(None, None), *district.areas]
    )


def _holds(item: Item, owner: str | None, place: str | None, source: str, minute: int) -> bool:
    """Is all met that the item asks besides words?"""
    return (
        (not item.owners or owner in item.owners)
        and (not item.place_types or place in item.place_types)
        and (not item.sources or source in item.sources)
        and (item.hours is None or minute in item.hours)
    )
