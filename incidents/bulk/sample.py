"""A file to try it with: an export as the city's hotline makes them, invented, with today's dates.

Most rows are right; one has its day and its telephone spoilt as spreadsheets do, one is over already.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, Final

from openpyxl import Workbook

from dispatch.spreadsheets.export import heads_of, lay_out, text_of
from incidents.numbers import DISTRICT_ZONE

HEAD: Final = (
    *("工单编号", "受理时间", "来电人", "联系电话", "诉求类型", "一级分类", "二级分类", "三级分类"),
    *(
        "诉求内容",
        "所属街道",
        "所属社区",
        "地址",
        "经度",
        "纬度",
        "坐标系",
        "紧急程度",
        "办理期限",
        "工单状态",
    ),
)
_TITLE: Final = "12345热线工单导出（样例，内容为虚构）"
# Minutes before now, who, phone, type, levels, words, street, community, address, point, urgency, days until
# it is due there, how far it is there.
_ROWS: Final = (
    (
        *(200, "周女士", "13900000101", "投诉", "城市管理/市政设施/路灯"),
        "植物园路公交站往北两盏路灯都不亮，晚上下班走这段路看不清台阶，希望尽快修好。",
        *("龙岗街道", "南联社区", "植物园路公交站往北", "114.265631,22.762136", "普通", 3, "办理中"),
    ),
    (
        *(190, "罗先生", "13900000102", "投诉", "城市管理/市容环境/垃圾清运"),
        "小区东门外的垃圾桶从昨天下午满到现在，旁边又堆了十几袋，天热味道很大。",
        *("龙城街道", "", "爱联社区小区东门外", "", "普通", 2, "办理中"),
    ),
    (
        *(175, "匿名", "/", "举报", "生态环境/噪声/施工噪声"),
        "工地昨晚十一点以后还在浇混凝土，一直到凌晨两点，周围几栋楼都睡不着。",
        *("坂田街道", "", "", "", "普通", 0, "待办理"),
    ),
    (
        *(160, "邓女士", "13900000104", "咨询", "政务服务/证照/"),
        "想问居住证到期了能不能在手机上续签，需要带什么材料，去哪里办。",
        *("", "", "", "", "普通", 0, "待办理"),
    ),
    (
        *(150, "谢女士", "13900000106", "投诉", "住房建设/物业管理/"),
        "小区二栋的电梯这个月坏了三次，物业每次都说等配件，高层的老人出不了门。",
        *("横岗街道", "", "", "", "普通", 5, "办理中"),
    ),
    (
        *(140, "彭先生", "0755-28000107", "建议", "交通/公交/"),
        "上下班高峰这条线路等车要半小时，站台排队很长，建议早晚加密班次。",
        *("平湖街道", "", "", "", "普通", 0, "待办理"),
    ),
    (
        *(0, "曾女士", "1.39E+10", "投诉", "城市管理//"),
        "市场门口每天傍晚都有流动摊贩占道，路只剩一半，电动车和行人挤在一起。",
        *("园山街道", "", "", "", "普通", 0, "待办理"),
    ),
    (
        *(900, "萧先生", "13900000109", "投诉", "城市管理/市政设施/井盖"),
        "路口的井盖松了，车一压就响，夜里尤其吵，也怕有人踩空。",
        *("宝龙街道", "", "", "", "普通", 0, "已办结"),
    ),
    (
        *(120, "丁女士", "13900000110", "表扬", "//"),
        "谢谢社区工作人员台风天上门帮独居老人加固窗户，态度很好。",
        *("吉华街道", "", "", "", "普通", 0, "待办理"),
    ),
)


def rows(at: datetime, *, prefix: str = "YL") -> Iterator[list[str]]:
    """The lines below the heading, as of `at`; their numbers hold the day."""
    now = at.astimezone(DISTRICT_ZONE)
    for serial, told in enumerate(_ROWS, start=1):
        ago, name, phone, kind, levels, words, street, community, address, point, urgency, due, status = told
        lon, _comma, lat = point.partition(",")
        when = now - timedelta(minutes=ago)
        yield [
            f"{prefix}{now:%Y%m%d}{serial:05}",
            # The spoilt one is as a spreadsheet of other settings writes it.
            f"{when:%Y-%m-%d %H:%M:%S}" if ago else f"{when.month}/{when.day}/{when.year}",
            *(name, phone, kind, *levels.split("/"), words, street, community, address),
            *(lon, lat, "GCJ-02" if lon else "", urgency),
            f"{now + timedelta(days=due):%Y-%m-%d}" if due else "",
            status,
        ]


def as_xlsx(at: datetime) -> IO[bytes]:
    """The sample as a workbook, with a title above its heading as exports have it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("工单")
    lay_out(sheet, [18] * len(HEAD))
    sheet.append([_TITLE])
    sheet.append(heads_of(sheet, HEAD))
    for row in rows(at):
        sheet.append([text_of(sheet, cell) for cell in row])
    out = TemporaryFile()  # noqa: SIM115  # the response closes it
    book.save(out)
    out.seek(0)
    return out
