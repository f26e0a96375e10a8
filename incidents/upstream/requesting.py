"""退回市级申请, 延期申请: what we ask of the source about a report of its, and what it answers.

The caller holds the lock of the case. Nothing changes by asking: an agreed return takes the report back, an
agreed extension is a new deadline like any other that the source sets.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from incidents import cases, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, Report, Text, UpstreamRequest
from incidents.upstream.family import root_of
from incidents.upstream.reviewing import owed

Kind = UpstreamRequest.Kind


def askable(incident: Incident) -> list[Report]:
    """The orders that may be asked about: of sources that are to accept the result, as they know them."""
    return list(dict.fromkeys(root_of(report) for report in owed(incident)))


def open_requests(incident: Incident) -> list[UpstreamRequest]:
    """What waits for the source's answer, oldest first."""
    found = UpstreamRequest.objects.filter(incident=incident, answered_at__isnull=True)
    return list(found.select_related("report", "reason", "asked_by").order_by("pk"))


def ask(
    incident: Incident,
    kind: str,
    *,
    reason: str,
    until: datetime | None,
    report_id: int | None,
    actor: Actor,
    at: datetime,
) -> UpstreamRequest:
    """Write a request on an open case; raises ActionRefused where nobody is there to be asked."""
    report = _about(incident, report_id)
    if kind == Kind.EXTENSION:
        _check_until(report, until, at=at)
    elif until is not None:
        raise InvalidInput("until", "not_here", _("Only more time has a date."))
    if UpstreamRequest.objects.filter(report=report, kind=kind, answered_at__isnull=True).exists():
        raise ActionRefused("already_asked", _("This has been asked for already and waits for its answer."))
    kept = cases.store_text(reason, at=at, field="reason")
    request = UpstreamRequest.objects.create(
        incident=incident,
        report=report,
        kind=kind,
        reason=kept,
        until=until,
        asked_at=at,
        asked_by=actor.user,
    )
    cases.save(incident)
    timeline.record(
        timeline.Kind.UPSTREAM_ASKED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        report=report.pk,
        request=kind,
        asked=request.pk,
        until=until.isoformat() if until else None,
        text=kept.pk,
    )
    return request


def answered(
    incident: Incident,
    report: Report,
    kind: str,
    *,
    agreed: bool,
    until: datetime | None = None,
    text: Text | None = None,
    actor: Actor,
    at: datetime,
) -> UpstreamRequest:
    """Write the source's answer down; what follows from it is the caller's."""
    request = (
        UpstreamRequest.objects.select_for_update(of=("self",))
        .filter(report=report, kind=kind, answered_at__isnull=True)
        .first()
    )
    if request is None:
        raise ActionRefused("nothing_asked", _("Nothing of this kind was asked about it."))
    request.answered_at, request.answered_by, request.answer_reason = at, actor.user, text
    request.answer = UpstreamRequest.Answer.AGREED if agreed else UpstreamRequest.Answer.REFUSED
    request.save()
    given = until or request.until
    timeline.record(
        timeline.Kind.UPSTREAM_AGREED if agreed else timeline.Kind.UPSTREAM_REFUSED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        report=report.pk,
        request=kind,
        asked=request.pk,
        until=given.isoformat() if given and agreed else None,
        text=text.pk if text else None,
    )
    return request


def lapse(report: Report, *, at: datetime) -> None:
    """The report is taken back: what was asked about it needs no answer."""
    UpstreamRequest.objects.filter(report=report, answered_at__isnull=True).update(
        answered_at=at, answer=UpstreamRequest.Answer.LAPSED
    )


def _about(incident: Incident, report_id: int | None) -> Report:
    known = askable(incident)
    if not incident.is_open or not known:
        raise ActionRefused("no_source", _("No source of this case is there to be asked."))
    if report_id is None and len(known) > 1:
        raise InvalidInput("report", "required", _("Say which of its reports it is about."))
    found = next((one for one in known if report_id is None or one.pk == report_id), None)
    if found is None:
        raise InvalidInput("report", "unknown", _("This report is not part of the case."))
    return found


def _check_until(report: Report, until: datetime | None, *, at: datetime) -> None:
    if until is None:
        raise InvalidInput("until", "required", _("Say until when."))
    if until <= at:
        raise InvalidInput("until", "past", _("This time has passed. Give a later one."))
    if report.outside_due_at is not None and until <= report.outside_due_at:
        raise InvalidInput("until", "not_later", _("This is not later than the deadline that stands."))
