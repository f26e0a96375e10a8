"""The rules of the clocks: limits that no item names, when a clock warns, whom it tells after its due time.

A row of ClockRule stands for its kind and urgency; where there is none, the defaults below do. A clock
freezes its rule when it starts, so a change is for clocks that start afterwards.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from dispatch.deadlines import Limit
from dispatch.vocabulary import Urgency
from incidents.models import ClockRule, Timer

# Seconds for which a process takes the rules it has read to be unchanged.
TRUST = 10.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One clock's rule. Delays are limits counted from the due time; "0m" is at once, empty never."""

    limit: str = ""
    warn_at: tuple[int, ...] = ()  # percent of the limit
    head_after: str = ""
    street_after: str = ""
    district_after: str = ""
    leader_after: str = ""
    supervise_after: str = ""


_ROUTINE, _URGENT, _EMERGENCY = Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY
_HALF_AND_LITTLE = (50, 80)

DEFAULTS: Mapping[tuple[str, str], Rule] = {
    (Timer.Kind.DISPATCH, _ROUTINE): Rule("", _HALF_AND_LITTLE, district_after="1wh", leader_after="4wh"),
    (Timer.Kind.DISPATCH, _URGENT): Rule("", _HALF_AND_LITTLE, district_after="15m", leader_after="1h"),
    (Timer.Kind.DISPATCH, _EMERGENCY): Rule("", _HALF_AND_LITTLE, district_after="5m", leader_after="20m"),
    (Timer.Kind.ACCEPTANCE, _ROUTINE): Rule("", _HALF_AND_LITTLE),
    (Timer.Kind.ACCEPTANCE, _URGENT): Rule("", _HALF_AND_LITTLE),
    (Timer.Kind.ACCEPTANCE, _EMERGENCY): Rule("", _HALF_AND_LITTLE),
    (Timer.Kind.HANDLING, _ROUTINE): Rule("", _HALF_AND_LITTLE, "0m", "1wd", "2wd", "5wd", "2wd"),
    (Timer.Kind.HANDLING, _URGENT): Rule("", _HALF_AND_LITTLE, "0m", "2h", "4h", "8h", "4h"),
    (Timer.Kind.HANDLING, _EMERGENCY): Rule("", _HALF_AND_LITTLE, "0m", "30m", "1h", "2h", "0m"),
    **{(Timer.Kind.FIRST_CONTACT, urgency): Rule("24h", (80,), head_after="0m") for urgency in Urgency},
    **{(Timer.Kind.VERIFICATION, urgency): Rule("2wd", (80,), district_after="1wd") for urgency in Urgency},
    **{(Timer.Kind.CALLBACK, urgency): Rule("3wd", (80,), district_after="1wd") for urgency in Urgency},
    **{(Timer.Kind.SUPPORT, urgency): Rule("", _HALF_AND_LITTLE, head_after="0m") for urgency in Urgency},
    (Timer.Kind.SUPERVISION, _ROUTINE): Rule("1wd", (80,)),
    (Timer.Kind.SUPERVISION, _URGENT): Rule("4h", (80,)),
    (Timer.Kind.SUPERVISION, _EMERGENCY): Rule("1h", (80,)),
    # At its due time a dispute is over: there is nothing to escalate afterwards.
    (Timer.Kind.ADJUDICATION, _ROUTINE): Rule("2wd", _HALF_AND_LITTLE),
    (Timer.Kind.ADJUDICATION, _URGENT): Rule("4h", _HALF_AND_LITTLE),
    (Timer.Kind.ADJUDICATION, _EMERGENCY): Rule("1h", _HALF_AND_LITTLE),
    # Past this the desk asks the source what became of it.
    **{(Timer.Kind.UPSTREAM, urgency): Rule("5wd", (80,)) for urgency in Urgency},
}
# Clocks that only end a rest have nothing to be told of, and no rule.
KINDS = tuple(dict.fromkeys(kind for kind, _urgency in DEFAULTS))

_read: dict[tuple[str, str], Rule] | None = None
_read_at = 0.0


def rule_for(kind: str, urgency: str) -> Rule:
    """The rule under which a clock of this kind starts now; at most TRUST seconds old."""
    return rules().get((kind, urgency), Rule())


def rules() -> Mapping[tuple[str, str], Rule]:
    """Every rule by (kind, urgency): the district's own, or the default."""
    global _read, _read_at
    if _read is None or time.monotonic() - _read_at > TRUST:
        own = {(row.kind, row.urgency): as_rule(row) for row in ClockRule.objects.all()}
        _read, _read_at = {**DEFAULTS, **own}, time.monotonic()
    return _read


def limit_for(kind: str, urgency: str) -> Limit:
    """The limit of a clock whose limit no item names."""
    rule = rule_for(kind, urgency)
    return Limit.parse(rule.limit or DEFAULTS[kind, urgency].limit)


def as_rule(row: ClockRule) -> Rule:
    """A stored rule as the value that clocks are planned from."""
    return Rule(
        limit=row.limit,
        warn_at=tuple(sorted(set(row.warn_at))),
        head_after=row.head_after,
        street_after=row.street_after,
        district_after=row.district_after,
        leader_after=row.leader_after,
        supervise_after=row.supervise_after,
    )


def forget() -> None:
    """Read the rules anew at the next question; for whoever has just changed one."""
    global _read
    _read = None


def names_limit(kind: str) -> bool:
    """Does the rule name this clock's limit, rather than the item that a case was sent under?"""
    return all(DEFAULTS[kind, urgency].limit for urgency in Urgency)
