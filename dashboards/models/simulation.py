"""Years that were simulated, as their results were kept. No case of theirs is in this database."""

from django.db import models


class SimulationRun(models.Model):
    """What one run of `simulate --year` came to: a document, and nothing that a board could count."""

    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    loaded_at = models.DateTimeField()
    # Do the product's data and the simulation's code still read as when it was made?
    is_current = models.BooleanField(default=True)
    document = models.JSONField()

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d} {self.digest[:12]}"
