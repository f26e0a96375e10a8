"""发现 → 受理 → 化解 → 确认 → 反馈: the closed loop of a dispute, each step with its day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import pgettext

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
    taken = min((one.taken_at for one in known), default=None)
    accepted = min((at for at in (incident.accepted_at, taken) if at is not None), default=None)
    settled = max((one.ended_at for one in known if one.state == "settled" and one.ended_at), default=None)
    resolved = incident.resolved_at if incident.status in (Status.RESOLVED, Status.CLOSED) else None
    dates = [
        incident.received_at,
        accepted if incident.status != Status.TRIAGE else None,
        settled or resolved,
        _confirmed_at(incident),
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
    if incident.status != Status.CLOSED or resolved is None:
        return None
    rated = Feedback.objects.filter(incident=incident, handling_run=incident.handling_run)
    called = PhoneCall.objects.filter(
        incident=incident, purpose=PhoneCall.Purpose.CALLBACK, reached=True, called_at__gte=resolved
    )
    visited = MediationFollowUp.objects.filter(
        file__incident=incident, file__handling_run=incident.handling_run
    )
    found = [
        *rated.order_by("given_at").values_list("given_at", flat=True)[:1],
        *called.order_by("called_at").values_list("called_at", flat=True)[:1],
        *visited.order_by("made_at").values_list("made_at", flat=True)[:1],
    ]
    return min(found, default=None)
