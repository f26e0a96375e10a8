"""Matching one event against the whole list, in four ways that must agree.

Ours (the compiled bitsets) beside a dict keyed by the tuple of facts (the floor: what a perfect cache
would cost), beside asking every item in Python, and beside one prepared SQL query per event that does
the same in PostgreSQL. All start from the same keywords already found. Metric: decisions per second.
"""

import random
from dataclasses import dataclass

from django.db import connection

from benchmarks.records import Record, compare, rates
from dispatch.edition import edition
from dispatch.index import MatchIndex
from dispatch.items import normal_form
from dispatch.normalise.corpus import read_corpus
from dispatch.vocabulary import PlaceType, Source

NEEDS_DATABASE = True
EVENTS, FEW = 20_000, 150

_TABLES = """
CREATE TEMPORARY TABLE bench_item (
    code text, category text, lead_unit text, stating boolean, emergency boolean, weight int,
    keywords text[], owners text[], place_types text[], sources text[], hour_start int, hour_end int
)
"""
_QUERY = """
PREPARE bench_match (text, text[], text, text, text, int) AS
WITH holding AS (
    SELECT code, stating, emergency, weight,
        coalesce((SELECT max(length(word)) FROM unnest(keywords) word WHERE word = ANY ($2)), 0) AS longest
    FROM bench_item
    WHERE category = $1
      AND (keywords = '{}' OR keywords && $2)
      AND (owners = '{}' OR $3 = ANY (owners))
      AND (place_types = '{}' OR $4 = ANY (place_types))
      AND (sources = '{}' OR $5 = ANY (sources))
      AND (hour_start IS NULL
           OR (hour_start < hour_end AND $6 >= hour_start AND $6 < hour_end)
           OR (hour_start > hour_end AND ($6 >= hour_start OR $6 < hour_end)))
)
SELECT array_agg(code ORDER BY code) FROM (
    SELECT code, rank() OVER (ORDER BY stating DESC, emergency DESC, weight DESC, longest DESC) AS place
    FROM holding
) AS ranked WHERE place = 1
"""


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


def run() -> list[Record]:
    index = edition().index
    events = _events(index)
    keyed = {event.key: _ours(index, event) for event in events}
    keys = [event.key for event in events]
    _fill(index)
    few = events[:FEW]
    for event in few:
        if not _ours(index, event) == _scan(index, event) == _ask(event):
            raise AssertionError(f"the engines disagree about {event}")
    told = rates(
        {
            "ours": (lambda event: index.categories[event.category].match(*_arguments(event)), events),
            "a dict keyed by the facts": (keyed.__getitem__, keys),
            "a scan of all items": (lambda event: _scan(index, event), few),
            "one SQL query per event": (_ask, few),
        }
    )
    ours = told.pop("ours")
    return [
        *compare("matcher", "decisions per second", ours, told),
        *compare(
            "matcher",
            "explanations per second",
            _explanations(index, events),
            {"a scan of all items": rates({"scan": (lambda event: _scan(index, event), few)})["scan"]},
        ),
        *compare("matcher", "ms to rebuild the index", _rebuild(index), {"goal": 100.0}),
    ]


def _arguments(event: Event) -> tuple[tuple[str, ...], str | None, str | None, str, int]:
    return event.hits, event.owner, event.place_type, event.source, event.minute


def _events(index: MatchIndex) -> list[Event]:
    """The example texts' keywords with places, owners and hours thrown in; seeded."""
    chance = random.Random(7)
    examples = read_corpus().examples
    owners = sorted({owner for item in index.items.values() for owner in item.owners})
    events = []
    for _event in range(EVENTS):
        example = chance.choice(examples)
        events.append(
            Event(
                category=index.items[example.item].category,
                hits=index.hits(normal_form(example.text)),
                owner=chance.choice(owners) if chance.random() < 0.2 else None,
                place_type=chance.choice(PlaceType.values) if chance.random() < 0.7 else None,
                source=chance.choice(Source.values),
                minute=chance.randrange(24 * 60),
            )
        )
    return events


def _ours(index: MatchIndex, event: Event) -> list[str]:
    claims = index.categories[event.category].match(*_arguments(event)).claims
    return [item.code for item in claims]


def _scan(index: MatchIndex, event: Event) -> list[str]:
    """Every item of the whole list asked in turn."""
    hits = frozenset(event.hits)
    holding = [
        ((item.rank, item.longest(event.hits)), item)
        for item in index.items.values()
        if item.category == event.category
        and (not item.keywords or item.keywords & hits)
        and (not item.owners or event.owner in item.owners)
        and (not item.place_types or event.place_type in item.place_types)
        and (not item.sources or event.source in item.sources)
        and (item.hours is None or event.minute in item.hours)
    ]
    best = max(order for order, _item in holding)
    return sorted(item.code for order, item in holding if order == best)


def _fill(index: MatchIndex) -> None:
    rows = [
        (
            item.code,
            item.category,
            item.lead_unit,
            *item.rank,
            *(sorted(values) for values in (item.keywords, item.owners, item.place_types, item.sources)),
            item.hours.start if item.hours else None,
            item.hours.end if item.hours else None,
        )
        for item in index.items.values()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        cursor.executemany(
            "INSERT INTO bench_item VALUES "
            "(%s,%s,%s,%s,%s,%s,%s::text[],%s::text[],%s::text[],%s::text[],%s,%s)",
            rows,
        )
        cursor.execute("CREATE INDEX ON bench_item (category)")
        cursor.execute("ANALYZE bench_item")
        cursor.execute(_QUERY)


def _ask(event: Event) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "EXECUTE bench_match (%s, %s::text[], %s, %s, %s, %s)",
            [event.category, list(event.hits), event.owner, event.place_type, event.source, event.minute],
        )
        told: list[str] = cursor.fetchone()[0]
        return told


def _explanations(index: MatchIndex, events: list[Event]) -> float:
    """The failing conditions of every item of the category, for each event."""

    def explain(event: Event) -> None:
        rows = index.categories[event.category]
        failing = rows.failing(*_arguments(event))
        for item in rows.items:
            rows.failures(item.code, failing)

    return rates({"ours": (explain, events[:2_000])})["ours"]


def _rebuild(index: MatchIndex) -> float:
    """Milliseconds, the best of five."""
    items = list(index.items.values())
    return 1_000 / rates({"ours": (lambda rows: MatchIndex(rows, version=0), [items])})["ours"]
