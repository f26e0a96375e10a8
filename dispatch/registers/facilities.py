"""部件普查表: the register of facilities from a sheet. 200,000 rows are read, located and compared in
seconds, and written in a few statements."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import User
from dispatch.edition import edition
from dispatch.registers.plan import (
    CODE_MAX,
    Columns,
    Plan,
    Reader,
    Row,
    choice_names,
    find_choice,
    lines_below,
)
from dispatch.spreadsheets.grid import Grid
from dispatch.spreadsheets.unit_names import UnitNames
from grids import registers
from grids.coordinates import BD09, GCJ02, SYSTEMS, WGS84, to_wgs84
from grids.locate import geography
from grids.models import Facility

COLUMNS: Final = Columns(
    {
        "code": ("部件编码", "编码", "部件编号", "设施编码", "标识码", "facility code"),
        "kind": ("类型", "部件类型", "部件名称", "类别", "设施类型"),
        "owner": ("权属单位", "权属", "产权单位", "主管部门", "养护单位", "owner code"),
        "lon": ("经度", "x", "longitude"),
        "lat": ("纬度", "y", "latitude"),
        "crs": ("坐标系", "坐标系统"),
        "plate": ("铭牌", "铭牌编号", "二维码", "杆号", "井盖编号", "qr"),
        "state": ("状态", "使用状态"),
    },
    needed=("code", "kind", "owner", "lon", "lat"),
)
# What censuses of facilities call their kinds.
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "manhole": (
        "井盖",
        "上水井盖",
        "污水井盖",
        "雨水井盖",
        "电力井盖",
        "通信井盖",
        "路灯井盖",
        "燃气井盖",
        "窨井盖",
    ),
    "gully": ("雨水箅子", "雨水篦子", "雨水口"),
    "lamp": ("路灯", "景观灯", "地灯", "灯杆"),
    "hydrant": ("消防栓", "消火栓", "消防设施"),
    "lift": ("电梯", "扶梯"),
    "cabinet": ("箱体", "交接箱", "配电箱", "通信交接箱", "电力设施"),
    "pole": ("杆件", "电杆", "通信杆", "立杆"),
    "sign": ("标志牌", "交通标志牌", "路牌", "路名牌"),
    "signal": ("信号灯", "交通信号灯", "红绿灯"),
    "guardrail": ("护栏", "交通护栏", "防撞桶", "隔音屏", "防撞柱"),
    "bridge": ("桥梁", "过街天桥", "地下通道", "立交桥", "人行天桥"),
    "bus_stop": ("公交站亭", "候车亭", "公交站牌"),
    "tree": ("行道树", "古树名木"),
    "bin": ("垃圾桶", "垃圾箱", "果皮箱", "垃圾间"),
    "toilet": ("公厕", "公共厕所"),
    "amenity": ("便民设施", "座椅", "健身设施", "报刊亭", "宣传栏"),
    "other": ("其他", "其它"),
}
_SYSTEMS: Final = {
    **{system.lower().replace("-", ""): system for system in SYSTEMS},
    "国测局": GCJ02,
    "火星": GCJ02,
    "高德": GCJ02,
    "百度": BD09,
    "cgcs2000": WGS84,
    "2000": WGS84,
}
_OWNERLESS: Final = {"private": "private", "私有": "private", "业主": "private", "unknown": "unknown"}
_OWNERLESS_ZH: Final = {"权属不明": "unknown", "无主": "unknown", "待定": "unknown"}
_CHUNK: Final = 10_000

Known = tuple[str, str, float, float, str, str | None, bool]


def make_plan(grid: Grid) -> Plan:
    """What the sheet would do. Raises TableError for one without a heading."""
    heading, columns = COLUMNS.find(grid)
    plan = Plan()
    known, plates = _known()
    owners = _Owners()
    kinds = choice_names(
        Facility.Kind.values,
        lambda code: _KINDS.get(code, ()),
        lambda code: (str(Facility.Kind(code).label),),
    )
    codes: dict[str, int] = {}
    plated: dict[str, Reader] = {}
    for line in lines_below(grid, heading):
        plan.rows += 1
        cells = Reader(plan, line, columns)
        code = cells.one_line("code", most=CODE_MAX)
        if not code:
            if cells.is_good:
                cells.refuse("code", _("Every row needs its code: it is updated by it."))
            continue
        if code in codes:
            told = {"row": codes[code]}
            cells.refuse("code", _("This code is in row %(row)d already.") % told)
            continue
        codes[code] = line.number
        row = _row(cells, code, known.get(code), kinds, owners)
        if row is None:
            continue
        plate = row["plate"]
        if plate and plate in plated:
            told = {"row": plated[plate].line.number}
            cells.refuse("plate", _("The facility in row %(row)d has this plate.") % told)
            continue
        if plate:
            plated[plate] = cells
        _put(plan, row, known.get(code))
    for plate, cells in plated.items():
        holder = plates.get(plate)
        if holder is not None and holder not in codes:
            cells.refuse("plate", _("Facility %(code)s has this plate.") % {"code": holder})
    return plan


def _known() -> tuple[dict[str, Known], dict[str, str]]:
    rows = Facility.objects.values_list(
        "code", "kind", "owner_code", "lon", "lat", "plate", "cell_id", "retired_at"
    )
    known: dict[str, Known] = {}
    plates: dict[str, str] = {}
    for code, kind, owner, lon, lat, plate, cell, retired_at in rows.iterator(chunk_size=10_000):
        known[code] = (kind, owner, lon, lat, plate, cell, retired_at is not None)
        if plate:
            plates[plate] = code
    return known, plates


class _Owners:
    """Whose a facility is, as a cell says it; remembers what it was asked."""

    def __init__(self) -> None:
        now = edition()
        self._names, self._codes = UnitNames(now.units), now.units.codes
        self._answers: dict[str, str] = {}

    def find(self, word: str) -> str:
        """A unit's code, private or unknown; "" where nobody is called so, or several are."""
        if word not in self._answers:
            plain = word.strip().lower()
            self._answers[word] = (
                _OWNERLESS.get(plain)
                or _OWNERLESS_ZH.get(plain)
                or (word if word in self._codes else self._unit(word))
            )
        return self._answers[word]

    def _unit(self, word: str) -> str:
        named = self._names.find(word)
        return named.code if named.code in self._codes else ""


def _row(
    cells: Reader, code: str, before: Known | None, kinds: Mapping[str, str], owners: _Owners
) -> Row | None:
    """The row as it would be; what a sheet does not say of a known facility stays. None: it has problems."""
    kind_word = cells.text("kind", most=60)
    kind = find_choice(kind_word, kinds) if kind_word else (before[0] if before else None)
    if kind is None:
        cells.refuse(
            "kind", _("There is no such kind of facility.") if kind_word else _("A new one needs this.")
        )
    owner_word = cells.text("owner", most=80)
    owner = owners.find(owner_word) if owner_word else (before[1] if before else "")
    if not owner:
        cells.refuse(
            "owner", _("No unit is called so, or several are.") if owner_word else _("A new one needs this.")
        )
    lon, lat = cells.degrees("lon", 180), cells.degrees("lat", 180)
    cell: str | None = None
    if lon is None and lat is None and before and cells.is_good:
        lon, lat, cell = before[2], before[3], before[5]
    elif lon is None or lat is None:
        if cells.is_good:
            cells.refuse("lon" if lon is None else "lat", _("Longitude and latitude belong together."))
        return None
    else:
        if not -90 <= lat <= 90:
            cells.refuse("lat", _("Longitude and latitude look swapped."))
            return None
        system_word = cells.text("crs", most=20)
        system = (
            _SYSTEMS.get(system_word.lower().replace("-", "").replace(" ", ""), "") if system_word else WGS84
        )
        if not system:
            cells.refuse("crs", _("The coordinate system must be WGS-84, GCJ-02 or BD-09."))
            return None
        if system != WGS84:
            lon, lat = to_wgs84(lon, lat, system)
        hit = geography().cells.find(lon, lat)
        if hit is None and geography().cells.find(lat, lon):
            cells.refuse("lon", _("Longitude and latitude look swapped."))
        cell = hit.code if hit else None
        cells.plan.outside += hit is None
    plate = cells.one_line("plate", most=CODE_MAX) or (before[4] if before else "")
    retired = cells.is_retired()
    if not cells.is_good:
        return None
    return {
        "code": code,
        "kind": kind,
        "owner": owner,
        "lon": round(lon, 6),
        "lat": round(lat, 6),
        "plate": plate,
        "cell": cell,
        "retired": retired if retired is not None else bool(before and before[6]),
    }


def _put(plan: Plan, row: Row, before: Known | None) -> None:
    if before is None:
        plan.added[row["code"]] = row
        plan.retired += row["retired"]
        return
    values = (row["kind"], row["owner"], row["lon"], row["lat"], row["plate"], row["cell"], row["retired"])
    was = (before[0], before[1], round(before[2], 6), round(before[3], 6), *before[4:])
    if values == was:
        plan.kept += 1
        return
    plan.changed[row["code"]] = row
    plan.retired += row["retired"] and not before[6]


_UPSERT: Final = """
INSERT INTO grids_facility (code, kind, owner_code, lon, lat, plate, cell_id, retired_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::float8[], %s::float8[], %s::text[], %s::text[],
                     %s::timestamptz[])
ON CONFLICT (code) DO UPDATE SET kind = EXCLUDED.kind, owner_code = EXCLUDED.owner_code,
    lon = EXCLUDED.lon, lat = EXCLUDED.lat, plate = EXCLUDED.plate, cell_id = EXCLUDED.cell_id,
    retired_at = CASE WHEN EXCLUDED.retired_at IS NULL THEN NULL
                 ELSE coalesce(grids_facility.retired_at, EXCLUDED.retired_at) END
"""


# Whose each was and is; what is not in use is nobody's.
_CHANGES: Final = """
INSERT INTO grids_facilitychange (facility, before, after, changed_by_id, changed_at)
SELECT told.code, was.owner, told.owner, %s, %s
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS told (code, owner, position)
LEFT JOIN grids_facility old ON old.code = told.code AND old.retired_at IS NULL,
LATERAL (SELECT coalesce(old.owner_code, '') AS owner) AS was
WHERE was.owner <> told.owner ORDER BY told.position
"""


def write(plan: Plan, *, at: datetime, by: User) -> int:
    """Write what the plan adds and changes, in the caller's transaction, and who has changed whose they are;
    answers how many rows."""
    rows: list[dict[str, Any]] = [*plan.added.values(), *plan.changed.values()]
    with connection.cursor() as cursor:
        if plan.changed:
            # Plates change hands within one sheet: nobody has them in between.
            cursor.execute("UPDATE grids_facility SET plate = '' WHERE code = ANY(%s)", [list(plan.changed)])
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            columns = [
                [row[name] for row in chunk]
                for name in ("code", "kind", "owner", "lon", "lat", "plate", "cell")
            ]
            columns.append([at if row["retired"] else None for row in chunk])
            owners = ["" if row["retired"] else row["owner"] for row in chunk]
            cursor.execute(_CHANGES, [by.pk, at, columns[0], owners])
            cursor.execute(_UPSERT, columns)
    if rows:
        registers.touch(registers.FACILITIES)
    return len(rows)
