"""数据超市: snapshots of data sets, who may have them, who asked for what, and who took which."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from accounts.models import ApiClient, OrgUnit, User
from incidents.models import Text

# A data set's code: dashboards.datasets.catalogue knows them.
CODE_LENGTH = 40


class Snapshot(models.Model):
    """A data set as it was at one instant, written to files once; the web only hands files out."""

    class State(models.TextChoices):
        BUILDING = "building", pgettext_lazy("snapshot", "Being made")
        READY = "ready", pgettext_lazy("snapshot", "Ready")
        FAILED = "failed", pgettext_lazy("snapshot", "Failed")

    dataset = models.CharField(max_length=CODE_LENGTH)
    version = models.PositiveSmallIntegerField()  # of the schema
    state = models.CharField(max_length=8, choices=State.choices, default=State.BUILDING)
    cut_at = models.DateTimeField()  # the district's clock: everything until then is in it, nothing later
    began_at = models.DateTimeField()  # the machine's clock
    finished_at = models.DateTimeField(null=True, blank=True)
    rows = models.BigIntegerField(default=0)
    # What the rules kept back: values that are in no code list, by field; and counts too small to tell.
    withheld = models.JSONField(default=dict, blank=True)
    suppressed = models.BigIntegerField(default=0)
    by_domain = models.JSONField(default=dict, blank=True)  # rows of each domain, where rows have one
    # Where every thousandth row begins in the CSV, with its day: pages of the API start there.
    marks = models.JSONField(default=list, blank=True)
    error = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-cut_at", "-pk")
        constraints = [
            # Two builders at once would write the same; the second finds that somebody is at it.
            models.UniqueConstraint(
                fields=["dataset", "version"], condition=Q(state="building"), name="snapshot_built_once"
            )
        ]
        indexes = [
            # the newest one that is ready, of one data set or of all
            models.Index(fields=["dataset", "version", "-cut_at"], name="snapshot_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.version} {self.cut_at:%Y-%m-%d %H:%M}"


class SnapshotFile(models.Model):
    """One file of a snapshot. What is old is taken from the storage; that it was there stays."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        PARQUET = "parquet", "Parquet"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="files")
    format = models.CharField(max_length=8, choices=Format.choices)
    name = models.CharField(max_length=200)  # in the storage
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["snapshot", "format"], name="snapshot_file_once")]

    def __str__(self) -> str:
        return self.name


class DataRule(models.Model):
    """Who may have a data set without asking, where its owner has said so; else the catalogue's own rule."""

    class Mode(models.TextChoices):
        OPEN = "open", pgettext_lazy("data access", "Open to everybody who signs in")
        ROLES = "roles", pgettext_lazy("data access", "By role")
        UNITS = "units", pgettext_lazy("data access", "By unit")
        REQUEST = "request", pgettext_lazy("data access", "On request only")

    dataset = models.CharField(max_length=CODE_LENGTH, primary_key=True)
    mode = models.CharField(max_length=8, choices=Mode.choices)
    roles = ArrayField(models.CharField(max_length=16), default=list, blank=True)  # held for the district
    units = ArrayField(models.CharField(max_length=64), default=list, blank=True)  # with those below them
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("dataset",)
        constraints = [
            models.CheckConstraint(
                condition=Q(mode__in=["open", "request"])
                | Q(mode="roles", roles__len__gt=0)
                | Q(mode="units", units__len__gt=0),
                name="data_rule_names_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.mode}"


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def waiting(self) -> "DataRequestQuerySet":
        """Nobody has decided them yet."""
        return self.filter(state=DataRequest.State.WAITING)

    def valid(self, at: datetime) -> "DataRequestQuerySet":
        """Granted, not withdrawn and not over."""
        return self.filter(state=DataRequest.State.GRANTED, until__gt=at)


class DataRequest(models.Model):
    """Somebody asks for a data set, says what for and for how long, and its owner answers.

    For themselves, or for another system (`client`) that they answer for. A grant ends by itself, when its
    owner withdraws it, and when the person leaves the unit that they asked for.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("data request", "Waiting")
        GRANTED = "granted", pgettext_lazy("data request", "Granted")
        REFUSED = "refused", pgettext_lazy("data request", "Refused")
        CANCELLED = "cancelled", pgettext_lazy("data request", "Taken back")
        WITHDRAWN = "withdrawn", pgettext_lazy("data request", "Withdrawn")

    dataset = models.CharField(max_length=CODE_LENGTH)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    purpose = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveSmallIntegerField()  # asked for
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    until = models.DateTimeField(null=True, blank=True)  # of a grant
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = [
            # Two clicks are one request.
            models.UniqueConstraint(
                fields=["dataset", "by", "client"],
                condition=Q(state="waiting"),
                nulls_distinct=False,
                name="data_request_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "refused", "cancelled"]) | Q(until__isnull=False),
                name="data_grant_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["dataset", "state", "-at"], name="data_request_inbox"),
            models.Index(fields=["client", "dataset"], name="data_request_client"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} · {self.by_id} · {self.state}"


class DataEvent(models.Model):
    """One step of who may have a data set: only ever added to, the database refuses changes."""

    class Kind(models.TextChoices):
        ASKED = "asked", pgettext_lazy("data event", "Asked for it")
        GRANTED = "granted", pgettext_lazy("data event", "Granted it")
        REFUSED = "refused", pgettext_lazy("data event", "Refused it")
        CANCELLED = "cancelled", pgettext_lazy("data event", "Took the request back")
        WITHDRAWN = "withdrawn", pgettext_lazy("data event", "Withdrew the grant")
        RULE = "rule", pgettext_lazy("data event", "Changed who may have it")

    dataset = models.CharField(max_length=CODE_LENGTH)
    request = models.ForeignKey(
        DataRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    words = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("pk",)
        indexes = [models.Index(fields=["dataset", "-id"], name="data_event_dataset")]

    def __str__(self) -> str:
        return f"{self.dataset} {self.kind}"


class Download(models.Model):
    """Who took which data set in which version and format, how many rows, and when.

    A file is one row however many ranges it was fetched in; the pages of the API that one caller reads of
    one snapshot on one day are one row, which grows.
    """

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        PARQUET = "parquet", "Parquet"
        API = "api", "API"

    dataset = models.CharField(max_length=CODE_LENGTH)
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="downloads")
    version = models.PositiveSmallIntegerField()
    format = models.CharField(max_length=8, choices=Format.choices)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    unit_code = models.CharField(max_length=64, blank=True)  # of the person then
    domain = models.CharField(max_length=4, blank=True)  # where only one domain's rows were asked for
    day = models.DateField()  # Asia/Shanghai
    at = models.DateTimeField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    requests = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, client__isnull=True)
                | Q(user__isnull=True, client__isnull=False),
                name="download_says_who",
            ),
            models.UniqueConstraint(
                fields=["snapshot", "user", "client", "domain", "day"],
                condition=Q(format="api"),
                nulls_distinct=False,
                name="download_pages_once_a_day",
            ),
        ]
        indexes = [models.Index(fields=["dataset", "-at"], name="download_dataset")]

    def __str__(self) -> str:
        return f"{self.dataset} {self.format} {self.at:%Y-%m-%d %H:%M}"
