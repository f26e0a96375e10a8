"""裁定: a disputed case gets its unit by decision. 先办后议: work starts first."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from dispatch.models import ResponsibilityList
from incidents.models.assignment import Assignment, DecisionRecord
from incidents.models.incident import Incident
from incidents.models.report import Text
from incidents.models.timers import Timer


class AdjudicationQuerySet(models.QuerySet["Adjudication"]):
    def open(self) -> "AdjudicationQuerySet":
        """Not ruled on, and not over otherwise."""
        return self.filter(ended_at__isnull=True)


class Adjudication(models.Model):
    """One dispute about whose job a case is, from its opening to the ruling."""

    class Cause(models.TextChoices):
        RETURNS = "returns", _("Returned too often")
        OBJECTION = "objection", _("A unit objects")

    class Outcome(models.TextChoices):
        RULED = "ruled", _("Ruled to be another unit's")  # than the one that has it, or the desk
        CONFIRMED = "confirmed", _("Confirmed where it is")
        FALLBACK = "fallback", _("Not ruled in time: the fallback unit")
        WITHDRAWN = "withdrawn", _("Over without a ruling")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="adjudications")
    cause = models.CharField(max_length=10, choices=Cause.choices)
    # The sending in dispute: the one that came back last, or the one that its unit objects to.
    disputed = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="adjudications")
    asked_by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    # The item or the law that the unit cites, and the unit that it names.
    cites = models.CharField(max_length=120, blank=True)
    proposed_unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Who is party to it, as codes: nobody of them rules.
    parties = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    opened_at = models.DateTimeField()
    timer = models.OneToOneField(Timer, on_delete=models.PROTECT, related_name="adjudication")
    ended_at = models.DateTimeField(null=True, blank=True)
    ruled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    item_code = models.CharField(max_length=12, blank=True)
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ruling = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # What was ruled, frozen with the version of the list that was looked at.
    decision = models.OneToOneField(
        DecisionRecord, on_delete=models.PROTECT, null=True, blank=True, related_name="adjudication"
    )
    # The change of the list that somebody made of the ruling: the draft, and the item in it.
    suggested_list = models.ForeignKey(
        ResponsibilityList, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    suggested_item = models.CharField(max_length=12, blank=True)
    suggested_at = models.DateTimeField(null=True, blank=True)
    suggested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = AdjudicationQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(ended_at__isnull=True), name="one_open_adjudication"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="") | Q(ended_at__isnull=False) & ~Q(outcome=""),
                name="adjudication_ends_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["ruled", "confirmed", "fallback"])
                | Q(unit__isnull=False, decision__isnull=False),
                name="adjudication_names_its_unit",
            ),
        ]
        indexes = [
            # the list of open disputes, by what burns
            models.Index(
                fields=["opened_at", "id"], name="adjudication_open", condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.outcome or self.cause}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_by_person(self) -> bool:
        """Did somebody rule, rather than the clock?"""
        return self.outcome in (self.Outcome.RULED, self.Outcome.CONFIRMED) and self.ruled_by_id is not None
