"""Giving an instruction, and taking it back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from accounts.roles import Role
from incidents import cases, policy, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.instructing import reach
from incidents.instructing.telling import BEFORE, tell
from incidents.models import Incident, Instruction, InstructionPart
from incidents.numbers import district_day

# The farthest time that a report may be owed by.
LONGEST = timedelta(days=180)
UNITS_MOST = 30
CASES_MOST = 50


@transaction.atomic(durable=True)
def give(
    *,
    office: str,
    words: str,
    units: Sequence[str],
    due_at: datetime,
    given_by: User | None = None,
    cases_about: Sequence[str] = (),
    actor: Actor,
    at: datetime,
) -> Instruction:
    """Instruct units to do something and to report by a time, about cases or about none.

    A leader speaks for themselves; a supervisor of the same office names whose words they write down
    (`given_by`). Raises ActionRefused and InvalidInput.
    """
    assert actor.user is not None
    numbers = list(dict.fromkeys(cases_about))
    if len(numbers) > CASES_MOST:
        raise InvalidInput("cases", "too_many", _("At most %(most)d cases.") % {"most": CASES_MOST})
    # cases before anything else is locked, as everywhere
    held = cases.hold_all(*numbers, actor=actor, action=None, at=at) if numbers else []
    grant = reach.offices(actor.user).get(office)
    if grant is None:
        raise ActionRefused("not_allowed", _("You do not instruct in the name of this office."))
    source = OrgUnit.objects.get(pk=office)
    leader = _speaker(source, actor.user, grant.role, given_by)
    addressed = _addressed(source, units)
    if not at < due_at <= at + LONGEST:
        raise InvalidInput("due_at", "range", _("The report is due within 180 days from now."))
    _refuse_unseen(actor.user, held)
    text = cases.store_text(words, at=at, field="words")
    given = Instruction.objects.create(
        number=draw_number(at=at),
        office=source,
        given_by=leader,
        recorded_by=actor.user,
        words=text,
        given_at=at,
    )
    given.cases.set(held)
    parts = InstructionPart.objects.bulk_create(
        # what is due within a day needs no second word about it
        InstructionPart(
            instruction=given, unit=unit, due_at=due_at, warned_at=at if due_at <= at + BEFORE else None
        )
        for unit in addressed
    )
    for incident in held:
        cases.save(incident)
        timeline.record(
            timeline.Kind.INSTRUCTED,
            incident_id=incident.pk,
            at=at,
            actor=actor,
            instruction=given.pk,
            number=given.number,
            unit=source.code,
            units=[unit.code for unit in addressed],
            due_at=due_at.isoformat(),
        )
    for part in parts:
        for receiver in (f"head:{part.unit_id}", f"unit:{part.unit_id}"):
            tell("given", given, part, receiver=receiver, at=at)
    return given


@transaction.atomic(durable=True)
def withdraw(*, number: str, reason: str, actor: Actor, at: datetime) -> Instruction:
    """Take an instruction back, with a reason: nobody owes a report any more."""
    assert actor.user is not None
    given = hold(number)
    if reach.judging_grant(actor.user, given) is None:
        raise ActionRefused("not_allowed", _("Only the office that gave it takes it back."))
    refuse_ended(given)
    given.reason = cases.store_text(reason, at=at, field="reason")
    given.ended_at, given.end = at, Instruction.End.WITHDRAWN
    given.save(update_fields=["reason", "ended_at", "end"])
    open_parts = list(given.parts.filter(ended_at__isnull=True).order_by("pk"))
    given.parts.filter(pk__in=[part.pk for part in open_parts]).update(
        state=InstructionPart.State.WITHDRAWN, ended_at=at
    )
    record(timeline.Kind.INSTRUCTION_WITHDRAWN, given, actor=actor, at=at)
    for part in open_parts:
        tell("withdrawn", given, part, receiver=f"unit:{part.unit_id}", at=at)
    return given


def hold(number: str) -> Instruction:
    """Lock an instruction; raises ActionRefused where there is none."""
    found = (
        Instruction.objects.select_for_update(of=("self",), no_key=True)
        .select_related("office", "given_by")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise ActionRefused("not_found", _("There is no instruction %(number)s.") % {"number": number})
    return found


def refuse_ended(given: Instruction) -> None:
    """Nothing is said any more to an instruction that is over (ActionRefused)."""
    if given.ended_at is not None:
        raise ActionRefused(
            "ended", _("The instruction is over: %(how)s.") % {"how": given.get_end_display()}
        )


def record(kind: timeline.Kind, given: Instruction, *, actor: Actor, at: datetime, **data: object) -> None:
    """A line on every case that it is about."""
    for incident_id in given.cases.order_by("pk").values_list("pk", flat=True):
        timeline.record(
            kind,
            incident_id=incident_id,
            at=at,
            actor=actor,
            instruction=given.pk,
            number=given.number,
            **data,
        )


def draw_number(*, at: datetime) -> str:
    """A fresh number, PS20260709-0042. The serial runs on over the days: gaps, and no lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_instruction_serial')")
        return f"PS{district_day(at):%Y%m%d}-{cursor.fetchone()[0]:04d}"


def _speaker(office: OrgUnit, user: User, role: str, given_by: User | None) -> User:
    if role == Role.LEADER and (given_by is None or given_by == user):
        return user
    if given_by is None:
        raise InvalidInput("given_by", "required", _("Say whose instruction it is."))
    if not reach.leaders_of(office).filter(pk=given_by.pk).exists():
        raise InvalidInput("given_by", "unknown", _("This is no leader of that office."))
    return given_by


def _addressed(office: OrgUnit, codes: Sequence[str]) -> list[OrgUnit]:
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        raise InvalidInput("units", "required", _("Name at least one unit."))
    if len(wanted) > UNITS_MOST:
        raise InvalidInput("units", "too_many", _("At most %(most)d units.") % {"most": UNITS_MOST})
    found = list(reach.units_under(office).filter(code__in=wanted))
    if len(found) < len(wanted):
        raise InvalidInput("units", "unknown", _("A unit is not open, or not under this office."))
    return found


def _refuse_unseen(user: User, held: Sequence[Incident]) -> None:
    seen = Incident.objects.filter(policy.visible(user), pk__in=[case.pk for case in held]).count()
    if seen < len(held):
        raise InvalidInput("cases", "unknown", _("A case is not yours to see."))
