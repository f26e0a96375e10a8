"""The work of an operations centre itself: what one shift leaves to the next, who shares its queue, and how
well it decided."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from incidents.models.incident import Incident, Status
from incidents.models.report import Text

WEIGHT_MAX = 9


class Handover(models.Model):
    """交班: one shift's note to the next, with the figures as they stood and the cases that stay open."""

    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="handovers")
    words = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # As they stood when it was written: a note is not rewritten by what happens later.
    open_count = models.PositiveIntegerField()
    overdue_count = models.PositiveIntegerField()
    desk_count = models.PositiveIntegerField()
    emergency_count = models.PositiveIntegerField()
    # Who of the next shift took over first; who else reads it stands in HandoverReading.
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True, taken_by__isnull=True)
                | Q(taken_at__isnull=False, taken_by__isnull=False),
                name="handover_taken_by_somebody",
            ),
            # Nobody takes over from themselves.
            models.CheckConstraint(
                condition=Q(taken_by__isnull=True) | ~Q(taken_by=F("written_by")),
                name="handover_taken_by_another",
            ),
        ]
        indexes = [
            # a centre's notes, newest first; and what nobody has taken over yet
            models.Index(fields=["unit", "-id"], name="handover_of_unit"),
            models.Index(
                fields=["unit", "written_by"], name="handover_waits", condition=Q(taken_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} · {self.written_at:%Y-%m-%d %H:%M}"


class HandoverCase(models.Model):
    """A case that a shift left open, as it stood then."""

    class Why(models.TextChoices):
        """What makes it worth handing over."""

        EMERGENCY = "emergency", _("Emergency in hand")
        DESK_LATE = "desk_late", _("On the desk, late or nearly so")
        RETURN = "return", _("Return to be answered")
        ORDER = "order", _("Order to be answered")
        PICKED = "picked", _("Picked by hand")

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="cases")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=12, choices=Why.choices)
    status = models.CharField(max_length=12, choices=Status.choices)
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["handover", "incident"], name="handover_names_a_case_once")
        ]

    def __str__(self) -> str:
        return f"{self.handover_id} · {self.incident_id}"


class HandoverReading(models.Model):
    """Who has read a note, beside the one who took over."""

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="readings")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["handover", "user"], name="handover_read_once")]

    def __str__(self) -> str:
        return f"{self.handover_id} · {self.user_id}"


class QueueShare(models.Model):
    """How much of a centre's queue somebody is to take while they are on shift.

    Which cases that are is reckoned when somebody asks (incidents.centre.shares): no case holds a share,
    so none can be stuck in one.
    """

    unit = models.ForeignKey(OrgUnit, on_delete=models.CASCADE, related_name="queue_shares")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="queue_shares")
    weight = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(WEIGHT_MAX)])
    # On shift by the roster, but not at the desk: at a meal, or called away.
    away_since = models.DateTimeField(null=True, blank=True)
    set_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["unit", "user"], name="one_share_of_a_queue"),
            models.CheckConstraint(condition=Q(weight__lte=WEIGHT_MAX), name="share_weight_0_to_9"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} · {self.user_id} · {self.weight}"


class QualitySample(models.Model):
    """质检: one of an operator's decisions of a week, drawn at random for somebody else to judge."""

    class Deed(models.TextChoices):
        """What the operator did with the case; the words of the timeline."""

        DISPATCHED = "dispatched", _("Dispatched")
        ANSWERED = "answered", _("Answered on the spot")
        REJECTED = "rejected", _("Not accepted")

    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")  # whose desk it was
    operator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="quality_samples")
    week = models.DateField()  # its Monday, in the district
    # 1, 2, 3 …: drawing again finds the places taken, so a week is drawn once whoever draws it.
    position = models.PositiveSmallIntegerField()
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")
    deed = models.CharField(max_length=12, choices=Deed.choices)
    done_at = models.DateTimeField()
    # Of a dispatch: to whom, by which item.
    sent_to = models.CharField(max_length=64, blank=True)
    item_code = models.CharField(max_length=12, blank=True)
    # What the operator wrote with it, where they wrote anything.
    words = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    drawn_at = models.DateTimeField()
    scored_at = models.DateTimeField(null=True, blank=True)
    scored_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Empty where the question does not arise: an answer on the spot has no limit.
    right_unit = models.BooleanField(null=True, blank=True)
    right_words = models.BooleanField(null=True, blank=True)
    right_limit = models.BooleanField(null=True, blank=True)
    note = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "unit", "week", "position"], name="sample_place_once"
            ),
            models.UniqueConstraint(fields=["operator", "week", "incident"], name="sample_case_once"),
            # Nobody judges their own work.
            models.CheckConstraint(
                condition=Q(scored_by__isnull=True) | ~Q(scored_by=F("operator")),
                name="sample_scored_by_another",
            ),
            models.CheckConstraint(
                condition=Q(scored_at__isnull=True, scored_by__isnull=True)
                | Q(scored_at__isnull=False, scored_by__isnull=False),
                name="sample_scored_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["unit", "week"], name="sample_of_unit")]

    def __str__(self) -> str:
        return f"{self.week} · {self.operator_id} · {self.incident_id}"
