"""Going on after a restore: the database ends before the head that is kept outside; somebody says why."""

from datetime import datetime

from django.db import transaction

from accounts.audit import anchor
from accounts.audit.anchor import Head
from accounts.audit.rows import AuditEvent
from accounts.audit.sealing import is_in_chain, newest
from accounts.audit.telling import tell
from accounts.identity.where import Where


class Refused(Exception):
    """Said to whoever asked."""


def accept_head(*, reason: str, at: datetime) -> Head:
    """Keep the end that the database has, and write into the log which one was given up. Raises Refused."""
    if not reason.strip():
        raise Refused("Say why with --reason: it stands in the log.")
    head = newest()
    try:
        kept = anchor.read()
    except anchor.Spoilt:
        given_up = "spoilt"
    else:
        if kept is None or is_in_chain(kept, head):
            raise Refused("Nothing is missing: the head that is kept outside is in the database.")
        given_up = str(kept)
    with transaction.atomic(durable=True):
        tell(
            kind=AuditEvent.Kind.AUDIT,
            what="head_accepted",
            by=None,
            where=Where(),
            about=("place", str(head.seq)),
            reason=reason.strip()[:200],
            given_up=given_up,
            at=at.isoformat(timespec="seconds"),
        )
    anchor.put_back(head)
    return head
