"""Facts as they are counted: append-only, so that boards fold them and a reversal negates a row."""

from django.db import models

from incidents.models.incident import Incident


class Outcome(models.Model):
    """One countable fact about one case, with the dimensions that it is counted under.

    A correction appends a row with the opposite sign and the stored dimensions; nothing is edited.
    """

    class Kind(models.TextChoices):
        RECEIVED = "received"
        DISPATCHED = "dispatched"
        RETURNED = "returned"
        REFUSED = "refused"  # a return that the centre did not agree to
        HANDLED = "handled"
        DUE = "due"
        CLOSED = "closed"
        REWORKED = "reworked"
        RATED = "rated"
        ACCEPTED = "accepted"  # a sending was taken on; on_time where it was not by silence
        CONTACTED = "contacted"  # the unit's first contact was due, and was or was not made by then
        # Of a case that fell due, on the day of its DUE: what came of it since.
        SETTLED = "settled"  # late, and handled by now
        FINISHED = "finished"  # closed by now; on_time where neither handling nor its check was late
        REPEATED = "repeated"  # the same was reported again soon after this unit's work was closed
        # One for each reporter of a closed case who can be asked how it was, on the day of the closing;
        # and for each of them who has rated it by now, on the same day.
        ASKED = "asked"
        ANSWERED = "answered"

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="outcomes")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    sign = models.SmallIntegerField(default=1)
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversal"
    )
    at = models.DateTimeField()
    day = models.DateField()  # Asia/Shanghai
    unit_code = models.CharField(max_length=64)
    street_code = models.CharField(max_length=15, blank=True)
    community_code = models.CharField(max_length=15, blank=True)
    cell_code = models.CharField(max_length=15, blank=True, default="", db_default="")
    category_code = models.CharField(max_length=4, blank=True)
    item_code = models.CharField(max_length=12, blank=True)
    source = models.CharField(max_length=24)
    nature = models.CharField(max_length=16)
    level = models.CharField(max_length=1, blank=True)
    first_level = models.CharField(max_length=1, blank=True)
    urgency = models.CharField(max_length=12)
    # Seconds, elapsed and in working time; for DISPATCHED and HANDLED.
    elapsed = models.PositiveBigIntegerField(null=True, blank=True)
    working = models.PositiveBigIntegerField(null=True, blank=True)
    automatic = models.BooleanField(default=False)
    first = models.BooleanField(default=False)  # settled or sent by the first dispatch
    on_time = models.BooleanField(null=True, blank=True)
    solved = models.BooleanField(null=True, blank=True)
    contacted = models.BooleanField(null=True, blank=True)  # did the unit speak with them? for RATED
    score = models.PositiveSmallIntegerField(null=True, blank=True)  # 1-5, for RATED
    # Of `elapsed`, the seconds in which the handling clock stood still; for HANDLED.
    paused = models.PositiveBigIntegerField(null=True, blank=True)
    mediated = models.BooleanField(null=True, blank=True)  # did the parties come to terms? for HANDLED
    # 补录: told later than it happened; for RECEIVED and HANDLED.
    late_entry = models.BooleanField(default=False, db_default=False)
    # Of a reversal: what it takes back shall count nowhere, nor among what was once sent.
    entirely = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ("pk",)
        indexes = [
            # small groups are read from the facts themselves
            models.Index(fields=["kind", "day", "unit_code"], name="outcome_day"),
            # so are the days at the edges of a small area's or an item's range, and a cell's whole one
            models.Index(fields=["community_code", "day"], name="outcome_community"),
            models.Index(fields=["cell_code", "day"], name="outcome_cell", condition=~models.Q(cell_code="")),
            models.Index(fields=["item_code", "day"], name="outcome_item", condition=~models.Q(item_code="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sign:+d} {self.incident_id}"
