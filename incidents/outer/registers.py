"""The district's map, names of places and printed codes, as the outer zone needs them: no owners, no persons.

In the core they are read as plain rows; outside they are put into the tables of the same name, so that a
place is found there as it is here. What is not among the rows any more is retired.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import models, transaction

from grids import registers
from grids.models import Area, Facility, NamedPlace, PlaceCode

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
_WIDEST_FIRST: Final = tuple(Area.Kind.values)


def put(key: str, rows: Rows, *, at: datetime) -> None:
    """Make the register outside what it is in the core."""
    model = _MODELS[key]
    with transaction.atomic():
        if model is Facility:
            rows = [{**row, "owner_code": _NOBODY} for row in rows]
        elif model is Area:
            rows = sorted(rows, key=lambda row: (_WIDEST_FIRST.index(row["kind"]), row["code"]))
        manager: Any = model._default_manager
        gone = manager.exclude(pk__in=[row["code"] for row in rows])
        if model is Area:
            gone.filter(retired_at=None).exclude(kind=Area.Kind.DISTRICT).update(retired_at=at)
        else:
            # First: what stood for a thing gives way to what stands for it now.
            gone.filter(retired_at=None).update(retired_at=at)
        manager.bulk_create(
            [model(**row, retired_at=None) for row in rows],
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=sorted(_columns(rows) - {"code"}),
            batch_size=500,
        )
        registers.touch(*_TOUCHED[key])


def _columns(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {"retired_at"} | {name for row in rows for name in row}
