"""How long it takes: to be sent, to be accepted, to be handled."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from dashboards.dimensions import Clock
from dashboards.indicators.definition import (
    BINS,
    FACTS_DISPATCH,
    FACTS_HANDLE,
    NOT_ENQUIRIES,
    Indicator,
    base,
    days,
    hours,
)
from dashboards.reading import Figures


def _net(figures: Figures, clock: Clock) -> float | None:
    if clock != "elapsed" or figures["handled"] <= 0:
        return None
    return days((figures.seconds["handle"] - figures.seconds["paused"]) / figures["handled"], clock)


TIMES: Final = (
    Indicator(
        "dispatch_mean",
        _("Mean dispatch time"),
        "hours",
        _("Sum of (sending to the unit that keeps the case − receipt) ÷ cases sent"),
        FACTS_DISPATCH,
        _("Time at wrong units counts: after an agreed return it runs on from receipt."),
        lambda figures, _clock: hours(figures.mean("dispatch", "dispatched")),
        base("dispatched"),
        "dispatched",
        "low",
    ),
    Indicator(
        "dispatch_median",
        _("Median dispatch time"),
        "hours",
        _("Half of the cases sent took no longer"),
        FACTS_DISPATCH,
        BINS,
        lambda figures, _clock: hours(figures.dispatch.percentile(0.5)),
        base("dispatched"),
        "dispatched",
        "low",
    ),
    Indicator(
        "dispatch_p90",
        _("Dispatch time of nine in ten"),
        "hours",
        _("Nine in ten cases sent took no longer (90th percentile)"),
        FACTS_DISPATCH,
        BINS,
        lambda figures, _clock: hours(figures.dispatch.percentile(0.9)),
        base("dispatched"),
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
        lambda figures, _clock: hours(figures.mean("first", "first_sent")),
        base("first_sent"),
        "first_sent",
        "low",
    ),
    Indicator(
        "handle_mean",
        _("Mean handling time"),
        "days",
        _("Sum of (resolution that stood − sending) ÷ cases handled"),
        FACTS_HANDLE,
        NOT_ENQUIRIES,
        lambda figures, clock: days(figures.mean("handle", "handled"), clock),
        base("handled"),
        "handled",
        "low",
    ),
    Indicator(
        "handle_median",
        _("Median handling time"),
        "days",
        _("Half of the cases handled took no longer"),
        FACTS_HANDLE,
        BINS,
        lambda figures, clock: days(figures.handle.percentile(0.5), clock),
        base("handled"),
        "handled",
        "low",
    ),
    Indicator(
        "handle_p90",
        _("Handling time of nine in ten"),
        "days",
        _("Nine in ten cases handled took no longer (90th percentile)"),
        FACTS_HANDLE,
        BINS,
        lambda figures, clock: days(figures.handle.percentile(0.9), clock),
        base("handled"),
        "handled",
        "low",
    ),
    Indicator(
        "paused_mean",
        _("Time standing still"),
        "days",
        _("Sum of the time in which the handling clock stood still ÷ cases handled"),
        FACTS_HANDLE,
        _("It is part of the handling time. Pausing moves a due time; here it is seen all the same."),
        lambda figures, _clock: days(figures.mean("paused", "handled"), "elapsed"),
        base("handled"),
        "handled",
        "low",
    ),
    Indicator(
        "handle_net",
        _("Handling time without pauses"),
        "days",
        _("(Sum of handling times − sum of the time standing still) ÷ cases handled"),
        FACTS_HANDLE,
        _("By elapsed time alone. Next to the handling time it shows what pauses hide."),
        _net,
        base("handled"),
        "handled",
        "low",
    ),
)
