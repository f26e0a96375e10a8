"""逾期归谁: on whose account a clock ran out. It stays there when the clock goes on with another unit."""

from django.db.models import Case, Q, QuerySet, Value, When

from accounts.models import OrgUnit
from dispatch.edition import edition
from incidents.models import FiredStage, Incident, Timer


def of_units(incident: Incident, units: QuerySet[OrgUnit]) -> QuerySet[FiredStage]:
    """Breaches on this case that these units answer for: their own, and those of a unit that was merged
    into one of them, over however many mergers, which has nobody left to speak for it. One statement."""
    own = units.values("pk")
    breached = FiredStage.objects.filter(timer__incident=incident, stage="breach")
    breached = breached.annotate(named=Case(When(unit_code="", then="timer__unit_code"), default="unit_code"))
    gone_on = (When(named=code, then=Value(heir)) for code, heir in edition().units.heirs.items())
    breached = breached.annotate(answers=Case(*gone_on, default="named"))
    return breached.filter(Q(named__in=own) | Q(answers__in=own))


def account_of(clock: Timer) -> str:
    """The unit whose the last breach of this clock was; empty of one that fired before this was kept."""
    last = FiredStage.objects.filter(timer=clock, stage="breach").order_by("pk").last()
    return last.unit_code if last is not None else ""
