"""The timeline's sentences about clocks: warnings, more time, standing still, calls, what came in late."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from dispatch.vocabulary import Level
from incidents.models import LateEntry, Pause, PhoneCall
from incidents.models.incident import PauseKind
from incidents.sentence_parts import (
    Names,
    Sentence,
    clock_name,
    moment,
    of_unit,
    plain,
    stage_receiver,
    with_late,
)
from incidents.stages import warning_share
from incidents.timeline import Kind


def _warned(p: Mapping[str, Any], names: Names) -> str:
    told = {"clock": clock_name(p.get("clock")), "share": warning_share(p.get("stage") or "")}
    if told["share"] == 50:
        return _("Warning: half of the limit has passed (%(clock)s)") % told
    if told["share"] is None:
        return _("Warning: little of the limit is left (%(clock)s)") % told
    return _("Warning: %(share)d%% of the limit has passed (%(clock)s)") % told


def _breached(p: Mapping[str, Any], names: Names) -> str:
    return _("Overdue: the limit has passed (%(clock)s)") % {"clock": clock_name(p.get("clock"))}


def _escalated(p: Mapping[str, Any], names: Names) -> str:
    told = {"clock": clock_name(p.get("clock")), "who": stage_receiver(p.get("stage"))}
    return _("Still overdue (%(clock)s): told to %(who)s") % told


def _level_raised(p: Mapping[str, Any], names: Names) -> str:
    told = {"level": _level(p.get("after")), "unit": names.unit(p.get("unit"))}
    if p.get("why") == "return":
        return _("Moved up to %(level)s: it was given back") % told
    if p.get("why") == "request":
        return _("Moved up to %(level)s as asked: now with %(unit)s") % told
    if p.get("unit"):
        return _("Overdue: moved up to %(level)s, now with %(unit)s") % told
    return _("Moved up to %(level)s: it is overdue") % told


def _level(code: str | None) -> str:
    return str(Level(code).label) if code in Level.values else (code or "")


def _until(sentence: Callable[[], str]) -> Sentence:
    return lambda p, names: sentence() % {"unit": names.unit(p.get("unit")), "until": moment(p.get("until"))}


def _appeal_asked(p: Mapping[str, Any], names: Names) -> str:
    told = {"unit": names.unit(p.get("unit")), "clock": clock_name(p.get("clock"))}
    return _("%(unit)s appeals: the breach should not count (%(clock)s)") % told


def _paused(p: Mapping[str, Any], names: Names) -> str:
    told = {"unit": names.unit(p.get("unit")), "until": moment(p.get("until"))}
    if p.get("why") == PauseKind.RESIDENT:
        return _("%(unit)s asks the reporter; the clock waits until %(until)s at most") % told
    return _("The clock stands still until %(until)s") % told


def _pause_ended(p: Mapping[str, Any], names: Names) -> str:
    told = {"due": moment(p.get("due_at"))}
    return {
        Pause.End.ANSWERED: _("The reporter has answered: the clock goes on, due %(due)s"),
        Pause.End.RESUMED: _("Taken up again: the clock goes on, due %(due)s"),
    }.get(p.get("end", ""), _("The waiting is over: the clock goes on, due %(due)s")) % told


def _contacted(p: Mapping[str, Any], names: Names) -> str:
    return _("Spoke with the reporter") if p.get("reached") else _("Tried to reach the reporter, in vain")


def _called_back(p: Mapping[str, Any], names: Names) -> str:
    result = p.get("result")
    if p.get("reached"):
        declined = result == PhoneCall.Result.DECLINED
        return (
            _("Called back; the reporter would rather not say") if declined else _("Called the reporter back")
        )
    if result in PhoneCall.Result.values:
        return _("Called back: %(result)s") % {"result": PhoneCall.Result(result).label}
    return _("Called back, nobody was reached")


def _phoned(p: Mapping[str, Any], names: Names) -> str:
    unit = {"unit": names.unit(p.get("unit"))}
    if p.get("reached"):
        return _("%(unit)s was called and has taken the emergency") % unit
    return _("%(unit)s was called, nobody answered") % unit


def _countersigned(p: Mapping[str, Any], names: Names) -> str:
    return _("Countersigned: %(fact)s counts from %(at)s") % _entry(p)


def _countersign_refused(p: Mapping[str, Any], names: Names) -> str:
    return _("Not countersigned: %(fact)s counts from when it was typed in, not from %(at)s") % _entry(p)


def _entry(p: Mapping[str, Any]) -> dict[str, str]:
    fact = p.get("fact", "")
    label = str(LateEntry.Fact(fact).label) if fact in LateEntry.Fact.values else fact
    return {"fact": label, "at": moment(p.get("happened_at"))}


def _calendar_moved(p: Mapping[str, Any], names: Names) -> str:
    sentence = {
        "stoppage": _("A stop of work in the district moved the clock (%(clock)s): due %(due)s, was %(old)s"),
        "hours": _("Other working hours moved the clock (%(clock)s): due %(due)s, was %(old)s"),
    }.get(
        p.get("cause", ""),
        _("Other working days moved the clock (%(clock)s): due %(due)s, was %(old)s"),
    )
    return sentence % {
        "clock": clock_name(p.get("clock")),
        "due": moment(p.get("due_at")),
        "old": moment(p.get("old_due_at")),
    }


SENTENCES: Mapping[str, Sentence] = {
    Kind.WARNED: _warned,
    Kind.BREACHED: _breached,
    Kind.ESCALATED: _escalated,
    Kind.LEVEL_RAISED: _level_raised,
    Kind.RAISE_ASKED: of_unit(lambda: _("%(unit)s asks that it moves up a level")),
    Kind.RAISE_AGREED: of_unit(lambda: _("Moving up agreed: %(unit)s is relieved of it")),
    Kind.RAISE_REFUSED: of_unit(lambda: _("Moving up refused: %(unit)s keeps the case")),
    Kind.EXTENSION_ASKED: _until(lambda: _("%(unit)s asks for more time, until %(until)s")),
    Kind.EXTENSION_AGREED: _until(lambda: _("More time given: now due %(until)s")),
    Kind.EXTENSION_REFUSED: plain(lambda: _("More time refused: the clock runs as it did")),
    Kind.SUSPENSION_ASKED: _until(lambda: _("%(unit)s asks that the clock stands still until %(until)s")),
    Kind.SUSPENSION_AGREED: _until(lambda: _("Suspension agreed until %(until)s")),
    Kind.SUSPENSION_REFUSED: plain(lambda: _("Suspension refused: the clock runs as it did")),
    Kind.APPEAL_ASKED: _appeal_asked,
    Kind.APPEAL_AGREED: of_unit(
        lambda: _("Appeal by %(unit)s agreed: the breach does not count; it stays on record")
    ),
    Kind.APPEAL_REFUSED: of_unit(lambda: _("Appeal by %(unit)s refused: the breach counts")),
    Kind.PAUSED: _paused,
    Kind.PAUSE_ENDED: _pause_ended,
    Kind.REPORTER_ASKED: plain(lambda: _("The reporter was asked something")),
    Kind.REPORTER_ANSWERED: plain(lambda: _("The reporter answers")),
    Kind.CONTACTED: with_late(_contacted),
    Kind.CALLED_BACK: _called_back,
    Kind.PHONED: with_late(_phoned),
    Kind.COUNTERSIGNED: _countersigned,
    Kind.COUNTERSIGN_REFUSED: _countersign_refused,
    Kind.CALENDAR_MOVED: _calendar_moved,
}
