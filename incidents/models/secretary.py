"""书记在线: letters to a party secretary, who answers under their own name."""

from django.db import models
from django.db.models import Q

from accounts.models import OrgUnit, User
from incidents.models.report import Report, Text


class SecretaryLetter(models.Model):
    """A report that its reporter, or the desk, has put before the secretary of the district or a street."""

    # One letter, one answer: another report about the same thing is another letter.
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="letter")
    office = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="letters")
    marked_at = models.DateTimeField()
    # Empty where the report itself was addressed so.
    marked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField()
    # What was prepared for the secretary; nobody outside sees it.
    draft = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    drafted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    drafted_at = models.DateTimeField(null=True, blank=True)
    reply = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    overdue_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signed_by__isnull=True, reply__isnull=True)
                | Q(signed_at__isnull=False, signed_by__isnull=False, reply__isnull=False),
                name="letter_signed_by_somebody",
            ),
        ]
        indexes = [
            # an office's open letters by what is due, and the reminding sweep
            models.Index(
                fields=["office", "due_at", "id"], name="letter_open", condition=Q(signed_at__isnull=True)
            ),
            # those answered, newest first
            models.Index(fields=["office", "-signed_at"], name="letter_signed"),
        ]

    def __str__(self) -> str:
        return f"letter {self.pk}"
