"""What the callback desk shows: the queue, what was tried, and what the calls of a day brought."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Count, Max, Min, Q

from accounts.models import User
from incidents import policy, queries
from incidents.calling import rules
from incidents.models import Callback, Feedback, PhoneCall, Timer
from incidents.models.callbacks import CallbackQuerySet
from incidents.numbers import DISTRICT_ZONE, district_day


def queue_of(user: User) -> CallbackQuerySet:
    """Whom this person may call: nobody whose case their own unit handled."""
    return Callback.objects.open().exclude(policy.works_on(user))


def ready(rows: CallbackQuerySet, at: datetime) -> CallbackQuerySet:
    """Who is called now: in a part of the day whoever is due, else only who asked for this hour."""
    return rows.ready(at, since=rules.closed_since(at))


def later(rows: CallbackQuerySet, at: datetime) -> CallbackQuerySet:
    """Who is still to be called, but not now."""
    return rows.open().exclude(pk__in=ready(rows, at).values("pk"))


def goes_on(rows: CallbackQuerySet, at: datetime) -> datetime | None:
    """When the next of these becomes due, where nobody is now; None where nobody is waiting. One query."""
    due = Q(next_at__lte=at)  # since the hours of calling ended
    found = later(rows, at).aggregate(now=Count("pk", filter=due), then=Min("next_at", filter=~due))
    hours = [rules.earliest_from(at)] if found["now"] else []
    return min([*hours, *filter(None, [found["then"]])], default=None)


def due_times(rows: Iterable[Callback]) -> dict[int, Timer]:
    """The callback clock of each row's case, by case; one query."""
    clocks = Timer.objects.filter(
        incident__in={row.incident_id for row in rows}, kind=Timer.Kind.CALLBACK, stopped_at__isnull=True
    )
    return {clock.incident_id: clock for clock in clocks}


def attempts(row: Callback) -> list[PhoneCall]:
    """The calls that were made for it, oldest first; one query."""
    calls = PhoneCall.objects.filter(
        incident=row.incident_id,
        report=row.report_id,
        purpose=PhoneCall.Purpose.CALLBACK,
        called_at__gte=row.opened_at,
    )
    return list(calls.select_related("by", "note").order_by("pk"))


@dataclass(frozen=True, slots=True)
class Standing:
    """How long the queue is, and how much of it may be called now; counts stop at 1000."""

    ready: int
    later: int
    mine: int
    # Changes with every row that enters, leaves, is taken up or put back.
    stamp: str


def standing(user: User, at: datetime) -> Standing:
    """The queue's counts; four queries."""
    rows = queue_of(user)
    seen = rows.order_by().aggregate(
        rows=Count("pk"), last=Max("pk"), calls=Count("pk", filter=Q(attempts__gt=0)), held=Max("held_at")
    )
    taken = rows.filter(held_at__isnull=False).count()
    now = queries.bounded_count(ready(rows, at))
    return Standing(
        ready=now,
        later=queries.bounded_count(later(rows, at)),
        mine=Callback.objects.held_by_user(user, at).count(),
        stamp=f"{seen} {taken} {now}",
    )


@dataclass(frozen=True, slots=True)
class Day:
    """What was called on one day, and what people answered; shares are None where nobody answered."""

    calls: int
    people: int
    reached: int
    answered: int
    contacted: float | None
    solved: float | None
    satisfied: float | None


def day_of(at: datetime, *, by: User | None = None) -> Day:
    """The district's day so far, or one person's; two queries."""
    midnight = datetime.combine(district_day(at), time(), DISTRICT_ZONE)
    within = (midnight, midnight + timedelta(days=1))
    calls = PhoneCall.objects.filter(purpose=PhoneCall.Purpose.CALLBACK, called_at__range=within)
    given = Feedback.objects.filter(asked_by__isnull=False, given_at__range=within)
    if by is not None:
        calls, given = calls.filter(by=by), given.filter(asked_by=by)
    called = calls.aggregate(
        calls=Count("pk"),
        people=Count("report", distinct=True),
        # whoever asked to be called later did speak with us
        reached=Count("pk", filter=Q(reached=True) | Q(result=PhoneCall.Result.LATER)),
    )
    said = given.aggregate(
        answered=Count("pk"),
        asked_contacted=Count("contacted"),
        said_contacted=Count("pk", filter=Q(contacted=True)),
        asked_solved=Count("solved"),
        said_solved=Count("pk", filter=Q(solved=True)),
        scored=Count("result"),
        satisfied=Count("pk", filter=Q(result__gte=4)),
    )
    return Day(
        **called,
        answered=said["answered"],
        contacted=_share(said["said_contacted"], said["asked_contacted"]),
        solved=_share(said["said_solved"], said["asked_solved"]),
        satisfied=_share(said["satisfied"], said["scored"]),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
