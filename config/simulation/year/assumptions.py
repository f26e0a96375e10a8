"""What is assumed of the district, its people and its old way; every number that a person chose."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

# What the district published about itself: hours of dispatch, days of handling, before and after.
PUBLISHED: Final[Mapping[str, tuple[float, float]]] = {"dispatch": (5.4, 1.22), "handling": (12.06, 6.64)}


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Shares are of 1. The two that are fitted make the old way's means the published ones."""

    # What comes.
    reports_a_month: float = 38_742
    repeated: float = 0.16  # of reports: about what somebody has reported already
    # Units, either way.
    handlers: int = 1_856
    team: int = 4  # hands in one unit
    work_share: float = 0.75  # of handlers' hours: what the matters need when each is done once and well
    seen_minutes: float = 45.0  # until a unit looks at what was sent to it, in its hours
    aside: float = 0.30  # of ordinary cases: put aside after a first look
    recall_days: float = 12.0  # until what was put aside is remembered by itself
    outside_share: float = 0.60  # of ordinary cases: wait for material, a contractor, an owner
    needs_help: float = 0.25  # of ordinary cases: another unit has a part in them
    poor: float = 0.06  # not really put right the first time
    disputes: float = 0.05  # the right unit pushes it away once
    # The old way.
    clerks: int = 19
    opens: int = 8  # the sorting desks' hours, on every day
    closes: int = 22
    sort_minutes: float = 6.0
    first_right: float = 0.88
    repeats_noticed: float = 0.30
    letter_days: float = 2.0  # working days that a letter to another unit takes, each way
    complains: float = 0.50  # of what was not put right: somebody says so again
    # This platform.
    desk_by_day: int = 14
    desk_by_night: int = 5
    desk_minutes: float = 3.5
    desk_right: float = 0.95
    heed: float = 0.60  # a reminder brings back what was put aside
    found_by_check: float = 0.90
    time_agreed: float = 0.90
    # Small print, either way. A spread is of the logarithm.
    full_days: float = 0.93  # fewer come on days off, more in rain: so many of its days are one mean day
    again_hours: float = 5.0  # median until somebody says it again
    again_most_hours: float = 72.0
    again_spread: float = 1.2
    again_category: float = 0.50  # of repeats whose source says the same category
    seen_spread: float = 0.8
    urgent_seen_minutes: float = 6.0
    urgent_hours: float = 1.2  # median of work
    urgent_spread: float = 0.5
    work_spread: float = 0.7
    inspection_hours: float = 1.0  # to see that it is what somebody is at already
    help_hours: float = 2.0  # another unit's part
    redone: float = 0.50  # of the hours, when it has to be put right again
    outside_spread: float = 0.8
    outside_most_days: float = 55.0
    later_right: float = 0.92  # whoever sorts it again knows more: clerk and dispatcher alike
    answer_minutes: float = 4.0  # an enquiry, on the spot
    desk_spread: float = 0.4
    crowd_hours: float = 24.0  # within which those come to the desk whom one lived case stands for
    complaint_days: float = 4.0  # median, from where somebody might know
    complaint_spread: float = 0.7
    # Small print of the old way.
    hops_to_department: int = 1
    hops_to_street: int = 2
    hop_spread: float = 0.6
    urgent_hop_minutes: float = 6.0  # a telephone call instead of paper
    letter_spread: float = 0.5
    letter_day_hours: float = 7.0  # office hours in a working day
    # Small print of the platform's.
    day_begins: int = 8
    night_begins: int = 20
    sweep_hours: float = 2.0
    help_due_hours: float = 21.0  # working hours that another unit is given
    word_minutes: float = 90.0  # of work, until a request for time is answered
    word_spread: float = 0.7
    check_hours: float = 8.0  # until somebody goes and looks
    check_spread: float = 0.6
    retry_hours: float = 2.0  # until somebody tries once more what was refused
    tries: int = 40
    # Fitted in each run, from here: one forwarding in the desks' hours, and waiting outside as a multiple of
    # the limit.
    forward_hours: float = 0.63
    outside_limits: float = 2.09

    def but(self, **changed: float) -> "Assumptions":
        """The same with some of them changed."""
        return replace(self, **changed)  # type: ignore[arg-type]

    def as_json(self) -> dict[str, float]:
        return asdict(self)


# Which are fitted, by what they are fitted to; the others are assumed, but for these.
FITTED: Final = {"forward_hours": "dispatch", "outside_limits": "handling"}
# What comes is a function of these, the seed and the scale alone.
OF_DEMAND: Final = (
    "reports_a_month",
    "repeated",
    "full_days",
    "again_hours",
    "again_most_hours",
    "again_spread",
    "again_category",
    "hops_to_department",
    "hops_to_street",
)
# How far each may be wrong, one at a time.
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "work_share": (0.65, 0.80),
    "aside": (0.15, 0.45),
    "recall_days": (6.0, 20.0),
    "needs_help": (0.10, 0.40),
    "first_right": (0.82, 0.93),
    "heed": (0.30, 0.90),
}
