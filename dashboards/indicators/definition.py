"""What an indicator is, and the few ways in which one is computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboards.dimensions import Clock
from dashboards.reading import Figures

HOUR: Final = 3600
DAY: Final = 24 * HOUR
# The offices work seven hours a day (dispatch.calendar), so a day of working time has seven.
WORKING_DAY: Final = 7 * HOUR
# Fewer cases than this are shown with a ring, and nobody is judged by them.
SMALL: Final = 30

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Indicator:
    """One number and everything there is to know about it."""

    code: str
    name: Text
    unit: str  # hours, days, share, cases or points
    formula: Text
    source: Text
    caveat: Text
    compute: Callable[[Figures, Clock], float | None]
    base: Callable[[Figures], int]  # how many cases it is computed from
    drill: str = ""  # the list that has exactly `base` or as many entries as the number says
    better: str = ""  # "low", "high", or nothing to prefer

    def target(self, clock: Clock = "elapsed") -> float | None:
        """What the district wants to reach, in the indicator's unit; durations by the elapsed clock only."""
        if clock == "working" and self.unit in ("hours", "days"):
            return None
        targets: Mapping[str, float] = settings.BOARD_TARGETS
        return targets.get(self.code)

    def meets(self, value: float, clock: Clock = "elapsed") -> bool | None:
        """Is the target met? Nothing where there is none."""
        target = self.target(clock)
        if target is None:
            return None
        return value <= target if self.better == "low" else value >= target

    def grade(self, value: float | None) -> str:
        """The colour grade of the value, by settings.BOARD_GRADES; "" for what is not graded."""
        if value is None or self.unit != "points":
            return ""
        return next((name for name, least in settings.BOARD_GRADES if value >= least), "poor")

    @property
    def digits(self) -> int:
        return {"hours": 2, "days": 2, "share": 1, "points": 1}.get(self.unit, 0)


def day_length(clock: Clock) -> int:
    """Seconds in a day of this clock."""
    return DAY if clock == "elapsed" else WORKING_DAY


def hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / HOUR


def days(seconds: float | None, clock: Clock) -> float | None:
    return None if seconds is None else seconds / day_length(clock)


def share(part: str, whole: str) -> Callable[[Figures, Clock], float | None]:
    return lambda figures, _clock: figures.share(part, whole)


def count(name: str) -> Callable[[Figures, Clock], float | None]:
    return lambda figures, _clock: figures[name]


def base(*names: str) -> Callable[[Figures], int]:
    return lambda figures: sum(figures[name] for name in names)


FACTS_DISPATCH: Final = _("Sendings that stand, on the day they were made")
FACTS_HANDLE: Final = _("Resolutions that stand, on the day they were made")
NOT_ENQUIRIES: Final = _("Enquiries answered on the spot are never sent, so they are not in it.")
BINS: Final = _(
    "From the cases themselves up to 2,000 of them, beyond that from logarithmic bins: true to within 2 %."
)
