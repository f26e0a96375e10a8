"""The orders to act on a case's own page."""

from typing import Any

from django.db.models import F, FilteredRelation, Q

from incidents.models import Incident


def orders_of(incident: Incident, can: dict[str, bool]) -> dict[str, Any]:
    """The open order with its clock, and those that have ended, newest first; one query."""
    clock = FilteredRelation(
        "incident__timers",
        condition=Q(incident__timers__kind="supervision", incident__timers__stopped_at__isnull=True),
    )
    orders = list(
        incident.supervisions.select_related("unit", "words", "ordered_by", "answer", "ended_by")
        .annotate(clock=clock, clock_started_at=F("clock__started_at"))
        .order_by("-pk")
    )
    return {
        "orders": orders,
        "past_orders": [order for order in orders if order.ended_at],
        "can_answer_order": can.get("answer-order", False),
        "can_lift_order": can.get("lift-order", False),
    }
