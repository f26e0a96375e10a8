"""督办: formal orders to act."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from incidents.models.incident import Incident
from incidents.models.report import Text
from incidents.models.timers import Timer


class Supervision(models.Model):
    """One order about one case to one unit: numbered, to be answered by a time, raised where it is not."""

    class Cause(models.TextChoices):
        PERSON = "person", _("Ordered by a supervisor")
        BREACH = "breach", _("Ordered by itself: overdue")

    class Level(models.IntegerChoices):
        UNIT = 1, _("Unit head")
        DISTRICT = 2, _("District supervisor")
        LEADER = 3, _("District leader")

    class End(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        LIFTED = "lifted", _("Lifted")
        FINISHED = "finished", _("The case is finished")

    number = models.CharField(max_length=20, unique=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="supervisions")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="supervisions")
    cause = models.CharField(max_length=8, choices=Cause.choices)
    # The clock whose breach ordered it.
    timer = models.ForeignKey(Timer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.UNIT)
    answer_by = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end = models.CharField(max_length=10, choices=End.choices, blank=True)
    answer = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(ended_at__isnull=True), name="one_open_supervision"
            ),
        ]
        indexes = [
            # the supervisors' page: what waits for an answer
            models.Index(
                fields=["answer_by", "id"], name="supervision_open", condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.number
