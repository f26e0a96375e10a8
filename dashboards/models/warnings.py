"""突发、苗头、热点: what somebody should look at, the evidence for it, and what people made of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from incidents.models import Incident, Text


class Warning(models.Model):
    """One thing that grows: found by a sweep, followed while it lasts, ended when it is over.

    Evidence is codes, counts and ids of cases; a theme's words have passed the filters of themes.py.
    Never a name, a number or a sentence. What people do with it never changes what was measured.
    """

    class Kind(models.TextChoices):
        BURST = "burst", _("Burst")
        THEME = "theme", _("Emerging theme")
        REPEAT = "repeat", _("Repeats")

    class Status(models.TextChoices):
        """What people made of it; whether it goes on is `ended_at`."""

        OPEN = "open", _("Not looked at")
        CLAIMED = "claimed", _("Being looked at")
        SUPERVISED = "supervised", _("Under supervision")
        PROJECT = "project", _("Made a project")
        DISMISSED = "dismissed", _("Set aside")

    class Stream(models.TextChoices):
        PEOPLE = "people", _("Residents and patrols")
        DEVICES = "devices", _("Devices")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    # What it is about, in codes: a sweep that finds it again follows the row that is there.
    key = models.CharField(max_length=120)
    # Which rule found it, "burst/1": numbers of different rules are not compared.
    rule = models.CharField(max_length=24)
    stream = models.CharField(max_length=8, choices=Stream.choices, default=Stream.PEOPLE)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    # Was it worth looking? Nothing until somebody says so.
    useful = models.BooleanField(null=True, blank=True)
    # Who looks at it now, and when those who should know were told of it.
    claimed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    project = models.ForeignKey(
        "dashboards.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="warnings"
    )

    # Where: a community, else a street, else the district (both empty).
    street_code = models.CharField(max_length=15, blank=True)
    community_code = models.CharField(max_length=15, blank=True)
    # What: a category and its domain, a domain alone, or neither (themes).
    domain_code = models.CharField(max_length=4, blank=True)
    category_code = models.CharField(max_length=4, blank=True)
    # The unit that most of its cases lie with.
    unit_code = models.CharField(max_length=64, blank=True)
    # A theme's phrases, the most telling first.
    terms = ArrayField(models.CharField(max_length=24), default=list, blank=True)

    since = models.DateTimeField()  # its first hour
    until = models.DateTimeField()  # the end of what was measured
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last sweep that found it going on
    ended_at = models.DateTimeField(null=True, blank=True)

    # Measured in the window that tells most: distinct reporters against what was to be expected, with the
    # interval that holds 95 of 100 such counts when nothing is the matter.
    window_hours = models.PositiveIntegerField()
    observed = models.PositiveIntegerField()
    expected = models.FloatField()
    expected_low = models.FloatField(default=0)
    expected_high = models.FloatField()
    # -log10 of the chance of as many or more by accident; each step of one is ten times rarer.
    surprise = models.FloatField(default=0)
    case_count = models.PositiveIntegerField(default=0)  # all of it, since it began
    reporter_count = models.PositiveIntegerField(default=0)
    # burst: {"cells": [[community, category, observed, expected], …],
    #         "hours": [[iso, observed, expected], …]}
    # theme: {"days": [[day, reporters], …], "past": share of reporters before, "now": share now,
    #         "categories": [[code, cases], …]}
    # repeat: {"threshold": n, "days": n, "by": "place"|"reporter"}
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            # However many sweeps see it, it is one warning as long as it goes on.
            models.UniqueConstraint(
                fields=["kind", "key"], name="warning_once", condition=Q(ended_at__isnull=True)
            ),
        ]
        indexes = [
            # lists: newest first, all of them or those not looked at yet
            models.Index(fields=["-found_at", "-id"], name="warning_found"),
            models.Index(fields=["status", "-found_at", "-id"], name="warning_status"),
            models.Index(fields=["kind", "key", "-found_at"], name="warning_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.since:%Y-%m-%d %H:%M}"


class WarningCase(models.Model):
    """A case that a warning rests on."""

    warning = models.ForeignKey(Warning, on_delete=models.CASCADE, related_name="cases")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["warning", "incident"], name="warning_case_once")]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.incident_id}"


class RepeatRule(models.Model):
    """How often is too often: so many cases within so many days at one place or of one person."""

    class By(models.TextChoices):
        PLACE = "place", _("Same place, same matter")
        REPORTER = "reporter", _("Same person, same kind of matter")

    by = models.CharField(max_length=8, choices=By.choices)
    # A category or a domain by its code; empty: all of them. The most special rule that fits is the one.
    matter_code = models.CharField(max_length=4, blank=True)
    # Of a street alone, and then stricter than the district's; empty: of the whole district.
    street_code = models.CharField(max_length=15, blank=True, default="")
    days = models.PositiveSmallIntegerField(default=30)  # pairs are kept for as long: incidents/repeats.py
    at_least = models.PositiveSmallIntegerField()  # cases
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("by", "matter_code", "street_code")
        constraints = [
            models.UniqueConstraint(fields=["by", "matter_code", "street_code"], name="repeat_rule_once"),
            models.CheckConstraint(
                condition=Q(at_least__gte=2) & Q(days__gte=1, days__lte=30), name="repeat_rule_bounds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.matter_code or '*'}: {self.at_least} in {self.days} days"


class RepeatRuleRevision(models.Model):
    """One change of a rule, with who made it and why: only ever added to, the database refuses changes."""

    by = models.CharField(max_length=8, choices=RepeatRule.By.choices)
    matter_code = models.CharField(max_length=4, blank=True)
    street_code = models.CharField(max_length=15, blank=True, default="")
    # What it said until then: {"days", "at_least", "is_active"}; empty where there was none.
    before = models.JSONField(default=dict, blank=True)
    days = models.PositiveSmallIntegerField()
    at_least = models.PositiveSmallIntegerField()
    is_active = models.BooleanField()
    words = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        indexes = [
            # a rule's own history, and how long it is
            models.Index(fields=["by", "matter_code", "street_code", "id"], name="repeat_revision_of"),
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.matter_code or '*'} {self.changed_at:%Y-%m-%d}"


class CountedDay(models.Model):
    """What came in on a day, by hour, community and category: what later days are measured against.

    One row a day, counted when the day has settled. `counts` is an array of counting.VOICE as bytes: a
    district of ten million cases has some hundred kilobytes of it a day, read without a row for each.
    """

    day = models.DateField(primary_key=True)  # Asia/Shanghai
    voices = models.PositiveIntegerField()
    counts = models.BinaryField()

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day}: {self.voices}"


class WarningSweep(models.Model):
    """How far each kind of sweep has looked, by the district's clock."""

    name = models.CharField(max_length=16, primary_key=True)
    swept_to = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} to {self.swept_to}"


class PastTalk(models.Model):
    """How often each phrase was said before: what a new one is known by.

    One row. Phrases are hashes of two to six characters, so nothing can be read from it; counts halve in
    eight weeks, and what was said too seldom is dropped, so it stays some tens of megabytes however long
    the district talks.
    """

    until = models.DateField()  # the first day that is not in it
    reporters = models.FloatField()  # as decayed as the counts
    hashes = models.BinaryField()  # uint64, sorted
    counts = models.BinaryField()  # float32, of reporters

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"until {self.until}"
