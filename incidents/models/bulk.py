"""Files of reports on their way in: the file, how it is read, its rows in parts, and what came of them.

Rows name people. They are kept sealed, and go part by part as these are taken in; what was refused stays for
whoever mends it until the import is forgotten.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import ApiClient, User
from dispatch.vocabulary import Source


class BulkImport(models.Model):
    """批量导入: one file of reports from one source."""

    class State(models.TextChoices):
        READING = "reading", _("Being read")
        MAPPING = "mapping", _("Columns to be matched")
        CHECKING = "checking", _("Being checked")
        READY = "ready", _("Checked")
        RUNNING = "running", _("Being taken in")
        DONE = "done", pgettext_lazy("of an import", "Taken in")
        CANCELLED = "cancelled", pgettext_lazy("of an import", "Stopped")
        FAILED = "failed", _("Could not be read")
        DROPPED = "dropped", _("Dropped")

    state = models.CharField(max_length=10, choices=State.choices, default=State.READING)
    source = models.CharField(max_length=24, choices=Source.choices)
    file_name = models.CharField(max_length=120)
    file_size = models.PositiveIntegerField()
    # Of every cell of the sheet that was read: the same table has the same one, however it was saved.
    digest = models.CharField(max_length=64, blank=True)
    sheets = models.JSONField(default=list)
    # The sheet that is read. Its heading: first and last row, and what the columns are called.
    sheet = models.CharField(max_length=64, blank=True)
    heading = models.JSONField(default=dict)
    lines = models.PositiveIntegerField(default=0)
    mapping = models.JSONField(default=dict)  # column, counted from 0 → field
    options = models.JSONField(default=dict)
    language = models.CharField(max_length=10)
    # A program does not look at previews: what it sends begins by itself once it is checked.
    starts_itself = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)  # of reading the file, or of checking a part in vain
    failure = models.CharField(max_length=300, blank=True)
    counts = models.JSONField(default=dict)  # what the check found
    result = models.JSONField(default=dict)  # what came of the rows
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(null=True, blank=True)  # for whatever a worker is to do now
    checked_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(created_by__isnull=False) | Q(client__isnull=False), name="bulk_import_has_sender"
            ),
        ]
        indexes = [
            # the worker's: what it has to do (incidents.bulk.working.step)
            models.Index(
                fields=["id"],
                condition=Q(state__in=["reading", "checking", "running"]),
                name="bulk_import_at_work",
            ),
            # was this table taken in before?
            models.Index(fields=["source", "digest"], name="bulk_import_of_table"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} · {self.state}"

    @property
    def is_under_way(self) -> bool:
        """Is it a worker's turn?"""
        return self.state in (self.State.READING, self.State.CHECKING, self.State.RUNNING)

    @property
    def is_over(self) -> bool:
        """Does nothing come of it any more?"""
        return self.state in (self.State.DONE, self.State.CANCELLED, self.State.FAILED, self.State.DROPPED)


class BulkFile(models.Model):
    """The bytes of a file, sealed; they go when its rows are taken in."""

    bulk = models.OneToOneField(BulkImport, on_delete=models.CASCADE, related_name="file")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return str(self.bulk_id)


class BulkPart(models.Model):
    """Some of a file's lines: checked in one go, and taken in as one batch."""

    bulk = models.ForeignKey(BulkImport, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    rows = models.BinaryField(default=b"")  # sealed lines; empty once they are taken in
    checked_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)  # [row, column, field, code, word]
    numbers = models.JSONField(default=list)  # [row, number, digest], until the check is over
    repeats = models.JSONField(default=dict)  # row → the earlier row that has its number
    # The instants at which it was begun: what an earlier try of a worker that died wrote is known by them.
    tried = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(default=dict)
    rejects = models.BinaryField(default=b"")  # sealed lines with their problems

    class Meta:
        ordering = ("bulk", "position")
        constraints = [
            models.UniqueConstraint(fields=["bulk", "position"], name="bulk_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.bulk_id}/{self.position}"


class BulkMapping(models.Model):
    """How a source's sheet of these headings was read last: where the next one begins."""

    source = models.CharField(max_length=24, choices=Source.choices)
    signature = models.CharField(max_length=64)  # incidents.bulk.fields.signature_of
    mapping = models.JSONField()
    options = models.JSONField(default=dict)
    used_at = models.DateTimeField()
    used_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "signature"], name="bulk_mapping_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.signature[:8]}"
