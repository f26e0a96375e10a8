"""After handling: is it fixed, how was it, and is it really over?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, contacting, feedback, outbox, reopening, timeline, timers
from incidents.actor import RESIDENT, Actor
from incidents.calling import queue
from incidents.errors import ActionRefused
from incidents.models import Attachment, Feedback, Incident, Report, Timer, Verification
from incidents.models.incident import Status
from incidents.outside import follow_outside
from incidents.upstream import reviewing

# How long after closing a reporter may object.
OBJECTION_WINDOW = timedelta(days=7)


@transaction.atomic(durable=True)
def verify(
    *, number: str, fixed: bool, text: str = "", actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """核查: the checker judges exactly the closing condition. Fixed closes the case; not fixed sends it
    back to the same unit as rework, under the clock that it had."""
    incident = cases.hold(number, actor=actor, action=Action.VERIFY, at=at, seen_version=seen_version)
    asked = (
        incident.verifications.select_for_update(of=("self",))
        .filter(done_at__isnull=True)
        .select_related("assignment")
        .first()
    )
    if asked is None or incident.status != Status.RESOLVED:
        raise ActionRefused("nothing_asked", _("No verification is waiting on this case."))
    kept = (cases.store_optional_text if fixed else cases.store_text)(text, at=at)
    asked.done_at, asked.done_by, asked.text = at, actor.user, kept
    asked.result = Verification.Result.FIXED if fixed else Verification.Result.NOT_FIXED
    asked.save()
    timeline.record(
        timeline.Kind.VERIFIED if fixed else timeline.Kind.VERIFICATION_FAILED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        verification=asked.pk,
        unit=asked.unit_id,
        text=kept.pk if kept else None,
    )
    if fixed:
        reviewing.close_or_submit(incident, actor=actor, at=at)
    else:
        timers.stop(incident, [Timer.Kind.VERIFICATION], at=at, reason="failed")
        reopening.back_to_handling(incident, asked.assignment, at=at)
        timers.resume_last(incident, Timer.Kind.HANDLING, at=at)
        follow_outside(incident, at=at)  # upstream may have spoken while the clock was stopped
        timers.rule(incident)
        cases.save(incident)
        _tell_unit(incident, at=at)
    return incident


@transaction.atomic(durable=True)
def close(
    *, number: str, reason: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """结案 by the centre, where no check on the spot is wanted; it says why."""
    incident = cases.hold(number, actor=actor, action=Action.CLOSE, at=at, seen_version=seen_version)
    if incident.status != Status.RESOLVED:
        raise ActionRefused("wrong_state", _("Only a resolved case can be closed."))
    reviewing.refuse_while_waiting(incident)
    kept = cases.store_text(reason, at=at, field="reason")
    incident.verifications.filter(done_at__isnull=True).update(done_at=at, done_by=actor.user, text=kept)
    reviewing.close_or_submit(incident, actor=actor, at=at, text_id=kept.pk)
    return incident


@transaction.atomic(durable=True)
def reopen(
    *,
    number: str,
    reason: str,
    to_desk: bool = False,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """Open a closed case again: as rework of the unit that closed it, or before the desk."""
    incident = cases.hold(number, actor=actor, action=Action.REOPEN, at=at, seen_version=seen_version)
    if incident.status not in (Status.CLOSED, Status.REJECTED):
        raise ActionRefused("wrong_state", _("Only a closed case can be reopened."))
    kept = cases.store_text(reason, at=at, field="reason")
    reopening.open_again(incident, to_desk=to_desk or incident.status == Status.REJECTED, at=at)
    cases.save(incident)
    timeline.record(timeline.Kind.REOPENED, incident_id=incident.pk, at=at, actor=actor, text=kept.pk)
    _tell_unit(incident, at=at)
    cases.tell_reporters(incident, "report.reopened", at=at)
    return incident


@transaction.atomic(durable=True)
def rate(
    *,
    report: Report,
    at: datetime,
    speed: int | None = None,
    result: int | None = None,
    service: int | None = None,
    contacted: bool | None = None,
    solved: bool | None = None,
    text: str = "",
    actor: Actor = RESIDENT,
) -> Feedback:
    """满意度: one reporter's answer about one handling. The first one stands; silence is "unrated"."""
    answers = feedback.Answers(
        contacted=contacted, solved=solved, speed=speed, result=result, service=service, text=text
    )
    feedback.check(answers)
    _refuse_unless_residents(report)
    incident = cases.hold_case_of(report, actor=actor, at=at)
    if incident.resolved_at is None:
        raise ActionRefused("wrong_state", _("It can be rated once it has been dealt with."))
    given = feedback.give(incident, report, answers, actor=actor, at=at)
    queue.settle(incident, at=at)
    return given


@transaction.atomic(durable=True)
def object_to(
    *,
    report: Report,
    reason: str,
    at: datetime,
    said_at: datetime | None = None,
    actor: Actor = RESIDENT,
    photos: Sequence[UUID] = (),
) -> Incident:
    """A reporter says once that it is not fixed, with pictures that were stored before: the case reopens as
    rework of the same unit. `said_at` where it was said before it came here: that is what is in time."""
    _refuse_unless_residents(report)
    incident = cases.hold_case_of(report, actor=actor, at=at)
    cases.refuse_withdrawn(report)
    if incident.status != Status.CLOSED or incident.closed_at is None:
        raise ActionRefused("wrong_state", _("You can object once the case has been closed."))
    if (said_at or at) - incident.closed_at > OBJECTION_WINDOW:
        raise ActionRefused("too_late", _("An objection is possible for seven days after closing."))
    if incident.timeline.filter(kind=timeline.Kind.OBJECTED, data__report=report.pk).exists():
        raise ActionRefused("already_objected", _("You have objected once already."))
    kept = cases.store_text(reason, at=at, field="reason")
    Attachment.objects.filter(pk__in=photos, report=None, incident=None).update(report=report)
    # What was answered without ever being sent has nobody to do it again: a person decides.
    reopening.open_again(incident, to_desk=incident.dispatched_at is None, at=at)
    cases.save(incident)
    timeline.record(
        timeline.Kind.OBJECTED, incident_id=incident.pk, at=at, actor=actor, report=report.pk, text=kept.pk
    )
    _tell_unit(incident, at=at)
    # Not the unit alone looks at its own work again: the district's supervisors know of it, and the street's.
    receivers = ["supervisors", *([f"street:{incident.street_code}"] if incident.street_code else [])]
    for receiver in receivers:
        outbox.tell(
            "case.objected",
            incident_id=incident.pk,
            receiver=receiver,
            key=f"case.objected:{incident.pk}:{report.pk}:{receiver}",
            at=at,
            report=report.pk,
            unit=incident.owner_unit_id,
            urgency=incident.urgency,
        )
    cases.tell_reporters(incident, "report.reopened", at=at)
    return incident


def _tell_unit(incident: Incident, *, at: datetime) -> None:
    """The unit that said it was done hears that it was not; the desk sees what it has in its queue."""
    if incident.status == Status.HANDLING:
        outbox.tell(
            "case.rework",
            incident_id=incident.pk,
            receiver=f"unit:{incident.owner_unit_id}",
            key=f"case.rework:{incident.pk}:{incident.handling_run}",
            at=at,
            urgency=incident.urgency,
        )


def _refuse_unless_residents(report: Report) -> None:
    """Satisfaction is a resident's: what staff found or a machine saw is neither rated nor objected to."""
    if report.source in contacting.NOT_RESIDENTS:
        raise ActionRefused("not_ratable", _("Only what a resident reported is rated or objected to."))
