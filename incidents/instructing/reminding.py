"""The sweep that reminds of reports that are owed: once before they are due, once when they are overdue."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from incidents.instructing.telling import BEFORE, tell
from incidents.models import InstructionPart

BATCH = 200


@transaction.atomic(durable=True)
def remind(*, at: datetime, limit: int = BATCH) -> int:
    """Remind of up to `limit` parts; answers of how many.

    One that became overdue while nothing swept is told of as overdue alone.
    """
    overdue = Q(due_at__lte=at, overdue_told_at__isnull=True)
    soon = Q(due_at__gt=at, due_at__lte=at + BEFORE, warned_at__isnull=True)
    parts = list(
        InstructionPart.objects.filter(overdue | soon, state=InstructionPart.State.WAITING)
        .select_related("instruction")
        .order_by("due_at", "pk")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)[:limit]
    )
    for part in parts:
        given = part.instruction
        if part.due_at > at:
            part.warned_at = at
            tell("due", given, part, receiver=f"unit:{part.unit_id}", at=at)
            continue
        part.overdue_told_at = at
        part.was_late = True
        # Who owes it, and who waits for it.
        told = (f"head:{part.unit_id}", f"unit:{part.unit_id}", f"user:{given.given_by_id}")
        for receiver in dict.fromkeys((*told, f"user:{given.recorded_by_id}")):
            tell("overdue", given, part, receiver=receiver, at=at)
    InstructionPart.objects.bulk_update(parts, ["warned_at", "overdue_told_at", "was_late"])
    return len(parts)
