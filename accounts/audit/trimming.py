"""Letting the oldest rows go, after six months at least, so that the chain still holds."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Min

from accounts.audit import chain
from accounts.audit.rows import AuditEvent, AuditStub
from accounts.audit.sealing import alone, newest, refuse_lost
from accounts.audit.telling import tell
from accounts.audit.verifying import look_until, signature_of
from accounts.identity.where import Where

# What 等保 and the Cybersecurity Law ask for: six months. The database refuses less.
LEAST_DAYS: Final = 183
_NAMED: Final = 3


class Refused(Exception):
    """Said to whoever asked."""


@transaction.atomic(durable=True)
def trim(*, days: int, at: datetime) -> int:
    """Let go of the sealed rows at the beginning of the chain that are all older than so many days; how many.

    They are looked through first: what a stub is signed for cannot be looked at any more. It says where the
    chain goes on, and the log itself that it was done. Raises Refused, HeadLost.
    """
    if days < LEAST_DAYS:
        raise Refused(f"Rows are kept for {LEAST_DAYS} days at least.")
    if not alone():
        raise Refused("The log is being sealed at the moment; ask again.")
    refuse_lost(newest())
    # A row that was committed late stands behind younger ones: everything before the first young row.
    young = AuditEvent.objects.filter(seq__isnull=False, at__gte=at - timedelta(days=days))
    first_young = young.aggregate(seq=Min("seq"))["seq"]
    old = AuditEvent.objects.filter(seq__isnull=False)
    if first_young is not None:
        old = old.filter(seq__lt=first_young)
    last = old.order_by("-seq").first()
    if last is None or last.seq is None:
        return 0
    looked = look_until(last.seq)
    if looked.faults:
        told = "; ".join(fault.says for fault in looked.faults[:_NAMED])
        raise Refused(f"Nothing was let go, as it is not as it was written: {told}. docs/audit.md says more.")
    oldest = old.order_by("seq").first()
    assert oldest is not None
    count = old.count()
    stub = AuditStub(
        upto=last.seq,
        digest=last.digest,
        rows=count,
        first_at=oldest.at,
        last_at=last.at,
        at=at,
        key=chain.current_key(),
    )
    stub.signature = signature_of(stub)
    stub.save(force_insert=True)
    old.delete()
    tell(
        kind=AuditEvent.Kind.AUDIT,
        what="trimmed",
        by=None,
        where=Where(),
        about=("place", str(last.seq)),
        rows=count,
        days=days,
    )
    return count
