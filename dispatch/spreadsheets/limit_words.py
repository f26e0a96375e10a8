"""Limits as people write them in spreadsheets: `2紧急工作时`, `4小时`, `5天`, `3个工作日`, `半小时`, `4wh`.

The national standard for city management (GB/T 30428) knows three: 紧急工作时 is an hour of the
round-the-clock clock, 工作时 an hour of office time, 工作日 a working day. Plain 天 and 日 are natural
days unless the reader says otherwise. What is no amount of time (立即, 当日, 3-5天) is refused, never
guessed.
"""

import re
import unicodedata
from fractions import Fraction

from django.utils.translation import gettext as _

from dispatch.deadlines import Limit
from dispatch.numerals import DIGITS

_SCALES = {"十": 10, "百": 100, "千": 1000}
_VAGUE = (
    "即时",
    "立即",
    "即刻",
    "马上",
    "当场",
    "随时",
    "及时",
    "尽快",
    "当日",
    "当天",
    "同日",
    "次日",
    "即办",
    "即日",
)

# What a unit's word means: how many of which of our units it is worth.
_UNITS: dict[str, tuple[Fraction, str]] = {
    word: (Fraction(factor), unit)
    for words, factor, unit in (
        ("紧急工作时 紧急工作小时 紧急小时 小时 钟头 时 h hour hours hr hrs", 1, "h"),
        ("工作小时 工作时 工时 wh", 1, "wh"),
        ("工作日 工作天 wd", 1, "wd"),
        ("天 日 自然日 自然天 日历日 日历天 d day days", 24, "day"),
        ("周 星期 礼拜", 7 * 24, "day"),
        ("分钟 分 m min mins minute minutes", 1, "m"),
        ("工作分钟 wm", 1, "wm"),
    )
    for word in words.split()
}
_AMOUNT = r"[0-9]+(?:\.[0-9]+)?|[零〇一二两三四五六七八九十百千]+|半"
_WORDS = "|".join(sorted(_UNITS, key=len, reverse=True))
_LIMIT = re.compile(
    r"(?:不超过|不得超过|限时|时限|限|在|≤|<=|<)*"
    rf"(?P<amount>{_AMOUNT})(?:个)?(?P<half>半)?(?P<unit>{_WORDS})?(?P<late>半)?"
    r"(?:以内|之内|内)?(?:完成|办结|办理|处置|处理|签收|分拨)?(?:完毕)?"
)
_RANGE = re.compile(rf"(?:{_AMOUNT})(?:个)?[^0-9-~至到]*[-~—–至到]+(?:{_AMOUNT}).*")
_LONGEST = 40  # of what can be an amount of time
_SMALLER = {"h": "m", "wh": "wm"}


class LimitWordError(ValueError):
    """Why a word is no limit: `code` names the rule, str() tells the reader what to write instead."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def read_limit(text: str, *, unit: str = "", days_are_working: bool = False) -> str:
    """The limit in our spelling (`4wh`); `unit` is the word that the column's heading gives bare numbers.

    Raises LimitWordError.
    """
    amount, found = _parse(text, unit, days_are_working)
    while amount.denominator != 1 and found in _SMALLER:
        amount, found = amount * 60, _SMALLER[found]
    if amount.denominator != 1:
        raise LimitWordError(
            "fraction", _("“%(word)s” is not a whole number: say it in hours.") % {"word": text}
        )
    if not 0 < amount < 100_000:
        raise LimitWordError("amount", _("“%(word)s” is no limit that can be kept.") % {"word": text})
    return str(Limit(int(amount), found))


def read_minutes(text: str, *, unit: str = "") -> int:
    """A dispatch or acceptance limit in minutes; a bare number is minutes. Raises LimitWordError."""
    amount, found = _parse(text, unit or "分钟", False)
    if found == "wd":
        raise LimitWordError(
            "minutes_days",
            _("“%(word)s” in working days: say how many minutes or hours of work.") % {"word": text},
        )
    minutes = amount if found in ("m", "wm") else amount * 60
    if minutes.denominator != 1 or minutes <= 0:
        raise LimitWordError("minutes", _("“%(word)s” is not a whole number of minutes.") % {"word": text})
    return int(minutes)


def unit_hint(heading: str) -> str:
    """The unit's word that a column's heading names: 处置时限（工作日） → 工作日; "" where it names none."""
    plain = unicodedata.normalize("NFKC", heading).casefold()
    for inside in re.findall(r"\(([^()]*)\)", plain):
        word = re.sub(r"单位|[:\s个]", "", inside)
        if word in _UNITS:
            return word
    return ""


def _parse(text: str, unit: str, days_are_working: bool) -> tuple[Fraction, str]:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text[:_LONGEST])).casefold().rstrip("。.;,")
    told = {"word": text[:_LONGEST]}
    if any(plain.startswith(word) for word in _VAGUE):
        message = _("“%(word)s” is no amount of time: write how long, such as 1小时 or 2紧急工作时.")
        raise LimitWordError("vague", message % told)
    if _RANGE.fullmatch(plain):
        raise LimitWordError("range", _("“%(word)s” names two limits: write the longer one.") % told)
    found = _LIMIT.fullmatch(plain)
    if not found:
        message = _("“%(word)s” is not understood as a limit: write it like 4小时, 8工作时 or 5个工作日.")
        raise LimitWordError("limit", message % told)
    word = found["unit"] or unit
    if not word:
        message = _("“%(word)s” has no unit: hours (小时), working hours (工作时) or working days (工作日)?")
        raise LimitWordError("no_unit", message % told)
    amount = _number(found["amount"])
    if found["half"] or found["late"]:
        amount += Fraction(1, 2)
    factor, code = _UNITS[word]
    if code == "day":
        if not days_are_working:
            return amount * factor, "h"
        return amount * (5 if factor > 24 else 1), "wd"
    return amount * factor, code


def _number(word: str) -> Fraction:
    if word == "半":
        return Fraction(1, 2)
    if word[0].isdigit():
        return Fraction(word)
    total = digit = 0
    for sign in word:
        if sign in _SCALES:
            total += (digit or 1) * _SCALES[sign]
            digit = 0
        else:
            digit = digit * 10 + DIGITS[sign]
    return Fraction(total + digit)
