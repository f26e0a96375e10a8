"""回访: taking somebody to call out of the queue, and what became of the call."""

import re
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, contacting, feedback, policy, timeline
from incidents.actor import Actor
from incidents.calling import queue, reading, rules
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Callback, Incident, PhoneCall, Report
from incidents.models.callbacks import CallbackQuerySet
from incidents.models.contact import phone_digits

RECORDING_MAX = 120
_RECORDING = re.compile(r"[\w.:/@=+-]*", re.ASCII)
_REACHED = frozenset({PhoneCall.Result.ANSWERED, PhoneCall.Result.DECLINED})


@transaction.atomic(durable=True)
def call_back(
    *,
    number: str,
    report_id: int,
    reached: bool,
    outcome: str = "",
    answers: feedback.Answers | None = None,
    text: str = "",
    recording: str = "",
    again_at: datetime | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> PhoneCall:
    """One attempt of the centre to ask a reporter how it was; their first rating stands.

    `outcome` says more than `reached` (PhoneCall.Result); `recording` names the recording in the telephone
    system; `again_at` is when the reporter wishes to be called. Raises ActionRefused where this reporter
    is not to be called, or somebody else has them on the telephone.
    """
    incident = cases.hold(number, actor=actor, action=Action.CALL_BACK, at=at, seen_version=seen_version)
    report = next((one for one in contacting.to_call_back(incident) if one.pk == report_id), None)
    if report is None:
        raise ActionRefused("nobody_to_call", _("This reporter does not have to be called back."))
    _refuse_if_held(incident, report, actor, at)
    unsaid = not outcome and reached and not text.strip()
    result = _result(outcome, reached=reached, answers=answers)
    _check_again(result, again_at, at=at)
    kept = cases.store_optional_text(text, at=at)
    silent = answers is None or answers.is_empty
    if silent and (result == PhoneCall.Result.ANSWERED or unsaid):
        raise InvalidInput(
            "solved",
            "required",
            _("Say what the reporter answered; where they would not say, write that down."),
        )
    call = PhoneCall.objects.create(
        incident=incident,
        report=report,
        purpose=PhoneCall.Purpose.CALLBACK,
        called_at=at,
        entered_at=at,
        by=actor.user,
        reached=reached,
        result=result,
        recording=_recording(recording, report),
        again_at=again_at,
        note=kept,
    )
    timeline.record(
        timeline.Kind.CALLED_BACK,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        call=call.pk,
        report=report.pk,
        reached=reached,
        result=result,
        text=kept.pk if kept else None,
    )
    if reached and answers is not None and not answers.is_empty:
        feedback.check(answers)
        feedback.give(incident, report, answers, actor=actor, at=at)
    else:
        cases.save(incident)
    queue.tried(incident, call)
    queue.settle(incident, at=at)
    return call


@transaction.atomic(durable=True)
def take_callback(*, actor: Actor, at: datetime, pk: int | None = None) -> Callback | None:
    """Take the next call of the queue into one's own hands, or the one named; None where there is none.

    Two people who ask at once get two different ones. What nobody has to be called for any more is ended
    on the way. Raises ActionRefused where the named one is in somebody else's hands.
    """
    assert actor.user is not None
    waiting = Callback.objects.open()
    if pk is not None:
        waiting = waiting.filter(pk=pk)
    else:
        waiting = reading.ready(waiting, at).free_for(actor.user, at).exclude(policy.works_on(actor.user))
    row, passed = None, list[int]()
    while row is None:
        found = waiting.exclude(pk__in=passed).in_order().select_related("incident").first()
        if found is None:
            return None
        passed.append(found.pk)
        if found.report_id in {report.pk for report in contacting.to_call_back(found.incident)}:
            row = _taken(waiting.filter(pk=found.pk), waits=pk is not None)
        else:
            # the case first, and then its rows, as everywhere
            incident = cases.hold(found.incident.number, actor=actor, action=None, at=at)
            queue.settle(incident, at=at)
    policy.check(actor, Action.CALL_BACK, row.incident)
    if row.is_held(at) and row.held_by_id != actor.user.pk:
        raise ActionRefused("held", _("%(name)s is calling them.") % {"name": row.held_by})
    row.held_by, row.held_at = actor.user, at
    row.save(update_fields=["held_by", "held_at"])
    return row


@transaction.atomic(durable=True)
def leave_callback(*, pk: int, actor: Actor, at: datetime) -> None:
    """Put a call back that one has taken, for somebody else to make."""
    assert actor.user is not None
    Callback.objects.held_by_user(actor.user, at).filter(pk=pk).update(held_by=None, held_at=None)


def _taken(rows: CallbackQuerySet, *, waits: bool) -> Callback | None:
    """Lock one row, as it stands now; None where somebody else took it in this instant."""
    locked = rows.select_for_update(of=("self",), no_key=True, skip_locked=not waits)
    return locked.select_related("incident", "held_by").first()


def _result(outcome: str, *, reached: bool, answers: feedback.Answers | None) -> str:
    """What was said about the call, or what it comes to where only `reached` was said."""
    silent = answers is None or answers.is_empty
    if not outcome:
        if not reached:
            return PhoneCall.Result.NO_ANSWER
        return PhoneCall.Result.DECLINED if silent else PhoneCall.Result.ANSWERED
    if outcome not in PhoneCall.Result.values:
        raise InvalidInput("outcome", "unknown", _("There is no such outcome of a call."))
    if (outcome in _REACHED) != reached:
        raise InvalidInput("outcome", "contradicts", _("This contradicts whether they were reached."))
    if outcome != PhoneCall.Result.ANSWERED and not silent:
        raise InvalidInput("outcome", "contradicts", _("Only who answered has answered the questions."))
    return outcome


def _check_again(result: str, again_at: datetime | None, *, at: datetime) -> None:
    if result == PhoneCall.Result.LATER and again_at is None:
        raise InvalidInput("again_at", "required", _("Say when they wish to be called."))
    if again_at is None:
        return
    if result != PhoneCall.Result.LATER:
        raise InvalidInput("again_at", "not_later", _("Only who asked to be called later is called then."))
    if not at < again_at <= at + rules.LATEST_AGAIN:
        raise InvalidInput("again_at", "range", _("Within the next seven days."))
    if not rules.may_be_wished(again_at):
        raise InvalidInput("again_at", "hour", _("Between nine in the morning and nine in the evening."))


def _recording(name: str, report: Report) -> str:
    """The recording's name in the telephone system, which must not give the reporter away."""
    name = name.strip()
    if len(name) > RECORDING_MAX:
        raise InvalidInput(
            "recording", "max_length", _("At most %(max)d characters.") % {"max": RECORDING_MAX}
        )
    if not _RECORDING.fullmatch(name):
        raise InvalidInput(
            "recording",
            "invalid",
            _("Letters, digits and . : / @ = + - _ only, as the telephone system names it."),
        )
    digits = phone_digits(report.contact.phone) if report.contact else ""
    if digits and digits in re.sub(r"\D", "", name):
        raise InvalidInput(
            "recording",
            "personal",
            _("This holds the reporter's number: give the recording's own number instead."),
        )
    return name


def _refuse_if_held(incident: Incident, report: Report, actor: Actor, at: datetime) -> None:
    row = Callback.objects.open().filter(incident=incident, report=report).select_related("held_by").first()
    if row is not None and row.is_held(at) and row.held_by_id != (actor.user.pk if actor.user else None):
        raise ActionRefused("held", _("%(name)s is calling them.") % {"name": row.held_by})
