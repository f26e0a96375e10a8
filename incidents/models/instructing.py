"""批示: what a leader instructs units to do, in writing, and what they report back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import OrgUnit, User
from incidents.models.incident import Incident
from incidents.models.report import Text


class Instruction(models.Model):
    """One numbered instruction of a leader to one or more units, about cases or about none."""

    class End(models.TextChoices):
        DONE = "done", _("All reports accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    number = models.CharField(max_length=20, unique=True)
    # The office that it comes from: the district, or a street.
    office = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="instructions_given")
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="instructions_given")
    # Who typed it in: the leader, or a supervisor who has it on paper.
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    words = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    cases = models.ManyToManyField(Incident, related_name="instructions", blank=True)
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=End.choices, blank=True)
    # Why it was withdrawn.
    reason = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("-pk",)
        indexes = [
            # an office's ledger, newest first
            models.Index(fields=["office", "-id"], name="instruction_ledger"),
        ]

    def __str__(self) -> str:
        return self.number


class InstructionPart(models.Model):
    """What one unit owes: a report by a time, until one is accepted."""

    class State(models.TextChoices):
        WAITING = "waiting", _("To report")
        REPORTED = "reported", pgettext_lazy("instruction", "Reported")
        ACCEPTED = "accepted", pgettext_lazy("instruction", "Accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    instruction = models.ForeignKey(Instruction, on_delete=models.PROTECT, related_name="parts")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="instructions")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # Of the report that is waited for: a report that is sent back gets another one.
    due_at = models.DateTimeField()
    sent_back_count = models.PositiveSmallIntegerField(default=0)
    # Was a report late, at any time? What comes later does not undo it.
    was_late = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    # What the sweep has told about the present due time; a new one begins anew.
    warned_at = models.DateTimeField(null=True, blank=True)
    overdue_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["instruction", "unit"], name="instruction_part_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "reported"], ended_at__isnull=True)
                | Q(state__in=["accepted", "withdrawn"], ended_at__isnull=False),
                name="instruction_part_ended_says_when",
            ),
        ]
        indexes = [
            # the reminding sweep, and what is overdue
            models.Index(fields=["due_at", "id"], name="instruction_part_due", condition=Q(state="waiting")),
            # a unit's own list
            models.Index(fields=["unit", "-id"], name="instruction_part_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.instruction_id} · {self.unit_id}"


class InstructionReport(models.Model):
    """反馈: one report of a unit, and what the office said to it."""

    part = models.ForeignKey(InstructionPart, on_delete=models.PROTECT, related_name="reports")
    text = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField()  # by when it was owed
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accepted = models.BooleanField(null=True, blank=True)
    # What is still to be done, where it was sent back.
    remark = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["part"], condition=Q(judged_at__isnull=True), name="one_report_to_judge"
            ),
            models.CheckConstraint(
                condition=~Q(judged_by=models.F("reported_by")), name="nobody_judges_their_own_report"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} · {self.pk}"

    @property
    def is_late(self) -> bool:
        """Did it come after it was owed?"""
        return self.reported_at > self.due_at
