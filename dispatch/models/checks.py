"""What the check of a version said, kept for as long as the version stays as it was."""

from django.db import models

from dispatch.models.responsibility import ResponsibilityList


class ListCheck(models.Model):
    """One check of one revision of a list, by the district as it was then."""

    list = models.ForeignKey(ResponsibilityList, on_delete=models.CASCADE, related_name="checks")
    revision = models.PositiveIntegerField()
    # SHA-256 of the units, areas and categories it was checked against: a unit that closes asks for a
    # new check of an unchanged list.
    district_hash = models.CharField(max_length=64)
    findings = models.JSONField()
    counts = models.JSONField()  # severity → how many
    took_ms = models.PositiveIntegerField()
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["list", "revision"], name="list_checked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.list_id} · {self.revision}"
