"""What machines made of a report beside the decision, and what people made of that: kept to be counted."""

from django.db import models

from accounts.models import User
from dispatch.vocabulary import Source
from incidents.models.incident import Incident
from incidents.models.report import Text


class EmergencyAlarm(models.Model):
    """A report's words told of danger, by the words of the table. One for each case, the first.

    `false_at`: a person has said that there was none; a table of words is mended by how often that is.
    """

    incident = models.OneToOneField(
        Incident, on_delete=models.PROTECT, related_name="alarm", primary_key=True
    )
    at = models.DateTimeField()
    source = models.CharField(max_length=24, choices=Source.choices)
    danger = models.CharField(max_length=16)
    phrase = models.CharField(max_length=40)
    false_at = models.DateTimeField(null=True, blank=True)
    false_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        indexes = [
            # alarms of a period, counted by phrase and by source
            models.Index(fields=["at"], name="alarm_at"),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.phrase}"


class ModelSuggestion(models.Model):
    """What a model behind an endpoint said of a case on the desk, asked for by a person.

    `taken`: whether the case was then sent under the category that was suggested; None until it is sent.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        ANSWERED = "answered"
        FAILED = "failed"

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="suggestions")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField()
    model = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    answered_at = models.DateTimeField(null=True, blank=True)
    category_code = models.CharField(max_length=8, blank=True)  # empty: none of those that it was given
    nature = models.CharField(max_length=16, blank=True)
    urgency = models.CharField(max_length=16, blank=True)
    matters = models.JSONField(default=list, blank=True)  # category codes, where it sees several
    explanation = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    failure = models.CharField(max_length=16, blank=True)
    taken = models.BooleanField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["asked_at"], name="suggestion_asked_at")]

    def __str__(self) -> str:
        return f"{self.incident} · {self.model}"
