"""Durations as Chinese sentences say them, and how they compare with a limit."""

import re
from dataclasses import dataclass

from dispatch.deadlines import Limit
from dispatch.numerals import DIGITS

_DIGITS = {**DIGITS, "半": 0.5}
_UNITS = {
    "分钟": 1 / 60,
    "小时": 1,
    "工作小时": 1,
    "天": 24,
    "日": 24,
    "自然日": 24,
    "周": 7 * 24,
    "星期": 7 * 24,
    "月": 30 * 24,
    "季度": 91 * 24,
    "年": 365 * 24,
}
_SAID = re.compile(
    r"(?<![每第当次年月0-9.．])"
    r"(?P<amount>[0-9]{1,3}(?:\.[0-9])?|[半一二两三四五六七八九十]{1,3})"
    r"个?(?P<unit>工作日|工作小时|自然日|分钟|小时|季度|星期|天|日|周|年|(?<=个)月)"
    r"(?P<within>之内|以内|内|前)?"
)
DAY, WORKING_DAY_HOURS = 24, 8


@dataclass(frozen=True, slots=True)
class Duration:
    """`said` is the text's own spelling. `within`: at most so long; otherwise that time has to pass."""

    said: str
    hours: float  # natural ones; of working days, 24 each
    working_days: float | None
    within: bool


def durations(text: str) -> list[Duration]:
    """Every length of time that the text names: 24小时, 3日, 5个工作日, 两周, 半小时内."""
    found = []
    for said in _SAID.finditer(text):
        amount = _number(said["amount"])
        days = amount if said["unit"] == "工作日" else None
        hours = amount * (DAY if days is not None else _UNITS[said["unit"]])
        found.append(Duration(said[0], hours, days, bool(said["within"])))
    return found


def _number(text: str) -> float:
    if text[0].isdigit():
        return float(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return float(sum(_DIGITS[digit] for digit in text))
    return 10.0 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)


def shortest_hours(limit: Limit) -> float:
    """The natural hours that the limit gives at least, whenever it begins, holidays aside.

    Five working days always hold a weekend; a limit in working hours may begin in the morning.
    """
    if limit.unit == "wd":
        return DAY * (limit.amount + 2 * (limit.amount // 5))
    hours = limit.amount / 60 if limit.unit in ("m", "wm") else float(limit.amount)
    if limit.is_working and hours >= WORKING_DAY_HOURS:
        return DAY * (hours // WORKING_DAY_HOURS)
    return hours


def falls_short(limit: Limit, asked: Duration, by_half: bool = False) -> bool:
    """May the limit end before the time that the text asks for (or half of it) has passed?"""
    share = 0.5 if by_half else 1.0
    if asked.working_days is not None and limit.unit == "wd":
        return limit.amount < asked.working_days * share
    return shortest_hours(limit) < asked.hours * share


def exceeds(limit: Limit, promised: Duration) -> bool:
    """Does the limit always end after the time within which the text wants it done?"""
    if promised.working_days is not None and limit.unit == "wd":
        return limit.amount > promised.working_days
    return shortest_hours(limit) > promised.hours
