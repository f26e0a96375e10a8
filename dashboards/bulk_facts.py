"""Millions of facts as columns of numbers: a month of them at a time, in PostgreSQL's binary format.

Words come as 64-bit hashes, so that every row has the same width and numpy reads them as they are; what
the hashes stand for is looked up in the reference tables, or in the month's facts where it has gone since.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import numpy as np
from django.db.backends.utils import CursorWrapper

from accounts.models import OrgUnit
from dashboards.adding import SELECTED_COLUMNS, Facts, Ints
from dashboards.cells import DIM_SQL, DIMS, Dim
from dispatch.models import Category, ResponsibilityItem
from dispatch.vocabulary import Level, Nature, Source
from grids.models import Area

_HASHED: Final = ", ".join(
    f"hashtextextended({sql}, 0)" if name in DIMS else f"({sql})::bigint"
    for name, sql in SELECTED_COLUMNS.items()
)
_HEADER_BYTES: Final = 19
_ROW: Final = np.dtype(
    [("fields", ">i2")]
    + [(part, kind) for name in SELECTED_COLUMNS for part, kind in ((f"w{name}", ">i4"), (f"v{name}", ">i8"))]
)


class Dictionary:
    """What the hashes of each dimension stand for."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self.cursor = cursor
        self._known: dict[Dim, dict[int, str]] = {dim: {} for dim in DIMS}
        areas = [*Area.objects.values_list("code", flat=True), ""]
        items = ResponsibilityItem.objects.values_list("category_id", "code").distinct()
        categories = [*Category.objects.values_list("code", flat=True), ""]
        self._learn(Dim.UNIT, OrgUnit.objects.values_list("code", flat=True))
        self._learn(Dim.STREET, areas)
        self._learn(Dim.COMMUNITY, areas)
        self._learn(Dim.CATEGORY, categories)
        self._learn(Dim.ITEM, [f"{category}/{code}" for category, code in items])
        self._learn(Dim.ITEM, [f"{category}/" for category in categories])
        self._learn(Dim.SOURCE, Source.values)
        self._learn(Dim.LEVEL, [*Level.values, ""])
        self._learn(Dim.NATURE, Nature.values)

    def _learn(self, dim: Dim, words: Iterable[str]) -> None:
        self.cursor.execute(
            "SELECT word, hashtextextended(word, 0) FROM unnest(%s::text[]) AS word", [list(words)]
        )
        self._known[dim].update({number: word for word, number in self.cursor.fetchall()})

    def words(self, dim: Dim, hashes: list[int], first: date, last: date) -> list[str]:
        """The words of these hashes, which occur in these days."""
        known = self._known[dim]
        if any(number not in known for number in hashes):
            self.cursor.execute(
                f"SELECT DISTINCT {DIM_SQL[dim]} FROM incidents_outcome o WHERE o.day BETWEEN %s AND %s",
                [first, last],
            )
            self._learn(dim, [word for (word,) in self.cursor.fetchall()])
        return [known[number] for number in hashes]


class _Sink:
    """Where COPY writes to."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, piece: bytes) -> int:
        self.data += piece
        return len(piece)


def facts_of_days(cursor: Any, dictionary: Dictionary, first: date, last: date) -> Facts:
    """Every fact of these days that does not wait to be folded."""
    sink = _Sink()
    query = cursor.mogrify(
        f"SELECT {_HASHED} FROM incidents_outcome o WHERE o.day BETWEEN %s AND %s"
        " AND NOT EXISTS (SELECT FROM dashboards_unfolded u WHERE u.outcome_id = o.id)",
        [first, last],
    ).decode()
    cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", sink)
    count = (len(sink.data) - _HEADER_BYTES - 2) // _ROW.itemsize
    rows = np.frombuffer(sink.data, dtype=_ROW, count=count, offset=_HEADER_BYTES)
    columns: dict[Any, Ints] = {name: rows[f"v{name}"].astype(np.int64) for name in SELECTED_COLUMNS}
    words: dict[Dim, list[str]] = {}
    for dim in DIMS:
        hashes, columns[dim] = np.unique(columns[dim], return_inverse=True)
        words[dim] = dictionary.words(dim, hashes.tolist(), first, last)
    return Facts.of_columns(columns, words)
