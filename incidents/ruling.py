"""裁定 carried out: naming the unit of a disputed, locked case, by a person or by the clock. The unit that is
named has the case from then on and counts as having accepted it."""

from datetime import datetime

from django.conf import settings

from accounts.models import OrgUnit
from dispatch.edition import edition
from dispatch.facts import Limits
from incidents import adjudicating, ending, outbox, outcomes, sending, state, timeline, timers
from incidents.acceptance import accept_lead, lead_of
from incidents.actor import SYSTEM, Actor
from incidents.choosing import as_repair, limits_for, place_of, record_choice
from incidents.errors import InvalidInput
from incidents.models import Adjudication, Assignment, Incident, Outcome, Text, Timer
from incidents.models.incident import Status

Ending = Adjudication.Outcome
# Where whoever has the case still works on it, so that a ruling can move it.
_MOVABLE = frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED, Status.PARKED})


def carry_out(
    incident: Incident,
    dispute: Adjudication,
    limits: Limits,
    unit: OrgUnit,
    *,
    ruling: Text | None,
    actor: Actor,
    at: datetime,
    told_at: datetime,
    in_time: bool = True,
) -> Assignment | None:
    """End an open adjudication by naming `unit`, and let the work start there at once; saves the case.

    It ends as of `at`, and what the unit has to do is counted from `told_at`.
    Answers the new sending; None where the case stays: it is there already, or has been dealt with
    meanwhile and the ruling is for the list and for the next time.
    """
    lead = lead_of(incident)
    moves = lead is None or (lead.unit_id != unit.code and incident.status in _MOVABLE)
    if not in_time and lead is None:
        how = Ending.FALLBACK
    else:
        how = Ending.CONFIRMED if lead is not None and lead.unit_id == unit.code else Ending.RULED
    record = record_choice(incident, limits, unit_code=unit.code, actor=actor, at=at, ruled=how)
    dispute.item_code, dispute.unit, dispute.ruling, dispute.decision = limits.item, unit, ruling, record
    adjudicating.end(incident, dispute, how=how, actor=actor, at=at)
    text_id = ruling.pk if ruling else None
    sent: Assignment | None = None
    if moves:
        sent = _send(
            incident,
            dispute,
            lead,
            limits,
            actor=actor,
            at=at,
            told_at=told_at,
            in_time=in_time,
            text_id=text_id,
        )
    else:
        assert lead is not None
        adjudicating.record(timeline.Kind.RULED, dispute, actor=actor, at=at, in_time=in_time, text=text_id)
        if incident.status == Status.DISPATCHED:
            accept_lead(incident, lead, actor=actor, at=told_at, how=Assignment.Acceptance.RULED)
        else:
            incident.version += 1
            incident.save()
    _tell_ruling(incident, dispute, sent, in_time=in_time, at=told_at)
    return sent


def fall_back(incident: Incident, *, timer: Timer, actor: Actor = SYSTEM) -> None:
    """Nobody has ruled by the due time of `timer`: as of then the case goes to the fallback unit, or
    stays with the unit that has it. Where the dispute is over meanwhile, nothing happens.

    The fallback unit's time is counted from when the stage really fired: a sweep that was dead for days takes
    nothing from it.
    Where not even the first unit is there any more, it stays open and overdue, and the leaders know.
    """
    dispute = adjudicating.open_dispute(incident)
    if dispute is None or dispute.timer_id != timer.pk or timer.stopped_at is not None:
        return
    at, told_at, lead = timer.due_at, timers.firing(timer, "fall_back").fired_at, lead_of(incident)
    unit = lead.unit if lead is not None else fallback_unit(incident)
    for receiver in ("supervisors", "leaders"):
        outbox.tell(
            "adjudication.missed",
            incident_id=incident.pk,
            receiver=receiver,
            key=f"adjudication.missed:{dispute.pk}:{receiver}",
            at=told_at,
            urgency=incident.urgency,
        )
    if unit is not None:
        limits = _known_limits(incident, dispute.disputed, at=at)
        carry_out(
            incident,
            dispute,
            limits,
            unit,
            ruling=None,
            actor=actor,
            at=at,
            told_at=told_at,
            in_time=False,
        )


def fallback_unit(incident: Incident) -> OrgUnit | None:
    """兜底单位: the setting's, at the case's place; else whoever had the case first (首办负责)."""
    place = place_of(incident)
    code = edition().units.resolve(
        settings.FALLBACK_UNIT,
        street=place.street,
        community=place.community,
        owner=incident.asset_owner or None,
    )
    first = incident.assignments.filter(role=Assignment.Role.LEAD).order_by("pk").first()
    for known in (code, first.unit_id if first else None):
        unit = OrgUnit.objects.open().filter(code=known).first() if known else None
        if unit is not None:
            return unit
    return None


def _send(
    incident: Incident,
    dispute: Adjudication,
    lead: Assignment | None,
    limits: Limits,
    *,
    actor: Actor,
    at: datetime,
    told_at: datetime,
    in_time: bool,
    text_id: int | None,
) -> Assignment:
    """To the unit that was named, which counts as having accepted."""
    assert dispute.unit is not None
    assert dispute.decision is not None
    kept: Timer | None = None
    if lead is not None:
        if incident.status == Status.HANDLING and sending.within_one_street(lead.unit, dispute.unit):
            kept = timers.open_clock(incident, Timer.Kind.HANDLING)
        if incident.status == Status.PARKED:  # a rest of any kind ends with it
            state.transition(incident, Status.HANDLING)
            incident.parked_until = None
        ending.take_away(
            incident,
            clocks=[Timer.Kind.PARKED, Timer.Kind.PAUSE],
            why=Assignment.End.REDISPATCHED,
            reason="ruled",
            at=at,
        )
        outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
    sent = sending.send(
        incident,
        dispute.decision,
        limits,
        unit=dispute.unit,
        kind=timeline.Kind.RULED,
        actor=actor,
        at=told_at,
        as_of=at,
        text_id=text_id,
        notice="case.ruled" if in_time else "case.fallback",
        adjudication=dispute.pk,
        outcome=dispute.outcome,
        in_time=in_time,
        **({"from": lead.unit_id} if lead else {}),
    )
    if kept is not None:
        sending.keep_handling_clock(incident, kept, sent, at=told_at)
    accept_lead(incident, sent, actor=actor, at=told_at, how=Assignment.Acceptance.RULED)
    return sent


def _known_limits(incident: Incident, disputed: Assignment, *, at: datetime) -> Limits:
    """Those of the disputed item; as they were decided then, where the list has the item no more."""
    try:
        return limits_for(incident, disputed.item_code, at=at)
    except InvalidInput:
        decided = Limits(
            item=disputed.item_code,
            category=incident.category_id or disputed.decision.category_code,
            unit=disputed.unit_id,
            urgency=incident.urgency,
            level=disputed.level,
            dispatch_minutes=sending.DESK_MINUTES[incident.urgency],  # type: ignore[index]
            accept_minutes=disputed.accept_minutes,
            handle_limit=disputed.handle_limit,
            support_units=tuple(disputed.supporting_units),
            follow_up_unit=disputed.follow_up_unit or None,
            supervising_unit=disputed.supervising_unit or None,
            list_version=disputed.decision.responsibility_list.version,
        )
        return as_repair(incident, decided)


def _tell_ruling(
    incident: Incident, dispute: Adjudication, sent: Assignment | None, *, in_time: bool, at: datetime
) -> None:
    """The units between which it was, as far as they have had the case. Whom it was sent to knows by that."""
    had = set(incident.assignments.filter(role=Assignment.Role.LEAD).values_list("unit_id", flat=True))
    concerned = had & adjudicating.parties_of(incident, dispute)
    for code in sorted(concerned - {sent.unit_id if sent else ""}):
        outbox.tell(
            "adjudication.ruled",
            incident_id=incident.pk,
            receiver=f"unit:{code}",
            key=f"adjudication.ruled:{dispute.pk}:{code}",
            at=at,
            yours=code == dispute.unit_id,
            outcome=dispute.outcome,
            in_time=in_time,
            urgency=incident.urgency,
        )
