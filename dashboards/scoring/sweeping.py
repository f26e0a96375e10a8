"""What the clock does by itself with scores: periods begin, and the time for appeals ends."""

from datetime import date, datetime

from django.db import transaction

from dashboards.models import ScoringPeriod, Standing
from dashboards.models.scoring import day_before, days_of
from dashboards.scoring.acting import tell_units
from incidents.models import Outcome
from incidents.numbers import district_day

Kind, Status = ScoringPeriod.Kind, ScoringPeriod.Status
BATCH = 10
# Of the past, at first: nobody scores what is longer ago.
_PAST: dict[str, int] = {Kind.MONTH: 12, Kind.QUARTER: 4}


@transaction.atomic(durable=True)
def open_periods(*, at: datetime) -> int:
    """Make the rows of the periods that have begun, back to the first fact; how many are new."""
    first = Outcome.objects.order_by("day").values_list("day", flat=True).first()
    if first is None:
        return 0
    wanted = [
        ScoringPeriod(kind=kind, first=days[0], last=days[1])
        for kind in Kind
        for days in _spans(kind, district_day(at), first)
    ]
    before = ScoringPeriod.objects.count()
    ScoringPeriod.objects.bulk_create(wanted, ignore_conflicts=True)
    return ScoringPeriod.objects.count() - before


def _spans(kind: str, today: date, earliest: date) -> list[tuple[date, date]]:
    spans = [days_of(kind, today)]
    while len(spans) <= _PAST[kind] and spans[-1][0] > earliest:
        spans.append(days_of(kind, day_before(kind, spans[-1][0])))
    return spans


@transaction.atomic(durable=True)
def close_windows(*, at: datetime, limit: int = BATCH) -> int:
    """Make final what nobody may appeal against any more, and tell the units; how many periods.

    An appeal that was made in time is still ruled on: upheld, it dates a revision.
    """
    due = ScoringPeriod.objects.filter(status=Status.PROVISIONAL, appeals_until__lte=at)
    held = list(due.select_for_update(no_key=True, skip_locked=True).order_by("appeals_until", "pk")[:limit])
    for period in held:
        period.status, period.closed_at = Status.FINAL, at
        period.save(update_fields=["status", "closed_at"])
        last = period.editions.order_by("number").last()
        assert last is not None
        units = last.standings.filter(league=Standing.League.UNIT).values_list("code", flat=True)
        tell_units("closed", period, units, at=at, edition=last.number)
    return len(held)
