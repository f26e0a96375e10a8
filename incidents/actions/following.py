"""What a reporter does besides a case: showing whose number it is, and asking for no text messages."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents import outbox, proving
from incidents.errors import ActionRefused
from incidents.models import Parcel, QuietReport, Report
from incidents.models.contact import blind_index


@transaction.atomic(durable=True)
def ask_code(*, phone: str, language: str, at: datetime) -> tuple[str, str]:
    """Text a code to a number, if anybody reported under it; answers the ticket that it goes with, and it.

    Raises ActionRefused where the number has had enough of them. For a number that nobody reported under
    it does the same, and the message reaches nobody.
    """
    now = timezone.now()  # codes run on the machine's clock
    index = blind_index(phone)
    proving.hold_number(index)
    if proving.is_asked_too_often(index, now=now):
        raise ActionRefused(
            "too_many",
            _("Several codes have been asked for with this number. Wait a quarter of an hour."),
        )
    ticket, proof = proving.begin(index, language=language, now=now)
    outbox.tell(
        proving.KIND,
        incident_id=None,
        receiver=f"proof:{proof.pk}",
        key=f"{proving.KIND}:{proof.pk}",
        at=at,
        number="",
        proof=proof.pk,
        language=language,
    )
    return ticket, proving.code_of(proof)


@transaction.atomic(durable=True)
def stop_texts(*, reports: Iterable[Report], at: datetime) -> int:
    """Text nothing more about these reports, not even what waits; answers how many are new."""
    found = list(reports)
    before = QuietReport.objects.filter(report__in=found).count()
    QuietReport.objects.bulk_create(
        [QuietReport(report=report, since=at) for report in found], ignore_conflicts=True
    )
    # What somebody is just sending is on its way.
    waiting = Parcel.objects.waiting().filter(report__in=found, channel="sms", leased_until__isnull=True)
    waiting.exclude(kind=proving.KIND).delete()
    return len(found) - before


@transaction.atomic(durable=True)
def resume_texts(*, report: Report) -> None:
    """Text what comes from now on."""
    QuietReport.objects.filter(report=report).delete()
