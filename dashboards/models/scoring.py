"""评分周期: figures that units are ranked by, frozen when published, and what was said and ruled about them.

An edition is what was published at one moment: the first is the publication, every later one a dated
revision. Editions, their standings, appeals, rulings and exclusions are only ever added to; the database
refuses changes (migration scoring_keeps).
"""

import calendar
from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from accounts.models import OrgUnit, User
from incidents.models import Incident, Outcome, Text


class ScoringPeriod(models.Model):
    """A month or a quarter: open until it is published, provisional while units may appeal, then final."""

    class Kind(models.TextChoices):
        MONTH = "month", pgettext_lazy("scoring period", "Month")
        QUARTER = "quarter", pgettext_lazy("scoring period", "Quarter")

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("scoring period", "Not published")
        PROVISIONAL = "provisional", pgettext_lazy("scoring period", "Published, appeals open")
        FINAL = "final", pgettext_lazy("scoring period", "Final")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    first = models.DateField()
    last = models.DateField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    formula = models.CharField(max_length=16, blank=True)  # the version that it was published by
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # the sweep that closes appeal windows asks for provisional periods by this
    appeals_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-first", "kind", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["kind", "first"], name="scoring_period_once"),
            models.CheckConstraint(condition=Q(first__lt=F("last")), name="scoring_period_has_days"),
            models.CheckConstraint(
                condition=Q(
                    status="open",
                    formula="",
                    published_at__isnull=True,
                    appeals_until__isnull=True,
                    closed_at__isnull=True,
                )
                | (
                    Q(status__in=["provisional", "final"], published_at__isnull=False)
                    & Q(appeals_until__isnull=False)
                    & ~Q(formula="")
                ),
                name="scoring_published_has_formula",
            ),
            models.CheckConstraint(
                condition=Q(status="final", closed_at__isnull=False)
                | (~Q(status="final") & Q(closed_at__isnull=True)),
                name="scoring_final_is_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["appeals_until"], name="scoring_window", condition=Q(status="provisional")),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """How addresses and files name it: 2026-06, or 2026-Q2."""
        if self.kind == self.Kind.MONTH:
            return f"{self.first:%Y-%m}"
        return f"{self.first.year}-Q{(self.first.month + 2) // 3}"

    @property
    def name(self) -> str:
        """The same in the reader's language."""
        year = self.first.year
        if self.kind == self.Kind.MONTH:
            return _("{year}-{month:02d}").format(year=year, month=self.first.month)
        return _("Quarter {quarter} of {year}").format(year=year, quarter=(self.first.month + 2) // 3)

    @property
    def is_published(self) -> bool:
        return self.status != self.Status.OPEN


def days_of(kind: str, day: date) -> tuple[date, date]:
    """The first and the last day of the month or quarter that `day` lies in."""
    month = day.month if kind == ScoringPeriod.Kind.MONTH else 3 * ((day.month - 1) // 3) + 1
    first = date(day.year, month, 1)
    end = month if kind == ScoringPeriod.Kind.MONTH else month + 2
    return first, date(day.year, end, calendar.monthrange(day.year, end)[1])


def day_before(kind: str, day: date) -> date:
    """The last day of the period before the one that `day` lies in."""
    return days_of(kind, day)[0] - timedelta(days=1)


class Edition(models.Model):
    """What was published at one moment: number 0 is the publication, the others are dated revisions."""

    class Cause(models.TextChoices):
        PUBLISHED = "published", pgettext_lazy("edition", "Publication")
        APPEAL = "appeal", pgettext_lazy("edition", "An appeal was upheld")
        LATE = "late", pgettext_lazy("edition", "Facts came or changed after publication")

    period = models.ForeignKey(ScoringPeriod, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=12, choices=Cause.choices)
    appeal = models.ForeignKey(
        "Appeal", on_delete=models.PROTECT, null=True, blank=True, related_name="editions"
    )
    formula = models.CharField(max_length=16)
    note = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("period", "number")
        constraints = [
            models.UniqueConstraint(fields=["period", "number"], name="scoring_edition_once"),
            models.CheckConstraint(
                condition=Q(number=0, cause="published") | (Q(number__gt=0) & ~Q(cause="published")),
                name="scoring_edition_zero",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period.key} · {self.number}"


class Standing(models.Model):
    """One row of one edition: a unit's, a street's or a community's figures, as they were then."""

    class League(models.TextChoices):
        DISTRICT = "district", pgettext_lazy("league", "The district")
        UNIT = "unit", pgettext_lazy("league", "Units")
        STREET = "street", pgettext_lazy("league", "Streets")
        COMMUNITY = "community", pgettext_lazy("league", "Communities")

    class Verdict(models.TextChoices):
        BETTER = "better", pgettext_lazy("verdict", "Better than the district")
        ALIKE = "alike", pgettext_lazy("verdict", "Level with the district")
        WORSE = "worse", pgettext_lazy("verdict", "Below the district")
        SMALL = "small", pgettext_lazy("verdict", "○ too few cases, not judged")

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="standings")
    league = models.CharField(max_length=12, choices=League.choices)
    code = models.CharField(max_length=64, blank=True)  # of a unit or an area; the district has none
    # As it was called then: units are renamed and closed.
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    # Counts and sums of seconds, and every indicator shown, in its own unit.
    counts = models.JSONField()
    seconds = models.JSONField()
    values = models.JSONField()
    unclosed = models.PositiveIntegerField(default=0)  # at publication, before anything was taken out
    excluded = models.PositiveIntegerField(default=0)  # cases taken out of these figures
    score = models.FloatField(null=True)  # of 100, as the formula says
    adjusted = models.FloatField(null=True)  # had its matters been the district's mix
    half = models.FloatField(null=True)  # half the 95 % interval around it
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    band = models.CharField(max_length=12, blank=True)
    handle_adjusted = models.FloatField(null=True)  # seconds
    handle_half = models.FloatField(null=True)
    handle_verdict = models.CharField(max_length=8, choices=Verdict.choices)

    class Meta:
        ordering = ("edition", "league", "code", "pk")
        constraints = [
            models.UniqueConstraint(fields=["edition", "league", "code"], name="standing_once"),
        ]

    def __str__(self) -> str:
        return f"{self.edition} · {self.code}"


class What(models.TextChoices):
    """How much of a case is taken out."""

    CASE = "case", pgettext_lazy("exclusion", "The whole case")
    DUE = "due", pgettext_lazy("exclusion", "Whether it was on time")
    REWORK = "rework", pgettext_lazy("exclusion", "That it was reworked")
    RATING = "rating", pgettext_lazy("exclusion", "Its rating")


KINDS_OF: dict[str, tuple[str, ...]] = {
    What.CASE: tuple(Outcome.Kind.values),
    # what came of it since goes with it
    What.DUE: (Outcome.Kind.DUE, Outcome.Kind.SETTLED, Outcome.Kind.FINISHED),
    What.REWORK: (Outcome.Kind.REWORKED,),
    # nor was its reporter asked
    What.RATING: (Outcome.Kind.RATED, Outcome.Kind.ASKED, Outcome.Kind.ANSWERED),
}


class Reason(models.TextChoices):
    """Why something should not count, or should count otherwise."""

    FORCE = "force_majeure", pgettext_lazy("scoring reason", "Storm, flood or other force majeure")
    EMERGENCY = "emergency", pgettext_lazy("scoring reason", "Handed to 110, 119 or 120")
    OTHERS = "others", pgettext_lazy("scoring reason", "Held up by somebody else")
    NOT_OURS = "not_ours", pgettext_lazy("scoring reason", "Not the unit's matter")
    DUPLICATE = "duplicate", pgettext_lazy("scoring reason", "Counted twice")
    UNTRUE = "untrue", pgettext_lazy("scoring reason", "Unfounded or in bad faith")
    WRONG_FACT = "wrong_fact", pgettext_lazy("scoring reason", "Recorded wrongly")


class AppealQuerySet(models.QuerySet["Appeal"]):
    def waiting(self) -> "AppealQuerySet":
        """Nobody has ruled on them yet."""
        return self.filter(ruling__isnull=True)


class Appeal(models.Model):
    """申诉: a unit says that a case, or one of its figures, should not count as it does."""

    period = models.ForeignKey(ScoringPeriod, on_delete=models.PROTECT, related_name="appeals")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    # about a case …
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    what = models.CharField(max_length=8, choices=What.choices, blank=True)
    # … or about a figure
    indicator = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    words = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = AppealQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=(Q(incident__isnull=False, indicator="") & ~Q(what=""))
                | (Q(incident__isnull=True, what="") & ~Q(indicator="")),
                name="appeal_about_one_thing",
            ),
            # The same thing is appealed once: a refusal stands.
            models.UniqueConstraint(
                fields=["period", "unit", "incident", "what"],
                condition=Q(incident__isnull=False),
                name="appeal_case_once",
            ),
            models.UniqueConstraint(
                fields=["period", "unit", "indicator"],
                condition=Q(incident__isnull=True),
                name="appeal_figure_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period.key} · {self.unit_id}"


class Ruling(models.Model):
    """What somebody outside the unit's tree said to an appeal."""

    appeal = models.OneToOneField(Appeal, on_delete=models.PROTECT, related_name="ruling")
    upheld = models.BooleanField()
    words = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.appeal} · {self.upheld}"


class Exclusion(models.Model):
    """剔除: a case, or a part of what is counted of it, taken out of one period's figures by a ruling.

    Who asked and who adjudicated stand on its appeal.
    """

    period = models.ForeignKey(ScoringPeriod, on_delete=models.PROTECT, related_name="exclusions")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=8, choices=What.choices)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    appeal = models.OneToOneField(Appeal, on_delete=models.PROTECT, related_name="exclusion")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["period", "incident", "what"], name="exclusion_once"),
        ]

    def __str__(self) -> str:
        return f"{self.period.key} · {self.incident_id} · {self.what}"
