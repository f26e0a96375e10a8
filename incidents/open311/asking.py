"""What a request asks, read and bounded: lists, instants, numbers, places. Empty is the same as not given."""

import math
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from incidents.numbers import DISTRICT_ZONE
from incidents.open311.errors import Refused
from incidents.public import CasesQuestion
from incidents.public.open_facts import PAGE_MOST

SPAN: Final = timedelta(days=90)
NUMBERS_MOST: Final = 1_000
CODES_MOST: Final = 200
WORDS_MOST: Final = 100
PAGES_MOST: Final = 10_000
METRES: Final = 1_000.0
METRES_MOST: Final = 50_000.0
_TRUE: Final = frozenset({"true", "1", "yes"})
_STATUSES: Final[Mapping[str, bool]] = {"open": True, "closed": False}


def read_cases(asked: QueryDict, *, services: Callable[[], Collection[str]], at: datetime) -> CasesQuestion:
    """The question that the parameters of GET requests ask; raises Refused. `services` answers with the codes
    that there are, and is asked where one is told."""
    page = _whole(asked, "page", 1, PAGES_MOST) or 1
    size = _whole(asked, "page_size", 1, PAGE_MOST) or PAGE_MOST
    numbers = _listed(asked, "service_request_id", NUMBERS_MOST)
    if numbers:  # "overrides all other arguments"
        return CasesQuestion(numbers=numbers, page=page, page_size=size)
    since, until = _span(asked, at)
    near, metres = _circle(asked)
    words = _one(asked, "q")
    if len(words) > WORDS_MOST:
        raise Refused(400, _("q: at most %(max)d characters.") % {"max": WORDS_MOST})
    return CasesQuestion(
        categories=_services(asked, services),
        is_open=_status(asked),
        since=since,
        until=until,
        updated_since=_instant(asked, "updated_after"),
        updated_until=_instant(asked, "updated_before"),
        words=words,
        near=near,
        metres=metres,
        page=page,
        page_size=size,
    )


def wants_extensions(asked: QueryDict) -> bool:
    return _one(asked, "extensions").lower() in _TRUE


def _one(asked: QueryDict, name: str) -> str:
    value = (asked.get(name) or "").strip()
    if "\x00" in value:
        raise Refused(400, _("%(name)s: NUL characters are not text.") % {"name": name})
    return value


def _listed(asked: QueryDict, name: str, most: int) -> tuple[str, ...]:
    """Values with commas between, or the parameter several times."""
    values = [part.strip() for told in asked.getlist(name) for part in told.split(",")]
    found = tuple(dict.fromkeys(value for value in values if value))
    if len(found) > most:
        raise Refused(400, _("%(name)s: at most %(max)d values.") % {"name": name, "max": most})
    if any("\x00" in value for value in found):
        raise Refused(400, _("%(name)s: NUL characters are not text.") % {"name": name})
    return found


def _services(asked: QueryDict, services: Callable[[], Collection[str]]) -> tuple[str, ...]:
    told = _listed(asked, "service_code", CODES_MOST)
    known = services() if told else ()
    unknown = [code for code in told if code not in known]
    if unknown:
        raise Refused(
            400,
            _("service_code: there is no service %(codes)s; GET services lists them.")
            % {"codes": ", ".join(code[:20] for code in unknown[:5])},
        )
    return told


def _status(asked: QueryDict) -> bool | None:
    told = {value.lower() for value in _listed(asked, "status", 8)}
    if told - _STATUSES.keys():
        raise Refused(400, _("status: open, closed, or both."))
    return _STATUSES[told.pop()] if len(told) == 1 else None


def _span(asked: QueryDict, at: datetime) -> tuple[datetime, datetime | None]:
    """From when to when; ninety days where only one end is told, the last ninety where none is."""
    since, until = _instant(asked, "start_date"), _instant(asked, "end_date", is_end=True)
    if since is None:
        return (until or at) - SPAN, until
    if until is None:
        return since, since + SPAN
    if until < since:
        raise Refused(400, _("end_date lies before start_date."))
    # A day more: both ends of a range of days are whole days.
    if until - since > SPAN + timedelta(days=1):
        raise Refused(400, _("start_date and end_date may span at most %(days)d days.") % {"days": SPAN.days})
    return since, until


def _instant(asked: QueryDict, name: str, *, is_end: bool = False) -> datetime | None:
    value = _one(asked, name)
    if not value:
        return None
    # An unescaped plus arrives as a blank.
    found = instant(value.replace(" ", "+"), is_end=is_end)
    if found is None:
        raise Refused(
            400,
            _("%(name)s: an instant with its offset, like 2026-07-01T00:00:00+08:00, or a day.")
            % {"name": name},
        )
    return found


def instant(value: str, *, is_end: bool = False) -> datetime | None:
    """An instant with its offset, or a whole day of the district; None for anything else."""
    try:
        day = parse_date(value)
        if isinstance(day, date):
            return datetime.combine(day, time.max if is_end else time.min, DISTRICT_ZONE)
        found = parse_datetime(value)
        return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _whole(asked: QueryDict, name: str, least: int, most: int) -> int | None:
    value = _one(asked, name)
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most):
        raise Refused(
            400,
            _("%(name)s: a whole number from %(least)d to %(most)d.")
            % {"name": name, "least": least, "most": most},
        )
    return int(value)


def degrees(value: str, name: str, most: float) -> float:
    """Degrees of latitude or longitude; raises Refused."""
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not abs(found) <= most:  # not a number is not at most anything
        raise Refused(
            400, _("%(name)s: degrees between -%(most)d and %(most)d.") % {"name": name, "most": most}
        )
    return found


def point(asked: QueryDict) -> tuple[float, float] | None:
    """Longitude and latitude (WGS-84), both or neither; raises Refused."""
    lat, lon = _one(asked, "lat"), _one(asked, "long")
    if bool(lat) != bool(lon):
        raise Refused(400, _("lat and long belong together: both are needed."))
    return (degrees(lon, "long", 180), degrees(lat, "lat", 90)) if lat else None


def _circle(asked: QueryDict) -> tuple[tuple[float, float] | None, float]:
    near = point(asked)
    told = _one(asked, "radius")
    if not told:
        return near, METRES
    if near is None:
        raise Refused(400, _("radius needs lat and long."))
    try:
        metres = float(told)
    except ValueError:
        metres = math.nan
    if not 0 < metres <= METRES_MOST:
        raise Refused(400, _("radius: metres, at most %(most)d.") % {"most": METRES_MOST})
    return near, metres
