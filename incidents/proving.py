"""Whose number is it? A code by text message opens the reports of one telephone number, for a while.

Whether anybody reported under a number is told to nobody but the telephone itself: the same rows are
written, and the same words are said, for a number that we know and for one that we do not. Codes run on
the machine's clock: security never runs on simulated time.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from incidents.contacting import NOT_RESIDENTS
from incidents.models import PhoneProof, Report

KIND = "phone.code"
# How long a code may be typed in, and how long it then opens the reports.
HOLDS = timedelta(minutes=10)
OPENS = timedelta(minutes=30)
TRIES = 5
# Codes for one number: a guesser has fifty tries of a million a day.
WITHIN, AT_ONCE = timedelta(minutes=15), 3
DAY, A_DAY = timedelta(days=1), 10
# A number that was given up goes to somebody else after a while.
REACH = timedelta(days=365)
_FORGET = timedelta(days=2)
_DIGITS = 6


def is_asked_too_often(phone_index: str, *, now: datetime) -> bool:
    """Have as many codes gone to this number as may? The caller holds `hold_number`."""
    lately = PhoneProof.objects.filter(phone_index=phone_index)
    return (
        lately.filter(asked_at__gt=now - WITHIN).count() >= AT_ONCE
        or lately.filter(asked_at__gt=now - DAY).count() >= A_DAY
    )


def hold_number(phone_index: str) -> None:
    """Two who ask for one number are counted one after the other; until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"proof:{phone_index}"])


def begin(phone_index: str, *, language: str, now: datetime) -> tuple[str, PhoneProof]:
    """A new proof, and the ticket that the asking browser holds; what is long over is forgotten."""
    PhoneProof.objects.filter(asked_at__lt=now - _FORGET).delete()
    ticket = secrets.token_urlsafe(32)
    proof = PhoneProof.objects.create(
        ticket_digest=_digest(ticket),
        phone_index=phone_index,
        salt=secrets.token_hex(16),
        language=language[:8],
        asked_at=now,
    )
    return ticket, proof


def code_of(proof: PhoneProof) -> str:
    """Six digits, always the same for one proof; kept nowhere."""
    made = salted_hmac("incidents.proving", proof.salt, algorithm="sha256").digest()
    return f"{int.from_bytes(made[:8], 'big') % 10**_DIGITS:0{_DIGITS}d}"


def try_code(ticket: str, code: str, *, now: datetime) -> bool | None:
    """Is this the code? None where there is nothing to try any more: expired, or tried too often."""
    waiting = PhoneProof.objects.filter(
        ticket_digest=_digest(ticket), asked_at__gt=now - HOLDS, tries__lt=TRIES
    )
    # Counted before it is compared, in one statement: many at once have no more tries than one.
    if not waiting.update(tries=F("tries") + 1):
        return None
    proof = PhoneProof.objects.get(ticket_digest=_digest(ticket))
    if not constant_time_compare(code_of(proof), code):
        return False
    PhoneProof.objects.filter(pk=proof.pk, proved_at__isnull=True).update(proved_at=now)
    return True


def index_of(ticket: str, *, now: datetime) -> str | None:
    """The blind index of the number that this ticket has proved, while it opens."""
    found = PhoneProof.objects.filter(ticket_digest=_digest(ticket), proved_at__gt=now - OPENS)
    return found.values_list("phone_index", flat=True).first()


def forget(ticket: str) -> None:
    """Nothing is open to this ticket any more."""
    PhoneProof.objects.filter(ticket_digest=_digest(ticket)).update(proved_at=None, tries=TRIES)


def reports_of(phone_index: str, *, at: datetime, most: int = 50) -> list[Report]:
    """The reports of a number's holder in the last year, newest first."""
    found = _of_number(phone_index, at=at).select_related("text", "contact")
    return list(found.order_by("-received_at", "-pk")[:most])


def texted_for(proof_id: int, *, at: datetime) -> Report | None:
    """The report whose reporter a code is texted to: the newest of the number in the last year; None where
    there is none, or somebody else may have the number since."""
    index = PhoneProof.objects.filter(pk=proof_id).values_list("phone_index", flat=True).first()
    found = _of_number(index or "-", at=at).select_related("contact", "filed_by")
    return found.order_by("-received_at", "-pk").first()


def _of_number(phone_index: str, *, at: datetime) -> QuerySet[Report]:
    found = Report.objects.filter(contact__phone_index=phone_index, received_at__gt=at - REACH)
    return found.exclude(source__in=NOT_RESIDENTS)


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
