"""The sealer: gives rows that are written already their place in the chain, one process at a time.

Writers never wait for it and it never waits for them. A row that was written early and committed late comes
after rows with greater numbers that were sealed before it: what is not sealed yet says the row, not a number
that the sealer has reached.
"""

import logging
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from accounts.audit import anchor, chain
from accounts.audit.anchor import Head
from accounts.audit.rows import AuditEvent, AuditStub

log = logging.getLogger(__name__)

# Of the sealer and of whatever else writes the chain; any number that nobody else uses.
LOCK: Final = 0x5941_4C4F
BATCH: Final = 2000
_PUT_ON: Final = """
UPDATE accounts_auditevent AS event SET seq = sealed.seq, digest = sealed.digest, key = %s
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS sealed (id, seq, digest)
WHERE event.id = sealed.id
"""


class HeadLost(RuntimeError):
    """The newest seal that is kept outside is not in the database: rows were taken away, or an older copy of
    the database was put in its place; or nobody can read which it was. Nothing is sealed until somebody has
    said which."""


def seal(*, at: datetime) -> int:
    """Seal a batch of what waits; how many rows it was. 0 where nothing waits, or another process seals.

    Raises HeadLost.
    """
    with transaction.atomic(durable=True):
        if not alone():
            return 0
        head = newest()
        refuse_lost(head)
        waiting = list(
            AuditEvent.objects.filter(seq__isnull=True).order_by("pk").values(*chain.COLUMNS)[:BATCH]
        )
        if not waiting:
            return 0
        head = _seal(waiting, head)
    anchor.keep(head)
    log.info("audit log sealed until %s at %s", head, at.isoformat(timespec="seconds"))
    return len(waiting)


def alone() -> bool:
    """Is this transaction the only one that writes the chain? Asked without waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def newest() -> Head:
    """The end of the chain in the database."""
    last = AuditEvent.objects.filter(seq__isnull=False).order_by("-seq").only("seq", "digest").first()
    if last is not None and last.seq is not None:
        return Head(last.seq, last.digest)
    stub = AuditStub.objects.order_by("-upto").first()
    return Head(stub.upto, stub.digest) if stub is not None else Head(0, chain.BEGINNING)


def refuse_lost(head: Head) -> None:
    """Raise HeadLost where the kept head is not in the chain that ends with `head`, or cannot be read."""
    try:
        kept = anchor.read()
    except anchor.Spoilt as spoilt:
        raise HeadLost(f"{spoilt}; the database ends with {head}") from spoilt
    if kept is not None and not is_in_chain(kept, head):
        raise HeadLost(f"kept outside: {kept}; the database ends with {head}")


def is_in_chain(kept: Head, head: Head) -> bool:
    """Is this head one of the chain's rows? What was let go is vouched for by its stub."""
    if kept == head:
        return True
    told = AuditEvent.objects.filter(seq=kept.seq).values_list("digest", flat=True).first()
    if told is not None:
        return told == kept.digest
    stub = AuditStub.objects.order_by("-upto").first()
    return stub is not None and kept.seq <= stub.upto and (kept.seq < stub.upto or kept.digest == stub.digest)


def _seal(waiting: list[dict[str, Any]], head: Head) -> Head:
    """Put seals on these rows, one after the other; the new end of the chain."""
    key, ids, seqs, digests = chain.current_key(), [], [], []
    for row in waiting:
        head = Head(head.seq + 1, chain.digest_of(row, seq=head.seq + 1, before=head.digest, key=key))
        ids.append(row["pk"])
        seqs.append(head.seq)
        digests.append(head.digest)
    with connection.cursor() as cursor:
        cursor.execute(_PUT_ON, [key, ids, seqs, digests])
        if cursor.rowcount != len(ids):
            raise RuntimeError(f"{len(ids) - cursor.rowcount} rows went while they were sealed")
    return head
