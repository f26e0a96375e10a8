"""Which days and hours the district works, and every state that this was in."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import OrgUnit, User


class CalendarYear(models.Model):
    """A year of the work calendar. Until the State Council's notice is out, its days are a forecast."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    confirmed = models.BooleanField(default=False)
    # Empty where the published tables have the notice.
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("year",)

    def __str__(self) -> str:
        return str(self.year)


class CalendarDay(models.Model):
    """A day that differs from the plain week: a holiday, or a weekend day that is worked."""

    date = models.DateField(primary_key=True)
    year = models.ForeignKey(CalendarYear, on_delete=models.CASCADE, related_name="days")
    is_working = models.BooleanField()
    name_zh = models.CharField(max_length=80)
    # Set by the district itself: loading the published days again leaves it as it is.
    by_hand = models.BooleanField(default=False)

    class Meta:
        ordering = ("date",)

    def __str__(self) -> str:
        return f"{self.date} {self.name_zh}"


class WorkingHours(models.Model):
    """上班时间: when a unit and those below it work; without a unit, the district's default."""

    unit = models.OneToOneField(
        OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="working_hours"
    )
    periods = models.CharField(max_length=80)  # as dispatch.calendar.parse_periods reads them
    weekdays = ArrayField(models.PositiveSmallIntegerField())  # 0 is Monday
    # Holidays off and make-up days worked, like the offices; else the week alone counts.
    follows_holidays = models.BooleanField(default=True)
    # Work stops where the district declares a stop; units on watch work on.
    follows_stoppages = models.BooleanField(default=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("unit",)
        verbose_name_plural = "working hours"
        constraints = [
            # The column's own uniqueness lets several rows be without a unit.
            models.UniqueConstraint(fields=["unit"], nulls_distinct=False, name="one_default_of_hours"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id or 'district'}: {self.periods}"


class Stoppage(models.Model):
    """停工: a stretch in which the district has declared that no work is done, such as a typhoon."""

    reason = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Revoked before it began, it never was; revoked later, it ended then.
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("-starts_at", "-pk")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="stoppage_has_length"),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.starts_at} - {self.ends_at}"

    @property
    def ended_at(self) -> datetime:
        """When work goes on: not after the start where it was revoked before."""
        return self.ends_at if self.revoked_at is None else min(self.ends_at, self.revoked_at)


class CalendarEdition(models.Model):
    """The whole work calendar as it stood after one change; running clocks know which one reckoned them.

    Numbers come from a sequence under a lock: they only grow, and none is ever used again.
    """

    class Cause(models.TextChoices):
        DAYS = "days"
        HOURS = "hours"
        STOPPAGE = "stoppage"

    revision = models.AutoField(primary_key=True)
    made_at = models.DateTimeField()  # the district's clock: what was due before stands
    cause = models.CharField(max_length=12, choices=Cause.choices)
    snapshot = models.JSONField()
    # How many cases have had clocks moved because of it.
    moved = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("revision",)

    def __str__(self) -> str:
        return f"{self.revision} · {self.cause}"
