"""A district's own closed cases as the classifier learns from them: what was said, and who settled it."""

import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.utils.dateparse import parse_datetime

from accounts.reference import read_rows
from dispatch.calendar import SHANGHAI
from dispatch.items import normal_form


class Settled(NamedTuple):
    """A report's text and who settled it: a unit as the list spells it, or another system's own name."""

    text: str
    unit: str
    category: str = ""
    item: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True)
class History:
    """Settled reports, the oldest first, and what the list's units are called in them."""

    rows: Sequence[Settled]
    # The list's unit patterns in the history's terms. Empty: they are called what the list calls them.
    names: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, pattern: str) -> str:
        """The history's word for a unit of the list; empty where it has none."""
        return self.names.get(pattern, "") if self.names else pattern

    def labels(self, at_least: int) -> list[str]:
        """Those who settled at least so many."""
        counts = Counter(row.unit for row in self.rows)
        return sorted(unit for unit, count in counts.items() if count >= at_least)

    def part(self, rows: Sequence[Settled]) -> "History":
        return History(rows, self.names)


def fingerprint(text: str) -> int:
    """By which a model knows a text that it has learnt from, without keeping it."""
    return zlib.crc32(normal_form(text).encode())


def in_order(rows: Sequence[Settled]) -> list[Settled]:
    """The oldest first; rows without a time stay where the file has them, if none has one."""
    dated = [(row.received_at, at) for at, row in enumerate(rows) if row.received_at is not None]
    return [rows[at] for _time, at in sorted(dated)] if len(dated) == len(rows) else list(rows)


def read_history(
    path: Path,
    *,
    unit_column: str = "unit",
    names: Path | None = None,
    known: Collection[str] = (),
) -> History:
    """From a file with the columns text and unit, and if it has them category, item and received_at.

    `names`: a file with the columns unit and name, that says what the list's units are called there.
    `known`: the list's units; where they are told, another one in `names` is refused. Times without a zone
    are the district's. Raises BadFile for a bad row of either.
    """
    rows = read_rows(path, ("text", unit_column))
    rows.require("text", unit_column)
    settled = [
        Settled(
            row["text"],
            row[unit_column],
            row.cells.get("category", ""),
            row.cells.get("item", ""),
            rows.convert(row, "received_at", _moment) if row.cells.get("received_at") else None,
        )
        for row in rows
    ]
    rows.check()
    called: dict[str, str] = {}
    if names is not None:
        told = read_rows(names, ("unit", "name"))
        told.require("unit", "name")
        told.unique("unit")
        if known:
            told.one_of("unit", known)
        told.check()
        called = {row["unit"]: row["name"] for row in told}
    return History(in_order(settled), called)


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time, like 2026-03-01 08:30")
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
