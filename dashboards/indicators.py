"""Every indicator, each in one place: its name, formula, unit, source, caveat, and how it is computed.

Pages, the API and the page of definitions all read this table; nobody computes one anywhere else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboards.reading import Clock, Figures

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

    @property
    def digits(self) -> int:
        return {"hours": 2, "days": 2, "share": 1, "points": 1}.get(self.unit, 0)


def day_length(clock: Clock) -> int:
    """Seconds in a day of this clock."""
    return DAY if clock == "elapsed" else WORKING_DAY


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / HOUR


def _days(seconds: float | None, clock: Clock) -> float | None:
    return None if seconds is None else seconds / day_length(clock)


def _share(part: str, whole: str) -> Callable[[Figures, Clock], float | None]:
    return lambda figures, _clock: figures.share(part, whole)


def _count(name: str) -> Callable[[Figures, Clock], float | None]:
    return lambda figures, _clock: figures[name]


def _base(*names: str) -> Callable[[Figures], int]:
    return lambda figures: sum(figures[name] for name in names)


def _returned(figures: Figures, _clock: Clock) -> float | None:
    sent = figures["dispatched"] + figures["returned"]
    return figures["returned"] / sent if sent > 0 else None


def _dealt_with(figures: Figures, _clock: Clock) -> float | None:
    return 1 - figures["due_unhandled"] / figures["due"] if figures["due"] > 0 else None


def _closed(figures: Figures, _clock: Clock) -> float | None:
    return 1 - figures["due_unclosed"] / figures["due"] if figures["due"] > 0 else None


def _composite(figures: Figures, clock: Clock) -> float | None:
    on_time, closed = figures.share("due_met", "due"), _closed(figures, clock)
    rework = figures.share("reworked", "handled")
    if on_time is None or closed is None or rework is None:
        return None
    return on_time * 60 + closed * 30 + (1 - rework) * 10


_FACTS_DISPATCH = _("Sendings that stand, on the day they were made")
_FACTS_HANDLE = _("Resolutions that stand, on the day they were made")
_NOT_ENQUIRIES = _("Enquiries answered on the spot are never sent, so they are not in it.")
_BINS = _(
    "From the cases themselves up to 2,000 of them, beyond that from logarithmic bins: true to within 2 %."
)

ALL: Final = (
    Indicator(
        "dispatch_mean",
        _("Mean dispatch time"),
        "hours",
        _("Sum of (sending to the unit that keeps the case − receipt) ÷ cases sent"),
        _FACTS_DISPATCH,
        _("Time at wrong units counts: after an agreed return it runs on from receipt."),
        lambda figures, _clock: _hours(figures.mean("dispatch", "dispatched")),
        _base("dispatched"),
        "dispatched",
        "low",
    ),
    Indicator(
        "dispatch_median",
        _("Median dispatch time"),
        "hours",
        _("Half of the cases sent took no longer"),
        _FACTS_DISPATCH,
        _BINS,
        lambda figures, _clock: _hours(figures.dispatch.percentile(0.5)),
        _base("dispatched"),
        "dispatched",
        "low",
    ),
    Indicator(
        "dispatch_p90",
        _("Dispatch time of nine in ten"),
        "hours",
        _("Nine in ten cases sent took no longer (90th percentile)"),
        _FACTS_DISPATCH,
        _BINS,
        lambda figures, _clock: _hours(figures.dispatch.percentile(0.9)),
        _base("dispatched"),
        "dispatched",
        "low",
    ),
    Indicator(
        "first_dispatch_mean",
        _("Mean time to the first dispatch"),
        "hours",
        _("Sum of (first sending − receipt) ÷ cases first sent"),
        _("First sendings, on the day they were made, returned ones too"),
        _("Beside the dispatch time it shows how much wrong units cost."),
        lambda figures, _clock: _hours(figures.mean("first", "first_sent")),
        _base("first_sent"),
        "first_sent",
        "low",
    ),
    Indicator(
        "handle_mean",
        _("Mean handling time"),
        "days",
        _("Sum of (resolution that stood − sending) ÷ cases handled"),
        _FACTS_HANDLE,
        _NOT_ENQUIRIES,
        lambda figures, clock: _days(figures.mean("handle", "handled"), clock),
        _base("handled"),
        "handled",
        "low",
    ),
    Indicator(
        "handle_median",
        _("Median handling time"),
        "days",
        _("Half of the cases handled took no longer"),
        _FACTS_HANDLE,
        _BINS,
        lambda figures, clock: _days(figures.handle.percentile(0.5), clock),
        _base("handled"),
        "handled",
        "low",
    ),
    Indicator(
        "handle_p90",
        _("Handling time of nine in ten"),
        "days",
        _("Nine in ten cases handled took no longer (90th percentile)"),
        _FACTS_HANDLE,
        _BINS,
        lambda figures, clock: _days(figures.handle.percentile(0.9), clock),
        _base("handled"),
        "handled",
        "low",
    ),
    Indicator(
        "on_time",
        pgettext_lazy("indicator", "Handled on time"),
        "share",
        _("Cases resolved by their due time ÷ cases that fell due"),
        _("Due times that fell into the period, up to today"),
        _("Parked cases are outside it. A breach stays counted whatever happens later."),
        _share("due_met", "due"),
        _base("due"),
        "due",
        "high",
    ),
    Indicator(
        "handled_share",
        pgettext_lazy("indicator", "Handled at all"),
        "share",
        _("Cases resolved by now ÷ cases that fell due"),
        _("Due times that fell into the period, and which of those cases still wait"),
        _("Rises afterwards as late cases are resolved."),
        _dealt_with,
        _base("due"),
        "due",
        "high",
    ),
    Indicator(
        "closed_share",
        pgettext_lazy("indicator", "Closed"),
        "share",
        _("Cases closed by now ÷ cases that fell due"),
        _("Due times that fell into the period, and which of those cases are still open"),
        _("Rises afterwards as checks are made and cases closed."),
        _closed,
        _base("due"),
        "due",
        "high",
    ),
    Indicator(
        "rework",
        pgettext_lazy("indicator", "Reworked"),
        "share",
        _("Resolutions that did not stand ÷ cases handled"),
        _("Reopenings, on the day they happened"),
        _("A case may be reworked more than once, and each time counts."),
        _share("reworked", "handled"),
        _base("handled"),
        "reworked",
        "low",
    ),
    Indicator(
        "returned",
        pgettext_lazy("indicator", "Returned"),
        "share",
        _("Returns that the centre agreed to ÷ sendings (those that stand and those returned)"),
        _("Agreed returns, on the day of the answer"),
        _("Moving a case inside a street is not a return."),
        _returned,
        _base("dispatched", "returned"),
        "returned",
        "low",
    ),
    Indicator(
        "automatic",
        _("Dispatched without a person"),
        "share",
        _("Sendings decided by the list alone ÷ sendings that stand"),
        _FACTS_DISPATCH,
        _("A sending that was returned does not count as one."),
        _share("automatic", "dispatched"),
        _base("dispatched"),
        "automatic",
        "high",
    ),
    Indicator(
        "first_right",
        _("Right the first time"),
        "share",
        _("Cases resolved by the unit they were first sent to ÷ cases handled"),
        _FACTS_HANDLE,
        _NOT_ENQUIRIES,
        _share("handled_first", "handled"),
        _base("handled"),
        "handled_first",
        "high",
    ),
    *(
        Indicator(
            f"stayed_{level}",
            name,
            "share",
            formula,
            _FACTS_HANDLE,
            _("A case begins at its item's level, and moves up when it is late or when that was asked for."),
            _share(f"stayed_{level}", f"began_{level}"),
            _base(f"began_{level}"),
            f"began_{level}",
            "high",
        )
        for level, name, formula in (
            (
                "a",
                _("Settled without leaving the block"),
                _("Cases settled at level A ÷ cases handled that began there"),
            ),
            (
                "b",
                _("Settled without leaving the community"),
                _("Cases settled at level B ÷ cases handled that began there"),
            ),
            (
                "c",
                _("Settled without leaving the street"),
                _("Cases settled at level C ÷ cases handled that began there"),
            ),
        )
    ),
    *(
        Indicator(
            f"settled_{level}",
            name,
            "cases",
            formula,
            _FACTS_HANDLE,
            _("Where it was settled, wherever it began."),
            _count(f"settled_{level}"),
            _base(f"settled_{level}"),
            f"settled_{level}",
        )
        for level, name, formula in (
            ("a", _("Settled in the block or grid"), _("Cases handled whose level was A then")),
            ("b", _("Settled in the community"), _("Cases handled whose level was B then")),
            ("c", _("Settled in the street"), _("Cases handled whose level was C then")),
            ("d", _("Settled by the district"), _("Cases handled whose level was D then")),
        )
    ),
    Indicator(
        "solved",
        _("Solved, by the unit's own word"),
        "share",
        _("Resolutions with the outcome “solved” ÷ cases handled"),
        _FACTS_HANDLE,
        _("What the unit says. What reporters say stands beside it."),
        _share("solved", "handled"),
        _base("handled"),
        "solved",
        "high",
    ),
    Indicator(
        "responded",
        _("Contacted, by the reporter's word"),
        "share",
        _("Reporters who say that the unit spoke with them ÷ reporters who answered that question"),
        _("Ratings, on the day they were given"),
        _("The response rate: what reporters say, never what the unit ticked."),
        _share("said_contacted", "asked_contacted"),
        _base("asked_contacted"),
        "rated",
        "high",
    ),
    Indicator(
        "said_solved",
        _("Solved, by the reporter's word"),
        "share",
        _("Reporters who say that it is solved ÷ reporters who answered that question"),
        _("Ratings, on the day they were given"),
        _("No answer is “unrated”, never “solved”."),
        _share("said_solved", "asked_solved"),
        _base("asked_solved"),
        "rated",
        "high",
    ),
    Indicator(
        "satisfied",
        pgettext_lazy("indicator", "Satisfied"),
        "share",
        _("Results rated 4 or 5 ÷ results rated"),
        _("Ratings, on the day they were given; the first one of a handling stands"),
        _("Counts reporters, not cases. Read it together with how many answered."),
        _share("satisfied", "scored"),
        _base("scored"),
        "rated",
        "high",
    ),
    Indicator(
        "coverage",
        _("Answered the call-back"),
        "share",
        _("Ratings given ÷ cases closed"),
        _("Ratings and closings of the same days"),
        _("The fewer answer, the less satisfaction says."),
        _share("rated", "closed"),
        _base("closed"),
        "rated",
        "high",
    ),
    Indicator(
        "composite",
        _("Composite score"),
        "points",
        _("On time × 60 + closed × 30 + (1 − reworked) × 10"),
        _("The three shares above"),
        _("The national formula. Weights are the same for every unit."),
        _composite,
        _base("due"),
        "due",
        "high",
    ),
    Indicator(
        "received",
        _("Cases received"),
        "cases",
        _("Cases that came in; several reports of the same thing are one case"),
        _("Receipts, on the day; merged cases are taken out again"),
        _("Where the board shows one unit it counts what was sent to that unit instead."),
        _count("received"),
        _base("received"),
        "received",
    ),
    Indicator(
        "handled",
        _("Cases handled"),
        "cases",
        _("Cases resolved, their resolution standing"),
        _FACTS_HANDLE,
        _NOT_ENQUIRIES,
        _count("handled"),
        _base("handled"),
        "handled",
    ),
    Indicator(
        "open",
        _("Open now"),
        "cases",
        _("Cases neither closed, turned away nor merged at this moment"),
        _("The cases themselves, whenever they came in"),
        _("Does not depend on the period."),
        _count("open"),
        _base("open"),
        "open",
    ),
    Indicator(
        "overdue",
        _("Overdue now"),
        "cases",
        _("Open cases whose running clock is past its due time"),
        _("The cases themselves, whenever they came in"),
        _("Dispatch, acceptance and verification clocks count as well as handling."),
        _count("overdue"),
        _base("overdue"),
        "overdue",
        "low",
    ),
)

BY_CODE: Final[dict[str, Indicator]] = {indicator.code: indicator for indicator in ALL}

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
