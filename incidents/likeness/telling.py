"""What one telling says, taken apart: names of places, numbers of things, sides, and the words that are left.

Two neighbours name one road and one house, and describe what is wrong in words of their own; two lamps of
one road differ in nothing but their numbers. So each is compared for itself (`scoring`).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Final

GRAMS: Final = Path(__file__).parent / "data" / "grams.tsv"

# What operators and polite people write whatever it is about.
_BOILERPLATE = re.compile(
    "市民(?:来电)?(?:反映|投诉|反应|求助)?|(?:来电|来信)(?:反映|投诉)?|(?:特此|向贵单位)?(?:反映|反应|投诉|举报|咨询)|您好|你好|"
    "(?:麻烦|希望|要求|恳请|望|请|烦请)?(?:相关|有关|主管)(?:部门|单位)|(?:麻烦|希望|要求|恳请|请|烦请|赶紧|赶快|快|尽快|马上|立即|立刻|能不能|有没有人)+"
    "(?:安排|派人|来人|来|处理|核实|解决|跟进|回复|查处|关注|管管|看看|落实)*|谢谢|感谢|(?:并)?回复(?:处理结果)?|没人管|没人理|"
    "现在|目前|已经|一直|今天|昨天|昨晚|今早|早上|晚上|凌晨|下午|上午|半夜|每天|天天|最近|这几天|好几天|几天|本人|我们|我家|这里|这边|那边|附近|"
    "位置|地址|位于|存在安全隐患|安全隐患|影响行人通行|影响通行|太危险了?|很危险|危险|怎么办|好不好|什么时候"
)
_DIGITS: Final = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7}
_DIGITS.update({"八": 8, "九": 9})
_NUMBER = "[0-9]{1,5}|[一二三四五六七八九十百零〇两]{1,5}"
# A plate, or the code that is painted on a pole or a cabinet.
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][-·. ]?[a-z0-9]{5,6}"
)
_CODE = re.compile(r"[a-z]{1,4}[-·.]?[0-9][a-z0-9]{1,8}(?:-[0-9]{1,6})?")
_NUMBERED = re.compile(
    rf"第({_NUMBER})(?:根|盏|个|棵|座|块|条|排|杆|支|口|处)|"
    rf"({_NUMBER}|[a-z])(?:栋|座|幢|号楼(?!梯|道))|"
    rf"({_NUMBER})单元|"
    rf"({_NUMBER}|[a-z])(?:号门(?!口|前|外|牌)|号口|口(?=出|进|旁|外|$|[^\u4e00-\u9fff])|出口|入口)|"
    rf"({_NUMBER})(?:巷|弄)|"
    rf"({_NUMBER})号(?!线|码|早|上|下|晚|中|凌|开|那|当)|"
    rf"({_NUMBER})期"
)
_UNITS: Final = ("nth", "building", "entrance", "gate", "lane", "house", "phase")
_SIDE = re.compile("([东西南北左右])(?:侧|门|面|边|区|座|口|段|端)")
_BOTH_WAYS = re.compile("[左右两]{2}边|两[侧边面]|[东西南北]{2}[侧面边]?")
# Names: the two characters before what kind of place it is tell it from its neighbours; who wrote how much
# of what goes before does not matter.
_ROAD = re.compile(
    r"([\u4e00-\u9fff]{1,3}?)(大道|公路|路|街|巷)(?!灯|口边|面|牌|上|人|边|中|过|况|段|堵|基|沿|缘|政|由|线|程|径|障|虎|道)"
)
_PLACE = re.compile(
    "([\u4e00-\u9fff]{2})(花园|小区|新村|社区|广场|公园|小学|中学|学校|幼儿园|医院|市场|工业区|工业园|大厦|商场|"
    "公寓|家园|村|苑|水库)"
)
# What ends like a name and is none.
_NO_PART: Final = re.compile("[外内门口的了这那在到个条段整和与及往是着过有现进回住出旁边里]")
_NO_NAME: Final = frozenset(
    [
        "马路",
        "道路",
        "公路",
        "半路",
        "走路",
        "让路",
        "条路",
        "段路",
        "线路",
        "电路",
        "管路",
        "小路",
        "大路",
        "一路",
        "过路",
        "挡路",
        "修路",
        "挖路",
        "的路",
        "回路",
        "上路",
        "断路",
        "封路",
        "问路",
        "铁路",
        "水路",
        "网路",
        "陆路",
        "沿路",
        "个路",
        "整路",
        "规划路",
        "断头路",
        "夜路",
        "人让路",
        "大街",
        "上街",
        "逛街",
        "满街",
        "条街",
        "街道",
    ]
)
_NO_PLACE: Final = frozenset(
    [
        "的小区",
        "整个小区",
        "我们小区",
        "本小区",
        "个小区",
        "们小区",
        "住小区",
        "进小区",
        "到小区",
        "在小区",
        "里小区",
        "的公园",
        "的学校",
        "个学校",
        "的医院",
        "的市场",
        "公交站",
        "车站",
        "中转站",
        "交站",
        "转站",
        "油站",
        "加油站",
        "变电站",
        "电站",
        "菜市场",
        "本村",
        "全村",
        "中村",
        "城中村",
        "农村",
        "的村",
        "工厂",
        "家工厂",
        "的厂",
        "的河",
        "下河",
        "往河",
    ]
)


@dataclass(frozen=True, slots=True)
class Telling:
    """One telling, taken apart."""

    plain: str  # letters and digits, without boilerplate
    matter: Mapping[str, float]  # known n-grams by how much they tell of what is wrong, of length 1
    setting: Mapping[str, float]  # the same by how little: where, who, how one says it
    rare: frozenset[str]  # pairs of characters that hardly any report has: names, mostly
    roads: frozenset[str]
    places: frozenset[str]
    numbers: Mapping[str, frozenset[str]]  # by what they count
    sides: frozenset[str]


@lru_cache(maxsize=1024)
def read(text: str, address: str = "") -> Telling:
    """Take a telling apart; of the address beside it count the names and numbers alone. The latest are kept:
    a case is compared with whatever comes in near it."""
    weights = _weights()
    whole, rare, matters, marks = _words(text)
    if address:
        marks = marks.with_those_of(address)
    known = {gram: weights[gram] for gram in matters}
    return Telling(
        plain="".join(letter for letter in _BOILERPLATE.sub("", whole) if letter.isalnum()),
        matter=matters,
        setting=_vector({gram: setting for gram, (_matter, setting) in known.items() if setting}),
        rare=rare,
        roads=frozenset(marks.roads),
        places=frozenset(marks.places),
        numbers={unit: frozenset(told) for unit, told in marks.numbers.items()},
        sides=frozenset(marks.sides),
    )


def matter(text: str) -> Mapping[str, float]:
    """`Telling.matter` alone: most neighbours differ in it already, and are asked for no more."""
    return _words(text)[2]


# A text folded, the pairs left of it that hardly any report has, its n-grams as `Telling.matter` has them,
# and what was taken out.
_Words = tuple[str, frozenset[str], Mapping[str, float], "_Marks"]
# A thousand texts of up to this length are kept, in 36 MB at the most. A longer one, a letter mostly, is read
# anew: it would take the room of many.
_KEPT_LETTERS = 300


def _words(text: str) -> _Words:
    return _kept_words(text) if len(text) <= _KEPT_LETTERS else _read_words(text)


def _read_words(text: str) -> _Words:
    whole, marks, weights = folded(text), _Marks(), _weights()
    found = grams(marks.taken_out(whole))
    known = {gram: weights[gram][0] for gram in found if gram in weights}
    rare = frozenset(gram for gram in found if len(gram) == 2 and gram not in weights)
    return whole, rare, _vector(known), marks


_kept_words = lru_cache(maxsize=1024)(_read_words)


class _Marks:
    """What is collected while a text is read."""

    def __init__(self) -> None:
        self.roads: set[str] = set()
        self.places: set[str] = set()
        self.numbers: dict[str, set[str]] = {}
        self.sides: set[str] = set()

    def with_those_of(self, address: str) -> "_Marks":
        """These and an address's, in another collection."""
        marks = _Marks()
        marks.taken_out(folded(address))
        marks.roads |= self.roads
        marks.places |= self.places
        marks.sides |= self.sides
        for unit, told in self.numbers.items():
            marks.numbers[unit] = marks.numbers.get(unit, set()) | told
        return marks

    def taken_out(self, text: str) -> str:
        """Take names and numbers out of a folded text, and what everybody writes; answers what is left."""
        left = _NUMBERED.sub(self._counted, _CODE.sub(self._coded, _PLATE.sub(self._plated, text)))
        if not _BOTH_WAYS.search(left):
            self.sides.update(_SIDE.findall(left))
        left = _PLACE.sub(self._place, _BOILERPLATE.sub("|", left))
        return _ROAD.sub(self._road, left)

    def _plated(self, found: re.Match[str]) -> str:
        self.numbers.setdefault("plate", set()).add(re.sub("[-·. ]", "", found[0]))
        return "|"

    def _coded(self, found: re.Match[str]) -> str:
        code = re.sub("[-·.]", "", found[0])
        self.numbers.setdefault(f"code {_shape(code)}", set()).add(code)
        return "|"

    def _counted(self, found: re.Match[str]) -> str:
        told = zip(_UNITS, found.groups(), strict=True)
        unit, number = next((unit, one) for unit, one in told if one is not None)
        self.numbers.setdefault(unit, set()).add(_number(number))
        return "|"

    def _road(self, found: re.Match[str]) -> str:
        name = found[1][-2:] + found[2]
        if len(found[1]) < 2 or name in _NO_NAME or name[-2:] in _NO_NAME or _NO_PART.search(name):
            return found[0]
        self.roads.add(name)
        return f"{found[1][:-2]}|"

    def _place(self, found: re.Match[str]) -> str:
        name = found[0]
        if _NO_PART.search(found[1]) or not _NO_PLACE.isdisjoint((name, name[1:], name[-2:])):
            return name
        self.places.add(name)
        return "|"


def folded(text: str) -> str:
    """Without differences of width and case."""
    return unicodedata.normalize("NFKC", text).casefold()


def forget() -> None:
    """Read the n-grams anew."""
    _weights.cache_clear()
    _kept_words.cache_clear()
    read.cache_clear()


def grams(text: str) -> set[str]:
    """The characters and pairs of neighbouring characters of a text that is folded already."""
    found: set[str] = set()
    for run in re.findall(r"[^\W\d_]+", text):
        found.update(run)
        found.update(run[at : at + 2] for at in range(len(run) - 1))
    return found


def _vector(found: Mapping[str, float]) -> dict[str, float]:
    length = sqrt(sum(one * one for one in found.values())) or 1.0
    return {gram: one / length for gram, one in found.items()}


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, tuple[float, float]]:
    """How much an n-gram tells of the matter, and of the setting: the rarer among reports, the more, and of
    the matter where reports of few categories have it (benchmarks/duplicates_fit.py)."""
    with GRAMS.open(encoding="utf-8") as handle:
        lines = (line.rstrip("\n").split("\t") for line in handle)
        return {gram: (float(matter), float(setting)) for gram, matter, setting in lines}


def _number(told: str) -> str:
    """三十二, 32 and 032 alike; a letter as it is."""
    if told.isascii():
        return told.lstrip("0") or told
    if "百" in told or "十" in told:
        value, digit = 0, 0
        for letter in told:
            if letter == "百":
                value, digit = value + (digit or 1) * 100, 0
            elif letter == "十":
                value, digit = value + (digit or 1) * 10, 0
            else:
                digit = _DIGITS[letter]
        return str(value + digit)
    return "".join(str(_DIGITS[letter]) for letter in told).lstrip("0") or "0"


def _shape(code: str) -> str:
    """What codes of one numbering have in common: the letters that they begin with."""
    return re.match(r"\D*", code)[0]  # type: ignore[index]
