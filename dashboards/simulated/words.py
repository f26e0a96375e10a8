"""What the numbers of a simulated year are called, where each comes from, and why it was assumed."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# Where a number comes from. The shapes of the tags differ by their words alone.
MEASURED, ASSUMED, PUBLISHED, FITTED = "measured", "assumed", "published", "fitted"
TAGS: Final[dict[str, Promise]] = {
    MEASURED: pgettext_lazy("where a number comes from", "Measured"),
    ASSUMED: pgettext_lazy("where a number comes from", "Assumed"),
    PUBLISHED: pgettext_lazy("where a number comes from", "Published"),
    FITTED: pgettext_lazy("where a number comes from", "Fitted"),
}
TAG_STATES: Final = {MEASURED: "on", ASSUMED: "warned", PUBLISHED: "", FITTED: "overdue"}


@dataclass(frozen=True, slots=True)
class Input:
    """One number that was put in."""

    name: Any
    unit: Any = ""
    why: Any = ""
    is_share: bool = False


_MINUTES, _HOURS, _DAYS = _("minutes"), _("hours"), _("days")
_O_CLOCK = _("o'clock")
BOTH, BY_HAND, PLATFORM, SMALL = "both", "hand", "platform", "small"
_SPREAD = _("of the logarithm")
GROUPS: Final[tuple[tuple[str, Any, dict[str, Input]], ...]] = (
    (
        BOTH,
        _("The same in both ways"),
        {
            "reports_a_month": Input(
                _("Reports a month"), "", _("Some hundred thousand a year are public; the number is chosen")
            ),
            "repeated": Input(_("Reports of what has been reported"), "", "", is_share=True),
            "handlers": Input(_("Hands in all units"), _("people")),
            "team": Input(_("Hands in one unit"), _("people"), _("At every scale; only units are fewer")),
            "work_share": Input(
                _("Time of the hands that the work itself takes"),
                "",
                _("Returns, inspections, help and rework come on top of it"),
                is_share=True,
            ),
            "seen_minutes": Input(_("Until a unit looks at what came"), _MINUTES, _("In office hours")),
            "aside": Input(_("Ordinary cases put aside after a look"), "", "", is_share=True),
            "recall_days": Input(
                _("Until what was put aside is remembered by itself"),
                _DAYS,
                _("On the platform a reminder may come first"),
            ),
            "outside_share": Input(
                _("Ordinary cases that wait for material, contractors, owners"),
                "",
                _("The platform changes nothing about this wait"),
                is_share=True,
            ),
            "outside_limits": Input(
                _("How long they wait, as a multiple of their limit"),
                "",
                _("Fitted so that the old way handles in the published 12.06 days"),
            ),
            "needs_help": Input(_("Ordinary cases in which another unit has a part"), "", "", is_share=True),
            "poor": Input(_("Not really put right the first time"), "", "", is_share=True),
            "disputes": Input(_("Pushed away once by the right unit"), "", "", is_share=True),
        },
    ),
    (
        BY_HAND,
        _("The old way"),
        {
            "clerks": Input(_("Clerks who sort"), _("people"), _("As many as dispatchers, in one shift")),
            "opens": Input(_("Sorting desks open at"), _O_CLOCK, _("On every day")),
            "closes": Input(_("Sorting desks close at"), _O_CLOCK),
            "sort_minutes": Input(_("To sort one report"), _MINUTES),
            "first_right": Input(_("Sorted to the right unit at first"), "", "", is_share=True),
            "forward_hours": Input(
                _("One forwarding from desk to desk"),
                _HOURS,
                _("Fitted so that the old way dispatches in the published 5.4 hours"),
            ),
            "repeats_noticed": Input(_("Repeats that a clerk notices"), "", "", is_share=True),
            "letter_days": Input(_("A letter to another unit, each way"), _("working days")),
            "complains": Input(_("Of what was not put right, reported again"), "", "", is_share=True),
        },
    ),
    (
        PLATFORM,
        _("This platform"),
        {
            "desk_by_day": Input(_("Dispatchers by day"), _("people")),
            "desk_by_night": Input(_("Dispatchers by night"), _("people")),
            "desk_minutes": Input(_("To decide what the platform did not"), _MINUTES),
            "desk_right": Input(_("A dispatcher decides rightly"), "", "", is_share=True),
            "heed": Input(
                _("A reminder brings back what was put aside"),
                "",
                _("A breach, an escalation and an order always do"),
                is_share=True,
            ),
            "found_by_check": Input(_("A check finds what was not put right"), "", "", is_share=True),
            "time_agreed": Input(_("Requests for time that are agreed to"), "", "", is_share=True),
        },
    ),
    (
        SMALL,
        _("Small print"),
        {
            "later_right": Input(
                _("Sorted rightly once it has come back"),
                "",
                _("The same for clerks and dispatchers; rulings are right"),
                is_share=True,
            ),
            "answer_minutes": Input(_("To answer an enquiry"), _MINUTES),
            "inspection_hours": Input(_("To see that a repeat is one"), _HOURS, _("Half of it where urgent")),
            "help_hours": Input(_("Another unit's part takes"), _HOURS),
            "redone": Input(_("To do it again, of the hours"), "", "", is_share=True),
            "urgent_hours": Input(_("Urgent work, median"), _HOURS),
            "urgent_seen_minutes": Input(_("Until an urgent case is seen, median"), _MINUTES),
            "complaint_days": Input(
                _("Until somebody complains, median"),
                _DAYS,
                _("Of work not put right; on the platform, of a report joined to another matter's case"),
            ),
            "again_hours": Input(_("Until somebody says it again, median"), _HOURS),
            "again_most_hours": Input(_("The longest until it is said again"), _HOURS),
            "again_category": Input(_("Repeats that name the same category"), "", "", is_share=True),
            "outside_most_days": Input(_("Longest wait for what is outside"), _DAYS),
            "full_days": Input(_("An average day, of a full one"), "", _("Days off and rain"), is_share=True),
            "crowd_hours": Input(
                _("Others like a lived case come to the desk within"), _HOURS, _("They stand in its line")
            ),
            "hops_to_department": Input(_("Forwardings to a department, the old way")),
            "hops_to_street": Input(_("Forwardings to a street's team or a community, the old way")),
            "urgent_hop_minutes": Input(_("Forwarding an urgent case, the old way"), _MINUTES),
            "letter_day_hours": Input(_("A working day of a letter"), _HOURS),
            "check_hours": Input(
                _("Until a check on the platform, median"), _HOURS, _("The check itself takes nobody's time")
            ),
            "word_minutes": Input(_("Until a request for time is answered, median"), _MINUTES),
            "help_due_hours": Input(_("Working hours that another unit is given")),
            "sweep_hours": Input(_("The clocks are looked at every"), _HOURS),
            "retry_hours": Input(_("What was refused is tried again after"), _HOURS),
            "tries": Input(_("So many times at most")),
            "day_begins": Input(_("Dispatchers' day begins at"), _O_CLOCK),
            "night_begins": Input(_("Dispatchers' night begins at"), _O_CLOCK),
            "work_spread": Input(_("Spread of work"), _SPREAD),
            "seen_spread": Input(_("Spread of looking at it"), _SPREAD),
            "urgent_spread": Input(_("Spread of urgent steps"), _SPREAD),
            "outside_spread": Input(_("Spread of the wait outside"), _SPREAD),
            "desk_spread": Input(_("Spread of a desk's minutes"), _SPREAD),
            "hop_spread": Input(_("Spread of a forwarding"), _SPREAD),
            "letter_spread": Input(_("Spread of a letter"), _SPREAD),
            "again_spread": Input(_("Spread of saying it again"), _SPREAD),
            "complaint_spread": Input(_("Spread of complaints"), _SPREAD),
            "check_spread": Input(_("Spread of checks"), _SPREAD),
            "word_spread": Input(_("Spread of answers to requests"), _SPREAD),
        },
    ),
)
NAMES: Final = {code: told for _group, _name, inputs in GROUPS for code, told in inputs.items()}
# What the product did by itself in the run.
DONE: Final[dict[str, Input]] = {
    "automatic": Input(_("Sent without a person"), "", "", is_share=True),
    "automatic_right": Input(_("Of these, to the right unit"), "", "", is_share=True),
    "joined_rightly": Input(_("Repeats joined to their case"), "", "", is_share=True),
    "joined_wrongly": Input(_("Reports joined to another matter's case")),
    "parted": Input(_("Of these, parted again after a complaint")),
    "lost": Input(_("Never dealt with, for being joined wrongly"), "", _("They are in no mean")),
    "on_time": Input(_("Handled in time, of what fell due"), "", "", is_share=True),
    "reminders": Input(_("Reminders before a limit")),
    "breaches": Input(_("Handling limits passed")),
    "orders": Input(_("Orders to act")),
}
PARTS: Final[dict[str, dict[str, Any]]] = {
    "dispatch": {
        "sorting": _("Waits to be sorted"),
        "sorted": _("Is being decided"),
        "forwarded": _("On its way from desk to desk"),
        "returns": _("At wrong units and back"),
    },
    "handling": {
        "unread": _("With the unit, not looked at"),
        "line": _("Waits for a free hand"),
        "aside": _("Put aside"),
        "work": _("Work itself"),
        "help": _("Another unit's part"),
        "outside": _("Waits for what is outside"),
        "rework": _("Not put right: done again"),
    },
}
