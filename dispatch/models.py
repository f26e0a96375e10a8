"""What the district's matters are, whose they are, and which days it works."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from accounts.models import OrgUnit, User
from dispatch.vocabulary import Level, Source, Urgency


def _words(length: int) -> ArrayField:
    """A column of short words, empty by default."""
    return ArrayField(models.CharField(max_length=length), default=list, blank=True)


class Category(models.Model):
    """事件类别: one of the district's kinds of event, in a domain (大类)."""

    code = models.CharField(max_length=8, primary_key=True)
    domain_code = models.CharField(max_length=4, db_index=True)
    domain_zh = models.CharField(max_length=40)
    domain_en = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=120)
    scope_zh = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ("code",)
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh

    @property
    def domain(self) -> str:
        """The domain's name in the reader's language."""
        return self.domain_en if (get_language() or "").startswith("en") else self.domain_zh


class ResponsibilityListQuerySet(models.QuerySet["ResponsibilityList"]):
    def live(self) -> "ResponsibilityListQuerySet":
        """The version that decides now; at most one, by constraint."""
        return self.filter(state=ResponsibilityList.State.LIVE)


class ResponsibilityList(models.Model):
    """权责清单: one dated version of the whole list."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PROPOSED = "proposed"
        LIVE = "live"
        SUPERSEDED = "superseded"

    version = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    title = models.CharField(max_length=120)
    # SHA-256 of the items as loaded: loading the same file again changes nothing.
    content_hash = models.CharField(max_length=64, blank=True)
    live_from = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = ResponsibilityListQuerySet.as_manager()

    class Meta:
        ordering = ("version",)
        constraints = [
            # Also the index behind the probe that every batch of decisions makes.
            models.UniqueConstraint(fields=["state"], condition=Q(state="live"), name="one_live_list"),
            models.CheckConstraint(
                condition=~Q(state__in=["live", "superseded"]) | Q(live_from__isnull=False),
                name="live_list_has_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} · {self.version}"

    def go_live(self, *, at: datetime) -> None:
        """Make this version the one that decides; call inside a transaction.

        Cases already dispatched keep the decision they carry.
        """
        ResponsibilityList.objects.live().exclude(pk=self.pk).update(
            state=self.State.SUPERSEDED, superseded_at=at
        )
        self.state, self.live_from = self.State.LIVE, at
        self.save(update_fields=["state", "live_from"])


class ResponsibilityItem(models.Model):
    """权责事项: a matter, the conditions under which it is this matter, its unit and its limits.

    Units are codes, or relative to the place (`@street/enforcement`): see dispatch.units.
    """

    list = models.ForeignKey(ResponsibilityList, on_delete=models.CASCADE, related_name="items")
    code = models.CharField(max_length=16)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="items")
    matter_zh = models.CharField(max_length=120)
    filing_condition_zh = models.TextField(blank=True)
    closing_condition_zh = models.TextField(blank=True)
    keywords = _words(40)
    owners = _words(64)
    place_types = _words(24)
    sources = _words(16)
    hours = models.CharField(max_length=11, blank=True)
    lead_unit = models.CharField(max_length=64)
    support_units = _words(64)
    follow_up_unit = models.CharField(max_length=64, blank=True)
    supervising_unit = models.CharField(max_length=64, blank=True)
    level = models.CharField(max_length=1, choices=Level.choices)
    urgency = models.CharField(max_length=10, choices=Urgency.choices)
    dispatch_minutes = models.PositiveIntegerField()
    accept_minutes = models.PositiveIntegerField()
    handle_limit = models.CharField(max_length=8)
    legal_basis = models.TextField(blank=True)

    class Meta:
        ordering = ("list", "code")
        constraints = [
            models.UniqueConstraint(fields=["list", "code"], name="item_once_per_list"),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="item_level_known"),
            models.CheckConstraint(condition=Q(urgency__in=Urgency.values), name="item_urgency_known"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.matter_zh}"

    @property
    def is_catch_all(self) -> bool:
        """The category's item without conditions."""
        return not (self.keywords or self.owners or self.place_types or self.sources or self.hours)


class SourceCategory(models.Model):
    """A source's own name for a category, and ours."""

    source = models.CharField(max_length=16, choices=Source.choices)
    name = models.CharField(max_length=120)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="source_names")

    class Meta:
        ordering = ("source", "name")
        verbose_name_plural = "source categories"
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="source_name_once")]

    def __str__(self) -> str:
        return f"{self.source}: {self.name} → {self.category_id}"


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
