"""Who is told, and how: rows for the inbox, parcels for the wires, and other systems' addresses."""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dispatch.vocabulary import Source, Urgency
from incidents.models.contact import seal, unseal
from incidents.models.incident import Incident
from incidents.models.outbox import OutboxMessage
from incidents.models.report import Report


class Channel(models.TextChoices):
    """What carries a parcel."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    WEWORK = "wework", _("WeChat Work")
    WEBHOOK = "webhook", _("Webhook")


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> "NotificationQuerySet":
        """Not yet looked at."""
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """One message in one person's inbox; its words are made from the message when it is read."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="notifications")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, related_name="notifications")
    kind = models.CharField(max_length=32)
    urgency = models.CharField(max_length=12, choices=Urgency.choices)
    created_at = models.DateTimeField()
    # When a parcel of its own or a digest took it along; empty: it waits for the next digest.
    told_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(fields=["user", "message"], name="notified_once"),
        ]
        indexes = [
            # the inbox, newest first
            models.Index(fields=["user", "-id"], name="notification_inbox"),
            # the bell: how many are unread
            models.Index(
                fields=["user", "-id"], name="notification_unread", condition=Q(read_at__isnull=True)
            ),
            # the digest sweep: what nothing has told yet
            models.Index(
                fields=["user", "created_at"],
                name="notification_untold",
                condition=Q(read_at__isnull=True, told_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.kind}"


class Webhook(models.Model):
    """Where another system wants to hear about the reports of its source."""

    name = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=300, validators=[URLValidator(schemes=["http", "https"])])
    secret_sealed = models.BinaryField(default=b"")
    source = models.CharField(max_length=24, choices=Source.choices)
    kinds = ArrayField(models.CharField(max_length=32), default=list, blank=True)  # empty: all
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def secret(self) -> str:
        """What signs its bodies."""
        return unseal(self.secret_sealed)

    def new_secret(self) -> str:
        """Give it another secret (the caller saves it); answers the secret, to be shown this once."""
        secret = secrets.token_urlsafe(32)
        self.secret_sealed = seal(secret)
        return secret

    def wants(self, kind: str) -> bool:
        return self.is_active and (not self.kinds or kind in self.kinds)


class ParcelQuerySet(models.QuerySet["Parcel"]):
    def waiting(self) -> "ParcelQuerySet":
        """Neither sent nor given up."""
        return self.filter(sent_at__isnull=True, dead_at__isnull=True)

    def failing(self) -> "ParcelQuerySet":
        """Tried in vain and to be tried again."""
        return self.waiting().filter(attempts__gt=0)

    def dead(self) -> "ParcelQuerySet":
        """Given up: somebody has to look, and may put them back. What its receiver did not want is none."""
        return self.filter(dead_at__isnull=False).exclude(last_error=Parcel.UNWANTED)


class Parcel(models.Model):
    """One message on one channel to one address. At least once: the key lets the receiver drop repeats.

    Nothing personal is kept here: numbers and addresses are looked up when it is sent, and the words
    are made from `kind`, `data` and `language`, which never change.
    """

    key = models.CharField(max_length=200, unique=True)
    message = models.ForeignKey(
        OutboxMessage, on_delete=models.PROTECT, null=True, blank=True, related_name="parcels"
    )  # empty: a digest
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="parcels"
    )
    channel = models.CharField(max_length=8, choices=Channel.choices)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="parcels")
    webhook = models.ForeignKey(
        Webhook, on_delete=models.PROTECT, null=True, blank=True, related_name="parcels"
    )
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, null=True, blank=True, related_name="parcels"
    )
    # Channel and address by id, "sms:user:7": within a line and a case parcels keep their order.
    line = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    urgency = models.CharField(max_length=12, choices=Urgency.choices)
    language = models.CharField(max_length=8)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)  # the machine's clock
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)

    objects = ParcelQuerySet.as_manager()
    # Why one ended whose receiver wants nothing any more.
    UNWANTED = "answered 410"

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(channel="webhook", webhook__isnull=False, user__isnull=True, report__isnull=True)
                    | Q(channel="sms", webhook__isnull=True, user__isnull=True, report__isnull=False)
                    | Q(
                        channel__in=["email", "sms", "wework"],
                        webhook__isnull=True,
                        user__isnull=False,
                        report__isnull=True,
                    )
                ),
                name="parcel_one_address",
            ),
        ]
        indexes = [
            # the delivery sweep: what waits, oldest first
            models.Index(
                fields=["not_before", "id"],
                name="parcel_waiting",
                condition=Q(sent_at__isnull=True, dead_at__isnull=True),
            ),
            # never a later parcel before an earlier one on the same line about the same case
            models.Index(
                fields=["line", "incident", "id"],
                name="parcel_order",
                condition=Q(sent_at__isnull=True, dead_at__isnull=True),
            ),
            # the page of dead letters, newest first
            models.Index(fields=["-dead_at", "-id"], name="parcel_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key
