"""What cases are found by, filled beside the work by a sweep, and the cases whose row is behind."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from incidents.models.incident import Incident


class SearchRow(models.Model):
    """One case's words as pairs of characters (searching.grams). Narrow: nothing of it is ever shown."""

    # The database keeps every case, so no row needs to lock its case to be sure of it.
    incident = models.OneToOneField(
        Incident,
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="search_row",
        db_constraint=False,
    )
    grams = ArrayField(models.IntegerField())

    class Meta:
        ordering = ("pk",)
        indexes = [
            # Rows are written behind people's backs: better slowly by the sweep than slowly read by them.
            GinIndex(fields=["grams"], name="search_grams", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id}: {len(self.grams)}"


class SearchPending(models.Model):
    """A case whose words have changed since its row was written. Triggers write it with what changes them."""

    incident_id = models.BigIntegerField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return str(self.incident_id)
