"""What alerts do to their case by themselves: lines on its timeline, and its end where nobody acted."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from incidents import cases, outbox, outcomes, state, timeline
from incidents.acceptance import lead_of
from incidents.actor import Actor
from incidents.models import AlertCase, Assignment, Incident, OutboxMessage, Outcome
from incidents.models.incident import ResolutionOutcome, Status


@transaction.atomic(durable=True)
def tell_of_alerts(*, alert_case: int, actor: Actor, at: datetime) -> Incident | None:
    """Write the lines that wait: burns again, flaps, so many devices. Each is written once."""
    incident = _hold(alert_case, actor=actor, at=at)
    if incident is None:
        return None
    held = AlertCase.objects.select_for_update(no_key=True).get(pk=alert_case)
    for line in held.pending:
        timeline.record(
            timeline.Kind(line["kind"]),
            incident_id=incident.pk,
            at=min(datetime.fromisoformat(line["at"]), at),
            actor=actor,
            **line["data"],
        )
    held.pending = []
    held.save(update_fields=["pending"])
    return incident


@transaction.atomic(durable=True)
def end_cleared_alert(*, alert_case: int, actor: Actor, at: datetime) -> Incident | None:
    """自行恢复: everything has been clear for long enough. Closes the case where nobody has acted on it, and
    nobody else reported it; otherwise it stays with whoever has it, who read that it is clear.

    It was handled by nobody, so it counts in no ranking of handling: its dispatch is taken back.
    """
    incident = _hold(alert_case, actor=actor, at=at)
    held = AlertCase.objects.select_for_update(no_key=True).get(pk=alert_case)
    if held.ended_at is not None or held.check_at is None or held.check_at > at:
        return incident  # it burns again, or another worker was here
    held.check_at = None
    if incident is None or not incident.is_open:
        held.ended_at, held.end = at, AlertCase.End.CLOSED
        held.save(update_fields=["check_at", "ended_at", "end"])
        return incident
    others = AlertCase.objects.filter(incident=held.incident_id, ended_at__isnull=True).exclude(pk=held.pk)
    if others.filter(alerts__is_firing=True).exists():
        held.check_at = at + timedelta(minutes=settings.ALERT_SETTLE_MINUTES)
        held.save(update_fields=["check_at"])
        return incident
    if not held.closes_itself or not may_end_by_itself(incident):
        timeline.record(timeline.Kind.ALERT_QUIET, incident_id=incident.pk, at=at, actor=actor)
        held.save(update_fields=["check_at"])  # stays with the case: what burns again belongs to it
        return incident
    others.update(ended_at=at, end=AlertCase.End.CLEARED, check_at=None)
    held.ended_at, held.end = at, AlertCase.End.CLEARED
    held.save(update_fields=["check_at", "ended_at", "end"])
    _close(incident, actor=actor, at=at)
    return incident


def may_end_by_itself(incident: Incident) -> bool:
    """Has no unit accepted and no person acted, and was it reported by devices alone?"""
    if incident.status not in (Status.TRIAGE, Status.DISPATCHED):
        return False
    if incident.claimed_by_id is not None or incident.supervision_number or incident.chased_count:
        return False
    if incident.timeline.filter(actor__isnull=False).exists():
        return False
    own = AlertCase.objects.filter(incident=incident).values("external_id")
    links = incident.links.filter(unlinked_at__isnull=True, report__withdrawn_at__isnull=True)
    return not links.exclude(report__source=incident.source, report__external_id__in=own).exists()


def _hold(alert_case: int, *, actor: Actor, at: datetime) -> Incident | None:
    """Lock the case that the alerts belong to now, however often it is merged meanwhile."""
    case = AlertCase.objects.select_related("incident__merged_into").get(pk=alert_case)
    incident = case.incident
    for _try in range(5):
        if incident is None:
            return None
        held = cases.hold(incident.number, actor=actor, action=None, at=at)
        if held.status != Status.MERGED:
            return held
        incident = held.merged_into
    return None


def _close(incident: Incident, *, actor: Actor, at: datetime) -> None:
    lead = lead_of(incident)
    state.transition(incident, Status.CLOSED)
    incident.outcome = ResolutionOutcome.CLEARED
    incident.closed_at = at
    incident.triage_codes = []
    cases.end_lead(incident, at=at, why=Assignment.End.CLOSED)
    cases.finish(incident, at=at)
    cases.save(incident)
    for kind in (timeline.Kind.ALERT_ENDED, timeline.Kind.CLOSED):
        timeline.record(kind, incident_id=incident.pk, at=at, actor=actor)
    outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
    outcomes.append(Outcome.Kind.CLOSED, incident, at=at, **outcomes.durations(incident.received_at, at))
    if lead is None or outbox.unsay(OutboxMessage.objects.filter(key=f"case.dispatched:{lead.pk}")):
        return
    outbox.tell(
        "case.recalled",
        incident_id=incident.pk,
        receiver=f"unit:{lead.unit_id}",
        key=f"case.recalled:{lead.pk}",
        at=at,
    )
