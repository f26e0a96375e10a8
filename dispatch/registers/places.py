"""地名表: the district's names of places from a sheet."""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from accounts.models import User
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
from grids import registers
from grids.locate import geography
from grids.models import NamedPlace
from grids.place_rules import NAME_LEAST, aliases_of, numbers_of

COLUMNS: Final = Columns(
    {
        "code": ("编码", "地名编码", "编号"),
        "name": ("名称", "地名", "标准地名"),
        "kind": ("类型", "地名类型", "类别"),
        "aliases": ("别名", "俗称", "简称"),
        "former_names": ("曾用名", "旧名", "原名"),
        "area": ("区划代码", "社区代码", "所在社区", "社区", "街道", "area code"),
        "numbers": ("门牌号", "门牌范围"),
        "lon": ("经度", "longitude"),
        "lat": ("纬度", "latitude"),
        "state": ("状态",),
    },
    needed=("code", "name", "kind", "area"),
)
_KINDS: Final = {
    "estate": ("住宅小区", "小区", "楼盘"),
    "urban_village": ("城中村", "自然村", "村"),
    "factory": ("工厂", "工业区", "工业园", "产业园"),
    "dormitory": ("宿舍",),
    "road": ("道路", "路", "街巷"),
    "metro_station": ("地铁站",),
    "school": ("学校",),
    "hospital": ("医院",),
    "park": ("公园",),
    "mall": ("商场", "购物中心"),
    "market": ("市场", "农贸市场"),
    "square": ("广场",),
    "office": ("政府机关", "办事大厅", "党群服务中心"),
    "other": ("其他", "其它"),
}
FIELDS: Final = ("name", "kind", "aliases", "former_names", "area_id", "numbers", "lon", "lat")


def make_plan(grid: Grid) -> Plan:
    """What the sheet would do. Raises TableError for one without a heading."""
    heading, columns = COLUMNS.find(grid)
    plan = Plan()
    known = NamedPlace.objects.in_bulk()
    kinds = choice_names(
        NamedPlace.Kind.values,
        lambda code: _KINDS.get(code, ()),
        lambda code: (str(NamedPlace.Kind(code).label),),
    )
    areas = _areas()
    codes: dict[str, int] = {}
    for line in lines_below(grid, heading):
        plan.rows += 1
        cells = Reader(plan, line, columns)
        code = cells.one_line("code", most=CODE_MAX)
        if not code:
            if cells.is_good:
                cells.refuse("code", _("Every row needs its code: it is updated by it."))
            continue
        if code in codes:
            cells.refuse("code", _("This code is in row %(row)d already.") % {"row": codes[code]})
            continue
        codes[code] = line.number
        before = known.get(code)
        row = _row(cells, code, before, kinds, areas)
        if row is None:
            continue
        if before is None:
            plan.added[code] = row
            plan.retired += row["retired"]
        elif _told(before) == row:
            plan.kept += 1
        else:
            plan.changed[code] = row
            plan.retired += row["retired"] and before.retired_at is None
    return plan


def _areas() -> dict[str, list[str]]:
    """Streets and communities by their codes and by their names."""
    found: dict[str, list[str]] = {}
    areas = geography()
    for code in (*areas.in_use("street"), *areas.in_use("community")):
        found[code] = [code]
        for name in areas.names[code]:
            found.setdefault(name, []).append(code)
    return found


def _told(place: NamedPlace) -> Row:
    row: Row = {"code": place.code}
    row |= {name: getattr(place, name) for name in FIELDS}
    row["retired"] = place.retired_at is not None
    return row


def _row(
    cells: Reader,
    code: str,
    before: NamedPlace | None,
    kinds: dict[str, str],
    areas: dict[str, list[str]],
) -> Row | None:
    row: Row = _told(before) if before else {"code": code, **dict.fromkeys(FIELDS, ""), "retired": False}
    if before is None:
        row["lon"] = row["lat"] = None
    for name, most in (("name", 40), ("aliases", 200), ("former_names", 200), ("numbers", 40)):
        if text := cells.text(name, most=most):
            row[name] = text
    for name in ("aliases", "former_names"):
        row[name] = aliases_of(row[name])
        if any(len(word) < NAME_LEAST for word in row[name].split("|") if word):
            cells.refuse(
                name,
                _("At least %(least)d characters: shorter ones are everyday words.") % {"least": NAME_LEAST},
            )
    if len(row["name"]) < NAME_LEAST:
        cells.refuse(
            "name",
            _("At least %(least)d characters: shorter ones are everyday words.") % {"least": NAME_LEAST},
        )
    if row["numbers"] and (numbers := numbers_of(row["numbers"])) is None:
        cells.refuse("numbers", _("House numbers are written as 1-199 or 1-199 odd."))
    elif row["numbers"]:
        row["numbers"] = numbers
    if word := cells.text("kind", most=40):
        row["kind"] = find_choice(word, kinds) or ""
    if not row["kind"] and cells.is_good:
        cells.refuse("kind", _("There is no such kind of place."))
    if word := cells.text("area", most=40):
        found = areas.get(word, [])
        if len(found) == 1:
            row["area_id"] = found[0]
        else:
            cells.refuse(
                "area",
                _("Several are called so: write the code.")
                if found
                else _("No street or community has this code or name."),
            )
    elif not row["area_id"]:
        cells.refuse("area", _("A new one needs this."))
    lon, lat = cells.degrees("lon", 180), cells.degrees("lat", 90)
    if (lon is None) != (lat is None):
        cells.refuse("lon" if lon is None else "lat", _("Longitude and latitude belong together."))
    elif lon is not None:
        row["lon"], row["lat"] = lon, lat
    retired = cells.is_retired()
    if retired is not None:
        row["retired"] = retired
    return row if cells.is_good else None


def write(plan: Plan, *, at: datetime, by: User) -> int:  # as for facilities
    """Write what the plan adds and changes, in the caller's transaction; answers how many rows."""
    rows = [*plan.added.values(), *plan.changed.values()]
    gone = dict(
        NamedPlace.objects.filter(code__in=list(plan.changed), retired_at__isnull=False).values_list(
            "code", "retired_at"
        )
    )
    NamedPlace.objects.bulk_create(
        [
            NamedPlace(
                code=row["code"],
                retired_at=gone.get(row["code"], at) if row["retired"] else None,
                **{name: row[name] for name in FIELDS},
            )
            for row in rows
        ],
        batch_size=2_000,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=[
            "name",
            "kind",
            "aliases",
            "former_names",
            "area",
            "numbers",
            "lon",
            "lat",
            "retired_at",
        ],
    )
    if rows:
        registers.touch(registers.PLACES)
    return len(rows)
