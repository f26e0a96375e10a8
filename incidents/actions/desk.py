"""What the triage desk does: decide whose job it is, answer, turn away, bring together."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import (
    adjudicating,
    cases,
    conflicts,
    joined,
    outcomes,
    policy,
    sending,
    state,
    supervising,
    timeline,
)
from incidents.actor import Actor
from incidents.choosing import limits_for, record_choice, unit_for
from incidents.claiming import refuse_if_claimed, refuse_unless_at_desk
from incidents.errors import ActionRefused, InvalidInput
from incidents.knowledge import keeping
from incidents.models import Assignment, Incident, Outcome
from incidents.models.incident import ResolutionOutcome, Status
from incidents.outside import follow_outside
from incidents.upstream import reviewing

# What a reporter is told waits so long: the desk can take it back for eight seconds.
HELD_BACK = timedelta(seconds=10)
# A reporter hears where it went once that can no longer be taken back (recalling.RECALL_WITHIN).
SENT_TOLD_AFTER = timedelta(minutes=2)


@transaction.atomic(durable=True)
def claim(*, number: str, actor: Actor, at: datetime) -> Incident:
    """Take a case on the desk into one's own hands, so that two people do not decide it at once."""
    incident = cases.hold(number, actor=actor, action=Action.CLAIM, at=at)
    refuse_unless_at_desk(incident)
    refuse_if_claimed(incident, actor, at)
    incident.claimed_by, incident.claimed_at = actor.user, at
    cases.save(incident)
    timeline.record(timeline.Kind.CLAIMED, incident_id=incident.pk, at=at, actor=actor)
    return incident


@transaction.atomic(durable=True)
def release(*, number: str, actor: Actor, at: datetime) -> Incident:
    """Give a case that one has taken back to the desk; where it is nobody's, nothing happens."""
    incident = cases.hold(number, actor=actor, action=Action.RELEASE, at=at)
    refuse_unless_at_desk(incident)
    refuse_if_claimed(incident, actor, at)
    if incident.claimed_by_id is not None:
        incident.claimed_by = incident.claimed_at = None
        cases.save(incident)
        timeline.record(timeline.Kind.RELEASED, incident_id=incident.pk, at=at, actor=actor)
    return incident


@transaction.atomic(durable=True)
def dispatch(
    *,
    number: str,
    item_code: str,
    unit_code: str = "",
    reason: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Assignment:
    """Send a case from the desk to the unit of `item_code`, or to `unit_code` under that item's limits.

    Raises InvalidInput for an unknown item or unit, ActionRefused where the case is not on the desk,
    is in somebody else's hands, or the item's unit cannot be told from the place.
    """
    incident = cases.hold(number, actor=actor, action=Action.DISPATCH, at=at, seen_version=seen_version)
    refuse_unless_at_desk(incident)
    refuse_if_claimed(incident, actor, at)
    adjudicating.refuse_while_open(incident)
    limits = limits_for(incident, item_code, at=at)
    unit = unit_for(limits, unit_code)
    policy.check_target(actor, Action.DISPATCH, incident, unit)
    conflicts.refuse_own(incident, [unit], category=limits.category)
    text = cases.store_optional_text(reason, at=at, field="reason")
    record = record_choice(incident, limits, unit_code=unit.code, actor=actor, at=at)
    sent = sending.send(
        incident,
        record,
        limits,
        unit=unit,
        kind=timeline.Kind.DISPATCHED,
        actor=actor,
        at=at,
        text_id=text.pk if text else None,
        before=_as_it_stood(incident),
    )
    cases.tell_reporters(incident, "report.sent", at=at, hold=SENT_TOLD_AFTER, unit=unit.code)
    return sent


@transaction.atomic(durable=True)
def answer(
    *,
    number: str,
    text: str,
    article: int | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """直接答复: answer on the spot and close. Such cases never enter handling rankings.

    `article` is what it was answered with, of the knowledge base.
    """
    incident = cases.hold(number, actor=actor, action=Action.ANSWER, at=at, seen_version=seen_version)
    refuse_unless_at_desk(incident)
    refuse_if_claimed(incident, actor, at)
    if incident.nature not in policy.ANSWERABLE:
        raise ActionRefused(
            "not_answerable", _("Only an enquiry, a suggestion or praise is answered on the spot.")
        )
    kept = cases.store_text(text, at=at)
    if article is not None:
        keeping.use(article, incident, actor=actor, at=at)
    goes_up = bool(reviewing.owed(incident))
    state.transition(incident, Status.RESOLVED if goes_up else Status.CLOSED)
    incident.outcome = ResolutionOutcome.ANSWERED
    incident.resolved_at = at
    codes, incident.triage_codes = incident.triage_codes, []
    if goes_up:
        incident.claimed_by = incident.claimed_at = None
    else:
        incident.closed_at = at
        cases.finish(incident, at=at)
        cases.save(incident)
    timeline.record(
        timeline.Kind.ANSWERED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        text=kept.pk,
        codes=codes,
        **({"article": article} if article is not None else {}),
    )
    if goes_up:
        reviewing.submit(incident, actor=actor, at=at, text_id=kept.pk)
        cases.tell_reporters(incident, "report.answered", at=at, text=kept.pk)
        return incident
    cases.tell_reporters(incident, "report.answered", at=at, hold=HELD_BACK, text=kept.pk)
    outcomes.append(Outcome.Kind.CLOSED, incident, at=at, **outcomes.durations(incident.received_at, at))
    return incident


@transaction.atomic(durable=True)
def reject(
    *, number: str, reason: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """不予受理: turn a case away, with a reason that the reporter is told."""
    incident = cases.hold(number, actor=actor, action=Action.REJECT, at=at, seen_version=seen_version)
    refuse_unless_at_desk(incident)
    refuse_if_claimed(incident, actor, at)
    if reviewing.owed(incident):
        raise ActionRefused(
            "upstream_decides", _("Its source decides that: ask it to take the report back instead.")
        )
    kept = cases.store_text(reason, at=at, field="reason")
    state.transition(incident, Status.REJECTED)
    incident.outcome = ResolutionOutcome.NOT_ACCEPTED
    incident.closed_at = at
    cases.finish(incident, at=at)
    cases.save(incident)
    timeline.record(timeline.Kind.REJECTED, incident_id=incident.pk, at=at, actor=actor, text=kept.pk)
    cases.tell_reporters(incident, "report.rejected", at=at, hold=HELD_BACK, text=kept.pk)
    outcomes.append(Outcome.Kind.CLOSED, incident, at=at, **outcomes.durations(incident.received_at, at))
    return incident


@transaction.atomic(durable=True)
def merge(*, number: str, into: str, actor: Actor, at: datetime, seen_version: int | None = None) -> Incident:
    """并案: let `into` answer the reports of this case too. A root is counted once."""
    if number == into:
        raise InvalidInput("into", "same", _("A case cannot be merged into itself."))
    child, parent = cases.hold_all(
        number, into, actor=actor, action=Action.MERGE, at=at, seen_version=seen_version
    )
    policy.check(actor, Action.MERGE, parent)
    for incident in (child, parent):
        if incident.status == Status.TRIAGE:
            refuse_if_claimed(incident, actor, at)
    # What is called done only waits for a check, or for its source: nobody would look at this one any more.
    if not parent.is_open or parent.status == Status.RESOLVED:
        raise ActionRefused("wrong_state", _("%(number)s is not open any more.") % {"number": parent.number})
    was, codes = child.status, child.triage_codes
    state.transition(child, Status.MERGED)
    child.merged_into = parent
    child.triage_codes = []
    supervising.pass_on(child, parent, actor=actor, at=at)
    cases.end_lead(child, at=at, why=Assignment.End.MERGED)
    cases.finish(child, at=at)
    moved = joined.move(child, parent, at=at)
    # What was merged into the child before is now part of the parent, and can be taken out of it again.
    child.merged_from.update(merged_into=parent)
    parent.report_count = joined.count(parent)
    follow_outside(parent, at=at)
    cases.save(child)
    cases.save(parent)
    timeline.record(
        timeline.Kind.MERGED,
        incident_id=child.pk,
        at=at,
        actor=actor,
        into=parent.number,
        was=was,
        codes=codes,
    )
    timeline.record(
        timeline.Kind.ABSORBED, incident_id=parent.pk, at=at, actor=actor, number=child.number, reports=moved
    )
    outcomes.take_back(child, Outcome.Kind.RECEIVED, Outcome.Kind.DISPATCHED, Outcome.Kind.DUE)
    return parent


@transaction.atomic(durable=True)
def unmerge(*, number: str, actor: Actor, at: datetime) -> Incident:
    """Take a merged case out again: its reports come back to it, and it waits on the desk."""
    # Read without a lock to learn the other case's number, then lock both in id order and look again.
    root = Incident.objects.filter(merged_from__number=number).first()
    if root is None:
        raise ActionRefused("wrong_state", _("%(number)s is not merged.") % {"number": number})
    child, parent = cases.hold_all(number, root.number, actor=actor, action=Action.UNMERGE, at=at)
    if child.merged_into_id != parent.pk:
        raise ActionRefused("wrong_state", _("%(number)s is not merged.") % {"number": number})
    sending.back_to_desk(child, "unmerged", at=at)
    child.merged_into = None
    moved = joined.brought(child)
    joined.give_back(parent, child, moved, at=at)
    if not child.links.filter(unlinked_at__isnull=True).exists():
        raise ActionRefused("nothing_left", _("What it reported has been made a case of its own since."))
    parent.report_count, child.report_count = joined.count(parent), joined.count(child)
    follow_outside(parent, at=at)
    cases.save(child)
    cases.save(parent)
    timeline.record(timeline.Kind.UNMERGED, incident_id=child.pk, at=at, actor=actor, out_of=parent.number)
    reviewing.taken_out(parent, moved, actor=actor, at=at)
    outcomes.append(Outcome.Kind.RECEIVED, child, at=child.received_at)
    return child


def _as_it_stood(incident: Incident) -> dict[str, Any]:
    """What a sending changes on its case: the line of the sending keeps it, to be taken back by."""
    return {
        "category": incident.category_id,
        "item_code": incident.item_code,
        "urgency": incident.urgency,
        "level": incident.level,
        "first_level": incident.first_level,
        "triage_codes": incident.triage_codes,
    }
