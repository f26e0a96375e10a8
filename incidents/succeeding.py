"""单位撤并: a unit that is merged or closed, and the one that goes on with its cases.

It is the same matter under the same decision with the same time: no clock is stopped or started, no sending
is counted, nothing that was asked or promised lapses. What the closed unit did stays counted as its own; what
is done from here on is its successor's.
"""

from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from accounts.models import OrgUnit
from incidents import assigning, cohandling, outbox, timeline, verifying
from incidents.acceptance import lead_of
from incidents.actor import Actor
from incidents.models import (
    Adjudication,
    Assignment,
    CaseRequest,
    Incident,
    LateEntry,
    MediationFile,
    Pause,
    Timer,
    Verification,
)

# Of a sending everything but whose it is.
_CARRIED: Final = (
    "incident_id",
    "role",
    "decision_id",
    "item_code",
    "level",
    "handle_limit",
    "accept_minutes",
    "supporting_units",
    "supervising_unit",
    "follow_up_unit",
    "automatic",
    "asked_id",
    "answer",
    "sent_at",
    "sent_by_id",
    "accepted_at",
    "accepted_by_id",
    "acceptance",
    "resolved_at",
    "resolved_by_id",
    "outcome",
    "resolution_id",
)


def cases_of(code: str) -> QuerySet[Incident]:
    """The open cases that a unit has something to do with: it leads, supports or is to check them."""
    asked = Assignment.objects.filter(unit=code, ended_at__isnull=True).values("incident")
    checks = Verification.objects.filter(unit=code, done_at__isnull=True).values("incident")
    still = Incident.objects.open()
    found = still.filter(owner_unit=code) | still.filter(pk__in=asked) | still.filter(pk__in=checks)
    return found.order_by("pk")


def take_over(incident: Incident, *, unit: OrgUnit, to: OrgUnit, actor: Actor, at: datetime) -> bool:
    """Let `to` stand wherever `unit` stands on this locked case; was there anything? The caller saves it."""
    lead = lead_of(incident)
    leads = incident.owner_unit_id == unit.pk
    if leads:
        cohandling.now_leads(incident, to.pk, at=at)
        if lead is not None:
            lead = _pass_on(lead, to, at=at)
        incident.owner_unit = to
        if incident.handler_id and not assigning.hands_of(to).filter(pk=incident.handler_id).exists():
            incident.handler = None
        incident.supervisions.filter(ended_at__isnull=True).update(unit=to)
        MediationFile.objects.filter(incident=incident, state="open").update(unit=to)
    supports = _pass_on_support(incident, lead, unit, to, at=at)
    checks = _pass_on_check(incident, lead, unit, to, at=at)
    if not (leads or supports or checks):
        return False
    timeline.record(
        timeline.Kind.UNIT_SUCCEEDED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        unit=to.pk,
        leads=leads,
        **{"from": unit.pk},
        **({"assignment": lead.pk} if lead is not None and leads else {}),
    )
    return True


def _pass_on(before: Assignment, to: OrgUnit, *, at: datetime) -> Assignment:
    """The same sending, of another unit. What hangs on it goes along: requests, pauses, clocks, checks."""
    before.ended_at, before.end_reason = at, Assignment.End.SUCCEEDED
    before.save(update_fields=["ended_at", "end_reason"])
    carried = {name: getattr(before, name) for name in _CARRIED}
    after = Assignment.objects.create(unit=to, follows=before, **carried)
    CaseRequest.objects.filter(assignment=before, answered_at__isnull=True).update(assignment=after)
    Pause.objects.filter(assignment=before, ended_at__isnull=True).update(assignment=after)
    LateEntry.objects.filter(assignment=before, state=LateEntry.State.WAITING).update(assignment=after)
    Verification.objects.filter(assignment=before, done_at__isnull=True).update(assignment=after)
    Adjudication.objects.open().filter(disputed=before).update(disputed=after, asked_by_unit=to)
    # Only whose they are: a due time that was given stands, whatever hours the other unit keeps.
    running = Timer.objects.filter(assignment=before, stopped_at__isnull=True)
    running.exclude(kind=Timer.Kind.VERIFICATION).update(unit_code=to.pk)  # which is the checker's
    running.update(assignment=after)
    return after


def _pass_on_support(
    incident: Incident, lead: Assignment | None, unit: OrgUnit, to: OrgUnit, *, at: datetime
) -> bool:
    mine = cohandling.open_supports(incident).filter(unit=unit).select_related("incident").first()
    if mine is None:
        return False
    is_there = cohandling.open_supports(incident).filter(unit=to).exists()
    if is_there or (lead is not None and lead.unit_id == to.pk):
        cohandling.end([mine], why=Assignment.End.SUCCEEDED, at=at)
    else:
        _pass_on(mine, to, at=at)
    return True


def _pass_on_check(
    incident: Incident, lead: Assignment | None, unit: OrgUnit, to: OrgUnit, *, at: datetime
) -> bool:
    """Nobody checks their own work: where the successor handled it, another one is drawn."""
    check = Verification.objects.filter(incident=incident, unit=unit, done_at__isnull=True).first()
    if check is None:
        return False
    if lead is not None and (lead.unit.is_within(to) or to.is_within(lead.unit)):
        check.unit_id = verifying.drawn(incident, lead)
    else:
        check.unit = to
    check.save(update_fields=["unit"])
    clocks = Timer.objects.filter(incident=incident, kind=Timer.Kind.VERIFICATION, stopped_at__isnull=True)
    clocks.update(unit_code=check.unit_id)
    outbox.tell(
        "verification.asked",
        incident_id=incident.pk,
        receiver=f"check:{check.unit_id}",
        key=f"verification.asked:{check.pk}:{check.unit_id}",
        at=at,
    )
    return True
