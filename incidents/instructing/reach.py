"""Who instructs whom, who reports, who judges: by the office that a role is held in."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Grant, Reach, viewer_of
from incidents.models import Instruction, InstructionPart, InstructionReport

# A leader instructs, and a supervisor writes down what a leader said.
GIVING = (Role.LEADER, Role.SUPERVISOR)
# Whoever works for the unit reports, or its head.
REPORTING = (Role.HANDLER, Role.LEADER)
ROLES = (Role.LEADER, Role.SUPERVISOR, Role.HANDLER)


def offices(user: User | AnonymousUser) -> dict[str, Grant]:
    """The offices in whose name `user` may instruct, by code, with the role that allows it.

    The district's people stand for the district; a street's for its street office. Two queries at most.
    """
    found: dict[str, Grant] = {}
    for grant in _oversight(user):
        code = office_of(grant)
        # where both roles are held, the leader's own word goes first
        if code and (code not in found or grant.role == Role.LEADER):
            found[code] = grant
    return found


def office_of(grant: Grant) -> str:
    """The office that a role of the district's or a street's reach stands for; empty where there is none."""
    if grant.unit.kind in (OrgUnit.Kind.DISTRICT, OrgUnit.Kind.STREET_OFFICE):
        return grant.unit.code
    kind = OrgUnit.Kind.DISTRICT if grant.reach == Reach.DISTRICT else OrgUnit.Kind.STREET_OFFICE
    wanted = OrgUnit.objects.filter(kind=kind)
    if grant.reach == Reach.STREET:
        wanted = wanted.filter(area_code=grant.unit.area_code)
    return wanted.order_by("path").values_list("code", flat=True).first() or ""


def leaders_of(office: OrgUnit | str) -> QuerySet[User]:
    """Who may sign for an office."""
    code = office if isinstance(office, str) else office.code
    held = Membership.objects.able(timezone.now()).filter(unit=code, role=Role.LEADER)
    return User.objects.filter(pk__in=held.values("user")).order_by("pk")


def units_under(office: OrgUnit) -> QuerySet[OrgUnit]:
    """Whom an office may instruct: the district everybody, a street what stands in the street."""
    units = OrgUnit.objects.open().exclude(pk=office.pk).exclude(kind=OrgUnit.Kind.DISTRICT)
    if office.kind == OrgUnit.Kind.DISTRICT:
        return units
    return units.filter(area_code__startswith=office.area_code[:9])


def visible(user: User | AnonymousUser) -> Q:
    """The condition under which `user` may read an instruction."""
    seen = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(*ROLES):
        if grant.role in GIVING and grant.reach == Reach.DISTRICT:
            return Q()
        if grant.role in GIVING and grant.reach == Reach.STREET:
            # What comes from the street, and what units of the street owe to the district.
            inside = OrgUnit.objects.filter(area_code__startswith=grant.unit.area_code[:9])
            owed = InstructionPart.objects.filter(unit__in=inside)
            seen |= Q(office__in=inside) | Q(pk__in=owed.values("instruction"))
        else:
            seen |= Q(pk__in=owed_by(grant).values("instruction"))
    return seen


def _oversight(user: User | AnonymousUser) -> list[Grant]:
    return [grant for grant in viewer_of(user).with_roles(*GIVING) if grant.reach != Reach.UNIT]


def parts_watched(user: User | AnonymousUser) -> Q:
    """The condition on the parts whose lateness is `user`'s business: the district's people watch all, a
    street's those of the street and those that it waits for, a unit its own."""
    watched = Q(pk__in=[])
    for grant in _oversight(user):
        if grant.reach == Reach.DISTRICT:
            return Q()
        inside = OrgUnit.objects.filter(area_code__startswith=grant.unit.area_code[:9])
        watched |= Q(unit__in=inside) | Q(instruction__office__in=inside)
    for grant in viewer_of(user).with_roles(*REPORTING):
        watched |= Q(pk__in=owed_by(grant))
    return watched


def oversees(user: User | AnonymousUser, unit: OrgUnit) -> bool:
    """Does `user` read what a unit reports, whoever instructed it? The district, and a street of its own."""
    return any(
        grant.reach == Reach.DISTRICT or unit.area_code.startswith(grant.unit.area_code[:9])
        for grant in _oversight(user)
    )


def owed_by(grant: Grant) -> QuerySet[InstructionPart]:
    """The parts of a grant's unit and of those below it."""
    return InstructionPart.objects.filter(unit__in=OrgUnit.objects.within(grant.unit).values("code"))


def reporting_grant(user: User | AnonymousUser, part: InstructionPart) -> Grant | None:
    """The role under which `user` reports for a unit; who instructed it does not report to themselves."""
    if part.instruction.given_by_id == getattr(user, "pk", None):
        return None
    for grant in viewer_of(user).with_roles(*REPORTING):
        if grant.reach != Reach.DISTRICT and grant.covers(part.unit):
            return grant
    return None


def judging_grant(user: User | AnonymousUser, instruction: Instruction) -> Grant | None:
    """The role under which `user` answers the reports to an instruction, or withdraws it."""
    return offices(user).get(instruction.office_id)


def parts_to_report(user: User | AnonymousUser) -> Q | None:
    """The condition on parts that wait for a report by `user`; None for whoever reports nothing."""
    found: Q | None = None
    for grant in viewer_of(user).with_roles(*REPORTING):
        if grant.reach == Reach.DISTRICT:
            continue
        inside = Q(unit__in=OrgUnit.objects.within(grant.unit).values("code"))
        found = inside if found is None else found | inside
    if found is None:
        return None
    return found & Q(state=InstructionPart.State.WAITING) & ~Q(instruction__given_by=user.pk)


def parts_to_judge(user: User | AnonymousUser) -> Q | None:
    """The condition on parts whose report waits for `user`'s word; None for whoever judges nothing."""
    own = offices(user)
    if not own:
        return None
    written = InstructionReport.objects.filter(
        part=OuterRef("pk"), judged_at__isnull=True, reported_by=user.pk
    )
    waiting = Q(instruction__office__in=list(own), state=InstructionPart.State.REPORTED)
    return waiting & ~Q(Exists(written))
