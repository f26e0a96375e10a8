"""The district's map, names of places and printed codes, as the outer zone needs them: no owners, no persons.

In the core they are read as plain rows; outside they are put into the tables of the same name, so that a
place is found there as it is here. What is not among the rows any more is retired.

A large register goes in slices: each has the rows from one code to another, and says so, so that it is put
right by itself and what lies between is retired.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Collate

from grids import registers
from grids.models import Area, Facility, NamedPlace, PlaceCode
from incidents.outer import wire

Rows = Sequence[Mapping[str, Any]]
# What facilities are of is the core's business; outside nobody's.
_NOBODY: Final = "unknown"


def _areas() -> Rows:
    return list(
        Area.objects.filter(retired_at=None)
        .values("code", "kind", "name_zh", "name_en", "parent_id", "lon", "lat", "area_m2", "polygon")
        .order_by("code")
    )


def _places() -> Rows:
    names = ("code", "name", "kind", "aliases", "former_names", "area_id", "numbers", "lon", "lat")
    return list(NamedPlace.objects.filter(retired_at=None).values(*names).order_by("code"))


def _facilities() -> Rows:
    """Those that have a printed code: of the others a point is enough."""
    coded = Facility.objects.filter(retired_at=None, place_codes__retired_at=None, place_codes__isnull=False)
    return list(coded.values("code", "kind", "lon", "lat", "cell_id", "plate").distinct().order_by("code"))


def _codes() -> Rows:
    used = PlaceCode.objects.filter(retired_at=None)
    return list(used.values("code", "area_id", "facility_id", "place_id", "made_at").order_by("code"))


# In this order: each names rows of those before it.
READERS: Final[Mapping[str, Callable[[], Rows]]] = {
    "register:1-areas": _areas,
    "register:2-places": _places,
    "register:3-facilities": _facilities,
    "register:4-codes": _codes,
}
_MODELS: Final[Mapping[str, type[models.Model]]] = {
    "register:1-areas": Area,
    "register:2-places": NamedPlace,
    "register:3-facilities": Facility,
    "register:4-codes": PlaceCode,
}
_TOUCHED: Final[Mapping[str, tuple[str, ...]]] = {
    "register:1-areas": (registers.AREAS, registers.PLACES),
    "register:2-places": (registers.PLACES,),
    "register:3-facilities": (registers.FACILITIES,),
    "register:4-codes": (registers.CODES,),
}
# Of a slice as JSON. A register within this is one page, as it always was.
SLICE_BYTES: Final = 3 * 1024**2


def of(key: str) -> str:
    """The register that a page belongs to; empty: none."""
    name = key.split("/")[0]
    return name if name in READERS else ""


def slices(key: str) -> Iterator[tuple[str, bytes]]:
    """The register's pages, in the order in which they are to be put: one, or slices where it is large.

    Each of these is of one kind of area (the wider ones first: narrower ones name them), or of any kind.
    """
    rows = READERS[key]()
    whole = wire.written(rows)
    if len(whole) <= SLICE_BYTES:
        yield key, whole
        return
    number = 0
    for kind in Area.Kind.values if _MODELS[key] is Area else [""]:
        after = ""
        for some, is_last in _cut([row for row in rows if not kind or row["kind"] == kind]):
            until = "" if is_last else some[-1]["code"]
            number += 1
            told = {"kind": kind, "after": after, "until": until, "rows": some}
            yield f"{key}/{number:05}", wire.written(told)
            after = until


def _cut(rows: Rows) -> Iterator[tuple[Rows, bool]]:
    """Rows in order of their codes, so many as a slice holds; the last slice may be empty."""
    some: list[Mapping[str, Any]] = []
    size = 0
    for row in sorted(rows, key=lambda one: str(one["code"])):
        length = len(wire.written(row))
        if some and size + length > SLICE_BYTES:
            yield some, False
            some, size = [], 0
        some.append(row)
        size += length
    yield some, True


def put(key: str, told: Any, *, at: datetime) -> None:
    """Make the register outside, or the slice of it, what it is in the core; raises IntegrityError where it
    names what is not here (yet), and ValueError, KeyError or TypeError for what is none."""
    name = of(key)
    model = _MODELS[name]
    rows: Rows = told if isinstance(told, list) else told["rows"]
    with transaction.atomic():
        manager: Any = model._default_manager
        here = manager.all() if isinstance(told, list) else _between(manager, told)
        codes = {row["code"] for row in rows}
        if model is Facility:
            rows = [{**row, "owner_code": _NOBODY} for row in rows]
            # A plate that was on another one.
            manager.filter(plate__in={row["plate"] for row in rows} - {""}).update(plate="")
        elif model is Area:
            rows = sorted(rows, key=lambda row: (_WIDEST_FIRST.index(row["kind"]), row["code"]))
            here = here.exclude(kind=Area.Kind.DISTRICT)
        elif model is PlaceCode:
            # What stood for a thing gives way to what stands for it now, wherever its code lies.
            things = Q()
            for thing in ("area_id", "facility_id", "place_id"):
                things |= Q(**{f"{thing}__in": {row[thing] for row in rows} - {None}})
            manager.filter(things, retired_at=None).exclude(pk__in=codes).update(retired_at=at)
        gone = set(here.filter(retired_at=None).values_list("pk", flat=True)) - codes
        manager.filter(pk__in=gone).update(retired_at=at)
        manager.bulk_create(
            [model(**row, retired_at=None) for row in rows],
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=sorted(_columns(rows) - {"code"}),
            batch_size=500,
        )
        connection.check_constraints()  # now, and not when the whole message is committed
        registers.touch(*_TOUCHED[name])


def _between(manager: Any, told: Mapping[str, Any]) -> Any:
    # In the order in which they were cut, whatever the database's own is.
    here = manager.alias(ordered=Collate("code", "C")).filter(ordered__gt=told["after"])
    here = here.filter(ordered__lte=told["until"]) if told["until"] else here
    return here.filter(kind=told["kind"]) if told["kind"] else here


def _columns(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {"retired_at"} | {name for row in rows for name in row}


_WIDEST_FIRST: Final = tuple(Area.Kind.values)
