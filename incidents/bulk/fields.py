"""What a column of a file of reports may be, and what other systems call it."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy, override, pgettext_lazy

from dispatch.spreadsheets.columns import Heading, Names, plain_label

FIELD_NAMES: Final = {
    "external_id": gettext_lazy("The source's own number"),
    "occurred_at": gettext_lazy("When it was told there"),
    "title": pgettext_lazy("of a report", "Title"),
    "text": pgettext_lazy("column", "What was said"),
    "nature": gettext_lazy("Kind of request"),
    "level_1": gettext_lazy("Their category, level 1"),
    "level_2": gettext_lazy("Their category, level 2"),
    "level_3": gettext_lazy("Their category, level 3"),
    "category": gettext_lazy("Our category, code or name"),
    "urgency": gettext_lazy("Urgency"),
    "street": gettext_lazy("Street"),
    "community": gettext_lazy("Community"),
    "address": gettext_lazy("Address"),
    "lon": gettext_lazy("Longitude"),
    "lat": gettext_lazy("Latitude"),
    "point": gettext_lazy("Longitude and latitude in one cell"),
    "crs": gettext_lazy("Coordinate system"),
    "deadline": gettext_lazy("The source's own deadline"),
    "status": gettext_lazy("How far it is there"),
    "reporter_name": gettext_lazy("Reporter's name"),
    "reporter_phone": gettext_lazy("Reporter's telephone"),
    "reporter_address": gettext_lazy("Reporter's address"),
}
# Whose cells are shown starred to those who did not send the file.
PERSONAL: Final = frozenset({"reporter_name", "reporter_phone", "reporter_address"})

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "external_id": (
        *("工单编号", "工单号", "诉求编号", "受理编号", "信件编号", "信访编号", "登记编号", "案件编号"),
        *("单号", "流水号", "编号", "order no", "number", "external id"),
    ),
    "occurred_at": (
        *("受理时间", "来电时间", "登记时间", "诉求时间", "上报时间", "发生时间", "创建时间", "提交时间"),
        *("信访日期", "受理日期", "登记日期", "来信日期", "日期", "时间", "accepted at", "time"),
    ),
    "title": ("标题", "诉求标题", "工单标题", "主题", "title"),
    "text": (
        *("诉求内容", "工单内容", "问题描述", "事件描述", "来电内容", "反映内容", "信访内容", "主要诉求"),
        *("问题内容", "内容", "描述", "text", "content", "description"),
    ),
    "nature": ("诉求类型", "诉求性质", "工单类型", "来电类型", "信访目的", "性质", "nature"),
    "level_1": (
        *("一级分类", "一级类别", "问题大类", "大类", "事件大类", "诉求分类", "问题类别", "事件类别"),
        *("类别", "分类", "category 1"),
    ),
    "level_2": ("二级分类", "二级类别", "问题小类", "小类", "事件小类", "category 2"),
    "level_3": ("三级分类", "三级类别", "细类", "category 3"),
    "category": ("类别编码", "事件类别编码", "category code"),
    "urgency": ("紧急程度", "缓急程度", "紧急级别", "urgency"),
    "street": ("所属街道", "街道", "镇街", "所属镇街", "街道办", "street"),
    "community": ("所属社区", "社区", "村居", "所属村居", "村社区", "community"),
    "address": (
        "地址",
        "事发地址",
        "诉求地址",
        "问题地址",
        "事发地点",
        "发生地址",
        "地点",
        "位置",
        "address",
    ),
    "lon": ("经度", "longitude", "lng", "x坐标"),
    "lat": ("纬度", "latitude", "y坐标"),
    "point": ("经纬度", "坐标", "coordinates"),
    "crs": ("坐标系", "坐标系统", "crs"),
    "deadline": ("办理期限", "办结期限", "办理时限", "办结时限", "截止时间", "到期时间", "deadline", "due"),
    "status": ("工单状态", "办理状态", "办结状态", "状态", "办理情况", "status"),
    "reporter_name": ("来电人", "诉求人", "来电人姓名", "联系人", "市民姓名", "信访人", "姓名", "caller"),
    "reporter_phone": ("联系电话", "来电号码", "联系方式", "手机号码", "手机", "电话", "phone"),
    "reporter_address": ("来电人地址", "联系地址", "住址", "家庭住址"),
}
FIELDS: Final = tuple(FIELD_NAMES)
# Columns that look like ours and are not.
_NOT_OURS = (
    "序号",
    "行号",
    "no",
    "备注",
    "回访时间",
    "办结时间",
    "派单时间",
    "处理结果",
    "满意度",
    "承办单位",
)
# What our own sheet of refused rows has behind the others.
REJECT_COLUMNS: Final = (
    gettext_lazy("Row in the first file"),
    gettext_lazy("Field to mend"),
    pgettext_lazy("of a refused row", "Rule"),
    gettext_lazy("What is wrong"),
)
NAMES: Final = Names({field: _HEADINGS[field] for field in FIELDS}, _NOT_OURS)


def signature_of(labels: Sequence[str]) -> str:
    """What a mapping is remembered by: the columns' names, with or without those of a sheet of ours."""
    told = [plain for label in labels if (plain := plain_label(label)) not in _of_our_sheets()]
    while told and not told[-1]:
        told.pop()
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


@cache
def _of_our_sheets() -> frozenset[str]:
    """What our own columns are called, in every language."""
    told = set()
    for language, _name in settings.LANGUAGES:
        with override(language):
            told |= {plain_label(str(label)) for label in REJECT_COLUMNS}
    return frozenset(told)


def heading_of(told: Mapping[str, object]) -> Heading | None:
    """A heading as an import keeps it; None where there is none."""
    if not told:
        return None
    labels = told["labels"]
    assert isinstance(labels, list)
    return Heading(int(str(told["first"])), int(str(told["last"])), tuple(labels))


def as_kept(heading: Heading | None) -> dict[str, object]:
    """A heading in JSON's terms."""
    if heading is None:
        return {}
    return {"first": heading.first, "last": heading.last, "labels": list(heading.labels)}
