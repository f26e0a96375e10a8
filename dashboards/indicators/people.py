"""What those say who reported."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboards.indicators.definition import Indicator, base, share

PEOPLE: Final = (
    Indicator(
        "responded",
        _("Contacted, by the reporter's word"),
        "share",
        _("Reporters who say that the unit spoke with them ÷ reporters who answered that question"),
        _("Ratings, on the day they were given"),
        _("The response rate: what reporters say, never what the unit ticked."),
        share("said_contacted", "asked_contacted"),
        base("asked_contacted"),
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
        share("said_solved", "asked_solved"),
        base("asked_solved"),
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
        share("satisfied", "scored"),
        base("scored"),
        "rated",
        "high",
    ),
    Indicator(
        "coverage",
        _("Answered the call-back"),
        "share",
        _("Those who have rated it since, by telephone or by the link ÷ reporters to be asked how it was"),
        _("Each reporter with a telephone number, on the day on which their case was closed"),
        _("Rises afterwards as calls are made. The fewer answer, the less satisfaction says."),
        share("answered", "asked"),
        base("asked"),
        "asked",
        "high",
    ),
)
