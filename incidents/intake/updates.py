"""What upstream says later about a report that it sent: supplements, chasers, deadlines, withdrawals."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, outbox, outcomes, pausing, policy, reopening, state, timeline
from incidents.actor import Actor
from incidents.calling import queue
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import (
    Assignment,
    Incident,
    Outcome,
    Pause,
    Report,
    ReportUpdate,
    Text,
    UpstreamRequest,
)
from incidents.models.incident import PauseKind, ResolutionOutcome, Status
from incidents.outside import follow_outside
from incidents.upstream import family, requesting, reviewing


@dataclass(frozen=True, slots=True)
class UpdateDraft:
    """One validated update."""

    external_id: str
    kind: str
    text: str = ""
    due_at: datetime | None = None

    def content_hash(self) -> str:
        return hashlib.sha256(orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)).hexdigest()


class UpdateConflict(Exception):
    """This report has another update under this external_id."""


@transaction.atomic(durable=True)
def apply_update(
    *, report: Report, draft: UpdateDraft, actor: Actor, at: datetime
) -> tuple[ReportUpdate, Incident, bool]:
    """Take in one update; answers it, its case, and whether it is new. Idempotent like reports.

    Raises UpdateConflict (same id, other content), InvalidInput, or ActionRefused where the case is
    past what the update asks for, or where a person speaks in the source's name who may not.
    """
    held = family.hold(report, actor=actor, at=at)
    incident = held[0][1]
    told_apart = draft.kind == ReportUpdate.Kind.REOPEN and reviewing.is_waiting(held)
    if draft.kind in _SOURCES_OWN_WORD or told_apart:
        for _report, case in held:
            policy.check(actor, Action.ANSWER_UPSTREAM, case)
    digest = draft.content_hash()
    known = ReportUpdate.objects.filter(report=report, external_id=draft.external_id).first()
    if known is not None:
        if known.content_hash != digest:
            raise UpdateConflict
        return known, incident, False
    text = cases.store_optional_text(draft.text, at=at)
    update = ReportUpdate.objects.create(
        report=report,
        external_id=draft.external_id,
        content_hash=digest,
        kind=draft.kind,
        text=text,
        due_at=draft.due_at,
        received_at=at,
    )
    told = [_Told(one, update, case, text, actor, at) for one, case in held]
    if told_apart:
        # 重办 while it examines our result: that is how some say that it does not do.
        reviewing.send_back(held, reason=text, actor=actor, at=at)
        return update, incident, True
    if draft.kind in _OF_RESULT:
        _OF_RESULT[draft.kind](told)
        return update, incident, True
    if draft.kind in _ONCE_A_CASE:
        told = list({one.incident.pk: one for one in reversed(told)}.values())[::-1]
    apply = _APPLY[draft.kind]
    # What was split off it is done under the same order: it hears the same.
    for one in told:
        apply(one)
    for case in dict.fromkeys(one.incident for one in told):
        cases.save(case)
    return update, incident, True


@dataclass(frozen=True, slots=True)
class _Told:
    """An update being applied to its locked case."""

    report: Report
    update: ReportUpdate
    incident: Incident
    text: Text | None
    actor: Actor
    at: datetime

    def record(self, kind: timeline.Kind, **data: object) -> None:
        timeline.record(
            kind,
            incident_id=self.incident.pk,
            at=self.at,
            actor=self.actor,
            report=self.report.pk,
            update=self.update.pk,
            text=self.text.pk if self.text else None,
            **data,
        )

    def tell_owner(self, kind: str) -> None:
        outbox.tell(
            kind,
            incident_id=self.incident.pk,
            receiver=f"unit:{self.incident.owner_unit_id}",
            key=f"{kind}:{self.update.pk}",
            at=self.at,
        )


def _supplement(told: _Told) -> None:
    if told.text is None:
        raise InvalidInput("text", "required", _("A supplement says something."))
    told.record(timeline.Kind.SUPPLEMENTED)
    told.tell_owner("report.supplemented")
    if told.incident.pause_kind == PauseKind.RESIDENT:
        # The reporter answers by whatever door they came in.
        pausing.finish(told.incident, end=Pause.End.ANSWERED, actor=told.actor, at=told.at, answer=told.text)


def _chase(told: _Told) -> None:
    told.incident.chased_count += 1
    told.record(timeline.Kind.CHASED)
    told.tell_owner("report.chased")


def _deadline(told: _Told) -> None:
    """An outside deadline, earlier or later than the last: of it and ours the earlier one rules."""
    if told.update.due_at is None:
        raise InvalidInput("due_at", "required", _("A new deadline needs its time."))
    told.report.outside_due_at = told.update.due_at
    told.report.save(update_fields=["outside_due_at"])
    if told.incident.status == Status.SUSPENDED:
        _shorten_pause(told)
    moved = follow_outside(told.incident, at=told.at)
    told.record(timeline.Kind.DEADLINE_SET, due_at=told.update.due_at.isoformat(), moved=moved)
    told.tell_owner("report.deadline")


def _shorten_pause(told: _Told) -> None:
    """No pause outlasts upstream's deadline: one that would ends now."""
    until = told.incident.paused_until
    assert told.update.due_at is not None
    if until is not None and told.update.due_at < until:
        pausing.finish(told.incident, end=Pause.End.RESUMED, actor=told.actor, at=told.at)


def _withdraw(told: _Told) -> None:
    """The reporter takes it back. A case that answers others too stays; otherwise it is closed."""
    incident = told.incident
    if told.report.withdrawn_at is not None:
        return  # a part that was taken back before
    told.report.withdrawn_at = told.at
    told.report.save(update_fields=["withdrawn_at"])
    requesting.lapse(told.report, at=told.at)
    told.record(timeline.Kind.WITHDRAWN)
    others = incident.links.filter(unlinked_at__isnull=True, report__withdrawn_at__isnull=True)
    if incident.status == Status.CLOSED:
        queue.settle(incident, at=told.at)  # who took it back is not asked how it was
    if incident.status == Status.RESOLVED:
        reviewing.withdrawn(incident, actor=told.actor, at=told.at)
    if others.exists() or not incident.is_open or incident.status == Status.RESOLVED:
        return
    state.transition(incident, Status.CLOSED)
    incident.outcome = ResolutionOutcome.WITHDRAWN
    incident.closed_at = told.at
    cases.end_lead(incident, at=told.at, why=Assignment.End.WITHDRAWN)
    cases.finish(incident, at=told.at)
    timeline.record(timeline.Kind.CLOSED, incident_id=incident.pk, at=told.at, actor=told.actor)
    outcomes.append(
        Outcome.Kind.CLOSED, incident, at=told.at, **outcomes.durations(incident.received_at, told.at)
    )
    told.tell_owner("report.withdrawn")


def _reopen(told: _Told) -> None:
    """Upstream is not content: the centre decides who does it again."""
    incident = told.incident
    is_part = told.report.pk != told.update.report_id
    was_withdrawn = told.report.withdrawn_at is not None
    if was_withdrawn:
        told.report.withdrawn_at = None
        told.report.save(update_fields=["withdrawn_at"])
    if was_withdrawn and incident.is_open:
        # Others kept the case going: it answers this report, too, once more.
        told.record(timeline.Kind.JOINED, source=told.report.source)
        return
    if incident.status not in (Status.CLOSED, Status.REJECTED):
        if is_part:
            return  # it is still being done
        raise ActionRefused("wrong_state", _("Only a closed case can be reopened."))
    reopening.open_again(incident, to_desk=True, at=told.at)
    told.record(timeline.Kind.REOPENED)


def _agree_return(told: _Told) -> None:
    """The source takes its report back, with everything that was split off it."""
    if told.report.pk == told.update.report_id:
        _answered(told, UpstreamRequest.Kind.RETURN, agreed=True)
    _withdraw(told)


def _agree_extension(told: _Told) -> None:
    """The source gives more time: as much as was asked for, where it names no other date."""
    if told.update.due_at is None:
        request = UpstreamRequest.objects.filter(
            report_id=told.update.report_id, kind=UpstreamRequest.Kind.EXTENSION
        ).last()
        told.update.due_at = request.until if request else None
        told.update.save(update_fields=["due_at"])
    if told.report.pk == told.update.report_id:
        _answered(told, UpstreamRequest.Kind.EXTENSION, agreed=True)
    _deadline(told)


def _refuse(kind: UpstreamRequest.Kind) -> Callable[[_Told], None]:
    def apply(told: _Told) -> None:
        if told.report.pk == told.update.report_id:
            _answered(told, kind, agreed=False)

    return apply


def _answered(told: _Told, kind: UpstreamRequest.Kind, *, agreed: bool) -> None:
    requesting.answered(
        told.incident,
        told.report,
        kind,
        agreed=agreed,
        until=told.update.due_at,
        text=told.text,
        actor=told.actor,
        at=told.at,
    )
    told.tell_owner("report.source_agreed" if agreed else "report.source_refused")


def _accept(told: Sequence[_Told]) -> None:
    reviewing.accept([(one.report, one.incident) for one in told], actor=told[0].actor, at=told[0].at)


def _send_back(told: Sequence[_Told]) -> None:
    first = told[0]
    if first.text is None:
        raise InvalidInput("text", "required", _("Say why it is sent back."))
    pairs = [(one.report, one.incident) for one in told]
    reviewing.send_back(pairs, reason=first.text, actor=first.actor, at=first.at)


_APPLY: dict[str, Callable[[_Told], None]] = {
    ReportUpdate.Kind.SUPPLEMENT: _supplement,
    ReportUpdate.Kind.CHASE: _chase,
    ReportUpdate.Kind.DEADLINE: _deadline,
    ReportUpdate.Kind.WITHDRAW: _withdraw,
    ReportUpdate.Kind.REOPEN: _reopen,
    ReportUpdate.Kind.AGREE_RETURN: _agree_return,
    ReportUpdate.Kind.REFUSE_RETURN: _refuse(UpstreamRequest.Kind.RETURN),
    ReportUpdate.Kind.AGREE_EXTENSION: _agree_extension,
    ReportUpdate.Kind.REFUSE_EXTENSION: _refuse(UpstreamRequest.Kind.EXTENSION),
}
# About an order as a whole; these save its cases themselves.
_OF_RESULT: dict[str, Callable[[Sequence[_Told]], None]] = {
    ReportUpdate.Kind.ACCEPT: _accept,
    ReportUpdate.Kind.SEND_BACK: _send_back,
}
# What judges our work, or answers what we asked: only the source's system, or who may enter its word.
_SOURCES_OWN_WORD = frozenset(
    {
        *_OF_RESULT,
        ReportUpdate.Kind.AGREE_RETURN,
        ReportUpdate.Kind.REFUSE_RETURN,
        ReportUpdate.Kind.AGREE_EXTENSION,
        ReportUpdate.Kind.REFUSE_EXTENSION,
    }
)
# What a case hears once, however many parts of the order it answers.
_ONCE_A_CASE = frozenset({ReportUpdate.Kind.SUPPLEMENT, ReportUpdate.Kind.CHASE, ReportUpdate.Kind.REOPEN})
