"""Countersigning what was typed in too late to count by itself."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, counting, outbox, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Assignment, Incident, LateEntry


@transaction.atomic(durable=True)
def countersign(
    *,
    number: str,
    fact: str,
    agreed: bool,
    reason: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """补录会签: the centre answers a late entry. Agreed, what was told counts from its true time on, and
    what had been counted is corrected; stages that fired meanwhile stay on record."""
    incident = cases.hold(number, actor=actor, action=Action.COUNTERSIGN, at=at, seen_version=seen_version)
    entry = (
        incident.late_entries.select_for_update(of=("self",))
        .filter(fact=fact, state=LateEntry.State.WAITING)
        .select_related("assignment")
        .first()
    )
    if entry is None:
        raise ActionRefused("nothing_asked", _("No late entry is waiting to be countersigned."))
    if actor.user is not None and entry.entered_by_id == actor.user.pk:
        raise ActionRefused("own_entry", _("Somebody else countersigns what you have entered."))
    text = (cases.store_optional_text if agreed else cases.store_text)(reason, at=at, field="reason")
    entry.state = LateEntry.State.COUNTERSIGNED if agreed else LateEntry.State.REFUSED
    entry.answered_at, entry.answered_by, entry.reason = at, actor.user, text
    entry.save()
    if agreed:
        _apply(incident, entry)
    cases.save(incident)
    timeline.record(
        timeline.Kind.COUNTERSIGNED if agreed else timeline.Kind.COUNTERSIGN_REFUSED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        entry=entry.pk,
        fact=entry.fact,
        happened_at=entry.happened_at.isoformat(),
        unit=entry.unit_id,
        text=text.pk if text else None,
    )
    outbox.tell(
        "late.answered",
        incident_id=incident.pk,
        receiver=f"unit:{entry.unit_id}",
        key=f"late.answered:{entry.pk}",
        at=at,
        fact=entry.fact,
        agreed=agreed,
    )
    return incident


def _apply(incident: Incident, entry: LateEntry) -> None:
    """Let the true time count, on a locked case."""
    lead = entry.assignment
    match entry.fact:
        case LateEntry.Fact.RECEIVED:
            incident.received_at = entry.happened_at
            counting.recount_receipt(incident)
        case LateEntry.Fact.ACCEPTED if lead is not None:
            _move(lead, "accepted_at", entry.happened_at)
            # By telephone: nothing else is accepted at another time than now.
            _move(lead, "acceptance", Assignment.Acceptance.PHONE)
            if lead.ended_at is None:
                incident.accepted_at = entry.happened_at
            counting.recount_accepted(incident, lead)
        case LateEntry.Fact.CONTACTED:
            earlier = [entry.happened_at, incident.first_contact_at or entry.happened_at]
            incident.first_contact_at = min(earlier)
            counting.recount_contacted(incident, at=entry.happened_at)
        case LateEntry.Fact.RESOLVED if lead is not None and lead.resolved_at == entry.entered_at:
            _move(lead, "resolved_at", entry.happened_at)
            if incident.resolved_at == entry.entered_at:
                incident.resolved_at = entry.happened_at
                counting.recount_handled(incident, lead, at=entry.happened_at)


def _move(lead: Assignment, field: str, value: datetime | str) -> None:
    setattr(lead, field, value)
    lead.save(update_fields=[field])
