"""One prepared statement per event, which does in PostgreSQL what the index does."""

from collections.abc import Sequence

from django.db import connection

from benchmarks.engines import Engine
from benchmarks.engines.rules import Event
from dispatch.index import MatchIndex

_TABLE = """
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


def make(index: MatchIndex, events: Sequence[Event]) -> Engine:
    _fill(index)
    return Engine(_ask, events, lambda told: told[:1])


def _ask(event: Event) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "EXECUTE bench_match (%s, %s::text[], %s, %s, %s, %s)",
            [event.category, list(event.hits), event.owner, event.place_type, event.source, event.minute],
        )
        told: list[str] = cursor.fetchone()[0]
        return told


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
        cursor.execute(_TABLE)
        cursor.executemany(
            "INSERT INTO bench_item VALUES "
            "(%s,%s,%s,%s,%s,%s,%s::text[],%s::text[],%s::text[],%s::text[],%s,%s)",
            rows,
        )
        cursor.execute("CREATE INDEX ON bench_item (category)")
        cursor.execute("ANALYZE bench_item")
        cursor.execute(_QUERY)
