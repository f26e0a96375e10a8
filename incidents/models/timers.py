"""Due times as rows. A clock's stages wait in a narrow table that the sweep empties."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models.assignment import Assignment
from incidents.models.incident import Incident


class Timer(models.Model):
    """时限: one running of one clock. An extension or restart raises the run; a resume does not."""

    class Kind(models.TextChoices):
        DISPATCH = "dispatch", _("Dispatch")
        ACCEPTANCE = "acceptance", _("Acceptance")
        FIRST_CONTACT = "first_contact", _("First contact")
        HANDLING = "handling", _("Handling")
        VERIFICATION = "verification", _("Verification")
        CALLBACK = "callback", _("Callback")
        PARKED = "parked", _("Parked")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="timers")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, null=True, blank=True, related_name="timers"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    run = models.PositiveSmallIntegerField(default=1)
    limit = models.CharField(max_length=8)  # as decided: "30m", "4wh", "5wd"
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # The run's stages in due order, so that the sweep can queue the next one in SQL.
    stage_names = ArrayField(models.CharField(max_length=12))
    stage_times = ArrayField(models.DateTimeField())
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_seconds = models.PositiveIntegerField(default=0)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stop_reason = models.CharField(max_length=12, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind"],
                condition=Q(stopped_at__isnull=True),
                name="one_open_timer_of_a_kind",
            ),
        ]
        indexes = [
            # on-time rates: what was due in a period
            models.Index(fields=["kind", "due_at"], name="timer_due"),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.kind} #{self.run}"


class PendingStage(models.Model):
    """The next stage of an open clock. The sweep claims by fire_at and deletes what it fired."""

    timer = models.ForeignKey(Timer, on_delete=models.CASCADE, related_name="pending")
    incident_id = models.BigIntegerField(db_index=True)  # every action settles its case's stages first
    run = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()  # 1-based, into the timer's stage arrays
    # When the sweep takes it up: the stage's own time, or later where firing it failed.
    fire_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("fire_at", "pk")
        constraints = [
            models.UniqueConstraint(fields=["timer", "run", "position"], name="stage_pends_once"),
        ]

    def __str__(self) -> str:
        return f"{self.timer_id} · {self.position} at {self.fire_at}"


class FiredStage(models.Model):
    """Each stage of each run fires exactly once: the database says so."""

    timer = models.ForeignKey(Timer, on_delete=models.PROTECT, related_name="fired")
    run = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=12)
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["timer", "run", "stage"], name="stage_fires_once"),
        ]

    def __str__(self) -> str:
        return f"{self.timer_id} · {self.stage}"


class DueAction(models.Model):
    """An acting stage that fired: one action on one case, waiting for a worker."""

    timer = models.ForeignKey(Timer, on_delete=models.PROTECT, related_name="actions")
    run = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=12)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="due_actions")
    due_at = models.DateTimeField()  # the instant that the rule names; the action happens as of then
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(db_index=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("not_before", "pk")
        constraints = [
            models.UniqueConstraint(fields=["timer", "run", "stage"], name="action_once_per_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} · {self.stage}"


class SweepBeat(models.Model):
    """When each sweep last ran to its end: a stopped sweep is itself an alarm."""

    name = models.CharField(max_length=32, primary_key=True)
    ran_at = models.DateTimeField()  # the machine's clock
    done = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
