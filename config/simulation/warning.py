"""What early warning has to show in the demo: a burst, something new that people say, and a place again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from dashboards.warning import bursts, renewing, repeats, themes
from dispatch.vocabulary import Nature, Source
from grids.locate import locate
from grids.models import Area
from incidents.intake import ReportDraft, Reporter, receive_one

_HOUR = timedelta(hours=1)
# Where the water is off, where the carts run, and where the footway breaks again and again.
_DRY, _CARTS, _FOOTWAY = ("440307014", "440307013", "440307012")
# Hours ago and words.
_WATER = (
    (2.9, "突然停水了,整栋楼都没有水,什么时候能来?"),
    (2.8, "家里停水,没有看到任何通知"),
    (2.6, "整片停水,老人做饭都没法做"),
    (2.5, "打开水龙头一滴水都没有,请问是爆管了吗"),
    (2.3, "全小区没水,物业也不知道原因"),
    (2.1, "突然停水,店里开不了张"),
    (1.9, "停水两个多小时了,请尽快抢修"),
    (1.8, "楼上楼下都没水,请派送水车"),
    (1.6, "从早上开始没水,水务热线打不通"),
    (1.4, "停水无人解释,什么时候恢复?"),
    (1.3, "幼儿园停水,孩子没水喝"),
    (1.2, "整条街都停水了,请回复恢复时间"),
)
_NEW = (
    (118, "路口停了一排无人配送车,轮椅过不去"),
    (104, "无人配送车占用盲道,谁来管?"),
    (92, "孩子放学被无人配送车蹭到,希望限速"),
    (80, "晚上无人配送车一直播放提示音,很吵"),
    (66, "非机动车道上好多无人配送车逆行"),
    (55, "请问无人配送车可以上人行道吗"),
    (43, "无人配送车在斑马线上停着不动,大家只能绕行"),
    (31, "小区不让无人配送车进,都堆在门口"),
    (20, "建议给无人配送车划定停放点"),
    (9, "老人避让无人配送车摔倒了"),
    (5, "无人配送车撞坏了花坛就走了"),
)
_AGAIN = (
    (70, "人行道地砖松动,一踩一脚水"),
    (54, "同一处人行道砖又翘起来了,昨天刚修过"),
    (41, "人行道地砖破损,有人绊倒"),
    (27, "还是那段人行道,砖块缺了好几块"),
    (12, "人行道地砖修了又坏,请彻底解决"),
    (3, "人行道砖又松了,第几次了?"),
)


def tell(*, at: datetime) -> None:
    """File the reports that the warnings are about; those of an earlier run are found to be there."""
    for draft, when in (*_water(at), *_new(at), *_again(at)):
        receive_one(draft, at=when)


def look(*, at: datetime, fresh: bool = False) -> None:
    """Let the sweeps look; `fresh` after history has been played, which was not there when they counted."""
    if fresh:
        renewing.start_over()
    bursts.sweep(at=at)
    repeats.sweep(at=at)
    themes.sweep(at=at)


def _draft(name: str, text: str, cell: Area, *, category: str | None, phone: int) -> ReportDraft:
    return ReportDraft(
        source=Source.HOTLINE,
        external_id=f"demo-warning-{name}",
        text=text,
        category=category,
        nature=Nature.COMPLAINT,
        place=locate(lon=cell.lon, lat=cell.lat),
        # 199 0000 numbers are given to nobody.
        reporter=Reporter(phone=f"1990000{phone:04d}"),
        joins="",
    )


def _cells(street: str) -> list[Area]:
    """The cells of the street's first community."""
    cells = list(Area.objects.cells().filter(code__startswith=street).order_by("code")[:400])
    return [cell for cell in cells if cell.code[:12] == cells[0].code[:12]]


def _water(at: datetime) -> Iterator[tuple[ReportDraft, datetime]]:
    cells = _cells(_DRY)
    for number, (ago, text) in enumerate(_WATER):
        cell = cells[number % len(cells)]
        yield (
            _draft(f"water-{number}", text, cell, category="0501", phone=9100 + number),
            at - ago * _HOUR,
        )


def _new(at: datetime) -> Iterator[tuple[ReportDraft, datetime]]:
    cells = list(Area.objects.cells().filter(code__startswith=_CARTS).order_by("code")[:400])
    for number, (ago, text) in enumerate(_NEW):
        cell = cells[number * 31 % len(cells)]
        yield _draft(f"new-{number}", text, cell, category=None, phone=9200 + number), at - ago * _HOUR


def _again(at: datetime) -> Iterator[tuple[ReportDraft, datetime]]:
    cell = _cells(_FOOTWAY)[0]
    for number, (ago, text) in enumerate(_AGAIN):
        yield (
            _draft(f"again-{number}", text, cell, category="0203", phone=9300 + number % 4),
            at - ago * _HOUR,
        )
