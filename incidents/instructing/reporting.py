"""反馈: a unit reports, and the office accepts it or sends it back."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents import cases, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.instructing import reach
from incidents.instructing.giving import LONGEST, hold, record, refuse_ended
from incidents.instructing.telling import BEFORE, tell
from incidents.models import Instruction, InstructionPart, InstructionReport


@transaction.atomic(durable=True)
def report(*, number: str, unit: str, text: str, actor: Actor, at: datetime) -> InstructionReport:
    """The unit says what it has done about an instruction; the office judges it."""
    assert actor.user is not None
    given = hold(number)
    part = _part(given, unit)
    if reach.reporting_grant(actor.user, part) is None:
        raise ActionRefused("not_allowed", _("You do not report for this unit."))
    refuse_ended(given)
    if part.state != InstructionPart.State.WAITING:
        raise ActionRefused("already_reported", _("A report of this unit is there already."))
    told = InstructionReport.objects.create(
        part=part,
        text=cases.store_text(text, at=at),
        reported_at=at,
        reported_by=actor.user,
        due_at=part.due_at,
    )
    part.state = InstructionPart.State.REPORTED
    part.was_late = part.was_late or told.is_late
    part.save(update_fields=["state", "was_late"])
    # What it says is read on the instruction, by those who may.
    record(timeline.Kind.INSTRUCTION_REPORTED, given, actor=actor, at=at, unit=part.unit_id)
    for receiver in dict.fromkeys((f"user:{given.given_by_id}", f"user:{given.recorded_by_id}")):
        tell("reported", given, part, receiver=receiver, at=at)
    return told


@transaction.atomic(durable=True)
def judge(
    *,
    number: str,
    unit: str,
    accepted: bool,
    remark: str = "",
    due_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> InstructionReport:
    """Accept a unit's report, or send it back with what is missing and a new time to report by.

    When the last report is accepted the instruction is done.
    """
    assert actor.user is not None
    given = hold(number)
    if reach.judging_grant(actor.user, given) is None:
        raise ActionRefused("not_allowed", _("Only the office that gave it answers the reports."))
    refuse_ended(given)
    part = _part(given, unit)
    told = part.reports.filter(judged_at__isnull=True).first()
    if told is None:
        raise ActionRefused("nothing_reported", _("No report of this unit waits for an answer."))
    if told.reported_by_id == actor.user.pk:
        raise ActionRefused("own_report", _("You wrote this report: somebody else answers it."))
    if not accepted:
        cases.required(remark, field="remark")
        if due_at is None or not at < due_at <= at + LONGEST:
            raise InvalidInput("due_at", "range", _("Say by when it reports again, within 180 days."))
    told.remark = cases.store_optional_text(remark, at=at, field="remark")
    told.accepted, told.judged_at, told.judged_by = accepted, at, actor.user
    told.save(update_fields=["remark", "accepted", "judged_at", "judged_by"])
    if accepted:
        part.state, part.ended_at = InstructionPart.State.ACCEPTED, at
    else:
        assert due_at is not None
        part.state, part.due_at = InstructionPart.State.WAITING, due_at
        part.sent_back_count += 1
        part.warned_at, part.overdue_told_at = (at if due_at <= at + BEFORE else None), None
    part.save()
    if accepted and not given.parts.filter(ended_at__isnull=True).exists():
        given.ended_at, given.end = at, Instruction.End.DONE
        given.save(update_fields=["ended_at", "end"])
    kind = timeline.Kind.INSTRUCTION_ACCEPTED if accepted else timeline.Kind.INSTRUCTION_SENT_BACK
    record(kind, given, actor=actor, at=at, unit=part.unit_id, due_at=part.due_at.isoformat())
    tell("accepted" if accepted else "sent_back", given, part, receiver=f"unit:{part.unit_id}", at=at)
    return told


def _part(given: Instruction, unit: str) -> InstructionPart:
    part = given.parts.select_related("unit").filter(unit=unit).first()
    if part is None:
        raise InvalidInput("unit", "unknown", _("The instruction is not addressed to this unit."))
    part.instruction = given
    return part
