"""What some doors need besides a report: a letter's scan, a council's meeting, a conversation's words."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models import ApiClient, User
from incidents.models.councils import CouncilMember
from incidents.models.report import Report, Text


class Document(models.Model):
    """来信扫描件: a scan that came with a report. It names people, so it is kept sealed like a contact, is
    shown on no page, and each time that somebody takes it out stands on the case's timeline."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="documents")
    file = models.FileField(upload_to="documents/%Y/%m/%d")
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes, before sealing
    # Digest of the bytes as sent: the same form sent again brings nothing twice.
    fingerprint = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("uploaded_at", "pk")
        constraints = [
            models.UniqueConstraint(fields=["report", "fingerprint"], name="document_once_per_report"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class CouncilMeeting(models.Model):
    """街区理事会: one meeting of a block's council."""

    area_code = models.CharField(max_length=15, db_index=True)  # a block, or the community it lies in
    held_at = models.DateTimeField()
    # Nobody yet: it is planned, and what it talks about stands on its agenda.
    attendance = models.PositiveSmallIntegerField()
    agenda = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Of the council's own members, who came; the others who were present are counted alone.
    present = models.ManyToManyField(CouncilMember, related_name="meetings", blank=True)
    # What was agreed besides: no matter for anybody to handle.
    minutes = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The form that planned it, or wrote it down where it was not planned.
    form_key = models.CharField(max_length=64, unique=True)
    # The form that wrote it down, in its last wording: sent again, it is the same meeting.
    written_key = models.CharField(max_length=64, unique=True, null=True, blank=True)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # It was planned, and did not take place.
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("-held_at", "-pk")

    def __str__(self) -> str:
        return f"{self.area_code} · {self.held_at:%Y-%m-%d}"

    @property
    def is_planned(self) -> bool:
        """Is it still to be written down?"""
        return self.attendance == 0 and self.cancelled_at is None


class CouncilIssue(models.Model):
    """议题: a matter that a council raised, which became a report."""

    meeting = models.ForeignKey(CouncilMeeting, on_delete=models.PROTECT, related_name="issues")
    position = models.PositiveSmallIntegerField()
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="council_issue")

    class Meta:
        ordering = ("meeting", "position")
        constraints = [
            models.UniqueConstraint(fields=["meeting", "position"], name="council_issue_once"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} · {self.position}"


class Conversation(models.Model):
    """What somebody has written to the district's account so far, until they say that it is all.

    Who it is is known by a keyed digest alone; the words are sealed, for they may hold anything.
    """

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="+")
    person_index = models.CharField(max_length=64)
    words_sealed = models.BinaryField(default=b"")
    lon = models.FloatField(null=True, blank=True)  # WGS-84
    lat = models.FloatField(null=True, blank=True)
    address = models.CharField(max_length=200, blank=True)
    pictures = models.PositiveSmallIntegerField(default=0)
    attachments = models.JSONField(default=list)
    began_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    # Set when it is said that it is all: the report's number at this door.
    closed_at = models.DateTimeField(null=True, blank=True)
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["client", "person_index"],
                condition=Q(closed_at__isnull=True),
                name="one_open_conversation",
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class ChatMessage(models.Model):
    """One message of a conversation, taken once; asked again, it is answered as before."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="+")
    message_id = models.CharField(max_length=64)
    answer = models.CharField(max_length=600)
    # What the signature was made of: the plain mode signs no body, so each is good for one message.
    signed_with = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["client", "message_id"], name="chat_message_once"),
            models.UniqueConstraint(
                fields=["client", "signed_with"], condition=~Q(signed_with=""), name="chat_signature_once"
            ),
        ]

    def __str__(self) -> str:
        return self.message_id
