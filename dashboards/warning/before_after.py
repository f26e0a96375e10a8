"""What came of a project: its matters in its place per week, before it began and since.

Counted as the boards count (reading.read, cases received). Weeks differ by more than chance alone would make
them, so the weeks before say how much more, and the interval is widened by it. Nothing here can tell the
project's doing from the season's or a neighbour's: the page says so.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import mean, pvariance
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboards.beginning import first_whole_day
from dashboards.charts import day_label
from dashboards.comparing import Share
from dashboards.indicators import SMALL
from dashboards.models import Project
from dashboards.reading import Measures, Span, read

WEEK: Final = 7
# Weeks before its start, and as many after it at most.
WEEKS: Final = 12
_WANTED: Final = Measures(("received",), (), ())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Cases in whole weeks before and after; `ratio` is what a week has now of what it had."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    first: date  # of the project
    dispersion: float = 1.0  # how many times a Poisson count's variance the weeks before have

    @property
    def per_week_before(self) -> float:
        return sum(self.before) / max(1, len(self.before))

    @property
    def per_week_after(self) -> float:
        return sum(self.after) / max(1, len(self.after))

    @property
    def is_small(self) -> bool:
        return min(len(self.before), len(self.after)) < 2 or sum(self.before) + sum(self.after) < SMALL

    @property
    def ratio(self) -> float | None:
        return self.per_week_after / self.per_week_before if self.after and sum(self.before) else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % of the ratio: how many of all cases fell after the start (Wilson), by the weeks there."""
        if not self.after or not sum(self.before):
            return None
        scale = self.dispersion
        share = Share(round(sum(self.after) / scale), round((sum(self.after) + sum(self.before)) / scale))
        odds = len(self.before) / len(self.after)
        low = share.low / (1 - share.low) * odds
        return low, share.high / (1 - share.high) * odds if share.high < 1 else math.inf

    @property
    def verdict(self) -> str:
        """fewer, more, level, or small: too little to judge by."""
        if self.is_small or self.interval is None:
            return "small"
        low, high = self.interval
        return "fewer" if high < 1 else "more" if low > 1 else "level"


def compare(project: Project, *, today: date) -> Comparison:
    """Whole weeks only: today's is not among them, and none that began before anything was counted."""
    earliest = first_whole_day()
    weeks = [
        Span(first, first + timedelta(days=WEEK - 1))
        for first in (project.start + timedelta(days=WEEK * number) for number in range(-WEEKS, WEEKS))
        if earliest is not None and earliest <= first <= today - timedelta(days=WEEK)
    ]
    past = sum(week.first < project.start for week in weeks)
    if not weeks:
        return Comparison((), (), project.start)
    counts = [sum(figures["received"] for figures in groups.values()) for groups in
              read(project.selection, weeks, wanted=_WANTED)]  # fmt: skip
    before, after = tuple(counts[:past]), tuple(counts[past:])
    return Comparison(before, after, project.start, _dispersion(before))


def recorded(project: Project, data: dict[str, Any]) -> Comparison:
    """What a finish has written down."""
    before, after = tuple(data["before"]), tuple(data["after"])
    return Comparison(before, after, project.start, _dispersion(before))


def _dispersion(weeks: Sequence[int]) -> float:
    if len(weeks) < 4 or not sum(weeks):
        return 1.0
    return max(1.0, pvariance(weeks) * len(weeks) / (len(weeks) - 1) / mean(weeks))


def sentence(found: Comparison) -> str:
    """What can be said of it, and no more."""
    if not found.after:
        return _("No whole week has passed since it began: nothing can be said yet.")
    if not found.before:
        return _(
            "○ %(after)s cases a week since it began. Of before there is no data: nothing was counted then."
        ) % {"after": f"{found.per_week_after:.1f}"}
    numbers = {
        "before": f"{found.per_week_before:.1f}",
        "after": f"{found.per_week_after:.1f}",
    }
    if found.interval is not None:
        low, high = found.interval
        numbers |= {
            "low": f"{low * 100:.0f}",
            "high": f"{high * 100:.0f}" if math.isfinite(high) else "∞",
        }
    said = {
        "small": _("○ %(after)s cases a week since it began, %(before)s before: too few to judge by."),
        "fewer": _(
            "Fewer than chance would make it: %(after)s cases a week since it began, %(before)s before"
            " (%(low)s–%(high)s%% of before)."
        ),
        "more": _(
            "More than chance would make it: %(after)s cases a week since it began, %(before)s before"
            " (%(low)s–%(high)s%% of before)."
        ),
        "level": _(
            "No difference that chance would not make: %(after)s cases a week since it began, %(before)s"
            " before (%(low)s–%(high)s%% of before)."
        ),
    }
    return said[found.verdict] % numbers


def chart(found: Comparison) -> dict[str, Any]:
    """Each week by its first day, before and since."""
    start = -len(found.before)
    days = [
        found.first + timedelta(days=WEEK * (start + number))
        for number in range(len(found.before) + len(found.after))
    ]
    series = [
        {"name": pgettext("project", "Before"), "tone": "closed", "stack": "a",
         "data": [*found.before, *(None for _week in found.after)]},
        {"name": _("Since it began"), "tone": "primary", "stack": "a",
         "data": [*(None for _week in found.before), *found.after]},
    ]  # fmt: skip
    return {
        "kind": "bar",
        "x": [day_label(day) for day in days],
        "xName": _("Week from"),
        "unit": "",
        "series": [one for one in series if any(n is not None for n in one["data"])],
    }
