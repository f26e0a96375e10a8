"""What comes from above, on a case's own page: orders, instructions, letters, and what was said before."""

from typing import Any

from django.db.models import F, FilteredRelation, Prefetch, Q

from accounts.models import User
from incidents import policy, repeats
from incidents.instructing import reach
from incidents.models import Incident, Instruction, InstructionPart, Supervision
from incidents.secretary import letters


def orders_of(incident: Incident, can: dict[str, bool], user: User) -> dict[str, Any]:
    """The open order with its clock and those that have ended, newest first; the rest; a query for each."""
    clock = FilteredRelation(
        "incident__timers",
        condition=Q(incident__timers__kind="supervision", incident__timers__stopped_at__isnull=True),
    )
    orders = list(
        incident.supervisions.select_related("unit", "words", "ordered_by", "answer", "ended_by")
        .annotate(clock=clock, clock_started_at=F("clock__started_at"))
        .order_by("-pk")
    )
    standing = next((order for order in orders if order.ended_at is None), None)
    is_highest = standing is not None and standing.level >= Supervision.Level.LEADER
    return {
        "orders": orders,
        "past_orders": [order for order in orders if order.ended_at],
        "can_answer_order": can.get("answer-order", False),
        "can_lift_order": can.get("lift-order", False),
        "can_raise_order": can.get("raise-order", False) and not is_highest,
        "instructions": _instructions(incident, user),
        "case_letters": _letters(incident, user),
        "said_before": _said_before(incident, user),
    }


def _letters(incident: Incident, user: User) -> list[dict[str, Any]]:
    found = list(letters.of_case(incident).select_related("office", "signed_by").order_by("pk"))
    if not found:
        return []
    read = set(letters.of_case(incident).filter(letters.visible(user)).values_list("pk", flat=True))
    return [{"letter": letter, "is_read": letter.pk in read} for letter in found]


def _said_before(incident: Incident, user: User) -> list[repeats.Before]:
    """What the same person or the same place said before."""
    return list(repeats.before([incident], among=policy.visible(user)).get(incident.pk, ()))


def _instructions(incident: Incident, user: User) -> list[Instruction]:
    """The instructions about this case that this person may read."""
    parts = InstructionPart.objects.select_related("unit").order_by("pk")
    found = incident.instructions.filter(reach.visible(user)).select_related("office", "given_by", "words")
    return list(found.prefetch_related(Prefetch("parts", parts)).order_by("-pk"))
