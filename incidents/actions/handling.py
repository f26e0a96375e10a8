"""What the unit does with a case that was sent to it, and what the centre answers."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch.models import ResponsibilityItem
from incidents import (
    adjudicating,
    asking,
    cases,
    citing,
    cohandling,
    conflicts,
    counting,
    follow_up,
    late,
    levels,
    mediating,
    outcomes,
    parking,
    pausing,
    picturing,
    policy,
    sending,
    state,
    timeline,
    timers,
    verifying,
)
from incidents.acceptance import accept_lead, open_lead
from incidents.actor import Actor
from incidents.choosing import limits_for, record_choice, unit_for
from incidents.clock_rules import limit_for
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import (
    Assignment,
    Attachment,
    CaseRequest,
    Contact,
    Incident,
    LateEntry,
    Outcome,
    Pause,
    TimelineEntry,
    Timer,
)
from incidents.models.incident import ResolutionOutcome, Status
from incidents.numbers import district_day

# 挂账: a date within a year; then somebody looks at it again.
PARKED_MOST = timedelta(days=366)


@transaction.atomic(durable=True)
def accept(*, number: str, actor: Actor, at: datetime, seen_version: int | None = None) -> Incident:
    """签收: the unit takes the case on."""
    incident = cases.hold(number, actor=actor, action=Action.ACCEPT, at=at, seen_version=seen_version)
    # Verification and parking lead back to "in hand" too, but not by accepting again.
    if incident.status != Status.DISPATCHED:
        raise ActionRefused("wrong_state", _("Only a case that waits for acceptance can be accepted."))
    lead = open_lead(incident)
    accept_lead(incident, lead, actor=actor, at=at, how=Assignment.Acceptance.EXPLICIT, by=actor.user)
    return incident


@transaction.atomic(durable=True)
def request_return(
    *,
    number: str,
    reason: str,
    cites: str = "",
    proposed_unit: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> CaseRequest:
    """退件: ask the centre to take the case back. The unit stays owner and its clocks run on.

    Only before acceptance and within its limit (silence past it is acceptance); it cites the item or the
    law, and the unit that it names is checked against the list.
    """
    incident = cases.hold(number, actor=actor, action=Action.REQUEST_RETURN, at=at, seen_version=seen_version)
    if incident.status != Status.DISPATCHED:
        raise ActionRefused(
            "already_accepted",
            _("The case has been accepted: you can object to it now, but not return it."),
        )
    lead = open_lead(incident)
    cited, unit = citing.check(incident, lead, cites=cites, proposed_unit=proposed_unit)
    return asking.ask(
        incident,
        lead,
        CaseRequest.Kind.RETURN,
        reason=cases.store_text(reason, at=at, field="reason"),
        actor=actor,
        at=at,
        told={"proposed": unit.code if unit else ""},
        cites=cited,
        proposed_unit=unit,
    )


@transaction.atomic(durable=True)
def decide_return(
    *,
    number: str,
    agreed: bool,
    reason: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """The centre's answer to a return. Agreed: the case is back on the desk and the dispatch clock
    runs again from receipt; once too often, and it is before adjudication. Refused: the unit keeps it,
    and the refusal is counted."""
    incident = cases.hold(number, actor=actor, action=Action.DECIDE_RETURN, at=at, seen_version=seen_version)
    request = asking.waiting(incident, CaseRequest.Kind.RETURN)
    text = asking.answer(request, agreed=agreed, reason=reason, actor=actor, at=at)
    if agreed:
        cases.end_lead(incident, at=at, why=Assignment.End.RETURNED)
        timers.stop(
            incident,
            [Timer.Kind.ACCEPTANCE, Timer.Kind.HANDLING, Timer.Kind.FIRST_CONTACT],
            at=at,
            reason="returned",
        )
        incident.return_count += 1
        outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
        outcomes.append(Outcome.Kind.RETURNED, incident, at=at, unit_code=request.assignment.unit_id)
        levels.move_up(incident, why="return", actor=actor, at=at)
        sending.back_to_desk(incident, "returned", at=at)
    else:
        outcomes.append(Outcome.Kind.REFUSED, incident, at=at, unit_code=request.assignment.unit_id)
    cases.save(incident)
    asking.tell_answer(incident, request, text=text, actor=actor, at=at)
    if agreed and adjudicating.open_by_returns(incident, actor=actor, at=at):
        cases.save(incident)
    return incident


@transaction.atomic(durable=True)
def redispatch(
    *,
    number: str,
    item_code: str,
    unit_code: str = "",
    reason: str,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Assignment:
    """Send a case that is with one unit straight to another, by the centre's own decision.

    A street centre may move a case inside its street (街道内转派): the handling clock goes on and no
    return is counted. Elsewhere the new unit gets limits of its own.
    """
    incident = cases.hold(number, actor=actor, action=Action.REDISPATCH, at=at, seen_version=seen_version)
    if incident.status not in (Status.DISPATCHED, Status.HANDLING):
        raise ActionRefused("wrong_state", _("Only a case that is with a unit can be sent elsewhere."))
    adjudicating.refuse_while_open(incident)
    before = open_lead(incident)
    limits = limits_for(incident, item_code, at=at)
    unit = unit_for(limits, unit_code)
    if unit.code == before.unit_id:
        raise InvalidInput("unit", "same", _("The case is with this unit already."))
    policy.check_target(actor, Action.REDISPATCH, incident, unit)
    conflicts.refuse_own(incident, [unit], category=limits.category)
    text = cases.store_text(reason, at=at, field="reason")
    inside = sending.within_one_street(before.unit, unit)
    cases.end_lead(incident, at=at, why=Assignment.End.REDISPATCHED)
    record = record_choice(incident, limits, unit_code=unit.code, actor=actor, at=at)
    outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
    clock = incident.timers.filter(kind=Timer.Kind.HANDLING, stopped_at__isnull=True).first()
    assignment = sending.send(
        incident,
        record,
        limits,
        unit=unit,
        kind=timeline.Kind.REDISPATCHED,
        actor=actor,
        at=at,
        text_id=text.pk,
    )
    if inside and clock is not None:
        sending.keep_handling_clock(incident, clock, assignment, at=at)
    return assignment


@transaction.atomic(durable=True)
def resolve(
    *,
    number: str,
    outcome: str,
    text: str,
    attested: bool = False,
    parked_until: date | None = None,
    happened_at: datetime | None = None,
    mediation: mediating.Mediated | None = None,
    photos: Sequence[Attachment] = (),
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """办结: say what came of it. Only 已解决 counts as solved, and needs the closing condition attested;
    阶段性答复 parks the case with a date and keeps it open and visible. `happened_at` where the work was
    done earlier than it is typed in (see `late`); `mediation` where it is a dispute without a
    file of its own; `photos` of afterwards
    come on the case with it, or not at all."""
    incident = cases.hold(number, actor=actor, action=Action.RESOLVE, at=at, seen_version=seen_version)
    if happened_at is not None and outcome == ResolutionOutcome.PARKED:
        raise InvalidInput("happened_at", "not_here", _("An interim answer counts from when it is given."))
    _check_outcome(incident, outcome, attested=attested, parked_until=parked_until, at=at)
    mediation = mediating.by_file(incident, outcome, mediation)
    mediating.check(incident, outcome, mediation)
    lead = open_lead(incident)
    if outcome != ResolutionOutcome.PARKED:  # an interim answer settles nothing
        cohandling.refuse_while_open(incident)
    kept = cases.store_text(text, at=at)
    lead.outcome, lead.resolution = outcome, kept
    done = late.moment(
        happened_at,
        at=at,
        not_before=_work_began(incident, lead),
        accepted_at=accepted_in_words(lead),
    )
    picturing.put_on(incident, photos, stage=Attachment.Stage.AFTER, actor=actor, at=at, field="photos")
    if incident.status == Status.SUSPENDED:
        # Whoever finishes has no more need of standing still.
        pausing.finish(incident, end=Pause.End.RESUMED, actor=actor, at=at)
    timers.stop(incident, [Timer.Kind.FIRST_CONTACT], at=at, reason="met")
    if outcome == ResolutionOutcome.PARKED:
        assert parked_until is not None  # _check_outcome
        parking.park(incident, lead, until=parked_until, at=at)
        lead.save(update_fields=["outcome", "resolution"])
        kind = timeline.Kind.PARKED
    else:
        counting.count_as_handled(
            incident,
            lead,
            outcome,
            at=done.at,
            mediated=(mediation is not None and mediation.settled)
            if mediating.is_dispute(incident)
            else None,
            late_entry=done.state is not None,
        )
        state.transition(incident, Status.RESOLVED)
        incident.outcome, incident.resolved_at, incident.parked_until = outcome, done.at, None
        lead.resolved_at, lead.resolved_by = done.at, actor.user
        lead.save(update_fields=["outcome", "resolution", "resolved_at", "resolved_by"])
        timers.stop(incident, [Timer.Kind.HANDLING, Timer.Kind.PARKED], at=at, reason="met")
        asked = verifying.ask(incident, lead, actor=actor, at=at)
        timers.start(
            incident,
            Timer.Kind.VERIFICATION,
            limit_for(Timer.Kind.VERIFICATION, incident.urgency),
            at=at,
            assignment=lead,
            unit_code=asked.unit_id,
        )
        late.note(
            incident, LateEntry.Fact.RESOLVED, done, actor=actor, unit_code=lead.unit_id, assignment=lead
        )
        kind = timeline.Kind.RESOLVED
    mediated = mediating.record(incident, lead, mediation, actor=actor, at=done.at)
    cases.save(incident)
    timeline.record(
        kind,
        incident_id=incident.pk,
        at=done.at,
        actor=actor,
        assignment=lead.pk,
        outcome=outcome,
        attested=attested,
        until=parked_until.isoformat() if parked_until else None,
        text=kept.pk,
        **(done.mark if kind == timeline.Kind.RESOLVED else {}),
        **mediated,
    )
    cases.tell_reporters(incident, f"report.{kind}", at=at, text=kept.pk)
    return incident


@transaction.atomic(durable=True)
def note(*, number: str, text: str, actor: Actor, at: datetime) -> TimelineEntry:
    """Write an internal note on the timeline."""
    incident = cases.hold(number, actor=actor, action=Action.NOTE, at=at)
    kept = cases.store_text(text, at=at)
    cases.save(incident)
    return timeline.record(timeline.Kind.NOTED, incident_id=incident.pk, at=at, actor=actor, text=kept.pk)


@transaction.atomic(durable=True)
def add_photo(*, number: str, attachment: Attachment, stage: str, actor: Actor, at: datetime) -> Attachment:
    """Put an uploaded picture on the case, as before, after or check."""
    incident = cases.hold(number, actor=actor, action=Action.NOTE, at=at)
    picturing.put_on(incident, [attachment], stage=stage, actor=actor, at=at)
    cases.save(incident)
    return attachment


@transaction.atomic(durable=True)
def unmask(*, number: str, report_id: int, actor: Actor, at: datetime) -> Contact:
    """Show who reported: every look is on the timeline. Raises ActionRefused where nobody is known."""
    incident = cases.hold(number, actor=actor, action=Action.UNMASK, at=at)
    link = (
        incident.links.filter(report_id=report_id, unlinked_at__isnull=True)
        .select_related("report__contact")
        .first()
    )
    if link is None or link.report.contact is None:
        raise ActionRefused("no_contact", _("The reporter left no name and no number."))
    if link.report.contact.erased_at is not None:
        raise ActionRefused("erased", _("Who reported it was erased: there is nothing left to show."))
    timeline.record(timeline.Kind.UNMASKED, incident_id=incident.pk, at=at, actor=actor, report=report_id)
    return link.report.contact


def earliest_done(incident: Incident, lead: Assignment) -> datetime:
    """A resolution that is typed in later can have happened from here on."""
    began, accepted = _work_began(incident, lead), accepted_in_words(lead)
    return began if accepted is None else max(began, accepted)


def accepted_in_words(lead: Assignment) -> datetime | None:
    """Only who said so began then: silence, and a ruling, come while people are at work already."""
    return lead.accepted_at if lead.acceptance == Assignment.Acceptance.EXPLICIT else None


def _work_began(incident: Incident, lead: Assignment) -> datetime:
    """Before this nothing can have been done: the sending, the rework's beginning, the last failed check."""
    checked = lead.verifications.aggregate(last=Max("done_at"))["last"]
    started = incident.timers.filter(kind=Timer.Kind.HANDLING, assignment=lead).aggregate(
        last=Max("started_at")
    )["last"]
    return max(moment for moment in (lead.sent_at, checked, started) if moment is not None)


def closing_condition(incident: Incident) -> str:
    """结案条件 of the item that the case was sent under, in the version that decided it; of a repair, the
    repair's."""
    lead = incident.assignments.filter(role=Assignment.Role.LEAD).select_related("decision").last()
    if lead is None:
        return ""
    item = ResponsibilityItem.objects.filter(
        list_id=lead.decision.responsibility_list_id, code=lead.item_code
    ).first()
    return follow_up.repaired_when(incident, item) or (item.closing_condition_zh if item else "")


def _check_outcome(
    incident: Incident, outcome: str, *, attested: bool, parked_until: date | None, at: datetime
) -> None:
    allowed = set(ResolutionOutcome.values) - {
        ResolutionOutcome.ANSWERED,
        ResolutionOutcome.NOT_ACCEPTED,
        ResolutionOutcome.CLEARED,
    }
    if outcome not in allowed:
        raise InvalidInput("outcome", "unknown", _("Choose what came of it."))
    if outcome == ResolutionOutcome.SOLVED and not attested and closing_condition(incident):
        raise InvalidInput("attested", "required", _("Confirm that the closing condition is met."))
    if outcome == ResolutionOutcome.PARKED and (parked_until is None or parked_until <= district_day(at)):
        raise InvalidInput(
            "parked_until", "required", _("A parked case needs a date in the future to come back to it.")
        )
    if parked_until is not None and parked_until - district_day(at) > PARKED_MOST:
        raise InvalidInput(
            "parked_until", "range", _("At most %(days)d days at a time.") % {"days": PARKED_MOST.days}
        )
