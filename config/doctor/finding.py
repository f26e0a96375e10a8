"""One thing that was looked at, how it is, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad it is; the number is what `manage.py doctor` exits with."""

    GOOD = 0
    WARNING = 1  # it works, and somebody should look at it
    PROBLEM = 2  # something does not work, or is not safe


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is a stable name for machines; what it says and advises is in the language of the moment."""

    check: str
    level: Level
    says: str
    advice: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """Of all of them; good where there are none."""
    return max((finding.level for finding in findings), default=Level.GOOD)
