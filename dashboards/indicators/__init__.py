"""Every indicator, each in one place: its name, formula, unit, source, caveat, and how it is computed.

Pages, the API and the page of definitions all read this table; nobody computes one anywhere else.
"""

from typing import Final

from django.utils.translation import pgettext_lazy

from dashboards.dimensions import Clock
from dashboards.indicators.counts import COUNTS
from dashboards.indicators.definition import (
    DAY,
    HOUR,
    SMALL,
    WORKING_DAY,
    Indicator,
    Text,
    day_length,
)
from dashboards.indicators.handling import HANDLING
from dashboards.indicators.people import PEOPLE
from dashboards.indicators.sending import SENDING
from dashboards.indicators.times import TIMES
from dashboards.reading import Figures

__all__ = [
    "ALL",
    "BY_CODE",
    "DAY",
    "HOUR",
    "OF_NOW",
    "SMALL",
    "UNIT_WORDS",
    "WORKING_DAY",
    "Indicator",
    "Text",
    "day_length",
    "shown",
    "value_of",
]

ALL: Final = (*TIMES, *SENDING, *HANDLING, *PEOPLE, *COUNTS)
BY_CODE: Final[dict[str, Indicator]] = {indicator.code: indicator for indicator in ALL}
# Read from the cases as they stand: known of the whole at this moment, of no group and no earlier day.
OF_NOW: Final = ("open", "overdue")

# What a value's unit is called beside it.
UNIT_WORDS: Final[dict[str, Text]] = {
    "hours": pgettext_lazy("unit of a figure", "h"),
    "days": pgettext_lazy("unit of a figure", "days"),
    "share": "%",
    "cases": pgettext_lazy("unit of a figure", "cases"),
    "points": pgettext_lazy("unit of a figure", "points"),
}


def value_of(code: str, figures: Figures, clock: Clock) -> float | None:
    """An indicator's value in its unit; None where there is nothing to compute it from."""
    return BY_CODE[code].compute(figures, clock)


def shown(indicator: Indicator, value: float | None) -> str:
    """The value as a reader sees it, without its unit's word."""
    if value is None:
        return "—"
    if indicator.unit == "share":
        return f"{value * 100:.{indicator.digits}f}"
    return f"{value:,.{indicator.digits}f}"
