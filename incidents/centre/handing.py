"""交接班: what one shift leaves to the next, and how the next takes it over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.viewer import viewer_of
from incidents import cases as case_rows
from incidents import policy
from incidents.actor import Actor
from incidents.centre.centres import Centre, works_at
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CaseRequest, Handover, HandoverCase, HandoverReading, Incident, Supervision
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.oversight import EMERGENCIES, OVERDUE, holds

Why = HandoverCase.Why
# On the desk, a case is handed over when it is late or has so little time left.
DESK_SOON = timedelta(hours=1)
# An order whose answer is due within a day.
ORDER_SOON = timedelta(hours=24)
MOST = 40
PICKED_MOST = 20


@dataclass(frozen=True, slots=True)
class Left:
    """A case that should be handed over, and why."""

    incident: Incident
    why: str


def left_open(centre: Centre, at: datetime, *, seen: Q) -> list[Left]:
    """What the next shift has to know of, the gravest reason first; each case once, at most 40. One query.

    `seen` are the cases that whoever writes may open: a station watches more than that.
    """
    asked = CaseRequest.objects.filter(
        incident=OuterRef("pk"), kind=CaseRequest.Kind.RETURN, answered_at__isnull=True
    )
    ordered = Supervision.objects.filter(
        incident=OuterRef("pk"), ended_at__isnull=True, answer_by__lt=at + ORDER_SOON
    )
    reasons = {
        Why.EMERGENCY: holds(EMERGENCIES, at),
        Why.DESK_LATE: Q(status=Status.TRIAGE, due_at__lt=at + DESK_SOON),
        Why.RETURN: Q(is_asked=True),
        Why.ORDER: Q(is_ordered=True),
    }
    wanted = Q(pk__in=[])
    for condition in reasons.values():
        wanted |= condition
    rows = (
        Incident.objects.filter(centre.cases(), seen, status__in=OPEN_STATUSES)
        .annotate(is_asked=Exists(asked), is_ordered=Exists(ordered))
        .filter(wanted)
        .for_list()
        .burning_first()[:MOST]
    )
    found = [Left(case, _why(case, at)) for case in rows]
    order = list(Why.values)
    return sorted(found, key=lambda left: order.index(left.why))


def _why(case: Any, at: datetime) -> str:
    if case.urgency == "emergency" and case.status != Status.RESOLVED:
        return Why.EMERGENCY
    if case.status == Status.TRIAGE and case.due_at is not None and case.due_at < at + DESK_SOON:
        return Why.DESK_LATE
    return Why.RETURN if case.is_asked else Why.ORDER


@dataclass(frozen=True, slots=True)
class Figures:
    """How a centre's part stands at one instant."""

    open: int
    overdue: int
    desk: int
    emergency: int


def figures(centre: Centre, at: datetime) -> Figures:
    """One query over the open cases."""
    found = Incident.objects.filter(centre.cases(), status__in=OPEN_STATUSES).aggregate(
        open=Count("pk"),
        overdue=Count("pk", filter=holds(OVERDUE, at)),
        desk=Count("pk", filter=Q(status=Status.TRIAGE)),
        emergency=Count("pk", filter=holds(EMERGENCIES, at)),
    )
    return Figures(**found)


@transaction.atomic(durable=True)
def hand_over(
    *,
    centre: Centre,
    words: str,
    keep: Iterable[str] | None = None,
    more: Iterable[str] = (),
    actor: Actor,
    at: datetime,
) -> Handover:
    """Leave a note for the next shift, with what is open.

    `keep` names the numbers of `left_open` that go along (all of them, where it is None), `more` further
    cases of this centre's part that the writer may open.
    Raises InvalidInput (words, more), ActionRefused (not_allowed).
    """
    assert actor.user is not None
    _refuse_strangers(actor.user, centre)
    text = case_rows.store_text(words, at=at, field="words")
    kept = None if keep is None else set(keep)
    seen = policy.visible(actor.user)
    left = left_open(centre, at, seen=seen)
    attached = [one for one in left if kept is None or one.incident.number in kept]
    attached += _picked(centre, seen, list(more), known={one.incident.number for one in attached})
    now = figures(centre, at)
    note = Handover.objects.create(
        unit=centre.unit,
        words=text,
        written_at=at,
        written_by=actor.user,
        open_count=now.open,
        overdue_count=now.overdue,
        desk_count=now.desk,
        emergency_count=now.emergency,
    )
    HandoverCase.objects.bulk_create(
        HandoverCase(
            handover=note,
            incident=one.incident,
            why=one.why,
            status=one.incident.status,
            due_at=one.incident.due_at,
        )
        for one in attached
    )
    return note


def _picked(centre: Centre, seen: Q, numbers: list[str], *, known: set[str]) -> list[Left]:
    wanted = [number for number in dict.fromkeys(numbers) if number not in known]
    if len(wanted) > PICKED_MOST:
        raise InvalidInput("more", "too_many", _("At most %(max)d cases by hand.") % {"max": PICKED_MOST})
    cases = Incident.objects.filter(centre.cases(), seen, number__in=wanted)
    found = {case.number: case for case in cases}
    missing = [number for number in wanted if number not in found]
    if missing:
        raise InvalidInput(
            "more", "unknown", _("There is no case %(number)s in this part.") % {"number": missing[0]}
        )
    return [Left(found[number], Why.PICKED) for number in wanted]


@transaction.atomic(durable=True)
def take_over(*, handover: int, centre: Centre, actor: Actor, at: datetime) -> Handover:
    """接班: the next shift has read the note and goes on from there.

    Whoever comes first has taken it over, everybody after that has read it; saying it twice changes
    nothing. Raises ActionRefused: not_found, not_allowed, own_note.
    """
    assert actor.user is not None
    _refuse_strangers(actor.user, centre)
    note = (
        Handover.objects.filter(pk=handover, unit=centre.unit)
        .select_for_update(no_key=True, of=("self",))
        .select_related("taken_by")
        .first()
    )
    if note is None:
        raise ActionRefused("not_found", _("There is no such note."))
    if note.written_by_id == actor.user.pk:
        raise ActionRefused("own_note", _("Somebody else takes over from you."))
    if note.taken_at is None:
        note.taken_at, note.taken_by = at, actor.user
        note.save(update_fields=["taken_at", "taken_by"])
    HandoverReading.objects.bulk_create(
        [HandoverReading(handover=note, user=actor.user, read_at=at)], ignore_conflicts=True
    )
    return note


def notes_of(centre: Centre) -> QuerySet[Handover]:
    """A centre's notes, newest first, with what a list of them shows."""
    return (
        Handover.objects.filter(unit=centre.unit)
        .select_related("words", "written_by", "taken_by")
        .prefetch_related("readings__user")
        .order_by("-pk")
    )


def waiting_for(user: User, unit_codes: Iterable[str]) -> QuerySet[Handover]:
    """Notes of these centres that nobody has taken over yet, and that this person has not written."""
    return Handover.objects.filter(unit__in=list(unit_codes), taken_at__isnull=True).exclude(written_by=user)


def _refuse_strangers(user: User, centre: Centre) -> None:
    if not works_at(viewer_of(user), centre):
        raise ActionRefused("not_allowed", _("Only people of this centre hand over its shifts."))
