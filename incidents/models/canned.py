"""常用语: words that a unit, or the whole district, says often enough to keep them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User


class CannedUse(models.TextChoices):
    """Where a canned answer is offered."""

    MESSAGE = "message", _("Message to the reporter")
    RESOLVE = "resolve", _("What was done")
    NOTE = "note", _("Internal note")
    ANSWER = "answer", _("Direct answer")


class CannedAnswer(models.Model):
    """One of them. The district's are offered to everybody, a unit's to its own people."""

    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    use = models.CharField(max_length=8, choices=CannedUse.choices)
    title = models.CharField(max_length=40)
    # May hold {number}, {unit}, {due} and {place}; no residents' data, for it is said to everybody.
    body = models.TextField(max_length=1000)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Taken out of use; kept, for whoever asks where the words came from.
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("use", "title", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "use", "title"],
                condition=models.Q(ended_at__isnull=True),
                name="canned_answer_title_once",
            ),
        ]

    def __str__(self) -> str:
        return self.title
