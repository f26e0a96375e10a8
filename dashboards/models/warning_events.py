"""What people did with a warning: only ever added to, the database refuses changes."""

from django.db import models
from django.utils.translation import pgettext_lazy

from accounts.models import OrgUnit, User
from dashboards.models.warnings import Warning
from incidents.models import Text


class WarningEvent(models.Model):
    """One thing that somebody did with a warning, and why."""

    class Kind(models.TextChoices):
        CLAIMED = "claimed", pgettext_lazy("warning", "Took it over")
        RELEASED = "released", pgettext_lazy("warning", "Gave it back")
        USEFUL = "useful", pgettext_lazy("warning", "Judged it useful")
        USELESS = "useless", pgettext_lazy("warning", "Judged it not useful")
        DISMISSED = "dismissed", pgettext_lazy("warning", "Set it aside as no problem")
        SUPERVISED = "supervised", pgettext_lazy("warning", "Ordered supervision of its cases")
        PROJECT = "project", pgettext_lazy("warning", "Made it part of a project")

    warning = models.ForeignKey(Warning, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    words = models.ForeignKey(Text, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # Codes and ids: the numbers of the orders that were given.
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.warning_id} {self.kind}"
