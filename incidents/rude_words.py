"""Words of abuse in what somebody writes: covered before everybody may read it, kept for those who deal
with it. An angry resident has a matter all the same, so nothing is refused for its tone."""

import re
from typing import Final

# Longest first within each beginning: the whole insult is covered, not half of it.
_CHINESE: Final = (
    *(
        "操你妈",
        "草你妈",
        "艹你妈",
        "肏你妈",
        "日你妈",
        "干你娘",
        "他妈的",
        "他妈逼",
        "你妈逼",
        "你妈的",
        "去你妈的",
    ),
    *(
        "妈了个逼",
        "傻逼",
        "傻比",
        "煞笔",
        "沙比",
        "傻屌",
        "装逼",
        "狗日的",
        "狗娘养的",
        "王八蛋",
        "王八羔子",
        "混蛋",
    ),
    *(
        "畜生",
        "杂种",
        "婊子",
        "贱人",
        "死全家",
        "全家死光",
        "卧槽",
        "滚蛋",
        "狗屁",
        "放屁",
        "脑残",
        "吃屎",
        "去死吧",
    ),
    *("丢你老母", "扑街", "仆街", "冚家铲"),
)
_ENGLISH: Final = (
    "motherfucker",
    "fucking",
    "fucked",
    "fuck",
    "bullshit",
    "shit",
    "asshole",
    "bastard",
    "bitch",
    "cunt",
)
# Between the characters of an insult people put blanks, dots and stars.
_GAP: Final = r"[\s.·*_\-]{0,2}"
_RUDE: Final = re.compile(
    "|".join(
        [
            *(_GAP.join(map(re.escape, word)) for word in sorted(_CHINESE, key=len, reverse=True)),
            *(rf"\b{word}\b" for word in _ENGLISH),
            r"(?<![a-z0-9])(?:cnm|nmsl|tmd|sb|mlgb)(?![a-z0-9])",
            # not the mother of "我妈的", not the handling of "我操作"
            r"(?:(?<=[\s,，.。!！?？])|^)妈的",
            r"我操(?!作|心|办|持|场|纵)",
        ]
    ),
    re.IGNORECASE,
)
_LETTER: Final = re.compile(r"[^\W_]")


def covered(text: str) -> str:
    """`text` with a star for each letter of an insult."""
    return _RUDE.sub(lambda hit: _LETTER.sub("*", hit[0]), text)


def is_rude(text: str) -> bool:
    """Does it have a word that is covered?"""
    return _RUDE.search(text) is not None


def says_something(text: str) -> bool:
    """Is anything told beside abuse and signs: two different letters of what happened?"""
    told = _RUDE.sub(" ", text)
    return len({letter.casefold() for letter in _LETTER.findall(told) if not letter.isdecimal()}) > 1
