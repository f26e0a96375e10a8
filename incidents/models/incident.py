"""The case: what gets handled, whose it is and how far it has come."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from dispatch.models import Category
from dispatch.vocabulary import Level, Nature, Source, Urgency
from incidents.models.report import Report, Text

# Of a degree: spots of some fifty metres.
SPOTS = 2000.0


class Status(models.TextChoices):
    TRIAGE = "triage", _("Awaiting dispatch")
    DISPATCHED = "dispatched", _("Awaiting acceptance")
    HANDLING = "handling", _("In hand")
    RESOLVED = "resolved", _("Awaiting verification")
    CLOSED = "closed", _("Closed")
    PARKED = "parked", _("Parked")
    SUSPENDED = "suspended", _("Suspended")
    REJECTED = "rejected", _("Not accepted")
    MERGED = "merged", _("Merged")


OPEN_STATUSES = (
    Status.TRIAGE,
    Status.DISPATCHED,
    Status.HANDLING,
    Status.RESOLVED,
    Status.PARKED,
    Status.SUSPENDED,
)


class PauseKind(models.TextChoices):
    """Why a handling clock stands still."""

    SUSPENSION = "suspension", _("Suspended")
    RESIDENT = "resident", _("Waiting for the reporter")


class ResolutionOutcome(models.TextChoices):
    """办理结果: what came of it. Only SOLVED counts as solved."""

    SOLVED = "solved", _("Solved")
    EXPLAINED = "explained", _("Explained: policy does not allow it")
    PARKED = "parked", _("Interim answer, parked")
    LEGAL_ROUTE = "legal_route", _("Referred to the legal route")
    UNFOUNDED = "unfounded", _("Unfounded")
    UNREACHABLE = "unreachable", _("Reporter unreachable")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    NOT_ACCEPTED = "not_accepted", _("Not accepted")
    ANSWERED = "answered", _("Answered directly")
    # An alert that was over before anybody acted: handled by nobody.
    CLEARED = "cleared", _("Cleared by itself")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> "IncidentQuerySet":
        """Neither closed, rejected nor merged."""
        return self.filter(status__in=OPEN_STATUSES)

    def overdue(self, at: datetime) -> "IncidentQuerySet":
        """Open, and past the due time of the clock that now runs."""
        return self.open().filter(due_at__lt=at)

    def at_desk(self) -> "IncidentQuerySet":
        """Waiting for a person to decide whose job it is."""
        return self.filter(status=Status.TRIAGE)

    def burning_first(self) -> "IncidentQuerySet":
        """Emergencies, then the least time left."""
        return self.annotate(
            heat_order=models.Case(models.When(urgency=Urgency.EMERGENCY, then=0), default=1)
        ).order_by("heat_order", "due_at", "pk")

    def locked(self, *numbers: str) -> "IncidentQuerySet":
        """The named cases, locked in id order. No-key: a timeline row may still point at them."""
        return self.filter(number__in=numbers).order_by("pk").select_for_update(no_key=True, of=("self",))

    def for_list(self) -> "IncidentQuerySet":
        """With what a row of any list shows, in a fixed number of queries."""
        standing = models.FilteredRelation("supervisions", condition=Q(supervisions__ended_at__isnull=True))
        return self.select_related("category", "owner_unit", "text", "claimed_by").annotate(
            # at most one row: one_open_supervision
            standing_order=standing,
            order_answer_by=models.F("standing_order__answer_by"),
            order_level=models.F("standing_order__level"),
        )


class Incident(models.Model):
    """事件: one or more reports about the same thing, owned by exactly one unit."""

    number = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=12, choices=Status.choices)
    nature = models.CharField(max_length=16, choices=Nature.choices)
    source = models.CharField(max_length=24, choices=Source.choices)  # of the first report
    # No index of its own here nor below: those in Meta answer, and hold nothing of a new case where they can.
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    text = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")  # of the first report
    item_code = models.CharField(max_length=12, blank=True)
    urgency = models.CharField(max_length=12, choices=Urgency.choices, default=Urgency.ROUTINE)
    level = models.CharField(max_length=1, choices=Level.choices, blank=True)
    # Where the item that it is handled under begins; `level` moves up from there.
    first_level = models.CharField(max_length=1, choices=Level.choices, blank=True)
    # The triage desk is a unit too, so this is never empty.
    owner_unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, related_name="owned_incidents", db_index=False
    )
    handler = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    address = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    cell_code = models.CharField(max_length=15, blank=True)
    community_code = models.CharField(max_length=15, blank=True)
    street_code = models.CharField(max_length=15, blank=True)
    in_district = models.BooleanField(null=True, blank=True)
    place_type = models.CharField(max_length=24, blank=True)
    asset_owner = models.CharField(max_length=64, blank=True)
    # The facility that its first report named, by the code of the register.
    facility_code = models.CharField(max_length=60, blank=True, default="", db_default="")

    received_at = models.DateTimeField()
    first_dispatched_at = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)  # the sending that stands now
    accepted_at = models.DateTimeField(null=True, blank=True)
    # 排险: the danger is gone, and the rest is a repair, whoever does it; until it is reopened to the desk.
    made_safe_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # Since when it is kept without who reported it, as its time was over; privacy/ageing.py. Opened again it
    # is like any other: what is said of it from then on has its own time.
    forgotten_at = models.DateTimeField(null=True, blank=True)
    # Due time of the clock that matters now; kept by timers.py, read by every list. Empty: no clock.
    due_at = models.DateTimeField(null=True, blank=True)
    clock_kind = models.CharField(max_length=16, blank=True)
    clock_started_at = models.DateTimeField(null=True, blank=True)
    parked_until = models.DateField(null=True, blank=True)
    # While the handling clock stands still: why, and when it goes on by itself.
    pause_kind = models.CharField(max_length=12, choices=PauseKind.choices, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)

    outcome = models.CharField(max_length=16, choices=ResolutionOutcome.choices, blank=True)
    auto_dispatched = models.BooleanField(default=False)
    report_count = models.PositiveIntegerField(default=1)
    return_count = models.PositiveSmallIntegerField(default=0)
    rework_count = models.PositiveSmallIntegerField(default=0)
    handling_run = models.PositiveSmallIntegerField(default=1)
    chased_count = models.PositiveSmallIntegerField(default=0)
    # Orders to act so far, and the number of the one that waits for its answer.
    supervision_count = models.PositiveSmallIntegerField(default=0)
    supervision_number = models.CharField(max_length=20, blank=True)
    # Found and put right by the same patrol on the spot: a class of its own, counted in no ranking. A fix
    # that does not stand leaves it (field/spot.py).
    self_fixed = models.BooleanField(default=False, db_default=False)
    # When the unit that has it first spoke to a reporter.
    first_contact_at = models.DateTimeField(null=True, blank=True)
    # 待上级审核: since when our result waits for the source to accept it. Until then nothing is closed.
    upstream_since = models.DateTimeField(null=True, blank=True)
    # Why a person is needed: low_confidence, ambiguous, no_match, out_of_area, returned …
    triage_codes = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from", db_index=False
    )
    # 拆分: another matter of the same report, made a case of its own by the centre. A root counts once.
    split_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts", db_index=False
    )
    claimed_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    # Raised by every action: a list's ETag, and a page's guard against deciding on stale facts.
    version = models.PositiveIntegerField(default=1)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(condition=Q(status__in=[*Status.values]), name="incident_status_known"),
            models.CheckConstraint(
                condition=~Q(status=Status.MERGED) | Q(merged_into__isnull=False),
                name="incident_merged_says_where",
            ),
            # An open case has a clock; a parked one has a date instead.
            models.CheckConstraint(
                condition=~Q(status__in=["triage", "dispatched", "handling", "resolved"])
                | Q(due_at__isnull=False),
                name="incident_open_has_clock",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.CLOSED) | Q(closed_at__isnull=False),
                name="incident_closed_says_when",
            ),
        ]
        indexes = [
            # the triage queue and every inbox: open rows of an owner by what burns
            models.Index(
                fields=["owner_unit", "due_at", "id"],
                name="incident_inbox",
                condition=Q(status__in=[*OPEN_STATUSES]),
            ),
            models.Index(
                fields=["status", "due_at", "id"],
                name="incident_queue",
                condition=Q(status__in=[*OPEN_STATUSES]),
            ),
            # a street's or the district's list, newest first
            models.Index(fields=["street_code", "-received_at", "-id"], name="incident_street"),
            # drill-downs of the boards
            models.Index(fields=["category", "-received_at", "-id"], name="incident_category"),
            models.Index(fields=["received_at", "id"], name="incident_received"),
            # what burns: a wall and a supervisor's page show the first of them, and count them
            models.Index(
                fields=["due_at", "id"],
                name="incident_emergencies",
                condition=Q(urgency=Urgency.EMERGENCY, status__in=[*OPEN_STATUSES]),
            ),
            # what is over and still whole, in the order in which it closed: the sweep of privacy/ageing.py
            models.Index(
                fields=["closed_at", "id"],
                name="incident_to_forget",
                condition=Q(closed_at__isnull=False, forgotten_at__isnull=True),
            ),
            # whose it is, closed ones too
            models.Index(fields=["owner_unit"], name="incident_owner"),
            # what a new case has not: the parts of a root, what was merged, who has taken it on
            *(
                models.Index(
                    fields=[field], name=f"incident_{name}", condition=Q(**{f"{field}__isnull": False})
                )
                for field, name in (
                    ("split_from", "parts"),
                    ("merged_into", "merged"),
                    ("handler", "handler"),
                    ("claimed_by", "claimed"),
                )
            ),
            # the list of cases by where they came from, and by the smallest place that a name is known of
            models.Index(fields=["source", "-received_at", "-id"], name="incident_source"),
            models.Index(fields=["community_code", "-received_at", "-id"], name="incident_community"),
            models.Index(fields=["level", "-received_at", "-id"], name="incident_level"),
            # and by what has happened to few of them
            *(
                models.Index(fields=["-received_at", "-id"], name=f"incident_{name}", condition=few)
                for name, few in (
                    ("returned", Q(return_count__gt=0)),
                    ("reworked", Q(rework_count__gt=0)),
                    ("chased", Q(chased_count__gt=0)),
                    ("several", Q(report_count__gt=1)),
                    ("upstream", Q(upstream_since__isnull=False)),
                )
            ),
            *(
                models.Index(
                    fields=[field, "-received_at", "-id"], name=f"incident_rare_{field}", condition=rare
                )
                for field, rare in (
                    ("urgency", ~Q(urgency=Urgency.ROUTINE)),
                    (
                        "status",
                        Q(status__in=[Status.PARKED, Status.SUSPENDED, Status.REJECTED, Status.MERGED]),
                    ),
                )
            ),
            # the same thing, nearby and still open
            models.Index(
                fields=["category", "lat", "lon"],
                name="incident_nearby",
                condition=Q(status__in=[*OPEN_STATUSES], lat__isnull=False),
            ),
            # the same where only the community is known
            models.Index(
                fields=["community_code", "category", "lat"],
                name="incident_open_community",
                condition=Q(status__in=[*OPEN_STATUSES]),
            ),
            # what was said of one spot lately, whatever it was about
            models.Index(
                Cast(models.F("lat") * SPOTS, models.IntegerField()),
                Cast(models.F("lon") * SPOTS, models.IntegerField()),
                "received_at",
                name="incident_spot",
                condition=Q(lat__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES


class IncidentReport(models.Model):
    """Which reports a case answers, with the history of merging and splitting."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="links")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="links")
    linked_at = models.DateTimeField()
    unlinked_at = models.DateTimeField(null=True, blank=True)
    how = models.CharField(max_length=12, default="first")  # first, same, merged, split, unmerged
    # Where it joined by itself: how likely it was that both are about one thing.
    score = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["report"], condition=Q(unlinked_at__isnull=True), name="report_in_one_incident"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} → {self.incident}"


class SerialDay(models.Model):
    """Where a day's case numbers start on the one sequence; gaps are allowed, locks are not."""

    day = models.DateField(primary_key=True)
    base = models.BigIntegerField()

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return str(self.day)
