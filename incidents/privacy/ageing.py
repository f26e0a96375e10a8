"""How long who reported is kept after a case is over, by its category; then the case is anonymised."""

import calendar
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q

from dispatch.registers import runs
from incidents.bulk.imports import forget_rows
from incidents.models import (
    BulkImport,
    Contact,
    CouncilMember,
    Incident,
    MediationAgreement,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    MediationScan,
    MediationSession,
    PhoneProof,
)
from incidents.outer import aside
from incidents.privacy import files
from incidents.privacy.forgetting import OVER, Why, forget

log = logging.getLogger(__name__)

EVERYTHING_ELSE: Final = "else"
BATCH: Final = 100
# Rows that an import refused wait so long for who mends them.
REJECTS_KEPT: Final = timedelta(days=90)
PROOFS_KEPT: Final = timedelta(days=2)
# Of each rule the last case that one sweep has looked at: what other rules keep for longer, or a key is
# missing for, is passed once in a sweep and not at each of its steps. The next sweep begins anew.
Reached = dict[str, tuple[datetime, int]]
_CODE: Final = re.compile(r"[0-9]{2}|[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Rule:
    """Cases of some categories, and the months for which they are kept whole; 0: for good."""

    name: str  # a category's or domain's code, or EVERYTHING_ELSE
    months: int
    cases: Q


def rules() -> Iterator[Rule]:
    """The rules that the settings say: of two that fit a case, the longer code rules."""
    by_code: Mapping[str, int] = settings.RETENTION_BY_CATEGORY
    for code, months in by_code.items():
        if not _CODE.fullmatch(code) or months < 0:
            raise ImproperlyConfigured(
                f"RETENTION_BY_CATEGORY: {code}={months}: codes of two or four digits, and months"
            )
        inner = Q()
        for other in by_code:
            if other != code and other.startswith(code):
                inner |= Q(category__code=other)
        whole = Q(category__code=code) if len(code) == 4 else Q(category__code__startswith=code)
        yield Rule(code, months, whole & ~inner if inner else whole)
    rest = Q()
    for code in by_code:
        rest |= Q(category__code=code) if len(code) == 4 else Q(category__code__startswith=code)
    # Of a case without a category the join is null, and "not null" would be no answer.
    yield Rule(EVERYTHING_ELSE, settings.RETENTION_MONTHS, Q(category=None) | ~rest if rest else Q())


def months_before(at: datetime, months: int) -> datetime:
    """The same day so many months ago, or the last one that that month has."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def step(*, at: datetime, limit: int = BATCH, reached: Reached | None = None) -> int:
    """Anonymise up to `limit` cases whose time is over; answers how many it looked at."""
    reached = {} if reached is None else reached
    for rule in rules():
        if rule.months and (done := _step(rule, reached, limit=limit, at=at)):
            return done
    return 0


def _step(rule: Rule, reached: Reached, *, limit: int, at: datetime) -> int:
    # Which rule a case falls under is asked when its time may be over, and never remembered: rules change,
    # and so do categories. By incident_to_forget, which holds what is over and still whole.
    due = Incident.objects.filter(
        rule.cases,
        closed_at__lt=months_before(at, rule.months),
        forgotten_at__isnull=True,
        status__in=OVER,
    )
    if rule.name in reached:
        closed_at, pk = reached[rule.name]
        due = due.filter(Q(closed_at__gt=closed_at) | Q(closed_at=closed_at, pk__gt=pk))
    found = list(due.order_by("closed_at", "pk").values_list("pk", "closed_at")[:limit])
    for pk, _closed_at in found:
        try:
            forget(pk, why=Why.AGE, at=at)
        except InvalidToken:
            # A key is missing. Its turn comes again with the next sweep, and the others' with this one.
            log.error("case %s cannot be anonymised: none of CONTACT_KEYS opens who reported it", pk)
    last = found[-1] if len(found) == limit else None
    if last is not None and last[1] is not None:
        reached[rule.name] = (last[1], last[0])
    else:
        reached[rule.name] = (months_before(at, rule.months), 0)
    return len(found)


def forget_the_rest(*, at: datetime) -> dict[str, int]:
    """What has no category: mediations, members of councils, rows that were refused, proofs of numbers, what
    came from outside and could not be taken over, sheets that were never written."""
    gone = {"mediations": 0, "members": 0, "imports": 0}
    if settings.RETENTION_MEDIATION_MONTHS:
        before = months_before(at, settings.RETENTION_MEDIATION_MONTHS)
        old = MediationFile.objects.filter(ended_at__lt=before, parties__contact__erased_at=None).distinct()
        for file in old.order_by("pk")[:BATCH]:
            _forget_mediation(file, at=at)
            gone["mediations"] += 1
    if settings.RETENTION_COUNCIL_MONTHS:
        before = months_before(at, settings.RETENTION_COUNCIL_MONTHS)
        left = CouncilMember.objects.filter(until__lt=before).exclude(name_sealed=b"")
        gone["members"] = left.update(name_sealed=b"")
    for bulk in BulkImport.objects.filter(
        Q(parts__rejects__gt=b"") | Q(file__isnull=False),
        finished_at__lt=at - REJECTS_KEPT,
    ).distinct():
        forget_rows(bulk)
        gone["imports"] += 1
    PhoneProof.objects.filter(asked_at__lt=at - PROOFS_KEPT).delete()
    aside.forget_old(at=at)
    runs.forget_old(at=at)
    return gone


def _forget_mediation(file: MediationFile, *, at: datetime) -> None:
    """Names, numbers and words; that there was a mediation, of which kind and how it ended, stays."""
    with transaction.atomic(durable=True):
        parties = MediationParty.objects.filter(file=file)
        scans = MediationScan.objects.filter(mediation=file)
        doomed = files.doom([scan.file for scan in scans], at=at)
        scans.delete()
        MediationSession.objects.filter(file=file).update(place_sealed=b"", words_sealed=b"")
        MediationAgreement.objects.filter(file=file).update(terms_sealed=b"")
        MediationFollowUp.objects.filter(file=file).update(words_sealed=b"")
        MediationFile.objects.filter(pk=file.pk).update(ended_words_sealed=b"")
        parties.update(left_words_sealed=b"")
        Contact.objects.filter(pk__in=parties.values("contact")).update(
            name_sealed=b"",
            phone_sealed=b"",
            address_sealed=b"",
            email_sealed=b"",
            phone_index="",
            erased_at=at,
        )
    files.remove(doomed)
