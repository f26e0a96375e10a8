"""Checking a whole list before it goes live, beside asking every case of one category.

The check looks at each class of cases once. Brute force asks every combination of owner, kind of place,
source, half hour and single keyword; even so it leaves out texts with several words, and everything of
the check that is not about who wins. Metric: categories per second. The goal is a list in two seconds.
"""

import time
from itertools import product

from benchmarks.records import Record, compare
from dispatch.edition import edition
from dispatch.index import CategoryIndex
from dispatch.items import DAY, Item
from dispatch.lint import lint
from dispatch.lint.checking import district_now
from dispatch.vocabulary import PlaceType, Source

NEEDS_DATABASE = True
GOAL = 2.0  # seconds for the list
HALF_HOUR = 30
# A category of ordinary size.
CATEGORY = "0101"


def run() -> list[Record]:
    index = edition().index
    items = list(index.items.values())
    seconds = min(_check(items) for _round in range(5))
    brute = _brute_force([item for item in items if item.category == CATEGORY])
    count = len(index.categories)
    return compare(
        "lint",
        "categories checked per second",
        count / seconds,
        {"asking every case of a category": 1 / brute, "goal": count / GOAL},
    )


def _check(items: list[Item]) -> float:
    """Seconds for the whole list."""
    district = district_now()  # anew: it remembers what it has resolved
    began = time.perf_counter()
    lint(items, district)
    return time.perf_counter() - began


def _brute_force(items: list[Item]) -> float:
    """Seconds for these items of one category."""
    rows = CategoryIndex(items)
    words = sorted({word for item in items for word in item.keywords})
    texts = [[], *([word for word in words if word in text] for text in words)]
    owners = [None, *sorted({owner for item in items for owner in item.owners} | {"private", "unknown"})]
    began = time.perf_counter()
    for owner, place, source, minute in product(
        owners, [None, *PlaceType.values], Source.values, range(0, DAY, HALF_HOUR)
    ):
        for hits in texts:
            rows.match(hits, owner, place, source, minute)
    return time.perf_counter() - began
