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
from incidents.intake import Receipt, Refusal, UpdateDraft, apply_update, receive_one
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
    kept, fresh = _pictures(filed, client=client, at=at)
    draft = replace(filed.draft, attachments=(*filed.draft.attachments, *kept))
    try:
        receipt = receive_one(draft, at=at, client=client)
    except BaseException:
        discard(fresh)
        raise
    if isinstance(receipt, Refusal) or not receipt.created:
        discard(fresh)
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
