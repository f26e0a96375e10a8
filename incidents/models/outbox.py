"""Effects outside the database: written with the fact, sent later, at least once."""

from django.db import models
from django.db.models import Q

from incidents.models.incident import Incident


class OutboxMessage(models.Model):
    """One message to one receiver. A claim is a lease; the key lets the receiver drop repeats."""

    key = models.CharField(max_length=120)
    # The database keeps every case, so no message needs to lock its case to be sure of it; what waits of
    # a case is found by an index below, and nothing looks for the rest.
    # Empty for what is about no single case: an instruction.
    incident = models.ForeignKey(
        Incident,
        on_delete=models.PROTECT,
        null=True,
        related_name="messages",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(max_length=32)
    # "unit:lighting-company", "report:71", "client:3"; the persons are looked up at delivery.
    receiver = models.CharField(max_length=80)
    data = models.JSONField(default=dict)  # codes and ids, nothing personal
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)  # the machine's clock
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)
    # People and systems that it was spread to; 0 where a receiver had nobody left.
    recipients = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        # A constraint here, not on the field, which would bring a second index for LIKE.
        constraints = [models.UniqueConstraint(fields=["key"], name="outbox_key_once")]
        indexes = [
            # the delivery sweep: what waits, oldest first
            models.Index(
                fields=["not_before", "id"],
                name="outbox_waiting",
                condition=Q(sent_at__isnull=True, dead_at__isnull=True),
            ),
            # never a later message of a case before an earlier one
            models.Index(
                fields=["incident", "id"],
                name="outbox_case_order",
                condition=Q(sent_at__isnull=True, dead_at__isnull=True),
            ),
            # messages that nobody was there to hear, and those given up
            models.Index(fields=["-id"], name="outbox_nobody", condition=Q(recipients=0)),
            models.Index(fields=["-id"], name="outbox_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key
