"""The demo's register of facilities, some printed codes, and reports whose words and point disagree."""

import random
from datetime import datetime, timedelta
from typing import Final

from accounts.models import User
from accounts.roles import Role
from dispatch.registers import runs
from dispatch.vocabulary import Source
from grids import coding
from grids.locate import locate
from grids.models import Area, Facility
from incidents.intake import ReportDraft, receive_one
from incidents.models import Report

_OWNERS: Final = {
    "井盖": ("电信分公司", "移动分公司", "联通分公司", "排水公司", "供电局", "燃气集团"),
    "路灯": ("路灯养护公司",),
    "消防栓": ("水务集团",),
    "垃圾桶": ("城市管家(环卫一体化)公司",),
}
_PREFIX: Final = {"井盖": "JG", "路灯": "LD", "消防栓": "XF", "垃圾桶": "LJ"}
_HEAD: Final = "部件编码,类型,权属单位,经度,纬度,铭牌"
# Cells that have a facility of a kind on the books: a census is never whole, and two owners' lids beside
# each other are decided by nobody.
_EVERY: Final = {"井盖": 4, "路灯": 3, "消防栓": 6, "垃圾桶": 6}
_CODED: Final = "440307016"  # the street whose first community has its plates printed
# What is said, and where the point really lies.
_TORN: Final = (
    ("布吉街道大芬油画村门口流动摊贩占道，人行道走不了", "坂田街道", "torn-1"),
    ("平湖街道良安田社区鹏达路边有人乱倒建筑垃圾", "龙岗街道", "torn-2"),
    ("横岗街道四联社区排榜村后面有人占道经营到半夜", "南湾街道", "torn-3"),
)


def prepare_facilities(*, at: datetime) -> None:
    """Import the census once, as a keeper of the register does, and draw the codes of one community."""
    if Facility.objects.exists():
        return
    keeper = User.objects.filter(memberships__role=Role.ADMIN, is_active=True).order_by("pk")[0]
    dice = random.Random(7)
    lines = [_HEAD]
    for number, (lon, lat) in enumerate(Area.objects.cells().order_by("code").values_list("lon", "lat")):
        for kind, every in _EVERY.items():
            if number % every == 0:
                code = f"LG-{_PREFIX[kind]}-{number:05d}"
                point = f"{lon + dice.gauss(0, 0.0004):.6f},{lat + dice.gauss(0, 0.0004):.6f}"
                lines.append(f"{code},{kind},{dice.choice(_OWNERS[kind])},{point},{code}")
    run = runs.begin(
        register="facilities",
        file_name="部件普查表.csv",
        data="\n".join(lines).encode(),
        language="zh-hans",
        by=keeper,
        at=at,
    )
    while runs.work_next(at=at):
        pass
    runs.apply(run=run, by=keeper, at=at)
    while runs.work_next(at=at):
        pass
    first = Area.objects.communities().filter(code__startswith=_CODED).order_by("code")[0]
    inside = Area.objects.filter(code__startswith=first.code).values_list("pk", flat=True)
    coding.make_codes(areas=list(inside), at=at)
    there = Facility.objects.filter(cell__parent=first).values_list("pk", flat=True)
    coding.make_codes(facilities=list(there), at=at)


def report_torn(*, at: datetime) -> None:
    """File the reports that only a person can place, a while ago, so that the desk has them to look at."""
    for words, street, name in _TORN:
        if Report.objects.filter(source=Source.HOTLINE, external_id=f"demo-{name}").exists():
            continue
        area = Area.objects.streets().get(name_zh=street)
        receive_one(
            ReportDraft(
                source=Source.HOTLINE,
                external_id=f"demo-{name}",
                text=words,
                place=locate(lon=area.lon, lat=area.lat),
                category="0105" if "占道" in words else None,
            ),
            at=at - timedelta(minutes=6),
        )
