"""Files on their way into the registers: facilities, names, categories, units and people as sheets, areas as
GeoJSON."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User


class RegisterImport(models.Model):
    """One file, from the upload to the register that it changed. Its bytes go when it is done with."""

    class Register(models.TextChoices):
        FACILITIES = "facilities", _("Facilities")
        PLACES = "places", _("Names of places")
        CATEGORIES = "categories", _("Categories")
        AREAS = "areas", pgettext_lazy("register", "Areas")
        UNITS = "units", _("Units")
        PEOPLE = "people", _("People")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be checked")
        CHECKED = "checked", _("Checked")
        FAILED = "failed", _("Could not be read")
        APPLYING = "applying", _("Being imported")
        APPLIED = "applied", pgettext_lazy("of an import", "Imported")
        DROPPED = "dropped", _("Dropped")

    register = models.CharField(max_length=12, choices=Register.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    file_name = models.CharField(max_length=120)
    data = models.BinaryField(null=True)
    language = models.CharField(max_length=10)  # of whoever reads the preview
    failure = models.CharField(max_length=300, blank=True)
    # dispatch.registers.plan.Plan.counts(), and the first of its problems: [row, column, field, message].
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    sample = models.JSONField(default=list)
    # Of areas: the coordinate system of the file, the code of the area of which it holds everything (empty:
    # it holds what changes), and the GeoJSON of what would change, for the map of the preview.
    crs = models.CharField(max_length=8, blank=True, default="", db_default="")
    whole_of = models.CharField(max_length=15, blank=True, default="", db_default="")
    drawing = models.BinaryField(null=True)
    # Of people: why, as the audit log has it on each line.
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Whose word it is that it holds: each owner that it changes is recorded under this name.
    applied_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "applying"]),
                name="register_import_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} · {self.state}"

    @property
    def is_under_way(self) -> bool:
        """Is it a worker's turn?"""
        return self.state in (self.State.WAITING, self.State.APPLYING)
