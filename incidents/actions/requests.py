"""What a unit asks for beside the state, and the answer: more time, standing still, a second look."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from accounts.roles import Action, Role
from accounts.viewer import viewer_of
from dispatch.deadlines import Limit, due
from dispatch.edition import work_calendar
from incidents import asking, breaches, cases, outcomes, pausing, timers
from incidents.acceptance import open_lead
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Assignment, CaseRequest, FiredStage, Incident, Pause, Timer
from incidents.models.incident import PauseKind, Status
from incidents.outside import refuse_beyond

# 延期: this many for one clock, each no longer than the limit itself.
EXTENSIONS_MOST = 2
# 挂起: this long at most, each time.
SUSPENSION_MOST = timedelta(days=60)
# 申诉: a breach can be appealed for this long.
APPEAL_WINDOW = timedelta(days=7)


@transaction.atomic(durable=True)
def request_extension(
    *,
    number: str,
    until: datetime,
    reason: str,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> CaseRequest:
    """延期: ask, before the case is due, for a later due time. The clock runs on until it is approved."""
    incident = cases.hold(
        number, actor=actor, action=Action.REQUEST_EXTENSION, at=at, seen_version=seen_version
    )
    lead, clock = _in_hand(incident)
    if at >= clock.due_at:
        raise ActionRefused("overdue", _("An extension is asked for before the case is due."))
    if extensions_of(clock) >= EXTENSIONS_MOST:
        raise ActionRefused(
            "too_many", _("A case is extended at most %(max)d times.") % {"max": EXTENSIONS_MOST}
        )
    _check_extension(incident, clock, until)
    return _ask_until(
        incident, lead, clock, CaseRequest.Kind.EXTENSION, until=until, reason=reason, actor=actor, at=at
    )


@transaction.atomic(durable=True)
def decide_extension(
    *,
    number: str,
    agreed: bool,
    until: datetime | None = None,
    reason: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """The supervisor's answer; `until` where another time than the one asked for is given.

    Agreed, the clock starts another run with warnings of its own. A breach that came first stays.
    """
    incident = cases.hold(
        number, actor=actor, action=Action.DECIDE_EXTENSION, at=at, seen_version=seen_version
    )
    request = asking.waiting(incident, CaseRequest.Kind.EXTENSION)
    text = asking.answer(request, agreed=agreed, reason=reason, actor=actor, at=at)
    assert request.proposed_due_at is not None
    until = until or request.proposed_due_at
    if agreed:
        _lead, clock = _in_hand(incident)
        if until <= at:
            raise InvalidInput("until", "past", _("This time has passed. Give a later one."))
        _check_extension(incident, clock, until)
        timers.restart(clock, due_at=until, own_due_at=until, at=at)
        timers.rule(incident)
    cases.save(incident)
    told = {"until": until.isoformat()} if agreed else {}
    asking.tell_answer(incident, request, text=text, actor=actor, at=at, **told)
    return incident


@transaction.atomic(durable=True)
def request_suspension(
    *,
    number: str,
    until: datetime,
    reason: str,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> CaseRequest:
    """挂起: ask that the handling clock stands still until a time. It runs on until that is approved."""
    incident = cases.hold(
        number, actor=actor, action=Action.REQUEST_SUSPENSION, at=at, seen_version=seen_version
    )
    lead, clock = _in_hand(incident)
    _check_suspension(incident, until, at=at)
    return _ask_until(
        incident, lead, clock, CaseRequest.Kind.SUSPENSION, until=until, reason=reason, actor=actor, at=at
    )


@transaction.atomic(durable=True)
def decide_suspension(
    *,
    number: str,
    agreed: bool,
    until: datetime | None = None,
    reason: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """The supervisor's answer. Agreed, the clock stands still from now on, and goes on by itself."""
    incident = cases.hold(
        number, actor=actor, action=Action.DECIDE_SUSPENSION, at=at, seen_version=seen_version
    )
    request = asking.waiting(incident, CaseRequest.Kind.SUSPENSION)
    text = asking.answer(request, agreed=agreed, reason=reason, actor=actor, at=at)
    assert request.proposed_due_at is not None
    until = until or request.proposed_due_at
    told = {"until": until.isoformat()} if agreed else {}
    asking.tell_answer(incident, request, text=text, actor=actor, at=at, **told)
    if agreed:
        lead, _clock = _in_hand(incident)
        _check_suspension(incident, until, at=at)
        pausing.begin(
            incident, lead, kind=PauseKind.SUSPENSION, until=until, actor=actor, at=at, request=request
        )
    cases.save(incident)
    return incident


@transaction.atomic(durable=True)
def resume(
    *, number: str, reason: str = "", actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """Take a paused case up again before its time; the clock goes on with what it had left."""
    incident = cases.hold(number, actor=actor, action=Action.RESUME, at=at, seen_version=seen_version)
    if incident.status != Status.SUSPENDED:
        raise ActionRefused("wrong_state", _("This case is not paused."))
    kept = cases.store_optional_text(reason, at=at, field="reason")
    pausing.finish(incident, end=Pause.End.RESUMED, actor=actor, at=at, reason=kept)
    cases.save(incident)
    return incident


@transaction.atomic(durable=True)
def appeal(
    *,
    number: str,
    reason: str,
    timer: int | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> CaseRequest:
    """申诉: the unit asks that its breach does not count. The breach itself stays on record.

    `timer` names the breached clock where the unit has several; without it, its last one.
    """
    incident = cases.hold(number, actor=actor, action=Action.APPEAL, at=at, seen_version=seen_version)
    breached = _breach_of(incident, timer, actor)
    if at - breached.due_at > APPEAL_WINDOW:
        raise ActionRefused("too_late", _("A breach can be appealed for seven days."))
    clock = breached.timer
    if incident.requests.filter(kind=CaseRequest.Kind.APPEAL, answered_at__isnull=True).exists():
        raise ActionRefused("already_asked", _("Another appeal on this case waits for its answer."))
    if clock.appeals.filter(kind=CaseRequest.Kind.APPEAL).exists():
        raise ActionRefused("already_asked", _("This breach has been appealed already."))
    assert clock.assignment is not None
    return asking.ask(
        incident,
        clock.assignment,
        CaseRequest.Kind.APPEAL,
        reason=cases.store_text(reason, at=at, field="reason"),
        actor=actor,
        at=at,
        told={"timer": clock.pk, "clock": clock.kind},
        timer=clock,
    )


@transaction.atomic(durable=True)
def decide_appeal(
    *,
    number: str,
    agreed: bool,
    reason: str,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """剔除 or not: agreed, the breach leaves the on-time rate; its line, its stage and this answer stay."""
    incident = cases.hold(number, actor=actor, action=Action.DECIDE_APPEAL, at=at, seen_version=seen_version)
    request = asking.waiting(incident, CaseRequest.Kind.APPEAL)
    cases.required(reason, field="reason")
    text = asking.answer(request, agreed=agreed, reason=reason, actor=actor, at=at)
    if agreed and request.timer is not None and request.timer.kind == Timer.Kind.HANDLING:
        outcomes.take_back_breach(
            incident, unit_code=breaches.account_of(request.timer), at=request.timer.due_at
        )
    cases.save(incident)
    asking.tell_answer(incident, request, text=text, actor=actor, at=at)
    return incident


def extensions_of(clock: Timer) -> int:
    """How often this clock was extended, whichever team of a street has had the case meanwhile."""
    return CaseRequest.objects.filter(
        incident=clock.incident_id,
        kind=CaseRequest.Kind.EXTENSION,
        answer=CaseRequest.Answer.AGREED,
        timer__started_at=clock.started_at,
    ).count()


def latest_extension(clock: Timer) -> datetime:
    """The furthest that one extension of this clock may go: the limit once more."""
    return due(clock.due_at, Limit.parse(clock.limit), work_calendar(clock.unit_code))


def appealable(incident: Incident, units: QuerySet[OrgUnit], *, at: datetime) -> list[FiredStage]:
    """Breaches of these units on this case that can still be appealed, the latest first."""
    return list(
        breaches.of_units(incident, units)
        .filter(timer__assignment__isnull=False, due_at__gte=at - APPEAL_WINDOW)
        .exclude(timer__appeals__kind=CaseRequest.Kind.APPEAL)
        .select_related("timer__assignment__unit")
        .order_by("-pk")
    )


def _ask_until(
    incident: Incident,
    lead: Assignment,
    clock: Timer,
    kind: CaseRequest.Kind,
    *,
    until: datetime,
    reason: str,
    actor: Actor,
    at: datetime,
) -> CaseRequest:
    """Ask for a time: a later due time, or the end of a standstill."""
    return asking.ask(
        incident,
        lead,
        kind,
        reason=cases.store_text(reason, at=at, field="reason"),
        actor=actor,
        at=at,
        told={"until": until.isoformat()},
        proposed_due_at=until,
        timer=clock,
    )


def _in_hand(incident: Incident) -> tuple[Assignment, Timer]:
    """The sending and the handling clock of a case that a unit is working on."""
    clock = timers.open_clock(incident, Timer.Kind.HANDLING)
    if incident.status != Status.HANDLING or clock is None:
        raise ActionRefused("wrong_state", _("The case has to be in hand for this."))
    return open_lead(incident), clock


def _check_extension(incident: Incident, clock: Timer, until: datetime) -> None:
    if until <= clock.due_at:
        raise InvalidInput("until", "not_later", _("An extension ends after the case is due now."))
    if until > latest_extension(clock):
        raise InvalidInput("until", "too_long", _("An extension is no longer than the limit itself."))
    refuse_beyond(incident, until, field="until")


def _check_suspension(incident: Incident, until: datetime, *, at: datetime) -> None:
    if until <= at:
        raise InvalidInput("until", "past", _("This time has passed. Give a later one."))
    if until - at > SUSPENSION_MOST:
        raise InvalidInput(
            "until", "too_long", _("At most %(days)d days at a time.") % {"days": SUSPENSION_MOST.days}
        )
    refuse_beyond(incident, until, field="until")


def _breach_of(incident: Incident, timer: int | None, actor: Actor) -> FiredStage:
    found = FiredStage.objects.filter(timer__incident=incident, stage="breach")
    if actor.user is not None:
        covered = [grant.unit for grant in viewer_of(actor.user).with_roles(Role.HANDLER)]
        mine = OrgUnit.objects.none()
        for unit in covered:
            mine = mine | OrgUnit.objects.within(unit)
        found = breaches.of_units(incident, mine)
    if timer is not None:
        found = found.filter(timer=timer)
    found = found.filter(timer__assignment__isnull=False)
    breached = found.select_related("timer__assignment__unit").order_by("pk").last()
    if breached is None:
        raise ActionRefused("nothing_breached", _("Your unit has no overdue clock on this case."))
    return breached
