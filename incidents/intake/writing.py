"""What a batch of reports becomes, as rows that `rows.write` writes in one statement; and what is rare
enough to be written beside them."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Model

from accounts.models import ApiClient, User
from dispatch.facts import Decision
from dispatch.vocabulary import Nature
from incidents import cohandling, contacting, dangers, late, outbox, outcomes, sending, timeline
from incidents.actor import Actor
from incidents.choosing import frozen
from incidents.intake.filing import Filing
from incidents.intake.following import Opened
from incidents.intake.looking import Found
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
from incidents.models.incident import Status
from incidents.models.making import made


def lay_out_reports(
    items: Sequence[Filing], found: Found, *, at: datetime, client: ApiClient | None, user: User | None
) -> list[Model]:
    """The rows of what was said."""
    rows: list[Model] = []
    for item in items:
        draft, decision = item.draft, item.decision
        assert decision is not None
        text = made(Text, id=found.next(Text), body=draft.text, created_at=at)
        rows.append(text)
        contact = None
        if draft.reporter:
            told = draft.reporter
            contact = Contact.sealed(
                name=told.name, phone=told.phone, address=told.address, email=told.email, at=at
            )
            contact.pk = found.next(Contact)
            rows.append(contact)
        item.report = made(
            Report,
            id=found.next(Report),
            source=draft.source,
            external_id=draft.external_id,
            content_hash=item.digest,
            client=client,
            filed_by=user,
            nature=decision.facts.nature or Nature.HELP,
            text=text,
            contact=contact,
            occurred_at=draft.occurred_at,
            received_at=item.moment.at,
            given_category=draft.category or "",
            source_category=draft.source_category,
            address=draft.address,
            lon=draft.place.lon,
            lat=draft.place.lat,
            attributes=dict(draft.attributes),
            language=draft.language,
            **({"tracking_code": draft.tracking_code} if draft.tracking_code else {}),
        )
        rows.append(item.report)
    return rows


def lay_out_cases(
    items: Sequence[Filing], found: Found, *, at: datetime, actor: Actor
) -> tuple[list[Model], list[Opened]]:
    """The rows of what becomes of it: case, decision, sending with its clocks, and who is told. Of a plain
    case, which is answered beside them, without those that follow from it."""
    rows: list[Model] = []
    opened: list[Opened] = []
    for item in items:
        decision, incident = item.decision, item.incident
        assert decision is not None
        assert incident is not None
        item.record = made(
            DecisionRecord,
            id=found.next(DecisionRecord),
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
        rows.append(item.record)
        if not item.joins:
            rows.append(incident)
            rows += _sending(item, incident, decision, found, at=at)
        if _is_plain(item, at=at):
            opened.append(_opened(item))
            continue
        rows.append(
            made(
                IncidentReport,
                incident=incident,
                report=item.report,
                linked_at=at,
                how="same" if item.joins else "first",
                score=item.likeness,
            )
        )
        rows += _lines(item, at=at, actor=actor)
        rows += _notices(item, at=at)
        rows += _facts(item, at=at)
    return rows, opened


def _is_plain(item: Filing, *, at: datetime) -> bool:
    """Is it a case of its own, told as it came, that at most one unit has?"""
    return not item.joins and not item.supports and item.moment.at == at and item.moment.state is None


def _opened(item: Filing) -> Opened:
    assert item.incident is not None
    assert item.report is not None
    assert item.record is not None
    happened = item.report.occurred_at
    return Opened(
        incident=item.incident.pk,
        report=item.report.pk,
        decision=item.record.pk,
        assignment=item.assignment.pk if item.assignment else None,
        has_contact=item.report.contact_id is not None,
        occurred_at=happened.isoformat() if happened else None,
    )


def _sending(
    item: Filing, incident: Incident, decision: Decision, found: Found, *, at: datetime
) -> list[Model]:
    """Who has a new case, and the clocks that start with it."""
    assert item.record is not None
    if decision.is_dispatched:
        assert decision.unit is not None
        item.assignment = sending.assignment_of(
            incident, item.record, decision, unit_code=decision.unit, at=at
        )
        item.assignment.pk = found.next(Assignment)
        clocks = sending.planned_clocks(
            item.assignment, unit_must_call=_unit_must_call(item, incident), at=at
        )
        item.supports, their_clocks = cohandling.sent_with(item.assignment, at=at)
        for support, clock in zip(item.supports, their_clocks, strict=True):
            support.pk = found.next(Assignment)
            clock.assignment_id = support.pk
        clocks += their_clocks
        rows: list[Model] = [item.assignment, *item.supports]
    else:
        clocks = [sending.desk_clock(incident, at=item.moment.at, minutes=decision.dispatch_minutes)]
        rows = []
    for clock in clocks:
        clock.pk = found.next(Timer)
        rows.append(clock)
    return rows


def take_pictures(items: Sequence[Filing]) -> None:
    """Give the new reports the pictures that they name."""
    for item in items:
        if item.draft.attachments:
            Attachment.objects.filter(pk__in=item.draft.attachments, report__isnull=True).update(
                report=item.report
            )


def _unit_must_call(item: Filing, incident: Incident) -> bool:
    return contacting.unit_must_call(
        source=item.draft.source,
        nature=incident.nature,
        category=incident.category_id or "",
        has_phone=bool(item.draft.reporter.phone),
        in_confidence=item.draft.attributes.get("confidential") is True,
    )


def count_joined(items: Sequence[Filing]) -> None:
    """Count the joined reports on their cases, which this transaction has locked or made."""
    joined: dict[int, Incident] = {}
    for item in items:
        if item.joins:
            assert item.incident is not None
            incident = joined.setdefault(item.incident.pk, item.incident)
            incident.report_count += 1
            incident.version += 1
    if joined:
        Incident.objects.bulk_update(joined.values(), ["report_count", "version"])


def keep_late(items: Sequence[Filing], *, actor: Actor) -> None:
    """Mark what was typed in after it was received, and ask whoever countersigns."""
    marks = [
        late.entry(
            item.incident, LateEntry.Fact.RECEIVED, item.moment, actor=actor, unit_code=settings.TRIAGE_UNIT
        )
        for item in items
        if item.moment.state is not None and not item.joins and item.incident is not None
    ]
    if not marks:
        return
    LateEntry.objects.bulk_create(marks)
    OutboxMessage.objects.bulk_create(
        late.ask_to_countersign(mark) for mark in marks if mark.state == LateEntry.State.WAITING
    )


def keep_alarms(items: Sequence[Filing], *, at: datetime) -> None:
    """Keep what words told of danger, to be counted; nothing is written where none did."""
    dangers.keep(
        dangers.alarm_of(item.incident, item.decision, at=at)
        for item in items
        if not item.joins and item.incident is not None and item.decision is not None
    )


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
                **_with_whom(item),
            )
        )
    return notices


def _with_whom(item: Filing) -> dict[str, str]:
    """The unit that has it already, for the reporter's first message; nothing while a person decides."""
    assert item.incident is not None
    if item.assignment:
        return {"unit": item.assignment.unit_id}
    has_left_desk = item.incident.status not in (Status.TRIAGE, Status.CLOSED, Status.REJECTED)
    return {"unit": item.incident.owner_unit_id} if item.joins and has_left_desk else {}


def _facts(item: Filing, *, at: datetime) -> list[Outcome]:
    incident = item.incident
    assert incident is not None
    if item.joins:
        return []  # a root counts once
    told_late = item.moment.state is not None
    facts = [outcomes.fact(Outcome.Kind.RECEIVED, incident, at=incident.received_at, late_entry=told_late)]
    if item.assignment:
        facts.append(sending.sent_fact(incident, at=at))
    return facts
