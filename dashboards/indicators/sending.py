"""Whether a case goes to the right unit at once, and whether the unit takes it."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboards.dimensions import Clock
from dashboards.indicators.definition import (
    FACTS_DISPATCH,
    FACTS_HANDLE,
    NOT_ENQUIRIES,
    Indicator,
    base,
    share,
)
from dashboards.reading import Figures


def _returned(figures: Figures, _clock: Clock) -> float | None:
    sent = figures["dispatched"] + figures["returned"]
    return figures["returned"] / sent if sent > 0 else None


SENDING: Final = (
    Indicator(
        "returned",
        pgettext_lazy("indicator", "Returned"),
        "share",
        _("Returns that the centre agreed to ÷ sendings (those that stand and those returned)"),
        _("Agreed returns, on the day of the answer"),
        _("Moving a case inside a street is not a return."),
        _returned,
        base("dispatched", "returned"),
        "returned",
        "low",
    ),
    Indicator(
        "automatic",
        _("Dispatched without a person"),
        "share",
        _("Sendings decided by the list alone ÷ sendings that stand"),
        FACTS_DISPATCH,
        _("A sending that was returned does not count as one."),
        share("automatic", "dispatched"),
        base("dispatched"),
        "automatic",
        "high",
    ),
    Indicator(
        "first_right",
        _("Right the first time"),
        "share",
        _("Cases resolved by the unit they were first sent to ÷ cases handled"),
        FACTS_HANDLE,
        NOT_ENQUIRIES,
        share("handled_first", "handled"),
        base("handled"),
        "handled_first",
        "high",
    ),
    Indicator(
        "sent_in_time",
        _("Dispatched in time"),
        "share",
        _("Cases sent within two hours of receipt (30 minutes where urgent) ÷ cases sent"),
        FACTS_DISPATCH,
        _("Time at wrong units counts. The same limits for everybody, whatever an item says."),
        share("sent_in_time", "dispatched"),
        base("dispatched"),
        "dispatched",
        "high",
    ),
    Indicator(
        "accepted_in_time",
        _("Accepted in time"),
        "share",
        _("Sendings that the unit accepted within its limit ÷ sendings accepted, in words or by silence"),
        _("Acceptances, on the day they were made or fell due"),
        _("A unit that is silent past its limit is deemed to have accepted, and was not in time."),
        share("accepted_in_time", "accepted"),
        base("accepted"),
        "accepted",
        "high",
    ),
    Indicator(
        "deemed_accepted",
        _("Accepted by silence"),
        "share",
        _("Sendings that nobody accepted within the limit ÷ sendings accepted, in words or by silence"),
        _("Acceptances, on the day they were made or fell due"),
        _("A call that was taken in time and typed in late takes the place of the silence."),
        lambda figures, _clock: (
            1 - figures["accepted_in_time"] / figures["accepted"] if figures["accepted"] > 0 else None
        ),
        base("accepted"),
        "deemed",
        "low",
    ),
    Indicator(
        "contacted_in_time",
        _("First contact in time"),
        "share",
        _("First contacts made within a day of the sending ÷ first contacts due"),
        _("Contacts, on the day they were made or fell due"),
        _("Only where a reporter left a number and the unit may know who it is."),
        share("contacted_in_time", "contact_due"),
        base("contact_due"),
        "contact_due",
        "high",
    ),
    Indicator(
        "refused",
        _("Returns refused"),
        "share",
        _("Returns that the centre refused ÷ returns that it answered"),
        _("Answers to returns, on the day they were given"),
        _("Who often asks in vain pushes cases away."),
        lambda figures, _clock: (
            figures["refused"] / answered
            if (answered := figures["refused"] + figures["returned"]) > 0
            else None
        ),
        base("refused", "returned"),
        "refused",
        "low",
    ),
)
