"""裁定: a dispute about whose job a case is gets its unit by decision, on a locked case.

It opens by itself with the return that is one too many, or by a unit's objection after it has accepted;
then the unit goes on working (先办后议) and its clocks run on. It ends

* **by a ruling**: the unit that is named has the case, and counts as having accepted it;
* **by its own clock**, where nobody has ruled: a case before the desk goes to the fallback unit (兜底单位),
  else to whoever had it first (首办负责); one that is with a unit stays there;
* **with the case**, or because the unit takes its objection back.

See docs/decisions/0012.
"""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch.edition import edition
from dispatch.facts import Limits
from dispatch.models import ResponsibilityList
from incidents import ending, outbox, outcomes, pausing, sending, state, timeline, timers
from incidents.acceptance import accept_lead
from incidents.actor import SYSTEM, Actor
from incidents.choosing import limits_for, place_of
from incidents.clock_rules import limit_for
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import (
    Adjudication,
    Assignment,
    CaseRequest,
    DecisionRecord,
    Incident,
    Outcome,
    Text,
    Timer,
)
from incidents.models.incident import Status

Ending = Adjudication.Outcome
# Where whoever has the case still works on it, so that a ruling can move it.
_MOVABLE = frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED, Status.PARKED})


def open_dispute(incident: Incident) -> Adjudication | None:
    """The adjudication that waits for its ruling, locked after its case; at most one."""
    return (
        incident.adjudications.open()
        .select_for_update(of=("self",))
        .select_related("timer", "disputed__unit", "asked_by_unit", "proposed_unit")
        .first()
    )


def is_open(incident: Incident) -> bool:
    """Does a ruling wait on this case?"""
    return incident.adjudications.open().exists()


def refuse_while_open(incident: Incident) -> None:
    """What is disputed goes where the ruling says, and nowhere else before it (ActionRefused)."""
    if is_open(incident):
        raise ActionRefused(
            "disputed",
            _("%(number)s is before adjudication: rule on it, and it goes to the unit that is named.")
            % {"number": incident.number},
        )


def returns_since(incident: Incident) -> list[CaseRequest]:
    """The agreed returns that count towards an adjudication: those since the last one, oldest first."""
    agreed = incident.requests.filter(kind=CaseRequest.Kind.RETURN, answer=CaseRequest.Answer.AGREED)
    last = incident.adjudications.order_by("pk").last()
    if last is not None:
        agreed = agreed.filter(assignment__sent_at__gt=last.disputed.sent_at)
    return list(agreed.select_related("assignment__unit", "reason", "proposed_unit").order_by("pk"))


def open_by_returns(incident: Incident, *, actor: Actor, at: datetime) -> Adjudication | None:
    """Open one on a case that has just come back, where that was once too often; the caller saves it.

    The desk's own clock gives way: nobody there may send the case before the ruling.
    """
    returns = returns_since(incident)
    if len(returns) < settings.ADJUDICATE_AFTER_RETURNS or is_open(incident):
        return None
    last = returns[-1]
    named = [request.proposed_unit_id for request in returns]
    timers.stop(incident, [Timer.Kind.DISPATCH], at=at, reason="disputed")
    opened = _open(
        incident,
        cause=Adjudication.Cause.RETURNS,
        disputed=last.assignment,
        reason=last.reason,
        cites=last.cites,
        proposed=last.proposed_unit,
        parties=[*(request.assignment.unit_id for request in returns), *(code for code in named if code)],
        actor=Actor(user=last.asked_by),
        at=at,
    )
    incident.triage_codes = ["disputed", *(code for code in incident.triage_codes if code != "disputed")]
    timers.rule(incident)
    _record(timeline.Kind.DISPUTED, opened, actor=actor, at=at, returns=len(returns))
    return opened


def open_by_objection(
    incident: Incident,
    lead: Assignment,
    *,
    reason: Text,
    cites: str,
    proposed: OrgUnit | None,
    actor: Actor,
    at: datetime,
) -> Adjudication:
    """Open one because the unit that has accepted the case says that it is not its job; saves the case."""
    opened = _open(
        incident,
        cause=Adjudication.Cause.OBJECTION,
        disputed=lead,
        reason=reason,
        cites=cites,
        proposed=proposed,
        parties=[lead.unit_id, *([proposed.code] if proposed else [])],
        actor=actor,
        at=at,
    )
    _save(incident)
    _record(timeline.Kind.DISPUTED, opened, actor=actor, at=at, text=reason.pk)
    return opened


def carry_out(
    incident: Incident,
    dispute: Adjudication,
    limits: Limits,
    unit: OrgUnit,
    *,
    ruling: Text | None,
    actor: Actor,
    at: datetime,
    in_time: bool = True,
) -> Assignment | None:
    """End an open adjudication by naming `unit`, and let the work start there at once; saves the case.

    Answers the new sending; None where the case stays: it is there already, or has been dealt with
    meanwhile and the ruling is for the list and for the next time.
    """
    lead = _lead(incident)
    moves = lead is None or (lead.unit_id != unit.code and incident.status in _MOVABLE)
    if not in_time and lead is None:
        how = Ending.FALLBACK
    else:
        how = Ending.CONFIRMED if lead is not None and lead.unit_id == unit.code else Ending.RULED
    record = _decide(incident, limits, unit, how=how, actor=actor, at=at)
    dispute.item_code, dispute.unit, dispute.ruling, dispute.decision = limits.item, unit, ruling, record
    _end(incident, dispute, how=how, actor=actor, at=at)
    told = {"in_time": in_time, "text": ruling.pk if ruling else None}
    if moves:
        sent: Assignment | None = _send(incident, dispute, lead, limits, actor=actor, at=at, **told)
    else:
        assert lead is not None
        sent = None
        _record(timeline.Kind.RULED, dispute, actor=actor, at=at, **told)
        if incident.status == Status.DISPATCHED:
            accept_lead(incident, lead, actor=actor, at=at, how=Assignment.Acceptance.RULED)
        else:
            _save(incident)
    _tell_ruling(incident, dispute, sent, in_time=in_time, at=at)
    return sent


def fall_back(incident: Incident, *, timer: Timer, actor: Actor = SYSTEM) -> None:
    """Nobody has ruled by the due time of `timer`: as of then the case goes to the fallback unit, or
    stays with the unit that has it. Where the dispute is over meanwhile, nothing happens.

    Where not even the first unit is there any more, it stays open and overdue, and the leaders know.
    """
    dispute = open_dispute(incident)
    if dispute is None or dispute.timer_id != timer.pk or timer.stopped_at is not None:
        return
    at, lead = timer.due_at, _lead(incident)
    unit = lead.unit if lead is not None else fallback_unit(incident)
    for receiver in ("supervisors", "leaders"):
        outbox.tell(
            "adjudication.missed",
            incident_id=incident.pk,
            receiver=receiver,
            key=f"adjudication.missed:{dispute.pk}:{receiver}",
            at=at,
            urgency=incident.urgency,
        )
    if unit is not None:
        limits = _known_limits(incident, dispute.disputed, at=at)
        carry_out(incident, dispute, limits, unit, ruling=None, actor=actor, at=at, in_time=False)


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


def withdraw(incident: Incident, dispute: Adjudication, *, actor: Actor, at: datetime, text: Text) -> None:
    """The unit takes its objection back; saves the case."""
    _end(incident, dispute, how=Ending.WITHDRAWN, actor=actor, at=at)
    timers.rule(incident)
    _save(incident)
    _record(timeline.Kind.DISPUTE_DROPPED, dispute, actor=actor, at=at, text=text.pk)


def finish(incident: Incident, *, at: datetime) -> None:
    """The case is over, and with it a dispute that nobody ruled on. The caller stops all clocks and saves."""
    dispute = open_dispute(incident)
    if dispute is not None:
        _end(incident, dispute, how=Ending.WITHDRAWN, actor=SYSTEM, at=at)
        _record(timeline.Kind.DISPUTE_DROPPED, dispute, actor=SYSTEM, at=at)


def parties_of(incident: Incident, dispute: Adjudication) -> set[str]:
    """Codes of the units that the dispute is between, with the one that has the case; never the desk."""
    return {*dispute.parties, incident.owner_unit_id} - {settings.TRIAGE_UNIT}


def _open(
    incident: Incident,
    *,
    cause: Adjudication.Cause,
    disputed: Assignment,
    reason: Text,
    cites: str,
    proposed: OrgUnit | None,
    parties: list[str],
    actor: Actor,
    at: datetime,
) -> Adjudication:
    clock = timers.start(
        incident,
        Timer.Kind.ADJUDICATION,
        limit_for(Timer.Kind.ADJUDICATION, incident.urgency),
        at=at,
        unit_code=settings.TRIAGE_UNIT,
    )
    opened = Adjudication.objects.create(
        incident=incident,
        cause=cause,
        disputed=disputed,
        asked_by_unit_id=disputed.unit_id,
        asked_by=actor.user,
        reason=reason,
        cites=cites,
        proposed_unit=proposed,
        parties=list(dict.fromkeys(parties)),
        opened_at=at,
        timer=clock,
    )
    outbox.tell(
        "adjudication.opened",
        incident_id=incident.pk,
        receiver=f"unit:{settings.TRIAGE_UNIT}",
        key=f"adjudication.opened:{opened.pk}",
        at=at,
        cause=cause,
        due_at=clock.due_at.isoformat(),
        urgency=incident.urgency,
    )
    return opened


def _end(incident: Incident, dispute: Adjudication, *, how: Ending, actor: Actor, at: datetime) -> None:
    dispute.ended_at, dispute.outcome = at, how
    if how != Ending.WITHDRAWN:
        dispute.ruled_by = actor.user
    dispute.save()
    timers.stop(incident, [Timer.Kind.ADJUDICATION], at=at, reason=how)


def _send(
    incident: Incident,
    dispute: Adjudication,
    lead: Assignment | None,
    limits: Limits,
    *,
    actor: Actor,
    at: datetime,
    in_time: bool,
    text: int | None,
) -> Assignment:
    """To the unit that was named, which counts as having accepted."""
    assert dispute.unit is not None
    assert dispute.decision is not None
    kept: Timer | None = None
    if lead is not None:
        if incident.status == Status.HANDLING and sending.within_one_street(lead.unit, dispute.unit):
            kept = timers.open_clock(incident, Timer.Kind.HANDLING)
        _take_from(incident, at=at)
        outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
    sent = sending.send(
        incident,
        dispute.decision,
        limits,
        unit=dispute.unit,
        kind=timeline.Kind.RULED,
        actor=actor,
        at=at,
        text_id=text,
        notice="case.ruled" if in_time else "case.fallback",
        adjudication=dispute.pk,
        outcome=dispute.outcome,
        in_time=in_time,
        **({"from": lead.unit_id} if lead else {}),
    )
    if kept is not None:
        sending.keep_handling_clock(incident, kept, sent, at=at)
    accept_lead(incident, sent, actor=actor, at=at, how=Assignment.Acceptance.RULED)
    return sent


def _take_from(incident: Incident, *, at: datetime) -> None:
    """End the sending of now; a rest of any kind ends with it."""
    ending.end_lead(incident, at=at, why=Assignment.End.REDISPATCHED)
    if incident.status == Status.PARKED:
        state.transition(incident, Status.HANDLING)
        incident.parked_until = None
    pausing.abandon(incident, actor=SYSTEM, at=at)
    timers.stop(incident, [Timer.Kind.PARKED, Timer.Kind.PAUSE], at=at, reason="ruled")


def _decide(
    incident: Incident, limits: Limits, unit: OrgUnit, *, how: Ending, actor: Actor, at: datetime
) -> DecisionRecord:
    """定责结果 of the ruling, frozen beside what the machine had proposed."""
    return DecisionRecord.objects.create(
        incident=incident,
        made_at=at,
        made_by=actor.user,
        responsibility_list=ResponsibilityList.objects.get(version=limits.list_version),
        outcome="dispatched",
        category_code=limits.category,
        item_code=limits.item,
        unit_code=unit.code,
        confidence=1.0,
        detail={
            "by": "adjudication",
            "how": how,
            "item": limits.item,
            "unit": unit.code,
            "unit_by_list": limits.unit,
            "urgency": limits.urgency,
            "level": limits.level,
            "handle_limit": limits.handle_limit,
            "accept_minutes": limits.accept_minutes,
        },
    )


def _known_limits(incident: Incident, disputed: Assignment, *, at: datetime) -> Limits:
    """Those of the disputed item; as they were decided then, where the list has the item no more."""
    try:
        return limits_for(incident, disputed.item_code, at=at)
    except InvalidInput:
        return Limits(
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


def _tell_ruling(
    incident: Incident, dispute: Adjudication, sent: Assignment | None, *, in_time: bool, at: datetime
) -> None:
    """The units between which it was, as far as they have had the case. Whom it was sent to knows by that."""
    had = set(incident.assignments.filter(role=Assignment.Role.LEAD).values_list("unit_id", flat=True))
    concerned = had & parties_of(incident, dispute)
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


def _lead(incident: Incident) -> Assignment | None:
    return (
        incident.assignments.filter(role=Assignment.Role.LEAD, ended_at__isnull=True)
        .select_related("unit", "decision")
        .first()
    )


def _record(
    kind: timeline.Kind, dispute: Adjudication, *, actor: Actor, at: datetime, **data: object
) -> None:
    timeline.record(
        kind,
        incident_id=dispute.incident_id,
        at=at,
        actor=actor,
        adjudication=dispute.pk,
        cause=dispute.cause,
        outcome=dispute.outcome,
        unit=dispute.unit_id or dispute.asked_by_unit_id,
        proposed=dispute.proposed_unit_id or "",
        item=dispute.item_code,
        **data,
    )


def _save(incident: Incident) -> None:
    incident.version += 1
    incident.save()
