"""Taking in a part: one batch through intake, and what came of each row."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from incidents.actor import Actor
from incidents.bulk.checking import reader_of
from incidents.bulk.imports import totals
from incidents.bulk.lines import seal, unpacked
from incidents.bulk.rows import Problem, Read
from incidents.errors import ActionRefused
from incidents.intake import Receipt, Refusal, ReportDraft, UpdateDraft, apply_update, receive
from incidents.models import BulkImport, BulkPart, Report, ReportUpdate
from incidents.models.incident import Status

# Rows of a part that go through intake together: so often the page hears how far it is.
BATCH = 200


@dataclass(slots=True)
class _Outcome:
    """A part's rows as they come to their ends."""

    counts: Counter[str]
    refused: list[list[Any]]  # [row, cells, faults, problems]

    def refuse(self, read: Read, problems: Sequence[Problem]) -> None:
        self.counts["refused"] += 1
        line = read.line
        told = [one.as_json() for one in problems]
        self.refused.append([line.number, line.cells, list(line.faults.items()), told])


def take_part(part: BulkPart, *, is_last_try: bool, at: datetime) -> None:
    """File the rows of a part, and forget them. After too many tries what is not in yet is refused."""
    bulk = part.bulk
    # What was in the future when it was checked is judged as it was then.
    reader = reader_of(bulk, at=bulk.checked_at or at)
    outcome = _Outcome(Counter(), [])
    good: list[Read] = []
    for line in unpacked(part.rows):
        if not reader.is_row(line):
            continue
        read = reader.read(line)
        if read.left_out:
            outcome.counts["left_out"] += 1
        elif read.draft is None:
            outcome.refuse(read, read.problems)
        elif (first := part.repeats.get(str(line.number))) is not None:
            outcome.refuse(read, [Problem("", "external_id", "twice", str(first))])
        else:
            good.append(read)
    drafts = _as_filed_before([read.draft for read in good if read.draft is not None], bulk.source)
    earlier = {datetime.fromisoformat(told) for told in part.tried[:-1]}
    actor, seen = Actor(user=bulk.created_by, client=bulk.client), set[int]()
    for first in range(0, len(drafts), BATCH):
        some = drafts[first : first + BATCH]
        answers = (
            _given_up(some) if is_last_try else receive(some, at=at, client=bulk.client, user=bulk.created_by)
        )
        for read, answer in zip(good[first : first + BATCH], answers, strict=True):
            if isinstance(answer, Refusal):
                outcome.refuse(read, [Problem("", answer.field, answer.code)])
                continue
            # The same row twice counts once, whichever try wrote it.
            is_ours = answer.created or _is_ours(answer.report, bulk, earlier)
            is_ours = is_ours and answer.report.pk not in seen
            seen.add(answer.report.pk)
            outcome.counts[_kind(answer) if is_ours else "there"] += 1
            if read.deadline is not None and is_ours:
                _tell_deadline(answer, read.deadline, actor, at)
        if first + BATCH < len(drafts):
            # How far it is, for whoever looks on; the next try counts anew.
            BulkPart.objects.filter(pk=part.pk).update(result=dict(outcome.counts))
    _keep(part, outcome, at=at)


def _as_filed_before(drafts: list[ReportDraft], source: str) -> list[ReportDraft]:
    """Drafts as they were when they were first filed, in what a table of ours may say otherwise by now."""
    known = dict(
        Report.objects.filter(source=source, external_id__in=[one.external_id for one in drafts]).values_list(
            "external_id", "given_category"
        )
    )
    return [
        replace(one, category=known[one.external_id] or None) if one.external_id in known else one
        for one in drafts
    ]


def _given_up(drafts: Sequence[ReportDraft]) -> list[Receipt | Refusal]:
    """What is in by earlier tries; the rest is refused."""
    if not drafts:
        return []
    numbers = [one.external_id for one in drafts]
    known = Report.objects.filter(source=drafts[0].source, external_id__in=numbers)
    found = {report.external_id: report for report in known}
    return [
        _receipt_of(found[one.external_id]) if one.external_id in found else Refusal("broken", "", "")
        for one in drafts
    ]


def _receipt_of(report: Report) -> Receipt:
    link = report.links.filter(unlinked_at__isnull=True).select_related("incident").get()
    return Receipt(report, link.incident, None, False)


def _is_ours(report: Report, bulk: BulkImport, earlier: set[datetime]) -> bool:
    """Was it written by an earlier try of this part, by a worker that did not live to say so?"""
    sender = (report.filed_by_id, report.client_id)
    return report.received_at in earlier and sender == (bulk.created_by_id, bulk.client_id)


def _kind(receipt: Receipt) -> str:
    if receipt.joined:
        return "joined"
    return "triage" if receipt.incident.status == Status.TRIAGE else "dispatched"


def _tell_deadline(receipt: Receipt, due_at: datetime, actor: Actor, at: datetime) -> None:
    """The source's own clock, as an update of the report; known by what it says."""
    draft = UpdateDraft(
        external_id=f"deadline:{due_at.isoformat()}", kind=ReportUpdate.Kind.DEADLINE, due_at=due_at
    )
    with suppress(ActionRefused):  # somebody has ended the case meanwhile
        apply_update(report=receipt.report, draft=draft, actor=actor, at=at)


@transaction.atomic(durable=True)
def _keep(part: BulkPart, outcome: _Outcome, *, at: datetime) -> None:
    bulk = BulkImport.objects.select_for_update(no_key=True).get(pk=part.bulk_id)
    part.result, part.done_at = dict(outcome.counts), at
    part.rows, part.rejects, part.problems = b"", seal(outcome.refused), []
    part.save(update_fields=["result", "done_at", "rows", "rejects", "problems"])
    if bulk.state == BulkImport.State.CANCELLED:  # stopped while this part was in hand: it counts
        bulk.result = totals(bulk)
        bulk.save(update_fields=["result"])
