"""What has been said before: the same report, the same key, the same picture."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient
from incidents.intake.filing import Filing, Receipt, Refusal
from incidents.intake.looking import Found
from incidents.models import Attachment, DecisionRecord, IdempotencyKey, Report


def sort_out_repeats(
    items: Sequence[Filing], found: Found, client: ApiClient | None
) -> tuple[dict[int, Receipt | Refusal], list[Filing], list[tuple[Filing, Filing]]]:
    """Answers for what came before this batch; what is new; and repeats inside the batch with their first."""
    known = found.reports
    by_key = _reports_by_key(items, client)
    answers: dict[int, Receipt | Refusal] = {}
    firsts: dict[tuple[str, str], Filing] = {}
    repeats: list[tuple[Filing, Filing]] = []
    for item in items:
        key = (item.draft.source, item.draft.external_id)
        if item.key in by_key:
            item.key_known, first = True, by_key[item.key]
            answers[item.position] = receipt_of(first) if first.content_hash == item.digest else _key_reused()
        elif key in known:
            answers[item.position] = _repeat_of(known[key], item, client)
        elif key in firsts:
            if firsts[key].digest == item.digest:
                repeats.append((item, firsts[key]))
            else:
                answers[item.position] = _conflict()
        else:
            firsts[key] = item
    return answers, list(firsts.values()), repeats


def _reports_by_key(items: Sequence[Filing], client: ApiClient | None) -> dict[str, Report]:
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


def _repeat_of(first: Report, item: Filing, client: ApiClient | None) -> Receipt | Refusal:
    """What another system of the source filed is not answered for, though it be the same word for word."""
    others = client is not None and first.client_id not in (None, client.pk)
    return receipt_of(first) if first.content_hash == item.digest and not others else _conflict()


def _picture_used() -> Refusal:
    return Refusal("used", "attachments", _("A picture of this report belongs to another one."))


def _conflict() -> Refusal:
    return Refusal(
        "conflict", "external_id", _("This source has sent another report under this external_id.")
    )


def _key_reused() -> Refusal:
    return Refusal("key_reused", "Idempotency-Key", _("This key has been used for another report."))


def with_free_pictures(
    items: Sequence[Filing], client: ApiClient | None
) -> tuple[list[Filing], dict[int, Receipt | Refusal]]:
    """The reports whose pictures are free, and the answers of the others. The pictures are locked, so
    that two reports at one moment cannot both have one."""
    named = {pk for item in items for pk in item.draft.attachments}
    if not named:
        return list(items), {}
    rows = Attachment.objects.filter(pk__in=named, report__isnull=True, incident__isnull=True)
    free = set(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    kept: list[Filing] = []
    answers: dict[int, Receipt | Refusal] = {}
    for item in items:
        if free.issuperset(item.draft.attachments):
            free.difference_update(item.draft.attachments)
            kept.append(item)
            continue
        # Perhaps it is this very report, which came in while this one waited for the lock.
        first = Report.objects.filter(source=item.draft.source, external_id=item.draft.external_id).first()
        answers[item.position] = _repeat_of(first, item, client) if first else _picture_used()
    return kept, answers


def keep_keys(
    items: Sequence[Filing],
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
