"""Looking through the whole chain: was a row changed, taken away, put in or moved, or is its end gone?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from accounts.audit import anchor, chain, watching
from accounts.audit.anchor import Head
from accounts.audit.rows import AuditCheck, AuditEvent, AuditStub
from accounts.audit.sealing import is_in_chain, newest

CHUNK: Final = 5000
# More are counted as the last of them.
TOLD_MOST: Final = 100
# The sealer is at it every few seconds.
LATE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Fault:
    """`what`: changed, removed, foreign, end, stub, anchor, key, waiting, guard. `seq`: its place in the
    chain, or the first place that is wrong; 0 where it is about none."""

    what: str
    seq: int
    says: str


@dataclass(slots=True)
class Report:
    """What a look through the chain found."""

    rows: int = 0
    head: Head = field(default_factory=lambda: Head(0, chain.BEGINNING))
    anchor: Head | None = None
    faults: list[Fault] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, what: str, seq: int, says: str) -> None:
        if len(self.faults) < TOLD_MOST:
            self.faults.append(Fault(what, seq, says))


def verify(*, at: datetime, noted: Head | None = None) -> Report:
    """Read every row. `noted`: a head that somebody wrote down elsewhere. Seconds for a million."""
    began, report = time.monotonic(), Report()
    _look_through(report)
    _look_at_end(report, noted)
    _look_around(report, at)
    report.seconds = time.monotonic() - began
    return report


def look_until(upto: int) -> Report:
    """The same of the beginning of the chain alone, up to this place: what is to be let go."""
    report = Report()
    _look_through(report, upto)
    if report.head.seq != upto:
        report.add("removed", report.head.seq + 1, f"places {report.head.seq + 1} to {upto} are not there")
    return report


def _look_through(report: Report, upto: int | None = None) -> None:
    before = _beginning(report)
    for row in _rows(upto):
        before = _look_at(row, before, report)
        report.rows += 1
    report.head = before


def keep(report: Report, *, at: datetime) -> AuditCheck:
    """Write down that it was looked at, and what was found."""
    return AuditCheck.objects.create(
        at=at,
        rows=report.rows,
        seconds=round(report.seconds, 3),
        head=report.head.seq,
        faults=[[fault.what, fault.seq, fault.says] for fault in report.faults],
    )


def _beginning(report: Report) -> Head:
    """Where the chain begins: at nothing, or where the newest stub says that older rows were let go."""
    last = Head(0, chain.BEGINNING)
    for stub in AuditStub.objects.order_by("upto"):
        if not _is_genuine(stub):
            report.add(
                "stub", stub.upto, f"what is said of the {stub.rows} rows let go until {stub.upto} is forged"
            )
        last = Head(stub.upto, stub.digest)
    return last


def _is_genuine(stub: AuditStub) -> bool:
    try:
        return signature_of(stub) == stub.signature
    except chain.UnknownKey:
        return False


def signature_of(stub: AuditStub) -> str:
    """Over all that the stub says. Raises UnknownKey."""
    told = [stub.upto, stub.digest, stub.rows, stub.first_at, stub.last_at, stub.at]
    return chain.signed(told, key=stub.key)


def _rows(upto: int | None) -> Iterator[dict[str, Any]]:
    """In the order of the chain, some thousands at a time, to its end or to this place."""
    sealed = AuditEvent.objects.order_by("seq").values(*chain.COLUMNS, "seq", "digest", "key")
    if upto is not None:
        sealed = sealed.filter(seq__lte=upto)
    low: int | None = None
    while True:
        found = sealed.filter(seq__isnull=False) if low is None else sealed.filter(seq__gt=low)
        rows = list(found[:CHUNK])
        yield from rows
        if len(rows) < CHUNK:
            return
        low = rows[-1]["seq"]


def _look_at(row: dict[str, Any], before: Head, report: Report) -> Head:
    """One row after the head before it; the next head. After a fault it goes on from what the row says."""
    seq, expected = int(row["seq"]), before.seq + 1
    told = f"row {row['pk']} of {row['at']:%Y-%m-%d %H:%M:%S} UTC ({row['kind']} {row['what']})"
    this = Head(max(seq, before.seq), row["digest"])
    if seq < expected:
        report.add("foreign", seq, f"{told} stands where the chain had ended already")
        return before
    if seq > expected:
        gone = f"place {expected}" if seq == expected + 1 else f"places {expected} to {seq - 1}"
        report.add("removed", expected, f"{gone}: {seq - expected} removed, before {told}")
        return this  # what it was chained to is gone: the row after it is the next that can be judged
    try:
        right = chain.digest_of(row, seq=seq, before=before.digest, key=row["key"])
    except chain.UnknownKey:
        report.add("key", seq, f"{told} is sealed under a key that AUDIT_KEYS does not have")
        return this
    if right != row["digest"]:
        report.add("changed", seq, f"place {seq}: {told} was changed, moved or put in after it was sealed")
    return this


def _look_at_end(report: Report, noted: Head | None) -> None:
    head = newest()
    for name, kept in (("the head that is kept outside", _kept(report)), ("the head that was noted", noted)):
        if kept is None or is_in_chain(kept, head):
            continue
        if kept.seq > head.seq:
            says = f"{name} is {kept.seq}: {kept.seq - head.seq} removed from the end"
            report.add("end", head.seq + 1, says)
        else:
            report.add("anchor", kept.seq, f"{name} has another digest at {kept.seq} than the chain")


def _kept(report: Report) -> Head | None:
    try:
        report.anchor = anchor.read()
    except ValueError as error:
        report.add("anchor", 0, str(error))
    return report.anchor


def _look_around(report: Report, at: datetime) -> None:
    """Rows that nobody seals, and triggers that are gone, off or not what they have to be."""
    late = AuditEvent.objects.filter(seq__isnull=True, at__lt=at - LATE)
    if count := late.count():
        report.add("waiting", 0, f"{count} rows have waited for their seal for more than ten minutes")
    for says in watching.faults():
        report.add("guard", 0, says)
