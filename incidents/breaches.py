"""逾期归谁: on whose account a clock ran out. It stays there when the clock goes on with another unit."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from accounts.models import OrgUnit
from dispatch.edition import edition
from incidents.models import FiredStage, Incident, Timer


def of_units(incident: Incident, units: QuerySet[OrgUnit]) -> QuerySet[FiredStage]:
    """Breaches on this case that these units answer for: their own, and those of a unit that was merged
    into one of them, which has nobody left to speak for it."""
    whose: Iterable[str] | QuerySet[OrgUnit, str] = units.values_list("pk", flat=True)
    if heirs := edition().units.heirs:
        own = set(whose)
        whose = own | {closed for closed, heir in heirs.items() if heir in own}
    return FiredStage.objects.filter(
        Q(unit_code__in=whose) | Q(unit_code="", timer__unit_code__in=whose),
        timer__incident=incident,
        stage="breach",
    )


def account_of(clock: Timer) -> str:
    """The unit whose the last breach of this clock was; empty of one that fired before this was kept."""
    last = FiredStage.objects.filter(timer=clock, stage="breach").order_by("pk").last()
    return last.unit_code if last is not None else ""
