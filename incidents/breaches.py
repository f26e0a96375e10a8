"""逾期归谁: on whose account a clock ran out. It stays there when the clock goes on with another unit."""

from django.db.models import Q, QuerySet

from accounts.models import OrgUnit
from incidents.models import FiredStage, Incident, Timer


def of_units(incident: Incident, units: QuerySet[OrgUnit]) -> QuerySet[FiredStage]:
    """Breaches on this case that these units answer for: their own, and those of a unit that was merged
    into one of them, which has nobody left to speak for it: over three mergers, in the one statement."""
    own = units.values("pk")
    into = Q(successor__in=own) | Q(successor__successor__in=own) | Q(successor__successor__successor__in=own)
    merged = OrgUnit.objects.filter(into, is_open=False).values("pk")
    named = Q(unit_code__in=own) | Q(unit_code__in=merged)
    clocks = Q(timer__unit_code__in=own) | Q(timer__unit_code__in=merged)
    return FiredStage.objects.filter(
        named | (Q(unit_code="") & clocks), timer__incident=incident, stage="breach"
    )


def account_of(clock: Timer) -> str:
    """The unit whose the last breach of this clock was; empty of one that fired before this was kept."""
    last = FiredStage.objects.filter(timer=clock, stage="breach").order_by("pk").last()
    return last.unit_code if last is not None else ""
