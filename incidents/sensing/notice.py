"""One message about one alert, as it was read from whatever wire it came over."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.utils.dateparse import parse_datetime

KEY_MAX = 160
LABELS_MAX = 64
# A sender's clock may run ahead by so much and be believed.
_AHEAD = timedelta(minutes=1)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


class Malformed(ValueError):
    """A message that cannot be read. `code` is stable, and has words (`problem_words`); the field is where
    it is, empty for all of it; the detail is English, for a log."""

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.field = field


@dataclass(frozen=True, slots=True)
class Notice:
    """It burns, or it does so no more."""

    channel: str
    key: str  # what makes it the same alert: a fingerprint, or device and kind
    is_firing: bool
    at: datetime  # when it was said
    kind: str
    device: str = ""
    severity: str = ""
    started_at: datetime | None = None  # when it began; empty where the wire does not say
    ended_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    value: str = ""
    lon: float | None = None
    lat: float | None = None
    crs: str = "WGS-84"
    url: str = ""
    picture: str = ""
    # An event's own id within its origin: the same twice is one event.
    origin: str = ""
    message_id: str = ""

    def bounded(self, at: datetime) -> "Notice":
        """As it is believed where it came at `at`: nothing lies in the future.

        A beginning that does names none: what burns until a day to come is deaf to every word before.
        """
        start, ended = self.started_at, self.ended_at
        if self.at <= at and (start is None or start <= at + _AHEAD) and (ended is None or ended <= at):
            return self
        return replace(
            self,
            at=min(self.at, at),
            started_at=None if start is not None and start > at + _AHEAD else start,
            ended_at=min(ended, at) if ended else None,
        )


def bounded_key(*parts: str) -> str:
    """The parts as one key; a long one keeps its beginning and a digest."""
    whole = "|".join(parts)
    if len(whole) <= KEY_MAX:
        return whole
    return f"{whole[:95]}~{sha256(whole.encode()).hexdigest()}"


def plain(value: Any, *, most: int) -> str:
    """Text of one line, bounded; a number or a truth as JSON has it. Anything else is left out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        value = repr(value) if isinstance(value, int) or math.isfinite(value) else ""
    if not isinstance(value, str):
        return ""
    return _CONTROL.sub(" ", value).strip()[:most]


def texts(value: Any, *, where: str, most: int = 500) -> dict[str, str]:
    """Labels or annotations: names and one-line texts, at most so many. Raises Malformed."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("not_an_object", f"{where} is not an object", where)
    if len(value) > LABELS_MAX:
        raise Malformed("too_many", f"{where} has more than {LABELS_MAX} entries", where)
    return {
        plain(name, most=80): plain(one, most=most) for name, one in value.items() if plain(name, most=80)
    }


def instant(value: Any, *, where: str) -> datetime | None:
    """RFC 3339 with its offset; None where it is missing or Go's zero time. Raises Malformed."""
    if value in (None, ""):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Seconds, or milliseconds, since 1970: what small devices send.
        seconds = value / 1000 if abs(value) > 10_000_000_000 else value
        try:
            found = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise Malformed("bad_time", f"{where} is no time", where) from error
    else:
        found = _read_instant(value, where)
    return None if found < _EARLIEST else found.astimezone(UTC)


def _read_instant(value: Any, where: str) -> datetime:
    if not isinstance(value, str) or len(value) > 40:
        raise Malformed("bad_time", f"{where} is no time", where)
    # Go writes nanoseconds; six digits are what is kept.
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.strip())
    try:
        found = parse_datetime(text)
    except ValueError as error:
        raise Malformed("bad_time", f"{where} is no time: {text[:40]}", where) from error
    if found is None:
        raise Malformed("bad_time", f"{where} is no time: {text[:40]}", where)
    if found.tzinfo is None:
        raise Malformed("bad_time", f"{where} has no offset: {text[:40]}", where)
    return found


def degrees(value: Any, *, where: str, most: float) -> float | None:
    """Degrees as a number or its text. Raises Malformed."""
    if value in (None, ""):
        return None
    try:
        found = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError) as error:
        raise Malformed("bad_place", f"{where} is no number of degrees", where) from error
    if not math.isfinite(found) or abs(found) > most:
        raise Malformed("bad_place", f"{where} is out of range", where)
    return found


def web_address(value: Any) -> str:
    """An http(s) address, to be shown and followed by people; anything else is left out."""
    text = plain(value, most=500)
    return text if re.match(r"https?://[^\s]+\Z", text) else ""
