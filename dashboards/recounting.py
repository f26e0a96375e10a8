"""Every cell anew from the facts, month by month: to make them again, and to prove those that are held."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from dashboards.adding import Adding, Block, joined
from dashboards.bulk_facts import Dictionary, facts_of_days
from dashboards.case_checks import Difference, case_differences
from dashboards.cells import Dim, is_compacted
from dashboards.folding import LOCK, STORED, TABLE, Words, compacted_before, copy_in, kept_of
from dashboards.models import Rollup
from dashboards.packing import SLOTS, Rows, number_of


@dataclass(frozen=True, slots=True)
class Stretch:
    """All cells of one grain and split whose day lies in these days."""

    block: Block
    first: date
    last: date


def rebuild() -> int:
    """Make every cell anew from every fact; answers how many facts. Boards meanwhile read the old cells.

    One transaction: it takes what waits now, counts everything that does not wait, and puts the new
    table in the old one's place at its end. What is written meanwhile waits to be folded.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SET LOCAL jit = off; SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute("DELETE FROM dashboards_unfolded")
        cursor.execute(f"CREATE TABLE {TABLE}_anew (LIKE {TABLE} INCLUDING ALL)")
        horizon, recount, words = compacted_before(cursor), Recount(cursor), Words(cursor)
        for stretch in recount.stretches():
            rows, block = Rows(), kept_of(stretch.block, horizon)
            for one in block.packed(words.numbers(block)):
                rows.add(one, 1)
            copy_in(cursor, f"{TABLE}_anew", rows)
        cursor.execute(f"DROP TABLE {TABLE}; ALTER TABLE {TABLE}_anew RENAME TO {TABLE}")
        cursor.execute(f"ALTER INDEX {TABLE}_anew_pkey RENAME TO {TABLE}_pkey")
        cursor.execute(f"ANALYZE {TABLE}")
        return recount.facts


class Recount:
    """Every cell that the facts make which do not wait."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self.cursor = cursor
        self.facts = 0
        self._kept_open: dict[tuple[str, Dim], Block] = {}
        self._from: dict[str, date] = {Rollup.Grain.WEEK: date.min, Rollup.Grain.YEAR: date.min}

    def stretches(self) -> Iterator[Stretch]:
        """Each day of each grain and split once."""
        self.cursor.execute("SELECT min(day), max(day) FROM incidents_outcome")
        earliest, latest = self.cursor.fetchone()
        if earliest is None:
            return
        dictionary = Dictionary(self.cursor)
        for first in _months(earliest, latest):
            last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
            facts = facts_of_days(self.cursor, dictionary, first, last)
            self.facts += len(facts)
            until = {grain: _begins(grain, last + timedelta(days=1)) for grain in self._from}
            if last >= latest:
                until = dict.fromkeys(until, date.max)
            for block in Adding(facts).blocks():
                if block.grain in until:
                    yield from self._closed(block, until[block.grain])
                else:
                    yield Stretch(
                        block, date.min if first <= earliest else first, date.max if last >= latest else last
                    )
            self._from |= until

    def _closed(self, block: Block, until: date) -> Iterator[Stretch]:
        """The weeks or years that are over; those that go on into the next month wait for it."""
        kind = (block.grain, block.split)
        whole = joined(self._kept_open[kind], block) if kind in self._kept_open else block
        done = whole.days < number_of(until)
        self._kept_open[kind] = whole.part(~done)
        if until > self._from[block.grain]:
            yield Stretch(whole.part(done), self._from[block.grain], until - timedelta(days=1))


def _begins(grain: str, day: date) -> date:
    """The first day of the week or year."""
    return day - timedelta(days=day.weekday()) if grain == Rollup.Grain.WEEK else day.replace(month=1, day=1)


def _months(earliest: date, latest: date) -> Iterator[date]:
    month = earliest.replace(day=1)
    while month <= latest:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


# --- proof ----------------------------------------------------------------------------------------


def differences(*, limit: int = 50) -> Iterator[Difference]:
    """Recompute every cell from the facts, and every fact from the case and its timeline; what differs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute("SET LOCAL jit = off")
        yield from islice(_cell_differences(cursor), limit)
        yield from case_differences(cursor, limit)


def _cell_differences(cursor: CursorWrapper) -> Iterator[Difference]:
    horizon, words, any_fact = compacted_before(cursor), Words(cursor), False
    for stretch in Recount(cursor).stretches():
        any_fact = True
        grain, split = stretch.block.grain, stretch.block.split
        first = stretch.first
        if horizon and is_compacted(grain, split):
            first = max(first, horizon)
        cursor.execute(
            f"SELECT day, {STORED} FROM {TABLE} WHERE split = %s AND grain = %s AND day BETWEEN %s AND %s",
            [int(split), grain, first, stretch.last],
        )
        rows = [(number_of(day), *stored) for day, *stored in cursor.fetchall()]
        held = Block.unpacked(grain, split, rows, words.said).merged()
        yield from _between(kept_of(stretch.block, horizon), held)
    if not any_fact:
        cursor.execute(f"SELECT split, grain, day, {STORED} FROM {TABLE}")
        for split, grain, day, *stored in cursor.fetchall():
            block = Block.unpacked(grain, Dim(split), [(number_of(day), *stored)], words.said)
            for key, values in block.told():
                yield Difference("cell unfounded", _told(key, values))


def _between(expected: Block, held: Block) -> Iterator[Difference]:
    """Cells that are not as they should be: what should stand there, and what does."""
    if not len(joined(expected, held.negative()).saying()):
        return
    wrong = {key for key, _values in joined(expected, held.negative()).saying().told()}
    for which, block in (("missing", expected), ("unfounded", held)):
        for key, values in block.saying().told():
            if key in wrong:
                yield Difference(f"cell {which}", _told(key, values))


def _told(key: tuple[Any, ...], values: list[int]) -> str:
    counts = " ".join(f"{name}={value}" for name, value in zip(SLOTS, values, strict=True) if value)
    return f"{' '.join(str(part) for part in key)} {counts}"
