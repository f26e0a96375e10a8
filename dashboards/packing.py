"""Cells as they are stored: all of one split and one period in a few arrays of narrow numbers.

A row of the table is a period; its groups are arrays of the numbers of their words, its counts and sums
triples of group, measure and value sorted by measure, its durations triples of group, bin and count sorted by
group. A reader takes the measures that it wants, and nothing is spent on what a cell does not have.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dashboards.cells import BINS, COUNTED, DIMS, SUMMED, Dim

Ints = NDArray[np.int64]
COUNTS: Final = tuple(COUNTED)
SUMS: Final = tuple(SUMMED)
# Stored by their places in these tables: a new measure is put behind the last one, and none is taken out.
SLOTS: Final[dict[str, int]] = {name: place for place, name in enumerate((*COUNTS, *SUMS))}
EPOCH: Final = date(1970, 1, 1)
_KINDS: Final = tuple(np.dtype(kind) for kind in ("u1", "<u2", "<u4", "i1", "<i2", "<i4", "<i8"))
_HEAD: Final = struct.Struct("<BI")
_UNSIGNED: Final = ((0xFF, 0), (0xFFFF, 1), (0xFFFFFFFF, 2))
_SIGNED: Final = ((0x7F, 3), (0x7FFF, 4), (0x7FFFFFFF, 5))


class Narrow:
    """Whole numbers in as few bytes each as the largest of them needs, to be cut into arrays of many rows."""

    __slots__ = ("_data", "_kind", "_width")

    def __init__(self, values: NDArray[Any]) -> None:
        self._kind = 0
        if len(values):
            low, high = int(values.min()), int(values.max())
            most = max(high, -1 - low)
            limits = _SIGNED if low < 0 else _UNSIGNED
            self._kind = next((kind for limit, kind in limits if most <= limit), 6)
        self._width = _KINDS[self._kind].itemsize
        self._data = values.astype(_KINDS[self._kind]).tobytes()

    def cut(self, first: int, last: int) -> bytes:
        return _HEAD.pack(self._kind, last - first) + self._data[first * self._width : last * self._width]


def narrow(values: NDArray[Any]) -> bytes:
    """One array by itself."""
    return Narrow(values).cut(0, len(values))


def widen(packed: bytes | memoryview) -> Iterator[NDArray[Any]]:
    """The arrays that were joined, one after another."""
    at = 0
    while at < len(packed):
        kind, count = _HEAD.unpack_from(packed, at)
        values = np.frombuffer(packed, _KINDS[kind], count, at + _HEAD.size)
        at += _HEAD.size + values.nbytes
        yield values


def widen_many(packed: Iterable[bytes | memoryview], arrays: int) -> list[list[NDArray[Any]]]:
    """Of many rows of so many joined arrays: every row's first one, every row's second one and so on."""
    columns: list[list[NDArray[Any]]] = [[] for _array in range(arrays)]
    for one in packed:
        at = 0
        for column in columns:
            kind, count = _HEAD.unpack_from(one, at)
            values = np.frombuffer(one, _KINDS[kind], count, at + _HEAD.size)
            at += _HEAD.size + values.nbytes
            column.append(values)
    return columns


@dataclass(frozen=True, slots=True)
class Packed:
    """All cells of one split, grain and period, or what was added to them at one time."""

    split: int
    grain: str
    day: int  # since 1970
    keys: bytes
    measures: bytes
    bins: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return len(self.keys) + len(self.measures) + sum(map(len, self.bins))


def pack_measures(matrix: Ints, bounds: Sequence[int]) -> list[bytes]:
    """A row for each group, a column for each measure, cut into rows of the table at these bounds."""
    groups, slots = np.nonzero(matrix)
    values = matrix[groups, slots]
    count = len(bounds) - 1
    row = np.repeat(np.arange(count), np.diff(bounds))[groups]
    place = row * len(SLOTS) + slots
    order = np.argsort(place, kind="stable")
    groups, values, is_count = (
        (groups - np.asarray(bounds)[row])[order],
        values[order],
        (slots < len(COUNTS))[order],
    )
    held = np.bincount(place, minlength=count * len(SLOTS)).reshape(count, len(SLOTS))
    starts = [0, *np.cumsum(held.sum(axis=1)).tolist()]
    counted = [0, *np.cumsum(held[:, : len(COUNTS)].sum(axis=1)).tolist()]
    kept = Narrow(held.ravel())
    all_groups, counts, sums = Narrow(groups), Narrow(values[is_count]), Narrow(values[~is_count])
    return [
        b"".join(
            (
                kept.cut(at * len(SLOTS), at * len(SLOTS) + len(COUNTS)),
                kept.cut(at * len(SLOTS) + len(COUNTS), (at + 1) * len(SLOTS)),
                all_groups.cut(starts[at], starts[at + 1]),
                counts.cut(counted[at], counted[at + 1]),
                sums.cut(starts[at] - counted[at], starts[at + 1] - counted[at + 1]),
            )
        )
        for at in range(count)
    ]


@dataclass(frozen=True, slots=True)
class Measured:
    """The triples of one row's measures."""

    starts: list[int]  # by slot: where its groups begin, with the end behind the last
    groups: NDArray[Any]
    counts: NDArray[Any]
    sums: NDArray[Any]

    @classmethod
    def of(cls, packed: bytes | memoryview) -> "Measured":
        counted, summed, groups, counts, sums = widen(packed)
        held = np.zeros(len(SLOTS), dtype=np.int64)
        held[: len(counted)] = counted
        held[len(COUNTS) : len(COUNTS) + len(summed)] = summed
        return cls([0, *np.cumsum(held).tolist()], groups, counts, sums)

    def values(self, slot: int) -> NDArray[Any]:
        first, last = self.starts[slot], self.starts[slot + 1]
        if slot < len(COUNTS):
            return self.counts[first:last]
        return self.sums[first - len(self.counts) : last - len(self.counts)]

    def dense(self, size: int) -> Ints:
        """A row for each group, a column for each measure."""
        found = np.zeros((size, len(SLOTS)), dtype=np.int64)
        slots = np.repeat(np.arange(len(SLOTS)), np.diff(self.starts))
        found[self.groups, slots] = np.concatenate([self.counts, self.sums])
        return found


@dataclass(frozen=True, slots=True)
class Triples:
    """Numbers, and to which group and to which of the measures that were asked for each belongs."""

    places: Ints
    measures: Ints
    values: Ints


def unpack_measures(
    packed: Sequence[bytes | memoryview], slots: Sequence[int], offsets: Ints, place: Ints
) -> Triples:
    """Only these measures of the rows' groups, in as many steps for a thousand rows as for one.

    `place` is what each group is counted as, -1 for one that is left out; a row's groups begin at its offset.
    """
    counted, summed, groups, counts, sums = widen_many(packed, 5)
    held = np.concatenate([_held(counted, len(COUNTS)), _held(summed, len(SUMS))], axis=1)
    # Where a measure's groups begin in its row; values of sums lie in an array of their own.
    begin = np.cumsum(held, axis=1) - held
    is_count = np.arange(len(SLOTS)) < len(COUNTS)
    in_values = begin - np.where(is_count, 0, held[:, : len(COUNTS)].sum(axis=1)[:, None])
    all_counts, all_sums = np.concatenate(counts), np.concatenate(sums)
    values = np.concatenate([all_counts.astype(np.int64), all_sums.astype(np.int64)])
    in_values += np.where(is_count, _begins(counts)[:, None], len(all_counts) + _begins(sums)[:, None])
    chosen = list(slots)
    many = held[:, chosen].ravel()
    which = np.repeat(np.arange(len(many)), many)
    step = np.arange(len(which)) - (np.cumsum(many) - many)[which]
    first = (begin + _begins(groups)[:, None])[:, chosen].ravel()
    rows, measures = np.divmod(np.arange(len(many)), max(1, len(chosen)))
    places = place[offsets[rows][which] + np.concatenate(groups)[first[which] + step]]
    if len(kept := np.flatnonzero(places >= 0)) < len(places):
        which, step, places = which[kept], step[kept], places[kept]
    return Triples(places, measures[which], values[in_values[:, chosen].ravel()[which] + step])


def _held(columns: Sequence[NDArray[Any]], width: int) -> Ints:
    """A row for each array; one that was written before there were so many measures has none of the last."""
    if all(len(column) == width for column in columns):
        return np.concatenate(columns).astype(np.int64).reshape(-1, width)
    found = np.zeros((len(columns), width), dtype=np.int64)
    for row, column in zip(found, columns, strict=True):
        row[: len(column)] = column
    return found


def _begins(columns: Sequence[NDArray[Any]]) -> Ints:
    sizes = np.array([len(column) for column in columns], dtype=np.int64)
    return np.cumsum(sizes) - sizes


def pack_bins(groups: Ints, numbers: Ints, counts: Ints, bounds: Sequence[int]) -> list[bytes]:
    """Triples sorted by group, cut into rows of the table at these bounds of groups."""
    held = Narrow(np.bincount(groups, minlength=bounds[-1]))
    all_numbers, all_counts = Narrow(numbers), Narrow(counts)
    cuts = np.searchsorted(groups, bounds).tolist()
    return [
        held.cut(first, last) + all_numbers.cut(start, end) + all_counts.cut(start, end)
        if end > start
        else b""
        for first, last, start, end in zip(bounds, bounds[1:], cuts, cuts[1:], strict=False)
    ]


def unpack_bins(packed: bytes | memoryview) -> tuple[Ints, NDArray[Any], NDArray[Any]]:
    """The same triples again."""
    if not len(packed):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    held, numbers, counts = widen(packed)
    return np.repeat(np.arange(len(held)), held), numbers, counts


# --- in and out of the database -------------------------------------------------------------------

FIELDS: Final = ("split", "grain", "day", "number", "size", "keys", "measures", *BINS)
_COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = struct.pack(">h", -1)
_PG_EPOCH: Final = (date(2000, 1, 1) - EPOCH).days


class Rows:
    """Rows in PostgreSQL's binary format, as COPY reads them."""

    def __init__(self) -> None:
        self._parts: list[bytes] = [_COPY_HEADER]
        self._count = 0

    def add(self, one: Packed, number: int) -> None:
        fields = (
            struct.pack(">h", one.split),
            one.grain.encode(),
            struct.pack(">i", one.day - _PG_EPOCH),
            struct.pack(">i", number),
            struct.pack(">i", one.size),
            one.keys,
            one.measures,
            *one.bins,
        )
        self._count += 1
        self._parts.append(struct.pack(">h", len(fields)))
        for field in fields:
            self._parts += (struct.pack(">i", len(field)), field)

    def __len__(self) -> int:
        return self._count

    def data(self) -> bytes:
        return b"".join([*self._parts, _COPY_END])


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=number)


def number_of(day: date) -> int:
    return (day - EPOCH).days


# --- words ----------------------------------------------------------------------------------------


def keys_of(split: Dim) -> list[Dim]:
    """The dimensions of a split in the order in which they are stored."""
    return [dim for dim in DIMS if dim in split]


def unpack_keys(packed: Iterable[bytes | memoryview], split: Dim) -> tuple[Ints, dict[Dim, Ints]]:
    """Of several rows: how many groups each has, and the numbers of all their words."""
    dims = keys_of(split)
    sizes: list[int] = []
    columns: list[list[NDArray[Any]]] = [[] for _dim in dims]
    for one in packed:
        arrays: Sequence[NDArray[Any]] = list(widen(one))
        sizes.append(len(arrays[0]) if dims else 1)
        for column, values in zip(columns, arrays, strict=True):
            column.append(values)
    found = {
        dim: np.concatenate(column).astype(np.int64) if column else np.zeros(0, dtype=np.int64)
        for dim, column in zip(dims, columns, strict=True)
    }
    return np.array(sizes, dtype=np.int64), found


Numbers = Mapping[tuple[Dim, str], int]
