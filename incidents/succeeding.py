"""单位撤并: a unit that is merged or closed, and the one that goes on with its cases.

It is the same matter under the same decision with the same time: no clock is stopped or started, no sending
is counted, nothing that was asked or promised lapses. What the closed unit did stays counted as its own; what
is done from here on is its successor's.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import OrgUnit
from dispatch import conduct
from incidents import (
    assigning,
    cohandling,
    conflicts,
    ending,
    outbox,
    outcomes,
    pausing,
    sending,
    state,
    timeline,
    verifying,
)
from incidents.acceptance import lead_of
from incidents.actor import Actor
from incidents.models import (
    Adjudication,
    Assignment,
    CaseRequest,
    Incident,
    LateEntry,
    MediationFile,
    Outcome,
    Pause,
    Text,
    Timer,
    Verification,
)
from incidents.models.incident import Status

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


# The clocks of a unit, which are nobody's where nobody goes on for it.
_TAKEN: Final = (
    Timer.Kind.ACCEPTANCE,
    Timer.Kind.HANDLING,
    Timer.Kind.FIRST_CONTACT,
    Timer.Kind.PAUSE,
    Timer.Kind.PARKED,
    Timer.Kind.SUPERVISION,
)
# Of a unit for which nobody goes on: a resolved case waits for its check first, and is over where it stands.
_WAITS: Final = Status.RESOLVED


Left = QuerySet[Incident, tuple[str, str]]


def cases_of(*codes: str) -> QuerySet[Incident]:
    """The open cases that these units have something to do with: they lead, support or are to check them."""
    still = Incident.objects.open()
    # Each part by an index of its own: together, as one condition, none would serve.
    owned = still.filter(owner_unit__in=codes).values("pk")
    asked = Assignment.objects.filter(
        unit__in=codes, role=Assignment.Role.SUPPORT, ended_at__isnull=True
    ).values("incident")
    checks = Verification.objects.filter(unit__in=codes, done_at__isnull=True).values("incident")
    found = owned.order_by().union(asked.order_by(), checks.order_by())
    return still.filter(pk__in=found).order_by("pk")


def left_with(closed: Collection[str], *, heirless: Collection[str]) -> Left:
    """(code, case number) of what has still to go from these closed units, in one query."""
    still = Incident.objects.open()
    owned = still.filter(owner_unit__in=closed).exclude(owner_unit__in=heirless, status=_WAITS)
    # Whether the heir may have a complaint its words alone say: what is settled is over where it stands.
    owned = owned.exclude(category=conduct.CATEGORY, status=_WAITS)
    asked = Assignment.objects.filter(
        unit__in=closed, role=Assignment.Role.SUPPORT, ended_at__isnull=True, incident__in=still
    )
    checks = Verification.objects.filter(unit__in=closed, done_at__isnull=True, incident__in=still)
    parts = (
        owned.order_by().values_list("owner_unit", "number"),
        asked.order_by().values_list("unit", "incident__number"),
        checks.order_by().values_list("unit", "incident__number"),
    )
    return parts[0].union(*parts[1:]).order_by("number", "owner_unit")


def take_over(
    incident: Incident, *, unit: OrgUnit, to: OrgUnit | None, actor: Actor, at: datetime, why: str = ""
) -> bool:
    """Let `to` stand wherever `unit` stands on this locked case; was there anything? The caller saves it.

    A complaint about `to` goes to a person, as does a case for which nobody goes on.
    """
    code = "unit_closed"
    if to is not None and conflicts.is_own(incident, to.pk):
        to, code = None, "conflict_of_interest"
    lead = lead_of(incident)
    leads = incident.owner_unit_id == unit.pk and (to is not None or incident.status != _WAITS)
    if leads and to is None:
        before_desk(incident, code, actor=actor, at=at, why=why, unit=unit)
        lead = None
    elif leads and to is not None:
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
    if leads and to is None:
        return True  # its line is written
    told = _kept(why, at=at)
    timeline.record(
        timeline.Kind.UNIT_SUCCEEDED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        unit=to.pk if to is not None else "",
        leads=leads,
        **{"from": unit.pk},
        **({"assignment": lead.pk} if lead is not None and leads else {}),
        **({"text": told.pk} if told is not None else {}),
    )
    return True


def take_parts(incident: Incident, about: Collection[str], *, actor: Actor, at: datetime) -> bool:
    """回避: take their part in this locked complaint from supporters and checkers whom it is about by now;
    were there any? The caller saves it."""
    lead = lead_of(incident)
    supports = cohandling.open_supports(incident).select_related("unit", "incident")
    theirs = [support for support in supports if conflicts.is_of(support.unit_id, about)]
    cohandling.dismiss(theirs, why=Assignment.End.RELEASED, at=at)
    gone = {support.unit_id for support in theirs}
    for check in Verification.objects.filter(incident=incident, done_at__isnull=True).select_related("unit"):
        if conflicts.is_of(check.unit_id, about) and _pass_on_check(incident, lead, check.unit, None, at=at):
            gone.add(check.unit_id)
    for code in sorted(gone):
        timeline.record(
            timeline.Kind.SUPPORT_RELEASED, incident_id=incident.pk, at=at, actor=actor, unit=code
        )
    return bool(gone)


def before_desk(
    incident: Incident, code: str, *, actor: Actor, at: datetime, why: str, unit: OrgUnit
) -> None:
    """Nobody goes on with a locked case by itself: a person decides who does; the caller saves it."""
    if incident.status == Status.TRIAGE:
        incident.owner_unit_id = settings.TRIAGE_UNIT
    else:
        if incident.status == Status.SUSPENDED:
            pausing.finish(incident, end=Pause.End.FINISHED, actor=actor, at=at)
        elif incident.status == Status.PARKED:
            state.transition(incident, Status.HANDLING)
            incident.parked_until = None
        end = Assignment.End.REDISPATCHED if unit.is_open else Assignment.End.SUCCEEDED
        ending.take_away(incident, clocks=_TAKEN, why=end, reason=end, at=at)
        outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
        sending.back_to_desk(incident, code, at=at)
    told = _kept(why, at=at)
    timeline.record(
        timeline.Kind.TO_DESK,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        codes=incident.triage_codes,
        **{"from": unit.pk},
        **({"text": told.pk} if told is not None else {}),
    )


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
    incident: Incident, lead: Assignment | None, unit: OrgUnit, to: OrgUnit | None, *, at: datetime
) -> bool:
    mine = cohandling.open_supports(incident).filter(unit=unit).select_related("incident").first()
    if mine is None:
        return False
    if to is None:
        cohandling.end([mine], why=Assignment.End.SUCCEEDED, at=at)
        return True
    is_there = cohandling.open_supports(incident).filter(unit=to).exists()
    if is_there or (lead is not None and lead.unit_id == to.pk):
        cohandling.end([mine], why=Assignment.End.SUCCEEDED, at=at)
    else:
        _pass_on(mine, to, at=at)
    return True


def _pass_on_check(
    incident: Incident, lead: Assignment | None, unit: OrgUnit, to: OrgUnit | None, *, at: datetime
) -> bool:
    """Nobody checks their own work: where the successor handled it, another one is drawn."""
    check = Verification.objects.filter(incident=incident, unit=unit, done_at__isnull=True).first()
    if check is None:
        return False
    if to is None or (lead is not None and (lead.unit.is_within(to) or to.is_within(lead.unit))):
        check.unit_id = verifying.drawn(incident, lead or check.assignment)
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


def _kept(why: str, *, at: datetime) -> Text | None:
    """A row for each case: what is said on one of them is erased with it."""
    return Text.objects.create(body=why, created_at=at) if why else None
