"""Changing the rules of the clocks: for those that start afterwards; a running one keeps its own."""

from typing import Any

from django.db import transaction

from incidents import clock_rules
from incidents.models import ClockRule


@transaction.atomic(durable=True)
def save_rule(*, kind: str, urgency: str, **fields: Any) -> None:
    """Set the rule of one clock and urgency; the fields were validated."""
    ClockRule.objects.update_or_create(kind=kind, urgency=urgency, defaults=fields)
    transaction.on_commit(clock_rules.forget)


@transaction.atomic(durable=True)
def restore_rule(*, kind: str, urgency: str) -> None:
    """Let the default count again."""
    ClockRule.objects.filter(kind=kind, urgency=urgency).delete()
    transaction.on_commit(clock_rules.forget)
