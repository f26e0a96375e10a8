"""Intake: normalise, locate, same thing?, match, dispatch, start the clocks; all before the 201.

A single report is a batch of one. Everything is decided in memory first and written set-based in one
transaction; a database error bisects the batch, so that one bad report does not sink the rest.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import DataError, IntegrityError, transaction

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
from incidents.intake.calm import undisturbed
from incidents.intake.draft import ReportDraft
from incidents.intake.filing import Filing, Receipt, Refusal
from incidents.intake.looking import look
from incidents.intake.opening import attach_or_open
from incidents.intake.repeats import keep_keys, sort_out_repeats, with_free_pictures
from incidents.intake.writing import (
    count_joined,
    keep_alarms,
    keep_late,
    lay_out_cases,
    lay_out_reports,
    take_pictures,
)


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
    draft or none ("key_reused"). Received is `at`, or up to a day earlier where the draft says so (see
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
            moment = late.moment(draft.received_at, at=at, field="received_at")
        except (FactsError, InvalidInput) as error:
            answers[position] = Refusal(error.code, error.field, str(error))
        else:
            key = keys[position] if client is not None and keys else ""
            items.append(Filing(position, draft, draft.content_hash(), now.list_id, moment, key))
            requests.append(request)
    for item, decision in zip(items, service.decide_many(requests, now=now, may_ask=True), strict=True):
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
        place=place_facts(place),
        category=draft.category,
        source_category=draft.source_category or None,
        place_type=draft.place_type,
        owner=draft.owner,
        urgency=draft.urgency,
        nature=draft.nature,
        attributes=draft.attributes,
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
        done = lay_out_cases(fresh, found, at=at, actor=actor)
        rows.write([*said, *done], day=at, base=found.base)
        count_joined(fresh)
        take_pictures(fresh)
        keep_late(fresh, actor=actor)
        keep_alarms(fresh, at=at)
        mark_addressed(fresh, at=at, actor=actor)
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
