"""Limits that cannot be meant: against the item's own words, its urgency, and its siblings."""

from collections.abc import Iterator, Sequence
from statistics import median

from dispatch.deadlines import Limit
from dispatch.items import Item
from dispatch.lint.durations import DAY, durations, exceeds, falls_short, shortest_hours
from dispatch.lint.findings import TOLD, Finding
from dispatch.vocabulary import Urgency

# Times longer or shorter than the category's middle from which a limit is told, and for how many
# siblings of one urgency there is a middle at all.
UNUSUAL, ENOUGH = 10.0, 4
# Limits that no matter of this urgency has, in natural hours; beyond them somebody slipped.
LONGEST = {Urgency.EMERGENCY: 3 * DAY, Urgency.URGENT: 15 * DAY, Urgency.ROUTINE: 130 * DAY}
# Minutes by which matters of this urgency are sent out (the field's own published figures).
DISPATCH = {Urgency.EMERGENCY: 30, Urgency.URGENT: 30, Urgency.ROUTINE: 120}


def limit_findings(items: Sequence[Item]) -> Iterator[Finding]:
    """Each item by itself, then each beside its siblings of the same urgency."""
    peers: dict[tuple[str, str], list[tuple[Item, float]]] = {}
    for item in items:
        limit = Limit.parse(item.handle_limit)
        yield from _own(item, limit)
        yield from _against_words(item, limit)
        peers.setdefault((item.category, item.urgency), []).append((item, shortest_hours(limit)))
    for siblings in peers.values():
        if len(siblings) > ENOUGH:
            yield from _unusual(siblings)


def _own(item: Item, limit: Limit) -> Iterator[Finding]:
    urgency = Urgency(item.urgency)
    if _minutes(limit) <= item.accept_minutes:
        yield _finding(
            "limit_before_acceptance", item, accept_minutes=item.accept_minutes, urgency=item.urgency
        )
    if urgency == Urgency.EMERGENCY and limit.is_working:
        yield _finding("limit_rests", item)
    if shortest_hours(limit) > LONGEST[urgency]:
        yield _finding("limit_too_long", item, urgency=item.urgency)
    if item.dispatch_minutes > DISPATCH[urgency]:
        told = {"urgency": item.urgency, "minutes": item.dispatch_minutes, "usual": DISPATCH[urgency]}
        yield _finding("limit_slow_dispatch", item, **told)


def _against_words(item: Item, limit: Limit) -> Iterator[Finding]:
    """The limit beside the durations in the closing condition."""
    said = durations(item.closing_condition_zh)
    # "Within 15 days" leaves a limit of 14 in order; one of a day contradicts it all the same.
    short = [duration for duration in said if falls_short(limit, duration, duration.within)]
    if short:
        longest = max(short, key=lambda duration: duration.hours)
        yield _finding("limit_short", item, said=longest.said)
        return
    # Minutes and hours in a condition are steps on the way, such as fencing something off at once.
    late = [duration for duration in said if duration.within and duration.hours >= DAY]
    late = [duration for duration in late if exceeds(limit, duration)]
    if late:
        yield _finding("limit_past_promise", item, said=late[0].said)


def _unusual(siblings: list[tuple[Item, float]]) -> Iterator[Finding]:
    """Limits many times longer or shorter than the middle one of the category's same urgency, together."""
    middle = median(hours for _item, hours in siblings)
    usual = min(siblings, key=lambda one: (abs(one[1] - middle), one[0].code))[0]
    odd = [item for item, hours in siblings if max(hours, middle) / min(hours, middle) >= UNUSUAL]
    if odd:
        told = {
            "limits": [item.handle_limit for item in odd[:TOLD]],
            "usual": usual.handle_limit,
            "urgency": usual.urgency,
        }
        yield Finding("limit_unusual", tuple(item.code for item in odd), usual.category, told)


def _minutes(limit: Limit) -> int:
    """In the limit's own time: a working day has eight hours."""
    return limit.amount * {"m": 1, "wm": 1, "h": 60, "wh": 60, "wd": 8 * 60}[limit.unit]


def _finding(code: str, item: Item, **params: object) -> Finding:
    return Finding(code, (item.code,), item.category, {"limit": item.handle_limit, **params})
