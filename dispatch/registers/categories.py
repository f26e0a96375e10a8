"""事件类别表: what the categories are called and which one takes another's place, from a sheet. None is added
by it: each needs items of the list, and the classifier's examples."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from accounts.models import User
from config import clock
from dispatch import categories
from dispatch.models import Category
from dispatch.registers.plan import CODE_MAX, Columns, Plan, Reader, Row, ToldPlan, lines_below
from dispatch.spreadsheets.grid import Grid

COLUMNS: Final = Columns(
    {
        "code": ("类别编码", "编码", "类别代码", "小类代码"),
        "name_zh": ("类别名称", "名称", "小类", "中文名称"),
        "name_en": ("英文名称", "英文"),
        "scope_zh": ("范围", "说明", "范围说明"),
        "state": ("状态",),
        "successor": ("替代类别", "继任类别", "并入类别"),
    },
    needed=("code", "name_zh"),
)
_MOST: Final = {"name_zh": 60, "name_en": 120, "scope_zh": 255}


Read = tuple[Reader, Category, Row]


def make_plan(grid: Grid) -> ToldPlan:
    """What the sheet would do. Raises TableError for one without a heading."""
    heading, columns = COLUMNS.find(grid)
    plan, known = ToldPlan(), Category.objects.in_bulk()
    seen: dict[str, int] = {}
    found: list[Read] = []
    for line in lines_below(grid, heading):
        plan.rows += 1
        cells = Reader(plan, line, columns)
        code = cells.one_line("code", most=CODE_MAX)
        # Excel takes 0101 for a number.
        category = known.get(code) or known.get(code.zfill(4))
        if category is None:
            if cells.is_good:
                cells.refuse("code", _("There is no such category."))
            continue
        if category.code in seen:
            cells.refuse("code", _("This code is in row %(row)d already.") % {"row": seen[category.code]})
            continue
        seen[category.code] = line.number
        told = _read(cells, category)
        if cells.is_good:
            found.append((cells, category, told))
    # As it will be with the whole sheet: two that become each other are each in use as long as nothing is
    # written.
    will_be = {code: categories.told_of(category) for code, category in known.items()}
    will_be |= {category.code: told for _cells, category, told in found}
    in_use = {code: told for code, told in will_be.items() if not told["successor_id"]}
    for cells, category, told in found:
        _put(plan, cells, category, told, in_use)
    plan.seal()
    return plan


def _read(cells: Reader, category: Category) -> Row:
    was = categories.told_of(category)
    told: Row = dict(was)
    for name, most in _MOST.items():
        if text := cells.one_line(name, most=most):
            told[name] = text
    successor, is_off = cells.one_line("successor", most=8), cells.is_retired()
    if is_off is False:
        told["successor_id"] = None
    elif successor:
        told["successor_id"] = successor if len(successor) >= 4 else successor.zfill(4)
    elif is_off and not was["successor_id"]:
        cells.refuse("successor", _("A category that is switched off needs a successor."))
    return told


def _put(plan: ToldPlan, cells: Reader, category: Category, told: Row, in_use: Mapping[str, Row]) -> None:
    was = categories.told_of(category)
    if told == was:
        plan.kept += 1
        return
    if refused := categories.why_not(category, told, at=clock.now(), in_use=in_use):
        cells.refuse("successor" if refused[0] == "successor_id" else refused[0], refused[1])
        return
    plan.changed[category.code] = {"code": category.code, **told}
    plan.retired += bool(told["successor_id"] and not was["successor_id"])
    said = [
        (name, str(was[name] or ""), str(told[name] or ""))
        for name in categories.FIELDS
        if was[name] != told[name]
    ]
    plan.tell("changed", cells.line, category.code, said)


def hold() -> None:
    """Keep the categories as they are until the transaction ends."""
    categories.hold()


def write(plan: Plan, *, at: datetime, by: User) -> int:
    """Write what the plan changes, in the caller's transaction; answers how many rows."""
    held = Category.objects.select_for_update(no_key=True).order_by("code").in_bulk(list(plan.changed))
    for code, row in sorted(plan.changed.items()):
        categories.write(held[code], {name: row[name] for name in categories.FIELDS}, by=by, at=at)
    return len(plan.changed)
