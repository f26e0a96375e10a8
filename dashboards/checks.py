"""Targets and grades are settings; what makes no sense is said before anything starts."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from dashboards.indicators import BY_CODE


@register()
def check_targets(**_kwargs: Any) -> Sequence[CheckMessage]:
    """Every target is of an indicator, and could be met; the grades go down from at most 100."""
    found: list[CheckMessage] = []
    for code, target in settings.BOARD_TARGETS.items():
        if code not in BY_CODE:
            found.append(Error(f"BOARD_TARGETS: there is no indicator {code}.", id="dashboards.E001"))
        elif target <= 0 or (BY_CODE[code].unit == "share" and target > 1):
            found.append(
                Error(f"BOARD_TARGETS: {target} cannot be the target of {code}.", id="dashboards.E002")
            )
    least = [float(bound) for _name, bound in settings.BOARD_GRADES]
    if (
        sorted(least, reverse=True) != least
        or len(set(least)) != len(least)
        or not 0 < least[-1] <= least[0] <= 100
    ):
        found.append(Error("GRADES: three numbers, falling, above 0 and up to 100.", id="dashboards.E003"))
    return found
