"""What a resolution counts as, and how a late word corrects what was counted."""

from datetime import datetime
from typing import Any

from incidents import outcomes
from incidents.models import Assignment, Incident, Outcome, Timer
from incidents.models.incident import ResolutionOutcome, Status


def count_as_handled(
    incident: Incident,
    lead: Assignment,
    outcome: str,
    *,
    at: datetime,
    mediated: bool | None = None,
    late_entry: bool = False,
) -> None:
    """Append the facts of a resolution at `at`: handled, and due where it was in time."""
    clock = incident.timers.filter(kind=Timer.Kind.HANDLING).latest("pk")
    late = at > clock.due_at
    # Settled while it was parked: outside the on-time rates.
    is_judged = incident.status != Status.PARKED
    rightly = _rightly_sent(lead)
    outcomes.append(
        Outcome.Kind.HANDLED,
        incident,
        at=at,
        unit_code=lead.unit_id,
        automatic=rightly.automatic,
        first=rightly.sent_at == incident.first_dispatched_at,
        on_time=not late if is_judged else None,
        solved=outcome == ResolutionOutcome.SOLVED,
        mediated=mediated,
        late_entry=late_entry,
        paused=_paused(incident, since=_sent_at(incident, lead)),
        **outcomes.durations(_sent_at(incident, lead), at),
    )
    if is_judged and not late:
        count_as_due_in_time(incident, clock, lead)


def recount_handled(incident: Incident, lead: Assignment, *, at: datetime) -> None:
    """The resolution that stands was really at `at`: take back what was counted, and count it anew."""
    stood = outcomes.standing(incident, Outcome.Kind.HANDLED).order_by("pk").last()
    if stood is None:
        return
    clock = incident.timers.filter(kind=Timer.Kind.HANDLING, started_at__lte=at).latest("pk")
    in_time = at <= clock.due_at
    outcomes.correct(
        stood,
        at=at,
        on_time=in_time if stood.on_time is not None else None,
        **outcomes.durations(_sent_at(incident, lead), at),
    )
    if stood.on_time is not None and in_time:
        count_as_due_in_time(incident, clock, lead)


def recount_accepted(incident: Incident, lead: Assignment) -> None:
    """Silence was noted before the true word was known: the unit had accepted in time after all."""
    of_unit = outcomes.standing(incident, Outcome.Kind.ACCEPTED).filter(unit_code__in=_units_of(lead))
    stood = of_unit.filter(at__gte=lead.sent_at).order_by("pk").last() or of_unit.order_by("pk").last()
    if stood is not None and lead.accepted_at is not None:
        outcomes.correct(
            stood, at=lead.accepted_at, on_time=True, **outcomes.durations(lead.sent_at, lead.accepted_at)
        )


def recount_contacted(incident: Incident, *, at: datetime) -> None:
    """A call that was typed in late had been made by the time the clock ran out."""
    missed = outcomes.standing(incident, Outcome.Kind.CONTACTED).filter(on_time=False, at__gte=at)
    stood = missed.order_by("pk").last()
    if stood is not None:
        outcomes.correct(stood, at=at, on_time=True)


def recount_receipt(incident: Incident) -> None:
    """The case was really received when it now says: count receipt, dispatch and closing from there."""
    for stood in outcomes.standing(
        incident, Outcome.Kind.RECEIVED, Outcome.Kind.DISPATCHED, Outcome.Kind.CLOSED
    ).order_by("pk"):
        if stood.kind == Outcome.Kind.RECEIVED:
            outcomes.correct(stood, at=incident.received_at)
        else:
            outcomes.correct(stood, at=stood.at, **outcomes.durations(incident.received_at, stood.at))


def _paused(incident: Incident, *, since: datetime) -> int:
    """Seconds in which the handling clock stood still."""
    seconds = 0.0
    for pause in incident.pauses.filter(began_at__gte=since, ended_at__isnull=False):
        assert pause.ended_at is not None
        seconds += (pause.ended_at - pause.began_at).total_seconds()
    return round(seconds)


def _sent_at(incident: Incident, lead: Assignment) -> datetime:
    """The sending that stands. A case that was raised or made safe since is handled from then on still:
    its way up is part of how long it took."""
    return incident.dispatched_at or lead.sent_at


def _rightly_sent(lead: Assignment) -> Assignment:
    """The sending that was right or wrong: the item itself names who repairs after whom, so a repair was
    rightly sent where the making safe was, and a successor goes on with what its unit was sent. A case that
    was raised is another unit's after all."""
    same = (Assignment.End.MADE_SAFE, Assignment.End.SUCCEEDED)
    while True:
        if lead.follows is not None and lead.follows.end_reason in same:
            lead = lead.follows
        elif lead.follows is None and (closed := _of_closed_unit(lead)) is not None:
            lead = closed
        else:
            return lead


def _of_closed_unit(lead: Assignment) -> Assignment | None:
    """The sending before this one, where its unit was closed and nobody goes on for it: the desk sent the
    case anew, and nobody had been wrong."""
    earlier = lead.incident.assignments.filter(role=Assignment.Role.LEAD, pk__lt=lead.pk)
    before = earlier.exclude(end_reason=Assignment.End.RECALLED).order_by("pk").last()
    return before if before is not None and before.end_reason == Assignment.End.SUCCEEDED else None


def count_as_sent(incident: Incident, lead: Assignment, *, at: datetime) -> None:
    """Append the fact of a sending: its duration counts from receipt, wrong units included. Where the unit of
    the one before was closed, what was counted for that one stands again instead, of then."""
    stood = None
    if _of_closed_unit(lead) is not None:
        taken_back = incident.outcomes.filter(kind=Outcome.Kind.DISPATCHED, sign=1, reversal__isnull=False)
        stood = taken_back.order_by("pk").last()
    if stood is not None:
        outcomes.stand_again(stood)
    else:
        outcomes.append(Outcome.Kind.DISPATCHED, incident, at=at, **sent_measures(incident, at=at))


def sent_measures(incident: Incident, *, at: datetime) -> dict[str, Any]:
    """What is measured of a sending at `at`."""
    return {
        "automatic": incident.auto_dispatched,
        "first": incident.first_dispatched_at == at,
        **outcomes.durations(incident.received_at, at),
    }


def _units_of(lead: Assignment) -> list[str]:
    """The unit of a sending, and those that it was before they were merged."""
    units = [lead.unit_id]
    while lead.follows is not None and lead.follows.end_reason == Assignment.End.SUCCEEDED:
        lead = lead.follows
        units.append(lead.unit_id)
    return units


def count_as_due_in_time(incident: Incident, clock: Timer, lead: Assignment) -> None:
    """A case is due once. A breach that was noted before the true time was known is taken back."""
    noted = outcomes.standing(incident, Outcome.Kind.DUE).first()
    if noted is not None and noted.on_time is False and noted.at == clock.due_at:
        outcomes.take_back(incident, Outcome.Kind.DUE)
        noted = None
    if noted is None:
        outcomes.append(Outcome.Kind.DUE, incident, at=clock.due_at, unit_code=lead.unit_id, on_time=True)
