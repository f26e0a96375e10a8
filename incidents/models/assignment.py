"""Sendings: the decision as it was made, the unit it named, requests beside it and checks after it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from dispatch.models import ResponsibilityList
from incidents.models.incident import Incident, ResolutionOutcome
from incidents.models.report import Report, Text


class DecisionRecord(models.Model):
    """定责结果, frozen: editing the list never moves an open case. Codes and numbers, no sentences."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="decisions")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    responsibility_list = models.ForeignKey(ResponsibilityList, on_delete=models.PROTECT, related_name="+")
    model = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=12)
    category_code = models.CharField(max_length=4, blank=True)
    item_code = models.CharField(max_length=12, blank=True)
    unit_code = models.CharField(max_length=64, blank=True)
    confidence = models.FloatField()
    detail = models.JSONField()  # dispatch.Decision.as_json()

    class Meta:
        ordering = ("pk",)
        indexes = [
            # The machine makes most of them; what holds none of those costs intake nothing.
            models.Index(fields=["made_by"], name="decision_made_by", condition=Q(made_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.outcome} {self.unit_code}"


class Assignment(models.Model):
    """派遣: one sending of a case to one unit, with the decision that caused it."""

    class Role(models.TextChoices):
        LEAD = "lead", _("Lead")
        SUPPORT = "support", _("Support")

    class Acceptance(models.TextChoices):
        EXPLICIT = "explicit", _("Accepted")
        PHONE = "phone", _("Accepted by phone")
        DEEMED = "deemed", _("Deemed accepted")
        RULED = "ruled", _("Accepted by ruling")

    class End(models.TextChoices):
        CLOSED = "closed", _("Closed")
        RETURNED = "returned", _("Returned")
        REDISPATCHED = "redispatched", _("Sent elsewhere")
        REOPENED = "reopened", _("Reopened")
        MERGED = "merged", _("Merged")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        RAISED = "raised", _("Moved up a level")
        MADE_SAFE = "made_safe", _("Made safe")
        # By whoever sent it, at once: it was a slip, and nobody gave anything back.
        RECALLED = "recalled", _("Taken back")
        # The unit was merged or closed; its successor goes on under the same sending.
        SUCCEEDED = "succeeded", _("With the successor")
        # Only of a supporting unit.
        ANSWERED = "answered", _("Answered")
        DECLINED = "declined", _("Declined")
        RELEASED = "released", _("Released")

    class Answer(models.TextChoices):
        """What a supporting unit says came of what it was asked."""

        DONE = "done", _("Done")
        NOTHING = "nothing", _("Nothing to do here")
        CANNOT = "cannot", _("Cannot be done")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="assignments")
    unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, related_name="assignments", db_index=False
    )  # assignment_unit begins with it
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.LEAD)
    decision = models.ForeignKey(DecisionRecord, on_delete=models.PROTECT, related_name="assignments")
    item_code = models.CharField(max_length=12, blank=True)
    level = models.CharField(max_length=1, blank=True)
    # The limits as decided; "4wh", "24h", "5wd".
    handle_limit = models.CharField(max_length=8)
    accept_minutes = models.PositiveIntegerField()
    supporting_units = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    supervising_unit = models.CharField(max_length=64, blank=True)
    follow_up_unit = models.CharField(max_length=64, blank=True)
    automatic = models.BooleanField(default=False)
    # The sending that this one goes on from under the same decision: raised a level, or made safe. Such a
    # case was rightly dispatched, so no other dispatch is counted.
    follows = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # What a supporting unit is asked to do, and its answer; the words of the answer are `resolution`.
    asked = models.ForeignKey(
        Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    sent_at = models.DateTimeField()
    sent_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    acceptance = models.CharField(max_length=8, choices=Acceptance.choices, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=16, choices=ResolutionOutcome.choices, blank=True)
    resolution = models.ForeignKey(
        Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=12, choices=End.choices, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident"],
                condition=Q(ended_at__isnull=True, role="lead"),
                name="one_open_lead_per_incident",
            ),
            models.UniqueConstraint(
                fields=["incident", "unit"],
                condition=Q(ended_at__isnull=True, role="support"),
                name="one_open_support_of_a_unit",
            ),
        ]
        indexes = [
            # whose case is it, and whose was it: the handler's view of the list
            models.Index(fields=["unit", "incident"], name="assignment_unit"),
            # a supporting unit's inbox
            models.Index(
                fields=["unit"],
                name="assignment_support",
                condition=Q(ended_at__isnull=True, role="support"),
            ),
            # what a new sending has not: a person who sent it, and all that comes later
            *(
                models.Index(
                    fields=[field], name=f"assignment_{field}", condition=Q(**{f"{field}__isnull": False})
                )
                for field in ("sent_by", "accepted_by", "resolved_by", "resolution")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} → {self.unit_id}"


class CaseRequest(models.Model):
    """A return, extension, suspension, appeal or raise that was asked for: beside the state, stopping no
    clock."""

    class Kind(models.TextChoices):
        RETURN = "return", _("Return")
        EXTENSION = "extension", _("Extension")
        SUSPENSION = "suspension", _("Suspension")
        APPEAL = "appeal", _("Appeal")
        RAISE = "raise", _("Raise")

    class Answer(models.TextChoices):
        AGREED = "agreed", _("Agreed")
        REFUSED = "refused", _("Refused")
        LAPSED = "lapsed", _("Lapsed")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="requests")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reason = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    # The item or the law that the unit cites, and the unit it names instead.
    cites = models.CharField(max_length=120, blank=True)
    proposed_unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # An extension's new due time, or a suspension's end.
    proposed_due_at = models.DateTimeField(null=True, blank=True)
    # The breached clock that an appeal is about.
    timer = models.ForeignKey(
        "incidents.Timer", on_delete=models.PROTECT, null=True, blank=True, related_name="appeals"
    )
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
                fields=["assignment", "kind"],
                condition=Q(answered_at__isnull=True),
                name="one_open_request_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.kind}"


class Verification(models.Model):
    """核查: is it fixed? Judged by someone outside the handler's and the supervising unit's tree."""

    class Result(models.TextChoices):
        FIXED = "fixed", _("Fixed")
        NOT_FIXED = "not_fixed", _("Not fixed")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="verifications")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="verifications")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="verifications")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    text = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(done_at__isnull=True), name="one_open_verification"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.result or 'open'}"
