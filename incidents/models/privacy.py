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


class PrivacyAsk(models.Model):
    """A request that one of the staff has written down and that somebody else carries out.

    It names the number for as long as it is needed for that, sealed, and nobody afterwards.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for a second person")
        BEGUN = "begun", _("Being carried out")
        DONE = "done", _("Carried out")
        DECLINED = "declined", _("Not carried out")
        LAPSED = "lapsed", _("Lapsed")

    kind = models.CharField(max_length=8, choices=PrivacyRequest.Kind.choices)
    phone_sealed = models.BinaryField(default=b"")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=200)  # who asked and where that stands; no name or number
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    answered_at = models.DateTimeField(null=True, blank=True)  # begun, while it is being carried out
    answered_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    words = models.CharField(max_length=200, blank=True)  # why it was not carried out
    done = models.ForeignKey(
        PrivacyRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="asks", db_index=False
    )

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                name="privacyask_two_people",
                condition=~models.Q(state__in=("begun", "done"))
                | (models.Q(answered_by__isnull=False) & ~models.Q(answered_by=models.F("asked_by"))),
            ),
            models.CheckConstraint(
                name="privacyask_forgets_the_number",
                condition=models.Q(state__in=("waiting", "begun", "done")) | models.Q(phone_sealed=b""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} · {self.asked_at:%Y-%m-%d}"
