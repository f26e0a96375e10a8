"""Following: what its reporter may know about a report, by the tracking code."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from accounts.models import OrgUnit
from dispatch.models import ResponsibilityItem
from grids.models import Area
from incidents.actions.closing import OBJECTION_WINDOW
from incidents.contacting import NOT_RESIDENTS
from incidents.models import (
    Assignment,
    Attachment,
    Feedback,
    Incident,
    Pause,
    QuietReport,
    Report,
    SecretaryLetter,
    TimelineEntry,
    Timer,
)
from incidents.models.incident import PauseKind, ResolutionOutcome, Status
from incidents.numbers import district_day
from incidents.public.facts import (
    Mark,
    Phase,
    Photo,
    ToSecretary,
    TrackedCase,
    UnknownCode,
    Waiting,
    Why,
)
from incidents.public.steps import TOLD, steps_of, texts_of
from incidents.public.words import code_of, title_of
from incidents.spreading import is_mobile
from incidents.timeline import Kind

# Of these the newest is the unit's answer; a question is not.
_ANSWERS = frozenset({Kind.RESOLVED, Kind.PARKED, Kind.ANSWERED, Kind.REJECTED})
_PHASES: Mapping[str, Phase] = {
    Status.TRIAGE: Phase.DECIDING,
    Status.DISPATCHED: Phase.SENT,
    Status.HANDLING: Phase.HANDLING,
    Status.RESOLVED: Phase.CHECKING,
    Status.PARKED: Phase.PARKED,
    Status.SUSPENDED: Phase.PAUSED,
    Status.CLOSED: Phase.SETTLED,
    Status.REJECTED: Phase.DECLINED,
}
_CLOCKS: Mapping[Phase, tuple[str, ...]] = {
    Phase.DECIDING: (Timer.Kind.DISPATCH, Timer.Kind.ADJUDICATION),
    Phase.SENT: (Timer.Kind.HANDLING,),
    Phase.HANDLING: (Timer.Kind.HANDLING,),
    Phase.CHECKING: (Timer.Kind.VERIFICATION,),
}


def tracked(tracking_code: str, *, at: datetime) -> TrackedCase:
    """Where a report stands, in plain facts; raises UnknownCode."""
    report = report_of(tracking_code)
    link = report.links.filter(unlinked_at__isnull=True).select_related("incident__category").first()
    if link is None:  # it is in no case: there is nothing to follow
        raise UnknownCode(tracking_code)
    incident = link.incident
    phase = phase_of(incident, report)
    timers = {timer.kind: timer for timer in incident.timers.order_by("pk")}
    running = (timers[kind] for kind in _CLOCKS.get(phase, ()) if kind in timers)
    clock = next((timer for timer in running if timer.stopped_at is None), None)
    lead = (
        incident.assignments.filter(role=Assignment.Role.LEAD)
        .select_related("decision")
        .order_by("pk")
        .last()
    )
    entries = list(incident.timeline.filter(kind__in=TOLD).order_by("pk"))
    units = _unit_names(incident, lead, entries)
    texts = texts_of(entries)
    steps = steps_of(entries, report, units, texts)
    places = _place_names(incident)
    # Of this case: where the report was moved, what was said of another's handling is not said of this one.
    ratings = list(
        Feedback.objects.filter(report=report, incident=incident, handling_run=incident.handling_run)
    )
    objections = [
        entry.at for entry in entries if entry.kind == Kind.OBJECTED and entry.data.get("report") == report.pk
    ]
    object_until = incident.closed_at + OBJECTION_WINDOW if incident.closed_at else None
    handled = timers.get(Timer.Kind.HANDLING)
    done_at = incident.resolved_at if lead is not None else None
    overdue = clock is not None and at > clock.due_at
    waiting = _waiting(incident) if phase == Phase.PAUSED else _unanswered(incident)
    may_speak = report.source not in NOT_RESIDENTS
    is_texted = _texts_about(report) if may_speak and phase != Phase.WITHDRAWN else None
    return TrackedCase(
        code=report.tracking_code,
        phase=phase,
        title=title_of(report.text.body) or (incident.category.name if incident.category else ""),
        category=incident.category.name if incident.category and lead is not None else "",
        place=places,
        unit=units.get(lead.unit_id if lead and phase != Phase.DECIDING else "", ""),
        received_at=report.received_at,
        since=_since(incident, phase, clock, entries),
        due_at=clock.due_at if clock else None,
        clock_from=clock.started_at if clock else None,
        parked_until=incident.parked_until if phase == Phase.PARKED else None,
        overdue=overdue,
        rework=incident.rework_count,
        returns=incident.return_count,
        reports=incident.report_count,
        joined=link.how == "same",
        in_district=incident.in_district,
        outcome=incident.outcome,
        answer=next((step.note for step in steps if step.note and step.kind in _ANSWERS), ""),
        words=report.text.body,
        address=report.address,
        has_contact=report.contact_id is not None,
        photos=_photos(report.attachments.all()),
        before=_photos(incident.attachments.filter(stage=Attachment.Stage.BEFORE)),
        after=_photos(incident.attachments.filter(stage=Attachment.Stage.AFTER)),
        steps=steps,
        why=_why(report, lead, units, places) if phase != Phase.DECIDING else None,
        handled_seconds=(done_at - incident.received_at).total_seconds() if done_at else None,
        spare_seconds=(handled.due_at - done_at).total_seconds() if done_at and handled else None,
        marks=_marks(ratings),
        may_rate=(
            incident.resolved_at is not None and not ratings and phase != Phase.WITHDRAWN and may_speak
        ),
        may_object=(
            phase in (Phase.SETTLED, Phase.ANSWERED)
            and may_speak
            and not objections
            and object_until is not None
            and at <= object_until
        ),
        object_until=object_until,
        objected_at=objections[-1] if objections else None,
        may_withdraw=(
            incident.is_open and incident.status != Status.RESOLVED and report.withdrawn_at is None
        ),
        waiting=waiting,
        may_reply=(
            waiting is not None and waiting.for_reporter and report.withdrawn_at is None and may_speak
        ),
        may_add=_takes_more(incident, report),
        letter=_letter(report),
        texts=is_texted,
        version=f"{incident.pk}.{incident.version}.{entries[-1].pk if entries else 0}."
        f"{int(overdue)}.{is_texted}.{district_day(at):%m%d}",
    )


def _texts_about(report: Report) -> bool | None:
    """Is the reporter texted about this report? None where no text would reach them."""
    contact = report.contact
    if contact is None or not is_mobile(contact.phone):
        return None
    return not QuietReport.objects.filter(report=report).exists()


def _letter(report: Report) -> ToSecretary | None:
    found = (
        SecretaryLetter.objects.filter(report=report).select_related("office", "reply", "signed_by").first()
    )
    if found is None:
        return None
    words = found.reply.body if found.reply is not None and found.reply.erased_at is None else ""
    return ToSecretary(
        office=found.office.name,
        due_at=found.due_at,
        reply=words,
        signer=str(found.signed_by) if found.signed_by else "",
        signed_at=found.signed_at,
    )


def may_add(report: Report) -> bool:
    """Does the case go on, and is the report a resident's that still stands?"""
    incident = _case_of(report)
    return _takes_more(incident, report)


def _takes_more(incident: Incident, report: Report) -> bool:
    return incident.is_open and report.withdrawn_at is None and report.source not in NOT_RESIDENTS


def _case_of(report: Report) -> Incident:
    """The case that the report is in now."""
    return report.links.filter(unlinked_at__isnull=True).select_related("incident").get().incident


def was_asked(report: Report) -> bool:
    """Was something asked in the handling that is still going on, and nobody has answered?"""
    incident = _case_of(report)
    return incident.is_open and _unanswered(incident) is not None


def _unanswered(incident: Incident) -> Waiting | None:
    """What was asked under the sending that is open, where the clock went on without an answer."""
    if incident.status != Status.HANDLING:
        return None
    pause = (
        incident.pauses.filter(kind=PauseKind.RESIDENT, end=Pause.End.DUE, assignment__ended_at=None)
        .select_related("question")
        .last()
    )
    if pause is None or pause.question is None:
        return None
    if incident.timeline.filter(kind=Kind.SUPPLEMENTED, at__gte=pause.ended_at).exists():
        return None  # somebody has answered after all
    question = pause.question.body if pause.question.erased_at is None else ""
    return Waiting(True, pause.began_at, pause.until, question, is_over=True)


def _waiting(incident: Incident) -> Waiting | None:
    pause = incident.pauses.filter(ended_at__isnull=True).select_related("question").first()
    if pause is None:
        return None
    question = pause.question.body if pause.question is not None and pause.question.erased_at is None else ""
    return Waiting(pause.kind == PauseKind.RESIDENT, pause.began_at, pause.until, question)


def report_of(tracking_code: str) -> Report:
    """The report with this code, however it was typed; raises UnknownCode."""
    found = (
        Report.objects.filter(tracking_code=code_of(tracking_code)).select_related("text", "contact").first()
    )
    if found is None:
        raise UnknownCode(tracking_code)
    return found


def number_of(tracking_code: str) -> str:
    """The number of the case that a report became; raises UnknownCode."""
    report = report_of(tracking_code)
    return _case_of(report).number


def phase_of(incident: Incident, report: Report | None = None) -> Phase:
    """A case's phase as its reporter sees it; without a report, as a neighbour would."""
    if report is not None and report.withdrawn_at is not None:
        return Phase.WITHDRAWN
    if incident.outcome == ResolutionOutcome.ANSWERED:
        return Phase.ANSWERED
    if incident.outcome == ResolutionOutcome.WITHDRAWN:
        return Phase.WITHDRAWN
    return _PHASES[incident.status]


def _since(
    incident: Incident, phase: Phase, clock: Timer | None, entries: Sequence[TimelineEntry]
) -> datetime:
    instants = {
        Phase.SENT: incident.dispatched_at,
        Phase.HANDLING: incident.accepted_at,
        Phase.CHECKING: incident.resolved_at,
        Phase.SETTLED: incident.closed_at,
        Phase.ANSWERED: incident.closed_at,
        Phase.DECLINED: incident.closed_at,
        Phase.DECIDING: clock.started_at if clock else None,
    }
    return instants.get(phase) or (entries[-1].at if entries else incident.received_at)


def _unit_names(
    incident: Incident, lead: Assignment | None, entries: Iterable[TimelineEntry]
) -> dict[str, str]:
    codes = {str(entry.data.get("unit") or "") for entry in entries} | {incident.owner_unit_id}
    if lead is not None:
        codes |= {lead.unit_id, lead.supervising_unit}
    # Whose step it was, where the entry names no unit of its own.
    codes |= {entry.actor_unit_id or "" for entry in entries}
    return {unit.code: unit.name for unit in OrgUnit.objects.filter(code__in=codes - {""})}


def _place_names(incident: Incident) -> str:
    codes = [code for code in (incident.street_code, incident.community_code) if code]
    names = Area.objects.names(codes)
    return " · ".join(names[code] for code in codes if code in names)


def _photos(attachments: Iterable[Attachment]) -> tuple[Photo, ...]:
    return tuple(Photo(item.pk, item.uploaded_at, item.width, item.height) for item in attachments)


def _marks(ratings: Sequence[Feedback]) -> tuple[Mark, ...]:
    if not ratings:
        return ()
    given = ratings[0]
    return (Mark("speed", given.speed), Mark("result", given.result), Mark("service", given.service))


def _why(report: Report, lead: Assignment | None, units: Mapping[str, str], place: str) -> Why | None:
    """Only words that the reporter used too: a neighbour's stay with the neighbour."""
    if lead is None:
        return None
    decision = lead.decision
    item = ResponsibilityItem.objects.filter(
        list_id=decision.responsibility_list_id, code=lead.item_code
    ).first()
    said = unicodedata.normalize("NFKC", report.text.body).casefold()
    hits = [word for word in (item.keywords if item else []) if word.casefold() in said]
    return Why(
        by_person=decision.made_by_id is not None,
        words=tuple(sorted(hits, key=len, reverse=True)[:2]),
        place=place,
        matter=item.matter_zh if item else "",
        unit=units.get(lead.unit_id, ""),
        limit=lead.handle_limit,
        supervisor=units.get(lead.supervising_unit, "") if lead.supervising_unit != lead.unit_id else "",
    )
