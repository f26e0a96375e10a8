"""The stages of a clock: what it is told and done at which instant, laid out when it starts.

Names are what FiredStage, the timeline and the sweep know them by:

=============================  =====================================================================
`warn_N`                       N percent of the limit have passed
`breach`                       the limit has passed
`esc_head` … `esc_leader`      told up the line, some time after the due time
`deemed`                       a unit that was silent past its acceptance limit is deemed to accept
`wake`                         a rest is over: parked, or paused
`level_up`                     a case that breached moves up a level, to the unit above
`supervise`, `raise`           an order to act is given; an unanswered one goes up
`fall_back`                    a dispute that nobody has ruled on ends where the rules say
=============================  =====================================================================
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.calendar import WorkCalendar
from dispatch.deadlines import Limit, due, reached
from incidents.clock_rules import Rule, rule_for
from incidents.models import Timer

# Stages that act on the case; the others only tell somebody.
ACTING_STAGES = frozenset({"deemed", "wake", "level_up", "supervise", "raise", "fall_back"})
# What happens at the due time itself, in this order.
_AT_DUE: dict[str, tuple[str, ...]] = {
    Timer.Kind.DISPATCH: ("breach",),
    Timer.Kind.ACCEPTANCE: ("deemed",),
    Timer.Kind.FIRST_CONTACT: ("breach",),
    Timer.Kind.HANDLING: ("breach", "level_up"),
    Timer.Kind.VERIFICATION: ("breach",),
    Timer.Kind.CALLBACK: ("breach",),
    Timer.Kind.PARKED: ("wake",),
    Timer.Kind.PAUSE: ("wake",),
    Timer.Kind.SUPPORT: ("breach",),
    Timer.Kind.SUPERVISION: ("raise",),
    Timer.Kind.ADJUDICATION: ("breach", "fall_back"),
    Timer.Kind.UPSTREAM: ("breach",),
}
_AFTER_DUE: tuple[tuple[str, str], ...] = (
    ("esc_head", "head_after"),
    ("supervise", "supervise_after"),
    ("esc_street", "street_after"),
    ("esc_district", "district_after"),
    ("esc_leader", "leader_after"),
)
_WARNING = re.compile(r"warn_([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage and the instant at which the rule says that it happens."""

    name: str
    at: datetime


def plan_stages(
    kind: str,
    *,
    urgency: str,
    limit: Limit,
    started_at: datetime,
    due_at: datetime,
    calendar: WorkCalendar,
    rule: Rule | None = None,
) -> list[Stage]:
    """Every stage of one run, in the order in which they happen."""
    rule = rule_for(kind, urgency) if rule is None else rule
    warnings = [
        Stage(f"warn_{share}", reached(started_at, due_at, share / 100, limit, calendar))
        for share in rule.warn_at
    ]
    at_due = [Stage(name, due_at) for name in _AT_DUE[kind]]
    after = [
        Stage(name, delayed(due_at, getattr(rule, field), calendar))
        for name, field in _AFTER_DUE
        if getattr(rule, field)
    ]
    # Stable: what happens at one instant keeps the order above. But a case moves up when everything else
    # of that instant has been told and done, for the clock is another unit's then.
    return sorted([*warnings, *at_due, *after], key=lambda stage: (stage.at, stage.name == "level_up"))


def delayed(due_at: datetime, delay: str, calendar: WorkCalendar) -> datetime:
    """`delay` after the due time; "0m" is the due time itself."""
    return due_at if delay == "0m" else due(due_at, Limit.parse(delay), calendar)


def still_ahead(stages: Sequence[Stage], *, at: datetime) -> list[Stage]:
    """What of a plan is left for a clock that is taken up at `at`.

    Nobody is told of what has passed; what the due time demands is made up for.
    """
    return [stage for stage in stages if stage.at >= at or stage.name == "breach" or is_acting(stage.name)]


def is_acting(name: str) -> bool:
    """Does this stage act on the case?"""
    return name in ACTING_STAGES


def warning_share(name: str) -> int | None:
    """The percent that a warning stands for; None for any other stage."""
    found = _WARNING.fullmatch(name)
    return int(found[1]) if found else None
