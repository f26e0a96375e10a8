"""Doing what an adapter has translated: pictures, the report, and what its source's clock says of it.

Each step is idempotent by the system's own numbers, so that an order which was not answered is sent again
as a whole and goes on where it broke off.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from accounts.models import ApiClient
from incidents.actor import Actor
from incidents.attachments import discard, store_picture
from incidents.errors import InvalidInput
from incidents.intake import Receipt, Refusal, ReportDraft, UpdateDraft, apply_update, receive_one
from incidents.models import Attachment, Report, ReportUpdate
from incidents.sources.adapter import Filed


class SentPicture:
    """Bytes as `store_picture` takes an upload."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.size = len(body)

    def read(self, num_bytes: int = -1, /) -> bytes:
        return self._body if num_bytes < 0 else self._body[:num_bytes]


def take_order(filed: Filed, *, client: ApiClient, at: datetime) -> Receipt | Refusal:
    """File an order; the deadline and the chasers that it brings are updates of its report.

    Raises InvalidInput for a picture that cannot be read (field `pictures.N`).
    """
    receipt = _filed(filed, client=client, at=at)
    if isinstance(receipt, Refusal) and receipt.code == "conflict" and filed.pictures:
        # Sent twice at once: the other one's pictures are known by their bytes now.
        receipt = _filed(filed, client=client, at=at)
    if isinstance(receipt, Refusal):
        return receipt
    actor = Actor(client=client)
    if filed.deadline is not None:
        update = UpdateDraft(
            external_id="order:deadline", kind=ReportUpdate.Kind.DEADLINE, due_at=filed.deadline
        )
        apply_update(report=receipt.report, draft=update, actor=actor, at=at)
    if filed.chased:
        update = UpdateDraft(external_id="order:chase", kind=ReportUpdate.Kind.CHASE)
        apply_update(report=receipt.report, draft=update, actor=actor, at=at)
    return receipt


def as_filed_before(draft: ReportDraft) -> ReportDraft:
    """The draft as it was when it was first filed, in what a table of ours said and may say otherwise now:
    the same words sent again are the same report, whatever was mapped meanwhile."""
    known = Report.objects.filter(source=draft.source, external_id=draft.external_id)
    given = known.values_list("given_category", flat=True).first()
    return draft if given is None else replace(draft, category=given or None)


def _filed(filed: Filed, *, client: ApiClient, at: datetime) -> Receipt | Refusal:
    kept, fresh = _pictures(filed, client=client, at=at)
    draft = replace(as_filed_before(filed.draft), attachments=(*filed.draft.attachments, *kept))
    try:
        receipt = receive_one(draft, at=at, client=client)
    except BaseException:
        discard(fresh)
        raise
    if isinstance(receipt, Refusal) or not receipt.created:
        discard(fresh)
    return receipt


def _pictures(filed: Filed, *, client: ApiClient, at: datetime) -> tuple[list[UUID], Sequence[UUID]]:
    """The ids of an order's pictures, and those stored now. A picture that came with it before is known by
    its bytes: the order sent again is the same order."""
    if not filed.pictures:
        return [], []
    known = Report.objects.filter(source=filed.draft.source, external_id=filed.draft.external_id)
    before = Attachment.objects.filter(report__in=known).values_list("fingerprint", "pk")
    had: dict[str, list[UUID]] = {}
    for fingerprint, pk in before:
        had.setdefault(fingerprint, []).append(pk)
    kept: list[UUID] = []
    fresh: list[UUID] = []
    for index, body in enumerate(filed.pictures):
        if waiting := had.get(sha256(body).hexdigest()):
            kept.append(waiting.pop(0))
            continue
        try:
            stored = store_picture(SentPicture(body), at=at, client=client)
        except InvalidInput as error:
            discard(fresh)
            raise InvalidInput(f"pictures.{index}", error.code, error.message) from error
        kept.append(stored.pk)
        fresh.append(stored.pk)
    return kept, fresh
