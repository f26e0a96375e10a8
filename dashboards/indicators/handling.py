"""What becomes of a case at its unit: in time, closed, and standing."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboards.dimensions import Clock
from dashboards.indicators.definition import FACTS_HANDLE, Indicator, base, count, share
from dashboards.reading import Figures


def _dealt_with(figures: Figures, _clock: Clock) -> float | None:
    return 1 - figures["due_unhandled"] / figures["due"] if figures["due"] > 0 else None


def _late_entries(figures: Figures, _clock: Clock) -> float | None:
    told = figures["received"] + figures["handled"]
    return (figures["received_late"] + figures["told_late"]) / told if told > 0 else None


def _composite(figures: Figures, _clock: Clock) -> float | None:
    on_time, closed = figures.share("due_met", "due"), figures.share("due_closed", "due")
    rework = figures.share("reworked", "handled")
    if on_time is None or closed is None or rework is None:
        return None
    return on_time * 60 + closed * 30 + (1 - rework) * 10


HANDLING: Final = (
    Indicator(
        "on_time",
        pgettext_lazy("indicator", "Handled on time"),
        "share",
        _("Cases resolved by their due time ÷ cases that fell due"),
        _("Due times that fell into the period, up to today"),
        _("Parked cases are outside it. A breach stays counted whatever happens later."),
        share("due_met", "due"),
        base("due"),
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
        base("due"),
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
        share("due_closed", "due"),
        base("due"),
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
        share("reworked", "handled"),
        base("handled"),
        "reworked",
        "low",
    ),
    Indicator(
        "solved",
        _("Solved, by the unit's own word"),
        "share",
        _("Resolutions with the outcome “solved” ÷ cases handled"),
        FACTS_HANDLE,
        _("What the unit says. What reporters say stands beside it."),
        share("solved", "handled"),
        base("handled"),
        "solved",
        "high",
    ),
    *(
        Indicator(
            f"stayed_{level}",
            name,
            "share",
            formula,
            FACTS_HANDLE,
            _("A case begins at its item's level, and moves up when it is late or when that was asked for."),
            share(f"stayed_{level}", f"began_{level}"),
            base(f"began_{level}"),
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
            FACTS_HANDLE,
            _("Where it was settled, wherever it began."),
            count(f"settled_{level}"),
            base(f"settled_{level}"),
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
        "composite",
        _("Composite score"),
        "points",
        _("On time × 60 + closed × 30 + (1 − reworked) × 10"),
        _("The three shares above"),
        _("The national formula. Weights are the same for every unit."),
        _composite,
        base("due"),
        "due",
        "high",
    ),
    Indicator(
        "closed_on_time",
        _("Closed on time"),
        "share",
        _("Cases handled and checked within their limits and closed ÷ cases that fell due"),
        _("Due times that fell into the period, and which of those cases have ended in time"),
        _("Rises afterwards as checks are made and cases closed."),
        share("due_closed_in_time", "due"),
        base("due"),
        "due",
        "high",
    ),
    Indicator(
        "unjudged",
        _("Outside the on-time rates"),
        "share",
        _("Cases settled while they were parked ÷ cases handled"),
        FACTS_HANDLE,
        _("A parked case stays visible, and its date is a promise, not a limit."),
        share("unjudged", "handled"),
        base("handled"),
        "unjudged",
    ),
    Indicator(
        "repeated",
        _("Reported again"),
        "share",
        _("Cases reported again at the same place within 30 days, after closing ÷ cases closed"),
        _("Receipts of the new case, counted against the unit whose work was closed"),
        _("The same matter within 60 metres. It says that somebody should look, not who is to blame."),
        share("repeated", "closed"),
        base("closed"),
        "repeated",
        "low",
    ),
    Indicator(
        "paused",
        _("Paused"),
        "share",
        _("Cases whose handling clock stood still for a time ÷ cases handled"),
        FACTS_HANDLE,
        _("Approved suspensions and waits for the reporter, however short."),
        share("paused", "handled"),
        base("handled"),
        "paused",
        "low",
    ),
    Indicator(
        "late_entries",
        _("Typed in late"),
        "share",
        _("Receipts and resolutions entered more than a minute after they happened ÷ all of them"),
        _("Receipts and resolutions that stand, on the day they count for"),
        _("Up to 30 minutes they count as told, beyond that once the centre has countersigned."),
        _late_entries,
        base("received", "handled"),
        "told_late",
        "low",
    ),
    Indicator(
        "mediated",
        _("Disputes settled"),
        "share",
        _("Disputes in which the parties came to terms ÷ disputes handled"),
        FACTS_HANDLE,
        _(
            "What the mediator says. Without a mediation a dispute counts as not settled. Another figure "
            "than the one on the page of mediations: that one asks of the disputes taken in within ninety "
            "days, and what is still being mediated counts there as not settled yet."
        ),
        share("mediated_settled", "mediated"),
        base("mediated"),
        "mediated",
        "high",
    ),
)
