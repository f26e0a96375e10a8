"""The register of facilities in memory: the nearest of a kind, and the one that a plate names.

Of 200,000 facilities the index itself is about 15 MB: their degrees, kinds and owners are numpy arrays,
their codes and plates one string each, found by a hash. Filling it takes far more for a moment, and part of
that stays with the process (docs/places.md). Nothing here asks the database; grids.registers fills it.
"""

import math
import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

# How far from a report's point a facility may be to be the one that is meant. Positions from phones err
# by some ten metres, and somebody who reports a lamp stands under it or across the road.
RADIUS_M: Final = 50.0
# Two owners whose facilities differ by less than this in distance are about equally near.
EQUAL_M: Final = 10.0
# Facilities are kept by squares of this many degrees: a little over the radius, so that nine are enough.
_SQUARE: Final = 0.0006
_METRES_PER_DEGREE: Final = 111_320.0
_COLUMNS: Final = 1 << 20  # more squares than there are around the earth
_ROWS: Final = 1 << 20
# What may be a plate in running words: letters and digits, held together by what plates are written with.
_TOKEN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z\-_/.#]{3,38}[0-9A-Za-z]")
_LOOSE: Final = re.compile(r"[\s\-_./#·]+")
_NAMED_MOST: Final = 4


class Facility(NamedTuple):
    """One facility in use."""

    code: str
    kind: str
    owner: str
    lon: float
    lat: float
    plate: str


class Near(NamedTuple):
    """A facility, and how many metres it is away."""

    facility: Facility
    metres: float


@dataclass(frozen=True, slots=True)
class Columns:
    """The register's rows, column by column, all of one length."""

    codes: Sequence[str]
    kinds: Sequence[str]
    owners: Sequence[str]
    lons: Sequence[float]
    lats: Sequence[float]
    plates: Sequence[str]


def loose(plate: str) -> str:
    """A plate as it is compared: 灯杆 lg-ld 0012 and LG-LD-0012 are one."""
    return _LOOSE.sub("", unicodedata.normalize("NFKC", plate)).upper()


def metres_between(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Metres between two points that are near each other, on a plane."""
    scale = _METRES_PER_DEGREE
    return math.hypot((other_lon - lon) * scale * math.cos(math.radians(lat)), (other_lat - lat) * scale)


class _Strings:
    """Many short strings, kept as one."""

    def __init__(self, strings: Iterable[str]) -> None:
        encoded = [text.encode() for text in strings]
        self._blob = b"".join(encoded)
        self._ends = np.fromiter(accumulate(map(len, encoded)), dtype=np.int64, count=len(encoded))

    def __getitem__(self, index: int) -> str:
        start = int(self._ends[index - 1]) if index else 0
        return self._blob[start : int(self._ends[index])].decode()


class FacilityIndex:
    """All facilities in use: nearest by kind, and by code or plate."""

    def __init__(self, rows: Columns) -> None:
        self._kinds = sorted(set(rows.kinds))
        self._owners = sorted(set(rows.owners))
        kind_of = {kind: number for number, kind in enumerate(self._kinds)}
        owner_of = {owner: number for number, owner in enumerate(self._owners)}
        lons, lats = np.asarray(rows.lons, dtype=np.float64), np.asarray(rows.lats, dtype=np.float64)
        kinds = np.fromiter((kind_of[kind] for kind in rows.kinds), dtype=np.int64, count=len(rows.kinds))
        squares = _square(kinds, lons, lats)
        order = np.argsort(squares, kind="stable")
        self._squares: NDArray[np.int64] = squares[order]
        self._lons, self._lats = lons[order], lats[order]
        self._kind = kinds[order].astype(np.uint8)
        self._owner = np.fromiter(
            (owner_of[owner] for owner in rows.owners), dtype=np.uint16, count=len(rows.owners)
        )[order]
        self._codes = _Strings(rows.codes[index] for index in order)
        self._plates = _Strings(rows.plates[index] for index in order)
        self._kind_of = kind_of
        self._named(rows, order)

    def _named(self, rows: Columns, order: NDArray[np.int64]) -> None:
        """Where each code and plate is, by its hash: few share one, and those are compared."""
        hashes: list[int] = []
        places: list[int] = []
        for place, index in enumerate(order.tolist()):
            code, plate = loose(rows.codes[index]), loose(rows.plates[index])
            hashes.append(zlib.crc32(code.encode()))
            places.append(place)
            if plate and plate != code:
                hashes.append(zlib.crc32(plate.encode()))
                places.append(place)
        keys = np.asarray(hashes, dtype=np.uint32)
        by_hash = np.argsort(keys, kind="stable")
        self._hashes = keys[by_hash]
        self._places = np.asarray(places, dtype=np.int32)[by_hash]

    def __len__(self) -> int:
        return len(self._lons)

    def __getitem__(self, place: int) -> Facility:
        return Facility(
            self._codes[place],
            self._kinds[self._kind[place]],
            self._owners[self._owner[place]],
            float(self._lons[place]),
            float(self._lats[place]),
            self._plates[place],
        )

    def nearest(self, kind: str, lon: float, lat: float, *, radius: float = RADIUS_M) -> list[Near]:
        """The nearest facility of this kind of each owner within `radius` metres, nearest first."""
        number = self._kind_of.get(kind)
        if number is None:
            return []
        first = number * _ROWS + int((lat + 90) // _SQUARE) - 1
        column = int((lon + 180) // _SQUARE)
        # The three squares of a row stand beside each other: three ranges hold all nine.
        ends = [(row * _COLUMNS + column - 1, row * _COLUMNS + column + 2) for row in range(first, first + 3)]
        bounds = np.searchsorted(self._squares, np.asarray(ends, dtype=np.int64)).tolist()
        scale_y = _METRES_PER_DEGREE
        scale_x = scale_y * math.cos(math.radians(lat))
        found: dict[int, tuple[float, int]] = {}
        for start, stop in bounds:
            if start == stop:
                continue
            away = np.hypot(
                (self._lons[start:stop] - lon) * scale_x, (self._lats[start:stop] - lat) * scale_y
            )
            for offset in np.flatnonzero(away <= radius).tolist():
                metres, owner = float(away[offset]), int(self._owner[start + offset])
                if owner not in found or metres < found[owner][0]:
                    found[owner] = (metres, start + offset)
        return [Near(self[place], metres) for metres, place in sorted(found.values())]

    def get(self, name: str) -> Facility | None:
        """The facility whose code or plate this is, however it is spaced; the code goes before."""
        wanted = loose(name)
        if not wanted:
            return None
        key = np.uint32(zlib.crc32(wanted.encode()))
        start, stop = np.searchsorted(self._hashes, key), np.searchsorted(self._hashes, key, side="right")
        plated: Facility | None = None
        for place in self._places[start:stop].tolist():
            facility = self[place]
            if loose(facility.code) == wanted:
                return facility
            if loose(facility.plate) == wanted:
                plated = facility
        return plated

    def in_text(self, text: str) -> list[Facility]:
        """The facilities whose plates or codes a text says, in its order; a few at most."""
        if not len(self):
            return []
        found: dict[str, Facility] = {}
        for token in _TOKEN.findall(unicodedata.normalize("NFKC", text)):
            if not any(letter.isdigit() for letter in token):
                continue
            facility = self.get(token)
            # A number of a few digits is a house's or a telephone's before it is a plate.
            if facility and (len(loose(token)) > 5 or not token.isdigit()):
                found.setdefault(facility.code, facility)
            if len(found) >= _NAMED_MOST:
                break
        return list(found.values())


def _square(
    kinds: NDArray[np.int64], lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.int64]:
    """One number for each facility's kind and square: kinds apart, rows in order, columns side by side."""
    rows = ((lats + 90) // _SQUARE).astype(np.int64)
    columns = ((lons + 180) // _SQUARE).astype(np.int64)
    squares: NDArray[np.int64] = (kinds * _ROWS + rows) * _COLUMNS + columns
    return squares
