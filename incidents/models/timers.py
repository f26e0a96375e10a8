"""Due times as rows. A clock's stages wait in a narrow table that the sweep empties."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.vocabulary import Urgency
from incidents.models.assignment import Assignment, CaseRequest
from incidents.models.incident import Incident, PauseKind
from incidents.models.report import Text


class Timer(models.Model):
    """时限: one running of one clock. An extension or restart raises the run; a resume does not."""

    class Kind(models.TextChoices):
        DISPATCH = "dispatch", _("Dispatch")
        ACCEPTANCE = "acceptance", _("Acceptance")
        FIRST_CONTACT = "first_contact", _("First contact")
        HANDLING = "handling", _("Handling")
        VERIFICATION = "verification", _("Verification")
        CALLBACK = "callback", _("Callback")
        # Clocks that end a rest by themselves: a parked case's date, a pause's end.
        PARKED = "parked", _("Parked")
        PAUSE = "pause", _("Pause")
        # Of each supporting unit its own.
        SUPPORT = "support", _("Support")
        SUPERVISION = "supervision", _("Supervision")
        ADJUDICATION = "adjudication", _("Adjudication")
        # How long the source takes to accept a result; nobody here can hurry it but by asking.
        UPSTREAM = "upstream", _("Review by the source")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="timers")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, null=True, blank=True, related_name="timers"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    run = models.PositiveSmallIntegerField(default=1)
    limit = models.CharField(max_length=8)  # as decided: "30m", "4wh", "5wd"
    # Whose working hours count, and who is warned; empty for the district's own.
    unit_code = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Our own due time, where an outside deadline that is earlier rules instead.
    own_due_at = models.DateTimeField()
    # The instant from which own_due_at was last reckoned (start, resumption, restart), and under which
    # edition of the work calendar: a later edition moves what is left from there on.
    reckoned_from = models.DateTimeField()
    calendar_revision = models.PositiveIntegerField(default=0)
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
                condition=Q(stopped_at__isnull=True) & ~Q(kind="support"),
                name="one_open_timer_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(stopped_at__isnull=True, kind="support"),
                name="one_open_clock_of_a_support",
            ),
        ]
        indexes = [
            # on-time rates: what was due in a period
            models.Index(fields=["kind", "due_at"], name="timer_due"),
            # the calendar sweep: running clocks in working time that an older edition reckoned
            models.Index(
                fields=["calendar_revision", "id"],
                name="timer_reckoned",
                condition=Q(stopped_at__isnull=True, limit__contains="w"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.kind} #{self.run}"


class Pause(models.Model):
    """A handling clock that stands still: an approved suspension, or a wait for the resident."""

    class End(models.TextChoices):
        DUE = "due", _("Its time was over")
        ANSWERED = "answered", _("The reporter answered")
        RESUMED = "resumed", _("Taken up again")
        FINISHED = "finished", _("The case moved on")

    timer = models.ForeignKey(Timer, on_delete=models.PROTECT, related_name="pauses")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="pauses")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="pauses")
    kind = models.CharField(max_length=12, choices=PauseKind.choices)
    request = models.OneToOneField(
        CaseRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="pause"
    )
    # What the reporter was asked, and what they said.
    question = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    began_at = models.DateTimeField()
    until = models.DateTimeField()  # when it ends by itself
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end = models.CharField(max_length=10, choices=End.choices, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(ended_at__isnull=True), name="one_open_pause"
            ),
            # waiting for the resident: once for each sending
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(kind="resident"), name="one_wait_for_the_resident"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} · {self.kind} until {self.until}"


class ClockRule(models.Model):
    """When clocks of one kind warn, and whom they tell after they ran out, by urgency.

    A clock freezes its rule when it starts. Delays are limits ("4h", "1wd"; "0m" is at once), counted
    from the due time; empty means never.
    """

    kind = models.CharField(max_length=16, choices=Timer.Kind.choices)
    urgency = models.CharField(max_length=12, choices=Urgency.choices)
    # For clocks whose limit no item names: first contact, verification, callback, supervision.
    limit = models.CharField(max_length=8, blank=True)
    warn_at = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # percent
    head_after = models.CharField(max_length=8, blank=True)
    street_after = models.CharField(max_length=8, blank=True)
    district_after = models.CharField(max_length=8, blank=True)
    leader_after = models.CharField(max_length=8, blank=True)
    supervise_after = models.CharField(max_length=8, blank=True)

    class Meta:
        ordering = ("kind", "urgency")
        constraints = [models.UniqueConstraint(fields=["kind", "urgency"], name="one_rule_per_clock")]

    def __str__(self) -> str:
        return f"{self.kind} · {self.urgency}"


class PendingStage(models.Model):
    """The next stage of an open clock. The sweep claims by fire_at and deletes what it fired."""

    # No constraint and no index of its own: the database keeps every timer, so the reference holds
    # without a lock on it for each stage, and the unique key below finds the stages of a timer.
    timer = models.ForeignKey(
        Timer, on_delete=models.CASCADE, related_name="pending", db_constraint=False, db_index=False
    )
    incident_id = models.BigIntegerField()
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

    # Without constraint and index for the same reasons as PendingStage's.
    timer = models.ForeignKey(
        Timer, on_delete=models.PROTECT, related_name="fired", db_constraint=False, db_index=False
    )
    run = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=12)
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField()
    # Whose clock it was: it may go on with another unit (incidents/breaches.py). Empty of the desk's, and of
    # what fired before this was kept.
    unit_code = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["timer", "run", "stage"], name="stage_fires_once"),
        ]

    def __str__(self) -> str:
        return f"{self.timer_id} · {self.stage}"

    @property
    def whose(self) -> str:
        """The unit whose clock it was; of a desk's clock empty."""
        return self.unit_code or self.timer.unit_code


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
