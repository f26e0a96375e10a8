"""What upstream says later about a report that it sent: supplements, chasers, deadlines, withdrawals."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents import cases, outbox, outcomes, pausing, reopening, state, timeline
from incidents.actor import Actor
from incidents.calling import queue
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Assignment, Incident, Outcome, Pause, Report, ReportUpdate, Text
from incidents.models.incident import PauseKind, ResolutionOutcome, Status
from incidents.outside import follow_outside


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
    past what the update asks for.
    """
    incident = cases.hold_case_of(report, actor=actor, at=at)
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
    _APPLY[draft.kind](_Told(report, update, incident, text, actor, at))
    cases.save(incident)
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
    told.report.withdrawn_at = told.at
    told.report.save(update_fields=["withdrawn_at"])
    told.record(timeline.Kind.WITHDRAWN)
    others = incident.links.filter(unlinked_at__isnull=True, report__withdrawn_at__isnull=True)
    if incident.status == Status.CLOSED:
        queue.settle(incident, at=told.at)  # who took it back is not asked how it was
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
    if incident.status not in (Status.CLOSED, Status.REJECTED):
        raise ActionRefused("wrong_state", _("Only a closed case can be reopened."))
    reopening.open_again(incident, to_desk=True, at=told.at)
    told.record(timeline.Kind.REOPENED)


_APPLY: dict[str, Callable[[_Told], None]] = {
    ReportUpdate.Kind.SUPPLEMENT: _supplement,
    ReportUpdate.Kind.CHASE: _chase,
    ReportUpdate.Kind.DEADLINE: _deadline,
    ReportUpdate.Kind.WITHDRAW: _withdraw,
    ReportUpdate.Kind.REOPEN: _reopen,
}
