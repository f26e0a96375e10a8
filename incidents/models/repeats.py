"""重复诉求: which cases are about what was said before, by the same reporter or at the same place."""

from django.db import models

from incidents.models.incident import Incident


class Repeat(models.Model):
    """A case, and an earlier one of the thirty days before it; filled by a sweep."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="repeats")
    earlier = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="repeated_by")
    by_reporter = models.BooleanField(default=False)
    at_place = models.BooleanField(default=False)

    class Meta:
        ordering = ("pk",)
        constraints = [models.UniqueConstraint(fields=["incident", "earlier"], name="repeat_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} repeats {self.earlier_id}"


class RepeatAgain(models.Model):
    """A case that is another matter now, or lies elsewhere: it is looked at again. A trigger writes it with
    what changes the case."""

    incident_id = models.BigIntegerField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return str(self.incident_id)


class RepeatCursor(models.Model):
    """How far the sweep has looked. Ids are drawn before they are committed, so each is looked at twice:
    at once, and again when all that were drawn with it are there."""

    done_to = models.BigIntegerField(default=0)
    settled_to = models.BigIntegerField(default=0)
    # Where `done_to` was at an instant of the machine's clock: up to there it settles next.
    mark_to = models.BigIntegerField(default=0)
    mark_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"looked to {self.done_to}"
