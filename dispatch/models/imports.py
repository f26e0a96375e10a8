"""Spreadsheets on their way into the list: the file, how it is read, and what it would change."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from dispatch.models.responsibility import ItemChange, ResponsibilityList


class ListImport(models.Model):
    """导入: one spreadsheet, from the file to the draft that it changed."""

    class State(models.TextChoices):
        MAPPING = "mapping", _("Columns to be matched")
        WAITING = "waiting", _("Waiting to be checked")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        FAILED = "failed", _("Could not be read")
        APPLIED = "applied", pgettext_lazy("of an import", "Imported")
        DROPPED = "dropped", _("Dropped")

    class Step(models.TextChoices):
        READING = "reading", _("Reading the file")
        COMPARING = "comparing", _("Understanding and comparing the rows")
        KEEPING = "keeping", _("Preparing the preview")

    state = models.CharField(max_length=10, choices=State.choices, default=State.MAPPING)
    file_name = models.CharField(max_length=120)
    file_size = models.PositiveIntegerField()
    # How it is read, as a person has said it on the mapping screen.
    sheet = models.CharField(max_length=64, blank=True)
    heading_row = models.PositiveIntegerField(null=True, blank=True)
    mapping = models.JSONField(default=dict)  # column, counted from 0 → field
    options = models.JSONField(default=dict)
    # The draft to change; empty: a new one, called `title`.
    target = models.ForeignKey(
        ResponsibilityList, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    title = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=10)  # of whoever reads the preview
    # How far the check is. `attempt` is never set back: it tells a worker that it is no longer its turn.
    # `tries` are those since a person has last asked for the check.
    step = models.CharField(max_length=10, choices=Step.choices, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True)
    # What it was compared with: of another revision the preview no longer holds.
    base = models.ForeignKey(
        ResponsibilityList, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    base_revision = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # dispatch.spreadsheets.plan.Plan.counts()
    took_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The draft that it went into.
    draft = models.ForeignKey(
        ResponsibilityList, on_delete=models.PROTECT, null=True, blank=True, related_name="imports"
    )

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="applied") | Q(draft__isnull=False, applied_at__isnull=False),
                name="applied_import_has_draft",
            ),
        ]
        indexes = [
            # the worker's: what waits to be checked (dispatch.spreadsheets.imports.check_next)
            models.Index(
                fields=["asked_at", "id"],
                condition=Q(state__in=["waiting", "checking"]),
                name="import_to_check",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} · {self.state}"

    @property
    def is_under_way(self) -> bool:
        """Is it the worker's turn?"""
        return self.state in (self.State.WAITING, self.State.CHECKING)


class ImportFile(models.Model):
    """The bytes of a file, apart from what is said about it; they go when the import is done with."""

    list_import = models.OneToOneField(ListImport, on_delete=models.CASCADE, related_name="file")
    data = models.BinaryField()

    def __str__(self) -> str:
        return str(self.list_import_id)


class ImportedItem(models.Model):
    """An item that the file would add or change, or that it lacks (removed)."""

    list_import = models.ForeignKey(ListImport, on_delete=models.CASCADE, related_name="items")
    row = models.PositiveIntegerField()  # 0 where the file lacks it
    code = models.CharField(max_length=16)
    kind = models.CharField(max_length=12, choices=ItemChange.Kind.choices)
    values = models.JSONField(default=dict)  # all FIELDS, as they would be
    changes = models.JSONField(default=dict)  # field → [before, after]
    is_numbered = models.BooleanField(default=False)  # the code was given by us

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["list_import", "kind", "id"], name="imported_by_kind")]

    def __str__(self) -> str:
        return f"{self.code} {self.kind}"


class ImportRemark(models.Model):
    """Something said about a cell: a problem, which keeps the file out, or how it was understood."""

    list_import = models.ForeignKey(ListImport, on_delete=models.CASCADE, related_name="remarks")
    is_problem = models.BooleanField()
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=3, blank=True)  # its letter; empty: the whole row
    field = models.CharField(max_length=24, blank=True)
    code = models.CharField(max_length=16)
    message = models.TextField()
    # The same is said of so many cells; the row is the first of them. Problems are said one by one.
    times = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["list_import", "is_problem", "id"], name="import_remarks")]

    def __str__(self) -> str:
        return f"{self.column}{self.row} {self.code}"


class ColumnMapping(models.Model):
    """How a sheet of these headings was read last: where the next one begins."""

    signature = models.CharField(max_length=64, unique=True)  # dispatch.spreadsheets.columns.Heading
    mapping = models.JSONField()
    options = models.JSONField(default=dict)
    used_at = models.DateTimeField()
    used_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.signature[:8]
