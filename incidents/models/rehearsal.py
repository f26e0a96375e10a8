"""Rehearsals: what a version of the list would have done with past cases, worked out in parts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.comparing import Kind, Turn
from dispatch.models import ResponsibilityList
from incidents.models.incident import Incident


class Rehearsal(models.Model):
    """回放: one revision of one version, beside the version it is based on, over past cases or a file."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        OVERTAKEN = "overtaken", _("Overtaken by an edit")

    draft = models.ForeignKey(ResponsibilityList, on_delete=models.PROTECT, related_name="+")
    # Of the draft when it was asked for: after another edit the answer is an old one.
    revision = models.PositiveIntegerField()
    base = models.ForeignKey(ResponsibilityList, on_delete=models.PROTECT, related_name="+")
    # Of past cases: how many days, and which stretch that was. Of a file: its name.
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    file_name = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    total = models.PositiveIntegerField()  # cases or rows, as counted when it was asked for
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    took_ms = models.PositiveIntegerField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)  # dispatch.comparing.Tally.as_json()
    kept = models.PositiveIntegerField(default=0)  # changed cases that can be looked at one by one
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["draft"],
                condition=Q(state__in=["waiting", "running"]),
                name="one_rehearsal_of_a_draft_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed", "cancelled", "overtaken"]),
                name="rehearsal_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(result__isnull=False), name="rehearsal_done_has_result"
            ),
            models.CheckConstraint(
                condition=(Q(days__isnull=False) & Q(file_name=""))
                | (Q(days__isnull=True) & ~Q(file_name="")),
                name="rehearsal_of_days_or_of_a_file",
            ),
        ]
        indexes = [
            # the newest of a draft: the panel beside the draft
            models.Index(fields=["draft", "-id"], name="rehearsal_of_draft"),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} r{self.revision} · {self.state}"

    @property
    def is_active(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


class RehearsalPart(models.Model):
    """A stretch of the cases, or some rows of the file: what a worker does in one transaction.

    The worker holds the row's lock while it works; one that dies lets go of it at that instant, with
    nothing written, and the next one takes the part again. So no part is counted twice or left out.
    """

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    # (received_at, id) of its first and last case, both in it.
    first_at = models.DateTimeField(null=True, blank=True)
    first_id = models.BigIntegerField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_id = models.BigIntegerField(null=True, blank=True)
    # A file's rows as validated, with what was written in them; emptied as soon as they are done.
    rows = models.JSONField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("rehearsal", "position")
        constraints = [
            models.UniqueConstraint(fields=["rehearsal", "position"], name="part_once_per_rehearsal"),
        ]
        indexes = [
            # what a worker takes next
            models.Index(
                fields=["rehearsal", "position"],
                name="rehearsal_part_open",
                condition=Q(done_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rehearsal_id}/{self.position}"


class RehearsedCase(models.Model):
    """One case that the two versions judge differently. Codes and numbers: no word of anybody's."""

    class Kind(models.TextChoices):
        UNIT = Kind.UNIT.value, _("Another unit")
        AUTOMATIC = Kind.AUTOMATIC.value, _("By itself instead of by a person")
        PERSON = Kind.PERSON.value, _("By a person instead of by itself")
        LIMITS = Kind.LIMITS.value, _("Only limits")
        ITEM = Kind.ITEM.value, _("Another item, same unit")
        GUESS = Kind.GUESS.value, _("Another suggestion to a person")

    class Turn(models.TextChoices):
        RIGHTED = Turn.RIGHTED.value, _("Now right")
        WRONGED = Turn.WRONGED.value, _("Now wrong")
        STILL_WRONG = Turn.STILL_WRONG.value, _("Wrong either way")
        SPARED = Turn.SPARED.value, _("Spared a wrong unit")
        SLOWED = Turn.SLOWED.value, _("Was right by itself")
        OPEN = Turn.OPEN.value, _("Not settled yet")
        UNKNOWN = Turn.UNKNOWN.value, _("Settled by no unit")
        SAME = Turn.SAME.value, _("Same unit")

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="cases")
    part = models.ForeignKey(RehearsalPart, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    row = models.PositiveIntegerField(null=True, blank=True)  # of a file
    kind = models.CharField(max_length=10, choices=Kind.choices)
    turn = models.CharField(max_length=12, choices=Turn.choices)
    # Units as the list spells them; empty: a person decides.
    from_pattern = models.CharField(max_length=64, blank=True)
    to_pattern = models.CharField(max_length=64, blank=True)
    settled_unit = models.CharField(max_length=64, blank=True)
    sent_unit = models.CharField(max_length=64, blank=True)
    returns = models.PositiveSmallIntegerField(default=0)
    before = models.JSONField()  # dispatch.facts.Verdict.as_json()
    after = models.JSONField()
    # Of a file's row, which nobody else keeps; of a case they stand with its decision.
    facts = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(incident__isnull=False, row__isnull=True)
                | Q(incident__isnull=True, row__isnull=False),
                name="rehearsed_case_or_row",
            ),
        ]
        indexes = [
            # a tab of the result, in the order of the cases
            models.Index(fields=["rehearsal", "turn", "part", "id"], name="rehearsed_turn"),
        ]

    def __str__(self) -> str:
        return f"{self.rehearsal_id} {self.incident_id or self.row} {self.kind}"
