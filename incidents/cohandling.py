"""协办: supporting units beside the lead, each asked for its part, with a clock of its own.

Most items name units that could help, so these are offered and not sent: the lead, or the centre, invites
those that are needed. For an emergency they are sent with the dispatch itself. A supporting unit answers,
or declines; the lead may release it. Until then the lead cannot resolve the case.

What becomes of open supports when the case moves (docs/decisions/0013):

* **sent to another unit**: those that its item names go on, the others are ended; so is one that leads now;
* **raised a level, or made safe and to be repaired**: the matter is the same, so they go on;
* **before the desk** (returned, taken apart): ended, for nobody leads;
* **merged, or over**: ended. The lead of the other case invites whom it needs.

Their clocks warn and tell the unit and its head. They raise nothing, and no rate counts them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch import conduct
from dispatch.deadlines import Limit
from dispatch.vocabulary import Urgency
from incidents import conflicts, outbox, timeline, timers
from incidents.actor import SYSTEM, Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Assignment, Incident, OutboxMessage, Text, TimelineEntry, Timer
from incidents.models.incident import Status
from incidents.models.making import made

# Where a unit leads, so that others can help it.
SUPPORTABLE = frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED, Status.PARKED})


def open_supports(incident: Incident) -> QuerySet[Assignment]:
    """The supporting units that have neither answered nor been released, the first asked first."""
    return incident.assignments.filter(role=Assignment.Role.SUPPORT, ended_at__isnull=True).order_by("pk")


def planned(
    lead: Assignment,
    codes: Iterable[str],
    *,
    at: datetime,
    asked: Text | None = None,
    due_at: datetime | None = None,
    actor: Actor = SYSTEM,
) -> tuple[list[Assignment], list[Timer]]:
    """Unsaved supports of a sending and their clocks, one for each other unit that is named.

    Without `due_at` each has the limit of the lead.
    """
    limit = lead.handle_limit
    if due_at is not None:
        limit = str(Limit(max(1, ceil((due_at - at) / timedelta(hours=1))), "h"))
    supports = [
        made(
            Assignment,
            incident=lead.incident,
            unit_id=code,
            role=Assignment.Role.SUPPORT,
            decision=lead.decision,
            item_code=lead.item_code,
            level=lead.level,
            handle_limit=limit,
            accept_minutes=0,
            automatic=actor.user is None,
            asked=asked,
            sent_at=at,
            sent_by=actor.user,
        )
        for code in dict.fromkeys(codes)
        if code != lead.unit_id
    ]
    clocks = [
        timers.plan(
            timers.Start(
                support.incident,
                Timer.Kind.SUPPORT,
                Limit.parse(limit),
                at,
                support,
                no_later_than=due_at,
                unit_code=support.unit_id,
            )
        )
        for support in supports
    ]
    return supports, clocks


def sent_with(lead: Assignment, *, at: datetime) -> tuple[list[Assignment], list[Timer]]:
    """What is sent with a dispatch itself: the supporting units of an emergency's item, unsaved."""
    if lead.incident.urgency != Urgency.EMERGENCY:
        return [], []
    return planned(lead, _helpers(lead), at=at)


def _helpers(lead: Assignment) -> list[str]:
    """The units that the item names, but none that the case complains of."""
    if not lead.item_code.startswith(conduct.CATEGORY):
        return list(lead.supporting_units)
    return [code for code in lead.supporting_units if not conflicts.is_own(lead.incident, code)]


def line_of(
    supports: Sequence[Assignment], *, at: datetime, actor: Actor = SYSTEM, due_at: datetime | None = None
) -> TimelineEntry:
    """The unsaved line of an invitation."""
    asked = supports[0].asked_id
    return timeline.entry(
        timeline.Kind.SUPPORT_ASKED,
        incident_id=supports[0].incident_id,
        at=at,
        actor=actor,
        units=[support.unit_id for support in supports],
        supports=[support.pk for support in supports],
        due_at=due_at.isoformat() if due_at else None,
        **({"text": asked} if asked else {}),
    )


def notices_of(supports: Iterable[Assignment], *, at: datetime) -> list[OutboxMessage]:
    """The unsaved messages that ask each unit."""
    return [
        outbox.message(
            "support.asked",
            incident_id=support.incident_id,
            receiver=f"unit:{support.unit_id}",
            key=f"support.asked:{support.pk}",
            at=at,
            urgency=support.incident.urgency,
        )
        for support in supports
    ]


def invite(
    lead: Assignment,
    codes: Iterable[str],
    *,
    at: datetime,
    actor: Actor = SYSTEM,
    asked: Text | None = None,
    due_at: datetime | None = None,
) -> list[Assignment]:
    """Ask these units for their part in a locked case; the caller saves the case."""
    supports, clocks = planned(lead, codes, at=at, asked=asked, due_at=due_at, actor=actor)
    if supports:
        Assignment.objects.bulk_create(supports)
        timers.save_planned(clocks)
        line_of(supports, at=at, actor=actor, due_at=clocks[0].due_at).save(force_insert=True)
        OutboxMessage.objects.bulk_create(notices_of(supports, at=at))
    return supports


def due_by_default(incident: Incident, *, at: datetime) -> datetime:
    """When the lead is due; raises InvalidInput where that says nothing any more."""
    clock = timers.open_clock(incident, Timer.Kind.HANDLING)
    if clock is None or clock.paused_at is not None or clock.due_at <= at:
        raise InvalidInput(
            "due_at", "required", _("The unit's own clock does not say until when: give a time.")
        )
    return clock.due_at


def end(supports: Iterable[Assignment], *, why: Assignment.End, at: datetime) -> None:
    """End open supports and their clocks, as each of them says."""
    ended = list(supports)
    if not ended:
        return
    timers.stop(ended[0].incident, [Timer.Kind.SUPPORT], at=at, reason=why, assignments=ended)
    Assignment.objects.filter(pk__in=[support.pk for support in ended]).update(ended_at=at, end_reason=why)


def dismiss(supports: Iterable[Assignment], *, why: Assignment.End, at: datetime) -> None:
    """The case has moved on: end these supports and tell their units that nothing is asked of them now."""
    gone = list(supports)
    end(gone, why=why, at=at)
    OutboxMessage.objects.bulk_create(
        outbox.message(
            "support.ended",
            incident_id=support.incident_id,
            receiver=f"unit:{support.unit_id}",
            key=f"support.ended:{support.pk}",
            at=at,
            why=str(why),
            urgency=support.incident.urgency,
        )
        for support in gone
    )


def dismiss_all(incident: Incident, *, why: Assignment.End, at: datetime) -> None:
    """Nobody leads this case any more, so nobody supports it."""
    dismiss(open_supports(incident).select_related("incident"), why=why, at=at)


def follow_lead(lead: Assignment, *, at: datetime) -> None:
    """A locked case has been sent to `lead`: what its item still names goes on, the rest is ended; an
    emergency takes its item's units with it."""
    standing = list(open_supports(lead.incident).select_related("incident"))
    named = set(_helpers(lead)) - {lead.unit_id}
    dismiss(
        [support for support in standing if support.unit_id not in named],
        why=Assignment.End.REDISPATCHED,
        at=at,
    )
    if lead.incident.urgency == Urgency.EMERGENCY:
        there = {support.unit_id for support in standing}
        still_open = OrgUnit.objects.open().filter(code__in=named - there).values_list("code", flat=True)
        invite(lead, sorted(still_open), at=at)


def now_leads(incident: Incident, unit_code: str, *, at: datetime) -> None:
    """The same matter gets another lead: where that unit has supported it, it supports no more."""
    mine = open_supports(incident).filter(unit=unit_code).select_related("incident")
    end(mine, why=Assignment.End.RELEASED, at=at)


def refuse_while_open(incident: Incident) -> None:
    """A case is not settled while a supporting unit has still to answer (ActionRefused, naming them)."""
    waiting = [support.unit.name for support in open_supports(incident).select_related("unit")]
    if waiting:
        raise ActionRefused(
            "supporters_open",
            _("Still to answer, or to be released: %(units)s.") % {"units": _(", ").join(waiting)},
        )
