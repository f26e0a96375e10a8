"""治理项目: recurring cases taken up as one, with an owner, measures with dates, and a before and after."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from accounts.models import OrgUnit, User
from dashboards.dimensions import Selection
from incidents.models import Incident, Text


class Project(models.Model):
    """One project: what is measured is chosen when it begins, and never changed to look better."""

    class Status(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("project", "Planned")
        RUNNING = "running", pgettext_lazy("project", "Running")
        DONE = "done", pgettext_lazy("project", "Done")
        WATCH = "watch", pgettext_lazy("project", "Kept watch")

    name = models.CharField(max_length=80)
    problem = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    owner_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    # The selection: a street or a community (the district where neither), and matters.
    street_code = models.CharField(max_length=15, blank=True)
    community_code = models.CharField(max_length=15, blank=True)
    categories = ArrayField(models.CharField(max_length=4), default=list)
    start = models.DateField()
    end = models.DateField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        constraints = [models.CheckConstraint(condition=Q(start__lte=F("end")), name="project_has_days")]

    def __str__(self) -> str:
        return self.name

    @property
    def selection(self) -> Selection:
        """What its before and after are counted over."""
        if self.community_code:
            return Selection(areas=(self.community_code,), categories=tuple(self.categories))
        streets = (self.street_code,) if self.street_code else ()
        return Selection(streets=streets, categories=tuple(self.categories))


class ProjectItem(models.Model):
    """A line of its lists: what it has to work with (资源清单), or what is done by when (项目清单)."""

    class Kind(models.TextChoices):
        RESOURCE = "resource", pgettext_lazy("project", "Resource")
        MEASURE = "measure", pgettext_lazy("project", "Measure")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    words = models.ForeignKey(Text, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    due = models.DateField(null=True, blank=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    # Taken out of the lists: it stays to be read, with the reason in the trail.
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(dropped_at=None), name="project_item_done_or_dropped"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.kind}"


class ProjectCase(models.Model):
    """A case of its list of problems (问题清单)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="cases")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["project", "incident"], name="project_case_once")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.incident_id}"


class ProjectEvent(models.Model):
    """What was done with a project: only ever added to, the database refuses changes."""

    class Kind(models.TextChoices):
        OPENED = "opened", pgettext_lazy("project", "Opened")
        WARNING = "warning", pgettext_lazy("project", "Took in a warning")
        ITEM = "item", pgettext_lazy("project", "Added to its lists")
        ITEM_DONE = "item_done", pgettext_lazy("project", "Carried a measure out")
        ITEM_DROPPED = "item_dropped", pgettext_lazy("project", "Took a line out of its lists")
        OWNER = "owner", pgettext_lazy("project", "Gave it another owner")
        STATUS = "status", pgettext_lazy("project", "Changed its state")
        FINISHED = "finished", pgettext_lazy("project", "Finished it")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    # Why, where a reason is asked for.
    words = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Codes and ids; of a finish what was measured then: {"before": [cases a week], "after", "verdict"}.
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.project_id} {self.kind}"
