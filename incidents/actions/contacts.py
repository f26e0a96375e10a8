"""Speaking with people about a case: the unit with the reporter, the centre with the unit and afterwards."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Action, Role
from dispatch.edition import work_calendar
from dispatch.vocabulary import Urgency
from incidents import (
    cases,
    contacting,
    counting,
    late,
    outbox,
    outside,
    pausing,
    timeline,
    timers,
)
from incidents.acceptance import accept_lead, open_lead
from incidents.actor import RESIDENT, Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Assignment, Incident, LateEntry, Pause, PhoneCall, Report, TimelineEntry, Timer
from incidents.models.incident import PauseKind, Status

# Waiting for the resident: at most this many working days, once in a sending.
WAIT_WORKING_DAYS = 3
# Nobody's telephone rings more often than this about one case.
MESSAGES_MOST = 5
MESSAGES_WITHIN = timedelta(days=1)
NAME_MAX = 40


@transaction.atomic(durable=True)
def contact(
    *,
    number: str,
    reached: bool,
    text: str = "",
    happened_at: datetime | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> PhoneCall:
    """首次联系: the unit has tried to reach the reporter. Reached, or tried three times at different
    hours, its first-contact clock is met."""
    incident = cases.hold(number, actor=actor, action=Action.CONTACT, at=at, seen_version=seen_version)
    lead = open_lead(incident)
    spoken = late.moment(happened_at, at=at, not_before=lead.sent_at)
    kept = cases.store_optional_text(text, at=at)
    call = PhoneCall.objects.create(
        incident=incident,
        assignment=lead,
        purpose=PhoneCall.Purpose.FIRST_CONTACT,
        called_at=spoken.at,
        entered_at=at,
        by=actor.user,
        reached=reached,
        note=kept,
    )
    if reached:
        incident.first_contact_at = incident.first_contact_at or spoken.at
    tried = contacting.calls_since(incident, PhoneCall.Purpose.FIRST_CONTACT, lead.sent_at)
    if contacting.is_tried(tried):
        timers.stop(incident, [Timer.Kind.FIRST_CONTACT], at=spoken.at, reason="met" if reached else "tried")
    if reached:
        late.note(
            incident, LateEntry.Fact.CONTACTED, spoken, actor=actor, unit_code=lead.unit_id, assignment=lead
        )
    cases.save(incident)
    timeline.record(
        timeline.Kind.CONTACTED,
        incident_id=incident.pk,
        at=spoken.at,
        actor=actor,
        call=call.pk,
        reached=reached,
        text=kept.pk if kept else None,
        **spoken.mark,
    )
    return call


@transaction.atomic(durable=True)
def ask_reporter(
    *,
    number: str,
    question: str,
    until: datetime | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Pause:
    """Ask the reporter something without which the work cannot go on: the handling clock waits for the
    answer, once in a sending and at most three working days, and then goes on by itself."""
    incident = cases.hold(number, actor=actor, action=Action.ASK_REPORTER, at=at, seen_version=seen_version)
    if incident.status != Status.HANDLING:
        raise ActionRefused("wrong_state", _("The case has to be in hand for this."))
    lead = open_lead(incident)
    if pausing.has_waited(incident):
        raise ActionRefused("waited_already", _("The clock has waited for the reporter once already."))
    if not contacting.readers(incident):
        raise ActionRefused("no_reporter", _("Nobody stands behind this case who could answer."))
    latest = latest_wait(incident, at=at)
    until = until or latest
    if not at < until <= latest:
        raise InvalidInput(
            "until",
            "range",
            _("The clock waits for at most three working days, and not beyond the source's deadline."),
        )
    kept = cases.store_text(question, at=at, field="question")
    # Whoever asks the reporter something is in contact with them.
    incident.first_contact_at = incident.first_contact_at or at
    timers.stop(incident, [Timer.Kind.FIRST_CONTACT], at=at, reason="met")
    pause = pausing.begin(
        incident, lead, kind=PauseKind.RESIDENT, until=until, actor=actor, at=at, question=kept
    )
    cases.save(incident)
    cases.tell_reporters(incident, "reporter.asked", at=at, text=kept.pk, pause=pause.pk)
    return pause


@transaction.atomic(durable=True)
def message(
    *, number: str, text: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> TimelineEntry:
    """Write to everybody whose report this case answers: they read it where they follow their report, and
    are told so. From the unit that has the case it is a contact, and meets that clock.

    Raises ActionRefused where nobody could read it, and after MESSAGES_MOST within a day.
    """
    incident = cases.hold(number, actor=actor, action=Action.MESSAGE, at=at, seen_version=seen_version)
    if not incident.is_open:
        raise ActionRefused("wrong_state", _("The case is over: its reporters have had their answer."))
    if not contacting.readers(incident):
        raise ActionRefused("no_reporter", _("Nobody stands behind this case who could read it."))
    lately = incident.timeline.filter(kind=timeline.Kind.MESSAGED, at__gt=at - MESSAGES_WITHIN)
    if lately.count() >= MESSAGES_MOST:
        raise ActionRefused(
            "too_many", _("They have had %(count)d messages within a day.") % {"count": MESSAGES_MOST}
        )
    kept = cases.store_text(text, at=at)
    if contacting.is_of_owner(incident, actor.unit_code):
        incident.first_contact_at = incident.first_contact_at or at
        timers.stop(incident, [Timer.Kind.FIRST_CONTACT], at=at, reason="met")
    cases.save(incident)
    cases.tell_reporters(incident, "reporter.written", at=at, text=kept.pk)
    return timeline.record(timeline.Kind.MESSAGED, incident_id=incident.pk, at=at, actor=actor, text=kept.pk)


@transaction.atomic(durable=True)
def reply(*, report: Report, text: str, at: datetime, actor: Actor = RESIDENT) -> Incident:
    """The reporter answers what the unit asked: the clock goes on."""
    incident = cases.hold_case_of(report, actor=actor, at=at)
    cases.refuse_withdrawn(report)
    if incident.pause_kind != PauseKind.RESIDENT:
        raise ActionRefused("nothing_asked", _("Nobody is waiting for an answer from you any more."))
    kept = cases.store_text(text, at=at)
    timeline.record(
        timeline.Kind.REPORTER_ANSWERED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        report=report.pk,
        text=kept.pk,
    )
    pausing.finish(incident, end=Pause.End.ANSWERED, actor=actor, at=at, answer=kept)
    cases.save(incident)
    return incident


@transaction.atomic(durable=True)
def phone(
    *,
    number: str,
    reached: bool,
    taken_by: str = "",
    happened_at: datetime | None = None,
    text: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> PhoneCall:
    """Record an emergency's telephone call to its unit: who took it, and when. Reached, the unit has
    accepted from then on; `taken_by` is a user name of the unit, or else a name.

    A call before a deemed acceptance that was noted meanwhile takes its place.
    """
    incident = cases.hold(number, actor=actor, action=Action.PHONE, at=at, seen_version=seen_version)
    if incident.urgency != Urgency.EMERGENCY:
        raise ActionRefused("not_an_emergency", _("Only emergencies are accepted by telephone."))
    lead = open_lead(incident)
    called = late.moment(happened_at, at=at, not_before=lead.sent_at)
    by = _member(lead.unit, taken_by)
    if reached and not taken_by.strip():
        raise InvalidInput("taken_by", "required", _("Say who took the call."))
    if len(taken_by.strip()) > NAME_MAX:
        raise InvalidInput("taken_by", "max_length", _("At most %(max)d characters.") % {"max": NAME_MAX})
    kept = cases.store_optional_text(text, at=at)
    call = PhoneCall.objects.create(
        incident=incident,
        assignment=lead,
        purpose=PhoneCall.Purpose.EMERGENCY,
        called_at=called.at,
        entered_at=at,
        by=actor.user,
        reached=reached,
        taken_by=by,
        taken_by_name="" if by else taken_by.strip(),
        note=kept,
    )
    timeline.record(
        timeline.Kind.PHONED,
        incident_id=incident.pk,
        at=called.at,
        actor=actor,
        call=call.pk,
        unit=lead.unit_id,
        reached=reached,
        text=kept.pk if kept else None,
        **called.mark,
    )
    if reached and incident.status == Status.DISPATCHED:
        accept_lead(incident, lead, actor=actor, at=called.at, how=Assignment.Acceptance.PHONE, by=by)
        late.note(
            incident, LateEntry.Fact.ACCEPTED, called, actor=actor, unit_code=lead.unit_id, assignment=lead
        )
    elif reached and _came_before_deemed(lead, called):
        if called.state != LateEntry.State.WAITING:  # else it changes when it is countersigned
            lead.acceptance, lead.accepted_by = Assignment.Acceptance.PHONE, by
            lead.accepted_at = incident.accepted_at = called.at
            lead.save(update_fields=["acceptance", "accepted_by", "accepted_at"])
            incident.handler = by or incident.handler
            counting.recount_accepted(incident, lead)
        late.note(
            incident, LateEntry.Fact.ACCEPTED, called, actor=actor, unit_code=lead.unit_id, assignment=lead
        )
        cases.save(incident)
    else:
        cases.save(incident)
    outbox.tell(
        "case.phoned",
        incident_id=incident.pk,
        receiver=f"unit:{lead.unit_id}",
        key=f"case.phoned:{call.pk}",
        at=at,
        reached=reached,
        urgency=incident.urgency,
    )
    return call


def latest_wait(incident: Incident, *, at: datetime) -> datetime:
    """How long a clock that is stopped at `at` may wait for the reporter."""
    latest = work_calendar(incident.owner_unit_id).end_of_working_day(at, WAIT_WORKING_DAYS)
    outside_due_at = outside.outside_deadline(incident)
    return latest if outside_due_at is None else min(latest, outside_due_at)


def _came_before_deemed(lead: Assignment, called: late.Moment) -> bool:
    """Was the call taken before silence was noted? Its word is typed in later than the limit."""
    deemed = lead.acceptance == Assignment.Acceptance.DEEMED
    return deemed and lead.accepted_at is not None and called.happened_at < lead.accepted_at


def _member(unit: OrgUnit, username: str) -> User | None:
    """The member of the unit, or of one above it and below the district, with this user name."""
    around = unit.path.split(">")[1:]
    return User.objects.filter(
        pk__in=Membership.objects.filter(unit__in=around, role__in=[Role.HANDLER, Role.LEADER]).values(
            "user"
        ),
        username=username.strip(),
        is_active=True,
    ).first()
