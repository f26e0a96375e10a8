"""The queue of callbacks, kept beside the callback clock of each case. The caller holds the case's lock."""

from datetime import datetime

from django.conf import settings

from incidents import clock_rules, contacting, timers
from incidents.calling import counted, rules
from incidents.models import Callback, Feedback, Incident, PhoneCall, Timer


def start(incident: Incident, *, at: datetime) -> None:
    """A case has just been closed: the centre has to call back, where somebody can be called."""
    everybody = contacting.to_ask(incident)
    asked = contacting.to_call_back(incident, among=everybody)
    counted.ask(incident, everybody=len(everybody), answered=len(everybody) - len(asked), at=at)
    if not asked:
        return
    timers.start(
        incident,
        Timer.Kind.CALLBACK,
        clock_rules.limit_for(Timer.Kind.CALLBACK, incident.urgency),
        at=at,
        unit_code=settings.TRIAGE_UNIT,
    )
    Callback.objects.bulk_create(
        Callback(
            report=report,
            incident=incident,
            handling_run=incident.handling_run,
            opened_at=at,
            rank=rules.rank_of(incident).number,
            next_at=rules.first_at(at),
        )
        for report in asked
    )


def tried(incident: Incident, call: PhoneCall) -> None:
    """One more attempt was made: when the next one may be, should there have to be one."""
    row = Callback.objects.open().filter(incident=incident, report=call.report_id).first()
    if row is None:
        return
    calls = _calls(incident, row)
    row.attempts, row.next_at = len(rules.counted(calls)), rules.next_at(calls)
    row.held_by = row.held_at = None
    row.save(update_fields=["attempts", "next_at", "held_by", "held_at"])


def settle(incident: Incident, *, at: datetime) -> None:
    """End what has been answered or tried often enough; once nobody is left, stop the clock."""
    left = {report.pk for report in contacting.to_call_back(incident)}
    for row in Callback.objects.open().filter(incident=incident).exclude(report__in=left).order_by("pk"):
        _end(row, _how_it_ended(incident, row), at=at)
    if not left:
        timers.stop(incident, [Timer.Kind.CALLBACK], at=at, reason="met")


def lapse(incident: Incident, *, at: datetime) -> None:
    """The closing did not stand: nobody is asked about it any more."""
    for row in Callback.objects.open().filter(incident=incident).order_by("pk"):
        _end(row, Callback.End.LAPSED, at=at)


def _calls(incident: Incident, row: Callback) -> list[PhoneCall]:
    calls = contacting.calls_since(incident, PhoneCall.Purpose.CALLBACK, row.opened_at)
    return [call for call in calls if call.report_id == row.report_id]


def _how_it_ended(incident: Incident, row: Callback) -> Callback.End:
    given = Feedback.objects.filter(
        incident=incident, report=row.report_id, handling_run=row.handling_run
    ).first()
    if given is not None:
        return Callback.End.ANSWERED if given.asked_by_id else Callback.End.RATED
    calls = _calls(incident, row)
    if not calls or not rules.is_done(calls):
        return Callback.End.LAPSED  # withdrawn, or their number was erased
    if calls[-1].reached:
        return Callback.End.DECLINED
    return Callback.End.WRONG if calls[-1].result == PhoneCall.Result.WRONG else Callback.End.TRIED


def _end(row: Callback, end: Callback.End, *, at: datetime) -> None:
    if end == Callback.End.LAPSED:
        counted.forget(row)
    row.ended_at, row.end = at, end
    row.held_by = row.held_at = None
    row.save(update_fields=["ended_at", "end", "held_by", "held_at"])
