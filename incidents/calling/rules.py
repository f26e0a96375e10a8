"""The rules of calling back: who goes first, at which hours, and when it has been tried often enough.

Kept as a table in code, so that a change of it is a change that somebody reviewed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from dispatch.vocabulary import Urgency
from incidents.models import Incident, PhoneCall
from incidents.numbers import DISTRICT_ZONE, district_hour

# Whoever rates through the link in the message need not be called: they are given this long.
FIRST_AFTER = timedelta(hours=2)
# Between two attempts, whatever the hour.
APART = timedelta(hours=2)
# How many attempts are enough, at as many different hours.
ATTEMPTS = 3
# Nobody is called for ever because they keep putting it off.
ATTEMPTS_MOST = 6
# What somebody may ask for: to be called again within a week.
LATEST_AGAIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day in which people are called; hours of the district's clock."""

    name: Any
    start: int
    end: int


# Nobody is called at night, over lunch or at dinner. Three parts, for three attempts.
PARTS = (
    Part(_("Morning"), 9, 12),
    Part(_("Afternoon"), 14, 18),
    Part(_("Evening"), 19, 21),
)


@dataclass(frozen=True, slots=True)
class Rank:
    """Why somebody is called before others; lower numbers first."""

    number: int
    name: Any
    why: Any
    applies: Any


RANKS = (
    Rank(
        0,
        _("Rework"),
        _("It was not right the first time: whether it is now matters most."),
        lambda case: case.rework_count > 0,
    ),
    Rank(
        1,
        _("Urged"),
        _("It took a chaser or an order to act: the reporter has waited."),
        lambda case: case.chased_count > 0 or case.supervision_count > 0,
    ),
    Rank(
        2,
        _("Urgent"),
        _("Danger was near: what was not made safe must be known soon."),
        lambda case: case.urgency != Urgency.ROUTINE,
    ),
    Rank(3, _("Ordinary"), _("In the order in which they were closed."), lambda case: True),
)


def rank_of(incident: Incident) -> Rank:
    """The first rank whose reason applies to the case."""
    return next(rank for rank in RANKS if rank.applies(incident))


def first_at(closed_at: datetime) -> datetime:
    """When a reporter may be called for the first time after a closing."""
    return earliest_from(closed_at + FIRST_AFTER)


def earliest_from(at: datetime) -> datetime:
    """The first instant from `at` on at which people are called."""
    return _next_open(at, ())


def counted(calls: Sequence[PhoneCall]) -> list[PhoneCall]:
    """Those of these attempts (oldest first) that count: made at the reporter's own wish, or in a part of the
    day in which people are called; and APART from the one counted before. Else the telephone could be rung
    three times around one full hour of the night, and nobody would ever be asked."""
    found: list[PhoneCall] = []
    wish: datetime | None = None
    for call in calls:
        is_wished = wish is not None and call.called_at >= wish
        is_apart = not found or call.called_at >= found[-1].called_at + APART
        if is_apart and (is_wished or part_of(call.called_at) is not None):
            found.append(call)
        wish = call.again_at
    return found


def is_done(calls: Sequence[PhoneCall]) -> bool:
    """Somebody was reached, the number is a stranger's, or three attempts that count were made, at different
    hours of the day. Whoever asked to be called later is called, unless they keep putting it off."""
    if any(call.reached or call.result == PhoneCall.Result.WRONG for call in calls):
        return True
    if calls and calls[-1].result == PhoneCall.Result.LATER and len(calls) < ATTEMPTS_MOST:
        return False
    tried = counted(calls)
    hours = {district_hour(call.called_at) for call in tried}
    return len(tried) >= ATTEMPTS and len(hours) >= ATTEMPTS


def next_at(calls: Sequence[PhoneCall]) -> datetime:
    """When to try again after these attempts (oldest first, at least one): as the reporter wished, or in a
    part of the day in which it was not tried yet, or else at an hour at which it was not."""
    last = calls[-1]
    if last.again_at is not None:
        return last.again_at
    return _next_open(last.called_at + APART, [call.called_at for call in counted(calls)])


def may_be_wished(at: datetime) -> bool:
    """Is this an hour at which somebody may ask to be called? From the first part of a day to the end of its
    last one: over lunch, too, where they say so, but not at night."""
    return PARTS[0].start <= district_hour(at) < PARTS[-1].end


def part_of(at: datetime) -> Part | None:
    """The part of the day that `at` falls in; None where nobody is called."""
    hour = district_hour(at)
    return next((part for part in PARTS if part.start <= hour < part.end), None)


def closed_since(at: datetime) -> datetime | None:
    """Since when nobody is called, at `at`; None in a part of the day in which people are.

    Whoever becomes due after that has asked for this hour: by rule it is never later than the end of a part.
    """
    if part_of(at) is not None:
        return None
    local = at.astimezone(DISTRICT_ZONE)
    ends = (
        datetime.combine(local.date() - timedelta(days=days), time(part.end), DISTRICT_ZONE)
        for days in (0, 1)
        for part in PARTS
    )
    return max(end for end in ends if end <= local).astimezone(at.tzinfo)


def _next_open(at: datetime, tried: Sequence[datetime]) -> datetime:
    parts = {part for moment in tried if (part := part_of(moment)) is not None}
    open_parts = [part for part in PARTS if part not in parts]
    if open_parts:
        return _earliest(at, [(part.start, part.end) for part in open_parts])
    hours = {district_hour(moment) for moment in tried}
    fresh = [(hour, hour + 1) for part in PARTS for hour in range(part.start, part.end) if hour not in hours]
    return _earliest(at, fresh or [(part.start, part.end) for part in PARTS])


def _earliest(at: datetime, spans: Sequence[tuple[int, int]]) -> datetime:
    local = at.astimezone(DISTRICT_ZONE)
    for days in (0, 1):
        day = local.date() + timedelta(days=days)
        for start, end in spans:
            opening = datetime.combine(day, time(start), DISTRICT_ZONE)
            closing = datetime.combine(day, time(end), DISTRICT_ZONE)
            if at < closing:
                return max(at, opening.astimezone(at.tzinfo))
    raise AssertionError("a day without hours")  # pragma: no cover
