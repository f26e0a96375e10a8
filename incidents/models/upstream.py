"""What goes back up to the system that a report came from: our results for its acceptance, and what we
ask of it. Its answers come as updates of the report, or are entered by the centre."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.models.incident import Incident
from incidents.models.report import Report, Text


class UpstreamReview(models.Model):
    """办结审核: one result of one case, sent up to the source of one of its reports for acceptance."""

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        SENT_BACK = "sent_back", _("Sent back")
        LAPSED = "lapsed", _("Lapsed")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="upstream_reviews")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="upstream_reviews")
    # A result that was sent back is another one the next time.
    handling_run = models.PositiveSmallIntegerField()
    submitted_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    reason = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["report"], condition=Q(answered_at__isnull=True), name="one_open_review_of_a_report"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} · {self.answer or 'open'}"


class UpstreamRequest(models.Model):
    """退回申请, 延期申请: what we ask of the source about one report. Nothing changes until it agrees."""

    class Kind(models.TextChoices):
        RETURN = "return", _("Return to the source")
        EXTENSION = "extension", _("More time from the source")

    class Answer(models.TextChoices):
        AGREED = "agreed", _("Agreed")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Lapsed")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="upstream_requests")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="upstream_requests")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(null=True, blank=True)  # the deadline that is asked for
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    answer_reason = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["report", "kind"],
                condition=Q(answered_at__isnull=True),
                name="one_open_upstream_request_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} · {self.kind}"
