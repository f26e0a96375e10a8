"""Forms that a phone may send twice: which ones have arrived, and what was answered."""

from django.db import models

from accounts.models import User


class Submission(models.Model):
    """One filled-in form by the key that the browser gave it; a repeat is answered from here.

    Times are the machine's own, not the district's: they hold leases, and tell when a row may go.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()
    path = models.CharField(max_length=300)
    begun_at = models.DateTimeField()
    # While a request works on it nobody else does; a process that died leaves this behind, and it passes.
    leased_until = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    # Where the first answer led, and the sentences that came with it.
    url = models.CharField(max_length=500, blank=True)
    words = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="submission_once")]
        indexes = [models.Index(fields=["begun_at"], name="submission_age")]  # submissions.forget

    def __str__(self) -> str:
        return str(self.key)
