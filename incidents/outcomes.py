"""Appending countable facts, and taking one back by its exact negative."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from dispatch.edition import work_calendar
from incidents.models import Assignment, FiredStage, Incident, Outcome, Timer
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.models.making import made
from incidents.numbers import district_day

STORED = (
    "incident_id",
    "kind",
    "at",
    "day",
    "unit_code",
    "street_code",
    "community_code",
    "cell_code",
    "category_code",
    "item_code",
    "source",
    "nature",
    "level",
    "first_level",
    "urgency",
    "elapsed",
    "working",
    "automatic",
    "first",
    "on_time",
    "solved",
    "contacted",
    "score",
    "paused",
    "mediated",
    "late_entry",
)


def fact(
    kind: Outcome.Kind, incident: Incident, *, at: datetime, unit_code: str | None = None, **measures: Any
) -> Outcome:
    """An unsaved fact with the case's dimensions as they are now; the day is the district's."""
    return made(
        Outcome,
        incident=incident,
        kind=kind,
        at=at,
        day=district_day(at),
        unit_code=unit_code or incident.owner_unit_id,
        street_code=incident.street_code,
        community_code=incident.community_code,
        cell_code=incident.cell_code,
        category_code=incident.category_id or "",
        item_code=incident.item_code,
        source=incident.source,
        nature=incident.nature,
        level=incident.level,
        first_level=incident.first_level,
        urgency=incident.urgency,
        **measures,
    )


def append(
    kind: Outcome.Kind, incident: Incident, *, at: datetime, unit_code: str | None = None, **measures: Any
) -> None:
    """Append one fact, where it counts."""
    row = fact(kind, incident, at=at, unit_code=unit_code, **measures)
    if incident.self_fixed and _is_credit(row):
        return  # a class of its own: field/spot.py
    if not _is_counted_with_its_root(row):
        row.save(force_insert=True)
        if kind == Outcome.Kind.DUE and progress(incident.status):
            follow_due(incident)


# What looks well in a ranking. A breach, a return or rework counts wherever it happens.
_CREDIT = frozenset(
    {Outcome.Kind.RECEIVED, Outcome.Kind.DISPATCHED, Outcome.Kind.HANDLED, Outcome.Kind.CLOSED}
)


def _is_credit(row: Outcome) -> bool:
    return row.kind in _CREDIT or (row.kind == Outcome.Kind.DUE and bool(row.on_time))


def _is_counted_with_its_root(row: Outcome) -> bool:
    """A root counts once: a part of it is received with it, and earns nothing at a unit that has the root or
    an earlier part already. What is not a part costs no query."""
    root = row.incident.split_from_id
    if root is None or not _is_credit(row):
        return False
    if row.kind == Outcome.Kind.RECEIVED:
        return True
    lead = Assignment.objects.filter(role=Assignment.Role.LEAD, unit=row.unit_code)
    of_root = models.Q(incident=root) | models.Q(incident__split_from=root, incident__lt=row.incident_id)
    gone = (Assignment.End.RETURNED, Assignment.End.REDISPATCHED, Assignment.End.RECALLED)
    return lead.filter(of_root).exclude(end_reason__in=gone).exists()


def durations(start: datetime, end: datetime) -> dict[str, Any]:
    """Whole seconds between two instants: elapsed, and in working time."""
    return {
        "elapsed": max(0, round((end - start).total_seconds())),
        "working": max(0, round(work_calendar().working_seconds(start, end))),
    }


def stands(incident: Incident, kind: Outcome.Kind) -> bool:
    """Is a fact of this kind counted for the case now?"""
    return _standing(incident, [kind]).exists()


def take_back(incident: Incident, *kinds: Outcome.Kind, entirely: bool = False) -> None:
    """Negate the standing facts of these kinds: a row each, with the stored dimensions and day.

    What is taken back stays counted as what once was (a first sending that was returned) unless `entirely`.
    """
    _negate(_standing(incident, kinds), entirely=entirely)
    if Outcome.Kind.DUE in kinds:
        follow_due(incident)


def take_back_met_due(incident: Incident) -> None:
    """Negate "done by its due time" of a case whose resolution did not stand. A breach stays counted, and
    so does that the case was made safe in time: that stood."""
    made_safe = incident.timers.filter(
        kind=Timer.Kind.HANDLING, assignment__end_reason=Assignment.End.MADE_SAFE
    )
    met = _standing(incident, [Outcome.Kind.DUE]).filter(on_time=True)
    _negate(met.exclude(at__in=made_safe.values("due_at")))
    follow_due(incident)


def take_back_breach(incident: Incident, *, unit_code: str, at: datetime) -> None:
    """Negate this unit's breach of then, where it is the one that is counted: an appeal was agreed to.
    Without a unit that of then, whoever's it was."""
    breaches = _standing(incident, [Outcome.Kind.DUE]).filter(on_time=False, at=at)
    _negate(breaches.filter(unit_code=unit_code) if unit_code else breaches)
    follow_due(incident)


# How far a case that fell due has come: it waits for its unit, it has been handled, it has ended.
_HANDLED, _ENDED = 1, 2


def progress(status: str) -> int:
    """0 while the case waits for its unit."""
    if status == Status.RESOLVED:
        return _HANDLED
    return 0 if status in OPEN_STATUSES else _ENDED


def follow_due(incident: Incident) -> None:
    """Let what came of a case that fell due be counted as it stands now, on the day on which it fell due:
    late and handled since, and closed since, in time where neither handling nor its check was late."""
    followers = (Outcome.Kind.SETTLED, Outcome.Kind.FINISHED)
    held: dict[str, Outcome] = {}
    for row in _standing(incident, (Outcome.Kind.DUE, *followers)).order_by("pk"):
        held[row.kind] = row
    due, wanted = held.get(Outcome.Kind.DUE), dict[str, bool | None]()
    if due is not None and progress(incident.status) and not due.on_time:
        wanted[Outcome.Kind.SETTLED] = False
    if due is not None and progress(incident.status) == _ENDED:
        wanted[Outcome.Kind.FINISHED] = bool(due.on_time) and not _was_checked_late(incident)
    for kind in followers:
        stood = held.get(kind)
        stands = (
            stood is not None
            and due is not None
            and (stood.on_time, stood.at, stood.unit_code) == (wanted.get(kind), due.at, due.unit_code)
        )
        if stood is not None and not stands:
            _negate(Outcome.objects.filter(pk=stood.pk))
        if kind in wanted and not stands:
            assert due is not None
            values = {name: getattr(due, name) for name in STORED}
            Outcome.objects.create(**{**values, "kind": kind, "on_time": wanted[kind]})


def _was_checked_late(incident: Incident) -> bool:
    checks = Timer.objects.filter(incident=incident, kind=Timer.Kind.VERIFICATION)
    return FiredStage.objects.filter(timer__in=checks, stage="breach").exists()


def correct(stood: Outcome, *, at: datetime, **measures: Any) -> None:
    """Put another row in the place of a standing one: the same dimensions, another time and measures."""
    _negate(Outcome.objects.filter(pk=stood.pk))
    values = {name: getattr(stood, name) for name in STORED}
    Outcome.objects.create(**{**values, "at": at, "day": district_day(at), **measures})


def stand_again(taken_back: Outcome) -> None:
    """Count a fact of then once more. As what once was, it has stood counted all the time."""
    values = {name: getattr(taken_back, name) for name in STORED}
    Outcome.objects.create(**{**values, "first": False})


def negate(stood: Outcome) -> None:
    """Take this one fact back."""
    _negate(Outcome.objects.filter(pk=stood.pk))


def is_first_sending_counted(incident: Incident) -> bool:
    """Is a sending of the case counted as its first one, whether it stood or not?"""
    once = models.Q(sign=1) | models.Q(entirely=True)
    rows = Outcome.objects.filter(once, incident=incident, kind=Outcome.Kind.DISPATCHED, first=True)
    return bool(rows.aggregate(sum=models.Sum("sign", default=0))["sum"])


def standing(incident: Incident, *kinds: Outcome.Kind) -> models.QuerySet[Outcome]:
    """The facts of these kinds that are counted for the case now."""
    return _standing(incident, kinds)


def _standing(incident: Incident, kinds: Iterable[Outcome.Kind]) -> models.QuerySet[Outcome]:
    return Outcome.objects.filter(incident=incident, kind__in=kinds, sign=1, reversal__isnull=True)


def _negate(rows: models.QuerySet[Outcome], *, entirely: bool = False) -> None:
    Outcome.objects.bulk_create(
        Outcome(sign=-1, reverses=row, entirely=entirely, **{name: getattr(row, name) for name in STORED})
        for row in rows.order_by("pk")
    )
