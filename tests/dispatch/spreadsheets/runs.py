"""Imports as tests arrange them, through the domain's own functions."""

from datetime import datetime, timedelta
from typing import Any

from dispatch.models import ListImport, ResponsibilityList
from dispatch.spreadsheets import checking, imports
from dispatch.spreadsheets.columns import find_heading, suggest
from dispatch.spreadsheets.reading import open_table
from tests.cast import TUESDAY, Person
from tests.dispatch.spreadsheets.files import Rows, workbook
from tests.dispatch.spreadsheets.planning import DEFAULTS

MINUTE = timedelta(minutes=1)
# The lamp item of the shipped list with another limit, and a new one in its category.
SHEET: Rows = [
    ["事项编码", "事件类别", "事项名称", "责任单位", "处置时限", "关键词"],
    ["0204-001", "路灯照明", "道路路灯单灯不亮", "路灯养护公司", "2紧急工作时", "路灯不亮"],
    ["", "路灯照明", "智慧灯杆屏幕黑屏", "路灯养护公司", "3个工作日", "智慧灯杆"],
]


def begun(
    by: Person, data: bytes | Rows = SHEET, at: datetime = TUESDAY, name: str = "清单.xlsx"
) -> ListImport:
    file = data if isinstance(data, bytes) else workbook(data)
    return imports.begin(file_name=name, data=file, language="zh-hans", by=by.user, at=at)


def asked(
    by: Person,
    data: bytes | Rows = SHEET,
    at: datetime = TUESDAY,
    *,
    target: ResponsibilityList | None = None,
    **options: Any,
) -> ListImport:
    """An import that waits to be checked, by the columns that are suggested."""
    run = begun(by, data, at)
    table = open_table(bytes(run.file.data))
    heading = find_heading(table.grid(table.sheets[0]))
    assert heading is not None
    return imports.ask_check(
        run=run,
        sheet=table.sheets[0],
        heading=heading,
        mapping=suggest(heading),
        options={"defaults": DEFAULTS, **options},
        target=target,
        title="导入的清单",
        language="zh-hans",
        by=by.user,
        at=at,
    )


def checked(by: Person, data: bytes | Rows = SHEET, at: datetime = TUESDAY, **more: Any) -> ListImport:
    """The same, checked."""
    run = asked(by, data, at, **more)
    while checking.check_next(at=at):
        pass
    run.refresh_from_db()
    return run


def applied(run: ListImport, by: Person, at: datetime = TUESDAY, **more: Any) -> ResponsibilityList:
    return imports.apply(run=run, why="区里新清单", by=by.user, at=at, **more)
