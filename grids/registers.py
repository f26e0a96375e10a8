"""The registers that a district keeps, in memory: facilities, names of places, printed codes.

Each change gives its register a new stamp in its own transaction. A process compares the stamps with what
it holds: with every question to `dispatch.edition`, whose statement brings them along (`notice`), and by
itself where nobody asked for TRUST seconds. A changed register is read whole, in one statement, and put in
the place of the old one; the other registers stay.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple
from uuid import uuid4

from django.db import connection

from grids.facilities import Columns, FacilityIndex
from grids.gazetteer import Entry
from grids.models import RegisterStamp

FACILITIES, PLACES, CODES = "facilities", "places", "codes"
# The areas themselves are kept by grids.locate, which asks for their stamp.
AREAS = "areas"
# Seconds for which registers that were just asked about are taken to be unchanged.
TRUST: Final = 5.0

Stamps = Mapping[str, str]
# Brings the stamps along in another statement: an array of "name stamp", or null where nothing ever changed.
STAMPS_SQL: Final = "(SELECT array_agg(name || ' ' || stamp ORDER BY name) FROM grids_registerstamp)"
# Arrays keep each value whole; joined strings would shift every row after a line break in a cell.
_FACILITIES_SQL: Final = """
SELECT array_agg(code ORDER BY code), array_agg(kind ORDER BY code), array_agg(owner_code ORDER BY code),
       array_agg(lon ORDER BY code), array_agg(lat ORDER BY code), array_agg(plate ORDER BY code)
FROM grids_facility WHERE retired_at IS NULL
"""
_PLACES_SQL: Final = """
SELECT code, name, kind, aliases, former_names, area_id, numbers
FROM grids_namedplace WHERE retired_at IS NULL ORDER BY code
"""
_CODES_SQL: Final = """
SELECT c.code, coalesce(c.area_id, p.area_id), c.facility_id, c.place_id
FROM grids_placecode c LEFT JOIN grids_namedplace p ON p.code = c.place_id WHERE c.retired_at IS NULL
"""


class Coded(NamedTuple):
    """What a printed code stands for: an area's code, a facility's, or a named place's beside its area's."""

    area: str | None
    facility: str | None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Registers:
    """One state of the registers."""

    facilities: FacilityIndex
    places: tuple[Entry, ...]
    codes: Mapping[str, Coded]
    stamps: Stamps = field(default_factory=dict)


_held: Registers | None = None
_seen: Stamps | None = None
_probed_at = 0.0
_reading = threading.Lock()


def current() -> Registers:
    """The registers as they are now, at most TRUST seconds old."""
    global _seen, _probed_at
    if _seen is None or time.monotonic() - _probed_at >= TRUST:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {STAMPS_SQL}")
            notice(cursor.fetchone()[0])
    held = _held
    return held if held is not None and held.stamps == _seen else _read()


def notice(told: Sequence[str] | None) -> None:
    """Somebody else's statement has brought the stamps (STAMPS_SQL) along."""
    global _seen, _probed_at
    _seen = dict(row.split(" ", 1) for row in told or ())
    _probed_at = time.monotonic()


def seen(name: str) -> str:
    """The stamp of a register as this process knows it, without asking; empty where nothing ever changed."""
    return (_seen or {}).get(name, "")


def touch(*names: str) -> None:
    """These registers change, in this transaction: whoever holds them reads them again."""
    for name in names:
        RegisterStamp.objects.update_or_create(name=name, defaults={"stamp": uuid4()})
    distrust()


def distrust() -> None:
    """Ask the database at the next question."""
    global _probed_at
    _probed_at = -TRUST


def _read() -> Registers:
    """Read what has changed, and keep it. Of several threads one reads; the others wait for it."""
    global _held
    with _reading:
        stamps, held = _seen or {}, _held
        if held is not None and held.stamps == stamps:
            return held

        def changed(name: str) -> bool:
            return held is None or held.stamps.get(name) != stamps.get(name)

        if held is None:
            held = Registers(_facilities(), _places(), _codes(), stamps)
        else:
            fresh: dict[str, Any] = {name: read() for name, read in _READERS.items() if changed(name)}
            held = replace(held, stamps=stamps, **fresh)
        # One assignment swaps it: readers see the old registers or the new ones, never a mixture.
        _held = held
        return held


def _facilities() -> FacilityIndex:
    with connection.cursor() as cursor:
        cursor.execute(_FACILITIES_SQL)
        codes, kinds, owners, lons, lats, plates = (column or () for column in cursor.fetchone())
    return FacilityIndex(
        Columns(codes=codes, kinds=kinds, owners=owners, lons=lons, lats=lats, plates=plates)
    )


def _places() -> tuple[Entry, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_PLACES_SQL)
        return tuple(Entry(*row) for row in cursor.fetchall())


def _codes() -> dict[str, Coded]:
    with connection.cursor() as cursor:
        cursor.execute(_CODES_SQL)
        return {code: Coded(area, facility, place) for code, area, facility, place in cursor.fetchall()}


_READERS: Final[Mapping[str, Callable[[], Any]]] = {
    FACILITIES: _facilities,
    PLACES: _places,
    CODES: _codes,
}
