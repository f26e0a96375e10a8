"""Who takes the call: the duty roster of each unit. Instants are UTC; people read them as district time."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import OrgUnit

LONGEST_SHIFT = timedelta(days=7)


class DutyShiftQuerySet(models.QuerySet["DutyShift"]):
    def standing(self) -> "DutyShiftQuerySet":
        """Shifts of people who still work there: who has left is not called."""
        from accounts.models import Membership

        works_there = Membership.objects.filter(user=OuterRef("user"), unit=OuterRef("unit"))
        return self.filter(Exists(works_there), user__is_active=True)

    def at(self, at: datetime) -> "DutyShiftQuerySet":
        """Shifts that run at this instant; the end is no longer part of one."""
        return self.filter(starts_at__lte=at, ends_at__gt=at)

    def touching(self, since: datetime, until: datetime) -> "DutyShiftQuerySet":
        """Shifts that run at any time between these two instants."""
        return self.filter(starts_at__lt=until, ends_at__gt=since)

    def on_duty(self, unit_codes: Iterable[str], at: datetime) -> dict[str, list["DutyShift"]]:
        """Who takes the call now, by unit: of the unit itself, or of its nearest ancestor that has somebody.

        A unit for which nobody is on duty anywhere above has an empty list. Two queries.
        """
        from accounts.models import OrgUnit

        return self.on_duty_of(OrgUnit.objects.filter(code__in=set(unit_codes)), at)

    def on_duty_of(self, units: Iterable["OrgUnit"], at: datetime) -> dict[str, list["DutyShift"]]:
        """The same for units at hand, in one query."""
        ways = {unit.code: unit.path.split(">")[::-1] for unit in units}
        running = self._running(ways, at)
        return {
            unit: next((running[code] for code in way if code in running), []) for unit, way in ways.items()
        }

    def to_call(
        self, units: Iterable["OrgUnit"], at: datetime, *, else_at: str
    ) -> dict[str, list["DutyShift"]]:
        """Who can be telephoned for each unit now: on duty at the nearest unit upwards with a number to ring,
        else at `else_at`; those without a number come last, and alone only where nobody has one. One query.
        """
        ways = {unit.code: [*unit.path.split(">")[::-1], else_at] for unit in units}
        running = self._running(ways, at)
        found: dict[str, list[DutyShift]] = {}
        for unit, way in ways.items():
            manned = [running[code] for code in way if code in running]
            rung = next((shifts for shifts in manned if any(shift.calls for shift in shifts)), None)
            found[unit] = sorted(rung or next(iter(manned), []), key=lambda shift: not shift.calls)
        return found

    def _running(self, ways: Mapping[str, Iterable[str]], at: datetime) -> dict[str, list["DutyShift"]]:
        """The shifts of now, by unit."""
        running: dict[str, list[DutyShift]] = {}
        shifts = self.standing().at(at).filter(unit__in={code for way in ways.values() for code in way})
        for shift in shifts.select_related("user", "unit").order_by("starts_at", "pk"):
            running.setdefault(shift.unit_id, []).append(shift)
        return running


class DutyShift(models.Model):
    """值班: one person takes a unit's calls from one instant to another."""

    unit = models.ForeignKey("accounts.OrgUnit", on_delete=models.PROTECT, related_name="duty_shifts")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="duty_shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # The desk's telephone of that night, where it is not the person's own.
    phone = models.CharField(max_length=20, blank=True)

    objects = DutyShiftQuerySet.as_manager()

    class Meta:
        ordering = ("starts_at", "pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="dutyshift_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__lte=F("starts_at") + Value(LONGEST_SHIFT)),
                name="dutyshift_a_week_at_most",
            ),
            # Nobody can be in two places. The person as a range of one number: that needs no extension.
            ExclusionConstraint(
                name="dutyshift_one_at_a_time",
                expressions=[
                    (
                        Func(F("user"), F("user"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(
                            F("starts_at"),
                            F("ends_at"),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("This person is on duty at that time already."),
            ),
        ]
        # the roster's week, and who is on duty now
        indexes = [models.Index(fields=["unit", "ends_at", "starts_at"], name="dutyshift_of_unit")]

    def __str__(self) -> str:
        return f"{self.unit_id} · {self.user_id} · {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def calls(self) -> str:
        """The number to ring: the shift's, or else the person's own."""
        return self.phone or self.user.phone
