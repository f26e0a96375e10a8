"""What a check of the list says: codes with parameters; dispatch.lint.words makes the sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatch.facts import as_json

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)

# An error is something that would send cases nowhere or to nobody, so no version goes live with it.
# A warning is a row that a steward should look at. A note is worth knowing when a row is in hand.
SEVERITY: Mapping[str, str] = {
    "no_items": ERROR,
    "no_catch_all": ERROR,
    "gap": ERROR,
    "crowded": ERROR,
    "lead_unknown": ERROR,
    "lead_closed": ERROR,
    "self_supervised": ERROR,
    "unit_unknown": WARNING,
    "unit_closed": WARNING,
    "owner_needed": WARNING,
    "supervised_from_below": WARNING,
    "overlap": WARNING,
    "shadowed": WARNING,
    "words_idle": WARNING,
    "words_lost": WARNING,
    "words_overruled": WARNING,
    "limit_short": WARNING,
    "limit_before_acceptance": WARNING,
    "limit_rests": WARNING,
    "limit_too_long": WARNING,
    "limit_slow_dispatch": WARNING,
    "powers": WARNING,
    "limit_unusual": NOTE,
    "limit_past_promise": NOTE,
    "words_elsewhere": NOTE,
    "words_shared": NOTE,
}

# How much of a long row a finding tells; the counts beside it are complete.
TOLD = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the check found, about these items (by code) or about a category as a whole."""

    code: str
    items: tuple[str, ...] = ()
    category: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        return SEVERITY[self.code]

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "items": list(self.items),
            "category": self.category,
            "params": as_json(self.params),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Finding":
        return cls(told["code"], tuple(told["items"]), told["category"], told["params"])

    @property
    def order(self) -> tuple[int, str, str, tuple[str, ...], str]:
        """The gravest first, then as the list stands."""
        severity = SEVERITIES.index(self.severity)
        return (severity, self.category, self.items[0] if self.items else "", self.items, self.code)


def tally(findings: list[Finding]) -> dict[str, int]:
    """How many of each severity; all three are named."""
    counts = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts
