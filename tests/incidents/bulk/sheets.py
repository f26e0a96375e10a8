"""Files as a city's hotline exports them, made for the tests."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import openpyxl

from incidents.bulk import imports, working
from incidents.bulk.imports import Sender
from incidents.models import BulkImport
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, TUESDAY, Person

HEAD = (
    "工单编号",
    "受理时间",
    "来电人",
    "联系电话",
    "诉求内容",
    "诉求类型",
    "类别编码",
    "地址",
    "经度",
    "纬度",
    "坐标系",
)


def row(number: str = "SZ1", **given: str) -> list[str]:
    """A lamp that is out, as a line of the export; a given heading says otherwise."""
    told = {
        "工单编号": number,
        "受理时间": "2026年7月6日 上午9:30",
        "来电人": "王小明",
        "联系电话": "13800002207",
        "诉求内容": LAMP_TEXT,
        "诉求类型": "投诉",
        "类别编码": LAMP_CATEGORY,
        "地址": "龙岗区龙岗街道南联社区植物园路",
        "经度": str(LAMP_POINT[0]),
        "纬度": str(LAMP_POINT[1]),
        "坐标系": "WGS84",
        **given,
    }
    return [told[name] for name in HEAD]


def as_csv(
    rows: Iterable[Sequence[str]], *, head: Sequence[str] = HEAD, encoding: str = "utf-8-sig"
) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([head, *rows])
    return out.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Sequence[Any]], *, head: Sequence[str] = HEAD, title: str = "") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    if title:
        sheet.append([title])
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(head))
    for one in (head, *rows):
        sheet.append(list(one))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sent(data: bytes, by: Person, *, at: datetime = TUESDAY, name: str = "orders.csv") -> BulkImport:
    """Uploaded and read, as the page does it."""
    bulk = imports.begin(
        source="hotline", file_name=name, data=data, language="zh-hans", by=Sender(by.user), at=at
    )
    working.read_now(bulk, at=at)
    return bulk


def checked(
    data: bytes,
    by: Person,
    *,
    at: datetime = TUESDAY,
    columns: Mapping[int, str] | None = None,
    **options: Any,
) -> BulkImport:
    """Uploaded, its columns taken as suggested, and every row checked."""
    bulk = sent(data, by, at=at)
    suggested, defaults, _kept = imports.suggested(bulk)
    told = suggested if columns is None else columns
    imports.map_columns(bulk=bulk, columns=told, options={**defaults, **options}, by=Sender(by.user), at=at)
    work(at)
    bulk.refresh_from_db()
    return bulk


def taken(data: bytes, by: Person, *, at: datetime = TUESDAY, **options: Any) -> BulkImport:
    """All the way in."""
    bulk = checked(data, by, at=at, **options)
    imports.start(bulk=bulk, by=Sender(by.user), at=at)
    work(at)
    bulk.refresh_from_db()
    return bulk


def work(at: datetime) -> None:
    while working.step(at=at):
        pass


def problems(bulk: BulkImport) -> list[tuple[int, str, str, str]]:
    """Row, column, field and rule of everything that is wrong."""
    return [
        (number, column, field, code)
        for part in bulk.parts.order_by("position")
        for number, column, field, code, _word in part.problems
    ]
