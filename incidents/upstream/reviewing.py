"""待上级审核: what we have done is closed only once the source has accepted it.

Which sources want that is said of their tokens (ApiClient.accepts_closing). A case that is finished here
stays resolved and waits; accepted, it closes; sent back with a reason, it is rework. Where the case answers
orders of several such reports, all have to accept. An order that was split is sent up whole: its source
can answer once every part is done.

The caller holds the lock of the case.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from incidents import cases, finishing, outbox, reopening, timeline, timers
from incidents.actor import Actor
from incidents.clock_rules import limit_for
from incidents.errors import ActionRefused
from incidents.models import Assignment, Incident, Report, Text, Timer, UpstreamReview

Pair = tuple[Report, Incident]


def owed(incident: Incident) -> list[Report]:
    """The reports of this case whose source has to accept its result, and has not withdrawn them."""
    found = Report.objects.filter(
        links__incident=incident,
        links__unlinked_at__isnull=True,
        client__accepts_closing=True,
        withdrawn_at__isnull=True,
    )
    return list(found.order_by("pk"))


def waiting_for(incident: Incident) -> list[UpstreamReview]:
    """What of this case is before its sources now, locked."""
    found = UpstreamReview.objects.select_for_update(of=("self",)).filter(
        incident=incident,
        answered_at__isnull=True,
        report__links__incident=incident,
        report__links__unlinked_at__isnull=True,
    )
    return list(found.select_related("report").order_by("pk"))


def refuse_while_waiting(incident: Incident) -> None:
    """What is before the source is decided there (ActionRefused)."""
    if incident.upstream_since is not None and waiting_for(incident):
        raise ActionRefused(
            "upstream_decides", _("The result is before the source: it accepts, or sends back.")
        )


def close_or_submit(incident: Incident, *, actor: Actor, at: datetime, text_id: int | None = None) -> None:
    """Close a resolved case, or send its result up where its sources have to accept it; saves it."""
    if not submit(incident, actor=actor, at=at, text_id=text_id):
        finishing.close(incident, actor=actor, at=at, text_id=text_id)


def submit(incident: Incident, *, actor: Actor, at: datetime, text_id: int | None = None) -> bool:
    """Send the result up to each source that has not accepted this one; False where there is none.

    What is told is what the unit wrote on resolving, or what the desk answered (`text_id`).
    """
    heard = UpstreamReview.objects.filter(
        incident=incident, handling_run=incident.handling_run, answer=UpstreamReview.Answer.ACCEPTED
    ).values_list("report_id", flat=True)
    reports = [report for report in owed(incident) if report.pk not in set(heard)]
    if not reports:
        return False
    known = {review.report_id for review in waiting_for(incident)}
    UpstreamReview.objects.bulk_create(
        UpstreamReview(incident=incident, report=report, handling_run=incident.handling_run, submitted_at=at)
        for report in reports
        if report.pk not in known
    )
    if incident.upstream_since is None:
        incident.upstream_since = at
        timers.stop_all(incident, at=at, reason="submitted")
        timers.start(
            incident,
            Timer.Kind.UPSTREAM,
            limit_for(Timer.Kind.UPSTREAM, incident.urgency),
            at=at,
            unit_code=settings.TRIAGE_UNIT,
        )
        timers.rule(incident)
    cases.save(incident)
    replied = incident.assignments.filter(role=Assignment.Role.LEAD, resolved_at=incident.resolved_at).last()
    timeline.record(
        timeline.Kind.UPSTREAM_SUBMITTED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        reports=[report.pk for report in reports],
        outcome=incident.outcome,
        text=replied.resolution_id if replied else text_id,
    )
    return True


def accept(family: Sequence[Pair], *, actor: Actor, at: datetime) -> None:
    """The source accepts: what was sent up closes, where no other source has still to be heard."""
    open_ones = _open(family)
    undone = [case.number for _report, case in family if case.is_open and case.upstream_since is None]
    if undone:
        raise ActionRefused(
            "incomplete",
            _("Not every part of it is done: %(numbers)s.") % {"numbers": ", ".join(dict.fromkeys(undone))},
        )
    for review, incident in open_ones:
        _answer(review, UpstreamReview.Answer.ACCEPTED, actor=actor, at=at)
        timeline.record(
            timeline.Kind.UPSTREAM_ACCEPTED,
            incident_id=incident.pk,
            at=at,
            actor=actor,
            report=review.report_id,
        )
    for incident in _cases(open_ones):
        if not waiting_for(incident):
            close_or_submit(incident, actor=actor, at=at)
        else:
            cases.save(incident)


def send_back(family: Sequence[Pair], *, reason: Text | None, actor: Actor, at: datetime) -> None:
    """The source is not content: what was sent up is rework, or before the desk that had answered it."""
    open_ones = _open(family)
    for review, incident in open_ones:
        _answer(review, UpstreamReview.Answer.SENT_BACK, actor=actor, at=at, reason=reason)
        timeline.record(
            timeline.Kind.UPSTREAM_SENT_BACK,
            incident_id=incident.pk,
            at=at,
            actor=actor,
            report=review.report_id,
            text=reason.pk if reason else None,
        )
    for incident in _cases(open_ones):
        lapse(incident, at=at)  # the result that others were asked about does not stand
        timers.stop(incident, [Timer.Kind.UPSTREAM], at=at, reason="sent_back")
        incident.upstream_since = None
        reopening.open_again(incident, to_desk=incident.dispatched_at is None, at=at)
        cases.save(incident)
        outbox.tell(
            "report.sent_back",
            incident_id=incident.pk,
            receiver=f"unit:{incident.owner_unit_id}",
            key=f"report.sent_back:{incident.pk}:{incident.version}",
            at=at,
        )
        cases.tell_reporters(incident, "report.reopened", at=at)


def withdrawn(incident: Incident, *, actor: Actor, at: datetime) -> None:
    """A source has taken its report back while it had the result before it: nobody waits for its word."""
    if incident.upstream_since is None:
        return
    for review in waiting_for(incident):
        if review.report.withdrawn_at is not None:
            _answer(review, UpstreamReview.Answer.LAPSED, actor=actor, at=at)
    if not waiting_for(incident):
        finishing.close(incident, actor=actor, at=at)


def taken_out(incident: Incident, reports: Collection[int], *, actor: Actor, at: datetime) -> None:
    """These reports are no longer of this case: nobody is asked any more whether its result does for them.
    Where it waited for their source alone, it is over, or goes up to those that have not been asked."""
    UpstreamReview.objects.filter(incident=incident, report__in=reports, answered_at__isnull=True).update(
        answered_at=at, answer=UpstreamReview.Answer.LAPSED
    )
    if incident.upstream_since is None or waiting_for(incident):
        return
    timers.stop(incident, [Timer.Kind.UPSTREAM], at=at, reason="taken_out")
    incident.upstream_since = None
    close_or_submit(incident, actor=actor, at=at)


def lapse(incident: Incident, *, at: datetime) -> None:
    """The result does not stand any more, whoever was asked about it."""
    UpstreamReview.objects.filter(incident=incident, answered_at__isnull=True).update(
        answered_at=at, answer=UpstreamReview.Answer.LAPSED
    )


def is_waiting(family: Sequence[Pair]) -> bool:
    """Is a result of one of these before its source?"""
    own = {report.pk for report, _case in family}
    cases_of = dict.fromkeys(case for _report, case in family)
    return any(review.report_id in own for case in cases_of for review in waiting_for(case))


def _open(family: Sequence[Pair]) -> list[tuple[UpstreamReview, Incident]]:
    found = [
        (review, incident)
        for incident in dict.fromkeys(case for _report, case in family)
        for review in waiting_for(incident)
        if review.report_id in {report.pk for report, _case in family}
    ]
    if not found:
        raise ActionRefused("nothing_submitted", _("No result of it waits for acceptance."))
    return found


def _cases(found: Sequence[tuple[UpstreamReview, Incident]]) -> list[Incident]:
    return list(dict.fromkeys(incident for _review, incident in found))


def _answer(
    review: UpstreamReview,
    answer: UpstreamReview.Answer,
    *,
    actor: Actor,
    at: datetime,
    reason: Text | None = None,
) -> None:
    review.answered_at, review.answered_by = at, actor.user
    review.answer, review.reason = answer, reason
    review.save()
