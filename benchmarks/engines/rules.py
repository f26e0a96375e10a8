"""The list as rules for engines that take the first that fits, and events for all engines.

Their order says all but one thing of ours: among items of one class the longer keyword hit goes first.
So an item of a class that it shares stands there once for each length of its keywords that matters.
What these engines cannot say is that two units have an equal claim: of those the lowest code counts.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from dispatch.index import CategoryIndex, MatchIndex
from dispatch.items import Item, normal_form
from dispatch.normalise.corpus import read_corpus
from dispatch.vocabulary import PlaceType, Source


@dataclass(frozen=True, slots=True)
class Event:
    """One event's facts, extracted."""

    category: str
    hits: tuple[str, ...]
    owner: str | None
    place_type: str | None
    source: str
    minute: int

    @property
    def key(self) -> tuple[object, ...]:
        return (self.category, self.hits, self.owner, self.place_type, self.source, self.minute)

    @property
    def arguments(self) -> tuple[tuple[str, ...], str | None, str | None, str, int]:
        """As CategoryIndex.match takes them."""
        return self.hits, self.owner, self.place_type, self.source, self.minute


@dataclass(frozen=True, slots=True)
class Rule:
    """An item, or the part of it that these of its keywords make hit."""

    item: Item
    keywords: tuple[str, ...]

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Its hours as [start, end) stretches of one day."""
        hours = self.item.hours
        if hours is None:
            return ()
        if hours.start < hours.end:
            return ((hours.start, hours.end),)
        return ((hours.start, 24 * 60), (0, hours.end))


def make_events(index: MatchIndex, count: int) -> list[Event]:
    """The example texts' keywords with places, owners and hours thrown in; seeded."""
    chance = random.Random(7)
    examples = read_corpus().examples
    hits = [index.hits(normal_form(example.text)) for example in examples]
    owners = sorted({owner for item in index.items.values() for owner in item.owners})
    events = []
    for _event in range(count):
        at = chance.randrange(len(examples))
        events.append(
            Event(
                category=index.items[examples[at].item].category,
                hits=hits[at],
                owner=chance.choice(owners) if chance.random() < 0.2 else None,
                place_type=chance.choice(PlaceType.values) if chance.random() < 0.7 else None,
                source=chance.choice(Source.values),
                minute=chance.randrange(24 * 60),
            )
        )
    return events


def first_hit(rows: CategoryIndex) -> list[Rule]:
    """A category's rules, the first that fits being right."""
    told: list[Rule] = []
    for _rank, group in groupby(reversed(rows.items), key=lambda item: item.rank):
        items = sorted(group, key=lambda item: item.code)
        if len(items) == 1 or not items[0].keywords:
            told += [Rule(item, tuple(sorted(item.keywords))) for item in items]
        else:
            told += _by_length(items)
    return told


def _by_length(items: list[Item]) -> Iterator[Rule]:
    turns = sorted(
        ((-length, item) for item in items for length in {len(word) for word in item.keywords}),
        key=lambda turn: (turn[0], turn[1].code),
    )
    for item, lengths in groupby(turns, key=lambda turn: turn[1]):
        these = {-length for length, _item in lengths}
        yield Rule(item, tuple(sorted(word for word in item.keywords if len(word) in these)))


def keyword_ids(index: MatchIndex) -> dict[str, int]:
    """A number for each keyword: engines compare those sooner than Chinese."""
    words = {word for item in index.items.values() for word in item.keywords}
    return {word: at for at, word in enumerate(sorted(words))}
