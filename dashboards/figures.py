"""What a group of facts adds up to, and what is wanted of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from dashboards.cells import COUNTED
from dashboards.sketch import Durations

COUNTS: Final = tuple(COUNTED)
SUMS: Final = ("dispatch", "handle", "first", "paused")
BINS: Final = ("dispatch", "handle")
# Read from the cases as they stand now (backlog.py), and put beside the counts.
_NOW: Final = ("open", "overdue")
# What is left of a count.
_RESTS: Final[dict[str, tuple[str, ...]]] = {
    "due_unhandled": ("due", "due_met", "due_settled"),
    "due_unclosed": ("due", "due_closed"),
}


class NotWanted(LookupError):
    """A number was asked for that was not read: it is not nothing, it is not known."""


class _Wanted(dict[str, int]):
    """Numbers by name; one that was not read must not pass for 0."""

    def __missing__(self, name: str) -> int:
        raise NotWanted(name)


class _Unread(Durations):
    """Durations that were not read."""

    __slots__ = ()

    @property
    def counts(self) -> NDArray[np.int64]:
        raise NotWanted("durations")

    def __len__(self) -> int:
        raise NotWanted("durations")


_UNREAD: Final = _Unread()
_NONE: Final = Durations()
_FIELDS: Final = frozenset({"counts", "seconds", "dispatch", "handle"})
_ZEROS: Final = dict.fromkeys((*COUNTS, *_NOW), 0)
_NO_SECONDS: Final = dict.fromkeys(SUMS, 0)


def unread_or_none(wanted: "Measures", name: str) -> Durations:
    """A group's durations where it has none: none, or not read."""
    return _NONE if name in wanted.bins else _UNREAD


@dataclass(frozen=True, slots=True)
class Measures:
    """What is wanted of each group. Reading thousands of groups, what is left out is most of the time."""

    counts: tuple[str, ...] = COUNTS
    sums: tuple[str, ...] = SUMS
    bins: tuple[str, ...] = BINS


EVERYTHING: Final = Measures()
NO_BINS: Final = Measures(bins=())


@dataclass(frozen=True, slots=True)
class Span:
    """Days from first to last, both counted."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def until(self, last: date) -> "Span":
        """The part up to and including `last`; it may hold no day."""
        return Span(self.first, min(self.last, last))


class Layout:
    """Where each number stands that was read of a group."""

    __slots__ = ("counts", "seconds")

    def __init__(self, wanted: Measures) -> None:
        self.counts = {name: place for place, name in enumerate(wanted.counts)}
        self.seconds = {name: place for place, name in enumerate(wanted.sums, start=len(wanted.counts))}


class Figures:
    """What a group adds up to: counts, sums of seconds, and its durations. Of nothing: all of them none.

    Asking what was not read raises NotWanted. A page reads thousands and looks into a few numbers of each:
    they stay as they came until somebody wants them by name.
    """

    __slots__ = ("_counts", "_first", "_layout", "_seconds", "_values", "dispatch", "handle")

    def __init__(
        self,
        counts: dict[str, int] | None = None,
        seconds: dict[str, int] | None = None,
        dispatch: Durations = _NONE,
        handle: Durations = _NONE,
    ) -> None:
        self._layout: Layout | None = None
        self._values: Sequence[int] = ()
        self._first = 0
        self._counts: dict[str, int] | None = _Wanted(_ZEROS if counts is None else counts)
        self._seconds: dict[str, int] | None = _Wanted(_NO_SECONDS if seconds is None else seconds)
        self.dispatch, self.handle = dispatch, handle

    @classmethod
    def of(
        cls, layout: Layout, values: Sequence[int], first: int, dispatch: Durations, handle: Durations
    ) -> Self:
        """From what was read of all groups, one after another, this one's from `first` on."""
        figures = cls.__new__(cls)
        figures._layout, figures._values, figures._first = layout, values, first
        figures._counts = figures._seconds = None
        figures.dispatch, figures.handle = dispatch, handle
        return figures

    @property
    def counts(self) -> dict[str, int]:
        """Every count that was read, by its name."""
        if self._counts is None:
            assert self._layout is not None
            self._counts = _Wanted(
                {name: self._values[self._first + place] for name, place in self._layout.counts.items()}
            )
        return self._counts

    @property
    def seconds(self) -> dict[str, int]:
        """Every sum of seconds that was read, by its name."""
        if self._seconds is None:
            assert self._layout is not None
            self._seconds = _Wanted(
                {name: self._values[self._first + place] for name, place in self._layout.seconds.items()}
            )
        return self._seconds

    @classmethod
    def unread(cls) -> Self:
        """Of what nobody has looked at."""
        return cls(_Wanted(), _Wanted(), _UNREAD, _UNREAD)

    def knows(self, name: str) -> bool:
        """Was this count read?"""
        return name in self.counts

    def __getitem__(self, name: str) -> int:
        if self._counts is None and self._layout is not None and name in self._layout.counts:
            return self._values[self._first + self._layout.counts[name]]
        if name in _RESTS:
            whole, *parts = _RESTS[name]
            return self[whole] - sum(self[part] for part in parts)
        if name in _FIELDS:  # a template asks for a field as if it were a key, first
            raise KeyError(name)
        return self.counts[name]

    def __bool__(self) -> bool:
        return any(self.counts.values())

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """All of them together: what was read of each."""
        parts = list(parts)
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls()
        return cls(
            _added([part.counts for part in parts]),
            _added([part.seconds for part in parts]),
            _joined(part.dispatch for part in parts),
            _joined(part.handle for part in parts),
        )

    def share(self, part: str, whole: str) -> float | None:
        """part / whole, or nothing where there is nothing to divide by."""
        return self[part] / whole_count if (whole_count := self[whole]) > 0 else None

    def mean(self, what: str, of: str) -> float | None:
        """Seconds of `what` per fact of the count `of`."""
        if (count := self[of]) <= 0:
            return None
        if self._seconds is None and self._layout is not None and what in self._layout.seconds:
            return self._values[self._first + self._layout.seconds[what]] / count
        return self.seconds[what] / count


class Table:
    """Counts and sums of many groups, a column each: for what is computed over all of them."""

    __slots__ = ("_layout", "_numbers", "keys")

    def __init__(self, wanted: Measures, keys: list[tuple[Any, ...]], numbers: NDArray[np.int64]) -> None:
        self._layout = Layout(wanted)
        self.keys, self._numbers = keys, numbers

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        """A count of every group."""
        if name not in self._layout.counts:
            raise NotWanted(name)
        return self._numbers[:, self._layout.counts[name]]

    def seconds(self, name: str) -> NDArray[np.int64]:
        """A sum of seconds of every group."""
        if name not in self._layout.seconds:
            raise NotWanted(name)
        return self._numbers[:, self._layout.seconds[name]]

    def figures(self) -> list[Figures]:
        """Each group by itself."""
        values, width = self._numbers.ravel().tolist(), self._numbers.shape[1]
        return [
            Figures.of(self._layout, values, place * width, _UNREAD, _UNREAD)
            for place in range(len(self.keys))
        ]

    def row(self, place: int) -> Figures:
        """One group by itself."""
        return Figures.of(self._layout, self._numbers[place].tolist(), 0, _UNREAD, _UNREAD)

    def running(self) -> "Table":
        """Sums of all groups before the first, before the second and so on, and of all."""
        sums = np.zeros((len(self.keys) + 1, self._numbers.shape[1]), dtype=np.int64)
        np.cumsum(self._numbers, axis=0, out=sums[1:])
        return self._with([*self.keys, ()], sums)

    def between(self, first: int, end: int) -> Figures:
        """Of running sums, what lies between two places."""
        return Figures.of(
            self._layout, (self._numbers[end] - self._numbers[first]).tolist(), 0, _UNREAD, _UNREAD
        )

    def sorted(self) -> "Table":
        """The groups in the order of their keys."""
        order = sorted(range(len(self.keys)), key=self.keys.__getitem__)
        return self._with([self.keys[place] for place in order], self._numbers[order])

    def _with(self, keys: list[tuple[Any, ...]], numbers: NDArray[np.int64]) -> "Table":
        table = Table.__new__(Table)
        table._layout, table.keys, table._numbers = self._layout, keys, numbers
        return table


def _added(parts: Sequence[dict[str, int]]) -> _Wanted:
    """What all parts know."""
    names = parts[0].keys()
    if any(part.keys() != names for part in parts):
        known = set(names).intersection(*parts)
        parts = [{name: part[name] for name in names if name in known} for part in parts]
    total = _Wanted(parts[0])
    for part in parts[1:]:
        for name, value in part.items():
            total[name] += value
    return total


def _joined(parts: Iterable[Durations]) -> Durations:
    parts = list(parts)
    return _UNREAD if any(part is _UNREAD for part in parts) else Durations.merged(parts)
