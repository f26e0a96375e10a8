"""化解 / 调解: what became of a dispute, and who brought it about."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.models.assignment import Assignment
from incidents.models.incident import Incident


class Mediation(models.Model):
    """One mediation of a dispute, told with the resolution of the sending that it belongs to.

    化解率 = settled / taken in.
    """

    class Kind(models.TextChoices):
        PEOPLES = "peoples", _("People's mediation")
        ADMINISTRATIVE = "administrative", _("Administrative mediation")
        JUDICIAL = "judicial", _("Judicial mediation")

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="mediations")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="mediations")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    settled = models.BooleanField()
    told_at = models.DateTimeField()
    told_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.incident} · {self.kind}"
