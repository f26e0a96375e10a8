"""Keeping a unit's duty roster: who may, and what a roster refuses. `at` comes in, aware."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.duty import LONGEST_SHIFT, DutyShift
from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from accounts.viewer import Reach, Viewer

WEEK = timedelta(days=7)
FURTHEST = timedelta(days=366)
# A shift may be typed in while its hour strikes.
JUST_NOW = timedelta(hours=1)
MOST_REPEATED = 31


class RosterRefused(Exception):
    """What cannot stand on a roster: the field at fault ("" for the whole), and why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Span(Protocol):
    """Anything that lasts from one instant to another."""

    @property
    def starts_at(self) -> datetime: ...

    @property
    def ends_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which nobody is on duty."""

    starts_at: datetime
    ends_at: datetime


def gaps(shifts: Iterable[Span], since: datetime, until: datetime) -> list[Gap]:
    """When nobody is on duty between two instants, in order."""
    found, covered = [], since
    for shift in sorted(shifts, key=lambda one: one.starts_at):
        if shift.starts_at >= until:
            break
        if shift.starts_at > covered:
            found.append(Gap(covered, shift.starts_at))
        covered = max(covered, shift.ends_at)
    if covered < until:
        found.append(Gap(covered, until))
    return found


def may_see(viewer: Viewer, unit: OrgUnit) -> bool:
    """The centre's people look up any unit; others see their own units and what stands below them."""
    if viewer.with_roles(Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR):
        return True
    return any(grant.covers(unit) for grant in viewer.with_roles(Role.HANDLER, Role.LEADER))


def may_edit(viewer: Viewer, unit: OrgUnit) -> bool:
    """The unit's own handlers and leaders, a leader for what stands below, and the district's desk."""
    for grant in viewer.grants:
        if grant.role in (Role.SUPERVISOR, Role.DISPATCHER) and grant.reach == Reach.DISTRICT:
            return True
        if grant.role in (Role.HANDLER, Role.LEADER) and grant.unit.code == unit.code:
            return True
        # The district's own leader looks at everything and keeps nobody's roster.
        if grant.role == Role.LEADER and grant.reach != Reach.DISTRICT and grant.covers(unit):
            return True
    return False


def members(unit: OrgUnit) -> "list[User]":
    """Who can be put on this unit's roster: its own people who can act for it."""
    able = Membership.objects.able(timezone.now()).filter(unit=unit)
    return list(User.objects.filter(pk__in=able.values("user")).order_by("username"))


def add_shifts(
    *,
    unit: OrgUnit,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    phone: str,
    days: int,
    viewer: Viewer,
    at: datetime,
) -> list[DutyShift]:
    """Put a person on duty, on so many days in a row at the same hours: all of them, or none."""
    _guard(viewer, unit)
    if not 1 <= days <= MOST_REPEATED:
        raise RosterRefused("days", _("Between 1 and %(most)d days.") % {"most": MOST_REPEATED})
    made = [
        DutyShift(
            unit=unit,
            user=user,
            starts_at=starts_at + timedelta(days=day),
            ends_at=ends_at + timedelta(days=day),
            phone=phone,
        )
        for day in range(days)
    ]
    for shift in made:
        _check(shift, at)
        if shift.starts_at < at - JUST_NOW:
            raise RosterRefused("starts_at", _("Nobody is put on duty for a time that has passed."))
    try:
        with transaction.atomic(durable=True):
            for shift in made:
                shift.save()
    except IntegrityError as error:
        raise _refusal(error) from error
    return made


def change_shift(
    shift: DutyShift,
    *,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    phone: str,
    viewer: Viewer,
    at: datetime,
) -> DutyShift:
    """Put another person, other hours or another number into a shift that has not begun.

    Of one that runs only the number and the end change: who should have taken a call stays on record.
    """
    _guard(viewer, shift.unit)
    _not_over(shift, at)
    if shift.starts_at <= at and (user.pk, starts_at) != (shift.user_id, shift.starts_at):
        raise RosterRefused("", _("This shift is running: end it now, and let another one begin."))
    shift.user, shift.starts_at, shift.ends_at, shift.phone = user, starts_at, ends_at, phone
    _check(shift, at)
    try:
        with transaction.atomic(durable=True):
            shift.save()
    except IntegrityError as error:
        raise _refusal(error) from error
    return shift


@transaction.atomic(durable=True)
def remove_shift(shift: DutyShift, *, viewer: Viewer, at: datetime) -> None:
    """Take a shift off the roster. One that runs ends now, and one that has ended stays: they say who was
    to be called."""
    _guard(viewer, shift.unit)
    _not_over(shift, at)
    if shift.starts_at < at:
        shift.ends_at = at
        shift.save(update_fields=["ends_at"])
    else:
        shift.delete()


@transaction.atomic(durable=True)
def copy_week(*, unit: OrgUnit, week: datetime, viewer: Viewer, at: datetime) -> tuple[int, int]:
    """Put the shifts of the week before `week` (its first instant) into it; answers (copied, left out).

    Left out: what is over already, who has left the unit, and who is on duty then anyway.
    """
    _guard(viewer, unit)
    before = DutyShift.objects.filter(unit=unit, starts_at__gte=week - WEEK, starts_at__lt=week)
    copies = [
        DutyShift(
            unit=unit,
            user_id=shift.user_id,
            starts_at=shift.starts_at + WEEK,
            ends_at=shift.ends_at + WEEK,
            phone=shift.phone,
        )
        for shift in before.standing()
        if shift.ends_at + WEEK > at
    ]
    known = DutyShift.objects.filter(unit=unit, starts_at__gte=week, starts_at__lt=week + WEEK)
    had = known.count()
    # The exclusion constraint says who is on duty already; two people copying at once copy once.
    DutyShift.objects.bulk_create(copies, ignore_conflicts=True)
    copied = known.count() - had
    return copied, before.count() - copied


def _guard(viewer: Viewer, unit: OrgUnit) -> None:
    if not may_edit(viewer, unit):
        raise RosterRefused("", _("You cannot change this unit's roster."))


def _not_over(shift: DutyShift, at: datetime) -> None:
    if shift.ends_at <= at:
        raise RosterRefused("", _("This shift is over: it stays as it was."))


def _check(shift: DutyShift, at: datetime) -> None:
    if shift.ends_at <= shift.starts_at:
        raise RosterRefused("ends_at", _("A shift ends after it starts."))
    if shift.ends_at - shift.starts_at > LONGEST_SHIFT:
        raise RosterRefused("ends_at", _("A shift lasts 7 days at most."))
    if shift.ends_at <= at:
        raise RosterRefused("ends_at", _("This shift would be over already."))
    if shift.starts_at > at + FURTHEST:
        raise RosterRefused("starts_at", _("That is more than a year ahead."))
    able = Membership.objects.able(timezone.now())
    if not able.filter(user=shift.user, unit=shift.unit).exists():
        raise RosterRefused("user", _("Only people of this unit can be on its roster."))


def _refusal(error: IntegrityError) -> RosterRefused:
    """What the database refused, in words; what it refused for another reason goes on."""
    if "dutyshift_one_at_a_time" in str(error):
        return RosterRefused("user", _("This person is on duty at that time already."))
    raise error
