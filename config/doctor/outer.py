"""Do the two zones exchange, and is each what it should be?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from config.doctor.finding import Finding, Level
from config.doctor.machinery import told_length
from incidents.outer import standing
from incidents.outer.exchange import holds_core_data, lag

# Without a line files are carried: that takes hours, and nobody is to be woken for it.
LATE, TOO_LATE = 300, 3_600
SKEW: Final = 60.0


def from_inside(*, now: datetime) -> Iterator[Finding]:
    """When the core has last been outside, what waits there, and what could not be taken over."""
    seen = standing.as_seen_inside(now=now)
    silent = seen["silent_seconds"]
    if silent < 0:
        yield Finding("outer", Level.PROBLEM, _("The outer zone has never been reached."), _advice())
    elif silent >= LATE:
        yield Finding(
            "outer",
            Level.PROBLEM if silent >= TOO_LATE else Level.WARNING,
            _("The outer zone has not been reached for %(length)s. What residents file waits there.")
            % {"length": told_length(timedelta(seconds=int(silent)))},
            _advice(),
        )
    else:
        yield Finding(
            "outer",
            Level.GOOD,
            _("The outer zone was reached %(length)s ago; waiting there: %(number)s.")
            % {"length": told_length(timedelta(seconds=int(silent))), "number": int(seen["waiting"])},
        )
    if why := standing.last_problem_of_pages():
        yield Finding(
            "outer-pages",
            Level.WARNING,
            _("What is shown outside cannot be brought there: %(why)s") % {"why": why},
            _("What residents send is fetched all the same; what they see outside grows old."),
        )
    if left := standing.left_out():
        yield Finding(
            "outer-left-out",
            Level.WARNING,
            _("Pages that are not outside: %(names)s.") % {"names": ", ".join(left)},
            _(
                "too_large: no message holds it; make what it shows smaller. refused: the log there says "
                "why; is it of this version?"
            ),
        )
    if abs(seen["skew_seconds"]) >= SKEW:
        yield Finding(
            "outer-clock",
            Level.WARNING,
            _("The outer zone's clock differs by %(seconds)s s. Reports carry its time.")
            % {"seconds": round(seen["skew_seconds"])},
            _("Set both clocks by the same time server (NTP)."),
        )
    if seen["set_aside"]:
        yield Finding(
            "outer-aside",
            Level.WARNING,
            _("Came from outside and could not be taken over: %(number)s.")
            % {"number": int(seen["set_aside"])},
            _(
                "The worker's log says why. Where an old key is missing put it back into OUTER_OPEN_KEYS, "
                "then run manage.py outer_pull --again."
            ),
        )


def from_outside(*, now: datetime) -> Iterator[Finding]:
    """In the outer zone: does the core come, and is nothing of it here?"""
    seen = lag(now=now)
    waits = _("waiting: %(number)s.") % {"number": int(seen["waiting"])}
    silent = seen["silent_seconds"]
    if silent < 0 or silent >= LATE:
        words = (
            _("The core has never come here;")
            if silent < 0
            else _("The core has not come for %(length)s;")
            % {"length": told_length(timedelta(seconds=int(silent)))}
        )
        yield Finding(
            "outer",
            Level.PROBLEM if silent < 0 or silent >= TOO_LATE else Level.WARNING,
            f"{words} {waits}",
            _("Nothing can be done from here: see in the core what manage.py doctor says there."),
        )
    else:
        yield Finding("outer", Level.GOOD, f"{_('The core comes;')} {waits}")
    if holds_core_data():
        yield Finding(
            "outer-database",
            Level.PROBLEM,
            _("This database has rows that belong into the core."),
            _("Give the outer zone a database of its own (DATABASE_URL), and let manage.py prepare fill it."),
        )


def _advice() -> str:
    problem = standing.last_problem()
    advice = _("See that a worker runs and that OUTER_URL can be reached from it; or carry files.")
    return f"{advice} ({problem})" if problem else advice
