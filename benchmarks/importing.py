"""Importing a district's own spreadsheet of 10,000 rows, beside reading it with openpyxl and no more.

The sheet is as districts write them: units and categories by name, limits in words, several units in a
cell, merged categories. Checking is everything from the bytes to the preview (read, understood, compared
with the live list, kept in the database); applying writes the draft with its history in one transaction.
Metric: seconds, so less is better.
"""

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import openpyxl
from django.conf import settings

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from benchmarks.records import Record, compare
from dispatch.models import Category, ListImport
from dispatch.spreadsheets import checking, imports
from dispatch.spreadsheets.columns import find_heading, suggest
from dispatch.spreadsheets.reading import open_table

NEEDS_DATABASE = True
ROWS = 10_000
ROUNDS = 3
GOAL_S = 10.0
AT = datetime(2026, 7, 7, 2, 0, tzinfo=UTC)
_HEAD = (
    *("序号", "小类", "事项名称", "立案条件", "结案条件", "关键词", "责任单位", "配合单位"),
    *("紧急程度", "签收时限（分钟）", "处置时限", "法律依据"),
)
_LIMITS = ("2紧急工作时", "4小时", "5天", "3个工作日", "十个工作日", "８工作时")
_DEFAULTS = {
    "supervising_unit": settings.TRIAGE_UNIT,
    "level": "D",
    "urgency": "routine",
    "dispatch_minutes": 120,
    "accept_minutes": 240,
    "handle_limit": "5wd",
}


def run() -> list[Record]:
    steward = User.objects.create_user(username="bench-steward")
    district = OrgUnit.objects.get(kind=OrgUnit.Kind.DISTRICT)
    Membership.objects.create(user=steward, unit=district, role=Role.STEWARD)
    data = _workbook()
    rounds = [_round(data, steward) for _number in range(ROUNDS)]
    bare, checked, applied = (min(times) for times in zip(*rounds, strict=True))
    return [
        *compare(
            "importing", "s to check 10,000 rows", checked, {"openpyxl reading only": bare, "goal": GOAL_S}
        ),
        *compare("importing", "s to apply 10,000 changes", applied, {"goal": GOAL_S}),
    ]


def _round(data: bytes, steward: User) -> tuple[float, float, float]:
    """Seconds of openpyxl alone, of our check, and of applying; in one turn, as the machine's mood is."""
    bare = _timed(lambda: _read_only(data))
    run = _asked(data, steward)
    checked = _timed(lambda: checking.check_next(at=AT))
    run.refresh_from_db()
    if run.state != ListImport.State.CHECKED or run.counts["problems"] or run.counts["added"] != ROWS:
        raise RuntimeError(f"The sheet should import whole: {run.state} {run.failure} {run.counts}")
    applied = _timed(lambda: imports.apply(run=run, why="bench", by=steward, at=AT))
    return bare, checked, applied


def _timed(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _read_only(data: bytes) -> int:
    sheet = openpyxl.load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    return sum(1 for _row in sheet.iter_rows(values_only=True))


def _asked(data: bytes, steward: User) -> ListImport:
    run = imports.begin(file_name="bench.xlsx", data=data, language="zh-hans", by=steward, at=AT)
    table = open_table(data)
    heading = find_heading(table.grid(table.sheets[0], most=60))
    if heading is None:
        raise RuntimeError("The sheet has a heading.")
    return imports.ask_check(
        run=run,
        sheet=table.sheets[0],
        heading=heading,
        mapping=suggest(heading),
        options={"days_are_working": False, "defaults": _DEFAULTS},
        target=None,
        title="bench",
        language="zh-hans",
        by=steward,
        at=AT,
    )


def _workbook() -> bytes:
    """The sheet: each category's rows under one merged cell."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["龙岗区事件分拨权责清单"])
    sheet.append(list(_HEAD))
    kinds = (OrgUnit.Kind.DEPARTMENT, OrgUnit.Kind.ENTERPRISE)
    units = list(
        OrgUnit.objects.open().filter(kind__in=kinds).order_by("code").values_list("name_zh", flat=True)
    )
    units += ["属地街道", "街道综合行政执法队", "属地社区"]
    categories = list(Category.objects.order_by("code").values_list("name_zh", flat=True))
    each = -(-ROWS // len(categories))
    last, first = "", 3
    for number, (category, serial) in enumerate(product(categories, range(each))):
        if number == ROWS:
            break
        if category != last:
            if last:
                sheet.merge_cells(start_row=first, end_row=number + 2, start_column=2, end_column=2)
            last, first = category, number + 3
        lead, other, third = (units[(number * step) % len(units)] for step in (1, 7, 11))
        sheet.append(
            [
                number + 1,
                category,
                f"{category}第{serial + 1}种情形",
                f"公共区域发现{category}，情形{serial + 1}，影响通行或环境，有现场照片",
                "现场恢复，上传前后对比照片，社区核验",
                f"情形{serial + 1}、{category}{serial + 1}",
                f"{lead}、{other}" if number % 5 == 0 else lead,
                f"{other}；{third}",
                ("一般", "紧急", "特急")[number % 3],
                (30, 60, 240)[number % 3],
                _LIMITS[number % len(_LIMITS)],
                f"《深圳经济特区{category}管理条例》第{serial + 1}条",
            ]
        )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
