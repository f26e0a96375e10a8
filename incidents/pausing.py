"""挂起: the handling clock of a case stands still, and goes on by itself at its time.

An approved suspension, or one wait for the resident in a sending. No pause outlasts upstream's deadline.
"""

from datetime import datetime, timedelta
from math import ceil

from django.utils.translation import gettext_lazy as _

from dispatch.deadlines import Limit
from incidents import outbox, state, timeline, timers
from incidents.actor import SYSTEM, Actor
from incidents.errors import ActionRefused
from incidents.models import Assignment, CaseRequest, Incident, Pause, Text, Timer
from incidents.models.incident import PauseKind, Status
from incidents.outside import outside_deadline


def begin(
    incident: Incident,
    lead: Assignment,
    *,
    kind: PauseKind,
    until: datetime,
    actor: Actor,
    at: datetime,
    request: CaseRequest | None = None,
    question: Text | None = None,
) -> Pause:
    """Pause the handling clock of a locked case that is in hand; the caller saves the case."""
    clock = timers.open_clock(incident, Timer.Kind.HANDLING)
    if clock is None:
        raise ActionRefused("wrong_state", _("The handling clock does not run."))
    state.transition(incident, Status.SUSPENDED)
    timers.pause(clock, at=at)
    hours = Limit(max(1, ceil((until - at) / timedelta(hours=1))), "h")
    timers.start(
        incident,
        Timer.Kind.PAUSE,
        hours,
        at=at,
        assignment=lead,
        no_later_than=until,
        unit_code=lead.unit_id,
    )
    incident.pause_kind, incident.paused_until = kind, until
    timers.rule(incident)
    pause = Pause.objects.create(
        timer=clock,
        incident=incident,
        assignment=lead,
        kind=kind,
        request=request,
        question=question,
        began_at=at,
        until=until,
    )
    timeline.record(
        timeline.Kind.PAUSED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        pause=pause.pk,
        why=kind,
        until=until.isoformat(),
        unit=lead.unit_id,
        text=question.pk if question else None,
    )
    return pause


def finish(
    incident: Incident,
    *,
    end: Pause.End,
    actor: Actor,
    at: datetime,
    answer: Text | None = None,
    reason: Text | None = None,
) -> Pause:
    """Let the clock of a locked, paused case go on with what it had left; the caller saves the case."""
    pause = _open_pause(incident)
    if pause is None:
        raise ActionRefused("wrong_state", _("This case is not paused."))
    state.transition(incident, Status.HANDLING)
    timers.stop(incident, [Timer.Kind.PAUSE], at=at, reason=end)
    clock = timers.open_clock(incident, Timer.Kind.HANDLING)
    assert clock is not None  # a paused clock is open
    timers.unpause(clock, at=at, no_later_than=outside_deadline(incident))
    _end(pause, end=end, actor=actor, at=at, answer=answer)
    _forget(incident)
    timers.rule(incident)
    said = answer or reason
    timeline.record(
        timeline.Kind.PAUSE_ENDED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        pause=pause.pk,
        why=pause.kind,
        end=end,
        unit=pause.assignment.unit_id,
        due_at=clock.due_at.isoformat(),
        text=said.pk if said else None,
    )
    outbox.tell(
        "pause.ended",
        incident_id=incident.pk,
        receiver=f"unit:{pause.assignment.unit_id}",
        key=f"pause.ended:{pause.pk}",
        at=at,
        why=pause.kind,
        end=end,
        due_at=clock.due_at.isoformat(),
        urgency=incident.urgency,
    )
    return pause


def wake(incident: Incident, *, timer: Timer, actor: Actor = SYSTEM) -> None:
    """The pause's time is over: the clock goes on as of then. A case that has moved on is left alone."""
    if incident.status != Status.SUSPENDED or timer.stopped_at is not None:
        return
    finish(incident, end=Pause.End.DUE, actor=actor, at=timer.due_at)
    incident.version += 1
    incident.save()


def abandon(incident: Incident, *, actor: Actor, at: datetime) -> None:
    """A case that leaves the open states takes its pause with it; its clocks are stopped by the caller."""
    pause = _open_pause(incident)
    if pause is not None:
        _end(pause, end=Pause.End.FINISHED, actor=actor, at=at)
    _forget(incident)


def may_wait_for_resident(incident: Incident) -> bool:
    """Once in a sending, while the case is in hand."""
    return incident.status == Status.HANDLING and not has_waited(incident)


def has_waited(incident: Incident) -> bool:
    """Has the handling clock that runs now waited for the resident, under whichever team of a street?"""
    clock = incident.timers.filter(kind=Timer.Kind.HANDLING, stopped_at__isnull=True).first()
    if clock is None:
        return False
    waits = incident.pauses.filter(kind=PauseKind.RESIDENT, timer__started_at=clock.started_at)
    return waits.exists()


def _open_pause(incident: Incident) -> Pause | None:
    return incident.pauses.filter(ended_at__isnull=True).select_related("assignment").first()


def _end(pause: Pause, *, end: Pause.End, actor: Actor, at: datetime, answer: Text | None = None) -> None:
    pause.ended_at, pause.ended_by, pause.end, pause.answer = at, actor.user, end, answer
    pause.save(update_fields=["ended_at", "ended_by", "end", "answer"])


def _forget(incident: Incident) -> None:
    incident.pause_kind, incident.paused_until = "", None
