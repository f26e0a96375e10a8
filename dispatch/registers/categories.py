"""事件类别表: what the categories are called and which one takes another's place, from a sheet. None is added
by it: each needs items of the list, and the classifier's examples."""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from accounts.models import User
from config import clock
from dispatch import categories
from dispatch.models import Category
from dispatch.registers.plan import CODE_MAX, Columns, Plan, Reader, Row, lines_below
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


def make_plan(grid: Grid) -> Plan:
    """What the sheet would do. Raises TableError for one without a heading."""
    heading, columns = COLUMNS.find(grid)
    plan, known = Plan(), Category.objects.in_bulk()
    seen: dict[str, int] = {}
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
        _read(plan, cells, category)
    return plan


def _read(plan: Plan, cells: Reader, category: Category) -> None:
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
    if not cells.is_good:
        return
    if told == was:
        plan.kept += 1
        return
    if refused := categories.why_not(category, told, at=clock.now()):
        cells.refuse("successor", refused[1])
        return
    plan.changed[category.code] = {"code": category.code, **told}
    plan.retired += bool(told["successor_id"] and not was["successor_id"])


def write(plan: Plan, *, at: datetime, by: User) -> int:
    """Write what the plan changes, in the caller's transaction; answers how many rows."""
    held = Category.objects.select_for_update(no_key=True).order_by("code").in_bulk(list(plan.changed))
    for code, row in sorted(plan.changed.items()):
        categories.write(held[code], {name: row[name] for name in categories.FIELDS}, by=by, at=at)
    return len(plan.changed)
