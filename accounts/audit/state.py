"""How the seal of the log stands: for the page, the doctor and whoever else watches."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.audit import anchor
from accounts.audit.anchor import Head
from accounts.audit.rows import AuditCheck, AuditEvent
from accounts.audit.sealing import is_in_chain, newest
from accounts.audit.verifying import LATE

# Every night; one night may be missed.
CHECKED_EVERY = timedelta(hours=50)
_COUNTED_MOST = 10_000


@dataclass(frozen=True, slots=True)
class SealState:
    """What there is to say of it. `lost`: the head that is kept outside is not in the database; `spoilt`: it
    cannot be read, so nobody knows."""

    head: Head
    began: datetime | None
    sealed_until: datetime | None
    waiting: int
    waits_since: datetime | None
    lost: bool
    spoilt: bool
    check: AuditCheck | None
    at: datetime

    @property
    def is_late(self) -> bool:
        """Has a row waited for longer than it should?"""
        return self.waits_since is not None and self.at - self.waits_since > LATE

    @property
    def is_broken(self) -> bool:
        """Was something found that nobody may have done?"""
        return self.lost or self.spoilt or (self.check is not None and bool(self.check.faults))

    @property
    def is_unchecked(self) -> bool:
        """Has nobody looked through it lately, although there is something to look through?"""
        last = self.check.at if self.check is not None else self.began
        return last is not None and self.at - last > CHECKED_EVERY


def seal_state(*, at: datetime) -> SealState:
    """Some small queries."""
    head = newest()
    waiting = AuditEvent.objects.filter(seq__isnull=True)
    oldest = waiting.order_by("pk").values_list("at", flat=True).first()
    lost = spoilt = False
    try:
        kept = anchor.read()
        lost = kept is not None and not is_in_chain(kept, head)
    except anchor.Spoilt:
        spoilt = True
    sealed = AuditEvent.objects.filter(seq__isnull=False)
    return SealState(
        head=head,
        began=sealed.order_by("seq").values_list("at", flat=True).first(),
        sealed_until=AuditEvent.objects.filter(seq=head.seq).values_list("at", flat=True).first(),
        waiting=waiting[:_COUNTED_MOST].count() if oldest else 0,
        waits_since=oldest,
        lost=lost,
        spoilt=spoilt,
        check=AuditCheck.objects.first(),
        at=at,
    )
