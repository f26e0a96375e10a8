"""Screens on walls: who opened which, for what area and how long."""

from django.db import models
from django.db.models import F, Q

from accounts.models import User


class ScreenDisplay(models.Model):
    """A screen that somebody left running: its browser may read one area's command screen, nothing else.

    It stays as a record of who opened it and who ended it. The token is kept as a digest only.
    """

    name = models.CharField(max_length=40)  # where it hangs
    area_code = models.CharField(max_length=15)  # the district or a street
    language = models.CharField(max_length=8)
    token_hash = models.CharField(max_length=64, unique=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # By the real clock, as everything about signing in.
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    # The last poll, to within some minutes.
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("opened_at")), name="display_has_an_end"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.area_code})"
