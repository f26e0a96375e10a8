"""What a year came to, measured alike for both ways: durations, their parts, and how they are spread."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from config.simulation.year.demand import Span
from config.simulation.year.people import quantile, share_within
from config.simulation.year.work import Case, State
from incidents.models import Outcome

HOURS: Final = (0.0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24, 36, 48, 72)
DAYS: Final = (0.0, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 14, 21, 28, 35, 42, 60)
# The parts of a duration, and the states that they are made of; all else of dispatch is the way back from
# wrong units, all else of handling is none.
DISPATCH_PARTS: Final = ("sorting", "sorted", "forwarded", "returns")
HANDLING_PARTS: Final = ("unread", "line", "aside", "work", "help", "outside", "rework")
_SORTING = frozenset({State.SORTING, State.SORTED, State.FORWARDED})
# Student's t for a 95 % interval, by degrees of freedom.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True, slots=True)
class Measured:
    """One case: when it came in, was sent to the unit that did it, and was done; seconds are exact."""

    case: Case
    sent_at: datetime
    done_at: datetime | None


def by_its_people(cases: Iterable[Case], lived: Span) -> list[Measured]:
    """The old way kept no facts but these."""
    return [
        Measured(case, case.sent_at, case.done_at)
        for case in cases
        if case.sent_at is not None and lived.measures(case.matter.at)
    ]


def by_the_facts(cases: Iterable[Case], lived: Span) -> list[Measured]:
    """By the facts that the boards count: what was sent and handled, and stood."""
    held = {case.pk: case for case in cases if lived.measures(case.matter.at)}
    facts = Outcome.objects.filter(kind__in=["dispatched", "handled"], sign=1, reversal__isnull=True)
    dispatched: dict[int, datetime] = {}
    handled: dict[int, datetime] = {}
    for incident, kind, at, elapsed in facts.order_by("pk").values_list(
        "incident_id", "kind", "at", "elapsed"
    ):
        if incident not in held:
            continue
        if kind == "dispatched":
            received = held[incident].received_at or held[incident].matter.at
            dispatched[incident] = received + timedelta(seconds=elapsed or 0)
        else:
            handled[incident] = at
    return [Measured(held[pk], sent_at, handled.get(pk)) for pk, sent_at in dispatched.items()]


def summary(measured: Sequence[Measured], *, cases: int) -> dict[str, Any]:
    """Hours of dispatch and days of handling, with their parts, and shares."""
    dispatch = sorted(_seconds(one.case.matter.at, one.sent_at) / 3600 for one in measured)
    done = [one for one in measured if one.done_at is not None]
    handling = sorted(_seconds(one.sent_at, _end(one)) / 86_400 for one in done)
    if not dispatch or not handling:
        raise ValueError("too little was lived to be measured: take more days or a bigger scale")
    in_limit = sum(_end(one) - one.sent_at <= one.case.matter.limit for one in done)
    first = [one for one in measured if one.case.sendings <= 1]
    return {
        "cases": cases,
        "sent": len(dispatch),
        "handled": len(handling),
        "dispatch": _spread(dispatch, HOURS) | {"parts": _parts(measured, _dispatch_part, 3600)},
        "handling": _spread(handling, DAYS) | {"parts": _parts(done, _handling_part, 86_400)},
        "first_right": len(first) / len(measured),
        "sendings": statistics.fmean(one.case.sendings for one in measured),
        "within_limit": in_limit / len(done),
    }


def interval(values: Sequence[float]) -> dict[str, Any]:
    """The mean of some runs, and its 95 % interval by Student's t; none of a single run."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return {"mean": mean, "low": None, "high": None, "runs": list(values)}
    t = _T[min(len(values) - 1, len(_T)) - 1]
    half = t * statistics.stdev(values) / math.sqrt(len(values))
    return {"mean": mean, "low": mean - half, "high": mean + half, "runs": list(values)}


def _spread(ordered: list[float], grid: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": statistics.fmean(ordered),
        "median": quantile(ordered, 0.5),
        "p90": quantile(ordered, 0.9),
        "within": [[most, share_within(ordered, most)] for most in grid],
    }


def _parts(measured: Sequence[Measured], part_of: Any, unit: int) -> Mapping[str, float]:
    """Mean time in each part; they add up to the mean."""
    total: dict[str, float] = {}
    for one in measured:
        for part, seconds in part_of(one).items():
            total[part] = total.get(part, 0.0) + seconds
    names = DISPATCH_PARTS if part_of is _dispatch_part else HANDLING_PARTS
    return {name: total.get(name, 0.0) / unit / len(measured) for name in names}


def _dispatch_part(one: Measured) -> dict[str, float]:
    parts: dict[str, float] = {}
    sent_once = False
    for state, start, end in _states(one.case, one.case.matter.at, one.sent_at):
        sent_once = sent_once or state not in _SORTING
        part = "returns" if sent_once else state.value
        parts[part] = parts.get(part, 0.0) + _seconds(start, end)
    return parts


def _handling_part(one: Measured) -> dict[str, float]:
    parts: dict[str, float] = {}
    for state, start, end in _states(one.case, one.sent_at, _end(one)):
        # Sent once more when it had come up to the desk: nobody has looked at it there.
        part = state.value if state.value in HANDLING_PARTS else "unread"
        parts[part] = parts.get(part, 0.0) + _seconds(start, end)
    return parts


def _states(case: Case, start: datetime, end: datetime) -> Iterable[tuple[State, datetime, datetime]]:
    """What the case was between two instants; the log has no gap, and its first state holds before it."""
    log = [*case.log, (end, State.WORK)]
    for (at, state), (until, _next) in pairwise(log):
        begins, ends = max(start, at), min(end, until)
        if begins < ends:
            yield state, begins, ends


def _end(one: Measured) -> datetime:
    assert one.done_at is not None
    return one.done_at


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
