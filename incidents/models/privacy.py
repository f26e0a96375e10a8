"""What was done about residents' data: who asked for theirs, and the files that are still to go."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class DoomedFile(models.Model):
    """A file whose row is gone: named in the transaction that erased the row, and ticked off, by taking this
    row away, once it is deleted. Whoever dies in between leaves it to the sweep (privacy/files.py)."""

    name = models.CharField(max_length=200)  # as the store knows it
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"file {self.pk}"


class PrivacyRequest(models.Model):
    """Somebody asked for what is kept about them, or that it goes. Only added to; names nobody."""

    class Kind(models.TextChoices):
        COPY = "copy", _("A copy of what is kept")
        ERASURE = "erasure", _("Erasure")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()
    done_by = models.CharField(max_length=80)  # who did it, in their own words: a command knows nobody
    # Who was signed in; nobody where it was done by the command.
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200)
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.kind} · {self.at:%Y-%m-%d}"
