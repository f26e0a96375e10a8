"""误报: words that told of danger where there is none; the case is ordinary again, the words are counted."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch.deadlines import Limit
from dispatch.vocabulary import Urgency
from incidents import adjudicating, cases, timeline, timers
from incidents.actions.correcting import decide_again, question
from incidents.actor import Actor
from incidents.choosing import limits_for
from incidents.claiming import refuse_if_claimed
from incidents.dangers import GUESSED
from incidents.errors import ActionRefused
from incidents.models import EmergencyAlarm, Incident, Timer
from incidents.models.incident import Status
from incidents.sending import DESK_MINUTES


@transaction.atomic(durable=True)
def false_alarm(
    *, number: str, reason: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """Say that there is no danger. What the list itself calls an emergency stays one, unless the machine
    had only guessed that matter.

    On the desk it is decided again and has an ordinary case's time from its receipt on; with a unit only
    its urgency is lowered, and clocks that have begun run on. Stages that fired stay on record.
    """
    incident = cases.hold(number, actor=actor, action=Action.FALSE_ALARM, at=at, seen_version=seen_version)
    if incident.status == Status.TRIAGE:
        refuse_if_claimed(incident, actor, at)
        adjudicating.refuse_while_open(incident)
    alarm = EmergencyAlarm.objects.select_for_update().filter(incident=incident).first()
    if alarm is None or alarm.false_at is not None:
        raise ActionRefused("no_alarm", _("No words of this case stand for an alarm."))
    text = cases.store_text(reason, at=at, field="reason")
    before = incident.urgency
    alarm.false_at, alarm.false_by, alarm.reason = at, actor.user, text
    alarm.save(update_fields=["false_at", "false_by", "reason"])
    if incident.status == Status.TRIAGE:
        decide_again(incident, question(incident), actor=actor, at=at)
        restart_desk_clock(incident, at=at, why="false_alarm")
    elif incident.made_safe_at is None and incident.item_code:
        incident.urgency = Urgency.ROUTINE
        if alarm.danger != GUESSED:
            incident.urgency = limits_for(incident, incident.item_code, at=at).urgency
    cases.save(incident)
    timeline.record(
        timeline.Kind.FALSE_ALARM,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        phrase=alarm.phrase,
        danger=alarm.danger,
        source=alarm.source,
        before=before,
        after=incident.urgency,
        text=text.pk,
    )
    return incident


def restart_desk_clock(incident: Incident, *, at: datetime, why: str) -> None:
    """The dispatch clock anew from where it began, at the length of what the case is now."""
    clock = Timer.objects.filter(incident=incident, kind=Timer.Kind.DISPATCH, stopped_at__isnull=True).first()
    if clock is None:
        return
    timers.stop(incident, [Timer.Kind.DISPATCH], at=at, reason=why)
    minutes = DESK_MINUTES[Urgency(incident.urgency)]
    timers.start(incident, Timer.Kind.DISPATCH, Limit.minutes(minutes, incident.urgency), at=clock.started_at)
    timers.rule(incident)
