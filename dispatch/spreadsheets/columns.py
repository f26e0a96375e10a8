"""Which line of a sheet is its heading, and which of our fields each of its columns is.

What is suggested is only where the mapping screen begins; a person confirms it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from dispatch.item_rules import FIELDS, LISTS
from dispatch.spreadsheets.grid import Grid, Line

_LOOKED_AT = 25  # lines from the top among which the heading is
# What columns of lists are called, the plainest first; our own export uses the first one.
HEADINGS: dict[str, tuple[str, ...]] = {
    "code": ("事项编码", "事项编号", "事项代码", "编码", "编号", "代码", "item code"),
    "category": ("事件类别", "类别编码", "类别", "事件小类", "小类", "事件类型", "类型", "category code"),
    "matter_zh": (
        "事项名称",
        "事项",
        "权责事项",
        "名称",
        "问题描述",
        "事项内容",
        "职责事项",
        "matter",
        "item",
    ),
    "filing_condition_zh": ("立案条件", "立案标准", "立案依据", "受理条件", "filing condition"),
    "closing_condition_zh": ("结案条件", "结案标准", "处置标准", "办结标准", "处置要求", "closing condition"),
    "keywords": ("关键词", "关键字", "检索词", "keyword"),
    "owners": ("设施权属", "权属单位", "权属", "产权单位", "owner"),
    "place_types": ("场所类型", "场所", "地点类型", "发生场所", "place", "place type"),
    "sources": ("来源", "事件来源", "渠道", "来源渠道", "source"),
    "hours": ("适用时段", "时段", "时间段", "hours"),
    "lead_unit": (
        *("主办单位", "责任单位", "主责单位", "牵头单位", "处置单位", "主管单位", "承办单位"),
        *("责任部门", "主办部门", "牵头部门", "处置部门", "承办部门", "主责部门", "lead", "lead unit"),
    ),
    "support_units": (
        *("协办单位", "配合单位", "协同单位", "协助单位", "协办部门", "配合部门", "协同部门"),
        *("support unit", "supporting units"),
    ),
    "follow_up_unit": ("后续修复单位", "修复单位", "后续单位", "follow up unit"),
    "supervising_unit": (
        *("督导单位", "监管单位", "督办单位", "监督单位", "行业主管部门", "督导部门", "监管部门"),
        *("行业主管单位", "supervising unit", "supervisor"),
    ),
    "level": ("处置级别", "级别", "分级", "层级", "处置层级", "level"),
    "urgency": ("紧急程度", "缓急程度", "紧急度", "紧急等级", "urgency"),
    "dispatch_minutes": ("分拨时限", "派遣时限", "派单时限", "分派时限", "dispatch limit"),
    "accept_minutes": ("签收时限", "接单时限", "受理时限", "响应时限", "accept limit"),
    "handle_limit": (
        "处置时限",
        "办理时限",
        "办结时限",
        "处理时限",
        "完成时限",
        "结案时限",
        "时限",
        "handle",
    ),
    "legal_basis": ("法律依据", "依据", "法规依据", "法定依据", "政策依据", "执法依据", "legal basis"),
}
# Columns that look like ours and are not: numbers of lines, the domain above the category.
_NOT_OURS = frozenset({"序号", "行号", "no", "大类", "事件大类", "大类名称", "大类编码", "备注", "说明"})


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a sheet's columns are named: one line, or two where groups stand above."""

    first: int  # row numbers in the sheet
    last: int
    labels: tuple[str, ...]

    @property
    def signature(self) -> str:
        """The same for every sheet of these columns: what a mapping is remembered by."""
        return hashlib.sha256("\x1f".join(map(plain_label, self.labels)).encode()).hexdigest()


class Names:
    """What a kind of sheet calls its columns: our fields, each with its headings, the plainest first."""

    def __init__(self, headings: Mapping[str, Sequence[str]], not_ours: Collection[str] = ()) -> None:
        self.not_ours = frozenset(not_ours)
        # A heading as plain_label makes it → the fields it may be, with its place among their names.
        self.plain: dict[str, dict[str, int]] = {}
        for field, names in headings.items():
            for place, name in enumerate((field, f"{field}_code", *names)):
                self.plain.setdefault(plain_label(name), {}).setdefault(field, place)


def find_heading(grid: Grid, row: int | None = None, names: Names | None = None) -> Heading | None:
    """The heading at `row`, or wherever most columns are called as ours; None for an empty sheet."""
    names = names or OF_ITEMS
    lines = [line for line in grid.lines[:_LOOKED_AT] if line.number not in grid.bands]
    if row is not None:
        lines = [line for line in grid.lines if line.number == row]
    if not lines:
        return None
    found = max(lines, key=lambda line: (_known(line, names), -line.number))
    if row is None and not _known(found, names):
        widest = max(len(line.filled) for line in lines)
        found = next(line for line in lines if len(line.filled) == widest)
    below = next((line for line in grid.lines if line.number == found.number + 1), None)
    if below is None or not _names_groups(found, below):
        return Heading(found.number, found.number, _labels(grid, found))
    # Groups stand above: each column is called by both.
    joined = Line(found.number, [])
    for column in range(max(len(found.cells), len(below.cells))):
        upper, lower = found[column], below[column]
        joined.cells.append(upper if lower in (upper, "") else f"{upper} {lower}".strip())
    return Heading(found.number, below.number, _labels(grid, joined))


def suggest(heading: Heading, names: Names | None = None) -> dict[int, str]:
    """Column → field, as far as its heading tells; each field once."""
    names = names or OF_ITEMS
    claims = sorted(
        (
            (-score, column, field)
            for column, label in enumerate(heading.labels)
            for field, score in _likeness(label, names).items()
        ),
    )
    found: dict[int, str] = {}
    for _score, column, field in claims:
        if column not in found and field not in found.values():
            found[column] = field
    return dict(sorted(found.items()))


def repeated(mapping: Mapping[int, str], lists: Collection[str] = LISTS) -> list[str]:
    """Fields that several columns claim and only one can have; lists may come from several."""
    fields = list(mapping.values())
    return sorted({field for field in fields if fields.count(field) > 1 and field not in lists})


def plain_label(label: str) -> str:
    """A heading without what stands in brackets, blanks and marks: 处置时限（工作日）* → 处置时限."""
    label = re.sub(r"\([^()]*\)", "", unicodedata.normalize("NFKC", label).casefold())
    return re.sub(r"[\s*:：、_\-]|必填|选填", "", label)


OF_ITEMS = Names({field: HEADINGS[field] for field in FIELDS}, _NOT_OURS)


def _likeness(label: str, names: Names) -> dict[str, float]:
    """Field → how much this heading is one of its names: 2 for exactly so, less for a part of it."""
    words = label.split(" ")
    # Of a column in a group, 时限 over 分拨, both together say most, and what stands below more than
    # what stands above.
    parts = [(1.0, label), (0.95, "".join(reversed(words))), *((0.6, word) for word in words)]
    told: dict[str, float] = {}
    for weight, part in parts:
        plain = plain_label(part)
        if not plain or plain in names.not_ours:
            continue
        for name, fields in names.plain.items():
            if name == plain:
                score = 2.0
            elif len(name) > 1 and name in plain:
                score = len(name) / len(plain)
            elif len(plain) > 1 and plain in name and not plain.isascii():
                score = len(plain) / len(name) / 2
            else:
                continue
            for field, place in fields.items():
                told[field] = max(told.get(field, 0), weight * score - place / 100)
    return {field: score for field, score in told.items() if score > 0.35}


def _known(line: Line, names: Names) -> int:
    """How many of a line's cells are called exactly as one of our columns."""
    return len({plain for cell in line.cells if (plain := plain_label(cell)) in names.plain})


def _names_groups(upper: Line, lower: Line) -> bool:
    """Do several columns share a name that the next line tells apart?"""
    cells: Sequence[str] = upper.cells
    return any(
        cells[column] and cells[column] == cells[column + 1] and lower[column] != lower[column + 1]
        for column in range(len(cells) - 1)
    )


def _labels(grid: Grid, line: Line) -> tuple[str, ...]:
    return tuple(line[column].replace("\n", " ") for column in range(max(grid.width, len(line.cells))))
