"""What was said: reports as they came, their texts, pictures, later updates and ratings."""

import secrets
import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient, User
from dispatch.vocabulary import Nature, Source
from incidents.models.contact import Contact

# No 0/O, 1/I/L, 5/S: a code is read out over the phone.
_TRACKING_ALPHABET = "234679ABCDEFGHJKMNPQRTUVWXYZ"


def new_tracking_code() -> str:
    """Ten random letters and digits in two groups, about 48 bits; never derived from the case."""
    # One draw for all ten: asking ten times costs a batch more than writing its reports.
    return tracking_code(secrets.randbelow(len(_TRACKING_ALPHABET) ** 10))


def tracking_code(drawn: int) -> str:
    """The code that a number was drawn for; of a larger one its remainder counts."""
    letters = ""
    for _index in range(10):
        drawn, at = divmod(drawn, len(_TRACKING_ALPHABET))
        letters += _TRACKING_ALPHABET[at]
    return f"{letters[:5]}-{letters[5:]}"


class Text(models.Model):
    """A sentence that a person wrote. Others point here, so that erasing it erases it everywhere."""

    body = models.TextField()
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.body[:40]


class Report(models.Model):
    """上报件: one thing that one source said."""

    source = models.CharField(max_length=24, choices=Source.choices)
    external_id = models.CharField(max_length=120)
    # Digest of the validated content: the same id with other content is refused.
    content_hash = models.CharField(max_length=64)
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, null=True, blank=True)
    filed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    tracking_code = models.CharField(max_length=11, default=new_tracking_code)
    nature = models.CharField(max_length=16, choices=Nature.choices)
    text = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="reports", db_index=False
    )
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    # As given, before anything was inferred.
    given_category = models.CharField(max_length=4, blank=True)
    source_category = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)  # WGS-84
    lat = models.FloatField(null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    # What upstream's own clock says; the earlier of it and ours rules.
    outside_due_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=8, default="zh-hans")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="report_once_per_source"),
            # A constraint here, not on the field, which would bring a second index for LIKE.
            models.UniqueConstraint(fields=["tracking_code"], name="report_tracking_code_once"),
        ]
        indexes = [
            # of those that have one: what a system sends has no filer, and mostly no reporter
            *(
                models.Index(
                    fields=[field], name=f"report_{field}", condition=Q(**{f"{field}__isnull": False})
                )
                for field in ("filed_by", "contact")
            ),
            # what came in lately, whichever case it joined: rows lie in the order in which they came, so
            # block ranges are enough and cost intake nothing
            BrinIndex(fields=["received_at"], name="report_received", autosummarize=True, pages_per_range=16),
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.external_id}"


class ReportUpdate(models.Model):
    """What upstream said later about the same report."""

    class Kind(models.TextChoices):
        SUPPLEMENT = "supplement", _("Supplement")
        CHASE = "chase", _("Chaser")
        DEADLINE = "deadline", _("New deadline")
        WITHDRAW = "withdraw", _("Withdrawal")
        REOPEN = "reopen", _("Reopening")
        # What upstream answers to a result of ours, or to what we asked of it.
        ACCEPT = "accept", _("Result accepted")
        SEND_BACK = "send_back", _("Result sent back")
        AGREE_RETURN = "agree_return", _("Return agreed")
        REFUSE_RETURN = "refuse_return", _("Return refused")
        AGREE_EXTENSION = "agree_extension", _("More time given")
        REFUSE_EXTENSION = "refuse_extension", _("More time refused")

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="updates")
    external_id = models.CharField(max_length=120)
    content_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    text = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["report", "external_id"], name="update_once_per_report"),
        ]

    def __str__(self) -> str:
        return f"{self.report} · {self.kind}"


class Attachment(models.Model):
    """A picture, re-encoded without EXIF; what the camera said is kept beside it as evidence."""

    class Stage(models.TextChoices):
        REPORT = "report", _("With the report")
        BEFORE = "before", _("Before")
        AFTER = "after", _("After")
        CHECK = "check", _("Verification")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.FileField(upload_to="attachments/%Y/%m/%d")
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    # Digest of the bytes as sent: finds a photo that is used twice.
    fingerprint = models.CharField(max_length=64, db_index=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    uploaded_at = models.DateTimeField()
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, null=True, blank=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    incident = models.ForeignKey(
        "incidents.Incident", on_delete=models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.REPORT)

    class Meta:
        ordering = ("uploaded_at", "pk")

    def __str__(self) -> str:
        return str(self.pk)


class Feedback(models.Model):
    """满意度: one reporter's answer about one handling; the first one stands."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="feedback")
    incident = models.ForeignKey("incidents.Incident", on_delete=models.PROTECT, related_name="feedback")
    # Counts a case's handlings: a rework may be rated again.
    handling_run = models.PositiveSmallIntegerField(default=1)
    contacted = models.BooleanField(null=True, blank=True)
    solved = models.BooleanField(null=True, blank=True)
    speed = models.PositiveSmallIntegerField(null=True, blank=True)
    result = models.PositiveSmallIntegerField(null=True, blank=True)
    service = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Who of the centre asked on the telephone; empty where the reporter answered by themselves.
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["report", "handling_run"], name="feedback_first_stands"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__range": (1, 5)}),
                    name=f"feedback_{field}_1_to_5",
                )
                for field in ("speed", "result", "service")
            ),
        ]
        indexes = [
            # what was answered on the telephone on a day
            models.Index(fields=["given_at"], name="feedback_asked", condition=Q(asked_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.report} · {self.result}"


class IdempotencyKey(models.Model):
    """A client's Idempotency-Key header, and the report that its first use made."""

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=120)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    used_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
