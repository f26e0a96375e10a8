"""The sweep that reminds of letters without a reply: once a day before, once when the time is over."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import OrgUnit
from incidents import outbox
from incidents.instructing.telling import BEFORE
from incidents.models import SecretaryLetter
from incidents.secretary.letters import cases_of

BATCH = 200
logger = logging.getLogger(__name__)


@transaction.atomic(durable=True)
def remind(*, at: datetime, limit: int = BATCH) -> int:
    """Remind of up to `limit` letters; answers of how many."""
    overdue = Q(due_at__lte=at, overdue_told_at__isnull=True)
    soon = Q(due_at__gt=at, due_at__lte=at + BEFORE, warned_at__isnull=True)
    letters = list(
        SecretaryLetter.objects.filter(overdue | soon, signed_at__isnull=True)
        .select_related("office")
        .order_by("due_at", "pk")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)[:limit]
    )
    cases = cases_of(letters)
    for letter in letters:
        is_over = letter.due_at <= at
        letter.overdue_told_at, letter.warned_at = (at, letter.warned_at) if is_over else (None, at)
        case = cases.get(letter.report_id)
        if case is None:  # one such letter stops no other's reminder
            logger.error("Letter %d has no case: nobody was reminded of it.", letter.pk)
            continue
        tell("overdue" if is_over else "due", letter, incident_id=case.pk, at=at)
    SecretaryLetter.objects.bulk_update(letters, ["warned_at", "overdue_told_at"])
    return len(letters)


def tell(what: str, letter: SecretaryLetter, *, incident_id: int, at: datetime) -> None:
    """Queue a message to the secretary of the letter's office."""
    is_district = letter.office.kind == OrgUnit.Kind.DISTRICT
    outbox.tell(
        f"letter.{what}",
        incident_id=incident_id,
        receiver="leaders" if is_district else f"head:{letter.office_id}",
        key=f"letter.{what}:{letter.pk}:{letter.office_id}",
        at=at,
        due_at=letter.due_at.isoformat(),
    )
