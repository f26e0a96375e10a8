"""Intake: normalise, locate, same thing?, match, dispatch, start the clocks; all before the 201.

A single report is a batch of one. Everything is decided in memory first and written set-based in one
transaction; a database error bisects the batch, so that one bad report does not sink the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient, User
from dispatch import service
from dispatch.edition import edition
from dispatch.errors import FactsError
from dispatch.facts import Decision, PlaceFacts
from dispatch.vocabulary import Nature, Urgency
from incidents import outbox, outcomes, sending, timeline, timers
from incidents.actor import Actor
from incidents.intake.draft import ReportDraft
from incidents.intake.same_thing import Sighting, lock_neighbourhoods, open_cases_near, same_thing
from incidents.models import (
    Assignment,
    Attachment,
    Contact,
    DecisionRecord,
    IdempotencyKey,
    Incident,
    IncidentReport,
    OutboxMessage,
    Outcome,
    Report,
    Text,
    TimelineEntry,
    Timer,
)
from incidents.models.incident import Status
from incidents.numbers import draw_numbers


@dataclass(frozen=True, slots=True)
class Receipt:
    """A report that is safely in: its case, and what was decided about it."""

    report: Report
    incident: Incident
    decision: DecisionRecord | None
    created: bool  # False: the same report had come before
    joined: bool = False  # it became part of an open case about the same thing


@dataclass(frozen=True, slots=True)
class Refusal:
    """A report that is not in, and why. Nothing of it was written."""

    code: str
    field: str
    message: object


@dataclass(slots=True)
class _Item:
    """One draft on its way through a batch."""

    position: int
    draft: ReportDraft
    digest: str
    list_id: int  # of the list that decides it
    key: str = ""
    decision: Decision | None = None
    report: Report | None = None
    incident: Incident | None = None
    record: DecisionRecord | None = None
    assignment: Assignment | None = None
    joins: bool = False
    key_known: bool = False


def receive_one(
    draft: ReportDraft,
    *,
    at: datetime,
    client: ApiClient | None = None,
    user: User | None = None,
    key: str = "",
) -> Receipt | Refusal:
    """Take in one report; see `receive`."""
    return receive([draft], at=at, client=client, user=user, keys=[key])[0]


def receive(
    drafts: Sequence[ReportDraft],
    *,
    at: datetime,
    client: ApiClient | None = None,
    user: User | None = None,
    keys: Sequence[str] = (),
) -> list[Receipt | Refusal]:
    """Take in reports; answers one Receipt or Refusal each, in order.

    A report that came before, by (source, external_id), answers its first receipt, or a Refusal
    "conflict" when it says something else now; likewise by the client's idempotency `keys`, one for each
    draft or none ("key_reused"). Received is `at`; when it happened never moves a limit.
    """
    answers: dict[int, Receipt | Refusal] = {}
    items: list[_Item] = []
    requests: list[service.Request] = []
    now = edition()
    for position, draft in enumerate(drafts):
        request = _question(draft, at)
        try:
            service.check(request, now)
        except FactsError as error:
            answers[position] = Refusal(error.code, error.field, str(error))
        else:
            key = keys[position] if client is not None and keys else ""
            items.append(_Item(position, draft, draft.content_hash(), now.list_id, key))
            requests.append(request)
    for item, decision in zip(items, service.decide_many(requests, now=now), strict=True):
        item.decision = decision
    answers.update(_store(items, at=at, client=client, user=user))
    return [answers[position] for position in range(len(drafts))]


def _question(draft: ReportDraft, at: datetime) -> service.Request:
    """What the matcher is asked; it never sees who reported."""
    place = draft.place
    return service.Request(
        text=draft.text,
        source=draft.source,
        at=at,
        place=PlaceFacts(place.cell, place.community, place.street, place.in_district),
        category=draft.category,
        source_category=draft.source_category or None,
        place_type=draft.place_type,
        owner=draft.owner,
        urgency=draft.urgency,
        nature=draft.nature,
        attributes=draft.attributes,
    )


def _store(
    items: Sequence[_Item],
    *,
    at: datetime,
    client: ApiClient | None,
    user: User | None,
    retried: bool = False,
) -> dict[int, Receipt | Refusal]:
    """Write a batch in one transaction; on a database error, in two halves."""
    if not items:
        return {}
    try:
        with transaction.atomic(durable=True):
            return _write(items, at=at, client=client, user=user)
    except (IntegrityError, DataError):
        if len(items) == 1:
            if retried:
                raise
            # Somebody filed the same (source, external_id) meanwhile: now it is there to be found.
            return _store(items, at=at, client=client, user=user, retried=True)
    middle = len(items) // 2
    return _store(items[:middle], at=at, client=client, user=user) | _store(
        items[middle:], at=at, client=client, user=user
    )


def _write(
    items: Sequence[_Item], *, at: datetime, client: ApiClient | None, user: User | None
) -> dict[int, Receipt | Refusal]:
    answers, fresh, repeats = _sort_out_repeats(items, client)
    fresh, refused = _with_free_pictures(fresh)
    answers.update(refused)
    if fresh:
        _write_reports(fresh, at=at, client=client, user=user)
        _attach_or_open(fresh, at=at)
        _write_cases(fresh, at=at, actor=Actor(user=user, client=client))
    for item in fresh:
        assert item.report is not None
        assert item.incident is not None
        answers[item.position] = Receipt(item.report, item.incident, item.record, True, item.joins)
    for item, first in repeats:
        if first.position in refused:
            answers[item.position] = answers[first.position]
            continue
        assert first.report is not None
        assert first.incident is not None
        answers[item.position] = Receipt(first.report, first.incident, first.record, False, first.joins)
    _keep_keys(items, answers, at=at, client=client)
    return answers


def _with_free_pictures(items: Sequence[_Item]) -> tuple[list[_Item], dict[int, Receipt | Refusal]]:
    """The reports whose pictures are free, and the answers of the others. The pictures are locked, so
    that two reports at one moment cannot both have one."""
    named = {pk for item in items for pk in item.draft.attachments}
    if not named:
        return list(items), {}
    rows = Attachment.objects.filter(pk__in=named, report__isnull=True, incident__isnull=True)
    free = set(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    kept: list[_Item] = []
    answers: dict[int, Receipt | Refusal] = {}
    for item in items:
        if free.issuperset(item.draft.attachments):
            free.difference_update(item.draft.attachments)
            kept.append(item)
            continue
        # Perhaps it is this very report, which came in while this one waited for the lock.
        first = Report.objects.filter(source=item.draft.source, external_id=item.draft.external_id).first()
        answers[item.position] = _repeat_of(first, item) if first else _picture_used()
    return kept, answers


def _keep_keys(
    items: Sequence[_Item],
    answers: Mapping[int, Receipt | Refusal],
    *,
    at: datetime,
    client: ApiClient | None,
) -> None:
    """Remember what a key was used for, in the transaction that used it: two uses at once collide here."""
    fresh = []
    for item in items:
        answer = answers[item.position]
        if item.key and not item.key_known and isinstance(answer, Receipt):
            fresh.append(IdempotencyKey(client=client, key=item.key, report=answer.report, used_at=at))
    if fresh:
        IdempotencyKey.objects.bulk_create(fresh)


def _sort_out_repeats(
    items: Sequence[_Item], client: ApiClient | None
) -> tuple[dict[int, Receipt | Refusal], list[_Item], list[tuple[_Item, _Item]]]:
    """Answers for what came before this batch; what is new; and repeats inside the batch with their first."""
    known = {
        (report.source, report.external_id): report
        for report in Report.objects.filter(
            source__in={item.draft.source for item in items},
            external_id__in={item.draft.external_id for item in items},
        )
    }
    by_key = _reports_by_key(items, client)
    answers: dict[int, Receipt | Refusal] = {}
    firsts: dict[tuple[str, str], _Item] = {}
    repeats: list[tuple[_Item, _Item]] = []
    for item in items:
        key = (item.draft.source, item.draft.external_id)
        if item.key in by_key:
            item.key_known, first = True, by_key[item.key]
            answers[item.position] = receipt_of(first) if first.content_hash == item.digest else _key_reused()
        elif key in known:
            answers[item.position] = _repeat_of(known[key], item)
        elif key in firsts:
            if firsts[key].digest == item.digest:
                repeats.append((item, firsts[key]))
            else:
                answers[item.position] = _conflict()
        else:
            firsts[key] = item
    return answers, list(firsts.values()), repeats


def _reports_by_key(items: Sequence[_Item], client: ApiClient | None) -> dict[str, Report]:
    asked = {item.key for item in items} - {""}
    if not asked:
        return {}
    rows = IdempotencyKey.objects.filter(client=client, key__in=asked).select_related("report")
    return {row.key: row.report for row in rows}


def receipt_of(report: Report) -> Receipt:
    """The receipt of a report that is in already."""
    link = report.links.filter(unlinked_at__isnull=True).select_related("incident").get()
    record = DecisionRecord.objects.filter(report=report).first()
    return Receipt(report, link.incident, record, False, link.how == "same")


def _repeat_of(first: Report, item: _Item) -> Receipt | Refusal:
    return receipt_of(first) if first.content_hash == item.digest else _conflict()


def _picture_used() -> Refusal:
    return Refusal("used", "attachments", _("A picture of this report belongs to another one."))


def _conflict() -> Refusal:
    return Refusal(
        "conflict", "external_id", _("This source has sent another report under this external_id.")
    )


def _key_reused() -> Refusal:
    return Refusal("key_reused", "Idempotency-Key", _("This key has been used for another report."))


def _write_reports(
    items: Sequence[_Item], *, at: datetime, client: ApiClient | None, user: User | None
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
            received_at=at,
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


def _attach_or_open(items: Sequence[_Item], *, at: datetime) -> None:
    """Find what joins an open case, and lay out a new case for the rest."""
    sightings = {item.position: sighting for item in items if (sighting := _sighting(item, at))}
    lock_neighbourhoods(sightings.values())
    named = {item.draft.joins for item in items if item.draft.joins}
    candidates = open_cases_near(list(sightings.values()), named=named)
    opened: list[Incident] = []
    for item in items:
        sighting = sightings.get(item.position)
        found = _named_case(item, candidates)
        if found is None and sighting and item.draft.joins != "":
            found = same_thing(sighting, [*candidates, *opened])
        # A batch that is tried again in halves starts from nothing.
        item.joins, item.assignment = found is not None, None
        if found:
            item.incident = found
            continue
        item.incident = _new_case(item, at=at)
        opened.append(item.incident)
    for incident, number in zip(opened, draw_numbers(len(opened), at=at) if opened else [], strict=True):
        incident.number = number


def _named_case(item: _Item, candidates: Sequence[Incident]) -> Incident | None:
    """The case that the reporter pointed at, if it is still open. An emergency never hides in a calm one."""
    assert item.decision is not None
    is_emergency = item.decision.urgency == Urgency.EMERGENCY
    for incident in candidates:
        if incident.number == item.draft.joins:
            return None if is_emergency and incident.urgency != Urgency.EMERGENCY else incident
    return None


def _sighting(item: _Item, at: datetime) -> Sighting | None:
    decision, place = item.decision, item.draft.place
    assert decision is not None
    if place.lon is None or place.lat is None or not place.in_district or not decision.category:
        return None
    return Sighting(place.lon, place.lat, decision.category, item.draft.text, at, decision.urgency)


def _new_case(item: _Item, *, at: datetime) -> Incident:
    draft, decision = item.draft, item.decision
    assert decision is not None
    assert item.report is not None
    place = draft.place
    incident = Incident(
        status=Status.TRIAGE,
        nature=item.report.nature,
        source=draft.source,
        text=item.report.text,
        owner_unit_id=settings.TRIAGE_UNIT,
        address=draft.address,
        lon=place.lon,
        lat=place.lat,
        cell_code=place.cell or "",
        community_code=place.community or "",
        street_code=place.street or "",
        in_district=place.in_district,
        place_type=decision.facts.place_type or "",
        asset_owner=decision.facts.owner or "",
        received_at=at,
        triage_codes=list(decision.triage_codes),
    )
    sending.take_over_limits(incident, decision)
    if decision.is_dispatched:
        assert decision.unit is not None
        incident.status = Status.DISPATCHED  # born so: no state before it was ever visible
        incident.auto_dispatched = True
        sending.mark_sent(incident, unit_code=decision.unit, at=at)
    return incident


def _write_cases(items: Sequence[_Item], *, at: datetime, actor: Actor) -> None:
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
            detail=decision.as_json(),
        )
        if item.joins:
            continue
        cases.append(incident)
        if decision.is_dispatched:
            assert decision.unit is not None
            item.assignment = sending.assignment_of(
                incident, item.record, decision, unit_code=decision.unit, at=at
            )
            clocks += [
                timers.plan(timers.Start(incident, kind, limit, at, item.assignment))
                for kind, limit in sending.clocks_of(item.assignment)
            ]
        else:
            clocks.append(sending.desk_clock(incident, at=at, minutes=decision.dispatch_minutes))
    Incident.objects.bulk_create(cases)
    IncidentReport.objects.bulk_create(
        IncidentReport(
            incident=item.incident, report=item.report, linked_at=at, how="same" if item.joins else "first"
        )
        for item in items
    )
    DecisionRecord.objects.bulk_create(item.record for item in items if item.record)
    Assignment.objects.bulk_create(item.assignment for item in items if item.assignment)
    timers.save_planned(clocks)
    _join([item for item in items if item.joins])
    TimelineEntry.objects.bulk_create(line for item in items for line in _lines(item, at=at, actor=actor))
    OutboxMessage.objects.bulk_create(note for item in items for note in _notices(item, at=at))
    Outcome.objects.bulk_create(row for item in items for row in _facts(item, at=at))


def _join(items: Sequence[_Item]) -> None:
    """Count the joined reports on their cases, which this transaction has locked or made."""
    joined = {item.incident.pk: item.incident for item in items if item.incident}
    for item in items:
        assert item.incident is not None
        joined[item.incident.pk].report_count += 1
        joined[item.incident.pk].version += 1
    Incident.objects.bulk_update(joined.values(), ["report_count", "version"])


def _lines(item: _Item, *, at: datetime, actor: Actor) -> list[TimelineEntry]:
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
            at=at,
            actor=actor,
            report=report.pk,
            source=report.source,
            nature=report.nature,
            occurred_at=report.occurred_at.isoformat() if report.occurred_at else None,
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


def _notices(item: _Item, *, at: datetime) -> list[OutboxMessage]:
    assert item.incident is not None
    assert item.report is not None
    notices = []
    if item.assignment:
        notices.append(sending.notice_to_unit(item.assignment, at=at))
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


def _facts(item: _Item, *, at: datetime) -> list[Outcome]:
    incident = item.incident
    assert incident is not None
    if item.joins:
        return []  # a root counts once
    facts = [outcomes.fact(Outcome.Kind.RECEIVED, incident, at=at)]
    if item.assignment:
        facts.append(sending.sent_fact(incident, at=at))
    return facts
