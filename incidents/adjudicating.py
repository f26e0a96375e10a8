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
from incidents import outbox, timeline, timers
from incidents.actor import SYSTEM, Actor
from incidents.clock_rules import limit_for
from incidents.errors import ActionRefused
from incidents.models import (
    Adjudication,
    Assignment,
    CaseRequest,
    Incident,
    Text,
    Timer,
)

Ending = Adjudication.Outcome


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
    record(timeline.Kind.DISPUTED, opened, actor=actor, at=at, returns=len(returns))
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
    record(timeline.Kind.DISPUTED, opened, actor=actor, at=at, text=reason.pk)
    return opened


def withdraw(incident: Incident, dispute: Adjudication, *, actor: Actor, at: datetime, text: Text) -> None:
    """The unit takes its objection back; saves the case."""
    end(incident, dispute, how=Ending.WITHDRAWN, actor=actor, at=at)
    timers.rule(incident)
    _save(incident)
    record(timeline.Kind.DISPUTE_DROPPED, dispute, actor=actor, at=at, text=text.pk)


def finish(incident: Incident, *, at: datetime) -> None:
    """The case is over, and with it a dispute that nobody ruled on. The caller stops all clocks and saves."""
    dispute = open_dispute(incident)
    if dispute is not None:
        end(incident, dispute, how=Ending.WITHDRAWN, actor=SYSTEM, at=at)
        record(timeline.Kind.DISPUTE_DROPPED, dispute, actor=SYSTEM, at=at)


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


def end(incident: Incident, dispute: Adjudication, *, how: Ending, actor: Actor, at: datetime) -> None:
    dispute.ended_at, dispute.outcome = at, how
    if how != Ending.WITHDRAWN:
        dispute.ruled_by = actor.user
    dispute.save()
    timers.stop(incident, [Timer.Kind.ADJUDICATION], at=at, reason=how)


def record(kind: timeline.Kind, dispute: Adjudication, *, actor: Actor, at: datetime, **data: object) -> None:
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
