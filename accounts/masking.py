"""What in somebody's words belongs to a person: one rule for search, for excerpts, for paper, and a stricter
one for what is sent to a machine that is not ours."""

import re
from collections.abc import Collection

# What stands between the groups of a number that is written in groups.
_GAP = r"[ \t\u3000.．·\-－‐-―()（）]{0,3}"
# Telephones with and without a prefix, identity cards, accounts; \d has full-width digits too.
_NUMBER = re.compile(
    rf"""
    (?P<kept>
        # a case's own number
        (?<!\d) 20[0-9]{{2}} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01]) - [0-9]{{6}} (?!\d)
        # a day
        | (?<!\d) (?:19|20)[0-9]{{2}} ([-./]) (?:0?[1-9]|1[0-2]) \2 (?:0?[1-9]|[12][0-9]|3[01]) (?!\d)
        # a door: building, staircase, room
        | (?<![\d-]) [0-9]{{1,2}} - [0-9]{{1,2}} - [0-9]{{3,4}} (?![\d-])
    )
    | \d (?:{_GAP}\d){{6,}} [xX]?
    """,
    re.VERBOSE,
)
_GAPS = re.compile(r"[^\dxX]")
_IDENTITY_LENGTH, _MOBILE_LENGTH = 18, 11


def holds_personal(text: str) -> bool:
    """Does it have a number that belongs to a person?"""
    return any(not hit["kept"] for hit in _NUMBER.finditer(text))


def without(text: str, instead: str) -> str:
    """`text` with `instead` in place of every such number."""
    return _NUMBER.sub(lambda hit: hit["kept"] or instead, text)


def starred(text: str) -> str:
    """`text` with the middle of every such number starred, so that who knows it knows it again:
    138****2207."""
    return _NUMBER.sub(lambda hit: hit["kept"] or _star(_GAPS.sub("", hit[0])), text)


def _star(number: str) -> str:
    if len(number) < _MOBILE_LENGTH:  # a land line: little of it must show
        return f"****{number[-2:]}"
    return f"{number[: 6 if len(number) == _IDENTITY_LENGTH else 3]}****{number[-4:]}"


_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·•.\s-]?[A-Z0-9]{5,6}(?![A-Z0-9])",
    re.I,
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_ACCOUNT = re.compile(r"(?:微信号?|QQ号?|VX|wechat)[::是\s]*[A-Za-z0-9_-]{5,}", re.I)
# A building, staircase and room in any of the ways that they are said.
_DOOR = re.compile(
    r"(?:[0-9A-Za-z一二三四五六七八九十]{1,4}(?:栋|幢|座|号楼|单元|梯)){0,3}[0-9A-Za-z一二三四五六七八九十零〇]{1,5}(?:室|房(?![东租屋产价子管])|户(?![外口型籍主]))"
    r"|(?<![\d-])[0-9]{1,2}-[0-9]{1,2}-[0-9]{3,4}(?![\d-])"
)
# Of two characters: a name with one of them has up to four.
_LONG_SURNAMES = "欧阳|上官|司马|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|司徒|端木|长孙|宇文|司空"
_NAMED = re.compile(
    r"(?P<before>姓名|名字(?:叫|是)|我叫|我是(?=[\u4e00-\u9fff]{2,3}[,，。,])|本人(?:叫|是)?(?=[\u4e00-\u9fff]{2,3}[,，])|联系人|户主|当事人|报警人|投诉人|举报人|名叫|叫做)"
    rf"(?P<gap>[::为是\s]*)(?P<name>(?:(?:{_LONG_SURNAMES})[\u4e00-\u9fff]{{2}}|[\u4e00-\u9fff]{{2,3}})(?=[,，。;；、\s(（]|$|电话|手机|身份证|住))"
)
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_TITLED = re.compile(
    rf"[{SURNAMES}](?:某某?|[\u4e00-\u9fff]{{0,2}}?)(?=先生|女士|小姐|太太|阿姨|大爷|奶奶|老师|医生|师傅|同学)"
)


def for_others(text: str, known: Collection[str] = ()) -> str:
    """`text` without what would tell a stranger who it is about: numbers, plates, accounts, doors, names.

    `known` are the reporter's own name, numbers and address, where they are known: they go wherever they
    stand. What is left still says what happened, and in which estate or road.
    """
    for word in sorted((word.strip() for word in known if len(word.strip()) > 1), key=len, reverse=True):
        text = text.replace(word, "[…]")
    text = _PLATE.sub("[车牌]", text)
    text = _MAIL.sub("[邮箱]", text)
    text = _ACCOUNT.sub("[账号]", text)
    text = _DOOR.sub("[门牌]", text)
    text = _NAMED.sub(lambda hit: f"{hit['before']}{hit['gap']}[姓名]", text)
    text = _TITLED.sub("[姓]", text)
    return _NUMBER.sub(lambda hit: hit["kept"] or "[号码]", text)
