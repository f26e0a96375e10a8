"""Requests beside the state: a unit asks, the centre answers, and no clock stops in between."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from dispatch.vocabulary import Level
from incidents import cases, outbox, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Assignment, CaseRequest, Incident, Text

Kind = CaseRequest.Kind
_ASKED = {
    Kind.RETURN: timeline.Kind.RETURN_ASKED,
    Kind.EXTENSION: timeline.Kind.EXTENSION_ASKED,
    Kind.SUSPENSION: timeline.Kind.SUSPENSION_ASKED,
    Kind.APPEAL: timeline.Kind.APPEAL_ASKED,
    Kind.RAISE: timeline.Kind.RAISE_ASKED,
}
_ANSWERED = {
    (Kind.RETURN, True): timeline.Kind.RETURN_AGREED,
    (Kind.RETURN, False): timeline.Kind.RETURN_REFUSED,
    (Kind.EXTENSION, True): timeline.Kind.EXTENSION_AGREED,
    (Kind.EXTENSION, False): timeline.Kind.EXTENSION_REFUSED,
    (Kind.SUSPENSION, True): timeline.Kind.SUSPENSION_AGREED,
    (Kind.SUSPENSION, False): timeline.Kind.SUSPENSION_REFUSED,
    (Kind.APPEAL, True): timeline.Kind.APPEAL_AGREED,
    (Kind.APPEAL, False): timeline.Kind.APPEAL_REFUSED,
    (Kind.RAISE, True): timeline.Kind.RAISE_AGREED,
    (Kind.RAISE, False): timeline.Kind.RAISE_REFUSED,
}


def ask(
    incident: Incident,
    assignment: Assignment,
    kind: Kind,
    *,
    reason: Text,
    actor: Actor,
    at: datetime,
    told: dict[str, Any] | None = None,
    **fields: Any,
) -> CaseRequest:
    """Write a request on a locked case and tell who answers it; saves the case.

    `told` goes on the timeline beside it. Raises ActionRefused where one of this kind waits already.
    """
    if assignment.requests.filter(kind=kind, answered_at__isnull=True).exists():
        raise ActionRefused("already_asked", _("This has been asked for already and waits for its answer."))
    request = CaseRequest.objects.create(
        incident=incident,
        assignment=assignment,
        kind=kind,
        reason=reason,
        asked_at=at,
        asked_by=actor.user,
        **fields,
    )
    cases.save(incident)
    timeline.record(
        _ASKED[kind],
        incident_id=incident.pk,
        at=at,
        actor=actor,
        request=request.pk,
        unit=assignment.unit_id,
        text=reason.pk,
        **(told or {}),
    )
    outbox.tell(
        "return.asked" if kind == Kind.RETURN else "request.asked",
        incident_id=incident.pk,
        receiver=_who_answers(incident, assignment, kind),
        key=f"{kind}.asked:{request.pk}",
        at=at,
        request=kind.value,
        unit=assignment.unit_id,
        urgency=incident.urgency,
    )
    return request


def waiting(incident: Incident, kind: Kind) -> CaseRequest:
    """The request of this kind that waits on a locked case; raises ActionRefused where none does."""
    request = (
        incident.requests.select_for_update(of=("self",))
        .filter(kind=kind, answered_at__isnull=True)
        .select_related("assignment")
        .first()
    )
    if request is None:
        raise ActionRefused("nothing_asked", _("Nothing of this kind is waiting for an answer on this case."))
    return request


def answer(request: CaseRequest, *, agreed: bool, reason: str, actor: Actor, at: datetime) -> Text | None:
    """Write the answer on a request of a locked case; a refusal says why. Answers the kept words."""
    if actor.user is not None and request.asked_by_id == actor.user.pk:
        raise ActionRefused("own_request", _("Somebody else answers what you have asked for."))
    text = (cases.store_optional_text if agreed else cases.store_text)(reason, at=at, field="reason")
    request.answered_at, request.answered_by, request.answer_reason = at, actor.user, text
    request.answer = CaseRequest.Answer.AGREED if agreed else CaseRequest.Answer.REFUSED
    request.save()
    return text


def tell_answer(
    incident: Incident,
    request: CaseRequest,
    *,
    text: Text | None,
    actor: Actor,
    at: datetime,
    **told: Any,
) -> None:
    """The timeline's line and the unit's message, after what the answer causes has been written."""
    agreed = request.answer == CaseRequest.Answer.AGREED
    timeline.record(
        _ANSWERED[Kind(request.kind), agreed],
        incident_id=incident.pk,
        at=at,
        actor=actor,
        request=request.pk,
        unit=request.assignment.unit_id,
        text=text.pk if text else None,
        **told,
    )
    if request.kind == Kind.RETURN:
        kind, more = f"return.{request.answer}", {}
    else:
        kind, more = "request.answered", {"request": request.kind, "agreed": agreed}
    outbox.tell(
        kind,
        incident_id=incident.pk,
        receiver=f"unit:{request.assignment.unit_id}",
        key=f"{request.kind}.answered:{request.pk}",
        at=at,
        urgency=incident.urgency,
        **more,
    )


def _who_answers(incident: Incident, assignment: Assignment, kind: Kind) -> str:
    """The centre for a return; the street's supervisors for the street's own units; else the district's.

    What would come up to the district is the district's to answer.
    """
    if kind == Kind.RETURN:
        return f"unit:{settings.TRIAGE_UNIT}"
    if kind == Kind.RAISE and incident.level >= Level.STREET:
        return "supervisors"
    street = incident.street_code
    inside = street and assignment.unit.area_code[:9] == street[:9]
    return f"street:{street}" if inside and kind != Kind.APPEAL else "supervisors"
