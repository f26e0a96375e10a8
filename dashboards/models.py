"""What is counted ahead of time: cells that facts have been folded into, and the facts that wait."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from incidents.models import Outcome

# The value of a dimension that a cell does not split by. Not NULL, or the index could not seek it.
ANY = "*"


class Unfolded(models.Model):
    """A fact that no cell holds yet.

    A trigger writes it in the transaction that writes the fact, so it is there exactly when the fact
    is, in whatever order transactions commit: no watermark over ids could promise that.
    See docs/decisions/0006-facts-wait-in-a-queue.md.
    """

    outcome = models.OneToOneField(
        Outcome, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )

    class Meta:
        ordering = ("pk",)
        verbose_name_plural = "unfolded facts"

    def __str__(self) -> str:
        return str(self.pk)


class Rollup(models.Model):
    """One cell: everything countable about a day, a week or a month, split by some of the dimensions.

    Counts and sums are exact. The bins hold durations in logarithmic steps of 2 %: each number is
    (bin << 32) | count; see sketch.py. Nothing of a measure is NULL, which takes no room: most cells are
    a unit's or a matter's single day and have three or four of them.
    """

    class Grain(models.TextChoices):
        DAY = "day"
        WEEK = "week"  # its day is the Monday
        MONTH = "month"  # its day is the first of the month

    grain = models.CharField(max_length=5, choices=Grain.choices)
    split = models.SmallIntegerField()  # the dimensions this cell splits by, as bits: see cells.Dim
    day = models.DateField()  # Asia/Shanghai
    unit_code = models.CharField(max_length=64, default=ANY)
    area_code = models.CharField(max_length=15, default=ANY)  # a street or a community, as split says
    category_code = models.CharField(max_length=4, default=ANY)
    source = models.CharField(max_length=24, default=ANY)

    received = models.BigIntegerField(null=True)
    dispatched = models.BigIntegerField(null=True)
    automatic = models.BigIntegerField(null=True)
    returned = models.BigIntegerField(null=True)
    handled = models.BigIntegerField(null=True)
    handled_first = models.BigIntegerField(null=True)
    solved = models.BigIntegerField(null=True)
    due = models.BigIntegerField(null=True)
    due_met = models.BigIntegerField(null=True)
    closed = models.BigIntegerField(null=True)
    reworked = models.BigIntegerField(null=True)
    rated = models.BigIntegerField(null=True)
    scored = models.BigIntegerField(null=True)
    satisfied = models.BigIntegerField(null=True)
    asked_solved = models.BigIntegerField(null=True)
    said_solved = models.BigIntegerField(null=True)
    asked_contacted = models.BigIntegerField(null=True)
    said_contacted = models.BigIntegerField(null=True)
    first_sent = models.BigIntegerField(null=True)
    # Of the handled ones: at which level they were settled, where they began, and which stayed there.
    settled_a = models.BigIntegerField(null=True)
    settled_b = models.BigIntegerField(null=True)
    settled_c = models.BigIntegerField(null=True)
    settled_d = models.BigIntegerField(null=True)
    began_a = models.BigIntegerField(null=True)
    began_b = models.BigIntegerField(null=True)
    began_c = models.BigIntegerField(null=True)
    stayed_a = models.BigIntegerField(null=True)
    stayed_b = models.BigIntegerField(null=True)
    stayed_c = models.BigIntegerField(null=True)
    # Sums of seconds.
    dispatch_elapsed = models.BigIntegerField(null=True)
    dispatch_working = models.BigIntegerField(null=True)
    handle_elapsed = models.BigIntegerField(null=True)
    handle_working = models.BigIntegerField(null=True)
    first_elapsed = models.BigIntegerField(null=True)
    first_working = models.BigIntegerField(null=True)

    dispatch_elapsed_bins = ArrayField(models.BigIntegerField(), null=True)
    dispatch_working_bins = ArrayField(models.BigIntegerField(), null=True)
    handle_elapsed_bins = ArrayField(models.BigIntegerField(), null=True)
    handle_working_bins = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            # The key that a fold upserts by, in the order in which a board seeks.
            models.UniqueConstraint(
                fields=["split", "grain", "day", "area_code", "unit_code", "category_code", "source"],
                name="rollup_cell",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.day} {self.area_code} {self.unit_code} {self.category_code}"


class Check(models.Model):
    """One comparison of the cells with the facts, and of the facts with the cases and their timeline."""

    ran_at = models.DateTimeField()  # the machine's clock
    facts = models.BigIntegerField()
    differences = models.PositiveIntegerField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M} {self.differences}"
