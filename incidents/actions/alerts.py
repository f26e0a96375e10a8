"""What alerts do to their case by themselves: lines on its timeline, and its end where nobody acted."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from dispatch.deadlines import Limit
from dispatch.vocabulary import Urgency
from incidents import cases, dangers, outbox, outcomes, sending, state, timeline, timers
from incidents.acceptance import lead_of
from incidents.actor import Actor
from incidents.models import AlertCase, Assignment, Incident, OutboxMessage, Outcome, TimelineEntry, Timer
from incidents.models.incident import ResolutionOutcome, Status

_MERGED_MOST = 8  # cases that were merged one into the other are followed so far
_WEIGHTS = {Urgency.ROUTINE: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}


def is_worse(urgency: str, than: str) -> bool:
    """Is this the more pressing of two urgencies?"""
    return _WEIGHTS[Urgency(urgency)] > _WEIGHTS[Urgency(than)]


@transaction.atomic(durable=True)
def tell_of_alerts(*, alert_cases: Sequence[int], actor: Actor, at: datetime) -> set[int]:
    """Write the lines that wait: burns again, flaps, is worse, so many devices. Each is written once.

    Answers those whose case was found. However many they are, it takes the same few statements, but for
    cases whose clocks have run out unseen or whose urgency rises.
    """
    known = dict(
        AlertCase.objects.filter(pk__in=alert_cases, incident__isnull=False).values_list("pk", "incident")
    )
    incidents = _hold_roots({pk for pk in known.values() if pk is not None}, at=at)
    lines: list[TimelineEntry] = []
    held = AlertCase.objects.filter(pk__in=known).order_by("pk").select_for_update(no_key=True)
    told = [(case, incident) for case in held if (incident := incidents[known[case.pk] or 0]) is not None]
    for case, incident in told:
        for line in case.pending:
            kind, data = timeline.Kind(line["kind"]), dict(line["data"])
            when = min(datetime.fromisoformat(line["at"]), at)
            if kind == timeline.Kind.ALERT_WORSE:
                before = incident.urgency
                if not _raise_urgency(incident, data["urgency"], at=at):
                    continue
                data |= {"before": before}
            lines.append(timeline.entry(kind, incident_id=incident.pk, at=when, actor=actor, **data))
    TimelineEntry.objects.bulk_create(lines)
    AlertCase.objects.filter(pk__in=[case.pk for case, _incident in told]).update(pending=[])
    return {case.pk for case, _incident in told}


def _raise_urgency(incident: Incident, urgency: str, *, at: datetime) -> bool:
    """Make a locked case as urgent as its alert is now; is it news? Nothing is lowered by it.

    Whoever has to act next has the time of such a case from now on, and never more than was left. What
    people have called false, made safe or ended stays as they said.
    """
    is_settled = incident.made_safe_at is not None or dangers.is_false(incident)
    if not incident.is_open or is_settled or not is_worse(urgency, incident.urgency):
        return False
    incident.urgency = urgency
    for kind in (Timer.Kind.DISPATCH, Timer.Kind.ACCEPTANCE):
        clock = timers.open_clock(incident, kind)
        if clock is None or clock.paused_at is not None:
            continue
        lead = clock.assignment
        minutes = lead.accept_minutes if lead is not None else sending.DESK_MINUTES[Urgency(urgency)]
        timers.stop(incident, [kind], at=at, reason="worse")
        timers.start(
            incident,
            kind,
            Limit.minutes(minutes, urgency),
            at=at,
            assignment=lead,
            no_later_than=max(clock.due_at, at),
            unit_code=clock.unit_code,
        )
    timers.rule(incident)
    cases.save(incident)
    return True


@transaction.atomic(durable=True)
def end_cleared_alert(*, alert_case: int, actor: Actor, at: datetime) -> Incident | None:
    """自行恢复: everything has been clear for long enough. Closes the case where nobody has acted on it, and
    nobody else reported it; otherwise it stays with whoever has it, who read that it is clear.

    It was handled by nobody, so it counts in no ranking of handling: its dispatch is taken back.
    """
    incident = _hold(alert_case, actor=actor, at=at)
    held, others = _hold_alert_cases(alert_case, incident)
    if held.ended_at is not None or held.check_at is None or held.check_at > at:
        return incident  # it burns again, or another worker was here
    held.check_at = None
    if incident is None or not incident.is_open:
        held.ended_at, held.end = at, AlertCase.End.CLOSED
        held.save(update_fields=["check_at", "ended_at", "end"])
        return incident
    later = _not_over_before(others, at=at)
    if later is not None:
        held.check_at = later
        held.save(update_fields=["check_at"])
        return incident
    if not all(one.closes_itself for one in (held, *others)) or not may_end_by_itself(incident):
        timeline.record(timeline.Kind.ALERT_QUIET, incident_id=incident.pk, at=at, actor=actor)
        # They stay with the case: what burns again belongs to it. Said once for all of them.
        AlertCase.objects.filter(pk__in=[one.pk for one in (held, *others)]).update(check_at=None)
        return incident
    AlertCase.objects.filter(pk__in=[one.pk for one in others]).update(
        ended_at=at, end=AlertCase.End.CLEARED, check_at=None
    )
    held.ended_at, held.end = at, AlertCase.End.CLEARED
    held.save(update_fields=["check_at", "ended_at", "end"])
    _close(incident, actor=actor, at=at)
    return incident


def may_end_by_itself(incident: Incident) -> bool:
    """Has no unit accepted and no person acted, and was it reported by devices alone?"""
    if incident.status not in (Status.TRIAGE, Status.DISPATCHED):
        return False
    if incident.claimed_by_id is not None or incident.supervision_number or incident.chased_count:
        return False
    if incident.timeline.filter(actor__isnull=False).exists():
        return False
    own = AlertCase.objects.filter(incident=incident).values("external_id")
    links = incident.links.filter(unlinked_at__isnull=True, report__withdrawn_at__isnull=True)
    return not links.exclude(report__source=incident.source, report__external_id__in=own).exists()


def _hold(alert_case: int, *, actor: Actor, at: datetime) -> Incident | None:
    """Lock the case that the alerts belong to now, however often it is merged meanwhile."""
    first = AlertCase.objects.values_list("incident", flat=True).get(pk=alert_case)
    return _hold_roots({first}, at=at)[first] if first is not None else None


def _hold_alert_cases(pk: int, incident: Incident | None) -> tuple[AlertCase, list[AlertCase]]:
    """Lock this and the other open ones of its case, in id order like whoever takes messages in."""
    own = AlertCase.objects.filter(pk=pk).values("incident")
    of_case = Q(incident__in=own, ended_at__isnull=True)
    if incident is not None:
        of_case |= Q(incident=incident.pk, ended_at__isnull=True)
    rows = AlertCase.objects.filter(Q(pk=pk) | of_case).order_by("pk").select_for_update(no_key=True)
    held = {one.pk: one for one in rows}
    return held.pop(pk), list(held.values())


def _not_over_before(others: list[AlertCase], *, at: datetime) -> datetime | None:
    """When to look again, where one of these burns or has been clear for too short a time."""
    if AlertCase.objects.filter(pk__in=[one.pk for one in others], alerts__is_firing=True).exists():
        return at + timedelta(minutes=settings.ALERT_SETTLE_MINUTES)
    return max(
        (one.check_at for one in others if one.check_at is not None and one.check_at > at), default=None
    )


def _hold_roots(ids: Collection[int], *, at: datetime) -> dict[int, Incident | None]:
    """Lock the cases that these belong to now, all in id order, and bring them up to `at`; None where
    merging goes on under our hands."""
    for _try in range(5):
        roots = _roots(ids)
        locked = Incident.objects.filter(pk__in=set(roots.values())).order_by("pk")
        held = {one.pk: one for one in locked.select_for_update(no_key=True, of=("self",))}
        if all(one.status != Status.MERGED for one in held.values()):
            cases.bring_up(list(held.values()), at=at)
            return {pk: held.get(root) for pk, root in roots.items()}
    return dict.fromkeys(ids)


def _roots(ids: Collection[int]) -> dict[int, int]:
    """Of each of these cases the one that it was merged into in the end."""
    roots = {pk: pk for pk in ids}
    for _level in range(_MERGED_MOST):
        merged = dict(
            Incident.objects.filter(
                pk__in=set(roots.values()), status=Status.MERGED, merged_into__isnull=False
            ).values_list("pk", "merged_into")
        )
        if not merged:
            break
        roots = {pk: merged.get(root) or root for pk, root in roots.items()}
    return roots


def _close(incident: Incident, *, actor: Actor, at: datetime) -> None:
    lead = lead_of(incident)
    state.transition(incident, Status.CLOSED)
    incident.outcome = ResolutionOutcome.CLEARED
    incident.closed_at = at
    incident.triage_codes = []
    cases.end_lead(incident, at=at, why=Assignment.End.CLOSED)
    cases.finish(incident, at=at)
    cases.save(incident)
    for kind in (timeline.Kind.ALERT_ENDED, timeline.Kind.CLOSED):
        timeline.record(kind, incident_id=incident.pk, at=at, actor=actor)
    outcomes.take_back(incident, Outcome.Kind.DISPATCHED)
    outcomes.append(Outcome.Kind.CLOSED, incident, at=at, **outcomes.durations(incident.received_at, at))
    if lead is None or outbox.unsay(OutboxMessage.objects.filter(key=f"case.dispatched:{lead.pk}")):
        return
    outbox.tell(
        "case.recalled",
        incident_id=incident.pk,
        receiver=f"unit:{lead.unit_id}",
        key=f"case.recalled:{lead.pk}",
        at=at,
    )
