"""The weeks and months that briefs are about, and when each is due, in the district's own days."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from dashboards.models import BriefKind
from dashboards.reading import Span
from incidents.numbers import DISTRICT_ZONE, district_day

# 周一早上八点, 每月一日早上八点: the morning after the last day.
DUE_TIME: Final = time(8)
# How many steps of a kind the line of a brief shows, the brief's own with it.
STEPS: Final = 12
_DAY: Final = timedelta(days=1)


def span_of(kind: str, day: date) -> Span:
    """The week (Monday to Sunday) or the month that `day` lies in."""
    if kind == BriefKind.WEEK:
        first = day - timedelta(days=day.weekday())
        return Span(first, first + timedelta(days=6))
    return Span(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def before(kind: str, span: Span) -> Span:
    """The one before."""
    return span_of(kind, span.first - _DAY)


def due_at(span: Span) -> datetime:
    """The instant at which the brief of these days is made."""
    return datetime.combine(span.last + _DAY, DUE_TIME, DISTRICT_ZONE).astimezone(UTC)


def latest(kind: str, at: datetime) -> Span:
    """The last week or month whose brief is due at `at`."""
    span = before(kind, span_of(kind, district_day(at)))
    return span if due_at(span) <= at else before(kind, span)


def back_from(kind: str, span: Span, count: int) -> Iterator[Span]:
    """`count` weeks or months that end with this one, the newest first."""
    for _step in range(count):
        yield span
        span = before(kind, span)


def whole_line(kind: str, span: Span) -> Span:
    """The days of the line that ends with `span`."""
    *_newer, oldest = back_from(kind, span, STEPS)
    return Span(oldest.first, span.last)
