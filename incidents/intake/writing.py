"""Writing a batch, set-based: a few statements for one report or for a thousand."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from accounts.models import ApiClient, User
from dispatch.vocabulary import Nature
from incidents import cohandling, contacting, late, outbox, outcomes, sending, timeline, timers
from incidents.actor import Actor
from incidents.choosing import frozen
from incidents.intake.filing import Filing
from incidents.models import (
    Assignment,
    Attachment,
    Contact,
    DecisionRecord,
    Incident,
    IncidentReport,
    LateEntry,
    OutboxMessage,
    Outcome,
    Report,
    Text,
    TimelineEntry,
    Timer,
)


def write_reports(
    items: Sequence[Filing], *, at: datetime, client: ApiClient | None, user: User | None
) -> None:
    texts = Text.objects.bulk_create(Text(body=item.draft.text, created_at=at) for item in items)
    contacts = {
        item.position: Contact.sealed(
            name=item.draft.reporter.name,
            phone=item.draft.reporter.phone,
            address=item.draft.reporter.address,
            at=at,
        )
        for item in items
        if item.draft.reporter
    }
    Contact.objects.bulk_create(contacts.values())
    for item, text in zip(items, texts, strict=True):
        draft, decision = item.draft, item.decision
        assert decision is not None
        item.report = Report(
            source=draft.source,
            external_id=draft.external_id,
            content_hash=item.digest,
            client=client,
            filed_by=user,
            nature=decision.facts.nature or Nature.HELP,
            text=text,
            contact=contacts.get(item.position),
            occurred_at=draft.occurred_at,
            received_at=item.moment.at,
            given_category=draft.category or "",
            source_category=draft.source_category,
            address=draft.address,
            lon=draft.place.lon,
            lat=draft.place.lat,
            attributes=dict(draft.attributes),
            language=draft.language,
        )
    Report.objects.bulk_create(item.report for item in items if item.report)
    for item in items:
        if item.draft.attachments:
            Attachment.objects.filter(pk__in=item.draft.attachments, report__isnull=True).update(
                report=item.report
            )


def write_cases(items: Sequence[Filing], *, at: datetime, actor: Actor) -> None:
    cases: list[Incident] = []
    clocks: list[Timer] = []
    for item in items:
        decision, incident = item.decision, item.incident
        assert decision is not None
        assert incident is not None
        item.record = DecisionRecord(
            incident=incident,
            report=item.report,
            made_at=at,
            responsibility_list_id=item.list_id,
            model=decision.model,
            outcome=decision.outcome,
            category_code=decision.category or "",
            item_code=decision.item or "",
            unit_code=decision.unit or "",
            confidence=decision.confidence,
            detail=frozen(decision),
        )
        if item.joins:
            continue
        cases.append(incident)
        if decision.is_dispatched:
            assert decision.unit is not None
            item.assignment = sending.assignment_of(
                incident, item.record, decision, unit_code=decision.unit, at=at
            )
            clocks += sending.planned_clocks(
                item.assignment, unit_must_call=_unit_must_call(item, incident), at=at
            )
            item.supports, their_clocks = cohandling.sent_with(item.assignment, at=at)
            clocks += their_clocks
        else:
            clocks.append(sending.desk_clock(incident, at=item.moment.at, minutes=decision.dispatch_minutes))
    Incident.objects.bulk_create(cases)
    IncidentReport.objects.bulk_create(
        IncidentReport(
            incident=item.incident, report=item.report, linked_at=at, how="same" if item.joins else "first"
        )
        for item in items
    )
    DecisionRecord.objects.bulk_create(item.record for item in items if item.record)
    Assignment.objects.bulk_create(
        sent for item in items if item.assignment for sent in (item.assignment, *item.supports)
    )
    timers.save_planned(clocks)
    _join([item for item in items if item.joins])
    asked = _keep_late(items, actor=actor)
    TimelineEntry.objects.bulk_create(line for item in items for line in _lines(item, at=at, actor=actor))
    OutboxMessage.objects.bulk_create([*(note for item in items for note in _notices(item, at=at)), *asked])
    Outcome.objects.bulk_create(row for item in items for row in _facts(item, at=at))


def _unit_must_call(item: Filing, incident: Incident) -> bool:
    return contacting.unit_must_call(
        source=item.draft.source,
        nature=incident.nature,
        category=incident.category_id or "",
        has_phone=bool(item.draft.reporter.phone),
    )


def _join(items: Sequence[Filing]) -> None:
    """Count the joined reports on their cases, which this transaction has locked or made."""
    joined = {item.incident.pk: item.incident for item in items if item.incident}
    for item in items:
        assert item.incident is not None
        joined[item.incident.pk].report_count += 1
        joined[item.incident.pk].version += 1
    Incident.objects.bulk_update(joined.values(), ["report_count", "version"])


def _keep_late(items: Sequence[Filing], *, actor: Actor) -> list[OutboxMessage]:
    """Mark what was typed in after it was received; the messages to whoever countersigns."""
    marks = [
        late.entry(
            item.incident, LateEntry.Fact.RECEIVED, item.moment, actor=actor, unit_code=settings.TRIAGE_UNIT
        )
        for item in items
        if item.moment.state is not None and not item.joins and item.incident is not None
    ]
    LateEntry.objects.bulk_create(marks)
    return [late.ask_to_countersign(mark) for mark in marks if mark.state == LateEntry.State.WAITING]


def _lines(item: Filing, *, at: datetime, actor: Actor) -> list[TimelineEntry]:
    incident, record, report = item.incident, item.record, item.report
    assert incident is not None
    assert record is not None
    assert report is not None
    if item.joins:
        return [
            timeline.entry(
                timeline.Kind.JOINED,
                incident_id=incident.pk,
                at=at,
                actor=actor,
                report=report.pk,
                source=report.source,
                decision=record.pk,
            )
        ]
    lines = [
        timeline.entry(
            timeline.Kind.RECEIVED,
            incident_id=incident.pk,
            at=item.moment.at,
            actor=actor,
            report=report.pk,
            source=report.source,
            nature=report.nature,
            occurred_at=report.occurred_at.isoformat() if report.occurred_at else None,
            **item.moment.mark,
        )
    ]
    if item.assignment:
        lines.append(
            timeline.entry(
                timeline.Kind.DISPATCHED,
                incident_id=incident.pk,
                at=at,
                actor=Actor(),
                assignment=item.assignment.pk,
                unit=item.assignment.unit_id,
                item=record.item_code,
                decision=record.pk,
                automatic=True,
            )
        )
        if item.supports:
            lines.append(cohandling.line_of(item.supports, at=at))
    else:
        lines.append(
            timeline.entry(
                timeline.Kind.TO_DESK,
                incident_id=incident.pk,
                at=at,
                actor=Actor(),
                decision=record.pk,
                codes=incident.triage_codes,
            )
        )
    return lines


def _notices(item: Filing, *, at: datetime) -> list[OutboxMessage]:
    assert item.incident is not None
    assert item.report is not None
    notices = []
    if item.assignment:
        notices.append(sending.notice_to_unit(item.assignment, at=at))
        notices += cohandling.notices_of(item.supports, at=at)
    if item.report.contact_id:
        notices.append(
            outbox.message(
                "report.received",
                incident_id=item.incident.pk,
                receiver=f"report:{item.report.pk}",
                key=f"report.received:{item.report.pk}",
                at=at,
            )
        )
    return notices


def _facts(item: Filing, *, at: datetime) -> list[Outcome]:
    incident = item.incident
    assert incident is not None
    if item.joins:
        return []  # a root counts once
    facts = [outcomes.fact(Outcome.Kind.RECEIVED, incident, at=incident.received_at)]
    if item.assignment:
        facts.append(sending.sent_fact(incident, at=at))
    return facts
