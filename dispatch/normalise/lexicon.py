"""Phrases that tell a report's nature, kind of place and the asset's owner.

Each finding names the phrase that it stands on, so that a person can judge it. Phrases are looked for
in the normal form of the text; where several kinds are named the longest phrase speaks, then the first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import ahocorasick

from dispatch.items import normal_form
from dispatch.vocabulary import Nature, PlaceType, Source


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the phrase it was read from."""

    value: str
    phrase: str


class Phrases:
    """A table of phrases, searched in one pass."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._automaton = ahocorasick.Automaton()
        for value, phrases in table.items():
            for phrase in phrases.split():
                word = normal_form(phrase)
                self._automaton.add_word(word, (word, str(value)))
        self._automaton.make_automaton()

    def find(self, text: str) -> Found | None:
        """The longest phrase in `text` (in its normal form), the first of equals."""
        best: tuple[int, int] | None = None
        found: Found | None = None
        for end, (word, value) in self._automaton.iter(text):
            key = (len(word), -end)
            if best is None or key > best:
                best, found = key, Found(value, word)
        return found


PLACE_TYPES = Phrases(
    {
        PlaceType.MAIN_ROAD: "主干道 主干路 大道 主路 双向六车道 双向八车道",
        PlaceType.SIDE_ROAD: "次干道 支路 小路 背街小巷 辅路 路边 路口 人行道 街边",
        PlaceType.EXPRESSWAY: "高速公路 高速路 快速路 高速出口 高速入口 匝道 水官高速 机荷高速 南坪快速",
        PlaceType.URBAN_VILLAGE: "城中村 握手楼 村里 老围 村道 村口 巷道 巷子 自建楼 出租屋 旧村 新村 老村",
        PlaceType.RESIDENTIAL_ESTATE: "小区 花园 单元楼 业主群 家园 物业小区 苑区 住宅区 楼栋 雅苑 公寓楼 "
        "豪庭 华庭 名苑 小区里 小区内",
        PlaceType.COMMERCIAL_AREA: "商场 商业街 步行街 购物中心 写字楼 商圈 商业广场 万达广场 万科广场 "
        "商铺 底商 酒吧街",
        PlaceType.INDUSTRIAL_PARK: "工业园 工业区 产业园 厂区 厂房 园区 科技园 车间 科技园区",
        PlaceType.CONSTRUCTION_SITE: "工地 施工现场 在建项目 项目部 建筑工地 基坑 塔吊 施工工地",
        PlaceType.SCHOOL: "学校 小学 中学 幼儿园 校园 校门口 高中 职校 学校门口 教室 食堂学生",
        PlaceType.HOSPITAL: "医院 门诊 急诊 住院部 卫生院 社康 病房",
        PlaceType.MARKET: "菜市场 农贸市场 农批市场 批发市场 肉菜市场 集贸市场",
        PlaceType.PARK: "公园 绿道 湿地公园 体育公园 社区公园 郊野公园",
        PlaceType.FOREST: "林区 山林 森林 山上 林地 树林",
        PlaceType.RIVER_BANK: "河边 河道 河堤 碧道 河岸 河里 河涌 沿河",
        PlaceType.RESERVOIR: "水库 库区 库岸 大坝",
        PlaceType.SLOPE: "边坡 山坡 护坡 挡土墙",
        PlaceType.METRO_STATION: "地铁站 地铁口 站台 站厅 地铁站里 地铁出口",
        PlaceType.BUS_STOP: "公交站 公交站台 候车亭 公交站亭 公交站牌",
        PlaceType.CAR_PARK: "停车场 停车库 地下车库 立体车库",
        PlaceType.PUBLIC_SQUARE: "文化广场 市民广场 社区广场 中心广场 人民广场",
        PlaceType.GOVERNMENT_SITE: "区政府 街道办门口 政府大院 党群服务中心 行政服务大厅 信访大厅",
        PlaceType.RURAL_LAND: "农田 菜地 果园 耕地 鱼塘 农用地 荒地",
    }
)

# An owner is a unit's code, or what the list says of facilities without one.
OWNERS = Phrases(
    {
        "china-telecom": "电信井盖 电信的井盖 中国电信 电信线缆 电信光缆 电信公司 电信线",
        "china-mobile": "移动井盖 移动通信井 移动的井盖 中国移动 移动线缆 移动光缆 移动公司 移动线",
        "china-unicom": "联通井盖 联通的井盖 中国联通 联通线缆 联通光缆 联通公司 联通线",
        "broadcasting-network": "广电井盖 广电网络 广电线缆 有线电视井盖 天威视讯 有线电视线",
        "china-tower": "铁塔公司 通信铁塔 通信基站 信号塔 基站 美化天线",
        "power-grid": "供电局 电力公司 南方电网 变电站 电力井盖 高压线塔 开闭所",
        "water-group": "水务集团 自来水公司 供水公司 供水企业 自来水管 供水管 给水管 自来水主管",
        "drainage-company": "排水公司 排水管网公司 污水管 雨水管 排水管",
        "gas-group": "燃气集团 燃气公司 燃气管 天然气管 煤气管",
        "metro-group": "地铁集团 地铁公司 地铁施工 地铁工地 地铁围挡 盾构 轨道施工 地铁运行 列车经过",
        "bus-group": "公交集团 公交公司 巴士集团 公交总站 公交场站 公交首末站",
        "public-works": "建筑工务署 工务署 政府投资项目 政府投资工程 政府工程",
        "private": "民办 民营 私立 私人医院 民营医院 物业产权 业主产权 私有产权",
        "education": "公办学校 公立学校 公办幼儿园",
        "health": "公立医院 公办医院",
        "unknown": "权属不明 无主 没人认领 不知道是谁的 不知道是哪家 产权不明 找不到产权",
    }
)

NATURES = Phrases(
    {
        Nature.ENQUIRY: "咨询 请问 想问 问一下 想了解 如何办理 怎么办理 怎样办理 怎么申请 如何申请 "
        "需要什么材料 要带什么 什么条件 在哪里办 去哪办 在哪办 去哪交 能不能报 可以报销吗 几点上班 "
        "电话是多少 查询 有什么规定 政策是什么 流程是什么 是否可以 怎么查 想知道 怎么领 如何领取 地址和电话",
        Nature.HELP: "求助 请帮 帮帮 帮忙 救命 求救 走失 走丢 困难求助",
        Nature.COMPLAINT: "投诉 不满 太不像话 没人管 扰民 多次反映 态度恶劣 乱收费 推诿 不作为 维权 受不了",
        Nature.TIP_OFF: "举报 揭发 线索 涉嫌违法 黑作坊 匿名反映 无证经营 偷排",
        Nature.SUGGESTION: "建议 提议 希望增设 希望增加 希望能增 建议在 能否增设 倡议",
        Nature.PRAISE: "表扬 感谢 点赞 锦旗 致谢 好评 谢谢他们 值得表扬",
    }
)

# Doors that tell the nature by themselves.
_BY_SOURCE = {
    Source.PATROL: Nature.FINDING,
    Source.SENSOR: Nature.ALERT,
    Source.AI_VIDEO: Nature.ALERT,
    Source.COUNCIL: Nature.SUGGESTION,
}
# Words of asking that do not ask: what follows a complaint is no enquiry.
_DOUBTS = ("投诉", "举报", "扰民", "没人管", "多次反映", "求助", "请处理", "要求处理", "请尽快")
_CLOSING = re.compile(r"[!。.~\s]+$")
# A courtesy at the end is none of the matter: most who complain thank for what they hope will be done.
_COURTESY = re.compile(
    r"[,。!\s]*(?:非常|十分|多|万分)?(?:谢谢|感谢|多谢|致谢|辛苦|麻烦|拜托)"
    r"(?:了|您|你们?|他们|她们|啦|领导|师傅|政府|各位|大家|处理|啊|的|和|与|不尽|万分|支持|理解|配合|帮助|关注|工作|回复|受理|接听)*[,。!~\s]*$"
)
# Who wants something done does not only praise.
_WANTS = re.compile(
    r"请(?!允许)|要求|希望|盼|望(?:尽快|予以|有关)|尽快|赶紧|赶快|快来|快点|马上|能不能|能否|派人|来人|没人管|还没|还是不|"
    r"一直(?:没|不)|怎么办|救救|救命|快救|没(?:有)?(?:到|来)"
)
_DONE_WELL = re.compile(
    r"修好|解决了|处理好|处理完|处理得|换好|清理干净|满意|态度(?:很|非常)?好|及时|很快|效率|帮(?:我|了|助)|救出|救了|得救|热心|好心|耐心|平安|多亏|找到|脱险"
)
_BUT = re.compile(r"但是?(?!愿)|可是|不过|然而")
_THANKS = frozenset({"感谢", "致谢", "谢谢他们"})


def without_courtesy(text: str) -> str:
    """A text (in its normal form) without the thanks at its end; itself, where it is nothing else."""
    bare = text
    while (shorter := _COURTESY.sub("", bare, count=1)) != bare:
        bare = shorter
    return bare if bare.strip(" ,。!?~") else text


def nature_of(text: str, source: str) -> Found:
    """What the speaker wants. Without a telling phrase: a question is an enquiry, all else a complaint."""
    if source in _BY_SOURCE:
        return Found(_BY_SOURCE[Source(source)].value, "")
    bare = without_courtesy(text)
    found = NATURES.find(bare)
    if found is None and bare != text and _DONE_WELL.search(bare):
        found = NATURES.find(text)
    complains = any(doubt in text for doubt in _DOUBTS)
    if found is not None and found.value == Nature.PRAISE:
        # Thanks stand anywhere; 表扬 and 点赞 are what somebody calls for.
        is_thanks = found.phrase in _THANKS
        if complains or _BUT.search(text) or (is_thanks and _WANTS.search(text)):
            return Found(Nature.COMPLAINT.value, "")
    if found is not None and found.value == Nature.ENQUIRY and complains:
        return Found(Nature.COMPLAINT.value, next(doubt for doubt in _DOUBTS if doubt in text))
    if found is not None:
        return found
    spoken = _CLOSING.sub("", text)
    if spoken.endswith(("?", "吗", "呢", "么")) and not complains:
        return Found(Nature.ENQUIRY.value, spoken[-1])
    return Found(Nature.COMPLAINT.value, "")
