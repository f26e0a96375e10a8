"""The register of devices: from a sheet, all or nothing, and one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import OrgUnit
from dispatch.spreadsheets.grid import Line, TableError
from dispatch.spreadsheets.reading import open_table
from dispatch.vocabulary import PlaceType
from grids.locate import PlaceError, locate
from grids.models import Facility
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import AlertDevice, AlertRule

# Our name of each column, and what people call it.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("设备编码", "设备编号", "编码", "编号", "device", "id"),
    "kind": ("类型", "设备类型", "type"),
    "name": ("名称", "设备名称"),
    "lon": ("经度", "longitude"),
    "lat": ("纬度", "latitude"),
    "crs": ("坐标系", "坐标系统"),
    "address": ("地址", "位置", "安装位置"),
    "place_type": ("场所", "场所类型"),
    "facility": ("部件编码", "设施编码", "facility_code"),
    "owner": ("权属", "权属单位", "owner_code"),
    "parent": ("上级设备", "上级设备编码", "parent_code"),
    "rule": ("告警规则", "映射规则"),
}
PROBLEMS_SHOWN = 200
_LOCK = 7_402  # of the tree of devices
_HEADER_WITHIN = 10  # lines
_LENGTHS = {"code": 80, "kind": 40, "name": 80, "address": 200, "facility": 40, "owner": 64, "parent": 80}
_FIELDS = (
    "kind",
    "name",
    "lon",
    "lat",
    "address",
    "place_type",
    "facility_code",
    "owner_code",
    "rule",
    "by_sheet",
    "changed_at",
    "changed_by",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell; row 0 is the whole file."""

    row: int
    column: str
    code: str
    message: str


@dataclass(slots=True)
class Read:
    """A sheet as it was read: its good rows, and every problem of the others."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, row: int, column: str, code: str, message: str) -> None:
        self.problems.append(Problem(row, column, code, message))


class SheetChanged(Exception):
    """What was right when the sheet was read is no longer."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    added: int
    changed: int


def read_sheet(data: bytes) -> Read:
    """The devices of a CSV or Excel file. Nothing is written."""
    found = Read()
    try:
        table = open_table(data)
        lines = list(table.grid(table.sheets[0]))
    except TableError as error:
        found.refuse(0, "", error.code, str(error))
        return found
    header = _header(lines)
    if header is None:
        found.refuse(0, "", "no_header", _("No line names the columns: at least 设备编码 (code) is needed."))
        return found
    start, columns = header
    known = _Known()
    seen: dict[str, int] = {}
    for line in lines[start + 1 :]:
        row = _row(line, columns, known, found)
        if row is None:
            continue
        if row["code"] in seen:
            told = {"row": seen[row["code"]]}
            found.refuse(line.number, "code", "repeated", _("The same code as in row %(row)d.") % told)
            continue
        seen[row["code"]] = line.number
        found.rows.append({**row, "row": line.number})
    if not found.rows and not found.problems:
        found.refuse(0, "", "empty", _("The file has no rows."))
    _check_parents(found, seen)
    return found


@transaction.atomic(durable=True)
def import_devices(*, rows: Sequence[Mapping[str, Any]], actor: Actor, at: datetime) -> Imported:
    """Write the rows of a sheet, as `read_sheet` answered them; again, nothing changes.

    Raises SheetChanged where what they stand on was changed meanwhile.
    """
    _lock_tree()
    again = Read(rows=[{"row": 0, **row} for row in rows])  # who made them up has no lines
    _check_parents(again, {row["code"]: row["row"] for row in again.rows})
    if again.problems:
        raise SheetChanged(again.problems)
    codes = [row["code"] for row in rows]
    known = {
        device.code: device
        for device in AlertDevice.objects.filter(code__in=codes).select_for_update(no_key=True).order_by("pk")
    }
    fresh = []
    for row in rows:
        device = known.get(row["code"])
        if device is None:
            device = known[row["code"]] = AlertDevice(code=row["code"], known_since=at)
            fresh.append(device)
        for name in ("kind", "name", "lon", "lat", "address", "place_type"):
            setattr(device, name, row[name])
        device.facility_code, device.owner_code = row["facility"], row["owner"]
        device.rule_id, device.by_sheet = row["rule"], True
        device.changed_at, device.changed_by = at, actor.user
    added = {device.code for device in fresh}
    AlertDevice.objects.bulk_create(fresh, batch_size=500)
    old = [known[code] for code in codes if code not in added]
    AlertDevice.objects.bulk_update(old, _FIELDS, batch_size=500)
    _set_parents(rows, known)
    return Imported(len(fresh), len(old))


@transaction.atomic(durable=True)
def save_device(*, pk: int, told: Mapping[str, Any], actor: Actor, at: datetime) -> AlertDevice:
    """Change one device. Raises InvalidInput, or ActionRefused where there is none."""
    _lock_tree()
    device = AlertDevice.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if device is None:
        raise ActionRefused("not_found", _("There is no such device."))
    place = _point(told.get("lon"), told.get("lat"), told.get("crs") or "WGS-84")
    parent_code = told.get("parent") or ""
    parent = AlertDevice.objects.filter(code=parent_code).first() if parent_code else None
    if parent_code and parent is None:
        raise InvalidInput("parent", "unknown", _("There is no device with this code."))
    if parent is not None and _is_below(parent, device):
        raise InvalidInput("parent", "ring", _("A device cannot stand below itself."))
    if told.get("owner_code"):
        _check_owner(told["owner_code"], field_name="owner_code")
    if told.get("facility_code") and not Facility.objects.filter(code=told["facility_code"]).exists():
        raise InvalidInput("facility_code", "unknown", _("No facility has this code."))
    for name in ("kind", "name", "address", "place_type", "facility_code", "owner_code"):
        setattr(device, name, told.get(name) or "")
    device.lon, device.lat = place
    device.parent, device.rule = parent, told.get("rule")
    device.changed_at, device.changed_by = at, actor.user
    device.save()
    return device


class _Known:
    """What cells are checked against, read once."""

    def __init__(self) -> None:
        self.units = set(OrgUnit.objects.values_list("code", flat=True)) | {"private", "unknown"}
        self.units_by_name = dict(OrgUnit.objects.values_list("name_zh", "code"))
        self.rules = dict(AlertRule.objects.values_list("name", "pk"))
        self.place_types = {str(one.label): one.value for one in PlaceType} | {
            one.value: one.value for one in PlaceType
        }


def _header(lines: Sequence[Line]) -> tuple[int, dict[str, int]] | None:
    """Which line names the columns, and where each stands."""
    names = {alias: name for name, aliases in COLUMNS.items() for alias in (name, *aliases)}
    for index, line in enumerate(lines[:_HEADER_WITHIN]):
        columns: dict[str, int] = {}
        for column, cell in enumerate(line.cells):
            if (name := names.get(cell.strip().lower())) and name not in columns:
                columns[name] = column
        if "code" in columns:
            return index, columns
    return None


def _row(line: Line, columns: Mapping[str, int], known: _Known, found: Read) -> dict[str, Any] | None:
    cells = {name: line[column].strip() for name, column in columns.items()}
    row: dict[str, Any] = {name: cells.get(name, "") for name in COLUMNS}
    problems = len(found.problems)
    if not row["code"]:
        found.refuse(line.number, "code", "required", _("The device needs its code."))
    for name, most in _LENGTHS.items():
        if len(row[name]) > most:
            found.refuse(line.number, name, "max_length", _("At most %(max)d characters.") % {"max": most})
    try:
        row["lon"], row["lat"] = _point(row["lon"] or None, row["lat"] or None, row["crs"] or "WGS-84")
    except InvalidInput as error:
        found.refuse(line.number, error.field, error.code, str(error))
    if row["place_type"] and (kind := known.place_types.get(row["place_type"])) is None:
        found.refuse(line.number, "place_type", "unknown", _("This value is not known."))
    else:
        row["place_type"] = kind if row["place_type"] else ""
    if row["owner"] and row["owner"] not in known.units:
        if row["owner"] in known.units_by_name:
            row["owner"] = known.units_by_name[row["owner"]]
        else:
            found.refuse(line.number, "owner", "unknown", _("There is no unit with this code."))
    if row["rule"] and row["rule"] not in known.rules:
        found.refuse(line.number, "rule", "unknown", _("No rule is called so."))
    row["rule"] = known.rules.get(row["rule"])
    return row if len(found.problems) == problems else None


def _point(lon: Any, lat: Any, crs: str) -> tuple[float | None, float | None]:
    """A point in WGS-84, or none. Raises InvalidInput."""
    if lon is None and lat is None:
        return None, None
    try:
        given = [float(value) if isinstance(value, str) else value for value in (lon, lat)]
        place = locate(lon=given[0], lat=given[1], crs=crs)
    except ValueError as error:
        if isinstance(error, PlaceError):
            raise InvalidInput(error.field, error.code, error.detail) from error
        raise InvalidInput("lon", "not_a_number", _("This must be a number of degrees.")) from error
    return place.lon, place.lat


def _check_owner(code: str, *, field_name: str) -> None:
    if code not in ("private", "unknown") and not OrgUnit.objects.filter(code=code).exists():
        raise InvalidInput(field_name, "unknown", _("There is no unit with this code."))


def _check_parents(found: Read, seen: Mapping[str, int]) -> None:
    """Parents are known or in the sheet, facilities in their register, and nothing stands below itself."""
    wanted = {row["parent"] for row in found.rows} - {""} - set(seen)
    there = set(AlertDevice.objects.filter(code__in=wanted).values_list("code", flat=True))
    facilities = {row["facility"] for row in found.rows} - {""}
    known = set(Facility.objects.filter(code__in=facilities).values_list("code", flat=True))
    above = {row["code"]: row["parent"] for row in found.rows}
    # Those of other devices, which may stand below one of the sheet's.
    missing = wanted
    while missing:
        there_above = AlertDevice.objects.filter(code__in=missing).values_list("code", "parent__code")
        above |= {code: parent or "" for code, parent in there_above}
        missing = {above.get(code, "") for code in missing} - {""} - set(above)
    for row in found.rows:
        if row["parent"] in wanted - there:
            found.refuse(row["row"], "parent", "unknown", _("There is no device with this code."))
        if row["facility"] in facilities - known:
            found.refuse(row["row"], "facility", "unknown", _("No facility has this code."))
        code, steps = above.get(row["code"], ""), 0
        while code and code != row["code"] and steps < len(above):
            code, steps = above.get(code, ""), steps + 1
        if code == row["code"]:
            found.refuse(row["row"], "parent", "ring", _("A device cannot stand below itself."))


def _lock_tree() -> None:
    """Let nobody else move devices below others until this transaction ends: no ring is made by two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _set_parents(rows: Sequence[Mapping[str, Any]], known: Mapping[str, AlertDevice]) -> None:
    parents = {row["parent"] for row in rows} - {""}
    found = AlertDevice.objects.in_bulk(list(parents), field_name="code")
    moved = []
    for row in rows:
        device, parent = known[row["code"]], found.get(row["parent"])
        if device.parent_id != (parent.pk if parent else None):
            device.parent = parent
            moved.append(device)
    AlertDevice.objects.bulk_update(moved, ["parent"], batch_size=500)


def _is_below(device: AlertDevice, other: AlertDevice) -> bool:
    """Is `device` the other one, or below it?"""
    above: AlertDevice | None = device
    for _step in range(32):
        if above is None:
            return False
        if above.pk == other.pk:
            return True
        above = above.parent
    return True
