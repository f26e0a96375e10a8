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
