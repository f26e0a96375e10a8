"""Instants as sheets have them: texts in the usual spellings, and Excel's own numbers. Beijing time."""

import re
import unicodedata
from datetime import UTC, datetime, time, timedelta
from typing import Final

from dispatch.numerals import DIGITS
from incidents.api.fields import EARLIEST
from incidents.numbers import DISTRICT_ZONE

_EPOCH: Final = datetime(1899, 12, 30, tzinfo=DISTRICT_ZONE)
# Excel's numbers of days between 2000 and 2100.
_SERIAL = re.compile(r"(3[6-9]|[4-6][0-9]|7[0-2])[0-9]{3}(\.[0-9]+)?")
_COMPACT = re.compile(
    r"(20[0-9]{2})([01][0-9])([0-3][0-9])(?:[ t]?([0-2][0-9]):?([0-5][0-9]):?([0-5][0-9])?)?"
)
_DAY = r"(?P<year>20[0-9]{2})[-/.年](?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})[日号]?"
_CLOCK = (
    r"(?P<hour>[0-2]?[0-9])"
    r"(?:[:时点](?P<minute>[0-5]?[0-9])?(?:[:分](?P<second>[0-5]?[0-9])?(?:\.[0-9]+)?秒?)?)"
)
_WEEKDAY = r"(?:\(?(?:星期|周|礼拜)[一二三四五六日天]\)?)?"
_HALF = r"(?P<half>上午|下午|凌晨|早上|中午|晚上|傍晚|am|pm)?"
_OFFSET = r"(?P<after>am|pm)?[ ]*(?P<offset>z|[+-][0-9]{2}:?[0-9]{2})?"
_PLAIN = re.compile(rf"{_DAY}(?:[ t,]*{_WEEKDAY}[ t,]*{_HALF}[ ]*{_CLOCK}[ ]*{_OFFSET})?")
_WESTERN = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{2}|20[0-9]{2})([ t].*)?")
_YEARLESS = re.compile(r"[0-9]{1,2}[-/.月][0-9]{1,2}[日号]?(?:[ t].*)?")
_CHINESE = re.compile(
    r"[〇零一二三四五六七八九]{4}年[正一二三四五六七八九十]{1,2}月[一二三四五六七八九十廿]{1,4}[日号]?"
)
_TENS = re.compile(r"([二三]?)十([一二三四五六七八九]?)")
_AFTERNOON: Final = frozenset({"下午", "晚上", "傍晚", "pm"})
_END_OF_DAY: Final = time(23, 59, 59)


class TimeError(ValueError):
    """A cell that says no instant: `code` names the rule."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_time(text: str, *, to_the_end: bool = False) -> datetime:
    """The instant, in UTC. A day alone is its beginning, or with `to_the_end` its last second.

    Raises TimeError: what may be read in two ways (3/4/2026) is not guessed.
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    local, has_time = _read(plain)
    if not has_time and to_the_end:
        local = datetime.combine(local.date(), _END_OF_DAY, DISTRICT_ZONE)
    at = local.astimezone(UTC)
    if at < EARLIEST:
        raise TimeError("too_early")
    return at


def _read(plain: str) -> tuple[datetime, bool]:
    if _SERIAL.fullmatch(plain):
        days = float(plain)
        # Excel keeps seconds as fractions of a day, which are a little off.
        return _EPOCH + timedelta(seconds=round(days * 86_400)), not days.is_integer()
    if _CHINESE.match(plain):
        plain = _in_digits(plain)
    if found := _COMPACT.fullmatch(plain):
        return _made(*(int(one or 0) for one in found.groups())), found[4] is not None
    if found := _PLAIN.fullmatch(plain):
        return _of_parts(found), found["hour"] is not None
    if found := _WESTERN.fullmatch(plain):
        return _read(_year_first(found))
    if _YEARLESS.fullmatch(plain):
        raise TimeError("no_year")
    raise TimeError("not_a_time")


def _year_first(found: re.Match[str]) -> str:
    """11/23/2026 → 2026-11-23: there is no 23rd month, and 5/5 is the same day either way."""
    one, other, year, rest = int(found[1]), int(found[2]), found[3], found[4] or ""
    if len(year) < 4 or (one != other and (one <= 12) == (other <= 12)):
        raise TimeError("which_day")
    month, day = (one, other) if one <= 12 else (other, one)
    return f"{year}-{month}-{day}{rest}"


def _of_parts(found: re.Match[str]) -> datetime:
    told = {name: int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")}
    half = found["half"] or found["after"] or ""
    if told["hour"] < (12 if half in _AFTERNOON else 3 if half == "中午" else 0):
        told["hour"] += 12
    elif half in ("凌晨", "am") and told["hour"] == 12:
        told["hour"] = 0
    at = _made(*told.values())
    if offset := found["offset"]:
        try:
            return datetime.fromisoformat(f"{at:%Y-%m-%dT%H:%M:%S}{'+00:00' if offset == 'z' else offset}")
        except ValueError:  # a day and more from Greenwich
            raise TimeError("not_a_time") from None
    return at


def _made(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    # Midnight at the end of a day, as some systems write it.
    after = 1 if (hour, minute, second) == (24, 0, 0) else 0
    try:
        at = datetime(year, month, day, 0 if after else hour, minute, second, tzinfo=DISTRICT_ZONE)
        return at + timedelta(days=after)
    except ValueError:
        raise TimeError("no_such_day") from None


def _in_digits(plain: str) -> str:
    """二〇二六年七月十四日 → 2026年7月14日."""
    plain = plain.replace("正月", "1月").replace("廿", "二十")
    plain = _TENS.sub(
        lambda ten: str((DIGITS[ten[1]] if ten[1] else 1) * 10 + (DIGITS[ten[2]] if ten[2] else 0)), plain
    )
    return "".join(str(DIGITS[sign]) if sign in DIGITS else sign for sign in plain)
