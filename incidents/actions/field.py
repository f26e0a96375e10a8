"""What a patrol does with its own findings."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from accounts.roles import Action
from dispatch.deadlines import Limit
from dispatch.edition import edition
from dispatch.vocabulary import Level, Urgency
from incidents import (
    adjudicating,
    cases,
    cohandling,
    outbox,
    outcomes,
    state,
    timeline,
    timers,
    verifying,
)
from incidents.acceptance import lead_of
from incidents.actor import Actor
from incidents.clock_rules import limit_for
from incidents.errors import ActionRefused, InvalidInput
from incidents.field import rounds, spot
from incidents.models import (
    Assignment,
    Attachment,
    DecisionRecord,
    Incident,
    OutboxMessage,
    Outcome,
    Timer,
)
from incidents.models.incident import ResolutionOutcome, Status

# What a fix that does not stand is put right under.
REWORK_LIMIT = "1wd"


@transaction.atomic(durable=True)
def fix_on_spot(
    *, number: str, text: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """现场处置: the patrol who found it has put it right. Closed at level A by the patrol's own unit, in a
    class of its own; one in twenty is checked by somebody else first.

    Raises InvalidInput ("photos" where no picture shows how it looks now) or ActionRefused: "not_yours",
    "others_wait" (other people reported it too), "emergency", "too_late", "wrong_state".
    """
    incident = cases.hold(number, actor=actor, action=Action.FIX_ON_SPOT, at=at, seen_version=seen_version)
    unit = _check(incident, actor=actor, at=at)
    kept = cases.store_text(text, at=at)
    _take_from_others(incident, at=at)
    spot.enter(incident)
    lead = _own_sending(incident, unit, actor=actor, at=at, text_id=kept.pk)
    # A case reaches its end by the same way as all others, only faster.
    for step in (Status.DISPATCHED, Status.HANDLING, Status.RESOLVED):
        if incident.status != step:
            state.transition(incident, step)
    # Should the fix not stand, this clock goes on.
    limit = Limit.parse(REWORK_LIMIT)
    timers.start(incident, Timer.Kind.HANDLING, limit, at=at, assignment=lead, unit_code=unit.code)
    timers.stop(incident, [Timer.Kind.HANDLING], at=at, reason="met")
    timeline.record(
        timeline.Kind.FIXED_ON_SPOT,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        assignment=lead.pk,
        unit=unit.code,
        text=kept.pk,
    )
    if spot.is_looked_at_again():
        asked = verifying.ask(incident, lead, actor=actor, at=at)
        limit = limit_for(Timer.Kind.VERIFICATION, incident.urgency)
        timers.start(
            incident, Timer.Kind.VERIFICATION, limit, at=at, assignment=lead, unit_code=asked.unit_id
        )
        cases.save(incident)
        return incident
    state.transition(incident, Status.CLOSED)
    incident.closed_at = at
    cases.end_lead(incident, at=at, why=Assignment.End.CLOSED)
    cases.finish(incident, at=at)
    cases.save(incident)
    timeline.record(timeline.Kind.CLOSED, incident_id=incident.pk, at=at, actor=actor)
    outcomes.append(Outcome.Kind.CLOSED, incident, at=at, **outcomes.durations(incident.received_at, at))
    return incident


def _check(incident: Incident, *, actor: Actor, at: datetime) -> OrgUnit:
    """The patrol's unit, where this may be said of the case at all."""
    if actor.user is None or not rounds.is_finding_of(actor.user, incident):
        raise ActionRefused(
            "not_yours", _("Only who found it on their round can say that they put it right.")
        )
    if incident.report_count > 1:
        raise ActionRefused("others_wait", _("Others reported this too: its unit answers them."))
    if incident.urgency == Urgency.EMERGENCY:
        raise ActionRefused("emergency", _("An emergency is looked at by its unit, whatever was done first."))
    if not rounds.may_still_fix(incident, at):
        raise ActionRefused("too_late", _("It was found more than 24 hours ago: its unit has it now."))
    adjudicating.refuse_while_open(incident)
    if incident.status not in (Status.TRIAGE, Status.DISPATCHED):
        raise ActionRefused("wrong_state", _("Somebody else has it in hand already."))
    if not incident.attachments.filter(stage=Attachment.Stage.AFTER).exists():
        raise InvalidInput("photos", "required", _("Show how it looks now: at least one photo."))
    return OrgUnit.objects.get(code=actor.unit_code)


def _take_from_others(incident: Incident, *, at: datetime) -> None:
    """End the sending that intake made; a unit that has not been told of it never is."""
    before = lead_of(incident)
    timers.stop_all(incident, at=at, reason="fixed")
    if before is None:
        return
    cases.end_lead(incident, at=at, why=Assignment.End.REDISPATCHED)
    cohandling.dismiss_all(incident, why=Assignment.End.REDISPATCHED, at=at)
    if not outbox.unsay(OutboxMessage.objects.filter(key=f"case.dispatched:{before.pk}")):
        outbox.tell(
            "case.recalled",
            incident_id=incident.pk,
            receiver=f"unit:{before.unit_id}",
            key=f"case.recalled:{before.pk}",
            at=at,
        )


def _own_sending(
    incident: Incident, unit: OrgUnit, *, actor: Actor, at: datetime, text_id: int
) -> Assignment:
    """The sending to the patrol's own unit, from its decision to its resolution at once."""
    incident.level = incident.first_level = Level.BLOCK
    incident.owner_unit, incident.handler = unit, actor.user
    incident.first_dispatched_at = incident.first_dispatched_at or at
    incident.dispatched_at = incident.accepted_at = incident.resolved_at = at
    incident.outcome = ResolutionOutcome.SOLVED
    incident.triage_codes, incident.auto_dispatched = [], False
    incident.claimed_by = incident.claimed_at = None
    record = DecisionRecord.objects.create(
        incident=incident,
        made_at=at,
        made_by=actor.user,
        responsibility_list_id=edition().list_id,
        outcome="dispatched",
        category_code=incident.category_id or "",
        item_code=incident.item_code,
        unit_code=unit.code,
        confidence=1.0,
        detail={"by": "patrol", "item": incident.item_code, "unit": unit.code, "level": Level.BLOCK},
    )
    return Assignment.objects.create(
        incident=incident,
        unit=unit,
        decision=record,
        item_code=incident.item_code,
        level=Level.BLOCK,
        handle_limit=REWORK_LIMIT,
        accept_minutes=0,
        sent_at=at,
        sent_by=actor.user,
        accepted_at=at,
        accepted_by=actor.user,
        acceptance=Assignment.Acceptance.EXPLICIT,
        resolved_at=at,
        resolved_by=actor.user,
        outcome=ResolutionOutcome.SOLVED,
        resolution_id=text_id,
    )
