"""What is counted ahead of time: cells that facts have been folded into, and the facts that wait."""

from django.db import models

from incidents.models import Outcome


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


class Word(models.Model):
    """A value of a dimension, whose number stands for it in cells. Written once and never changed."""

    dim = models.SmallIntegerField()  # see cells.Dim
    word = models.CharField(max_length=64)

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["dim", "word"], name="word_of_dimension")]

    def __str__(self) -> str:
        return self.word


class Rollup(models.Model):
    """All cells of one split and one day, week, month or year, packed: see packing.py.

    Counts and sums are exact; durations stand in logarithmic steps of 4 %, see sketch.py. What a fold adds
    stands in a row of its own until it has grown enough to be joined with the one before: whoever reads
    adds all rows of a period.
    """

    class Grain(models.TextChoices):
        DAY = "day"
        WEEK = "week"  # its day is the Monday
        MONTH = "month"  # its day is the first of the month
        YEAR = "year"  # its day is the first of January

    pk = models.CompositePrimaryKey("split", "grain", "day", "number")
    split = models.SmallIntegerField()  # the dimensions these cells split by, as bits: see cells.Dim
    grain = models.CharField(max_length=5, choices=Grain.choices)
    day = models.DateField()  # Asia/Shanghai
    number = models.IntegerField()
    size = models.IntegerField()  # bytes
    keys = models.BinaryField()
    measures = models.BinaryField()
    dispatch_elapsed_bins = models.BinaryField()
    dispatch_working_bins = models.BinaryField()
    handle_elapsed_bins = models.BinaryField()
    handle_working_bins = models.BinaryField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.split} {self.grain} {self.day} {self.number}"


class Compaction(models.Model):
    """From which day on, a Monday, there are all cells of days and weeks; see compaction.py."""

    first_day = models.DateField()
    made_at = models.DateTimeField()  # the machine's clock

    class Meta:
        ordering = ("-first_day",)

    def __str__(self) -> str:
        return str(self.first_day)


class Check(models.Model):
    """One comparison of the cells with the facts, and of the facts with the cases and their timeline."""

    ran_at = models.DateTimeField()  # the machine's clock
    facts = models.BigIntegerField()
    differences = models.PositiveIntegerField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M} {self.differences}"
