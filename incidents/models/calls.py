"""Telephone calls and what was typed in later: who spoke to whom, and when it really happened."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from incidents.models.assignment import Assignment
from incidents.models.incident import Incident
from incidents.models.report import Report, Text


class PhoneCall(models.Model):
    """电话记录: one try to reach somebody about a case."""

    class Purpose(models.TextChoices):
        EMERGENCY = "emergency", _("Emergency call to the unit")
        FIRST_CONTACT = "first_contact", _("First contact with the reporter")
        CALLBACK = "callback", _("Callback after handling")

    class Result(models.TextChoices):
        """What became of a callback; of other calls it is only known whether somebody was reached."""

        ANSWERED = "answered", _("Answered the questions")
        DECLINED = "declined", _("Would rather not say")
        LATER = "later", _("Call again later")
        NO_ANSWER = "no_answer", _("No answer")
        BUSY = "busy", _("Busy")
        OFF = "off", _("Switched off or out of service")
        WRONG = "wrong", _("Not the reporter's number")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="calls")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, null=True, blank=True, related_name="calls"
    )
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, blank=True, related_name="calls")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    called_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reached = models.BooleanField()
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    # Where the recording lies in the telephone system, by its name there; never the recording itself.
    recording = models.CharField(max_length=120, blank=True)
    # When the reporter asked to be called again.
    again_at = models.DateTimeField(null=True, blank=True)
    # Who took an emergency call for the unit: somebody with a sign-in, or else a name (of staff).
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    taken_by_name = models.CharField(max_length=40, blank=True)
    note = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        indexes = [
            # a day's callbacks
            models.Index(fields=["called_at"], name="callback_calls", condition=Q(purpose="callback")),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} · {self.purpose}"


class LateEntry(models.Model):
    """补录: something that was typed in after it happened, with its true time.

    Up to half an hour late it counts as told; beyond that the centre countersigns first.
    """

    class Fact(models.TextChoices):
        RECEIVED = "received", _("Receipt")
        ACCEPTED = "accepted", _("Acceptance")
        CONTACTED = "contacted", _("First contact")
        RESOLVED = "resolved", _("Resolution")

    class State(models.TextChoices):
        COUNTED = "counted", _("Counted")
        WAITING = "waiting", _("Waiting to be countersigned")
        COUNTERSIGNED = "signed", _("Countersigned")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Lapsed")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="late_entries")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, null=True, blank=True, related_name="late_entries"
    )
    fact = models.CharField(max_length=12, choices=Fact.choices)
    happened_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "fact"], condition=Q(state="waiting"), name="one_late_entry_waits"
            ),
            models.CheckConstraint(
                condition=Q(happened_at__lt=models.F("entered_at")), name="late_entry_is_late"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} · {self.fact} {self.state}"
