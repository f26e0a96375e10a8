"""What happened, in order, for ever: the database refuses to change or delete a line."""

from django.db import models

from accounts.models import ApiClient, OrgUnit, User
from incidents.models.incident import Incident


class TimelineEntry(models.Model):
    """One line: who did what when, as codes, numbers and ids of texts; never a sentence."""

    # The database keeps every case (it refuses to delete one), so no line needs to lock its case to be
    # sure of it; and nothing looks lines up by who wrote them.
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="timeline", db_constraint=False
    )
    at = models.DateTimeField()  # the district's clock
    recorded_at = models.DateTimeField(auto_now_add=True)  # the machine's clock
    kind = models.CharField(max_length=32)
    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    actor_unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    client = models.ForeignKey(
        ApiClient, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.incident_id} · {self.kind}"
