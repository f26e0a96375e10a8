"""The clock on the case's page as a person understands it: due when, by whose calendar, and what comes at
which point; paused how long and why. Facts come from clock_facts; here they become words and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import OrgUnit
from accounts.templatetags.ui import spoken
from incidents.clock_facts import Clock, Standing
from incidents.models import CaseRequest, Incident, Pause, PhoneCall, Timer
from incidents.models.incident import PauseKind
from incidents.pages.wording import limit_words, plain_moment
from incidents.sentence_parts import clock_name, stage_receiver
from incidents.stages import warning_share

# Of the line's width: what lies before the due time, while something is still told after it.
_BEFORE_DUE = 74.0
_RESTS = (Timer.Kind.PARKED, Timer.Kind.PAUSE)
# These stand with the order and with the dispute that they are of.
_ELSEWHERE = (Timer.Kind.SUPERVISION, Timer.Kind.ADJUDICATION)


@dataclass(frozen=True, slots=True)
class Mark:
    """One point of the line, and its line in the list."""

    at: datetime
    words: str
    kind: str  # start, warn, now, due, outside, after
    passed: bool
    x: float = 0.0  # percent of the line's width


@dataclass(frozen=True, slots=True)
class Hatch:
    """A pause on the line, in percent of its width."""

    x: float
    width: float
    words: str


def card(incident: Incident, standing: Standing, *, at: datetime) -> dict[str, Any]:
    """Everything that the clock's card shows; one query for the calendar's name."""
    ruling = _ruling(incident, standing)
    if ruling is None:
        return {"main": None, "others": _others(standing, None, at)}
    timer = ruling.timer
    marks, hatches = _line(ruling, at)
    return {
        "main": ruling,
        "timer": timer,
        "limit": limit_words(timer.limit),
        "calendar": _calendar(ruling),
        "left": _left(ruling, at),
        "marks": marks,
        "hatches": hatches,
        "state": "overdue" if timer.due_at < at and ruling.pause is None else "",
        "start_words": plain_moment(timer.started_at),
        "due_words": _("due %(at)s") % {"at": plain_moment(ruling.goes_on_due_at)},
        "passed": next((mark.x for mark in marks if mark.kind == "now"), 0.0),
        "due_x": next((mark.x for mark in marks if mark.kind == "due"), 100.0),
        "pause": _pause_words(ruling, at),
        "pauses": [_past_pause(pause, at) for pause in standing.pauses if pause.ended_at],
        "paused_in_all": spoken(ruling.paused_for(at).total_seconds()) if ruling.pauses else "",
        "earlier": _earlier(ruling, standing),
        "outside": ruling.outside_due_at,
        "outside_rules": ruling.outside_due_at is not None and timer.due_at < timer.own_due_at,
        "forecast_year": timer.due_at.year if ruling.is_forecast and ruling.is_open else None,
        "others": _others(standing, ruling, at),
    }


def _ruling(incident: Incident, standing: Standing) -> Clock | None:
    """The clock that the card is about: the one by which the case is judged; paused, the one that waits."""
    kind = incident.clock_kind or (Timer.Kind.HANDLING if incident.pause_kind else "")
    found = standing.clocks.get(kind)
    return found if found is not None and found.is_open else None


def _left(clock: Clock, at: datetime) -> str:
    """What is left in the limit's own time, where that is not what any watch says."""
    left = clock.left(at)
    if not clock.limit.is_working or left < timedelta() or clock.pause is not None:
        return ""
    return _("%(length)s of working time left") % {"length": _working(left)}


def _working(length: timedelta) -> str:
    """Working time has no days of 24 hours: hours and minutes."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return spoken(length.total_seconds())
    if minutes % 60:
        return _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)
    return _("{hours} h").format(hours=minutes // 60)


def _calendar(clock: Clock) -> str:
    if not clock.limit.is_working:
        return _("Counted day and night")
    if not clock.calendar_of:
        return _("Counted by the district's working hours")
    unit = OrgUnit.objects.filter(code=clock.calendar_of).first()
    return _("Counted by the working hours of %(unit)s") % {"unit": unit or clock.calendar_of}


# --- the line -------------------------------------------------------------------------------------


def _line(clock: Clock, at: datetime) -> tuple[list[Mark], list[Hatch]]:
    timer, due_at = clock.timer, clock.goes_on_due_at
    told = [(fired.stage, fired.due_at, True) for fired in clock.fired]
    told += [(stage.name, stage.at, False) for stage in clock.ahead]
    marks = [Mark(timer.started_at, _("Started"), "start", True)]
    marks += [
        Mark(when, words, "warn" if warning_share(name) else "after", passed)
        for name, when, passed in told
        if (words := _stage_words(name))
    ]
    due_words = _("Due, if it goes on then") if clock.pause is not None else pgettext("clock", "Due")
    marks.append(Mark(due_at, due_words, "due", due_at <= at))
    if clock.outside_due_at is not None and clock.outside_due_at != due_at:
        marks.append(
            Mark(clock.outside_due_at, _("The source's own deadline"), "outside", clock.outside_due_at <= at)
        )
    marks.append(Mark(at, _("Now"), "now", True))
    order = {"start": 0, "due": 2, "outside": 3, "after": 4}
    marks.sort(key=lambda mark: (mark.at, order.get(mark.kind, 1)))
    end = max(mark.at for mark in marks)

    def place(instant: datetime) -> float:
        return round(_place(instant, timer.started_at, due_at, end), 1)

    placed = [Mark(mark.at, mark.words, mark.kind, mark.passed, place(mark.at)) for mark in marks]
    hatches = []
    for pause in clock.pauses:
        start, stop = place(pause.began_at), place(pause.ended_at or pause.until)
        hatches.append(Hatch(start, round(max(0.6, stop - start), 1), pause.get_kind_display()))
    return placed, hatches


def _place(instant: datetime, start: datetime, due_at: datetime, end: datetime) -> float:
    """Two scales: up to the due time, and after it."""
    split = _BEFORE_DUE if end > due_at else 100.0
    if instant <= due_at:
        span = (due_at - start).total_seconds()
        share = (instant - start).total_seconds() / span if span > 0 else 1.0
        return max(0.0, min(1.0, share)) * split
    span = (end - due_at).total_seconds()
    return split + (instant - due_at).total_seconds() / span * (100.0 - split)


def _stage_words(name: str) -> str:
    """What a stage tells; those that only act on the case say so on the timeline."""
    share = warning_share(name)
    if share is not None:
        return _("Warning at %(share)d%%") % {"share": share}
    if name.startswith("esc_"):
        return _("Told to %(who)s") % {"who": stage_receiver(name)}
    return {
        "deemed": _("Silence counts as acceptance"),
        "level_up": _("Moves up a level"),
        "supervise": _("An order to act is given"),
        "fall_back": _("The fallback unit gets it"),
    }.get(name, "")


# --- pauses and what went before ------------------------------------------------------------------


def _pause_words(clock: Clock, at: datetime) -> dict[str, Any] | None:
    pause = clock.pause
    if pause is None:
        return None
    left = clock.left(at)
    length = _working(left) if clock.limit.is_working else spoken(abs(left.total_seconds()))
    return {
        "kind": pause.kind,
        "title": _pause_title(pause),
        "why": _why(pause),
        "since": pause.began_at,
        "until": pause.until,
        "left": _("%(length)s left when it goes on") % {"length": length}
        if left >= timedelta()
        else _("%(length)s overdue when it goes on") % {"length": spoken(abs(left.total_seconds()))},
        "due_at": clock.goes_on_due_at,
    }


def _pause_title(pause: Pause) -> str:
    told = {"since": plain_moment(pause.began_at), "until": plain_moment(pause.until)}
    if pause.kind == PauseKind.RESIDENT:
        return _("Waiting for the reporter since %(since)s, until %(until)s at most") % told
    return _("Suspended since %(since)s, until %(until)s") % told


def _why(pause: Pause) -> str:
    if pause.question is not None:
        return pause.question.body
    return pause.request.reason.body if pause.request is not None else ""


def _past_pause(pause: Pause, at: datetime) -> dict[str, Any]:
    assert pause.ended_at is not None
    return {
        "kind": pause.get_kind_display(),
        "from": pause.began_at,
        "to": pause.ended_at,
        "length": spoken((pause.ended_at - pause.began_at).total_seconds()),
        "end": pause.get_end_display(),
        "why": _why(pause),
    }


def _earlier(clock: Clock, standing: Standing) -> list[str]:
    """Extensions of this sending, and earlier clocks of the same kind."""
    told = [
        _("Extended on %(day)s: %(reason)s")
        % {"day": plain_moment(request.answered_at), "reason": request.reason.body}
        for request in standing.requests
        if request.kind == CaseRequest.Kind.EXTENSION
        and request.answer == CaseRequest.Answer.AGREED
        and request.answered_at is not None
        and request.timer_id == clock.timer.pk
    ]
    for timer in standing.earlier.get(clock.timer.kind, ()):
        assert timer.stopped_at is not None
        words = {"from": plain_moment(timer.started_at), "to": plain_moment(timer.stopped_at)}
        told.append(_("Ran before, from %(from)s to %(to)s") % words)
    return told


def _others(standing: Standing, ruling: Clock | None, at: datetime) -> list[dict[str, Any]]:
    """The other clocks that a person cares about: first contact, callback, handling behind acceptance."""
    told = []
    for kind, clock in standing.clocks.items():
        if clock is ruling or kind in _RESTS or kind in _ELSEWHERE:
            continue
        if not clock.is_open and kind not in (Timer.Kind.FIRST_CONTACT, Timer.Kind.CALLBACK):
            continue
        told.append(
            {
                "name": clock_name(kind),
                "timer": clock.timer,
                "is_open": clock.is_open,
                "result": "" if clock.is_open else _result(clock),
                "tries": _tries(kind, standing.calls),
            }
        )
    return told


def _result(clock: Clock) -> str:
    if clock.timer.stop_reason == "met" and clock.timer.stopped_at is not None:
        return _("made %(at)s") % {"at": plain_moment(clock.timer.stopped_at)}
    if clock.timer.stop_reason == "tried":
        return _("tried often enough")
    return _("no longer runs")


def _tries(kind: str, calls: Sequence[PhoneCall]) -> str:
    purpose = {
        Timer.Kind.FIRST_CONTACT: PhoneCall.Purpose.FIRST_CONTACT,
        Timer.Kind.CALLBACK: PhoneCall.Purpose.CALLBACK,
    }.get(Timer.Kind(kind))
    count = sum(call.purpose == purpose for call in calls)
    return ngettext("%(count)d try", "%(count)d tries", count) % {"count": count} if count else ""
