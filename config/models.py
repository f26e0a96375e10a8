"""What the installation knows about itself."""

from django.db import models


class LoadedReference(models.Model):
    """The reference data that a loading command last read, so that a warm start can leave it alone."""

    command = models.CharField(max_length=40, primary_key=True)
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        ordering = ("command",)

    def __str__(self) -> str:
        return self.command


class DemoHistory(models.Model):
    """How much of the demo's history has been played, so that it can go on after a stop."""

    name = models.CharField(max_length=16, primary_key=True)  # "recent", "past"
    anchor = models.DateTimeField()  # the instant up to which the history goes
    done = models.PositiveIntegerField(default=0)  # days
    total = models.PositiveIntegerField()  # days

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} {self.done}/{self.total}"

    @property
    def is_complete(self) -> bool:
        return self.done >= self.total
