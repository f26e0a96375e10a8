"""Queue shares: who of a centre's people on shift takes which case next.

No case is given to anybody: whose it would be is reckoned from the case's number and the people who are there
now. Somebody who leaves takes nothing with them, and only their cases go to others; the rest stay where they
were. What burns belongs to everybody, and so does what has waited; and whoever has nothing left of their own
takes the next one there is.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.duty import DutyShift
from accounts.models import User
from accounts.viewer import viewer_of
from dispatch.vocabulary import Urgency
from incidents.actor import Actor
from incidents.centre.centres import Centre, desk_members, desks_of, people_of, supervises, works_at
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, QueueShare
from incidents.models.centre import WEIGHT_MAX

# A case of somebody's share that they have not taken by then is everybody's.
SHARE_LASTS = timedelta(minutes=10)
# With so little time left nobody asks whose it is.
NO_TIME = timedelta(minutes=15)
# Looked at for the next case; more than a screen of them are never all one other person's.
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody who is there, and how much they are to take."""

    user_id: int
    weight: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is to be known of a case to say whose it is."""

    pk: int
    is_emergency: bool
    due_at: datetime | None
    since: datetime


def owner_of(case: int, shares: Iterable[Share]) -> int | None:
    """Whose share a case falls into: by weight over all cases, and the same for one case while those who are
    there stay the same. Nothing where nobody is there.

    Rendezvous hashing: each person throws for the case with a die that the case and the person make, and
    when one leaves, the throws of the others do not change.
    """
    best: tuple[float, int] | None = None
    for share in shares:
        if share.weight < 1:
            continue
        thrown = hashlib.blake2b(f"{case}/{share.user_id}".encode(), digest_size=8).digest()
        even = (int.from_bytes(thrown) + 1) / (2**64 + 1)  # strictly between 0 and 1
        found = (-share.weight / math.log(even), -share.user_id)
        if best is None or found > best:
            best = found
    return -best[1] if best else None


def is_everybodys(case: Waiting, at: datetime) -> bool:
    """Does it burn, or has it waited for its owner long enough?"""
    if case.is_emergency or at - case.since >= SHARE_LASTS:
        return True
    return case.due_at is not None and case.due_at <= at + NO_TIME


def choose(cases: Sequence[Waiting], user_id: int, shares: Sequence[Share], at: datetime) -> int | None:
    """Which of these, worst first, this person takes next: the first that is theirs or everybody's, or else
    the first there is."""
    for case in cases:
        if is_everybodys(case, at) or owner_of(case.pk, shares) in (user_id, None):
            return case.pk
    return cases[0].pk if cases else None


def shares_of(unit_code: str, at: datetime) -> list[Share]:
    """Who shares a centre's queue now: on shift by the roster, not away, with a weight; and still at this
    desk, whatever the roster says. One query.

    Empty where no share was ever set: then the queue is everybody's.
    """
    on_shift = DutyShift.objects.filter(unit=unit_code).standing().at(at)
    rows = QueueShare.objects.filter(
        unit=unit_code, away_since__isnull=True, weight__gt=0, user__in=on_shift.values("user")
    ).filter(user__in=desk_members(unit_code).values("user"))
    return [Share(user_id, weight) for user_id, weight in rows.values_list("user", "weight")]


def next_for(user: User, cases: QuerySet[Incident], *, at: datetime) -> Incident | None:
    """The case that the desk opens next for this person, among `cases` as they are ordered.

    One query where nobody shares the queue, three where they do.
    """
    desk = next(iter(desks_of(viewer_of(user))), "")
    shares = shares_of(desk, at) if desk else []
    if len(shares) < 2 or user.pk not in {share.user_id for share in shares}:
        return cases.first()
    rows = cases.values_list("pk", "urgency", "due_at", "clock_started_at", "received_at")[:LOOKED_AT]
    waiting = [
        Waiting(pk, urgency == Urgency.EMERGENCY, due_at, started_at or received_at)
        for pk, urgency, due_at, started_at, received_at in rows
    ]
    chosen = choose(waiting, user.pk, shares, at)
    # what was taken in this moment is nobody's next case any more
    return (cases.filter(pk=chosen).first() if chosen is not None else None) or cases.first()


@dataclass(slots=True)
class Seat:
    """One person of a centre's desk on the page of shares."""

    user: User
    weight: int | None
    shift: DutyShift | None
    away_since: datetime | None
    holds: int = 0  # cases in hand now
    share: float | None = None
    waiting: int = 0  # of what waits now, what would be theirs

    @property
    def is_there(self) -> bool:
        return self.shift is not None and self.away_since is None and bool(self.weight)


def seats_of(
    centre: Centre, waiting: QuerySet[Incident], *, claim_since: datetime, at: datetime
) -> list[Seat]:
    """Everybody of a centre's desk: those who are there first. Five queries however many there are."""
    people = people_of(centre)
    rows = {row.user_id: row for row in QueueShare.objects.filter(unit=centre.unit)}
    shifts: dict[int, DutyShift] = {}
    running = DutyShift.objects.filter(unit=centre.unit).standing().at(at)
    for shift in running.order_by("ends_at"):
        shifts[shift.user_id] = shift
    held: dict[int, int] = {}
    cases: list[int] = []
    for pk, claimed_by, claimed_at in waiting.values_list("pk", "claimed_by", "claimed_at")[:LOOKED_AT]:
        if claimed_by is not None and claimed_at is not None and claimed_at > claim_since:
            held[claimed_by] = held.get(claimed_by, 0) + 1
        else:
            cases.append(pk)
    seats = [
        Seat(
            user,
            weight=rows[user.pk].weight if user.pk in rows else None,
            shift=shifts.get(user.pk),
            away_since=rows[user.pk].away_since if user.pk in rows else None,
            holds=held.get(user.pk, 0),
        )
        for user in people
    ]
    there = [Share(seat.user.pk, seat.weight or 0) for seat in seats if seat.is_there]
    whole = sum(share.weight for share in there)
    owned: dict[int | None, int] = {}
    for case in cases:
        owner = owner_of(case, there)
        owned[owner] = owned.get(owner, 0) + 1
    for seat in seats:
        if seat.is_there and whole:
            seat.share = (seat.weight or 0) / whole
            seat.waiting = owned.get(seat.user.pk, 0)
    return sorted(seats, key=lambda seat: (not seat.is_there, seat.shift is None))


@transaction.atomic(durable=True)
def set_weights(*, centre: Centre, weights: dict[int, int | None], actor: Actor, at: datetime) -> int:
    """Say how much each person is to take; nothing takes them out of the sharing. Answers how many changed.

    Raises ActionRefused (not_allowed), InvalidInput for a weight out of range or somebody of another desk.
    """
    assert actor.user is not None
    if not supervises(viewer_of(actor.user), centre):
        raise ActionRefused("not_allowed", _("The supervisors of this centre set its shares."))
    people = {user.pk for user in people_of(centre)}
    for user_id, weight in weights.items():
        if user_id not in people:
            raise InvalidInput("weights", "unknown", _("Somebody here does not work at this desk."))
        if weight is not None and not 0 <= weight <= WEIGHT_MAX:
            raise InvalidInput(
                f"weight_{user_id}", "range", _("A weight is from 0 to %(max)d.") % {"max": WEIGHT_MAX}
            )
    known = {
        row.user_id: row
        for row in QueueShare.objects.filter(unit=centre.unit).select_for_update(no_key=True).order_by("pk")
    }
    changed = 0
    for user_id, weight in sorted(weights.items()):
        row = known.get(user_id)
        if weight is None:
            if row is not None:
                row.delete()
                changed += 1
        elif row is None:
            QueueShare.objects.create(
                unit=centre.unit, user_id=user_id, weight=weight, set_by=actor.user, set_at=at
            )
            changed += 1
        elif row.weight != weight:
            row.weight, row.set_by, row.set_at = weight, actor.user, at
            row.save()
            changed += 1
    return changed


@transaction.atomic(durable=True)
def step_out(*, centre: Centre, user_id: int, away: bool, actor: Actor, at: datetime) -> QueueShare:
    """Somebody leaves the desk for a while, or comes back; a supervisor may say it for them.

    Raises ActionRefused: not_allowed, or no_share where they have none.
    """
    assert actor.user is not None
    viewer = viewer_of(actor.user)
    is_own = user_id == actor.user.pk and works_at(viewer, centre)
    if not is_own and not supervises(viewer, centre):
        raise ActionRefused("not_allowed", _("Only you yourself or a supervisor can say that you are away."))
    share = QueueShare.objects.filter(unit=centre.unit, user=user_id).select_for_update(no_key=True).first()
    if share is None:
        raise ActionRefused("no_share", _("There is no share of this queue to leave."))
    if away != (share.away_since is not None):
        share.away_since = at if away else None
        share.save(update_fields=["away_since"])
    return share
