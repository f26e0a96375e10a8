"""Words of the closed lists as spreadsheets have them: `社区`, `B级`, `特急`, `主干道`, `12345`, `自管`."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.db import models
from django.utils.translation import override

from dispatch.vocabulary import Level, PlaceType, Source, Urgency

# Besides each word's code and its names in both languages.
_ALSO: dict[str, dict[str, str]] = {
    "level": {
        Level.BLOCK: "A级 网格 街区 网格级 街区级 一级",
        Level.COMMUNITY: "B级 社区 社区级 二级",
        Level.STREET: "C级 街道 街道级 镇街 三级",
        Level.DISTRICT: "D级 区 区级 区县级 四级",
    },
    "urgency": {
        Urgency.ROUTINE: "一般 普通 常规 正常 否",
        Urgency.URGENT: "紧急 加急 较急 急",
        Urgency.EMERGENCY: "特急 突发 特别紧急 应急 重大",
    },
    "place_types": {
        PlaceType.MAIN_ROAD: "主干道 主次干道 主干路 市政道路",
        PlaceType.SIDE_ROAD: "次干道 支路 背街小巷 次支道路",
        PlaceType.EXPRESSWAY: "高速 高速公路 快速路",
        PlaceType.URBAN_VILLAGE: "城中村",
        PlaceType.RESIDENTIAL_ESTATE: "小区 住宅小区 物业小区 居民小区",
        PlaceType.COMMERCIAL_AREA: "商业区 商圈 商场",
        PlaceType.INDUSTRIAL_PARK: "工业区 工业园 工业园区 园区",
        PlaceType.CONSTRUCTION_SITE: "工地 建筑工地 施工工地",
        PlaceType.SCHOOL: "学校 校园",
        PlaceType.HOSPITAL: "医院 医疗机构",
        PlaceType.MARKET: "市场 农贸市场 集贸市场",
        PlaceType.PARK: "公园",
        PlaceType.FOREST: "林地 山林 森林",
        PlaceType.RIVER_BANK: "河道 河岸 河湖",
        PlaceType.RESERVOIR: "水库",
        PlaceType.SLOPE: "边坡 斜坡",
        PlaceType.METRO_STATION: "地铁站 地铁",
        PlaceType.BUS_STOP: "公交站 公交站台",
        PlaceType.CAR_PARK: "停车场",
        PlaceType.PUBLIC_SQUARE: "广场 公共广场",
        PlaceType.GOVERNMENT_SITE: "机关 政府机关 党政机关 办事大厅",
        PlaceType.RURAL_LAND: "农用地 农田 耕地",
    },
    "sources": {
        Source.HOTLINE: "12345 热线 12345热线 政务热线",
        Source.RESIDENT_FORM: "网页 居民上报 公众上报 网上",
        Source.PATROL: "巡查 网格巡查 网格员",
        Source.LETTER_VISIT: "信访 来信来访",
        Source.CITY_APP: "app 微信 公众号 小程序",
        Source.SENSOR: "传感器 物联网 物联感知",
        Source.AI_VIDEO: "视频 视频ai ai视频 智能识别 摄像头",
        Source.COUNCIL: "理事会 街区理事会",
    },
    "owners": {
        "private": "私人 个人 业主自管 自管 自有 小区自管 私有",
        "unknown": "不明 未知 不详 未查明 权属不明 无主",
    },
}
_CHOICES: dict[str, type[models.TextChoices]] = {
    "level": Level,
    "urgency": Urgency,
    "place_types": PlaceType,
    "sources": Source,
}
_SEPARATORS = re.compile(r"[|、，,；;/／\n\r]+")


class Vocabulary:
    """Word → code, for each field that has a closed list."""

    def __init__(self) -> None:
        self._words: dict[str, dict[str, str]] = {}
        for name, also in _ALSO.items():
            words: dict[str, str] = {}
            for code, told in also.items():
                words.update({_plain(word): str(code) for word in (str(code), *told.split())})
            for language in ("zh-hans", "en") if name in _CHOICES else ():
                with override(language):
                    words.update({_plain(str(label)): code for code, label in _CHOICES[name].choices})
            self._words[name] = words

    def code(self, name: str, word: str) -> str:
        """The code of one word of a field, "" where it has none."""
        return self._words[name].get(_plain(word), "")

    def words(self, name: str) -> Iterable[str]:
        """What may be written in this field."""
        return self._words[name]


def split_words(cell: str) -> list[str]:
    """The words of a cell: between bars where there is one (our own spelling), else as people separate."""
    parts = cell.split("|") if "|" in cell else _SEPARATORS.split(cell)
    return list(dict.fromkeys(word.strip() for word in parts if word.strip()))


def names_of(name: str) -> Mapping[str, str]:
    """Code → name in the reader's language, of a field with a closed list."""
    return {code: str(label) for code, label in _CHOICES[name].choices}


def _plain(word: str) -> str:
    return re.sub(r"[\s·（）()]", "", unicodedata.normalize("NFKC", word)).casefold()
