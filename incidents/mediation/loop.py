"""发现 → 受理 → 化解 → 确认 → 反馈: the closed loop of a dispute, each step with its day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import pgettext

from incidents.mediation.files import agreement_of
from incidents.models import Feedback, Incident, MediationFile, MediationFollowUp, PhoneCall, Verification
from incidents.models.incident import Status


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five, in the grassroots' words."""

    name: str
    at: datetime | None
    state: str  # done, now or ""
    words: str = ""


def steps_of(incident: Incident, files: Iterable[MediationFile]) -> list[Step]:
    """The five steps as the case stands now. What a reopening undid is not done any more; a step is only
    reached over those before it, so that no later date stands before an open one."""
    known = [one for one in files if one.handling_run == incident.handling_run]
    resolved = incident.resolved_at if incident.status in (Status.RESOLVED, Status.CLOSED) else None
    # While it can still be taken on for mediation, that a unit has the case is not that step.
    taken = min((one.taken_at for one in known), default=incident.accepted_at if resolved else None)
    settled = max((one for one in known if one.state == "settled"), key=lambda one: one.pk, default=None)
    agreement = agreement_of(settled) if settled is not None else None
    if settled is not None and agreement is not None:
        # What everybody stands by is mediated when it was written, and confirmed with the last party's word.
        mediated: datetime | None = agreement.written_at
        confirmed = max((one.confirmed_at for one in agreement.confirmations.all()), default=settled.ended_at)
    else:
        mediated, confirmed = resolved, _confirmed_at(incident)
    dates = [
        incident.received_at,
        taken if incident.status != Status.TRIAGE else None,
        mediated,
        confirmed,
        _answered_at(incident, resolved),
    ]
    names = [
        pgettext("closed loop", "Found"),
        pgettext("closed loop", "Taken on"),
        pgettext("closed loop", "Mediated"),
        pgettext("closed loop", "Confirmed"),
        pgettext("closed loop", "Answered"),
    ]
    reached = next((place for place, at in enumerate(dates) if at is None), len(dates))
    is_over = incident.status in (Status.REJECTED, Status.MERGED)
    return [
        Step(
            name,
            at if place < reached else None,
            "done" if place < reached else "now" if place == reached and not is_over else "",
        )
        for place, (name, at) in enumerate(zip(names, dates, strict=True))
    ]


def _confirmed_at(incident: Incident) -> datetime | None:
    """Somebody else has judged that it is settled, or the centre has closed it."""
    if incident.status != Status.CLOSED:
        return None
    checked = (
        incident.verifications.filter(result=Verification.Result.FIXED, done_at__isnull=False)
        .order_by("-pk")
        .values_list("done_at", flat=True)
        .first()
    )
    return checked or incident.closed_at


def _answered_at(incident: Incident, resolved: datetime | None) -> datetime | None:
    """The first word from the people themselves afterwards: a rating, a call back, a visit."""
    visited = MediationFollowUp.objects.filter(
        file__incident=incident, file__handling_run=incident.handling_run
    )
    asked = list(visited.order_by("made_at").values_list("made_at", flat=True)[:1])
    if incident.status != Status.CLOSED or resolved is None:
        return asked[0] if asked else None
    rated = Feedback.objects.filter(incident=incident, handling_run=incident.handling_run)
    called = PhoneCall.objects.filter(
        incident=incident, purpose=PhoneCall.Purpose.CALLBACK, reached=True, called_at__gte=resolved
    )
    found = [
        *rated.order_by("given_at").values_list("given_at", flat=True)[:1],
        *called.order_by("called_at").values_list("called_at", flat=True)[:1],
        *asked,
    ]
    return min(found, default=None)
