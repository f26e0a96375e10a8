"""What happened, a line each, in words for the person who reported it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.templatetags.ui import spoken
from incidents.models.incident import PauseKind, ResolutionOutcome
from incidents.pages.plain_times import by_when, on_day
from incidents.public import Step, TrackedCase
from incidents.timeline import Kind


@dataclass(frozen=True, slots=True)
class Line:
    """A line of what happened."""

    at: datetime
    words: str
    note: str = ""
    state: str = "on"


def lines(case: TrackedCase) -> list[Line]:
    """The timeline, newest first."""
    return [_line(step, is_newest=index == 0) for index, step in enumerate(case.steps)]


def _line(step: Step, *, is_newest: bool) -> Line:
    state = _LINE_STATES.get(Kind(step.kind), "primary" if is_newest else "on")
    return Line(step.at, _STEPS[Kind(step.kind)](step), step.note, state)


_LINE_STATES = {
    Kind.BREACHED: "overdue",
    Kind.PAUSED: "paused",
    Kind.VERIFICATION_FAILED: "warned",
    Kind.OBJECTED: "warned",
}


def _unit(sentence: str, step: Step) -> str:
    return sentence % {"unit": step.unit}


def _dispatched(step: Step) -> str:
    if step.seconds is None:
        return _unit(_("Given to %(unit)s"), step)
    if step.seconds < 1:
        return _unit(_("Given to %(unit)s at once"), step)
    length = spoken(step.seconds, precise=step.seconds < 60)
    return _("Given to %(unit)s, %(length)s after it came in") % {"unit": step.unit, "length": length}


def _accepted(step: Step) -> str:
    if step.seconds is None:
        return _unit(_("%(unit)s took it on"), step)
    return _("%(unit)s took it on after %(length)s") % {"unit": step.unit, "length": spoken(step.seconds)}


def _resolved(step: Step) -> str:
    sentence = {
        ResolutionOutcome.SOLVED: _("%(unit)s says that it is done"),
        ResolutionOutcome.EXPLAINED: _("%(unit)s explained why it cannot be done"),
        ResolutionOutcome.LEGAL_ROUTE: _("%(unit)s named the legal way for it"),
        ResolutionOutcome.UNFOUNDED: _("%(unit)s looked and did not find it"),
        ResolutionOutcome.UNREACHABLE: _("%(unit)s could not reach you"),
    }.get(step.params.get("outcome", ""), _("%(unit)s answered"))
    return _unit(sentence, step)


def _parked_step(step: Step) -> str:
    until = step.params.get("until")
    if not until:
        return _unit(_("%(unit)s cannot settle it at once"), step)
    return _("%(unit)s cannot settle it at once and comes back to it on %(day)s") % {
        "unit": step.unit,
        "day": on_day(date.fromisoformat(until)),
    }


def _absorbed(step: Step) -> str:
    count = int(step.params.get("reports", 1))
    return ngettext(
        "%(count)d more report turned out to be about the same thing",
        "%(count)d more reports turned out to be about the same thing",
        count,
    ) % {"count": count}


def _breached(step: Step) -> str:
    if step.params.get("clock") == "dispatch":
        return _("The time for deciding whose job it is has run out; it counts as late")
    if step.params.get("clock") == "verification":
        return _("The time for checking has run out; it counts as late")
    return _unit(_("The time of %(unit)s has run out; it counts as late"), step)


def _extended(step: Step) -> str:
    until = step.params.get("until")
    if not until:
        return _unit(_("%(unit)s was given more time"), step)
    return _("%(unit)s was given more time: to be done by %(when)s") % {
        "unit": step.unit,
        "when": by_when(datetime.fromisoformat(until)),
    }


def _stands_still(step: Step) -> str:
    if step.params.get("why") == PauseKind.RESIDENT:
        return _unit(_("%(unit)s asks you something; their time stands still until you answer"), step)
    until = step.params.get("until")
    if not until:
        return _("Work stands still for a while")
    return _("Work stands still until %(when)s at the latest") % {
        "when": by_when(datetime.fromisoformat(until))
    }


def _goes_on(step: Step) -> str:
    due_at = step.params.get("due_at")
    if not due_at:
        return _unit(_("%(unit)s goes on"), step)
    return _("%(unit)s goes on: to be done by %(when)s") % {
        "unit": step.unit,
        "when": by_when(datetime.fromisoformat(due_at)),
    }


def _recalled(step: Step) -> str:
    if step.params.get("what") == Kind.ABSORBED:
        return _("A neighbour's report is about something else after all")
    return _("The operations centre looks at it once more")


_STEPS: dict[Kind, Callable[[Step], str]] = {
    Kind.RECEIVED: lambda s: _("Your report came in") if s.own else _("A neighbour reported it"),
    Kind.JOINED: lambda s: _("You joined in") if s.own else _("Another neighbour reported it too"),
    Kind.TO_DESK: lambda s: _("A person is finding out whose job it is"),
    Kind.DISPATCHED: _dispatched,
    Kind.ACCEPTED: _accepted,
    Kind.DEEMED_ACCEPTED: lambda s: _unit(_("%(unit)s did not answer in time, so it is theirs"), s),
    Kind.RETURN_AGREED: lambda s: _unit(_("It is not the job of %(unit)s; somebody else is being found"), s),
    Kind.RECALLED: _recalled,
    Kind.REDISPATCHED: lambda s: _unit(_("Passed on to %(unit)s"), s),
    Kind.UNIT_SUCCEEDED: lambda s: _unit(_("%(unit)s goes on with it: the unit before is no more"), s),
    Kind.LEVEL_RAISED: lambda s: _unit(_("Passed on to %(unit)s, one level up"), s),
    Kind.MESSAGED: lambda s: _unit(_("%(unit)s writes to you"), s),
    Kind.MADE_SAFE: lambda s: _unit(_("%(unit)s has made it safe; the repair follows"), s),
    Kind.REPAIR_SENT: lambda s: _unit(_("%(unit)s repairs it"), s),
    Kind.RULED: lambda s: _unit(_("It was ruled that this is the job of %(unit)s: they are at it"), s),
    Kind.RESOLVED: _resolved,
    Kind.PARKED: _parked_step,
    Kind.WOKEN: lambda s: _unit(_("The date has come: %(unit)s is at it again"), s),
    Kind.VERIFICATION_ASKED: lambda s: _unit(_("%(unit)s was asked to look whether it is so"), s),
    Kind.VERIFIED: lambda s: _unit(_("%(unit)s looked: it is done"), s),
    Kind.VERIFICATION_FAILED: lambda s: _("It was looked at and is not done: they are at it again"),
    Kind.CLOSED: lambda s: (
        _("The case was closed; nobody went to look")
        if s.params.get("unchecked")
        else _("The case was closed")
    ),
    Kind.ANSWERED: lambda s: _("The operations centre answered"),
    Kind.REJECTED: lambda s: _("It was not taken up"),
    Kind.REOPENED: lambda s: _("The case was opened again"),
    Kind.ABSORBED: _absorbed,
    Kind.SUPPLEMENTED: lambda s: _("You added something"),
    Kind.CHASED: lambda s: _("You asked how far it is"),
    Kind.WITHDRAWN: lambda s: _("You took your report back"),
    Kind.RATED: lambda s: _("You rated it"),
    Kind.OBJECTED: lambda s: (
        _("You objected: it is done again") if s.own else _("A neighbour objected: it is done again")
    ),
    Kind.BREACHED: _breached,
    Kind.EXTENSION_AGREED: _extended,
    Kind.PAUSED: _stands_still,
    Kind.PAUSE_ENDED: _goes_on,
    Kind.REPORTER_ANSWERED: lambda s: _("You answered"),
    Kind.LETTER_MARKED: lambda s: _("Your words were put before the secretary"),
    Kind.REPLY_SIGNED: lambda s: _("The secretary answered you"),
}
