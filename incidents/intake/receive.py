"""Intake: normalise, locate, same thing?, match, dispatch, start the clocks; all before the 201.

A single report is a batch of one. Everything is decided in memory first and written set-based in one
transaction; a database error bisects the batch, so that one bad report does not sink the rest.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import DataError, IntegrityError, OperationalError, transaction
from django.utils.translation import gettext_lazy as _
from psycopg2.errors import DeadlockDetected

from accounts.models import ApiClient, User
from dispatch import service
from dispatch.edition import recent_edition
from dispatch.errors import FactsError
from dispatch.facts import place_facts
from incidents import late
from incidents.actor import Actor
from incidents.errors import InvalidInput
from incidents.intake import rows
from incidents.intake.addressed import mark_addressed
from incidents.intake.bounds import check_within
from incidents.intake.calm import undisturbed
from incidents.intake.draft import ReportDraft
from incidents.intake.filing import Filing, Receipt, Refusal
from incidents.intake.looking import look
from incidents.intake.opening import attach_or_open
from incidents.intake.repeats import keep_keys, sort_out_repeats, with_free_pictures
from incidents.intake.scanned import count_scanned
from incidents.intake.writing import (
    count_joined,
    keep_alarms,
    keep_late,
    lay_out_cases,
    lay_out_reports,
    take_pictures,
)
from incidents.models import Report

log = logging.getLogger(__name__)


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
    draft or none ("key_reused"). One that the database does not take, whoever is to blame for it, is refused
    by itself ("broken"). Received is `at`, or up to a day earlier where the draft says so (see
    `late`); when it happened never moves a limit.
    """
    with undisturbed(len(drafts)):
        return _receive(drafts, at=at, client=client, user=user, keys=keys)


def _receive(
    drafts: Sequence[ReportDraft],
    *,
    at: datetime,
    client: ApiClient | None,
    user: User | None,
    keys: Sequence[str],
) -> list[Receipt | Refusal]:
    answers: dict[int, Receipt | Refusal] = {}
    items: list[Filing] = []
    requests: list[service.Request] = []
    now = recent_edition()
    for position, draft in enumerate(drafts):
        request = _question(draft, at)
        try:
            service.check(request, now)
            check_within(client, draft.place)
            moment = (
                late.moment(draft.received_at, at=at, field="received_at")
                if draft.filed_at is None
                else late.filed_outside(draft.filed_at, at=at)
            )
        except (FactsError, InvalidInput) as error:
            answers[position] = Refusal(error.code, error.field, str(error))
        else:
            key = keys[position] if client is not None and keys else ""
            items.append(Filing(position, draft, draft.content_hash(), now.list_id, moment, key))
            requests.append(request)
    decisions = service.decide_many(requests, now=now, may_ask=lambda: not _came_before(items[0]))
    for item, decision in zip(items, decisions, strict=True):
        item.decision = decision
    answers.update(_store(items, at=at, client=client, user=user))
    return [answers[position] for position in range(len(drafts))]


def _came_before(item: Filing) -> bool:
    """Is the report there already? Then nobody is asked about it again: a source that repeats itself waits
    for no model. Asked only where a model would be."""
    draft = item.draft
    return Report.objects.filter(source=draft.source, external_id=draft.external_id).exists()


def _question(draft: ReportDraft, at: datetime) -> service.Request:
    """What the matcher is asked; it never sees who reported. What is theirs goes along only to be blotted out
    of what is sent to a model outside."""
    place, reporter = draft.place, draft.reporter
    return service.Request(
        text=draft.text,
        source=draft.source,
        at=at,
        place=place_facts(place),
        category=draft.category,
        source_category=draft.source_category or None,
        place_type=draft.place_type,
        owner=draft.owner,
        urgency=draft.urgency,
        nature=draft.nature,
        attributes=draft.attributes,
        known=tuple(
            word for word in (reporter.name, reporter.phone, reporter.address, reporter.email) if word
        ),
    )


def _store(
    items: Sequence[Filing],
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
    except OperationalError as error:
        if retried or not isinstance(error.__cause__, DeadlockDetected):
            raise
        # Two batches held each other up, and the database gave this one up: nothing of it is there.
        return _store(items, at=at, client=client, user=user, retried=True)
    except (IntegrityError, DataError) as error:
        if len(items) == 1:
            if retried:
                # Without the database's own words, which hold the row.
                told = getattr(error.__cause__, "diag", None)
                why = (getattr(told, "sqlstate", ""), getattr(told, "constraint_name", ""))
                log.error("a report of %s cannot be stored: %s", items[0].draft.source, why)
                words = _("This report could not be stored. Nothing of it was kept.")
                return {items[0].position: Refusal("broken", "", words)}
            # Somebody filed the same (source, external_id) meanwhile: now it is there to be found.
            return _store(items, at=at, client=client, user=user, retried=True)
    middle = len(items) // 2
    return _store(items[:middle], at=at, client=client, user=user) | _store(
        items[middle:], at=at, client=client, user=user
    )


def _write(
    items: Sequence[Filing], *, at: datetime, client: ApiClient | None, user: User | None
) -> dict[int, Receipt | Refusal]:
    found = look(items, at=at)
    answers, fresh, repeats = sort_out_repeats(items, found, client)
    fresh, refused = with_free_pictures(fresh, client)
    answers.update(refused)
    if fresh:
        actor = Actor(user=user, client=client)
        said = lay_out_reports(fresh, found, at=at, client=client, user=user)
        attach_or_open(fresh, found, at=at)
        done, opened = lay_out_cases(fresh, found, at=at, actor=actor)
        rows.write([*said, *done], at=at, base=found.base, opened=opened, actor=actor)
        count_joined(fresh)
        take_pictures(fresh)
        keep_late(fresh, actor=actor)
        keep_alarms(fresh, at=at)
        mark_addressed(fresh, at=at, actor=actor)
        count_scanned(fresh, at=at)
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
    keep_keys(items, answers, at=at, client=client)
    return answers
