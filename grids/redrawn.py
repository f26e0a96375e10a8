"""Writing the map: what a file comes to, and one area's names. Each change says who made it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from accounts.models import OrgUnit, User
from grids import redrawing, registers
from grids.cells import CellIndex
from grids.models import Area, AreaChange, Facility, Jurisdiction, NamedPlace, PlaceCode
from grids.outlines import romanised
from grids.redrawing import Redrawing

What = AreaChange.What
_CHUNK: Final = 5_000


def hold() -> None:
    """Keep the map as it is until this transaction ends: whoever changes it at once comes after."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM grids_area ORDER BY code FOR NO KEY UPDATE")


def stamp() -> str:
    """Which state the map is in, as the database has it."""
    found = registers.RegisterStamp.objects.filter(name=registers.AREAS).values_list("stamp", flat=True)
    return str(found.first() or "")


def write(found: Redrawing, *, by: User, at: datetime) -> int:
    """Write a redrawing without faults, in the caller's transaction; answers how many areas it touched."""
    changes = [
        *(_change(area, What.ADDED, "", area.name_zh, by, at) for area in found.added.values()),
        *(
            _change(area, What.CHANGED, found.before[code].name_zh, area.name_zh, by, at)
            for code, area in found.changed.items()
        ),
        *(_change(area, What.RETIRED, area.name_zh, "", by, at) for area in found.gone.values()),
    ]
    if not changes:
        return 0
    # Parents first: a child names its parent.
    order = {kind: level for level, kind in enumerate(Area.Kind.values)}
    rows = {**found.followed, **found.changed, **found.added}
    Area.objects.bulk_create(
        sorted(rows.values(), key=lambda area: (order[area.kind], area.code)),
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=[
            "kind",
            "name_zh",
            "name_en",
            "parent",
            "lon",
            "lat",
            "area_m2",
            "polygon",
            "retired_at",
        ],
    )
    gone = list(found.gone)
    Area.objects.filter(code__in=gone).update(retired_at=at)
    plates = PlaceCode.objects.filter(area__in=gone, retired_at__isnull=True)
    touched = [registers.AREAS]
    if plates.update(retired_at=at, retired_by=by):
        touched.append(registers.CODES)
    for code, area in found.moved_names.items():
        NamedPlace.objects.filter(code=code).update(area=area)
    if found.moved_names:
        touched.append(registers.PLACES)
    # Who works for a street goes on working for it under its new code: else nobody would see its cases.
    for old, new in found.recoded.items():
        OrgUnit.objects.open().filter(area_code=old).update(area_code=new)
    units = OrgUnit.objects.open().filter(area_code__in=list(found.added))
    Jurisdiction.objects.bulk_create(
        [Jurisdiction(unit=unit, area_id=unit.area_code) for unit in units], ignore_conflicts=True
    )
    if _settle_facilities():
        touched.append(registers.FACILITIES)
    AreaChange.objects.bulk_create(changes, batch_size=_CHUNK)
    registers.touch(*touched)
    transaction.on_commit(registers.distrust)
    return len(changes)


def _change(area: Area, what: str, before: str, after: str, by: User, at: datetime) -> AreaChange:
    return AreaChange(area=area.code, what=what, before=before, after=after, changed_by=by, changed_at=at)


def _settle_facilities() -> int:
    """Facilities stand where they stand, in the cell that is there now. Answers how many are in another."""
    cells = CellIndex(Area.objects.cells().values_list("code", "polygon").order_by("code"))
    moved: list[tuple[str, str | None]] = []
    rows = Facility.objects.values_list("code", "lon", "lat", "cell_id")
    for code, lon, lat, cell in rows.iterator(chunk_size=_CHUNK):
        hit = cells.find(lon, lat)
        if (hit.code if hit else None) != cell:
            moved.append((code, hit.code if hit else None))
    for start in range(0, len(moved), _CHUNK):
        _write_cells(moved[start : start + _CHUNK])
    return len(moved)


def _write_cells(moved: Iterable[tuple[str, str | None]]) -> None:
    codes, cells = zip(*moved, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE grids_facility f SET cell_id = told.cell"
            " FROM unnest(%s::text[], %s::text[]) AS told(code, cell) WHERE f.code = told.code",
            [list(codes), list(cells)],
        )


class ChangedMeanwhile(ValueError):
    """Somebody else has changed this area since it was looked at."""


@transaction.atomic(durable=True)
def rename(*, code: str, names: tuple[str, str], was: tuple[str, str], by: User, at: datetime) -> bool:
    """Give an area other names; its cells follow where they are called after it. False: nothing has changed.
    An empty English name is the Chinese one, romanised. Raises ChangedMeanwhile."""
    area = Area.objects.select_for_update(no_key=True).get(code=code)
    name_zh, name_en = names[0], names[1] or romanised(names[0])
    if (area.name_zh, area.name_en) == (name_zh, name_en):
        return False
    if (area.name_zh, area.name_en) != was or area.retired_at is not None:
        raise ChangedMeanwhile
    old = Area(name_zh=area.name_zh, name_en=area.name_en)
    area.name_zh, area.name_en = name_zh, name_en
    area.save(update_fields=["name_zh", "name_en"])
    if area.kind == Area.Kind.COMMUNITY:
        cells = Area.objects.cells().without_polygons().filter(parent=area).order_by("code")
        renamed = redrawing.cells_renamed(old, area, cells.select_for_update(no_key=True))
        Area.objects.bulk_update(renamed, ["name_zh", "name_en"], batch_size=1_000)
    AreaChange.objects.create(
        area=code, what=What.CHANGED, before=old.name_zh, after=name_zh, changed_by=by, changed_at=at
    )
    registers.touch(registers.AREAS)
    transaction.on_commit(registers.distrust)
    return True
