"""How many there are."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from dashboards.indicators.definition import FACTS_HANDLE, NOT_ENQUIRIES, Indicator, base, count

COUNTS: Final = (
    Indicator(
        "received",
        _("Cases received"),
        "cases",
        _("Cases that came in; several reports of the same thing are one case"),
        _("Receipts, on the day; merged cases are taken out again"),
        _("Where the board shows one unit it counts what was sent to that unit instead."),
        count("received"),
        base("received"),
        "received",
    ),
    Indicator(
        "handled",
        _("Cases handled"),
        "cases",
        _("Cases resolved, their resolution standing"),
        FACTS_HANDLE,
        NOT_ENQUIRIES,
        count("handled"),
        base("handled"),
        "handled",
    ),
    Indicator(
        "open",
        _("Open now"),
        "cases",
        _("Cases neither closed, turned away nor merged at this moment"),
        _("The cases themselves, whenever they came in"),
        _("Does not depend on the period."),
        count("open"),
        base("open"),
        "open",
    ),
    Indicator(
        "overdue",
        _("Overdue now"),
        "cases",
        _("Open cases whose running clock is past its due time"),
        _("The cases themselves, whenever they came in"),
        _("Dispatch, acceptance and verification clocks count as well as handling."),
        count("overdue"),
        base("overdue"),
        "overdue",
        "low",
    ),
)
