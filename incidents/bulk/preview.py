"""The first rows of a checked file as they would be taken in now. Nothing is written."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from accounts import masking
from dispatch import service
from dispatch.edition import recent_edition
from dispatch.errors import FactsError
from dispatch.explain import Explainer
from dispatch.facts import Decision, place_facts
from incidents.bulk.checking import reader_of
from incidents.bulk.lines import unpacked
from incidents.bulk.rows import Problem, Read
from incidents.intake import ReportDraft, Reporter
from incidents.intake.opening import would_join
from incidents.intake.same_thing import OpenCase
from incidents.models import BulkImport, Incident, Report

SHOWN: Final = 20


@dataclass(slots=True)
class Shown:
    """A row, and what would become of it."""

    row: int
    text: str = ""
    reporter: str = ""
    phone: str = ""
    at: datetime | None = None
    deadline: datetime | None = None
    left_out: str = ""
    problems: list[Problem] = field(default_factory=list)
    decision: Decision | None = None
    category: str = ""
    unit: str = ""
    there: Incident | None = None  # its case, where the number is known
    joins: OpenCase | None = None  # the open case that it would become part of


def first_rows(bulk: BulkImport, *, with_people: bool, at: datetime) -> list[Shown]:
    """Some rows from the top; people starred unless `with_people`. A handful of statements."""
    part = bulk.parts.order_by("position").first()
    if part is None:
        return []
    reader = reader_of(bulk, at=at)
    read = [reader.read(line) for line in unpacked(part.rows)[: SHOWN * 2] if reader.is_row(line)][:SHOWN]
    shown = [_shown(one, with_people) for one in read]
    good = [(row, one.draft) for row, one in zip(shown, read, strict=True) if one.draft is not None]
    _decide(good, at)
    _find(good)
    fresh = [(row, draft) for row, draft in good if row.decision is not None and row.there is None]
    told = [(draft, row.decision) for row, draft in fresh if row.decision is not None]
    for (row, _draft), case in zip(fresh, would_join(told, at=at), strict=True):
        row.joins = case
    return shown


def _shown(read: Read, with_people: bool) -> Shown:
    row = Shown(read.line.number, left_out=read.left_out, problems=read.problems, deadline=read.deadline)
    reporter = read.draft.reporter if read.draft is not None else Reporter()
    known = (reporter.name, reporter.phone, reporter.address)
    row.text = read.words if with_people else masking.for_others(read.words, known)
    if read.draft is not None:
        name, phone = reporter.name, reporter.phone
        row.at = read.draft.occurred_at
        row.reporter = name if with_people else f"{name[:1]}**" if name else ""
        row.phone = phone if with_people else masking.starred(phone)
    return row


def _decide(rows: list[tuple[Shown, ReportDraft]], at: datetime) -> None:
    now = recent_edition()
    explain = Explainer(now.names)
    asked: list[tuple[Shown, service.Request]] = []
    for row, draft in rows:
        request = service.Request(
            text=draft.text,
            source=draft.source,
            at=at,
            place=place_facts(draft.place),
            category=draft.category,
            source_category=draft.source_category or None,
            urgency=draft.urgency,
            nature=draft.nature,
            attributes=draft.attributes,
        )
        try:
            service.check(request, now)
        except FactsError as error:
            row.problems = [Problem("", error.field, error.code)]
        else:
            asked.append((row, request))
    decisions = service.decide_many([request for _row, request in asked], now=now)
    for (row, _request), decision in zip(asked, decisions, strict=True):
        row.decision = decision
        row.category = explain.category(decision.category) if decision.category else ""
        row.unit = explain.unit(decision.unit) if decision.unit else ""


def _find(rows: list[tuple[Shown, ReportDraft]]) -> None:
    """Which of these are there already, by their numbers."""
    if not rows:
        return
    links = Report.objects.filter(
        source=rows[0][1].source,
        external_id__in=[draft.external_id for _row, draft in rows],
        links__unlinked_at__isnull=True,
    )
    cases = dict(links.values_list("external_id", "links__incident"))
    known = Incident.objects.in_bulk(list(cases.values()))
    for row, draft in rows:
        row.there = known.get(cases.get(draft.external_id, 0))
