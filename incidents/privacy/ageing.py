"""How long who reported is kept after a case is over, by its category; then the case is anonymised."""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q

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
    Retention,
)
from incidents.privacy.forgetting import OVER, Why, forget

EVERYTHING_ELSE: Final = "else"
BATCH: Final = 100
# Rows that an import refused wait so long for who mends them.
REJECTS_KEPT: Final = timedelta(days=90)
PROOFS_KEPT: Final = timedelta(days=2)
_BEGINNING: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
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


def step(*, at: datetime, limit: int = BATCH) -> int:
    """Anonymise up to `limit` cases whose time is over; answers how many it looked at."""
    for rule in rules():
        if rule.months and (done := _step(rule, before=months_before(at, rule.months), limit=limit, at=at)):
            return done
    return 0


def _step(rule: Rule, *, before: datetime, limit: int, at: datetime) -> int:
    kept, _new = Retention.objects.get_or_create(rule=rule.name, defaults={"closed_at": _BEGINNING})
    # By incident_closed. A case that is reopened and closes again comes a second time.
    due = (
        Incident.objects.filter(rule.cases, closed_at__lt=before, status__in=OVER)
        .filter(Q(closed_at__gt=kept.closed_at) | Q(closed_at=kept.closed_at, pk__gt=kept.case))
        .order_by("closed_at", "pk")
        .values_list("pk", "closed_at")[:limit]
    )
    done = 0
    for pk, closed_at in due:
        forget(pk, why=Why.AGE, at=at)
        # Case by case: whoever is ended in the middle loses none, and does at most one of them again.
        Retention.objects.filter(pk=kept.pk).update(closed_at=closed_at, case=pk)
        done += 1
    return done


def forget_the_rest(*, at: datetime) -> dict[str, int]:
    """What has no category: mediations, members of councils, rows that were refused, proofs of numbers."""
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
    return gone


def _forget_mediation(file: MediationFile, *, at: datetime) -> None:
    """Names, numbers and words; that there was a mediation, of which kind and how it ended, stays."""
    parties = MediationParty.objects.filter(file=file)
    scans = list(MediationScan.objects.filter(mediation=file))
    MediationSession.objects.filter(file=file).update(place_sealed=b"", words_sealed=b"")
    MediationAgreement.objects.filter(file=file).update(terms_sealed=b"")
    MediationFollowUp.objects.filter(file=file).update(words_sealed=b"")
    MediationFile.objects.filter(pk=file.pk).update(ended_words_sealed=b"")
    MediationScan.objects.filter(mediation=file).delete()
    for scan in scans:
        scan.file.delete(save=False)
    parties.update(left_words_sealed=b"")
    # Last: the file is found by them until all of it is done.
    Contact.objects.filter(pk__in=parties.values("contact")).update(
        name_sealed=b"", phone_sealed=b"", address_sealed=b"", email_sealed=b"", phone_index="", erased_at=at
    )
