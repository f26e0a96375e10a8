"""Old days and weeks of two dimensions and more are taken out: most of the table, and seldom looked at.

Months and years stay. A range that begins or ends within such a month reads those few days from the facts,
in the same statement, so no number changes.
"""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Max

from dashboards.adding import Block
from dashboards.cells import COMPACTED_SPLITS, Dim
from dashboards.folding import LOCK, TABLE, Words, copy_in, take
from dashboards.models import Compaction
from dashboards.packing import Rows

# A month and the same month of last year are both read from days.
KEPT_MONTHS: Final = 13
# Periods joined at one time: what they hold is in memory.
_AT_ONCE: Final = 1_000


def compact_cells(*, today: date, at: datetime) -> int:
    """Take out days and weeks older than 13 months, and join the rows of each period; how many rows went."""
    month = _months_before(today.replace(day=1), KEPT_MONTHS)
    horizon = month - timedelta(days=month.weekday())  # a Monday: whole weeks stay or go
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        held = Compaction.objects.aggregate(day=Max("first_day"))["day"]
        if held is None or held < horizon:
            Compaction.objects.create(first_day=horizon, made_at=at)
        cursor.execute(
            f"DELETE FROM {TABLE} WHERE split = ANY(%s) AND grain IN ('day', 'week') AND day < %s",
            [[int(split) for split in COMPACTED_SPLITS], horizon],
        )
        return int(cursor.rowcount) + _join_rows(cursor)


def _join_rows(cursor: CursorWrapper) -> int:
    """Of periods to which several folds have added: one row, without what comes to nothing."""
    cursor.execute(
        f"SELECT split, grain, day, array_agg(number) FROM {TABLE} GROUP BY 1, 2, 3"
        " HAVING count(*) > 1 OR max(number) > 1"
    )
    periods, words, gone = cursor.fetchall(), Words(cursor), 0
    for first in range(0, len(periods), _AT_ONCE):
        rows = Rows()
        some = [
            (split, grain, day, number)
            for split, grain, day, numbers in periods[first : first + _AT_ONCE]
            for number in numbers
        ]
        for (split, grain), stored in take(cursor, some).items():
            block = Block.unpacked(grain, Dim(split), stored, words.said).merged()
            for one in block.packed(words.numbers(block)):
                rows.add(one, 1)
        copy_in(cursor, TABLE, rows)
        gone += len(some) - len(rows)
    return gone


def _months_before(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
