"""What was done about residents' data: how far it was forgotten, and who asked for theirs."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Retention(models.Model):
    """How far a rule has got: every case that closed before this was anonymised."""

    rule = models.CharField(max_length=24, unique=True)
    closed_at = models.DateTimeField()
    case = models.BigIntegerField(default=0)  # of those closed at that instant, the last one

    class Meta:
        ordering = ("rule",)

    def __str__(self) -> str:
        return f"{self.rule} · {self.closed_at:%Y-%m-%d}"


class PrivacyRequest(models.Model):
    """Somebody asked for what is kept about them, or that it goes. Only added to; names nobody."""

    class Kind(models.TextChoices):
        COPY = "copy", _("A copy of what is kept")
        ERASURE = "erasure", _("Erasure")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()
    done_by = models.CharField(max_length=80)  # who did it, in their own words: a command knows nobody
    reason = models.CharField(max_length=200)
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.kind} · {self.at:%Y-%m-%d}"
