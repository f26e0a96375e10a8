"""Counting the past anew, where it is another one than before: after history was brought in or corrected."""

from django.db import transaction

from dashboards.models import CountedDay, PastTalk, WarningSweep


@transaction.atomic(durable=True)
def start_over() -> None:
    """Forget what was counted of the past. Warnings stay; the next sweeps count what they need again."""
    CountedDay.objects.all().delete()
    PastTalk.objects.all().delete()
    WarningSweep.objects.all().delete()
