"""Folding facts into cells.

A fold packs what its facts add, a row for each split and period that they touch, and joins it with what
earlier folds left there once there are several rows that are not much larger: a year's row is written again
a few times a day and not with every fold.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from dashboards.adding import SELECTED, Adding, Block, Facts
from dashboards.cells import BINS, Dim, is_compacted
from dashboards.models import Compaction, Rollup, Unfolded
from dashboards.packing import FIELDS, Packed, Rows, day_of, number_of

# Facts in one fold: about a second of one transaction.
BATCH: Final = 20_000
# Only one folder works at a time; whoever comes second goes home (the lock's number is ours alone).
LOCK: Final = 0x79_77_66_6F

TABLE: Final = "dashboards_rollup"
# Earlier rows are joined with what comes once there are so many that are not much larger than it: then a
# period has a dozen rows at most, and each byte is written again a handful of times.
JOINED: Final = 4
TIMES: Final = 4
_CHUNK: Final = 1 << 20

_CLAIM: Final = f"""
WITH claimed AS (
    DELETE FROM dashboards_unfolded WHERE outcome_id IN (
        SELECT outcome_id FROM dashboards_unfolded ORDER BY outcome_id LIMIT %s)
    RETURNING outcome_id
)
SELECT {SELECTED} FROM incidents_outcome o JOIN claimed c ON c.outcome_id = o.id
"""
STORED: Final = ", ".join(("keys", "measures", *BINS))


def fold(*, limit: int = BATCH) -> int:
    """Fold up to `limit` waiting facts; answers how many were. Idempotent: each fact is claimed once.

    Claim and cells are one transaction, so a killed folder leaves both as they were. While another one
    folds, this one answers 0.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        # Don't compile a plan that is always the same.
        cursor.execute("SET LOCAL jit = off")
        cursor.execute(_CLAIM, [limit])
        facts = Facts.of_rows(cursor.fetchall())
        if not len(facts):
            return 0
        horizon = compacted_before(cursor)
        words = Words(cursor)
        blocks = [kept_of(block, horizon) for block in Adding(facts).blocks()]
        write(cursor, [packed for block in blocks for packed in block.packed(words.numbers(block))], words)
        return len(facts)


def fold_all(*, limit: int = BATCH) -> Iterator[int]:
    """Fold until nothing waits; yields the size of each batch."""
    while folded := fold(limit=limit):
        yield folded


def waiting() -> int:
    """How many facts no cell holds yet."""
    return Unfolded.objects.count()


def cell_count() -> int:
    """How many rows of cells there are."""
    return Rollup.objects.count()


def compacted_before(cursor: CursorWrapper) -> date | None:
    """The first day that has all its cells, where older ones have been taken out; a Monday."""
    cursor.execute(f"SELECT max(first_day) FROM {Compaction._meta.db_table}")
    found: date | None = cursor.fetchone()[0]
    return found


def kept_of(block: Block, horizon: date | None) -> Block:
    """What of a block is kept: of what is compacted, from the horizon on."""
    if horizon is None or not is_compacted(block.grain, block.split):
        return block
    return block.part(block.days >= number_of(horizon))


class Words:
    """The numbers of words, for whoever holds the lock: what is new is given one."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self.cursor = cursor
        cursor.execute("SELECT id, dim, word FROM dashboards_word")
        self._numbers: dict[tuple[Dim, str], int] = {}
        self.said: dict[int, str] = {}
        self._learn(cursor.fetchall())

    def _learn(self, rows: Iterable[tuple[int, int, str]]) -> None:
        for number, dim, word in rows:
            self._numbers[Dim(dim), word] = number
            self.said[number] = word

    def numbers(self, block: Block) -> Mapping[tuple[Dim, str], int]:
        """Of every word of the block."""
        new = [
            (int(dim), word)
            for dim in block.keys
            for word in block.words[dim]
            if (dim, word) not in self._numbers
        ]
        if new:
            self.cursor.execute(
                "INSERT INTO dashboards_word (dim, word) SELECT * FROM unnest(%s::int[], %s::text[])"
                " RETURNING id, dim, word",
                [[dim for dim, _word in new], [word for _dim, word in new]],
            )
            self._learn(self.cursor.fetchall())
        return self._numbers


Place = tuple[int, str, int]


def write(cursor: Any, added: Sequence[Packed], words: Words) -> None:
    """Add rows to what the table holds, joined with earlier ones that are not much larger."""
    held: dict[Place, list[tuple[int, int]]] = {}
    cursor.execute(
        f"SELECT r.split, r.grain, r.day, r.number, r.size FROM {TABLE} r"
        " JOIN unnest(%s::int[], %s::text[], %s::date[]) AS t (split, grain, day)"
        " ON r.split = t.split AND r.grain = t.grain AND r.day = t.day ORDER BY r.number",
        [[one.split for one in added], [one.grain for one in added], [day_of(one.day) for one in added]],
    )
    for split, grain, day, number, size in cursor.fetchall():
        held.setdefault((split, grain, number_of(day)), []).append((number, size))
    rows = Rows()
    join: dict[tuple[int, str], list[Packed]] = {}
    gone: list[tuple[int, str, date, int]] = []
    numbers: dict[Place, int] = {}
    for one in added:
        place = (one.split, one.grain, one.day)
        before, size = held.get(place, []), one.size
        kept = len(before)
        while kept and before[kept - 1][1] <= TIMES * size:
            kept -= 1
            size += before[kept][1]
        if len(before) - kept < JOINED:
            rows.add(one, before[-1][0] + 1 if before else 1)
            continue
        numbers[place] = before[kept][0]
        gone += [(one.split, one.grain, day_of(one.day), number) for number, _size in before[kept:]]
        join.setdefault((one.split, one.grain), []).append(one)
    taken = take(cursor, gone)
    for (split, grain), parts in join.items():
        same = [*taken[split, grain], *((one.day, one.keys, one.measures, *one.bins) for one in parts)]
        whole = Block.unpacked(grain, Dim(split), same, words.said).merged()
        for one in whole.packed(words.numbers(whole)):
            rows.add(one, numbers[one.split, one.grain, one.day])
    copy_in(cursor, TABLE, rows)


def take(
    cursor: CursorWrapper, gone: Sequence[tuple[int, str, date, int]]
) -> dict[tuple[int, str], list[tuple[Any, ...]]]:
    """Take rows out of the table; what they held, by split and grain."""
    found: dict[tuple[int, str], list[tuple[Any, ...]]] = {}
    if not gone:
        return found
    splits, grains, days, numbers = (list(column) for column in zip(*gone, strict=True))
    cursor.execute(
        f"DELETE FROM {TABLE} r USING unnest(%s::int[], %s::text[], %s::date[], %s::int[])"
        " AS t (split, grain, day, number) WHERE r.split = t.split AND r.grain = t.grain"
        f" AND r.day = t.day AND r.number = t.number RETURNING r.split, r.grain, r.day, {STORED}",
        [splits, grains, days, numbers],
    )
    for split, grain, day, *stored in cursor.fetchall():
        found.setdefault((split, grain), []).append((number_of(day), *stored))
    return found


def copy_in(cursor: Any, table: str, rows: Rows) -> None:
    """Write rows."""
    if len(rows):
        statement = f"COPY {table} ({', '.join(FIELDS)}) FROM STDIN (FORMAT binary)"
        cursor.copy_expert(statement, io.BytesIO(rows.data()), _CHUNK)
