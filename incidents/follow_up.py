"""后续修复: making safe comes first, the repair is a sending of its own.

Where the item says who repairs (`follow_up_unit`; `@owner` is the facility's owner), the unit that was sent
reports that the danger is gone: its sending ends, met in time or not, and that is when the case was due.
The repair goes to the other unit under the same decision, with a limit for repairs; the matter is routine
from then on. Where nobody knows the owner, the desk decides. Whoever sends the repair on later, and by
whichever item, sends a repair (`choosing.limits_for`). See docs/decisions/0013.
"""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import OrgUnit
from dispatch.models import ResponsibilityItem
from dispatch.units import AT_OWNER
from dispatch.vocabulary import Urgency
from incidents import cohandling, counting, ending, outcomes, sending, timeline, timers
from incidents.actor import SYSTEM, Actor
from incidents.models import Assignment, Incident, Outcome, Timer


def wanted(lead: Assignment) -> bool:
    """Does the item of this sending name who repairs, and has nobody made the case safe yet?"""
    if lead.incident.made_safe_at is not None:
        return False
    if lead.follow_up_unit:
        return True
    items = ResponsibilityItem.objects.filter(
        list_id=lead.decision.responsibility_list_id, code=lead.item_code
    ).exclude(follow_up_unit="")
    return bool(lead.item_code) and items.exists()


def repairer(lead: Assignment) -> OrgUnit | None:
    """Who repairs after `lead`; None where nobody knows the owner, or the unit has closed."""
    return OrgUnit.objects.open().filter(code=lead.follow_up_unit or "").first()


def secured(incident: Incident) -> Assignment | None:
    """The sending that made the case safe, while what is left of it is a repair; with unit and words."""
    if incident.made_safe_at is None:
        return None
    leads = incident.assignments.select_related("unit", "resolved_by", "resolution")
    known = getattr(incident, "_prefetched_objects_cache", {}).get("assignments")
    made_safe = [
        one
        for one in (leads if known is None else known)
        if one.role == Assignment.Role.LEAD and one.end_reason == Assignment.End.MADE_SAFE
    ]
    return max(made_safe, key=lambda one: one.pk, default=None)


def repaired_when(incident: Incident, item: ResponsibilityItem | None) -> str:
    """What a repair must have reached, where its item speaks of the danger alone; else empty.

    The list has one closing condition for an item. Of one that names who repairs, or that is of an
    emergency, it says when the place is safe: that has been met already.
    """
    if incident.made_safe_at is None:
        return ""
    if item is not None and not item.follow_up_unit and item.urgency != Urgency.EMERGENCY:
        return ""
    if item is not None and item.follow_up_unit == AT_OWNER:
        return _(
            "The owner has repaired it for good and it is in use again; what made it safe for the time being "
            "(fences, covers, signs) is taken away."
        )
    return _(
        "It is repaired for good and in use again; what made it safe for the time being "
        "(fences, covers, signs) is taken away."
    )


def hand_over(incident: Incident, lead: Assignment, *, actor: Actor, at: datetime) -> Assignment | None:
    """The danger of a locked case is gone: end this sending and start the repair; the caller saves the case.

    Answers the repair's sending; None where the case is before the desk.
    """
    clock = timers.open_clock(incident, Timer.Kind.HANDLING)
    if clock is not None and at <= clock.due_at:
        counting.count_as_due_in_time(incident, clock, lead)
    ending.take_away(
        incident,
        clocks=[Timer.Kind.ACCEPTANCE, Timer.Kind.HANDLING, Timer.Kind.FIRST_CONTACT, Timer.Kind.PAUSE],
        why=Assignment.End.MADE_SAFE,
        reason="made_safe",
        at=at,
    )
    incident.urgency, incident.made_safe_at = Urgency.ROUTINE, at
    unit = repairer(lead)
    if unit is None:
        outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
        sending.back_to_desk(incident, "repair", at=at)
        timeline.record(
            timeline.Kind.TO_DESK, incident_id=incident.pk, at=at, actor=SYSTEM, codes=incident.triage_codes
        )
        return None
    cohandling.now_leads(incident, unit.code, at=at)
    repair = sending.send_on(
        incident,
        lead,
        unit=unit,
        level=incident.level,
        handle_limit=settings.FOLLOW_UP_LIMIT,
        accept_minutes=settings.FOLLOW_UP_ACCEPT_MINUTES,
        notice="case.repair",
        actor=actor,
        at=at,
    )
    timeline.record(
        timeline.Kind.REPAIR_SENT,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        unit=unit.code,
        assignment=repair.pk,
        limit=repair.handle_limit,
    )
    return repair
