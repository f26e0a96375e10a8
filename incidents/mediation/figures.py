"""化解率 and repeat disputes, over the cases that somebody may see, counted from the cases and facts.

The figures above a list are those of the list."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q

from accounts.models import User
from incidents import policy
from incidents.mediating import DISPUTES
from incidents.models import Incident, Outcome, Repeat
from incidents.models.incident import Status

SPAN: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the disputes received within SPAN."""

    taken_in: int  # a unit has accepted them; joined ones count with the case that they joined
    handled: int  # a resolution stands
    settled: int  # and the parties came to terms
    again: int  # of those taken in: another dispute of the same place or reporter in the thirty days before

    @property
    def share(self) -> float | None:
        """化解率 = settled ÷ taken in; what is still being mediated is not settled yet."""
        return self.settled / self.taken_in if self.taken_in else None


def figures_of(user: User, *, at: datetime) -> Figures:
    """One statement."""
    stands = Outcome.objects.filter(
        incident=OuterRef("pk"), kind=Outcome.Kind.HANDLED, sign=1, reversal__isnull=True
    )
    before = Repeat.objects.filter(incident=OuterRef("pk"), earlier__category__code__startswith=DISPUTES)
    found = (
        Incident.objects.filter(policy.visible(user))
        .filter(category__code__startswith=DISPUTES, received_at__gt=at - SPAN, received_at__lte=at)
        .filter(accepted_at__isnull=False)
        .exclude(status=Status.MERGED)
        .annotate(
            is_handled=Exists(stands),
            is_settled=Exists(stands.filter(mediated=True)),
            is_again=Exists(before),
        )
        .aggregate(
            taken_in=Count("pk"),
            handled=Count("pk", filter=Q(is_handled=True)),
            settled=Count("pk", filter=Q(is_settled=True)),
            again=Count("pk", filter=Q(is_again=True)),
        )
    )
    return Figures(**found)
