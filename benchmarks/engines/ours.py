"""The compiled index: one by one, a thousand a call, and with its explanations."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.engines import Engine
from benchmarks.engines.rules import Event
from dispatch import explaining
from dispatch.edition import Edition
from dispatch.explaining import Explanation
from dispatch.facts import Facts, Guess
from dispatch.index import Match, MatchIndex

_MIDNIGHT = datetime(2026, 6, 30, 16, tzinfo=UTC)  # in Shanghai


def single(index: MatchIndex, events: Sequence[Event]) -> Engine:
    categories = index.categories

    def decide(event: Event) -> Match:
        return categories[event.category].match(
            event.hits, event.owner, event.place_type, event.source, event.minute
        )

    return Engine(decide, events, _one)


def batched(index: MatchIndex, events: Sequence[Event], size: int) -> Engine:
    categories = index.categories
    batches = [events[at : at + size] for at in range(0, len(events), size)]

    def decide(batch: Sequence[Event]) -> list[Match]:
        return [
            categories[event.category].match(
                event.hits, event.owner, event.place_type, event.source, event.minute
            )
            for event in batch
        ]

    return Engine(decide, batches, lambda told: [_code(one) for one in told], batch=size)


def explained(index: MatchIndex, events: Sequence[Event]) -> Engine:
    """The decision, and for every item of the category which of its conditions failed."""
    categories = index.categories

    def decide(event: Event) -> tuple[Match, bytes]:
        rows = categories[event.category]
        known = event.hits, event.owner, event.place_type, event.source, event.minute
        return rows.match(*known), rows.shortfalls(*known)

    return Engine(decide, events, lambda told: _one(told[0]))


def readable(now: Edition, model: Any, events: Sequence[Event]) -> Engine:
    """What the page and the API show: reasons with their values for every item, and the whole decision."""
    facts = [
        Facts(
            source=event.source,
            at=_MIDNIGHT + timedelta(minutes=event.minute),
            categories=(Guess(event.category, 1.0),),
            keywords=event.hits,
            place_type=event.place_type,
            owner=event.owner,
            category_given=True,
        )
        for event in events
    ]

    def won(told: Explanation) -> list[str]:
        assert told.decision.item
        return [told.decision.item]

    return Engine(lambda one: explaining.explain(one, now=now, model=model), facts, won)


def floor(index: MatchIndex, events: Sequence[Event]) -> Engine:
    """A dict keyed by the tuple of facts: what a perfect cache would cost."""
    decide = single(index, events).call
    keyed = {event.key: decide(event) for event in events}
    return Engine(keyed.__getitem__, [event.key for event in events], _one)


def scan(index: MatchIndex, events: Sequence[Event]) -> Engine:
    """Every item of the whole list asked in turn."""
    items = list(index.items.values())

    def decide(event: Event) -> list[str]:
        hits = frozenset(event.hits)
        holding = [
            ((item.rank, item.longest(event.hits)), item)
            for item in items
            if item.category == event.category
            and (not item.keywords or item.keywords & hits)
            and (not item.owners or event.owner in item.owners)
            and (not item.place_types or event.place_type in item.place_types)
            and (not item.sources or event.source in item.sources)
            and (item.hours is None or event.minute in item.hours)
        ]
        best = max(order for order, _item in holding)
        return sorted(item.code for order, item in holding if order == best)

    return Engine(decide, events, lambda told: told[:1])


def _one(told: Match) -> list[str]:
    return [_code(told)]


def _code(told: Match) -> str:
    assert told.item is not None
    return told.item.code
